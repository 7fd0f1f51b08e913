package prometheus

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"
)

// Config says which servers are asked, and how often.
type Config struct {
	// Prometheus are the servers that evaluate the rules, such as one for each
	// region. A monitor must have its rule on every one that serves its product.
	Prometheus []Server
	// Alertmanagers tell which alerts are silenced. Without a Prometheus they
	// are also the only word on what fires.
	Alertmanagers []Alertmanager

	// Interval is how often each server is asked, 15 s when it is zero.
	Interval time.Duration
	// Timeout is how long one answer may take, 10 s when it is zero.
	Timeout time.Duration
	// MaxBody is how large an answer may be, in bytes, 64 MiB when it is zero.
	MaxBody int64

	// Now is the clock. It must be set.
	Now func() time.Time
	// Client sends the requests to endpoints that have none of their own; one
	// that trusts the certificates of the system when it is nil.
	Client *http.Client
	// Log is told when a server cannot be read, and when it can again. Nothing
	// is logged when it is nil.
	Log *slog.Logger
	// Changed is called after a poll that found other alerts than the one
	// before, or another reason not to rely on them: this is the moment for a
	// cycle. It must not block. It may be nil.
	Changed func()
}

// Server is a Prometheus, or what speaks its API: Thanos, Mimir, vmalert.
type Server struct {
	Endpoint
	// ExternalURL is where people see its pages; URL without it.
	ExternalURL string
}

// Alertmanager is an Alertmanager.
type Alertmanager struct {
	Endpoint
	// Watchdog is the name of an alert that always fires, as those who write
	// rules for Prometheus like to have. When it is set and does not fire, or was
	// not renewed for longer than a monitor's maxAge, the monitors are unknown:
	// Prometheus sends no alerts any more. Prometheus renews its alerts once in a
	// minute, so the maxAge must be longer than two. Without it, an Alertmanager that has
	// lost its Prometheus looks like one at which all is quiet.
	Watchdog string
}

const (
	defaultInterval = 15 * time.Second
	defaultTimeout  = 10 * time.Second
	defaultMaxBody  = 64 << 20
)

// complete fills in what is not set, and returns what is wrong.
func (c *Config) complete() error {
	if len(c.Prometheus)+len(c.Alertmanagers) == 0 {
		return errors.New("no Prometheus and no Alertmanager is named")
	}
	if c.Now == nil {
		return errors.New("the clock is missing")
	}
	if c.Interval < 0 || c.Timeout < 0 || c.MaxBody < 0 {
		return errors.New("interval, timeout and size must not be negative")
	}
	if c.Interval == 0 {
		c.Interval = defaultInterval
	}
	if c.Timeout == 0 {
		c.Timeout = defaultTimeout
	}
	if c.MaxBody == 0 {
		c.MaxBody = defaultMaxBody
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Client == nil {
		client, err := NewClient("")
		if err != nil {
			return err
		}
		c.Client = client
	}
	c.Prometheus = slices.Clone(c.Prometheus) // the caller's own stays as it is
	seen := map[string]bool{}
	check := func(kind string, e *Endpoint) error {
		if err := e.check(); err != nil {
			return fmt.Errorf("%s: %w", kind, err)
		}
		if seen[kind+e.Name] {
			return fmt.Errorf("two servers of kind %s are called %s; rename one", kind, e.Name)
		}
		seen[kind+e.Name] = true
		return nil
	}
	for i := range c.Prometheus {
		s := &c.Prometheus[i]
		if err := check("prometheus", &s.Endpoint); err != nil {
			return err
		}
		if s.ExternalURL == "" {
			s.ExternalURL = s.URL
		} else if webLink(s.ExternalURL) == "" {
			return fmt.Errorf("prometheus: %s: the external address is not an http or https URL without a user", s.Name)
		}
	}
	for i := range c.Alertmanagers {
		if err := check("alertmanager", &c.Alertmanagers[i].Endpoint); err != nil {
			return err
		}
	}
	return nil
}
