// Package demo tells the story of a release on a modelled fleet: a real git
// repository, the real reconciler and ledger, an embedded fleet, and a clock that
// runs as fast as the story needs.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/wavegate-dev/wavegate/gitsource"
	"github.com/wavegate-dev/wavegate/internal/approver"
	"github.com/wavegate-dev/wavegate/internal/simfleet"
	"github.com/wavegate-dev/wavegate/internal/sqlite"
	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
	"github.com/wavegate-dev/wavegate/reconciler/report"
)

// Config says how the story is told.
type Config struct {
	// Out receives it. With Live it is a terminal that is drawn anew for each
	// frame; Paint colours it.
	Out   io.Writer
	Live  bool
	Paint report.Paint
	// Size returns the terminal's width and height.
	Size func() (width, height int)
	// Speed multiplies the pace; 1 takes about a minute. Zero means as fast as
	// the machine can.
	Speed float64
	Seed  uint64
	// Clusters is how many clusters the fleet has.
	Clusters int
	// Keep goes on after the story until the context ends.
	Keep bool
	// Dir keeps repository and ledger; a temporary folder that is removed
	// without it.
	Dir string
}

// start is when the story begins: a Monday morning, far from holidays.
var start = time.Date(2026, 3, 2, 6, 0, 0, 0, time.UTC)

// frame is how long a picture stands at speed 1.
const frame = 45 * time.Millisecond

// demo is the running story.
type demo struct {
	cfg        Config
	clock      *clock
	repo       *repository
	fleet      *simfleet.Fleet
	ledger     *sqlite.Store
	reconciler *reconciler.Reconciler
	screen     screen
	cycle      *reconciler.Cycle
	touched    int
	slow       bool                 // somebody is to look
	since      map[string]time.Time // clusters drift
}

// Run tells the story and returns when it is over.
func Run(ctx context.Context, cfg Config) (err error) {
	d := &demo{cfg: cfg, clock: &clock{now: start}, since: map[string]time.Time{}}
	if d.cfg.Clusters == 0 {
		d.cfg.Clusters = 240
	}
	if d.cfg.Dir == "" {
		dir, err := os.MkdirTemp("", "wavegate-demo-")
		if err != nil {
			return fmt.Errorf("make temporary folder: %w", err)
		}
		d.cfg.Dir = dir
		defer func() { _ = os.RemoveAll(dir) }()
	}
	defer func() { err = errors.Join(err, d.close()) }()
	if err := d.open(ctx); err != nil {
		return err
	}
	return d.tell(ctx)
}

// open makes everything that takes part.
func (d *demo) open(ctx context.Context) (err error) {
	members, err := simfleet.Generate(simfleet.Profile{Seed: d.cfg.Seed, Clusters: d.cfg.Clusters})
	if err != nil {
		return fmt.Errorf("make fleet: %w", err)
	}
	if d.fleet, err = simfleet.Open(simfleet.Config{Seed: d.cfg.Seed, Now: d.clock.Now}); err != nil {
		return fmt.Errorf("make fleet: %w", err)
	}
	if err := d.fleet.Add(members...); err != nil {
		return fmt.Errorf("make fleet: %w", err)
	}
	if d.repo, err = newRepository(ctx, d.cfg.Dir, d.clock, pinned(members)); err != nil {
		return err
	}
	if d.ledger, err = sqlite.Open(ctx, sqlite.Config{Path: filepath.Join(d.cfg.Dir, "ledger.db")}); err != nil {
		return fmt.Errorf("open ledger: %w", err)
	}
	source, err := gitsource.New(gitsource.Config{URL: d.repo.bare, AllowFile: true})
	if err != nil {
		return err
	}
	if d.cfg.Live {
		d.screen = newLive(d.cfg)
	} else {
		d.screen = &plain{out: d.cfg.Out, paint: d.cfg.Paint}
	}
	d.reconciler, err = reconciler.New(reconciler.Config{
		Source: source, Loader: fleet.NewLoader(fleet.LoaderConfig{}), Approver: approver.Any{},
		DataPlanes: reconciler.These(d.fleet.DataPlanes()...), Monitors: d.fleet, Ledger: d.ledger, Now: d.clock.Now,
		Interval: time.Minute, MaxGap: 2 * time.Hour, FetchInterval: 30 * 24 * time.Hour, FetchPatience: time.Minute,
	})
	return err
}

// pinned chooses a cluster for the example's pin: one of production.
func pinned(members []simfleet.Member) string {
	for _, m := range members {
		if m.Product == product && m.Labels["tier"] == "prod" {
			return m.Name
		}
	}
	return members[0].Name
}

func (d *demo) close() error {
	var errs []error
	if d.screen != nil {
		d.screen.close()
	}
	if d.ledger != nil {
		errs = append(errs, d.ledger.Close())
	}
	if d.fleet != nil {
		errs = append(errs, d.fleet.Close())
	}
	return errors.Join(errs...)
}

// tell plays the scenes one after the other.
func (d *demo) tell(ctx context.Context) error {
	if err := d.step(ctx); err != nil {
		return err
	}
	for _, s := range d.scenes() {
		if err := s.begin(ctx); err != nil {
			return err
		}
		for !s.over() {
			if err := d.step(ctx); err != nil {
				return err
			}
		}
	}
	d.end()
	for d.cfg.Keep {
		if err := d.step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// step lets time pass and runs one cycle.
func (d *demo) step(ctx context.Context) error {
	if d.cfg.Speed > 0 {
		select {
		case <-ctx.Done():
		case <-time.After(time.Duration(float64(frame) / d.cfg.Speed)):
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	d.clock.advance(d.pace())
	c, err := d.reconciler.RunOnce(ctx)
	if err != nil {
		return err
	}
	d.cycle = c
	for i := range c.Events {
		switch e := &c.Events[i]; e.Kind {
		case plan.ClusterStepped:
			d.touched++
		case plan.DriftFound:
			d.since[e.Cluster] = e.At
		default:
		}
	}
	d.screen.show(d.input(), c)
	return nil
}

// pace is how much time passes until the next picture: half a minute while
// replicas restart, up to half an hour while nothing but time has to pass.
func (d *demo) pace() time.Duration {
	const busy, idle = 30 * time.Second, 30 * time.Minute
	if d.cycle == nil || d.slow {
		return busy
	}
	t := d.cycle.Plan.Totals
	if t[plan.Starting]+t[plan.Rolling] > 0 || len(d.cycle.Acted) > 0 {
		return busy
	}
	if wake := d.cycle.Plan.Wake; !wake.IsZero() {
		return max(busy, min(idle, wake.Sub(d.clock.Now())))
	}
	return idle
}

func (d *demo) input() report.Input {
	c := d.cycle
	return report.Input{Now: c.At, Plan: c.Plan, State: c.State, Fleet: c.Fleet, FleetName: c.Spec.Fleet.Name, Problems: c.Problems}
}

// end closes the story with the drift report.
func (d *demo) end() {
	in := d.input()
	text := report.NewDrift(in, func(cluster string) time.Time { return d.since[cluster] }).Text(d.cfg.Paint)
	d.screen.finish(in, fmt.Sprintf(
		"\n%s\nIn %s of the fleet's time: %d replicas restarted one by one, none after its release was halted.\n"+
			"Make a fleet repository of your own with: wavegate init my-fleet\n",
		text, days(in.Now.Sub(start)), d.touched))
}

func days(d time.Duration) string {
	return fmt.Sprintf("%d days and %d hours", int(d/(24*time.Hour)), int(d/time.Hour)%24)
}
