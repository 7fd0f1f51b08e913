package web

import (
	"context"
	"errors"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

func TestNoServiceRuns(t *testing.T) {
	for _, path := range []string{
		filepath.Join(t.TempDir(), "api.sock"),
		filepath.Join(t.TempDir(), "no", "such", "folder", "api.sock"),
	} {
		if _, err := Fetch(t.Context(), path); !errors.Is(err, ErrNotRunning) {
			t.Errorf("%s: %v, want %v", path, err, ErrNotRunning)
		}
	}
}

func TestAServiceWithoutACycleSaysSo(t *testing.T) {
	_, socket := listen(t, &viewer{})
	_, err := Fetch(t.Context(), socket)
	if err == nil || errors.Is(err, ErrNotRunning) || !strings.Contains(err.Error(), "no cycle has finished yet") {
		t.Errorf("%v", err)
	}
}

// TestAnAnswerThatIsNotRight: what is not understood is never taken for an empty
// fleet.
func TestAnAnswerThatIsNotRight(t *testing.T) {
	for _, tt := range []struct {
		name   string
		answer http.HandlerFunc
		want   string
	}{
		{"is cut off", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"at":"2026-11-24T12:00:00Z","planes":[`))
		}, "read answer of service"},
		{"ends before its length", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = w.Write([]byte("{"))
		}, "read answer of service"},
		{"is empty", func(http.ResponseWriter, *http.Request) {}, "read answer of service"},
		{"is no JSON", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }, "read answer of service"},
		{"is JSON of something else", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("{}")) }, "read answer of service"},
		{"is an error without a text", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }, "500"},
		{"leads elsewhere", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://elsewhere.example/", http.StatusFound)
		}, "302"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			socket := filepath.Join(t.TempDir(), "api.sock")
			l, err := net.Listen("unix", socket)
			if err != nil {
				t.Fatal(err)
			}
			server := &http.Server{Handler: tt.answer}
			done := make(chan struct{})
			go func() { defer close(done); _ = server.Serve(l) }()
			defer func() { _ = server.Close(); <-done }()
			got, err := Fetch(t.Context(), socket)
			if err == nil || got != nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%+v, %v; want an error that says %q", got, err, tt.want)
			}
		})
	}
}

func TestAFetchCanBeStopped(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "api.sock")
	l, err := net.Listen("unix", socket) // nobody accepts
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Fetch(ctx, socket); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want %v", err, context.Canceled)
	}
}

func TestTheDriftReportIsPostedByTheService(t *testing.T) {
	_, none := listen(t, &viewer{})
	if _, err := PostDrift(t.Context(), none); err == nil || !strings.Contains(err.Error(), "--approve github") {
		t.Errorf("without GitHub: %v", err)
	}
	_, down := listen(t, &viewer{}, func(c *Config) {
		c.PostDrift = func(context.Context) (string, error) { return "", errors.New("GitHub answered 502") }
	})
	if _, err := PostDrift(t.Context(), down); err == nil || !strings.Contains(err.Error(), "GitHub answered 502") {
		t.Errorf("while GitHub is down: %v", err)
	}
	_, socket := listen(t, &viewer{}, func(c *Config) {
		c.PostDrift = func(context.Context) (string, error) { return "https://github.com/acme/fleet/issues/7", nil }
	})
	if said, err := PostDrift(t.Context(), socket); err != nil || said != "https://github.com/acme/fleet/issues/7" {
		t.Errorf("%q, %v", said, err)
	}
	if _, err := PostDrift(t.Context(), filepath.Join(t.TempDir(), "api.sock")); !errors.Is(err, ErrNotRunning) {
		t.Errorf("without a service: %v", err)
	}
}
