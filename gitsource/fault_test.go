package gitsource_test

import (
	"context"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/gitsource"
	"github.com/wavegate-dev/wavegate/gitsource/gittest"
)

const secret = "s3cr3t-t0ken"

func withToken(c *gitsource.Config) {
	c.Token = func() (string, error) { return secret, nil }
}

// faults are what a server does wrong, and what the error says.
var faults = []struct {
	name  string
	fault gittest.Fault
	want  string
}{
	{"breaks the connection", gittest.Down, "127.0.0.1"},
	{"refuses the token", gittest.Unauthorized, "does not accept the credentials"},
	{"answers 500", gittest.Broken, "500"},
	{"sends the client elsewhere", gittest.Redirect, "redirects to http://elsewhere.invalid/"},
	{"falls silent", gittest.Silent, "did not answer in time"},
	{"never ends its answer", gittest.Endless, "larger than allowed"},
	{"ends in the middle", gittest.Truncated, "fetch"},
	{"sends what is damaged", gittest.Corrupt, "fetch"},
}

// patience returns a context that ends soon when the server would never answer.
func patience(t *testing.T, f gittest.Fault) context.Context {
	t.Helper()
	if f != gittest.Silent {
		return t.Context()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}

// TestAFirstFetchThatFailsSaysWhy goes through all faults without anything
// fetched before, and with a token that no error may show.
func TestAFirstFetchThatFailsSaysWhy(t *testing.T) {
	for _, tt := range faults {
		t.Run("the server "+tt.name, func(t *testing.T) {
			t.Parallel()
			eachStore(t, func(t *testing.T, dir string) {
				r := gittest.New(t)
				head := r.Commit("first", gittest.Files{"a": noise(1, 50_000)})
				server := r.Serve()
				server.RedirectTo("http://user:" + secret + "@elsewhere.invalid")
				s := newSource(t, server, inFolder(dir), withToken, func(c *gitsource.Config) {
					c.Limits.Bytes = 1 << 20
				})
				server.Fail(tt.fault)
				_, err := s.Fetch(patience(t, tt.fault))
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Fatalf("error %v, want one with %q", err, tt.want)
				}
				if strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), "\n") {
					t.Errorf("error %q shows a secret or has several lines", err)
				}
				server.Fail(gittest.None)
				if got := mustFetch(t, s); got != head {
					t.Errorf("head %s after the server is well again, want %s", got, head)
				}
			})
		})
	}
}

// TestAStepThatFailsLeavesWhatWasThere goes through all faults with something to
// lose.
func TestAStepThatFailsLeavesWhatWasThere(t *testing.T) {
	for _, tt := range faults {
		t.Run("the server "+tt.name, func(t *testing.T) {
			t.Parallel()
			eachStore(t, func(t *testing.T, dir string) {
				r := gittest.New(t)
				first := r.Commit("first", gittest.Files{"a": "1"})
				server := r.Serve()
				server.RedirectTo("http://elsewhere.invalid")
				s := newSource(t, server, inFolder(dir), func(c *gitsource.Config) {
					c.Limits.Bytes = 1 << 20
				})
				mustFetch(t, s)
				second := r.Commit("second", gittest.Files{"a": noise(1, 50_000)})
				server.Fail(tt.fault)
				if head, err := s.Fetch(patience(t, tt.fault)); err == nil {
					t.Fatalf("no error, head %s", head)
				}
				if got := read(t, s, first, "a"); got != "1" {
					t.Errorf("read %q", got)
				}
				server.Fail(gittest.None)
				if got := mustFetch(t, s); got != second || read(t, s, second, "a") != noise(1, 50_000) {
					t.Errorf("head %s after the server is well again, want %s", got, second)
				}
			})
		})
	}
}

