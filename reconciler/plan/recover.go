package plan

import (
	"maps"
	"slices"
	"time"
)

// seePlanes records the data planes that are observed for the first time. In
// the same cycle their marks are read, because a ledger that knows nothing of a
// data plane may have lost what it knew. While nothing is in force nobody could
// tell what the marks are about, so none counts as seen.
func (c *cycle) seePlanes() {
	if c.in.State.InForce.Commit == "" {
		return
	}
	for _, name := range c.in.DataPlanes {
		if _, seen := c.in.State.Seen[name]; seen {
			continue
		}
		if asOf, lost := c.in.Fleet.Plane(name); lost == "" && !asOf.IsZero() {
			c.emit(Event{At: c.in.Now, Kind: DataPlaneSeen, DataPlane: name})
		}
	}
}

// recoverMarks reads from the clusters what the ledger does not know: which
// commit a target came from, and which releases are paused. It is how work goes
// on after the ledger was lost; soaks begin anew, pauses stay.
func (c *cycle) recoverMarks() {
	if c.in.State.InForce.Commit == "" || len(c.plan.Events) == 0 {
		return // nothing is in force, or no data plane is seen for the first time
	}
	newest := map[TargetKey]Mark{}
	pausedAll := ""
	pauses := map[string]Event{}
	for _, v := range c.memo.views {
		for _, r := range v.rows {
			inv := c.in.Fleet
			if inv.col.mark[r] == 0 || !inv.known(r) {
				continue
			}
			if _, seen := c.in.State.Seen[c.planeOf(r)]; seen {
				continue
			}
			mark := inv.Mark(r)
			c.recoverTarget(v, mark, newest)
			pausedAll = max(pausedAll, mark.AllPaused)
			switch {
			case mark.Paused == "" || mark.Release == "":
			case pauses[mark.Release].Kind != "" && pauses[mark.Release].Cluster < inv.names[r]:
			case c.in.State.Releases[mark.Release] == nil || c.in.State.Releases[mark.Release].Paused == nil:
				pauses[mark.Release] = Event{
					At: c.in.Now, Kind: Paused, Release: mark.Release, Product: v.key.Product, Cluster: inv.names[r],
					To: mark.Version, Commit: mark.Commit, Reason: mark.Paused + " (found on the cluster)", Adopted: true,
				}
			}
		}
	}
	for _, key := range slices.SortedFunc(maps.Keys(newest), compareKeys) {
		mark := newest[key]
		c.emit(Event{
			At: c.in.Now, Kind: TargetSet, Product: key.Product, Cohort: key.Cohort, To: mark.Version,
			Commit: mark.Commit, Release: mark.Release, Reason: "found on the clusters", Adopted: true,
			Emergency: c.in.State.Targets[key].Emergency,
		})
	}
	for _, id := range slices.Sorted(maps.Keys(pauses)) {
		c.emit(pauses[id])
	}
	if pausedAll != "" && c.in.State.Paused == nil {
		c.emit(Event{At: c.in.Now, Kind: Paused, Reason: pausedAll + " (found on the clusters)", Adopted: true})
	}
}

// refind takes up the pauses and failures on clusters that are newer than what the
// ledger knows to have been resumed or retried: it is an older copy of the one that
// recorded them. It reports whether there are any.
func (c *cycle) refind() bool {
	if c.in.State.InForce.Commit == "" || len(c.plan.Events) > 0 {
		return false
	}
	s, found := c.in.State, map[string]bool{}
	for _, r := range slices.SortedFunc(maps.Keys(c.memo.noted), c.byName) {
		v := c.memo.viewOf(r)
		if v == nil || !c.in.Fleet.known(r) {
			continue
		}
		mark := c.in.Fleet.Mark(r)
		rel := s.Releases[mark.Release]
		if mark.Paused != "" && mark.Release != "" && !found[mark.Release] && (rel == nil || rel.Paused == nil) && mark.PausedAt.After(resumedAt(rel)) {
			found[mark.Release] = true
			c.emit(Event{
				At: c.in.Now, Kind: Paused, Release: mark.Release, Product: v.key.Product, Cluster: c.in.Fleet.names[r],
				To: mark.Version, Commit: mark.Commit, Reason: mark.Paused + " (found on the cluster)",
			})
		}
		if mark.AllPaused != "" && !found[""] && s.Paused == nil && mark.AllPausedAt.After(s.ResumedAt) {
			found[""] = true
			c.emit(Event{At: c.in.Now, Kind: Paused, Reason: mark.AllPaused + " (found on the clusters)"})
		}
		if member := c.memo.member(r); member != nil && (member.Status == Running || member.Status == Finished) && mark.FailedAt.After(member.StartedAt) {
			c.adoptFailure(v, r, member)
		}
	}
	return len(c.plan.Events) > 0
}

func resumedAt(r *Release) time.Time {
	if r == nil {
		return time.Time{}
	}
	return r.ResumedAt
}

// recoverTarget takes a baseline for what a mark says it is: the target of a
// commit that was on its way when the ledger was lost.
func (c *cycle) recoverTarget(v *view, mark Mark, newest map[TargetKey]Mark) {
	t := v.target
	if t == nil || !t.Baseline || mark.Release == "" || mark.Commit == "" || mark.Cohort != v.key.Cohort || mark.Version != t.Version {
		return
	}
	if best, ok := newest[v.key]; !ok || mark.StartedAt.After(best.StartedAt) ||
		(mark.StartedAt.Equal(best.StartedAt) && mark.Release > best.Release) {
		newest[v.key] = mark
	}
}

// adoptFailure charges a failure that only the cluster remembers.
func (c *cycle) adoptFailure(v *view, r Row, member *Member) {
	if mark := c.in.Fleet.Mark(r); mark.Failed != "" && mark.Release == v.rollout.Release {
		failed := mark.Failed
		e := c.memberEvent(v, member, ClusterFailed)
		e.Reason, e.Adopted = failed, true
		c.emit(e)
	}
}
