package datadog_test

import (
	"crypto/x509"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wavegate-dev/wavegate/internal/datadog"
	"github.com/wavegate-dev/wavegate/internal/datadogtest"
)

const (
	secretAPI = "0123456789abcdef-api"
	secretApp = "0123456789abcdef-app"
)

// withSecrets gives the monitors keys that must not be seen anywhere.
func withSecrets(c *datadog.Config) {
	c.APIKey = func() (string, error) { return secretAPI, nil }
	c.AppKey = func() (string, error) { return secretApp, nil }
}

func TestAnswersThatAreNoAnswersAreErrorsThatSayWhy(t *testing.T) {
	tests := []struct {
		story string
		fault datadogtest.Fault
		says  string
	}{
		{"the key is wrong", datadogtest.Fault{Status: 403, Body: `{"errors":["Forbidden"]}`}, "Datadog answers 403: Forbidden; check both keys, the site"},
		{"it is unauthorized", datadogtest.Fault{Status: 401, Body: `{"errors":["Unauthorized"]}`}, "Datadog answers 401: Unauthorized; check both keys"},
		{"it is asked too often", datadogtest.Fault{Status: 429, Body: `{"errors":["Rate limit reached"]}`}, "Datadog answers 429: Rate limit reached"},
		{"it is down", datadogtest.Fault{Status: 503, Body: "<html>down</html>"}, "Datadog answers 503: Service Unavailable"},
		{"it sends us elsewhere", datadogtest.Fault{Status: 302, Header: http.Header{"Location": {"https://evil.example.com/"}}}, "302: Found; redirects are not followed"},
		{"it sends a page", datadogtest.Fault{Garbage: "<html>Please log in</html>"}, "is not the JSON"},
		{"the answer breaks off", datadogtest.Fault{Garbage: `{"groups":[{"status":"OK"`}, "is not the JSON"},
		{"the answer is empty", datadogtest.Fault{Status: 200}, "does not say how many groups"},
		{"the answer is an empty object", datadogtest.Fault{Garbage: `{}`}, "does not say how many groups"},
		{"the answer is null", datadogtest.Fault{Garbage: `null`}, "does not say how many groups"},
		{"the answer has groups of another kind", datadogtest.Fault{Garbage: `{"groups":"none","metadata":{"page":0,"page_count":0,"total_count":0,"per_page":30}}`}, "does not say how many groups"},
		{"the total is no number", datadogtest.Fault{Garbage: `{"groups":[],"metadata":{"page":0,"page_count":0,"total_count":"0","per_page":30}}`}, "does not say how many groups"},
		{"the total is negative", datadogtest.Fault{Garbage: `{"groups":[],"metadata":{"page":0,"page_count":0,"total_count":-1,"per_page":30}}`}, "does not say how many groups"},
		{"a proxy repeats our headers", datadogtest.Fault{Status: 502, Body: "DD-API-KEY: " + secretAPI}, "Datadog answers 502: Bad Gateway"},
		{"Datadog repeats our keys", datadogtest.Fault{Status: 403, Body: `{"errors":["no such key ` + secretAPI + ` or ` + secretApp + `\nat all"]}`}, "no such key [key] or [key] at all"},
		{"the answer is huge", datadogtest.Fault{Garbage: `{"groups":[` + strings.Repeat(" ", 33<<20)}, "larger than 32 MiB"},
	}
	for _, test := range tests {
		t.Run(test.story, func(t *testing.T) {
			w := newWorld(t, atNoon, withSecrets)
			w.server.SetKeys(secretAPI, secretApp)
			w.server.SetMonitors(replicas(onCluster("lkc-1", "OK")))
			w.server.Fail(test.fault)
			err := w.monitors.Poll(t.Context(), kafka())
			if err == nil {
				t.Fatal("it was taken for an answer")
			}
			if !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %q, want it to say %q", err, test.says)
			}
			if strings.Contains(err.Error(), secretAPI) || strings.Contains(err.Error(), secretApp) {
				t.Errorf("a key is in the error: %q", err)
			}
			if strings.ContainsAny(err.Error(), "\n\t") {
				t.Errorf("the error is longer than a line: %q", err)
			}
			if _, err := w.monitors.Signals(t.Context(), kafka()); err == nil {
				t.Error("Signals has an answer")
			}
		})
	}
}

