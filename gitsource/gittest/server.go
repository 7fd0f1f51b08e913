package gittest

import (
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Server serves a repository over HTTP with git's own http-backend.
type Server struct {
	// URL is the address of the repository.
	URL string

	backend http.Handler
	mu      sync.Mutex
	fault   Fault
	token   string
	other   string // address that a redirect names
	seen    []Request
}

// Request is what a client asked.
type Request struct {
	Path          string
	Authorization string
	// Sent is the size of the answer's body in bytes.
	Sent int
}

// Serve serves the repository until the test ends.
func (r *Repo) Serve() *Server {
	r.tb.Helper()
	return r.serve(httptest.NewServer)
}

// ServeTLS serves the repository over HTTPS and returns the certificate that a
// client has to trust.
func (r *Repo) ServeTLS() (*Server, *httptest.Server) {
	r.tb.Helper()
	var ts *httptest.Server
	s := r.serve(func(h http.Handler) *httptest.Server {
		ts = httptest.NewTLSServer(h)
		return ts
	})
	return s, ts
}

func (r *Repo) serve(start func(http.Handler) *httptest.Server) *Server {
	r.tb.Helper()
	s := &Server{backend: &cgi.Handler{
		Path: backend(r.tb), Dir: filepath.Dir(r.Dir), InheritEnv: []string{"PATH"},
		Env: append(r.Env(), "GIT_PROJECT_ROOT="+filepath.Dir(r.Dir), "GIT_HTTP_EXPORT_ALL=1"),
	}}
	ts := start(s)
	r.tb.Cleanup(ts.Close)
	r.tb.Cleanup(ts.CloseClientConnections)
	s.URL = ts.URL + "/" + filepath.Base(r.Dir)
	return s
}

func backend(tb testing.TB) string {
	tb.Helper()
	out, err := exec.Command("git", "--exec-path").Output()
	if err != nil {
		tb.Fatalf("find git's programs: %v", err)
	}
	return path.Join(strings.TrimSpace(string(out)), "git-http-backend")
}

// RequireToken makes the server ask for a password; an empty one for none.
func (s *Server) RequireToken(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token = token
}

// RedirectTo is the address that the fault Redirect sends clients to.
func (s *Server) RedirectTo(address string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.other = address
}

// Fail makes the server answer with a fault; None mends it.
func (s *Server) Fail(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = f
}

// Requests returns what clients have asked since the last call.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := s.seen
	s.seen = nil
	return seen
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	s.mu.Lock()
	fault, token, other := s.fault, s.token, s.other
	s.mu.Unlock()
	counted := &counter{ResponseWriter: w}
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.seen = append(s.seen, Request{Path: req.URL.Path, Authorization: req.Header.Get("Authorization"), Sent: counted.n})
	}()
	if _, password, _ := req.BasicAuth(); token != "" && password != token {
		w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
		http.Error(counted, "who are you?", http.StatusUnauthorized)
		return
	}
	fault.serve(counted, req, s.backend, other)
}

type counter struct {
	http.ResponseWriter
	n int
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.ResponseWriter.Write(p)
	c.n += n
	return n, err
}

func (c *counter) Unwrap() http.ResponseWriter { return c.ResponseWriter }
