package datadogtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Config is what a [Server] needs.
type Config struct {
	// APIKey and AppKey are those that the server accepts. The zero values
	// stand for "api-key" and "app-key".
	APIKey, AppKey string
	// Now is the clock of the rate limit. It must be set.
	Now func() time.Time
	// Limit is how many requests a period allows for each endpoint, 120
	// without it, and Period how long one is, 10s without it.
	Limit  int
	Period time.Duration
	// MaxPerPage is the largest page that the server gives, whatever was asked
	// for; 1000 without it.
	MaxPerPage int
}

// Request is a call that was made.
type Request struct {
	Path  string
	Query url.Values
	At    time.Time
}

// Server is a Datadog API server. Its methods may be called at any time, also
// while it answers.
type Server struct {
	cfg Config

	mu       sync.Mutex
	monitors []Monitor
	series   map[string][]Series
	faults   []Fault
	before   func(Request)
	requests []Request
	windows  map[string]*window
}

// window counts the requests of one endpoint in one period.
type window struct {
	start time.Time
	used  int
}

// New returns a server without monitors.
func New(cfg Config) *Server {
	if cfg.APIKey == "" {
		cfg.APIKey = "api-key"
	}
	if cfg.AppKey == "" {
		cfg.AppKey = "app-key"
	}
	if cfg.Limit == 0 {
		cfg.Limit = 120
	}
	if cfg.Period == 0 {
		cfg.Period = 10 * time.Second
	}
	if cfg.MaxPerPage == 0 {
		cfg.MaxPerPage = 1000
	}
	return &Server{cfg: cfg, series: map[string][]Series{}, windows: map[string]*window{}}
}

// SetKeys makes the server accept these keys and no others.
func (s *Server) SetKeys(api, app string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cfg.APIKey, s.cfg.AppKey = api, app
}

// SetLimit changes how many requests a period allows for each endpoint.
func (s *Server) SetLimit(limit int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cfg.Limit = limit
}

// Before has f called with each request before it is answered, so that a test
// can change what the server knows between two pages.
func (s *Server) Before(f func(Request)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before = f
}

// Requests returns the requests made so far, oldest first.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// ServeHTTP answers one call of the API.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	request := Request{Path: r.URL.Path, Query: r.URL.Query(), At: s.cfg.Now()}
	s.mu.Lock()
	s.requests = append(s.requests, request)
	before := s.before
	fault := s.nextFault()
	s.mu.Unlock()
	if before != nil {
		before(request)
	}
	if !fault.wait(r.Context()) {
		return
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Header.Get("DD-API-KEY") != s.cfg.APIKey || r.Header.Get("DD-APPLICATION-KEY") != s.cfg.AppKey {
		fail(w, http.StatusForbidden, "Forbidden")
		return
	}
	if !s.admit(w, r.URL.Path) {
		fail(w, http.StatusTooManyRequests,
			fmt.Sprintf("Rate limit of %d requests in %d seconds reached. Please try again later.",
				s.cfg.Limit, int(s.cfg.Period/time.Second)))
		return
	}
	if fault.answer(w) {
		return
	}
	if r.Method != http.MethodGet {
		fail(w, http.StatusMethodNotAllowed, "Method Not Allowed")
		return
	}
	switch r.URL.Path {
	case "/api/v1/monitor/groups/search":
		s.searchGroups(w, request.Query, fault)
	case "/api/v1/query":
		s.queryMetrics(w, request.Query)
	default:
		fail(w, http.StatusNotFound, "Not Found")
	}
}

// admit counts a request and writes the headers that tell what is left. The
// periods begin at multiples of their length, as Datadog's do.
func (s *Server) admit(w http.ResponseWriter, endpoint string) bool {
	now := s.cfg.Now()
	win := s.windows[endpoint]
	if start := now.Truncate(s.cfg.Period); win == nil || !win.start.Equal(start) {
		win = &window{start: start}
		s.windows[endpoint] = win
	}
	win.used++
	left := win.start.Add(s.cfg.Period).Sub(now)
	h := w.Header()
	h.Set("X-RateLimit-Limit", strconv.Itoa(s.cfg.Limit))
	h.Set("X-RateLimit-Period", strconv.Itoa(int(s.cfg.Period/time.Second)))
	h.Set("X-RateLimit-Remaining", strconv.Itoa(max(0, s.cfg.Limit-win.used)))
	h.Set("X-RateLimit-Reset", strconv.Itoa(int((left+time.Second-1)/time.Second)))
	h.Set("X-RateLimit-Name", endpoint)
	return win.used <= s.cfg.Limit
}

func fail(w http.ResponseWriter, status int, message string) {
	reply(w, status, map[string]any{"errors": []string{message}})
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// A client that is gone needs no answer.
	_ = json.NewEncoder(w).Encode(body)
}
