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
	"time"

	"github.com/wavegate-dev/wavegate/reconciler"
)

// Viewer lets one look at the last cycle while no other runs.
type Viewer interface {
	View(look func(*reconciler.Cycle)) bool
}

// Config says where the service answers.
type Config struct {
	Viewer Viewer
	// Socket is the path of the socket; who may open it may read everything.
	Socket string
	// Now is the clock; MaxAge is how old the last cycle may be before the
	// service calls itself unhealthy.
	Now    func() time.Time
	MaxAge time.Duration
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
	if err := os.Remove(cfg.Socket); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("clear socket: %w", err)
	}
	l, err := net.Listen("unix", cfg.Socket)
	if err != nil {
		return nil, fmt.Errorf("open socket: %w", err)
	}
	if err := os.Chmod(cfg.Socket, 0o600); err != nil {
		_ = l.Close()
		return nil, fmt.Errorf("protect socket: %w", err)
	}
	s := &Server{cfg: cfg, listener: l}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", s.health)
	mux.HandleFunc("GET /api/v1/snapshot", s.snapshot)
	s.http = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	s.done.Go(func() { _ = s.http.Serve(l) })
	return s, nil
}

// Close stops answering.
func (s *Server) Close(ctx context.Context) error {
	err := s.http.Shutdown(ctx)
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

// health says that cycles run. It does not judge what they found: a paused
// release is no reason to restart the service.
func (s *Server) health(w http.ResponseWriter, _ *http.Request) {
	var at time.Time
	s.cfg.Viewer.View(func(c *reconciler.Cycle) { at = c.At })
	age := s.cfg.Now().Sub(at)
	if at.IsZero() || age > s.cfg.MaxAge {
		http.Error(w, "no cycle has finished lately", http.StatusServiceUnavailable)
		return
	}
	_, _ = fmt.Fprintf(w, "ok, last cycle %s ago\n", age.Round(time.Second))
}
