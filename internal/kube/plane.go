package kube

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"time"

	"k8s.io/client-go/rest"

	"github.com/wavegate-dev/wavegate/reconciler"
)

// Config is one data plane: one Kubernetes cluster.
type Config struct {
	// Name is the value of the label wavegate.dev/data-plane.
	Name string
	// REST says how the API server is reached. Its rate limits are not used.
	REST *rest.Config
	// Namespace narrows everything to one namespace; all without it.
	Namespace string
	// Labels are added to all clusters of the data plane that do not have them
	// themselves. Without them, cloud and region are read from the nodes.
	Labels map[string]string

	// ReadsPerSecond and WritesPerSecond pace the calls to the API server; 100
	// and 25 without them. Calls that halt something are paced apart from the
	// others, at 200 in a second.
	ReadsPerSecond  float32
	WritesPerSecond float32

	// Changed, if set, is called when something has changed that the next
	// Observe will tell of. It must not block.
	Changed func()
	// Now is the clock; required.
	Now func() time.Time
	// Log receives what is worth knowing and no error of a call; discarded
	// without it.
	Log *slog.Logger
}

// What holds when a Config says nothing.
const (
	defaultReads  = 100
	defaultWrites = 25
	haltsInSecond = 200
)

// Plane is a data plane on Kubernetes. Its methods may be called by any goroutine.
type Plane struct {
	cfg    Config
	reads  clients
	writes clients
	halts  clients
	cancel context.CancelFunc
	ctx    context.Context

	events   *events
	refusals refusals

	mu       sync.Mutex // held during an observation, and to look something up
	watches  map[string]*watch
	scope    string
	records  map[workloadKey]*record
	byName   map[string][]*record
	changes  changes
	epoch    int64
	topology topology
}

var _ reconciler.DataPlane = (*Plane)(nil)

// New returns a data plane. Nothing is asked of the API server before the first
// Observe. The caller closes it.
func New(cfg Config) (*Plane, error) {
	switch {
	case cfg.Name == "":
		return nil, errors.New("configure data plane: the name is missing")
	case cfg.REST == nil || cfg.Now == nil:
		return nil, fmt.Errorf("configure data plane %s: REST or Now is missing", cfg.Name)
	}
	if cfg.ReadsPerSecond <= 0 {
		cfg.ReadsPerSecond = defaultReads
	}
	if cfg.WritesPerSecond <= 0 {
		cfg.WritesPerSecond = defaultWrites
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	cfg.Labels = maps.Clone(cfg.Labels)
	p := &Plane{
		cfg: cfg, watches: map[string]*watch{}, records: map[workloadKey]*record{}, byName: map[string][]*record{},
		changes: newChanges(), epoch: cfg.Now().UnixNano(), events: newEvents(cfg.Changed),
	}
	var err error
	for _, c := range []struct {
		into *clients
		rate float32
	}{{&p.reads, cfg.ReadsPerSecond}, {&p.writes, cfg.WritesPerSecond}, {&p.halts, haltsInSecond}} {
		if *c.into, err = newClients(cfg.REST, c.rate); err != nil {
			return nil, fmt.Errorf("configure data plane %s: %w", cfg.Name, err)
		}
	}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	return p, nil
}

// Name returns the name of the data plane.
func (p *Plane) Name() string { return p.cfg.Name }

// Close ends all watches. Nothing can be observed afterwards.
func (p *Plane) Close() {
	p.cancel()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, w := range p.watches {
		w.stop()
	}
}
