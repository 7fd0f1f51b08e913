package plan

import (
	"fmt"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// monitorOf returns the monitor of a product, or nil. An alert of another product
// on the same cluster is not its business.
func monitorOf(p *fleet.Product, monitor string) *fleet.Monitor {
	for i := range p.Spec.Monitors {
		if p.Spec.Monitors[i].Name == monitor {
			return &p.Spec.Monitors[i]
		}
	}
	return nil
}

// underTest reports whether what happens to a member counts for or against the
// new version: from its start until its wave has soaked.
func underTest(v *view, m *Member) bool {
	switch m.Status {
	case Running:
		return true
	case Finished:
		return !m.StartedAt.IsZero() && v.rollout.Waves[m.Wave].SoakedAt.IsZero()
	default:
		return false
	}
}

func (c *cycle) planeOf(r Row) string { return c.in.Fleet.strings.values[c.in.Fleet.col.plane[r]] }

// releaseEvents pauses releases whose budget is spent and completes those that
// have gone through all cohorts.
func (c *cycle) releaseEvents() {
	charged := map[string]bool{}
	for _, e := range c.plan.Events {
		if e.Kind == ClusterFailed {
			charged[e.Release] = true
		}
	}
	for _, r := range c.in.State.sortedReleases() {
		if charged[r.ID] {
			continue // decided again with the failure in the state
		}
		if r.Paused == nil && c.overBudget(r) {
			e := Event{At: c.in.Now, Kind: Paused, Release: r.ID, Product: r.Product, To: r.Version, Gate: BudgetSpent.String()}
			e.Reason = c.budgetReason(r)
			c.emit(e)
		}
		if r.CompletedAt.IsZero() && c.completed(r) {
			c.emit(Event{At: c.in.Now, Kind: ReleaseCompleted, Release: r.ID, Product: r.Product, To: r.Version, Commit: r.Commit})
		}
	}
}

func (c *cycle) budgetReason(r *Release) string {
	failed, allowed := c.lateFailures(r, nil)
	if failed <= allowed {
		failed = len(r.Failures)
		allowed, _ = c.allowance(r)
	}
	last := r.Failures[len(r.Failures)-1]
	return fmt.Sprintf("%s failed: %s; %s failed, %d allowed",
		last.Cluster, last.Reason, plural(failed, "cluster has", "clusters have"), allowed)
}

// completed reports whether a release has gone through every cohort that runs
// its product.
func (c *cycle) completed(r *Release) bool {
	found := false
	for _, v := range c.memo.views {
		if v.key.Product != r.Product {
			continue
		}
		if v.target == nil || v.target.Version != r.Version {
			return false
		}
		if v.target.Release == r.ID {
			if v.rollout == nil || v.rollout.Release != r.ID || v.rollout.FinishedAt.IsZero() {
				return false
			}
			found = true
		}
	}
	return found
}
