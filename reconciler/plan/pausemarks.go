package plan

import (
	"maps"
	"slices"
)

// pauseMarks keeps the marks on the clusters true: a pause is written onto
// those that are in flight, or onto one cluster when none is, so that it is
// found again after the ledger was lost; a lifted one is taken off. Halting does
// not depend on these writes.
func (c *cycle) pauseMarks() {
	marked := map[*view]bool{}      // have a cluster that carries their release's pause
	carried := map[string]bool{}    // releases whose pause some cluster carries
	everything := map[string]bool{} // data planes with a cluster that carries the pause of everything
	for _, r := range slices.SortedFunc(maps.Keys(c.memo.noted), c.byName) {
		v := c.memo.viewOf(r)
		if v == nil || !c.in.Fleet.known(r) {
			continue
		}
		mark := c.in.Fleet.Mark(r)
		if mark.Paused != "" && v.target != nil && mark.Release == v.target.Release {
			marked[v] = true
		}
		if mark.Paused != "" {
			carried[mark.Release] = true
		}
		if mark.AllPaused != "" {
			everything[c.planeOf(r)] = true
		}
		c.liftMark(r, v, mark)
		c.tidy(r, v, mark)
	}
	for _, v := range c.memo.views {
		if v.rollout != nil && v.rollout.FinishedAt.IsZero() && (c.in.State.Paused != nil || (v.release != nil && v.release.Paused != nil)) {
			if c.markPaused(v, marked[v], everything) {
				carried[v.target.Release] = true
			}
		}
	}
	for _, release := range c.pausedReleases {
		if !carried[release.ID] {
			c.markResting(release)
		}
	}
	if c.in.State.Paused != nil {
		c.markPlanes(everything)
	}
}

// tidy tells a cluster that has finished to say so, when it still says how it
// moved.
func (c *cycle) tidy(r Row, v *view, mark Mark) {
	inv := c.in.Fleet
	if !inv.untidy(r) || mark.Release == "" || mark.Version != inv.version.values[inv.col.version[r]] || c.actionFor(r) != nil {
		return
	}
	c.putState(&subject{row: r, view: v}, Note, mark, "runs "+mark.Version.String(), stateFinished)
}

func (c *cycle) byName(a, b Row) int {
	return compareStrings(c.in.Fleet.names[a], c.in.Fleet.names[b])
}

// liftMark takes pauses that have been lifted off a cluster's mark. A cluster
// that goes on loses them with its next change.
func (c *cycle) liftMark(r Row, v *view, mark Mark) {
	lifted := mark
	if c.in.State.Paused == nil {
		lifted = lifted.withoutAllPaused()
	}
	if rel := c.in.State.Releases[mark.Release]; rel != nil && rel.Paused == nil {
		lifted = lifted.withoutPause()
	}
	if lifted != mark && c.actionFor(r) == nil {
		c.put(&subject{row: r, view: v}, Note, lifted, "the pause was lifted")
	}
}

// actionFor returns this plan's action for a cluster, or nil.
func (c *cycle) actionFor(r Row) *Action {
	name := c.in.Fleet.names[r]
	for i := range c.plan.Actions {
		if c.plan.Actions[i].Cluster == name {
			return &c.plan.Actions[i]
		}
	}
	return nil
}

// markPaused writes pauses onto the clusters of a rollout that are under way, or
// the release's onto one that waits. It reports whether one carries the release's.
func (c *cycle) markPaused(v *view, marked bool, everything map[string]bool) bool {
	for _, pos := range v.running {
		if r := v.members[pos]; r >= 0 && c.notePause(r, v) {
			marked = true
			if c.in.State.Paused != nil {
				everything[c.planeOf(r)] = true
			}
		}
	}
	if v.release == nil || v.release.Paused == nil {
		return false
	}
	for _, r := range v.members {
		if marked {
			break
		}
		marked = r >= 0 && c.notePause(r, v)
	}
	return marked
}

