package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/wavegate-dev/wavegate/internal/sqlite"
	"github.com/wavegate-dev/wavegate/internal/web"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// drill is one that runs. It looks at the service from outside: at its journal and
// at what it shows.
type drill struct {
	dir         stateDir
	store       *sqlite.Store
	name        string
	release, by string
	before      *web.Snapshot
	flying      map[string]plan.Cluster // when it began
	patience    time.Duration
	now         func() time.Time

	head       uint64 // of the journal when it began
	began      time.Time
	measured   plan.DrillResult
	record     plan.Event
	notResumed string // why, when the pause was not lifted
}

// run halts, measures, writes down and resumes. Whenever it ends early, what it has
// paused stays paused, and its error says so.
func (d *drill) run(ctx context.Context) error {
	head, err := d.store.Head(ctx)
	if err != nil {
		return err
	}
	d.head, d.began = head.Seq, d.now()
	reason := fmt.Sprintf("drill %s of %s; when it does not resume by itself: %s", d.name, d.by, resumeLine(d.release))
	if err := d.submit(ctx, plan.Command{Kind: plan.CommandPause, Reason: reason}); err != nil {
		return fmt.Errorf("drill: %w", err)
	}
	paused, err := d.answer(ctx, plan.Paused)
	switch {
	case errors.Is(err, errRefused):
		return fmt.Errorf("drill: nothing was halted: %w", err)
	case err != nil:
		return d.left(err)
	}
	d.measured.Recorded = d.now().Sub(d.began)
	if err := d.standstill(ctx, paused); err != nil {
		return d.left(err)
	}
	if err := d.count(ctx); err != nil {
		return d.left(err)
	}
	if err := d.submit(ctx, plan.Command{Kind: plan.CommandDrill, Measured: &d.measured}); err != nil {
		return d.left(err)
	}
	if d.record, err = d.answer(ctx, plan.DrillRecorded); err != nil {
		return d.left(err)
	}
	if err := d.submit(ctx, plan.Command{Kind: plan.CommandResume}); err != nil {
		return d.left(err)
	}
	_, err = d.answer(ctx, plan.Resumed)
	if errors.Is(err, errRefused) {
		d.notResumed = err.Error()
		return nil
	}
	if err != nil {
		return d.left(err)
	}
	return nil
}

// left says what an early end leaves behind.
func (d *drill) left(err error) error {
	why := err.Error()
	if errors.Is(err, context.Canceled) {
		why = "interrupted"
	}
	return fmt.Errorf("drill: %s; %s may still be paused by it: look with `wavegate status`, and go on with `%s`", why, object(d.release), resumeLine(d.release))
}

func (d *drill) submit(ctx context.Context, cmd plan.Command) error {
	cmd.At, cmd.Release, cmd.By, cmd.Via, cmd.Drill = d.now().UTC(), d.release, d.by, plan.ViaCLI, d.name
	if _, err := d.store.Submit(ctx, cmd); err != nil {
		return err
	}
	_ = web.Hurry(ctx, d.dir.socket()) // the next cycle takes it up anyway
	return nil
}

var errRefused = errors.New("refused")

// answer waits for the journal to say what became of the newest command.
func (d *drill) answer(ctx context.Context, want plan.EventKind) (plan.Event, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, d.patience, errors.New("the service has not answered in time"))
	defer cancel()
	for {
		f := sqlite.Filter{After: d.head, Kinds: []plan.EventKind{want, plan.CommandRefused}}
		for e, err := range d.store.Events(ctx, f) {
			if err != nil {
				return plan.Event{}, cause(ctx, err)
			}
			switch {
			case e.Drill != d.name:
			case e.Kind == want:
				return e, nil
			default:
				return plan.Event{}, fmt.Errorf("%w: %s", errRefused, e.Reason)
			}
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return plan.Event{}, err
		}
	}
}

// standstill waits until a cycle that knows of the pause has ended, everything that
// rolls by itself is held, and a cycle after it has seen no change.
func (d *drill) standstill(ctx context.Context, paused plan.Event) error {
	wait, cancel := context.WithTimeout(ctx, d.patience)
	defer cancel()
	var still *web.Snapshot
	why := "no cycle has ended since"
	for {
		now, err := web.Fetch(wait, d.dir.socket())
		at := d.now().Sub(d.began)
		switch {
		case err != nil:
			why = err.Error()
			still = nil
		case now.At.Before(paused.At) || (still != nil && !now.At.After(still.At)):
		default:
			moving := stirs(still, now, d.release)
			switch {
			case moving != "":
				why, still = moving, nil
			case still == nil:
				still, d.measured.Still = now, at
			default:
				d.rolled(now)
				return nil
			}
		}
		_ = web.Hurry(wait, d.dir.socket())
		if err := pause(wait, 100*time.Millisecond); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			d.measured.Still, d.measured.Unfinished = 0, why
			return nil
		}
	}
}

// stirs says what moves, or may: a data plane out of sight, a workload that rolls
// by itself and is not held, one that was updated further since it stood still.
func stirs(still, now *web.Snapshot, release string) string {
	for _, p := range now.Planes {
		if p.Lost != "" {
			return "data plane " + p.Name + " is out of sight: " + p.Lost
		}
	}
	was := map[string]plan.Cluster{}
	if still != nil {
		was = flyingOf(still, release)
	}
	for name, c := range flyingOf(now, release) {
		if c.Ratchet {
			continue
		}
		before, seen := was[name]
		switch {
		case !c.Held:
			return name + " rolls by itself and is not held yet"
		case still != nil && (!seen || before.Updated != c.Updated):
			return name + " still replaces replicas"
		}
	}
	return ""
}

// rolled counts the replicas that workloads without a ratchet have replaced since
// the drill began. One that came to its end has replaced all of them.
func (d *drill) rolled(now *web.Snapshot) {
	for i := range now.Planes {
		for j := range now.Planes[i].Clusters {
			c := &now.Planes[i].Clusters[j]
			if before, ok := d.flying[c.Name]; ok && !c.Ratchet {
				d.measured.Touched += max(0, c.Updated-before.Updated)
			}
		}
	}
}

// count counts what was started and released after the command. A cycle that was
// under way then may have written its steps down before and taken them after; they
// count.
func (d *drill) count(ctx context.Context) error {
	f := sqlite.Filter{Kinds: []plan.EventKind{plan.ClusterStarted, plan.ClusterStepped}, Release: d.release, Since: d.before.At}
	for e, err := range d.store.Events(ctx, f) {
		switch {
		case err != nil:
			return err
		case e.Seq <= d.head && !e.At.After(d.before.At) || e.Adopted:
		case e.Kind == plan.ClusterStarted:
			d.measured.Started++
		default:
			d.measured.Touched++
		}
	}
	return nil
}

// flyingOf returns the clusters that are half way, of a release or of all.
func flyingOf(s *web.Snapshot, release string) map[string]plan.Cluster {
	out := map[string]plan.Cluster{}
	for i := range s.Planes {
		for _, c := range s.Planes[i].Clusters {
			if c.InFlight() && c.Mark.Release != "" && (release == "" || c.Mark.Release == release) {
				out[c.Name] = c
			}
		}
	}
	return out
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

func cause(ctx context.Context, err error) error {
	if c := context.Cause(ctx); c != nil {
		return c
	}
	return err
}
