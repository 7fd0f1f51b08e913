package slack

import (
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler"
)

// Config wires a [Reporter]. Token, Channel and Now are required.
type Config struct {
	// Token returns the token of the bot. It is asked before each call, so a new
	// one needs no restart.
	Token func() (string, error)
	// Channel is the channel's ID, C0123456789 for instance. A name is not enough:
	// Slack edits and reads by ID only.
	Channel string
	// BaseURL is where Slack's API answers; https://slack.com/api/ without it.
	BaseURL string
	// Link returns the address of the pull request that a commit came from, or
	// nothing. It is called by Run and may take its time.
	Link func(commit string) string
	// LookBack is how old a thread may be to be found again after a restart; 30
	// days without it. A release that goes on for longer begins another thread.
	LookBack time.Duration
	// HTTPClient speaks with Slack; one that gives up after 30s without it.
	HTTPClient *http.Client
	// Now is the clock.
	Now func() time.Time
	// Log receives what cannot be said; nil discards it.
	Log *slog.Logger
}

// Reporter tells a Slack channel what the loop decided. Report and Run may be
// called at once.
type Reporter struct {
	cfg  Config
	wake chan struct{}

	mu      sync.Mutex
	queue   queue
	memory  memory
	trouble error // of the delivery, not yet told
	failing bool

	// What follows belongs to the goroutine of Run.
	bot      string // our own bot's ID, once known
	recalled bool   // threads holds what the channel had to say
	threads  map[string]*thread
	spoke    time.Time // when something was last written
}

var _ reconciler.Reporter = (*Reporter)(nil)

// New makes a reporter. It does not speak with Slack before Run.
func New(cfg Config) (*Reporter, error) {
	switch {
	case cfg.Token == nil:
		return nil, errors.New("configure slack: Token is missing")
	case cfg.Channel == "" || strings.HasPrefix(cfg.Channel, "#"):
		return nil, errors.New("configure slack: Channel has to be a channel's ID, as in C0123456789")
	case cfg.Now == nil:
		return nil, errors.New("configure slack: Now is missing")
	case cfg.LookBack < 0:
		return nil, errors.New("configure slack: LookBack is negative")
	}
	if cfg.BaseURL == "" {
		cfg.BaseURL = "https://slack.com/api/"
	}
	cfg.BaseURL = strings.TrimSuffix(cfg.BaseURL, "/") + "/"
	if cfg.LookBack == 0 {
		cfg.LookBack = 30 * 24 * time.Hour
	}
	if cfg.HTTPClient == nil {
		cfg.HTTPClient = &http.Client{Timeout: 30 * time.Second}
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Reporter{
		cfg: cfg, wake: make(chan struct{}, 1), queue: newQueue(), memory: newMemory(), threads: map[string]*thread{},
	}, nil
}