func TestGroupsThatCannotBeUnderstoodAreNotHealthy(t *testing.T) {
	whole := `{"status":"OK","group":"kafka_cluster:lkc-1","group_tags":["kafka_cluster:lkc-1"],"monitor_id":7,"last_triggered_ts":0,"muted":false}`
	tests := []struct {
		story, group string
		says         string
	}{
		{"as it should be", strings.Replace(whole, "lkc-1", "lkc-1", 1), ""},
		{"without a status", strings.Replace(whole, `"status":"OK",`, ``, 1), "has no status"},
		{"the status is null", strings.Replace(whole, `"OK"`, `null`, 1), "has no status"},
		{"the status is a number", strings.Replace(whole, `"OK"`, `1`, 1), "cannot be understood"},
		{"the status is in small letters", strings.Replace(whole, `"OK"`, `"ok"`, 1), `not known, "ok"`},
		{"without a monitor", strings.Replace(whole, `"monitor_id":7,`, ``, 1), "cannot be understood"},
		{"the tags are a text", strings.Replace(whole, `["kafka_cluster:lkc-1"]`, `"kafka_cluster:lkc-1"`, 1), "cannot be understood"},
		{"without tags", strings.Replace(whole, `"group_tags":["kafka_cluster:lkc-1"],`, ``, 1), "cannot be understood"},
		{"nothing about mutes", strings.Replace(whole, `,"muted":false`, ``, 1), ""},
		{"never triggered", strings.Replace(whole, `"last_triggered_ts":0`, `"last_triggered_ts":null`, 1), ""},
		{"triggered at a text", strings.Replace(whole, `"last_triggered_ts":0`, `"last_triggered_ts":"noon"`, 1), "cannot be understood"},
	}
	for _, test := range tests {
		t.Run(test.story, func(t *testing.T) {
			w := newWorld(t, atNoon)
			other := strings.ReplaceAll(whole, "lkc-1", "lkc-2")
			w.server.Fail(datadogtest.Fault{Garbage: `{"groups":[` + other + `,` + test.group + `],"metadata":{"page":0,"page_count":1,"total_count":2,"per_page":30}}`})
			s := w.poll(t, kafka())
			if test.says == "" {
				wantUnknown(t, s, m0)
			} else {
				wantUnknown(t, s, m0, test.says)
			}
		})
	}
}

func TestAnythingButFalseIsMuted(t *testing.T) {
	for _, muted := range []string{`true`, `"until noon"`, `["*"]`, `1`, `{}`} {
		t.Run(muted, func(t *testing.T) {
			w := newWorld(t, atNoon)
			group := func(cluster, muted string) string {
				return `{"status":"OK","group":"kafka_cluster:` + cluster + `","group_tags":["kafka_cluster:` + cluster + `"],"monitor_id":7,"last_triggered_ts":0,"muted":` + muted + `}`
			}
			w.server.Fail(datadogtest.Fault{Garbage: `{"groups":[` + group("lkc-1", muted) + `,` + group("lkc-2", "false") + `],"metadata":{"page":0,"page_count":1,"total_count":2,"per_page":30}}`})
			s := w.poll(t, kafka())
			wantUnknown(t, s, m0)
			wantBlind(t, s, m0, "lkc-1: kafka_cluster:lkc-1 of monitor 7 is muted")
		})
	}
}

func TestACallThatTakesTooLongIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, time.Now, func(c *datadog.Config) { c.Timeout = 5 * time.Second })
		w.server.Fail(datadogtest.Fault{Delay: time.Hour})
		began := time.Now()
		err := w.monitors.Poll(t.Context(), kafka())
		if err == nil || !strings.Contains(err.Error(), "no answer within 5s") {
			t.Errorf("got %v", err)
		}
		if took := time.Since(began); took != 5*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

