// Package demo tells the story of a release on a modelled fleet: pull requests on
// a GitHub-compatible server over a real git repository, the real reconciler,
// console and ledger, an embedded fleet, and a clock that runs as fast as the story
// needs.
//
// Everything that carries a time takes it from that clock. It stands while
// somebody acts and while Wavegate looks at GitHub, so that the same seed tells the
// same story however fast the machine is.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/wavegate-dev/wavegate/gitsource"
	"github.com/wavegate-dev/wavegate/internal/github"
	"github.com/wavegate-dev/wavegate/internal/github/console"
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
	// Clusters is how many clusters the fleet has, at least MinClusters.
	Clusters int
	// Keep goes on after the story until the context ends.
	Keep bool
	// Dir keeps repository and ledger; it has to be empty or new. A temporary folder
	// that is removed without it.
	Dir string
	// Listen is the address of the pages, host:port; a free port of this machine
	// without it.
	Listen string
	// Preview makes what says what a pull request would do, out of the demo's parts.
	Preview func(*github.Client, *gitsource.Source, func() *reconciler.Reconciler) Preview
}

// Preview says what merging head would do to the fleet while base is in force, as
// [console.Config] wants it.
type Preview = func(ctx context.Context, head, base string) (*report.Preview, fleet.Problems, error)

// MinClusters is how many clusters the story needs: several of kafka in each cohort.
const MinClusters = 40

// start is when the story begins: a Monday morning, far from holidays.
var start = time.Date(2026, 3, 2, 6, 0, 0, 0, time.UTC)

// frame is how long a picture stands at speed 1.
const frame = 40 * time.Millisecond

// demo is the running story.
type demo struct {
	cfg        Config
	clock      *clock
	files      map[string]string // of the fleet repository, as its people have it
	hub        *hub
	fleet      *simfleet.Fleet
	ledger     *sqlite.Store
	reconciler *reconciler.Reconciler
	console    *console.Console
	screen     screen
	cycle      *reconciler.Cycle
	looking    chan looked          // nil while nobody looks at GitHub
	posts      []post               // what the last look has seen
	on         int                  // the pull request of this part of the story
	changed    string               // the cluster that somebody changes by hand
	over       bool                 // the story is told
	drawn      time.Time            // when the last picture began, by the clock of the machine
	touched    int                  // replicas that were restarted
	strayed    int                  // of them, those whose release was halted before
	slow       bool                 // somebody is to look
	since      map[string]time.Time // clusters drift
}

// Run tells the story and returns when it is over.
func Run(ctx context.Context, cfg Config) (err error) {
	d := &demo{cfg: cfg, clock: &clock{now: start}, since: map[string]time.Time{}}
	if _, err := exec.LookPath("git"); err != nil {
		return errors.New("the demo needs git: install it with the package manager of this machine")
	}
	clean, err := d.makeDir()
	if err != nil {
		return err
	}
	defer clean()
	ctx, cancel := context.WithCancel(ctx)
	defer func() {
		cancel() // a look at GitHub that is under way ends with the story
		err = errors.Join(err, d.close())
	}()
	if err := d.open(ctx); err != nil {
		return err
	}
	return d.tell(ctx)
}

// makeDir makes the folder of the story, which has to be empty: it begins anew.
func (d *demo) makeDir() (clean func(), err error) {
	if d.cfg.Dir == "" {
		if d.cfg.Dir, err = os.MkdirTemp("", "wavegate-demo-"); err != nil {
			return nil, fmt.Errorf("make temporary folder: %w", err)
		}
		return func() { _ = os.RemoveAll(d.cfg.Dir) }, nil
	}
	if err := os.MkdirAll(d.cfg.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("make folder of the demo: %w", err)
	}
	entries, err := os.ReadDir(d.cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("read folder of the demo: %w", err)
	}
	if len(entries) > 0 {
		return nil, fmt.Errorf("%s is not empty: the story begins anew each time, so name a new folder", d.cfg.Dir)
	}
	return func() {}, nil
}

