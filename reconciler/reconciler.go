package reconciler

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// Config wires a [Reconciler]. Source, Loader, Approver, DataPlanes, Monitors, Ledger
// and Now are required.
type Config struct {
	Source   Source
	Loader   Loader
	Approver Approver
	// DataPlanes returns those there are now. It is asked once in each cycle, and
	// may return others than before: the clusters of one that is gone are
	// forgotten, and nothing moves until a new one has been seen.
	DataPlanes func() []DataPlane
	Monitors   Monitors
	// Metrics are for orders and thresholds by metric; without it they are all
	// unknown.
	Metrics   Metrics
	Ledger    Ledger
	Reporters []Reporter
	// Brake pauses everything when nothing else works; there is none without it.
	Brake Brake

	// FirstCommit is the commit with which to begin while the ledger knows none: it
	// needs no approval, because whoever runs the service names it. Those after it
	// are judged as ever. Without it, the head of the branch is the first one, and
	// has to be approved.
	FirstCommit string

	// Now is the clock. It decides about windows and soaks.
	Now func() time.Time
	// Interval is the time between two cycles; 15s without it.
	Interval time.Duration
	// MaxGap is how long a gap between two cycles may be for the time to count
	// as watched; four intervals without it.
	MaxGap time.Duration
	// FetchPatience is how long a cycle waits for git before it goes on with
	// what is in force; 5s without it. The fetch itself goes on.
	FetchPatience time.Duration
	// FetchInterval is how often git is looked at; every cycle without it. Wake
	// makes the next cycle look at once.
	FetchInterval time.Duration
	// ObserveTimeout is how long a data plane may take to answer; 10s without
	// it. One that takes longer counts as out of reach.
	ObserveTimeout time.Duration
	// Parallel is how many actions run at once in each data plane; 8 without it.
	Parallel int
	// DryRun decides and reports, but records and touches nothing.
	DryRun bool
	// Log receives what goes wrong; discarded without it.
	Log *slog.Logger
}

// Reconciler runs the loop. Run and RunOnce belong to one goroutine; View and
// LastPulse may be called by any.
type Reconciler struct {
	cfg       Config
	state     *plan.State
	inventory *plan.Inventory
	plan      *plan.Plan
	policy    *plan.Policy
	spec      *fleet.Spec
	proposed  *fleet.Spec // what the head of the branch says while nothing is in force
	policyOf  string      // the commit that policy was compiled from
	labels    []string    // that its rules read

	fetch    *fetch
	fetched  time.Time   // when the last fetch began
	poked    atomic.Bool // Wake asks for a fetch
	planes   map[string]*planeState
	present  []DataPlane   // those of this cycle
	monitors chan struct{} // one call at a time
	measures measures
	unsaved  []plan.Event
	blips    map[string]blip // by cluster
	pulls    []Pull          // whose pauses are among the unsaved events
	lastWall time.Time
	problems []string // of the cycle before
	cycles   int
	wake     chan struct{}
	nudge    chan struct{}
	hurry    chan struct{}
	alarm    chan struct{} // holds one that is not heard yet

	mirror mirror
	pulse  atomic.Pointer[Pulse]
}

// New returns a reconciler that has not run yet.
func New(cfg Config) (*Reconciler, error) {
	for name, missing := range map[string]bool{
		"Source": cfg.Source == nil, "Loader": cfg.Loader == nil, "Approver": cfg.Approver == nil, "Monitors": cfg.Monitors == nil,
		"Ledger": cfg.Ledger == nil, "Now": cfg.Now == nil, "DataPlanes": cfg.DataPlanes == nil,
	} {
		if missing {
			return nil, fmt.Errorf("configure reconciler: %s is missing", name)
		}
	}
	cfg.Interval = orDefault(cfg.Interval, 15*time.Second)
	cfg.MaxGap = orDefault(cfg.MaxGap, 4*cfg.Interval)
	cfg.FetchPatience = orDefault(cfg.FetchPatience, 5*time.Second)
	cfg.ObserveTimeout = orDefault(cfg.ObserveTimeout, 10*time.Second)
	cfg.Parallel = orDefault(cfg.Parallel, 8)
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Reconciler{
		cfg: cfg, inventory: plan.NewInventory(), planes: map[string]*planeState{},
		measures: measures{last: map[fleet.Metric]*measured{}}, blips: map[string]blip{},
		monitors: make(chan struct{}, 1), wake: make(chan struct{}, 1), nudge: make(chan struct{}, 1),
		hurry: make(chan struct{}, 1), alarm: make(chan struct{}, 1),
	}, nil
}

