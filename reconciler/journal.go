package reconciler

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// journal writes down how the decisions about clusters have changed: what makes
// `explain` of a moment in the past possible. It is history only; failing to
// write it stops nothing.
func (r *Reconciler) journal(ctx context.Context, c *Cycle) {
	r.calm(c)
	var events []plan.Event
	for _, name := range slices.Sorted(maps.Keys(c.changed)) {
		events = append(events, r.historyOf(c, c.changed[name])...)
	}
	if len(events) == 0 {
		return
	}
	c.Events = append(c.Events, events...)
	if r.cfg.DryRun || len(r.unsaved) > 0 {
		return
	}
	if err := r.cfg.Ledger.Record(ctx, events); err != nil {
		c.problem("record history", err)
	}
}

// blip is a decision that only says that something could not be seen just now.
type blip struct {
	since time.Time
	old   plan.Decision // the one before
}

// calm keeps blips out of the history. A data plane or a monitor that does not
// answer once changes the decisions about all its clusters, and changes them back
// in the next cycle: that is said when it has lasted for an interval, and not at
// all when it has not.
func (r *Reconciler) calm(c *Cycle) {
	for name, ch := range c.changed {
		b, was := r.blips[name]
		if was {
			ch.Old = b.old
		}
		if unseen(r.decisionOf(name)) {
			if !was {
				r.blips[name] = blip{c.At, ch.Old}
			}
			delete(c.changed, name)
			continue
		}
		delete(r.blips, name)
		c.changed[name] = ch
	}
	for name, b := range r.blips {
		if age := c.At.Sub(b.since); age < 0 || age >= r.cfg.Interval {
			delete(r.blips, name)
			c.changes([]plan.Change{{Cluster: name, Old: b.old}})
		}
	}
}

// unseen reports whether a decision says no more than that something cannot be
// seen now.
func unseen(d plan.Decision) bool {
	return d.Reason == plan.NotObserved || d.Reason == plan.MonitorBlind || d.Reason == plan.ClockJumped
}

func (r *Reconciler) decisionOf(cluster string) plan.Decision {
	if row, ok := r.inventory.Find(cluster); ok {
		return r.plan.Decision(row)
	}
	return plan.Decision{}
}

func (r *Reconciler) historyOf(c *Cycle, ch plan.Change) []plan.Event {
	row, ok := r.inventory.Find(ch.Cluster)
	if !ok {
		return nil
	}
	d := r.plan.Decision(row)
	cluster := r.inventory.Cluster(row)
	e := plan.Event{
		At: c.At, Cluster: ch.Cluster, Product: cluster.Product, Cohort: r.plan.Cohort(row),
		DataPlane: cluster.DataPlane, From: cluster.Version, To: cluster.Target, Commit: r.state.InForce.Commit,
		Gate: d.Reason.String(), Reason: r.plan.Reason(row), Verdict: d.Verdict.String(),
	}
	if d.Reason == plan.AlertFires {
		if evidence := r.plan.Evidence(row); len(evidence) > 0 {
			e.Evidence = evidence[0]
		}
	}
	var out []plan.Event
	if d.Verdict != ch.Old.Verdict || d.Reason != ch.Old.Reason {
		quiet := d.Verdict == plan.Current && ch.Old == plan.Decision{}
		routine := d.Verdict == plan.Rolling && ch.Old.Verdict == plan.Rolling
		if !quiet && !routine {
			e.Kind = plan.Decided
			out = append(out, e)
		}
	}
	if d.Drift != ch.Old.Drift {
		e.Kind, e.Gate = plan.DriftFound, d.Drift.String()
		if d.Drift == plan.NoDrift {
			e.Kind, e.Gate = plan.DriftGone, ch.Old.Drift.String()
		}
		out = append(out, e)
	}
	return out
}