func TestAFetchEndsInTime(t *testing.T) {
	r := gittest.New(t)
	r.Commit("first", gittest.Files{"a": "1"})
	server := r.Serve()
	server.Fail(gittest.Silent)
	s := newSource(t, server, func(c *gitsource.Config) { c.Limits.Timeout = 100 * time.Millisecond })
	if _, err := s.Fetch(t.Context()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}

func TestAFetchThatIsCancelledEnds(t *testing.T) {
	r := gittest.New(t)
	r.Commit("first", gittest.Files{"a": "1"})
	server := r.Serve()
	server.Fail(gittest.Silent)
	s := newSource(t, server)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	if _, err := s.Fetch(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestABranchThatVanishesLeavesWhatWasThere(t *testing.T) {
	r := gittest.New(t)
	first := r.Commit("first", gittest.Files{"a": "1"})
	s := newSource(t, r.Serve())
	mustFetch(t, s)
	r.Git("branch", "--quiet", "other")
	r.Git("update-ref", "-d", "refs/heads/main")
	if _, err := s.Fetch(t.Context()); err == nil || !strings.Contains(err.Error(), `no branch "main", only such as other`) {
		t.Errorf("error %v", err)
	}
	if got := read(t, s, first, "a"); got != "1" {
		t.Errorf("read %q", got)
	}
}

func TestARepositoryThatIsNotThereIsNamed(t *testing.T) {
	r := gittest.New(t)
	r.Commit("first", gittest.Files{"a": "1"})
	server := r.Serve()
	server.URL = strings.Replace(server.URL, "fleet", "elsewhere", 1)
	if _, err := newSource(t, server).Fetch(t.Context()); err == nil || !strings.Contains(err.Error(), "no repository at "+server.URL) {
		t.Errorf("over HTTP: %v", err)
	}
	server.URL = r.Dir + "-elsewhere"
	s := newSource(t, server, func(c *gitsource.Config) { c.AllowFile = true })
	if _, err := s.Fetch(t.Context()); err == nil || !strings.Contains(err.Error(), "does not appear to be a git repository") {
		t.Errorf("on disk: %v", err)
	}
}

func TestARepositoryOnThisMachineIsReadWhenThatIsAllowed(t *testing.T) {
	eachStore(t, func(t *testing.T, dir string) {
		r := gittest.New(t)
		for _, prefix := range []string{"", "file://"} {
			base := r.Commit("base", gittest.Files{"a": "0"})
			for range 70 {
				r.Commit("more", gittest.Files{"a": "1"})
			}
			s, err := gitsource.New(gitsource.Config{URL: prefix + r.Dir, AllowFile: true, Dir: dir})
			if err != nil {
				t.Fatal(err)
			}
			head := mustFetch(t, s)
			commits, err := s.Log(t.Context(), base, head)
			if err != nil || len(commits) != 70 {
				t.Fatalf("%d commits, %v", len(commits), err)
			}
			if next := r.Commit("next", gittest.Files{"a": "2"}); mustFetch(t, s) != next {
				t.Error("a new commit is not seen")
			}
		}
	})
}

// TestASecretIsNeverInAnError looks at every way in which one could get there.
func TestASecretIsNeverInAnError(t *testing.T) {
	for _, url := range []string{
		"https://user:" + secret + "@example.com/a.git",
		"https://" + secret + "@example.com/a.git",
		"http://" + secret + "@127.0.0.1/a.git",
		"ftp://user:" + secret + "@example.com/a.git",
		"http://" + secret + ":" + secret + "@example.com/a.git",
		"https://user:" + secret + "@exa mple.com/a.git",
		"https://user:" + secret + "@example.com:port/%zz",
		secret + "@example.com/a.git",
		"file://user:" + secret + "@host/a",
		"https://example.com/a.git?token=" + secret + "#\x7f",
		"ssh://git:" + secret + "@example.com/a.git",
	} {
		_, err := gitsource.New(gitsource.Config{URL: url})
		if err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%q: error %v", url, err)
		}
	}
	r := gittest.New(t)
	r.Commit("first", gittest.Files{"a": "1"})
	server := r.Serve()
	server.RequireToken("another")
	token := secret
	s := newSource(t, server, func(c *gitsource.Config) { c.Token = func() (string, error) { return token, nil } })
	if _, err := s.Fetch(t.Context()); err == nil || strings.Contains(err.Error(), secret) {
		t.Errorf("of a token that is refused: %v", err)
	}
	token = "another"
	mustFetch(t, s)
	// What a server says may hold what it was sent.
	server.URL = "http://" + echo(t) + "/a.git"
	s = newSource(t, server, withToken)
	_, err := s.Fetch(t.Context())
	if err == nil || strings.Contains(err.Error(), secret) {
		t.Errorf("of a server that repeats the token: %v", err)
	}
	s = newSource(t, server, func(c *gitsource.Config) {
		c.Token = func() (string, error) { return "", errors.New("the file is gone") }
	})
	if _, err := s.Fetch(t.Context()); err == nil || !strings.Contains(err.Error(), "read git token: the file is gone") {
		t.Errorf("of a token that cannot be read: %v", err)
	}
}

// echo runs a server that answers with an error that repeats the password.
func echo(t *testing.T) string {
	t.Helper()
	ts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		_, password, _ := req.BasicAuth()
		line := "ERR no access with " + password + "\n"
		w.Header().Set("Content-Type", "application/x-git-upload-pack-advertisement")
		_, _ = w.Write([]byte("001e# service=git-upload-pack\n0000" + pktLine(line)))
	}))
	t.Cleanup(ts.Close)
	return strings.TrimPrefix(ts.URL, "http://")
}

func pktLine(s string) string {
	const hex = "0123456789abcdef"
	n := len(s) + 4
	return string([]byte{hex[n>>12&15], hex[n>>8&15], hex[n>>4&15], hex[n&15]}) + s
}

func TestACertificateThatIsNotKnownIsRefused(t *testing.T) {
	r := gittest.New(t)
	head := r.Commit("first", gittest.Files{"a": "1"})
	server, ts := r.ServeTLS()
	if _, err := newSource(t, server, withToken).Fetch(t.Context()); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("without the CA: %v", err)
	}
	bundle := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ts.Certificate().Raw})
	s := newSource(t, server, func(c *gitsource.Config) { c.CABundle = bundle })
	if got := mustFetch(t, s); got != head {
		t.Errorf("head %s, want %s", got, head)
	}
	_, err := gitsource.New(gitsource.Config{URL: server.URL, CABundle: []byte("nonsense")})
	if err == nil || !strings.Contains(err.Error(), "no PEM certificate") {
		t.Errorf("of a bundle without a certificate: %v", err)
	}
}

func TestAFolderOutsideOfTheRepositoryIsRefused(t *testing.T) {
	for _, path := range []string{"/fleet", "..", "../fleet", "a/../../b"} {
		_, err := gitsource.New(gitsource.Config{URL: "https://example.com/a.git", Path: path})
		if err == nil || !strings.Contains(err.Error(), "within the repository") {
			t.Errorf("%q: %v", path, err)
		}
	}
}