func orDefault[T int | time.Duration](v, def T) T {
	if v <= 0 {
		return def
	}
	return v
}

// Wake asks for the next cycle now, and for a look at git in it. It never blocks;
// a lost wake-up costs nothing but time.
func (r *Reconciler) Wake() {
	r.poked.Store(true)
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Look asks for the next cycle soon, because something in a data plane has
// changed. Unlike Wake it does not look at git, and cycles that it asks for keep a
// tenth of the interval apart, however much changes.
func (r *Reconciler) Look() {
	select {
	case r.nudge <- struct{}{}:
	default:
	}
}

// Hurry asks for the next cycle at once, because the brake was pulled or somebody
// has given a command. A cycle that waits for git waits no longer. It never blocks.
func (r *Reconciler) Hurry() {
	select {
	case r.hurry <- struct{}{}:
	default:
	}
}

// Run cycles until the context ends. Errors of a cycle are logged and end
// nothing; only a ledger that cannot be read is fatal, because nobody knows what
// is paused.
func (r *Reconciler) Run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	var calm <-chan time.Time
	for r.next(ctx, timer.C, &calm) {
		c, err := r.RunOnce(ctx)
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		timer.Reset(r.pause(c))
	}
	return nil
}

// shortly is how soon a cycle may follow another.
func (r *Reconciler) shortly() time.Duration {
	return min(r.cfg.Interval, max(50*time.Millisecond, r.cfg.Interval/10))
}

// pause is how long to wait before the next cycle: not long after one that did
// something, because its effect is about to be seen.
func (r *Reconciler) pause(c *Cycle) time.Duration {
	if len(c.Acted) > 0 {
		return r.shortly()
	}
	return r.cfg.Interval
}

// RunOnce is one pass of the loop:
//
//	fetch -> load -> observe -> decide -> record -> act -> report
//
// Every step that talks to the world may fail; what then is not known blocks
// what depends on it, and the rest goes on. It returns an error only when the
// ledger has never been read.
func (r *Reconciler) RunOnce(ctx context.Context) (*Cycle, error) {
	if err := r.remember(ctx); err != nil {
		return nil, err
	}
	c := r.begin()
	r.brake(c)
	r.gather(c)
	r.admit(ctx, c)
	r.measure(ctx, c)
	r.observe(ctx, c)
	r.brake(c)
	r.obey(ctx, c)
	r.decide(ctx, c)
	r.act(ctx, c)
	r.journal(ctx, c)
	r.report(ctx, c)
	r.mirror.show(c, r.policy)
	r.pulse.Store(&Pulse{Number: c.Number, At: c.At, Took: c.Took})
	return c, nil
}

// View lets one look at the last finished cycle, also while another one runs. What
// it points to may be read until look returns. It returns false when no cycle has
// finished yet.
func (r *Reconciler) View(look func(*Cycle)) bool { return r.mirror.look(look) }

// Pulse is a sign of life.
type Pulse struct {
	Number int
	At     time.Time
	Took   time.Duration
}

// LastPulse returns that of the last finished cycle, at once, and false when there
// was none yet.
func (r *Reconciler) LastPulse() (Pulse, bool) {
	if p := r.pulse.Load(); p != nil {
		return *p, true
	}
	return Pulse{}, false
}

// remember reads the ledger, once.
func (r *Reconciler) remember(ctx context.Context) error {
	if r.state != nil {
		return nil
	}
	state, err := r.cfg.Ledger.Load(ctx)
	if err != nil {
		return fmt.Errorf("load ledger: %w", err)
	}
	r.state = state
	r.mirror.in.State, r.mirror.in.Fleet = state.Clone(), plan.NewInventory()
	return nil
}

// begin reads the clock. Time that the wall clock and the monotonic one measure
// differently is no time that anybody watched.
func (r *Reconciler) begin() *Cycle {
	now := r.cfg.Now()
	r.cycles++
	c := &Cycle{Number: r.cycles, At: now.Round(0).UTC(), DryRun: r.cfg.DryRun}
	if !r.lastWall.IsZero() {
		elapsed, wall := now.Sub(r.lastWall), now.Round(0).Sub(r.lastWall.Round(0))
		c.clockJumped = (elapsed-wall).Abs() > time.Minute || wall < 0
		if !c.clockJumped && elapsed <= r.cfg.MaxGap {
			c.watched = elapsed
		}
	}
	r.lastWall = now
	return c
}

