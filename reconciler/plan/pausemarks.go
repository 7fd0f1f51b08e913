//go:build wip

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
	marked := map[*view]bool{}
	planes := map[string]bool{}
	for _, r := range slices.SortedFunc(maps.Keys(c.memo.paused), c.byName) {
		v := c.memo.viewOf(r)
		if v == nil || !c.in.Fleet.known(r) {
			continue
		}
		marked[v] = true
		planes[c.planeOf(r)] = true
		c.liftMark(r, v)
	}
	for _, v := range c.memo.views {
		if v.rollout == nil || !v.rollout.FinishedAt.IsZero() {
			continue
		}
		if p, all := c.pauseFor(v); p != nil {
			c.markPaused(v, p, all, marked[v])
		}
	}
	if c.in.State.Paused != nil {
		c.markPlanes(planes)
	}
}

func (c *cycle) byName(a, b Row) int {
	return compareStrings(c.in.Fleet.names[a], c.in.Fleet.names[b])
}

func (c *cycle) pauseFor(v *view) (p *Pause, all bool) {
	if c.in.State.Paused != nil {
		return c.in.State.Paused, true
	}
	if v.release != nil {
		return v.release.Paused, false
	}
	return nil, false
}

// liftMark takes a pause off a cluster's mark when it has been lifted. A cluster
// that goes on loses it with its next change.
func (c *cycle) liftMark(r Row, v *view) {
	mark := c.in.Fleet.Mark(r)
	if p, all := c.pauseFor(v); p != nil && all == mark.PausedAll {
		return
	}
	if c.acts(r) {
		return
	}
	mark.Paused, mark.PausedAll = "", false
	c.put(&subject{row: r, view: v}, Note, mark, "the pause was lifted")
}

// acts reports whether this plan has an action for a cluster already.
func (c *cycle) acts(r Row) bool {
	name := c.in.Fleet.names[r]
	return slices.ContainsFunc(c.plan.Actions, func(a Action) bool { return a.Cluster == name })
}

func (c *cycle) markPaused(v *view, p *Pause, all, marked bool) {
	for _, pos := range v.running {
		if r := v.members[pos]; r >= 0 {
			marked = c.notePause(r, v, p, all) || marked
		}
	}
	if marked {
		return
	}
	for _, r := range v.members {
		if r >= 0 && c.notePause(r, v, p, all) {
			return
		}
	}
}

func (c *cycle) notePause(r Row, v *view, p *Pause, all bool) bool {
	if !c.in.Fleet.known(r) {
		return false
	}
	mark := c.in.Fleet.Mark(r)
	if mark.Paused != "" {
		return true
	}
	if mark.Release != v.target.Release {
		if mark.Release != "" && c.in.Fleet.inFlight(r) {
			return false // half way to a superseded version: its mark explains that
		}
		mark = c.mark(r, v, mark.StartedAt)
	}
	mark.Paused, mark.PausedAll = p.Reason, all
	for i := range c.plan.Actions {
		if c.plan.Actions[i].Cluster == c.in.Fleet.names[r] {
			c.plan.Actions[i].Mark.Paused, c.plan.Actions[i].Mark.PausedAll = p.Reason, all
			return true
		}
	}
	c.put(&subject{row: r, view: v}, Note, mark, "paused: "+p.Reason)
	return true
}

// markPlanes leaves a pause of everything on one cluster of each data plane.
func (c *cycle) markPlanes(marked map[string]bool) {
	first := map[string]Row{}
	for _, a := range c.plan.Actions {
		if a.Mark.PausedAll {
			marked[a.DataPlane] = true
		}
	}
	if len(marked) >= len(c.in.DataPlanes) {
		return
	}
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
		mark.Paused, mark.PausedAll = c.in.State.Paused.Reason, true
		c.put(&subject{row: r, view: c.memo.viewOf(r)}, Note, mark, "everything is paused")
	}
}