// markResting leaves the pause of a release in which nothing is under way on one
// cluster of its product: it may be paused between two cohorts, or have been
// superseded since. A cluster that the release has touched is the best one; the
// mark of one that says something of its own is left alone.
func (c *cycle) markResting(release *Release) {
	best, bestRank := Row(-1), 0
	for _, v := range c.memo.views {
		if v.key.Product != release.Product {
			continue
		}
		for _, r := range v.rows {
			if !c.in.Fleet.known(r) {
				continue
			}
			mark, rank := c.in.Fleet.Mark(r), 0
			switch {
			case mark.Release == release.ID:
				rank = 3
			case c.in.Fleet.inFlight(r) || mark.Paused != "" || mark.Failed != "":
				continue
			case mark.Release == "":
				rank = 2
			default:
				rank = 1
			}
			if rank > bestRank || (rank == bestRank && c.byName(r, best) < 0) {
				best, bestRank = r, rank
			}
		}
	}
	if best < 0 {
		return
	}
	v, mark := c.memo.viewOf(best), c.in.Fleet.Mark(best)
	if mark.Release != release.ID {
		mark = Mark{Release: release.ID, Cohort: v.key.Cohort, Commit: release.Commit, Version: release.Version, AllPaused: mark.AllPaused, AllPausedAt: mark.AllPausedAt}
	}
	mark.Paused, mark.PausedAt = release.Paused.Reason, release.Paused.At
	if a := c.actionFor(best); a != nil {
		if a.Mark.Release == release.ID {
			a.Mark.Paused, a.Mark.PausedAt = mark.Paused, mark.PausedAt
		}
		return
	}
	c.put(&subject{row: best, view: v}, Note, mark, "paused")
}

// notePause writes the pauses that are in force onto a cluster's mark, and
// reports whether it carries them or will.
func (c *cycle) notePause(r Row, v *view) bool {
	if !c.in.Fleet.known(r) {
		return false
	}
	mark := c.in.Fleet.Mark(r)
	if mark.Release != v.target.Release {
		if mark.Release != "" && c.in.Fleet.inFlight(r) {
			return false // half way to a superseded version: its mark explains that
		}
		mark = c.mark(r, v, mark.StartedAt)
	}
	noted := mark
	if p := v.release; p != nil && p.Paused != nil && mark.Paused == "" {
		noted.Paused, noted.PausedAt = p.Paused.Reason, p.Paused.At
	}
	if p := c.in.State.Paused; p != nil && mark.AllPaused == "" {
		noted.AllPaused, noted.AllPausedAt = p.Reason, p.At
	}
	if noted == c.in.Fleet.Mark(r) {
		return true
	}
	if a := c.actionFor(r); a != nil {
		if a.Mark.Release != noted.Release {
			return false // it would be read as the pause of another release, or of none
		}
		a.Mark.Paused, a.Mark.PausedAt = noted.Paused, noted.PausedAt
		a.Mark.AllPaused, a.Mark.AllPausedAt = noted.AllPaused, noted.AllPausedAt
		return true
	}
	c.put(&subject{row: r, view: v}, Note, noted, "paused")
	return true
}

// markPlanes leaves a pause of everything on one cluster of each data plane.
func (c *cycle) markPlanes(marked map[string]bool) {
	if len(marked) >= len(c.in.DataPlanes) {
		return
	}
	first := map[string]Row{}
	for _, v := range c.memo.views {
		for _, r := range v.rows {
			plane := c.planeOf(r)
			if marked[plane] || !c.in.Fleet.known(r) || c.in.Fleet.inFlight(r) {
				continue
			}
			if best, ok := first[plane]; !ok || c.byName(r, best) < 0 {
				first[plane] = r
			}
		}
	}
	for _, plane := range slices.Sorted(maps.Keys(first)) {
		r := first[plane]
		mark := c.in.Fleet.Mark(r)
		mark.AllPaused, mark.AllPausedAt = c.in.State.Paused.Reason, c.in.State.Paused.At
		if a := c.actionFor(r); a != nil {
			a.Mark.AllPaused, a.Mark.AllPausedAt = mark.AllPaused, mark.AllPausedAt
			continue
		}
		c.put(&subject{row: r, view: c.memo.viewOf(r)}, Note, mark, "everything is paused")
	}
}