// obey turns what operators asked for into events.
func (r *Reconciler) obey(ctx context.Context, c *Cycle) {
	if r.cfg.DryRun {
		return
	}
	commands, err := r.cfg.Ledger.Commands(ctx)
	if err != nil {
		c.problem("read commands", err)
		return
	}
	if len(commands) == 0 {
		return
	}
	commands, braked := r.refuseResumes(commands)
	events, refused := plan.Obey(r.state, r.inventory, r.plan, commands)
	for _, e := range braked {
		refused[e.Command] = e.Reason
	}
	events = append(events, braked...)
	for i := range events {
		events[i].At = c.At
	}
	r.take(c, events)
	c.Refused = refused
	if r.save(ctx, c) {
		ids := make([]int64, 0, len(commands)+len(braked))
		for _, cmd := range commands {
			ids = append(ids, cmd.ID)
		}
		for _, e := range braked {
			ids = append(ids, e.Command)
		}
		if err := r.cfg.Ledger.Done(ctx, ids); err != nil {
			c.problem("finish commands", err)
		}
	}
}

// take folds events into the state and remembers that they are to be saved.
func (r *Reconciler) take(c *Cycle, events []plan.Event) {
	for _, e := range events {
		r.state.Apply(e)
	}
	r.unsaved = append(r.unsaved, events...)
	c.Events = append(c.Events, events...)
}

// save makes all events durable. While it cannot, nothing is touched.
func (r *Reconciler) save(ctx context.Context, c *Cycle) bool {
	if len(r.unsaved) == 0 || r.cfg.DryRun {
		return true
	}
	if err := r.cfg.Ledger.Record(ctx, r.unsaved); err != nil {
		c.problem("record events", err)
		return false
	}
	r.unsaved = nil
	r.latch()
	return true
}

// decide goes on until no more facts follow from what was observed.
func (r *Reconciler) decide(ctx context.Context, c *Cycle) {
	for range maxDecisions {
		in := plan.Input{
			Now: c.At, Watched: c.watched, ClockJumped: c.clockJumped, Policy: r.policy, Fleet: r.inventory,
			State: r.state, Signals: c.signals, Metrics: c.Metrics, DataPlanes: r.planeNames(),
		}
		if r.plan == nil {
			r.plan = plan.Decide(in)
		} else {
			r.plan = r.plan.Next(in)
		}
		c.changes(r.plan.Changes())
		if len(r.plan.Events) == 0 {
			break
		}
		r.take(c, r.plan.Events)
	}
	if len(r.plan.Events) > 0 {
		c.problem("decide", errors.New("facts do not come to rest; nothing is touched in this cycle"))
	}
	r.save(ctx, c)
	c.decided = len(c.Events)
	c.Plan, c.State, c.Fleet, c.Spec, c.Signals = r.plan, r.state, r.inventory, r.spec, c.signals
	c.DataPlanes = r.planeNames()
}

// maxDecisions bounds the passes of one cycle. A release takes a handful: a
// wave finishes, it has soaked, the next one opens.
const maxDecisions = 1000

func (r *Reconciler) planeNames() []string {
	names := make([]string, len(r.present))
	for i, d := range r.present {
		names[i] = d.Name()
	}
	return names
}

// logProblems logs what is new, and what is over: a problem that lasts is one
// line, not one for each cycle.
func (r *Reconciler) logProblems(c *Cycle) {
	for _, p := range c.Problems {
		if !slices.Contains(r.problems, p) {
			r.cfg.Log.Warn("problem", "problem", p)
		}
	}
	for _, p := range r.problems {
		if !slices.Contains(c.Problems, p) {
			r.cfg.Log.Info("problem is over", "problem", p)
		}
	}
	r.problems = c.Problems
}

// report tells people. Whoever cannot be told does not delay anything: each
// reporter has its own time limit, and the next cycle tells again.
func (r *Reconciler) report(ctx context.Context, c *Cycle) {
	c.Took = r.cfg.Now().Sub(r.lastWall)
	for _, rep := range r.cfg.Reporters {
		rctx, cancel := context.WithTimeout(ctx, r.cfg.ObserveTimeout)
		if err := rep.Report(rctx, c); err != nil {
			r.cfg.Log.Error("report failed", "error", err)
		}
		cancel()
	}
	r.logProblems(c)
}
