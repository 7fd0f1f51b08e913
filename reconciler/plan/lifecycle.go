package plan

import (
	"slices"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// lifecycle derives the facts that follow from what was observed: rollouts that
// start and end, waves that open, soaks that run, clusters that finish or fail,
// budgets that are spent.
func (c *cycle) lifecycle() {
	c.seePlanes()
	c.recoverMarks()
	if c.refind() {
		return // decided again with what was found
	}
	for _, v := range c.memo.views {
		c.rolloutEvents(v)
	}
	c.plan.Events = append(c.plan.Events, c.sortedJoins()...)
	c.releaseEvents()
	if len(c.plan.Events) == 0 {
		c.pauseMarks()
	}
}

func (c *cycle) emit(e Event) { c.plan.Events = append(c.plan.Events, e) }

// event begins an event about a view's rollout, or about its target when there
// is none yet.
func (c *cycle) event(v *view, kind EventKind) Event {
	e := Event{At: c.in.Now, Kind: kind, Product: v.key.Product, Cohort: v.key.Cohort}
	if v.rollout != nil {
		e.Release, e.Commit, e.To = v.rollout.Release, v.rollout.Commit, v.rollout.Version
	} else if v.target != nil {
		e.Release, e.Commit, e.To = v.target.Release, v.target.Commit, v.target.Version
	}
	return e
}

func (c *cycle) sortedJoins() []Event {
	slices.SortFunc(c.joins, func(a, b Event) int {
		if d := compareKeys(TargetKey{a.Product, a.Cohort}, TargetKey{b.Product, b.Cohort}); d != 0 {
			return d
		}
		return compareStrings(a.Cluster, b.Cluster)
	})
	return c.joins
}

// rolloutEvents derives the facts of one target.
func (c *cycle) rolloutEvents(v *view) {
	v.soaks, v.still = false, standstill{}
	switch {
	case v.target == nil:
	case v.rollout != nil && (v.rollout.Release != v.target.Release || v.rollout.Version != v.target.Version):
		e := c.event(v, RolloutSuperseded)
		e.Reason = v.target.Version.String() + " is the target since " + short(v.target.Commit)
		c.emit(e)
	case v.target.Baseline:
		c.confirmBaseline(v)
	case v.rollout == nil:
		c.startRollout(v)
	default:
		c.memberEvents(v)
		c.waveEvents(v)
	}
}

// confirmBaseline records what a cohort was found to run at the first start,
// once more than half of its clusters are seen to run it.
func (c *cycle) confirmBaseline(v *view) {
	if _, known := c.in.State.Base[v.key]; known || c.unseenPlanes().blocks() || 2*v.onTarget <= len(v.rows) {
		return
	}
	c.emit(c.event(v, BaselineConfirmed))
}

// startRollout fixes the members and the waves of a rollout as soon as nothing
// that concerns the whole of it stands in the way.
func (c *cycle) startRollout(v *view) {
	for _, g := range []Gate{GateInForce, GateKnown, GatePause, GateOneCohort, GatePredecessor} {
		if f := v.common[g]; f.blocks() && f.Reason != MonitorBlind && (g != GatePredecessor || !c.onItsWay(v)) {
			return
		}
	}
	if v.unordered.blocks() {
		return
	}
	e := c.event(v, RolloutStarted)
	e.From = v.target.Previous
	e.Members = c.members(v)
	e.Waves = c.withCanary(v, waveSizes(v.spec.Waves, len(e.Members)))
	e.Reason = c.orderText(v, e.Members)
	c.emit(e)
}

// onItsWay reports whether a cluster is on its way to the very target: it was
// started before the ledger was lost, when the cohorts before were through. It goes
// on, so that it does not stand in the way of the others for ever; what has not
// started is asked for its predecessors all the same.
func (c *cycle) onItsWay(v *view) bool {
	for _, r := range v.rows {
		if mark := c.in.Fleet.Mark(r); c.in.Fleet.inFlight(r) && c.ours(r) &&
			mark.Release == v.target.Release && mark.Version == v.target.Version && mark.Cohort == v.key.Cohort {
			return true
		}
	}
	return false
}

// waveSizes divides n members into waves. Percentages are of all n; what is
// left over belongs to the last wave.
func waveSizes(waves []fleet.Wave, n int) []int {
	if len(waves) == 0 {
		return []int{n}
	}
	out := make([]int, len(waves))
	left := n
	for i, w := range waves {
		out[i] = min(left, w.Size.Of(n))
		left -= out[i]
	}
	out[len(out)-1] += left
	return out
}

// memberEvents derives what has become of the members. Those under way are
// looked at in every cycle, those that wait only when something has changed.
func (c *cycle) memberEvents(v *view) {
	for _, pos := range v.running {
		c.runningEvents(v, int(pos), &v.rollout.Members[pos])
	}
	if v.recounted || v.absent > 0 || !c.allObservedSince(v.rollout.StartedAt) {
		for pos := range v.rollout.Members {
			switch member := &v.rollout.Members[pos]; {
			case member.Status == Pending:
				c.pendingEvents(v, pos, member)
			case member.Status == Left && v.members[pos] >= 0 && c.in.Fleet.known(v.members[pos]):
				e := c.memberEvent(v, member, ClusterJoined)
				e.Reason = "it is back"
				c.emit(e)
			}
		}
	}
	c.alertEvents(v)
}

func (c *cycle) allObservedSince(t time.Time) bool {
	for _, name := range c.in.DataPlanes {
		if asOf, _ := c.in.Fleet.Plane(name); !asOf.After(t) {
			return false
		}
	}
	return true
}

func (c *cycle) memberEvent(v *view, member *Member, kind EventKind) Event {
	e := c.event(v, kind)
	e.Cluster, e.Wave = member.Cluster, member.Wave
	return e
}

func (c *cycle) pendingEvents(v *view, pos int, member *Member) {
	r := v.members[pos]
	switch {
	case r < 0:
		c.leaveEvent(v, member)
	case !c.in.Fleet.known(r):
	case c.in.Fleet.inFlight(r) && c.in.Fleet.col.target[r] == v.version && c.ours(r):
		// Under way on this very change, and the ledger does not know: adopt it
		// with the time that the cluster itself remembers.
		e := c.memberEvent(v, member, ClusterStarted)
		e.Reason, e.Adopted = "found under way", true
		if at := c.in.Fleet.Mark(r).StartedAt; !at.IsZero() && at.Before(e.At) {
			e.At = at
		}
		c.emit(e)
		c.adoptFailure(v, r, member)
	case !c.in.Fleet.inFlight(r) && c.in.Fleet.col.version[r] == v.version && c.observedSince(r, v.rollout.StartedAt):
		e := c.memberEvent(v, member, ClusterFinished)
		e.Reason = "was on the target already"
		c.emit(e)
		c.adoptFailure(v, r, member)
	}
}

// observedSince reports whether a cluster's data plane was observed after t: a
// state from before the rollout proves nothing.
func (c *cycle) observedSince(r Row, t time.Time) bool {
	asOf, _ := c.in.Fleet.Plane(c.in.Fleet.strings.values[c.in.Fleet.col.plane[r]])
	return asOf.After(t)
}

// leaveEvent takes a member out that exists no more. While any data plane is
// out of sight, nobody can say so.
func (c *cycle) leaveEvent(v *view, member *Member) {
	for _, name := range c.in.DataPlanes {
		if asOf, lost := c.in.Fleet.Plane(name); lost != "" || !asOf.After(v.rollout.StartedAt) {
			return
		}
	}
	e := c.memberEvent(v, member, ClusterLeft)
	if r, ok := c.in.Fleet.rows[member.Cluster]; ok && c.memo.viewOf(r) != v {
		e.Reason = "it no longer belongs to the cohort"
	} else {
		e.Reason = "no data plane has it any more"
	}
	c.emit(e)
}

func (c *cycle) runningEvents(v *view, pos int, member *Member) {
	r := v.members[pos]
	if r < 0 {
		c.leaveEvent(v, member)
		return
	}
	inv := c.in.Fleet
	if !inv.known(r) {
		return
	}
	settled := !c.unsettled(&subject{row: r, view: v}).blocks()
	if !inv.inFlight(r) {
		if inv.col.version[r] == v.version && inv.col.updated[r] >= inv.col.replicas[r] && settled && c.observedSince(r, member.StartedAt) {
			c.emit(c.memberEvent(v, member, ClusterFinished))
			c.learnEvent(v, r, member)
		}
		return
	}
	if inv.col.target[r] != v.version {
		return
	}
	moving := inv.col.flags[r]&flagRatchet != 0 && !settled
	rolling := inv.col.flags[r]&(flagRatchet|flagHeld) == 0
	deadline := time.Duration(v.product.Spec.ProgressDeadline)
	if (moving || rolling) && c.in.Now.Sub(member.SteppedAt) > deadline {
		e := c.memberEvent(v, member, ClusterFailed)
		e.Gate = "progress-deadline"
		e.Reason = "no progress for " + span(deadline)
		if p := inv.strings.values[inv.col.problem[r]]; p != "" {
			e.Reason += ": " + p
		}
		c.emit(e)
	}
}

// learnEvent remembers how long a replica took, when the upgrade was not held
// back by anything but the cluster itself.
func (c *cycle) learnEvent(v *view, r Row, member *Member) {
	replicas := int(c.in.Fleet.col.replicas[r])
	if replicas == 0 {
		return
	}
	e := c.memberEvent(v, member, DurationLearnt)
	e.PerReplica = c.in.Now.Sub(member.StartedAt) / time.Duration(replicas)
	if e.PerReplica > time.Duration(v.product.Spec.ProgressDeadline) {
		return // it was held: that says nothing of the cluster
	}
	c.emit(e)
}

// waveEvents opens, finishes and soaks the waves of a rollout.
func (c *cycle) waveEvents(v *view) {
	if !v.rollout.FinishedAt.IsZero() {
		return
	}
	for w := range v.waves {
		state := &v.rollout.Waves[w]
		e := c.event(v, WaveOpened)
		e.Wave = w
		switch {
		case state.OpenedAt.IsZero():
			c.emit(e)
			return
		case state.FinishedAt.IsZero():
			if v.waves[w].remaining == 0 && c.vacuumProven(v) {
				e.Kind = WaveFinished
				c.emit(e)
			}
			return
		case state.SoakedAt.IsZero():
			c.soak(v, w, e)
			return
		}
	}
	c.emit(c.event(v, RolloutFinished))
}

// vacuumProven reports whether an empty rollout is really empty: not while a
// data plane that may hold clusters of it is out of sight.
func (c *cycle) vacuumProven(v *view) bool {
	if len(v.rollout.Members) > 0 {
		return true
	}
	for _, name := range c.in.DataPlanes {
		if asOf, lost := c.in.Fleet.Plane(name); lost != "" || asOf.IsZero() {
			return false
		}
	}
	return true
}

// soak credits watched and quiet time. A wave must stay quiet for the whole of
// its soak: an alert on one of its clusters begins it anew. While a monitor is
// blind, a cluster unknown or under way again, or the release paused, the clock
// stands still; what passed before the wave was next seen to be quiet does not
// count.
func (c *cycle) soak(v *view, w int, e Event) {
	state := &v.rollout.Waves[w]
	need := c.soakOf(v, w)
	quiet, watched, still := c.quiet(v, w)
	v.soaks, v.still = quiet && watched, still
	if state.Soaked >= need && v.soaks {
		e.Kind = WaveSoaked
		c.emit(e)
		return
	}
	e.Kind = SoakCredited
	switch {
	case !quiet:
		if state.Soaked > 0 {
			c.volatile(e)
		}
	case watched:
		e.Soaked = state.Soaked
		if gap := c.in.Now.Sub(state.WatchedAt); gap > 0 && gap <= c.in.Watched {
			e.Soaked = min(need, e.Soaked+gap)
		}
		if e.Soaked != state.Soaked || !state.WatchedAt.Equal(c.in.Now) {
			c.volatile(e)
		}
	}
}

// volatile emits an event that needs no new decision unless it ends a soak.
func (c *cycle) volatile(e Event) { c.plan.Credits = append(c.plan.Credits, e) }

// standstill is the member because of which the clock of a soak stands still.
type standstill struct {
	row Row
	why Finding // nothing when the clock runs
}

// quiet reports whether no alert fires on the clusters of a wave, and whether
// anybody could tell: a single one that nobody can see is enough that the time
// does not count for the wave. It names the first that stands in the way.
func (c *cycle) quiet(v *view, w int) (quiet, watched bool, first standstill) {
	quiet, watched = true, true
	if v.common[GateKnown].blocks() || v.common[GatePause].blocks() || v.common[GateBudget].blocks() || v.waves[w].remaining > 0 {
		watched = false
	}
	note := func(r Row, f Finding) bool {
		if f.blocks() && !first.why.blocks() {
			first = standstill{r, f}
		}
		return f.blocks()
	}
	for pos := v.waves[w].from; pos < v.waves[w].to; pos++ {
		r, member := v.members[pos], &v.rollout.Members[pos]
		if member.Status != Finished {
			continue
		}
		if r < 0 {
			// It went to another cohort, and still tells of the version; or it is gone.
			moved, exists := c.in.Fleet.rows[member.Cluster]
			if !exists {
				continue
			}
			r = moved
		}
		switch s := (&subject{row: r, view: v}); {
		case note(r, gateAlert(c, s)):
			quiet = false
		case !c.in.Fleet.known(r):
			watched = false
			note(r, Finding{Reason: NotObserved})
		case note(r, c.blindSpot(r)):
			watched = false
		}
	}
	return quiet, watched, first
}