func TestKeysThatAreReplacedAreUsedAtOnce(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	api, app := write("api", "old-api\n"), write("app", "old-app\n")
	w := newWorld(t, atNoon, func(c *datadog.Config) { c.APIKey, c.AppKey = datadog.KeyFile(api), datadog.KeyFile(app) })
	w.server.SetMonitors(replicas(onCluster("lkc-1", "OK")))
	w.server.SetKeys("old-api", "old-app")
	w.poll(t, kafka())
	w.server.SetKeys("new-api", "new-app")
	if err := w.monitors.Poll(t.Context(), kafka()); err == nil {
		t.Fatal("the server does not look at keys")
	}
	write("api", "new-api")
	write("app", "new-app")
	w.poll(t, kafka())
}

func TestKeysThatCannotBeUsedMakeNoCall(t *testing.T) {
	tests := []struct {
		story, content string
		says           string
	}{
		{"the file is empty", "\n", "read application key: it is empty"},
		{"the file holds two lines", "secret-one\nsecret-two", "it holds a character that no key has"},
		{"the file holds a header", "secret-one\r\nHost: x", "it holds a character"},
	}
	for _, test := range tests {
		t.Run(test.story, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "app")
			if err := os.WriteFile(path, []byte(test.content), 0o600); err != nil {
				t.Fatal(err)
			}
			w := newWorld(t, atNoon, func(c *datadog.Config) { c.AppKey = datadog.KeyFile(path) })
			err := w.monitors.Poll(t.Context(), kafka())
			if err == nil || !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), "secret") {
				t.Errorf("got %v, want %q", err, test.says)
			}
			if n := len(w.server.Requests()); n != 0 {
				t.Errorf("%d calls", n)
			}
		})
	}
	w := newWorld(t, atNoon, func(c *datadog.Config) { c.AppKey = datadog.KeyFile("/does/not/exist") })
	if err := w.monitors.Poll(t.Context(), kafka()); err == nil || !strings.Contains(err.Error(), "/does/not/exist") {
		t.Errorf("got %v, want the file named", err)
	}
}

// overTLS is a world over real sockets.
func overTLS(t *testing.T, change func(*datadog.Config, *httptest.Server)) world {
	t.Helper()
	server := datadogtest.New(datadogtest.Config{Now: atNoon})
	server.SetMonitors(replicas(onCluster("lkc-1", "Alert")))
	socket := httptest.NewUnstartedServer(server)
	socket.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes that are meant to fail
	socket.StartTLS()
	t.Cleanup(socket.Close)
	w := newWorld(t, atNoon, func(c *datadog.Config) {
		c.HTTPClient, c.BaseURL = nil, socket.URL
		change(c, socket)
	})
	w.server = server
	return w
}

func TestOnlyTheGivenAuthorityIsTrusted(t *testing.T) {
	w := overTLS(t, func(c *datadog.Config, socket *httptest.Server) {
		c.CA = x509.NewCertPool()
		c.CA.AddCert(socket.Certificate())
	})
	wantFiring(t, w.poll(t, kafka()), "lkc-1")

	w = overTLS(t, func(c *datadog.Config, _ *httptest.Server) { c.CA = x509.NewCertPool() })
	if err := w.monitors.Poll(t.Context(), kafka()); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("got %v, want the certificate refused", err)
	}
}

func TestCallsGoThroughTheProxy(t *testing.T) {
	var connects atomic.Int32
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		connects.Add(1)
		if r.Method != http.MethodConnect || r.Host != "api.datadoghq.com:443" {
			t.Errorf("the proxy was asked for %s %s", r.Method, r.Host)
		}
		http.Error(w, "not today", http.StatusForbidden)
	}))
	t.Cleanup(proxy.Close)
	address, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	address.User = url.UserPassword("me", "proxy-password")
	w := newWorld(t, atNoon, withSecrets, func(c *datadog.Config) { c.HTTPClient, c.Proxy = nil, address })
	err = w.monitors.Poll(t.Context(), kafka())
	if err == nil || strings.Contains(err.Error(), "proxy-password") || strings.Contains(err.Error(), secretAPI) {
		t.Errorf("got %v", err)
	}
	if connects.Load() == 0 {
		t.Error("the proxy was not asked")
	}
}

