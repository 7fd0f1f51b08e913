package prometheus

import (
	"context"
	"fmt"
	"sync"

	"github.com/wavegate-dev/wavegate/reconciler"
)

// Monitors reads the monitors of a fleet at Prometheus and Alertmanager. It is
// safe for use by many goroutines.
type Monitors struct {
	cfg     Config
	sources []*source
	metrics []metricSource
}

var _ reconciler.Monitors = (*Monitors)(nil)

// New returns monitors that know nothing yet: Run polls the servers. It returns
// an error when the configuration cannot be right.
func New(cfg Config) (*Monitors, error) {
	if err := cfg.complete(); err != nil {
		return nil, fmt.Errorf("configure monitors: %w", err)
	}
	m := &Monitors{cfg: cfg}
	add := func(name string, e Endpoint, ask func(context.Context) (answer, error)) {
		m.sources = append(m.sources, &source{
			name: name, serves: e.serves, ask: ask, log: cfg.Log, poked: make(chan struct{}, 1),
		})
	}
	for _, s := range cfg.Prometheus {
		name := "Prometheus " + s.Name
		a := newAsker(s.Endpoint, &m.cfg)
		add(name, s.Endpoint, askRules(a, s.ExternalURL))
		m.metrics = append(m.metrics, metricSource{name: name, asker: a})
	}
	for _, s := range cfg.Alertmanagers {
		add("Alertmanager "+s.Name, s.Endpoint, askAlerts(newAsker(s.Endpoint, &m.cfg), s.Watchdog))
	}
	return m, nil
}

// Run polls each server at its own pace until the context ends: one that hangs
// holds up no other. It returns nil.
func (m *Monitors) Run(ctx context.Context) error {
	changed := m.cfg.Changed
	if changed == nil {
		changed = func() {}
	}
	var wg sync.WaitGroup
	for _, s := range m.sources {
		wg.Go(func() { s.run(ctx, m.cfg.Interval, changed) })
	}
	wg.Wait()
	return nil
}

// Poke asks for a poll of all servers now, whatever the interval. It never
// blocks. Pokes that come close together are one.
func (m *Monitors) Poke() {
	for _, s := range m.sources {
		s.poke()
	}
}
