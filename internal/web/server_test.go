package web

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler"
)

// ask sends one request over a socket and returns the status and the text.
func ask(t *testing.T, socket, method, path string) (int, string) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{
		DialContext:       func(context.Context, string, string) (net.Conn, error) { return net.Dial("unix", socket) },
		DisableKeepAlives: true,
	}}
	req, err := http.NewRequestWithContext(t.Context(), method, "http://wavegate"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

func TestTheServiceIsHealthy(t *testing.T) {
	for _, tt := range []struct {
		name  string
		first bool // no cycle has run yet
		now   time.Time
		want  int
	}{
		{"right after a cycle", false, noon(), http.StatusOK},
		{"while the last cycle is as old as it may be", false, noon().Add(10 * time.Minute), http.StatusOK},
		{"not when the last cycle is too old", false, noon().Add(10*time.Minute + 1), http.StatusServiceUnavailable},
		{"not before the first cycle", true, noon(), http.StatusServiceUnavailable},
		{"while the clock is a little behind the last cycle", false, noon().Add(-time.Second), http.StatusOK},
		{"not when the clock went back so far that no age can be told", false, noon().Add(-time.Hour), http.StatusServiceUnavailable},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := &viewer{}
			if !tt.first {
				v.cycle = cycle(t)
			}
			_, socket := listen(t, v, func(c *Config) { c.Now = func() time.Time { return tt.now } })
			if got, body := ask(t, socket, http.MethodGet, "/healthz"); got != tt.want {
				t.Errorf("status %d, want %d: %s", got, tt.want, body)
			}
		})
	}
}

func TestNothingCanBeChangedOverTheSocket(t *testing.T) {
	_, socket := listen(t, &viewer{cycle: cycle(t)})
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodPatch} {
		if got, _ := ask(t, socket, method, "/api/v1/snapshot"); got != http.StatusMethodNotAllowed {
			t.Errorf("%s: status %d, want %d", method, got, http.StatusMethodNotAllowed)
		}
	}
	if got, _ := ask(t, socket, http.MethodGet, "/"); got != http.StatusNotFound {
		t.Errorf("/: status %d, want %d", got, http.StatusNotFound)
	}
}

func TestOnlyItsOwnerMayOpenTheSocket(t *testing.T) {
	_, socket := listen(t, &viewer{})
	info, err := os.Lstat(socket)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode() != os.ModeSocket|0o600 {
		t.Errorf("mode %s, want %s", info.Mode(), os.ModeSocket|0o600)
	}
}

func TestASocketThatADeadProcessLeftBehindIsTakenOver(t *testing.T) {
	path := filepath.Join(t.TempDir(), "api.sock")
	dead, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	dead.SetUnlinkOnClose(false)
	if err := dead.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Fetch(t.Context(), path); !errors.Is(err, ErrNotRunning) {
		t.Errorf("before: %v, want %v", err, ErrNotRunning)
	}
	listen(t, &viewer{cycle: cycle(t)}, func(c *Config) { c.Socket = path })
	if _, err := Fetch(t.Context(), path); err != nil {
		t.Errorf("after: %v", err)
	}
}

func TestAPathThatIsNoSocketIsLeftAlone(t *testing.T) {
	for _, tt := range []struct {
		name string
		make func(string) error
	}{
		{"a file", func(p string) error { return os.WriteFile(p, []byte("precious"), 0o600) }},
		{"an empty folder", func(p string) error { return os.Mkdir(p, 0o700) }},
		{"a link", func(p string) error { return os.Symlink("elsewhere", p) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "api.sock")
			if err := tt.make(path); err != nil {
				t.Fatal(err)
			}
			s, err := Listen(Config{Viewer: &viewer{}, Socket: path, Now: noon})
			if err == nil {
				_ = s.Close(t.Context())
				t.Fatal("it was replaced")
			}
			if !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "not a socket") {
				t.Errorf("the error %q does not say what is wrong", err)
			}
			if _, err := os.Lstat(path); err != nil {
				t.Errorf("it is gone: %v", err)
			}
		})
	}
}

func TestAPathThatIsTooLongForASocketIsNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), strings.Repeat("x", 120))
	_, err := Listen(Config{Viewer: &viewer{}, Socket: path, Now: noon})
	if err == nil || !strings.Contains(err.Error(), "too long") {
		t.Errorf("listen: %v", err)
	}
	if _, err := Fetch(t.Context(), path); err == nil || !strings.Contains(err.Error(), "too long") {
		t.Errorf("fetch: %v", err)
	}
}

func TestAClosedServerLeavesNothingBehind(t *testing.T) {
	s, socket := listen(t, &viewer{cycle: cycle(t)})
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(socket); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is still there: %v", err)
	}
	if _, err := Fetch(t.Context(), socket); !errors.Is(err, ErrNotRunning) {
		t.Errorf("fetch: %v, want %v", err, ErrNotRunning)
	}
}

// hanging is a viewer whose cycle does not end.
type hanging struct{ asked, end chan struct{} }

func (h hanging) View(func(*reconciler.Cycle)) bool {
	close(h.asked)
	<-h.end
	return false
}

func (h hanging) LastPulse() (reconciler.Pulse, bool) { return reconciler.Pulse{At: noon()}, true }

// TestHealthDoesNotWaitForAView: whoever looks long at a large fleet does not make
// the service seem dead.
func TestHealthDoesNotWaitForAView(t *testing.T) {
	h := hanging{make(chan struct{}), make(chan struct{})}
	_, socket := listen(t, h)
	answer := make(chan struct{})
	go func() { defer close(answer); _, _ = Fetch(t.Context(), socket) }()
	<-h.asked
	if got, body := ask(t, socket, http.MethodGet, "/healthz"); got != http.StatusOK {
		t.Errorf("status %d: %s", got, body)
	}
	close(h.end)
	<-answer
}

// TestACycleThatHangsDoesNotHoldUpTheEnd: whoever asked in vain is cut off.
func TestACycleThatHangsDoesNotHoldUpTheEnd(t *testing.T) {
	h := hanging{make(chan struct{}), make(chan struct{})}
	defer close(h.end)
	s, socket := listen(t, h)
	answer := make(chan error, 1)
	go func() {
		_, err := Fetch(t.Context(), socket)
		answer <- err
	}()
	<-h.asked
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Close(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("close: %v, want %v", err, context.Canceled)
	}
	select {
	case err := <-answer:
		if err == nil {
			t.Error("an answer without a cycle")
		}
	case <-time.After(10 * time.Second):
		t.Error("the connection is still open")
	}
}
