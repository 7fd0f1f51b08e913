package datadog

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

var _ reconciler.Monitors = (*Monitors)(nil)

// Monitors reads monitors at Datadog. Its methods may be called at any time.
type Monitors struct {
	cfg    Config
	client *client
	// busy is held by the poll that runs.
	busy chan struct{}
	// wake asks Run for a poll.
	wake chan struct{}

	mu       sync.Mutex
	wanted   []string // the queries of the last call of Signals, sorted
	answers  map[string]*answer
	refusals map[string]*refusal
	made     map[string]time.Time // when each query was last made
	heard    bool                 // whether Datadog ever answered a query
	lastErr  error                // why the last poll failed, or nil
}

// refusal is a query that failed by itself, and when it is tried again.
type refusal struct {
	err   error
	times int
	again time.Time
}

// New returns monitors that nothing is known about yet. Nothing is read before
// Run or Poll is called.
func New(cfg Config) (*Monitors, error) {
	if cfg.Rand == nil {
		cfg.Rand = rand.Float64
	}
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	m := &Monitors{
		cfg: cfg, busy: make(chan struct{}, 1), wake: make(chan struct{}, 1),
		answers: map[string]*answer{}, refusals: map[string]*refusal{}, made: map[string]time.Time{},
	}
	m.client = newClient(&m.cfg)
	return m, nil
}

// errNotRead tells that nothing was asked yet.
var errNotRead = errors.New("they have not been read yet")

// Signals returns the newest answers at once, however old they are; each
// monitor's AsOf tells. It does not call Datadog. Run reads what the last call
// of Signals asked for, at once if that is new, and forgets what it did not. It returns an error only as long as Datadog
// has never answered.
func (m *Monitors) Signals(ctx context.Context, products []fleet.Product) (plan.Signals, error) {
	if err := ctx.Err(); err != nil {
		return plan.Signals{}, fmt.Errorf("read Datadog monitors: %w", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.want(queriesOf(products))
	if len(m.wanted) > 0 && !m.heard {
		err := m.lastErr
		if err == nil {
			err = errNotRead
		}
		return plan.Signals{}, fmt.Errorf("read Datadog monitors: %w", err)
	}
	out := plan.Signals{Sources: map[plan.MonitorKey]plan.MonitorState{}}
	eachMonitor(products, func(product string, mon *fleet.Monitor) {
		key := plan.MonitorKey{Product: product, Monitor: mon.Name}
		state, v := m.look(mon.Datadog)
		out.Sources[key] = state
		if v == nil {
			return
		}
		for _, f := range v.fires {
			out.Alerts = append(out.Alerts, plan.Alert{
				Product: product, Monitor: mon.Name, Cluster: f.cluster, Since: f.since, Link: f.link,
			})
		}
		if state.Unknown == "" {
			for _, s := range v.spots {
				out.Blind = append(out.Blind, plan.BlindSpot{Product: product, Monitor: mon.Name, Cluster: s.cluster, Why: s.why})
			}
		}
	})
	return out, nil
}

// want notes which queries the polls have to make. It is called with mu held.
func (m *Monitors) want(queries []string) {
	m.wanted = queries
	keep := make(map[string]bool, len(queries))
	for _, q := range queries {
		keep[q] = true
		if m.answers[q] == nil && m.refusals[q] == nil {
			m.Poke()
		}
	}
	gone := func(q string) bool { return !keep[q] }
	maps.DeleteFunc(m.answers, func(q string, _ *answer) bool { return gone(q) })
	maps.DeleteFunc(m.refusals, func(q string, _ *refusal) bool { return gone(q) })
	maps.DeleteFunc(m.made, func(q string, _ time.Time) bool { return gone(q) })
}

// look returns what is known about a monitor. It is called with mu held.
func (m *Monitors) look(d *fleet.DatadogMonitor) (plan.MonitorState, *verdict) {
	if why := refuse(d); why != "" {
		return plan.MonitorState{AsOf: m.cfg.Now(), Unknown: why}, nil
	}
	a := m.answers[d.Query]
	if a == nil {
		err := m.lastErr
		if r := m.refusals[d.Query]; r != nil {
			err = r.err
		}
		if err == nil {
			return plan.MonitorState{Unknown: "it has not been read yet"}, nil
		}
		return plan.MonitorState{Unknown: "it cannot be read: " + err.Error()}, nil
	}
	v := a.verdicts[d.ClusterTag]
	if v == nil {
		v = judge(a, d.Query, d.ClusterTag, m.cfg.AppURL)
		a.verdicts[d.ClusterTag] = v
	}
	return plan.MonitorState{AsOf: a.asOf, Unknown: v.unknown}, v
}
