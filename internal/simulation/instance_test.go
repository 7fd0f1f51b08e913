package simulation_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
	"github.com/wavegate-dev/wavegate/reconciler/report"
)

// instance is a process of the service: it lives until it crashes, and leaves its
// disk behind.
type instance struct {
	w    *world
	name string
	disk *disk
	loop *reconciler.Reconciler
	// wrapped are the data planes as this process reaches them.
	wrapped map[string]*plane

	// The rest is about the cycle that runs.
	death      death
	deathAt    int // of the calls of that kind
	dead       bool
	records    int
	acted      bool
	unrecorded bool // the disk was full
	heard      plan.Signals
	heardErr   error
	looked     map[string]bool // data planes that answered

	mu    sync.Mutex
	lines []string // of the acts, which come in any order
}

// death is where in a cycle a process dies.
type death int

const (
	alive death = iota
	beforeRecord
	afterRecord
	amidActs
	beforeDone
	afterDone
)

// dies reports whether the process is dead, or dies here and now.
func (in *instance) dies(here death) bool {
	if in.dead {
		return true
	}
	n := in.records
	if here == beforeDone || here == afterDone {
		n = 1
	}
	if in.death == amidActs && in.acted && here == beforeRecord {
		in.dead = true
	}
	if in.death == here && n >= in.deathAt {
		in.dead = true
	}
	return in.dead
}

func (w *world) newInstance(name string, d *disk) *instance {
	in := &instance{w: w, name: name, disk: d, wrapped: map[string]*plane{}}
	reporters := []reconciler.Reporter{reporter{in}}
	loop, err := reconciler.New(reconciler.Config{
		Source: remote{w, in}, Loader: w.loader, Approver: remote{w, in},
		DataPlanes: in.planes, Monitors: monitors{in}, Ledger: ledger{w, in}, Reporters: reporters,
		Now: w.clock, Interval: interval, MaxGap: maxGap, FetchPatience: time.Hour, ObserveTimeout: time.Hour,
	})
	if err != nil {
		panic(err)
	}
	in.loop = loop
	return in
}

// cycle runs one pass. What the process had in memory is gone when it dies in it.
func (in *instance) cycle() (*reconciler.Cycle, error) {
	in.records, in.acted, in.unrecorded, in.lines = 0, false, false, nil
	in.heard, in.heardErr, in.looked = plan.Signals{}, nil, map[string]bool{}
	return in.loop.RunOnce(context.Background())
}

func (in *instance) planes() []reconciler.DataPlane {
	var out []reconciler.DataPlane
	for _, p := range in.w.planes {
		if !in.w.vanished[p.Name()] {
			out = append(out, in.plane(p))
		}
	}
	return out
}

// plane returns the same wrapper each time: another one would be another data
// plane.
func (in *instance) plane(p reconciler.DataPlane) reconciler.DataPlane {
	if in.wrapped[p.Name()] == nil {
		in.wrapped[p.Name()] = &plane{in: in, real: p}
	}
	return in.wrapped[p.Name()]
}

// plane is a data plane as an instance reaches it.
type plane struct {
	in   *instance
	real reconciler.DataPlane
	asOf time.Time
}

func (p *plane) Name() string { return p.real.Name() }

var errLost = errors.New("the reply was lost by the simulated network")

func (p *plane) Observe(ctx context.Context, products []fleet.Product, cursor string) (plan.Observation, error) {
	w, name := p.in.w, p.real.Name()
	switch {
	case p.in.dead:
		return plan.Observation{}, errCrashed
	case w.now.Before(w.unreachable[name]), w.chance("observe", name, p.in.name) < w.faulty[name]:
		return plan.Observation{}, fmt.Errorf("observe %s: %w", name, errDown)
	case w.now.Before(w.lagging[name]) && cursor != "":
		// A cache that lags behind: nothing new, as of then.
		return plan.Observation{DataPlane: name, Cursor: cursor, AsOf: p.asOf}, nil
	}
	o, err := p.real.Observe(ctx, products, cursor)
	if err == nil {
		p.asOf = o.AsOf
		p.in.mu.Lock()
		p.in.looked[name] = true
		p.in.mu.Unlock()
	}
	return o, err
}

func (p *plane) Act(ctx context.Context, a plan.Action) error {
	w, name := p.in.w, p.real.Name()
	p.in.mu.Lock()
	defer p.in.mu.Unlock()
	p.in.acted = true
	about := fmt.Sprint(a.Cluster, a.Kind, a.Ordinal, p.in.name)
	switch {
	case p.in.dead, p.in.death == amidActs && w.chance("dies", about) < 0.5:
		return errCrashed
	case w.now.Before(w.unreachable[name]), w.chance("act", about) < w.faulty[name]:
		return errDown
	case w.chance("conflict", about) < w.faulty[name]/2:
		return fmt.Errorf("%w: another writer came first", reconciler.ErrConflict)
	}
	w.judge.attempt(p.in, &a)
	err := p.real.Act(ctx, a)
	if err == nil {
		w.judge.done(p.in, &a)
		if a.Kind == plan.Start || a.Kind == plan.Step {
			p.in.lines = append(p.in.lines, fmt.Sprintf("%s: %s %s %s %s", p.in.name, a.Kind, a.Cluster, a.Version, a.Reason))
		}
		if w.chance("lost", about) < w.faulty[name] {
			return errLost
		}
	}
	return err
}

// monitors are those of the fleet as an instance reaches them.
type monitors struct{ in *instance }

func (m monitors) Signals(ctx context.Context, products []fleet.Product) (plan.Signals, error) {
	w := m.in.w
	var s plan.Signals
	err := errDown
	switch {
	case m.in.dead:
		err = errCrashed
	case w.now.Before(w.monitorsDown):
	default:
		s, err = w.fleet.Signals(ctx, products)
		for key := range w.missing {
			if w.now.Before(w.missing[key]) {
				delete(s.Sources, key)
			}
		}
	}
	m.in.mu.Lock()
	m.in.heard, m.in.heardErr = s, err
	m.in.mu.Unlock()
	return s, err
}

// reporter renders what people are told, and fails now and then.
type reporter struct{ in *instance }

func (r reporter) Report(_ context.Context, c *reconciler.Cycle) error {
	w := r.in.w
	if c.Spec == nil || c.Plan == nil {
		return nil
	}
	if c.Number%16 == 0 {
		in := report.Input{Now: c.At, Plan: c.Plan, State: c.State, Fleet: c.Fleet, FleetName: c.Spec.Fleet.Name, Problems: c.Problems}
		_ = report.NewStatus(in).Text(nil)
	}
	if w.chance("report", r.in.name) < 0.05 {
		return errDown
	}
	return nil
}
