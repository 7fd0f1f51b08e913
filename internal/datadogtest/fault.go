package datadogtest

import (
	"context"
	"io"
	"net/http"
	"time"
)

// Fault is how one request goes wrong. The zero value is no fault.
type Fault struct {
	// Status is answered instead of what was asked for, with Header and Body.
	Status int
	Header http.Header
	Body   string
	// Delay passes before the answer.
	Delay time.Duration
	// Garbage is sent as a body of JSON with status 200.
	Garbage string
	// Total is added to metadata.total_count, and Pages to page_count.
	Total, Pages int
	// Drop leaves out that many groups at the end of the page.
	Drop int
	// Repeat answers with the page before this one.
	Repeat bool
}

// Fail has the coming requests go wrong, one fault for each.
func (s *Server) Fail(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, faults...)
}

// Heal takes back the faults that have not happened yet.
func (s *Server) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

func (s *Server) nextFault() Fault {
	if len(s.faults) == 0 {
		return Fault{}
	}
	f := s.faults[0]
	s.faults = s.faults[1:]
	return f
}

// wait reports whether the client is still there after the delay.
func (f Fault) wait(ctx context.Context) bool {
	if f.Delay == 0 {
		return true
	}
	timer := time.NewTimer(f.Delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// answer writes the faulty answer, if that is what the fault is.
func (f Fault) answer(w http.ResponseWriter) bool {
	for name, values := range f.Header {
		w.Header()[http.CanonicalHeaderKey(name)] = values
	}
	switch {
	case f.Status != 0:
		if w.Header().Get("Content-Type") == "" {
			w.Header().Set("Content-Type", "application/json")
		}
		w.WriteHeader(f.Status)
		_, _ = io.WriteString(w, f.Body)
		return true
	case f.Garbage != "":
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, f.Garbage)
		return true
	default:
		return false
	}
}
