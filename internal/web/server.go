package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler"
)

// Viewer lets one look at the last finished cycle, also while another one runs.
type Viewer interface {
	View(look func(*reconciler.Cycle)) bool
	Pulsing
}

// Config says where the service answers.
type Config struct {
	Viewer Viewer
	// Hurry asks for the next cycle at once; a command line that has put a command
	// into the inbox has it called. Nothing asks without it.
	Hurry func()
	// Socket is the path of the socket; who may open it may read everything.
	Socket string
	// Now is the clock; MaxAge is how old the last cycle may be before the
	// service calls itself unhealthy.
	Now    func() time.Time
	MaxAge time.Duration
	// PostDrift posts the drift report at GitHub now and says where it is, or why
	// there is none; nil when the service has no GitHub to post to.
	PostDrift func(ctx context.Context) (said string, err error)
}

// Server answers for the running service.
type Server struct {
	cfg      Config
	listener net.Listener
	http     *http.Server
	done     sync.WaitGroup
}

// Listen opens the socket. One that a dead process left behind is taken over;
// the ledger's lock has made sure that none is alive.
func Listen(cfg Config) (*Server, error) {
	if err := removeSocket(cfg.Socket); err != nil {
		return nil, fmt.Errorf("clear socket: %w", err)
	}
	l, err := net.Listen("unix", cfg.Socket)
	if err != nil {
		return nil, fmt.Errorf("open socket: %w", explain(err))
	}
	if err := os.Chmod(cfg.Socket, 0o600); err != nil {
		_ = l.Close()
		return nil, fmt.Errorf("protect socket: %w", err)
	}
	s := &Server{cfg: cfg, listener: l}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", Health{Pulse: cfg.Viewer, Now: cfg.Now, MaxAge: cfg.MaxAge}.Ready)
	mux.HandleFunc("GET /api/v1/snapshot", s.snapshot)
	mux.HandleFunc("POST /api/v1/drift/post", s.postDrift)
	mux.HandleFunc("POST /api/v1/hurry", s.hurry)
	s.http = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	s.done.Go(func() { _ = s.http.Serve(l) })
	return s, nil
}

// removeSocket removes a socket, and nothing else.
func removeSocket(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return explain(err)
	case info.Mode().Type() != os.ModeSocket:
		return fmt.Errorf("%s is not a socket; move it away", path)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// explain says what the system means by an argument that is invalid.
func explain(err error) error {
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENAMETOOLONG) {
		return fmt.Errorf("the path is probably too long, about 100 bytes are allowed; use a folder with a shorter one: %w", err)
	}
	return err
}

// Close stops answering. When the context ends first, requests that are still
// being answered are cut off, and the context's error is returned.
func (s *Server) Close(ctx context.Context) error {
	err := s.http.Shutdown(ctx)
	if err != nil {
		_ = s.http.Close() // its listener is closed already
	}
	s.done.Wait()
	if err != nil {
		return fmt.Errorf("close socket: %w", err)
	}
	return nil
}

func (s *Server) snapshot(w http.ResponseWriter, _ *http.Request) {
	var snap *Snapshot
	if !s.cfg.Viewer.View(func(c *reconciler.Cycle) { snap = newSnapshot(c) }) {
		http.Error(w, "no cycle has finished yet", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(snap)
}

// hurry asks for the next cycle. It changes nothing but the time.
func (s *Server) hurry(w http.ResponseWriter, _ *http.Request) {
	if s.cfg.Hurry != nil {
		s.cfg.Hurry()
	}
	w.WriteHeader(http.StatusNoContent)
}

// postDrift posts the drift report: only the service has the credentials for it.
func (s *Server) postDrift(w http.ResponseWriter, req *http.Request) {
	if s.cfg.PostDrift == nil {
		http.Error(w, "the service posts nothing: it does not run with --approve github, or it is a dry run", http.StatusConflict)
		return
	}
	said, err := s.cfg.PostDrift(req.Context())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	_, _ = fmt.Fprintln(w, said)
}