func TestKeysAreNotCarriedAwayByARedirect(t *testing.T) {
	var stolen atomic.Bool
	thief := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		stolen.Store(true)
	}))
	t.Cleanup(thief.Close)
	lure := httptest.NewServer(http.RedirectHandler(thief.URL, http.StatusTemporaryRedirect))
	t.Cleanup(lure.Close)
	w := newWorld(t, atNoon, withSecrets, func(c *datadog.Config) { c.HTTPClient, c.BaseURL = &http.Client{}, lure.URL })
	if err := w.monitors.Poll(t.Context(), kafka()); err == nil {
		t.Error("a redirect is no answer")
	}
	if stolen.Load() {
		t.Error("the redirect was followed")
	}
}

func TestConfigurationsThatCannotBe(t *testing.T) {
	tests := []struct {
		story  string
		change func(*datadog.Config)
		says   string
	}{
		{"no clock", func(c *datadog.Config) { c.Now = nil }, "must be set"},
		{"no key", func(c *datadog.Config) { c.APIKey = nil }, "must be set"},
		{"a site that is an address", func(c *datadog.Config) { c.Site = "https://datadoghq.eu" }, "is not a site"},
		{"a site that would change the path", func(c *datadog.Config) { c.Site = "evil.com/x" }, "is not a site"},
		{"a base URL without TLS", func(c *datadog.Config) { c.BaseURL = "http://datadog.example.com" }, "must begin with https"},
		{"a base URL with a password", func(c *datadog.Config) { c.BaseURL = "https://u:secret@datadog.example.com" }, "must not hold a user"},
		{"a base URL that is none", func(c *datadog.Config) { c.BaseURL = "https://secret\x7f" }, "is not a URL"},
		{"a base URL with a query", func(c *datadog.Config) { c.BaseURL = "https://datadog.example.com?x=secret" }, "at most a path"},
		{"an interval of days", func(c *datadog.Config) { c.Interval = 48 * time.Hour }, "must not be longer than an hour"},
		{"a negative interval", func(c *datadog.Config) { c.Interval = -1 }, "must not be negative"},
	}
	for _, test := range tests {
		t.Run(test.story, func(t *testing.T) {
			cfg := datadog.Config{
				APIKey: func() (string, error) { return "", nil }, AppKey: func() (string, error) { return "", nil },
				Now: atNoon, Logger: discard,
			}
			test.change(&cfg)
			_, err := datadog.New(cfg)
			if err == nil || !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), "secret") {
				t.Errorf("got %v, want %q", err, test.says)
			}
		})
	}
}

func TestEachSiteIsAskedAtItsAddressAndShownAtIts(t *testing.T) {
	tests := []struct{ site, api, app string }{
		{"", "api.datadoghq.com", "https://app.datadoghq.com/"},
		{"datadoghq.eu", "api.datadoghq.eu", "https://app.datadoghq.eu/"},
		{"us3.datadoghq.com", "api.us3.datadoghq.com", "https://us3.datadoghq.com/"},
		{"ddog-gov.com", "api.ddog-gov.com", "https://app.ddog-gov.com/"},
	}
	for _, test := range tests {
		t.Run(test.site, func(t *testing.T) {
			var host string
			w := newWorld(t, atNoon, func(c *datadog.Config) {
				inner := c.HTTPClient.Transport
				c.Site = test.site
				c.HTTPClient = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
					host = r.URL.Scheme + "://" + r.URL.Host
					return inner.RoundTrip(r)
				})}
			})
			w.server.SetMonitors(replicas(onCluster("lkc-1", "Alert")))
			s := w.poll(t, kafka())
			if host != "https://"+test.api {
				t.Errorf("asked %s, want %s", host, test.api)
			}
			if !strings.HasPrefix(s.Alerts[0].Link, test.app) {
				t.Errorf("linked to %s, want %s", s.Alerts[0].Link, test.app)
			}
		})
	}
}
