package prometheus

import (
	"compress/gzip"
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestServersThatMisbehave(t *testing.T) {
	const token = "tok-5ecret-9f8e7d"
	fine := rules(healthy("KafkaLatencyHigh"))
	elsewhere := newFakeServer(t)
	for _, c := range []struct {
		name   string
		answer http.HandlerFunc
		want   string
	}{
		{"never ends its answer", func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write([]byte(strings.Repeat(" ", 1024))); err != nil {
					return
				}
			}
		}, "larger than 65536 bytes"},
		{"packs a large answer into a small one", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = z.Write(make([]byte, 1<<20))
			_ = z.Close()
		}, "larger than 65536 bytes"},
		{"never begins its answer", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "no answer within 300ms"},
		{"stalls in the middle of its answer", func(w http.ResponseWriter, r *http.Request) {
			_, _ = w.Write([]byte(fine[:len(fine)/2]))
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}, "no answer within 300ms"},
		{"hangs up in the middle of its answer", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(len(fine)))
			_, _ = w.Write([]byte(fine[:len(fine)/2]))
		}, "unexpected EOF"},
		{"hangs up at once", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "ask server: EOF"},
		{"cuts its answer short", says(fine[:len(fine)/2]), "parse answer: unexpected end of JSON input"},
		{"adds something to its answer", says(fine + "{}"), "parse answer: invalid character"},
		{"answers with nothing", says(""), "parse answer: unexpected end"},
		{"answers with a page", says("<html>login</html>"), "parse answer: invalid character '<'"},
		{"answers with another kind of data", says(`{"status":"success","data":"x"}`), "parse rules: "},
		{"answers without data", says(`{"status":"success"}`), "is the address that of a Prometheus?"},
		{"answers with null", says(`null`), `the server reports ""`},
		{"reports an error with status 200", says(`{"status":"error","error":"overloaded"}`), `the server reports "error": overloaded`},
		{"asks for credentials", refuses(401, "Unauthorized: Bearer "+token), "the server answers 401 Unauthorized; check the credentials"},
		{"repeats the credentials in its error", refuses(400, mustJSON(map[string]string{"status": "error", "error": "bad: Bearer " + token})), "400 Bad Request: bad: (secret)"},
		{"is not there", refuses(404, "404 page not found"), "404 Not Found; check the address"},
		{"sends the question elsewhere", http.RedirectHandler(elsewhere.URL+"/?next="+token, http.StatusFound).ServeHTTP, "the server redirects; configure the address that it redirects to"},
		{"has no content", refuses(204, ""), "the server answers 204"},
		{"has a time of thousands of digits", says(strings.Replace(fine, "2026", strings.Repeat("2", 30000), 1)), "22..."},
		{"nests its answer deeply", says(`{"status":"success","data":` + strings.Repeat("[", 30000) + `}`), "parse answer: "},
	} {
		t.Run("a server that "+c.name, func(t *testing.T) {
			f := newFakeServer(t).on(rulesPath, c.answer)
			timeout := time.Minute
			if strings.HasPrefix(c.want, "no answer within") {
				timeout = 300 * time.Millisecond
			}
			m := newMonitors(t, Config{
				Prometheus: []Server{{Endpoint: Endpoint{
					Name: "eu", URL: f.URL, Authorize: Bearer(func() (string, error) { return token, nil }),
				}}},
				Timeout: timeout, MaxBody: 64 << 10,
			})
			ask(m)
			_, err := m.Signals(context.Background(), kafka())
			if err == nil {
				t.Fatal("it is believed")
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %q\nwant in it %q", err, c.want)
			}
			if strings.Contains(err.Error(), token) || strings.Contains(err.Error(), f.URL) {
				t.Errorf("the error tells too much: %v", err)
			}
		})
	}
	if n := elsewhere.times("/"); n != 0 {
		t.Errorf("a redirect was followed %d times", n)
	}
}

