package githubtest

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"time"
)

// Config says how a server runs.
type Config struct {
	// Dir is an existing folder in which the repositories are made.
	Dir string
	// Now is the clock of everything that carries a time, commits included.
	Now func() time.Time
	// Addr is where the server listens, host:port with a host that clients can
	// reach; empty means a free port of 127.0.0.1.
	Addr string
	// Log receives what goes wrong besides the answers; nil discards it.
	Log *slog.Logger
	// Client delivers webhooks; nil means one that gives up after 10 seconds, as
	// GitHub does.
	Client *http.Client
	// OnViolation is told of every request, answer and webhook that breaks GitHub's
	// OpenAPI document; tests fail in it. When it is nil the answer is 500.
	OnViolation func(error)
	// RateLimit is how many requests an hour each user or installation has; zero
	// means GitHub's 5000.
	RateLimit int
	// Writes is how many requests that change something each user or installation
	// may make in a minute before the secondary limit stops it; zero means any
	// number. GitHub's is about 80.
	Writes int
	// LazyMerges makes a pull request's mergeable null when it is asked for the
	// first time after a change, as GitHub does, which finds out meanwhile.
	LazyMerges bool
	// Refresh makes the pages for people load themselves anew after that time; zero
	// leaves them as they are.
	Refresh time.Duration
	// App is the GitHub App that tokens can be made for; nil means none.
	App *App
}

// App is a GitHub App that is installed on one account.
type App struct {
	ID             int64
	InstallationID int64
	// Slug is the app's name in addresses; its user is Slug[bot].
	Slug string
	// Account is the user or organisation on whose repositories it is installed.
	Account string
	// Key proves that a JWT was signed by the app.
	Key *rsa.PublicKey
}

// Server is a GitHub of its own.
type Server struct {
	// URL is the server's address without a slash at its end.
	URL string

	now         func() time.Time
	log         *slog.Logger
	client      *http.Client
	onViolation func(error)
	refresh     time.Duration
	dir         string
	backend     string // path of git-http-backend
	doc         *document
	routes      []route
	pages       *template.Template
	http        *http.Server
	serving     sync.WaitGroup
	gate        sync.RWMutex // held for reading by every request, for writing once the server is closed
	stop        context.CancelFunc
	closing     func() error    // shut, but once
	stopped     context.Context //nolint:containedctx // it ends with the server, not with a call

	mu      sync.Mutex // guards everything below
	lastID  int64
	limit   int
	writes  int
	lazy    bool
	users   map[string]*user // by login in lower case
	teams   map[string]*team // by org/slug
	tokens  map[string]*actor
	app     *app
	repos   map[string]*repo // by owner/name in lower case
	spent   map[string]*budget
	faults  []*fault
	seen    []Request
	hooks   []*hook
	hooking hooking
}

// Start starts a server. Close ends it.
func Start(cfg Config) (*Server, error) {
	if cfg.Dir == "" || cfg.Now == nil {
		return nil, errors.New("start githubtest: Config.Dir and Config.Now must be set")
	}
	backend, err := findGit()
	if err != nil {
		return nil, err
	}
	doc, err := loadDocument()
	if err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("find folder of the repositories: %w", err)
	}
	s := &Server{
		now: cfg.Now, log: cfg.Log, client: cfg.Client, onViolation: cfg.OnViolation,
		refresh: cfg.Refresh, dir: dir, backend: backend,
		doc: doc, limit: cfg.RateLimit, writes: cfg.Writes, lazy: cfg.LazyMerges, lastID: 1000,
		users: map[string]*user{}, teams: map[string]*team{}, tokens: map[string]*actor{},
		repos: map[string]*repo{}, spent: map[string]*budget{},
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.client == nil {
		s.client = &http.Client{Timeout: 10 * time.Second}
	}
	if s.limit == 0 {
		s.limit = 5000
	}
	if s.routes, err = s.table(); err != nil {
		return nil, err
	}
	if s.pages, err = pages(); err != nil {
		return nil, fmt.Errorf("read pages: %w", err)
	}
	if err := s.prepare(); err != nil {
		return nil, err
	}
	s.stopped, s.stop = context.WithCancel(context.Background())
	s.closing = sync.OnceValue(s.shut)
	s.hooking.wake = make(chan struct{}, 1)
	if cfg.App != nil {
		s.app = s.newApp(*cfg.App)
	}
	if err := s.listen(cfg.Addr); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

func (s *Server) listen(addr string) error {
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("listen for githubtest: %w", err)
	}
	s.URL = "http://" + l.Addr().String()
	s.http = &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	s.serving.Go(func() {
		if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("githubtest has stopped serving", "error", err)
		}
	})
	s.serving.Go(s.deliverAll)
	return nil
}

// Close ends the server and its open connections. It returns when nothing of it
// runs any more, git's processes included.
func (s *Server) Close() error { return s.closing() }

func (s *Server) shut() error {
	s.stop()
	err := s.http.Close()
	s.serving.Wait()
	s.gate.Lock() // for ever: a request that comes late is turned away
	return err
}

// id returns a number that nothing else has.
func (s *Server) id() int64 {
	s.lastID++
	return s.lastID
}
