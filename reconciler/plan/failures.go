package plan

import (
	"fmt"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// alertEvents charges alerts to the upgrade of the cluster on which they fire:
// those that were quiet before its start, until its wave has soaked. What fires
// just as much on clusters that were not touched is the environment's fault.
func (c *cycle) alertEvents(v *view) {
	if len(c.memo.alerts) == 0 {
		return
	}
	charged := map[string]bool{}
	for i := range c.memo.alerts {
		a := &c.memo.alerts[i]
		r := c.in.Fleet.rows[a.Cluster]
		if c.memo.viewOf(r) != v || c.memo.pos[r] < 0 || charged[a.Cluster] || a.Product != v.key.Product || monitorOf(v.product, a.Monitor) == nil {
			continue
		}
		member := &v.rollout.Members[c.memo.pos[r]]
		if !underTest(v, member) || (!a.Since.IsZero() && a.Since.Before(member.StartedAt)) {
			continue
		}
		if touched, all, others, rest := c.control(v, r, a.Monitor); others >= 2 && others*all >= touched*rest {
			c.plan.Notes = append(c.plan.Notes, fmt.Sprintf(
				"%s fires on %d of %d untouched and on %d of %d touched clusters of %s in %s: not charged to %s",
				a.Monitor, others, rest, touched, all, v.key.Product, c.planeOf(r), v.rollout.Release))
			continue
		}
		charged[a.Cluster] = true
		e := c.memberEvent(v, member, ClusterFailed)
		e.Gate = a.Monitor
		e.Reason = "monitor " + a.Monitor + " fires"
		if !a.Since.IsZero() {
			e.Reason += " since " + clock(a.Since)
		}
		c.emit(e)
	}
}

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

// control compares the clusters of a product that share a data plane with r:
// on how many of those touched by the release does the monitor fire, and on how
// many of the others.
func (c *cycle) control(v *view, r Row, monitor string) (firing, all, othersFiring, others int) {
	plane := c.in.Fleet.col.plane[r]
	for _, w := range c.memo.views {
		if w.key.Product != v.key.Product {
			continue
		}
		for _, row := range w.rows {
			if c.in.Fleet.col.plane[row] != plane || !c.in.Fleet.known(row) {
				continue
			}
			member := c.memo.member(row)
			fires := false
			for _, a := range c.memo.alertOf[row] {
				fires = fires || c.memo.alerts[a].Monitor == monitor
			}
			switch {
			case member != nil && underTest(w, member):
				all++
				if fires {
					firing++
				}
			case member == nil || member.Status == Pending:
				others++
				if fires {
					othersFiring++
				}
			}
		}
	}
	return firing, all, othersFiring, others
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
	failed, allowed := c.lateFailures(r)
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