// open makes everything that takes part.
func (d *demo) open(ctx context.Context) error {
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
	if d.files, err = example(pinned(members)); err != nil {
		return err
	}
	if d.hub, err = openHub(d.cfg.Dir, d.cfg.Listen, d.clock.Now, d.files[readMe]); err != nil {
		return err
	}
	if d.ledger, err = sqlite.Open(ctx, sqlite.Config{Path: filepath.Join(d.cfg.Dir, "ledger.db")}); err != nil {
		return fmt.Errorf("open ledger: %w", err)
	}
	if d.cfg.Live {
		d.screen = newLive(d.cfg)
	} else {
		d.screen = &plain{out: d.cfg.Out, paint: d.cfg.Paint}
	}
	return d.wire()
}

// wire introduces the parts to each other as `wavegate run` does. Only the clock
// and who turns the wheel are the story's own.
func (d *demo) wire() error {
	source, err := gitsource.New(gitsource.Config{
		URL: d.hub.server.URL + "/" + repository + ".git", Branch: mainBranch, AllowHTTP: true, Token: d.hub.gitToken,
	})
	if err != nil {
		return err
	}
	approver, err := github.NewApprover(github.ApproverConfig{Client: d.hub.client, Branch: mainBranch})
	if err != nil {
		return err
	}
	cfg := console.Config{
		Client: d.hub.client, Branch: mainBranch, Fleet: owner, Submit: d.ledger.Submit, Promotions: true, Tree: source.Tree,
		Poll: 10 * time.Minute, Hold: 4 * time.Minute, Now: d.clock.Now,
	}
	if d.cfg.Preview != nil {
		cfg.Preview = d.cfg.Preview(d.hub.client, source, func() *reconciler.Reconciler { return d.reconciler })
	}
	if d.console, err = console.New(cfg); err != nil {
		return err
	}
	d.reconciler, err = reconciler.New(reconciler.Config{
		Source: source, Loader: fleet.NewLoader(fleet.LoaderConfig{}), Approver: approver,
		DataPlanes: reconciler.These(d.fleet.DataPlanes()...), Monitors: d.fleet, Ledger: d.ledger,
		Reporters: []reconciler.Reporter{d.console}, Now: d.clock.Now,
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
	if d.looking != nil {
		<-d.looking
	}
	if d.screen != nil {
		d.screen.close()
	}
	if d.ledger != nil {
		errs = append(errs, d.ledger.Close())
	}
	if d.fleet != nil {
		errs = append(errs, d.fleet.Close())
	}
	if d.hub != nil {
		errs = append(errs, d.hub.close())
	}
	return errors.Join(errs...)
}

// tell plays the scenes one after the other.
func (d *demo) tell(ctx context.Context) error {
	d.screen.open(d.hub.address())
	for _, s := range d.scenes() {
		if err := d.settle(ctx); err != nil {
			return err
		}
		if err := s.begin(ctx); err != nil {
			return err
		}
		for !s.over() {
			if err := d.step(ctx); err != nil {
				return err
			}
		}
	}
	return d.end(ctx)
}

// step lets time pass, runs one cycle and lets Wavegate look at GitHub.
func (d *demo) step(ctx context.Context) error {
	if err := d.wait(ctx); err != nil {
		return err
	}
	d.clock.advance(d.pace())
	halted := d.halted()
	c, err := d.reconciler.RunOnce(ctx)
	if err != nil {
		return err
	}
	d.cycle = c
	for i := range c.Events {
		switch e := &c.Events[i]; e.Kind {
		case plan.Resumed:
			delete(halted, e.Release)
		case plan.ClusterStepped:
			d.touched++
			if halted[e.Release] {
				d.strayed++
			}
		case plan.DriftFound:
			d.since[e.Cluster] = e.At
		default:
		}
	}
	d.look(ctx)
	d.screen.show(d.view(), c)
	return nil
}

// halted are the releases that were paused when the last cycle ended.
func (d *demo) halted() map[string]bool {
	out := map[string]bool{}
	if d.cycle != nil {
		for id, r := range d.cycle.State.Releases {
			out[id] = r.Paused != nil
		}
	}
	return out
}

// wait lets a picture stand, and then until Wavegate has looked at GitHub.
func (d *demo) wait(ctx context.Context) error {
	if d.cfg.Speed > 0 || d.over {
		stand := time.Second
		if !d.over {
			stand = time.Duration(float64(frame) / d.cfg.Speed)
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Until(d.drawn.Add(stand))): // the work in between counts
		}
	}
	if err := d.settle(ctx); err != nil {
		return err
	}
	d.drawn = time.Now()
	return nil
}

// settle waits until Wavegate has looked at GitHub. The picture is drawn anew
// meanwhile: a slow look stops nothing but the story's clock.
func (d *demo) settle(ctx context.Context) error {
	for d.looking != nil && ctx.Err() == nil {
		select {
		case l := <-d.looking:
			d.looking, d.posts = nil, l.posts
			if l.err != nil {
				return l.err
			}
			d.screen.told(d.clock.Now(), d.posts)
		case <-ctx.Done():
		case <-time.After(frame):
			d.screen.again()
		}
	}
	return ctx.Err()
}

// looked is what a look at GitHub has found.
type looked struct {
	posts []post
	err   error
}

// look lets Wavegate look at GitHub while the picture stands.
func (d *demo) look(ctx context.Context) {
	d.looking = make(chan looked, 1)
	go func(out chan<- looked, l looked) {
		if d.console.Look(ctx) || l.posts == nil {
			l.posts, l.err = d.hub.posts()
		}
		l.err = errors.Join(l.err, d.hub.sound())
		out <- l
	}(d.looking, looked{posts: d.posts})
}

// pace is how much time passes until the next picture: half a minute while
// replicas restart, up to an hour while nothing but time has to pass.
func (d *demo) pace() time.Duration {
	const busy, idle = 30 * time.Second, time.Hour
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
	return report.Input{Now: c.At, Plan: c.Plan, State: c.State, Fleet: c.Fleet, FleetName: owner, Problems: c.Problems}
}

func (d *demo) view() view { return view{Input: d.input(), on: d.post(d.on)} }

// end closes the story, with the pull requests and the drift report.
func (d *demo) end(ctx context.Context) error {
	if err := d.settle(ctx); err != nil {
		return err
	}
	d.over, d.slow, d.on = true, true, 0
	d.screen.finish(d.view(), d.epilogue())
	for d.cfg.Keep {
		if err := d.step(ctx); err != nil {
			if ctx.Err() != nil {
				break // that is how it ends
			}
			return err
		}
	}
	return nil
}

// epilogue is what is left to say when the story is told.
func (d *demo) epilogue() string {
	in := d.input()
	drift := report.NewDrift(in, func(cluster string) time.Time { return d.since[cluster] }).Text(d.cfg.Paint)
	look := ""
	switch {
	case !d.cfg.Keep:
		look = "Look at them in a browser with: wavegate demo --keep-running\n"
	case !d.cfg.Live: // a terminal shows this when the pages are gone
		look = "Look at them in a browser until Ctrl-C: " + d.hub.address() + "\n"
	}
	width := 0
	if d.cfg.Live {
		width, _ = d.cfg.Size()
	}
	return fmt.Sprintf("\n%s\nPull requests and issues\n%s%s\n"+
		"In %s of the fleet's time %d replicas restarted, one by one, %s of them after a halt.\n"+
		"Make a fleet repository of your own with: wavegate init my-fleet\n",
		drift, listing(d.posts, width, d.cfg.Paint), look, days(in.Now.Sub(start)), d.touched, number(d.strayed))
}

func number(n int) string {
	if n == 0 {
		return "none"
	}
	return strconv.Itoa(n)
}

func days(d time.Duration) string {
	n, hours := int(d/(24*time.Hour)), int(d/time.Hour)%24
	if hours == 0 {
		return fmt.Sprintf("%d days", n)
	}
	return fmt.Sprintf("%d days and %d hours", n, hours)
}