func TestCredentialsAreReadForEachRequest(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret")
	write := func(s string) {
		if err := os.WriteFile(file, []byte(s), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var got string
	f := newFakeServer(t).on(rulesPath, func(w http.ResponseWriter, r *http.Request) {
		got = r.Header.Get("Authorization")
		says(rules())(w, r)
	})
	for _, c := range []struct {
		name  string
		auth  Authorize
		wants [2]string
	}{
		{"a bearer token", Bearer(SecretFile(file)), [2]string{"Bearer one", "Bearer two"}},
		{"a password", BasicAuth("jane", SecretFile(file)), [2]string{"Basic amFuZTpvbmU=", "Basic amFuZTp0d28="}},
	} {
		m := newMonitors(t, Config{Prometheus: []Server{{Endpoint: Endpoint{Name: "eu", URL: f.URL, Authorize: c.auth}}}})
		for i, secret := range []string{"one\n", " two \n"} {
			write(secret)
			ask(m)
			if got != c.wants[i] {
				t.Errorf("%s in its version %d: the server is sent %q, want %q", c.name, i+1, got, c.wants[i])
			}
		}
	}
}

func TestASecretFileThatCannotBeRight(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct{ name, content, want string }{
		{"is empty", " \n", "is empty"},
		{"has two lines", "a-secret\nanother", "more than one line"},
		{"is far too large", strings.Repeat("x", 1<<17), "larger than 65536 bytes"},
	} {
		file := filepath.Join(dir, c.name)
		if err := os.WriteFile(file, []byte(c.content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := SecretFile(file)()
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "a-secret") {
			t.Errorf("a file that %s: %v", c.name, err)
		}
	}
	_, err := SecretFile(filepath.Join(dir, "missing"))()
	if err == nil || !strings.Contains(err.Error(), "read secret: open ") {
		t.Errorf("a file that is missing: %v", err)
	}
	// A request whose secret cannot be read is not sent without one.
	f := newFakeServer(t).on(rulesPath, says(rules()))
	m := newMonitors(t, Config{Prometheus: []Server{{Endpoint: Endpoint{Name: "eu", URL: f.URL, Authorize: Bearer(SecretFile(filepath.Join(dir, "missing")))}}}})
	ask(m)
	if n := f.times(rulesPath); n != 0 {
		t.Errorf("the server was asked %d times without the secret", n)
	}
}

func TestOnlyTheCertificatesOfTheBundleAreTrusted(t *testing.T) {
	server := httptest.NewUnstartedServer(says(rules(healthy("KafkaLatencyHigh"))))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // it complains of those who doubt it
	server.StartTLS()
	defer server.Close()
	dir := t.TempDir()
	write := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	ca := write("ca.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	trusting, err := NewClient(ca)
	if err != nil {
		t.Fatal(err)
	}
	doubting, err := NewClient("")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		client *http.Client
		want   string
	}{
		{"with the bundle the server is trusted", trusting, ""},
		{"without it, it is not", doubting, "certificate signed by unknown authority"},
	} {
		m := newMonitors(t, Config{Prometheus: []Server{{Endpoint: Endpoint{Name: "eu", URL: server.URL, Client: c.client}}}})
		ask(m)
		_, err := m.Signals(context.Background(), kafka())
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if _, err := NewClient(write("not.pem", []byte("hello"))); err == nil || !strings.Contains(err.Error(), "no certificate in PEM format") {
		t.Errorf("a bundle without certificates: %v", err)
	}
	if _, err := NewClient(filepath.Join(dir, "missing")); err == nil {
		t.Error("a bundle that is missing is no error")
	}
}

func TestConfigurationsThatCannotBeRight(t *testing.T) {
	now := func() time.Time { return noon }
	one := func(e Endpoint) Config { return Config{Now: now, Prometheus: []Server{{Endpoint: e}}} }
	for _, c := range []struct {
		name string
		cfg  Config
		want string
	}{
		{"no server", Config{Now: now}, "no Prometheus and no Alertmanager"},
		{"no clock", Config{Prometheus: []Server{{Endpoint: endpoint("a", "http://a")}}}, "the clock is missing"},
		{"a negative interval", Config{Now: now, Interval: -1, Prometheus: []Server{{Endpoint: endpoint("a", "http://a")}}}, "must not be negative"},
		{"a server without a name", one(endpoint("", "http://a")), `the name "" is empty`},
		{"a name of two lines", one(endpoint("a\nb", "http://a")), "not printable"},
		{"an address that is no URL", one(endpoint("a", "http://pa55@[::1")), "a: the address is not a URL"},
		{"an address of another kind", one(endpoint("a", "unix:///run/p")), "not an http or https URL"},
		{"an address with a password", one(endpoint("a", "http://u:pa55@a")), "holds a user"},
		{"an address with a query", one(endpoint("a", "http://a?token=pa55")), "holds a query"},
		{"two servers of one name", Config{Now: now, Prometheus: []Server{{Endpoint: endpoint("a", "http://a")}, {Endpoint: endpoint("a", "http://b")}}}, "are called a; rename one"},
		{"an external address with a password", Config{Now: now, Prometheus: []Server{{Endpoint: endpoint("a", "http://a"), ExternalURL: "http://u:pa55@a"}}}, "the external address is not"},
		{"an Alertmanager without an address", Config{Now: now, Alertmanagers: []Alertmanager{{Endpoint: endpoint("a", "")}}}, "alertmanager: a: the address"},
	} {
		_, err := New(c.cfg)
		if err == nil || !strings.HasPrefix(err.Error(), "configure monitors: ") || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "pa55") {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	both := Config{Now: now, Prometheus: []Server{{Endpoint: endpoint("eu", "http://a/prom/")}}, Alertmanagers: []Alertmanager{{Endpoint: endpoint("eu", "http://a")}}}
	if _, err := New(both); err != nil {
		t.Errorf("a Prometheus and an Alertmanager may share a name: %v", err)
	}
	if both.Prometheus[0].ExternalURL != "" {
		t.Error("New changes the caller's configuration")
	}
}

func TestHowLongAServerAsksToBeLeftAlone(t *testing.T) {
	for header, want := range map[string]time.Duration{
		"":                              0,
		"7":                             7 * time.Second,
		"-7":                            0,
		"999999":                        maxRetryAfter,
		"99999999999999999999":          0,
		"soon":                          0,
		"Tue, 24 Nov 2026 12:00:30 GMT": 30 * time.Second,
		"Tue, 24 Nov 2026 11:00:00 GMT": 0,
	} {
		if got := retryAfter(header, noon); got != want {
			t.Errorf("Retry-After: %s is %v, want %v", header, got, want)
		}
	}
}
