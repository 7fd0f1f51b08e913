package reconciler

import (
	"context"
	"maps"
	"slices"

	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// journal writes down how the decisions about clusters have changed: what makes
// `explain` of a moment in the past possible. It is history only; failing to
// write it stops nothing.
func (r *Reconciler) journal(ctx context.Context, c *Cycle) {
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
