package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/wavegate-dev/wavegate/gitsource"
	"github.com/wavegate-dev/wavegate/internal/simfleet"
	"github.com/wavegate-dev/wavegate/internal/sqlite"
	"github.com/wavegate-dev/wavegate/internal/web"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
	"github.com/wavegate-dev/wavegate/reconciler/report"
)

// world is the fleet as it was last observed, and what is remembered of it.
type world struct {
	dir      stateDir
	now      time.Time
	state    *plan.State
	fleet    *plan.Inventory
	signals  plan.Signals
	metrics  plan.Metrics
	planes   []string
	spec     *fleet.Spec // in force; nil when nothing is
	policy   *plan.Policy
	problems []string
}

// openWorld asks the running service. Without one it looks for itself, which
// works for an embedded fleet.
func openWorld(ctx context.Context, dir stateDir) (*world, error) {
	w := &world{dir: dir, fleet: plan.NewInventory()}
	snapshot, err := web.Fetch(ctx, dir.socket())
	switch {
	case err == nil:
		w.take(snapshot)
		return w, w.loadSpec()
	case errors.Is(err, web.ErrNotRunning):
		return w, w.look(ctx)
	default:
		return nil, err
	}
}

func (w *world) take(s *web.Snapshot) {
	w.now, w.state, w.planes, w.problems, w.signals = s.At, s.State, s.DataPlanes, s.Problems, s.Signals.Unpack()
	w.metrics = s.UnpackMetrics()
	for _, p := range s.Planes {
		w.fleet.Observe(plan.Observation{DataPlane: p.Name, Full: true, AsOf: p.AsOf, Clusters: p.Clusters})
		if p.Lost != "" {
			w.fleet.Lose(p.Name, p.Lost)
		}
	}
}

// look reads the ledger and the embedded fleet of a service that does not run.
func (w *world) look(ctx context.Context) error {
	if _, err := os.Stat(w.dir.ledger()); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("no service runs and there is no ledger in %s: start `wavegate run`, or name its folder with --state", w.dir)
	}
	store, err := w.dir.open(ctx, sqlite.Read)
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	if w.state, err = store.Load(ctx); err != nil {
		return fmt.Errorf("load ledger: %w", err)
	}
	if err := w.loadSpec(); err != nil {
		return err
	}
	if _, err := os.Stat(w.dir.fleet()); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the service of %s does not run, and only it can observe its fleet: start `wavegate run`", w.dir)
	}
	service, err := w.dir.readService()
	if err != nil {
		return err
	}
	embedded, err := openEmbedded(w.dir, 0, service.Seed, service.Restart)
	if err != nil {
		return err
	}
	defer func() { _ = embedded.Close() }()
	return w.observe(ctx, embedded)
}

func (w *world) observe(ctx context.Context, embedded *simfleet.Fleet) error {
	w.now = time.Now().UTC()
	var products []fleet.Product
	if w.spec != nil {
		products = w.spec.Products
	}
	for _, d := range embedded.DataPlanes() {
		w.planes = append(w.planes, d.Name())
		obs, err := d.Observe(ctx, products, "")
		if err != nil {
			w.fleet.Lose(d.Name(), err.Error())
			w.problems = append(w.problems, err.Error())
			continue
		}
		w.fleet.Observe(obs)
	}
	signals, err := embedded.Signals(ctx, products)
	if err != nil {
		w.problems = append(w.problems, err.Error())
	}
	w.signals = signals
	if w.spec != nil {
		w.metrics = plan.Metrics{}
		for _, q := range w.spec.Metrics() {
			if w.metrics[q], err = embedded.Measure(ctx, q); err != nil {
				w.metrics[q] = plan.Measurement{Unknown: err.Error()}
			}
		}
	}
	return nil
}

// loadSpec reads the commit in force from the service's git cache.
func (w *world) loadSpec() error {
	commit := w.state.InForce.Commit
	if commit == "" {
		return nil
	}
	service, err := w.dir.readService()
	if err != nil {
		return err
	}
	cache, err := gitsource.OpenCache(w.dir.git())
	if err != nil {
		return err
	}
	tree, err := cache.Tree(commit, service.Path)
	if err != nil {
		return err
	}
	spec, problems := fleet.Load(tree)
	if len(problems) > 0 {
		return fmt.Errorf("load commit in force: %w", problems)
	}
	w.spec = spec
	if w.policy, err = plan.Compile(spec); err != nil {
		return err
	}
	return nil
}

func (w *world) input() plan.Input {
	return plan.Input{
		Now: w.now, Policy: w.policy, Fleet: w.fleet, State: w.state, Signals: w.signals, Metrics: w.metrics, DataPlanes: w.planes,
	}
}

// decide comes to the plan that the service would come to, and touches nothing.
func (w *world) decide() *plan.Plan {
	p := plan.Decide(w.input())
	for range 1000 {
		if len(p.Events) == 0 {
			break
		}
		for _, e := range p.Events {
			w.state.Apply(e)
		}
		p = p.Next(w.input())
	}
	return p
}

func (w *world) reportInput(p *plan.Plan) report.Input {
	in := report.Input{Now: w.now, Plan: p, State: w.state, Fleet: w.fleet, Problems: w.problems}
	if w.spec != nil {
		in.FleetName = w.spec.Fleet.Name
	}
	return in
}
