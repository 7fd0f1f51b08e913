package plan

import (
	"slices"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// decideMembers decides for the members of all rollouts, in the order of the
// train. It is the one pass in which the limits are shared out: those in flight
// are counted already, and those that start take what is left, wave after wave
// and member after member.
func (c *cycle) decideMembers() {
	for _, v := range c.memo.views {
		if v.rollout == nil {
			continue
		}
		for w := range v.waves {
			c.decideWave(v, w)
		}
	}
}

func (c *cycle) decideWave(v *view, w int) {
	wave := &v.waves[w]
	gates, first := c.waveGates(v, w)
	key := waveKey{valid: true, snap: c.memo.snap, est: c.estimate(v, 1), gates: gates, first: first}
	same := key == wave.key && !v.all
	wave.key = key
	if same && (gates != 0 || wave.pending == 0) {
		// All pending members are refused for the same reason as before, or
		// there are none: only those that have changed are looked at.
		c.decideChanged(v, w, wave.from)
		return
	}
	cut, cutBy := wave.cut, wave.cutBy
	wave.cut, wave.cutBy = wave.to, Finding{}
	var changed []int32
	if !v.all {
		changed = c.changedIn(v)
	}
	for pos := wave.from; pos < wave.to; pos++ {
		for len(changed) > 0 && int(changed[0]) < pos {
			changed = changed[1:]
		}
		if !v.all && v.rollout.Members[pos].Status.over() && (len(changed) == 0 || int(changed[0]) != pos) {
			continue
		}
		if f := c.exhausted(v, w); f.blocks() {
			if !wave.cutBy.blocks() {
				wave.cut, wave.cutBy = pos, f
			}
			if same && pos >= cut && f == cutBy {
				c.decideChanged(v, w, pos)
				return
			}
		}
		c.decideMember(v, w, pos)
	}
}

// exhausted returns the limit that lets no member of a wave start any more,
// whatever its labels.
func (c *cycle) exhausted(v *view, w int) Finding {
	if f := c.usage.full(); f.blocks() {
		return f
	}
	return c.waveLimit(v, w)
}

// waveGates are the gates that refuse all pending members of a wave alike.
func (c *cycle) waveGates(v *view, w int) (all Gates, first Finding) {
	for _, g := range []Gate{GateInForce, GateKnown, GatePause, GateOneCohort, GatePredecessor, GateBudget} {
		if f := v.common[g]; f.blocks() {
			if all == 0 {
				first = f
			}
			all = all.with(g)
		}
	}
	if v.rollout.Waves[w].OpenedAt.IsZero() {
		if all == 0 {
			first = Finding{WaveNotOpen, int32(w)}
		}
		all = all.with(GateWave)
	}
	return all, first
}

// decideChanged decides for those members from a position on that have changed,
// are in flight, or have a mark to be kept true.
func (c *cycle) decideChanged(v *view, w, from int) {
	wave := &v.waves[w]
	for _, pos := range c.changedIn(v) {
		if int(pos) >= from && int(pos) < wave.to {
			c.decideMember(v, w, int(pos))
		}
	}
}

// changedIn returns the positions of those members, ascending.
func (c *cycle) changedIn(v *view) []int32 {
	if c.changed == nil {
		c.changed = map[*view][]int32{}
		add := func(r Row) {
			if v := c.memo.viewOf(r); v != nil && c.memo.pos[r] >= 0 {
				c.changed[v] = append(c.changed[v], c.memo.pos[r])
			}
		}
		for r := range c.memo.dirty {
			add(r)
		}
		for r := range c.memo.flight {
			add(r)
		}
		for r := range c.memo.noted {
			add(r)
		}
		for _, v := range c.memo.views {
			if len(v.failed) > 0 {
				c.changed[v] = append(c.changed[v], v.failed...)
			}
		}
		for v, positions := range c.changed {
			slices.Sort(positions)
			c.changed[v] = slices.Compact(positions)
		}
	}
	return c.changed[v]
}

func (c *cycle) decideMember(v *view, w, pos int) {
	r := v.members[pos]
	if r < 0 {
		return
	}
	c.asked = subject{row: r, view: v, wave: w}
	s := &c.asked
	var d Decision
	switch member := &v.rollout.Members[pos]; member.Status {
	case Pending:
		d = c.judgePending(s)
	case Running:
		d = c.judgeRunning(s, member)
	case Finished:
		d = c.judgeFinished(s)
	case Failed:
		d = c.judgeFailed(s, member)
	case Skipped:
		d = Decision{Verdict: SkippedVerdict, Reason: OperatorSkipped}
		if c.in.Fleet.known(r) && c.in.Fleet.inFlight(r) && c.ours(r) {
			c.hold(s, d.finding())
		}
	case Left:
		d = Decision{Verdict: Unknown, Reason: LeftTheFleet}
	}
	d.Wave, d.counted = uint8(min(w, noWave-1)), true
	c.set(r, d)
}

func decision(v Verdict, f Finding, gates Gates) Decision {
	return Decision{Verdict: v, Reason: f.Reason, Arg: f.Arg, Gates: gates}
}

// judgePending decides whether a member starts now. One that is half way to a
// superseded version is redirected instead.
func (c *cycle) judgePending(s *subject) Decision {
	inv := c.in.Fleet
	if inv.inFlight(s.row) {
		return c.judgeRedirect(s)
	}
	if inv.known(s.row) && inv.col.version[s.row] == s.view.version {
		return Decision{Verdict: Current}
	}
	f, at, gates := c.ask(&startGates, s)
	if gates != 0 {
		return decision(waitingBehind(at, f), f, gates)
	}
	c.start(s, c.in.Now, "wave "+ordinal(s.wave)+" of "+s.view.key.Cohort)
	c.usage.add(s.row)
	s.view.waves[s.wave].inFlight++
	return Decision{Verdict: Starting}
}

// waitingBehind is the verdict of a cluster that has not started and waits in
// front of a gate.
func waitingBehind(g Gate, f Finding) Verdict {
	switch {
	case f.Reason == NotObserved:
		return Unknown
	case g == GatePin:
		return Held
	default:
		return Waiting
	}
}

// judgeRedirect decides for a cluster in flight whose rollout wants another
// version than the one that it is half way to. It is pointed to the new one as
// soon as the gates allow, which touches no replica of a ratchet, and goes on to
// it at the next step.
func (c *cycle) judgeRedirect(s *subject) Decision {
	inv := c.in.Fleet
	if !inv.known(s.row) {
		return Decision{Verdict: Unknown, Reason: NotObserved, Gates: Gates(0).with(GateKnown)}
	}
	if inv.col.target[s.row] != s.view.version && !c.ours(s.row) {
		return Decision{Verdict: Drifted, Reason: SomebodyElsesChange, Drift: ChangedByHand}
	}
	f, _, gates := c.ask(&redirectGates, s)
	if gates != 0 {
		c.hold(s, f)
		c.sayWhy(s, f)
		return decision(Stopped, f, gates)
	}
	if inv.col.target[s.row] == s.view.version {
		return Decision{Verdict: Rolling, Reason: StartUnconfirmed} // adopted by an event
	}
	c.start(s, c.in.Now, "redirected to "+s.view.target.Version.String())
	return Decision{Verdict: Starting}
}

// judgeRunning decides whether a cluster in flight goes on.
func (c *cycle) judgeRunning(s *subject, member *Member) Decision {
	inv := c.in.Fleet
	col := &inv.col
	switch {
	case !inv.known(s.row):
		return Decision{Verdict: Unknown, Reason: NotObserved, Gates: Gates(0).with(GateKnown)}
	case !inv.inFlight(s.row) && col.version[s.row] == s.view.version:
		return Decision{Verdict: Rolling, Reason: ReplicaSettling} // finished by an event
	case !inv.inFlight(s.row):
		f, _, gates := c.ask(&confirmGates, s)
		if gates != 0 {
			return decision(Stopped, f, gates)
		}
		c.start(s, member.StartedAt, "start was not confirmed")
		return Decision{Verdict: Starting, Reason: StartUnconfirmed}
	case col.target[s.row] != s.view.version:
		return c.judgeRedirect(s)
	}
	f, _, gates := c.ask(&goOnGates, s)
	if gates != 0 {
		c.hold(s, f)
		c.sayWhy(s, f)
		return decision(Stopped, f, gates)
	}
	if col.flags[s.row]&flagRatchet == 0 {
		if col.flags[s.row]&flagHeld != 0 {
			c.act(s, Continue, "nothing stands in the way any more")
		}
		return Decision{Verdict: Rolling, Reason: RollsByItself}
	}
	if f := c.unsettled(s); f.blocks() && col.flags[s.row]&flagStranded == 0 {
		return decision(Rolling, f, 0)
	}
	if col.next[s.row] >= 0 {
		why := "all replicas are ready and settled"
		if col.flags[s.row]&flagStranded != 0 {
			why = "this replica is down, all others are ready"
		}
		c.act(s, Step, why)
	}
	return Decision{Verdict: Rolling}
}

// unsettled says what the next step waits for, or nothing.
func (c *cycle) unsettled(s *subject) Finding {
	col := &c.in.Fleet.col
	since := col.readySince[s.row]
	if col.ready[s.row] < col.replicas[s.row] || since == 0 {
		return Finding{Reason: ReplicaRestarting}
	}
	if c.in.Now.Before(instant(since).Add(time.Duration(s.view.product.Spec.Settle))) {
		return Finding{Reason: ReplicaSettling}
	}
	return Finding{}
}

func (c *cycle) judgeFinished(s *subject) Decision {
	inv := c.in.Fleet
	switch {
	case !inv.known(s.row):
		return Decision{Verdict: Unknown, Reason: NotObserved, Gates: Gates(0).with(GateKnown)}
	case inv.inFlight(s.row) && !c.ours(s.row):
		return Decision{Verdict: Drifted, Reason: SomebodyElsesChange, Drift: ChangedByHand}
	case inv.col.version[s.row] != s.view.version:
		return Decision{Verdict: Drifted, Reason: DiffersFromTarget, Drift: ChangedByHand}
	}
	if mark := inv.Mark(s.row); mark.Failed != "" {
		c.putState(s, Note, mark.withoutFailure(), "retried and finished", stateFinished)
	}
	return Decision{Verdict: Current}
}

func (c *cycle) judgeFailed(s *subject, member *Member) Decision {
	inv := c.in.Fleet
	d := Decision{Verdict: FailedVerdict, Reason: UpgradeFailed}
	if inv.inFlight(s.row) {
		d.Drift = Stuck
	}
	if inv.known(s.row) && c.ours(s.row) && inv.Mark(s.row).Failed == "" {
		// The rest of the mark stays: it explains what the workload asks for,
		// which is another version while a redirect has not got through.
		mark := inv.Mark(s.row)
		mark.Failed, mark.FailedAt = member.Reason, c.in.Now
		c.put(s, Hold, mark, member.Reason)
	}
	return d
}

// start points a cluster at its target.
func (c *cycle) start(s *subject, at time.Time, reason string) {
	col := &c.in.Fleet.col
	mark := c.mark(s.row, s.view, at)
	mark.StartedAt = at
	a := c.action(s, Start, mark, reason)
	a.Image, a.Version = s.view.product.Spec.Image, s.view.target.Version
	a.From = c.in.Fleet.version.values[col.version[s.row]]
	c.plan.Actions = append(c.plan.Actions, a)
}

// hold stops a workload that would otherwise go on by itself.
func (c *cycle) hold(s *subject, why Finding) {
	flags := c.in.Fleet.col.flags[s.row]
	if flags&(flagRatchet|flagHeld) != 0 {
		return
	}
	mark := c.in.Fleet.Mark(s.row)
	c.put(s, Hold, mark, c.text(s.row, s.view, why))
}

func (c *cycle) act(s *subject, kind ActionKind, reason string) {
	mark := c.in.Fleet.Mark(s.row).withoutPause().withoutAllPaused().withoutFailure()
	if mark.Release != s.view.rollout.Release || mark.Cohort != s.view.key.Cohort {
		mark = c.mark(s.row, s.view, mark.StartedAt)
	}
	c.put(s, kind, mark, reason)
}

func (c *cycle) put(s *subject, kind ActionKind, mark Mark, reason string) {
	c.putState(s, kind, mark, reason, stateAfter[kind])
}

// The words that are left on clusters, besides those of reasons.
const (
	stateStarting = "starting"
	stateRolling  = "rolling"
	stateFinished = "finished"
)

var stateAfter = [...]string{Start: stateStarting, Step: stateRolling, Hold: "", Continue: stateRolling, Note: ""}

func (c *cycle) putState(s *subject, kind ActionKind, mark Mark, reason, state string) {
	a := c.action(s, kind, mark, reason)
	a.State = state
	if kind == Step {
		a.Ordinal = int(c.in.Fleet.col.next[s.row])
	}
	c.plan.Actions = append(c.plan.Actions, a)
}

// untidy reports whether what a cluster says of itself is untrue: it has finished
// and still tells how it moved.
func (inv *Inventory) untidy(r Row) bool {
	id := inv.col.state[r]
	return id != 0 && !inv.inFlight(r) && inv.strings.values[id] != stateFinished
}

// sayWhy leaves on a cluster that stands still half way why it does. Causes that
// pass by themselves in a moment are not worth a write.
func (c *cycle) sayWhy(s *subject, f Finding) {
	id := c.in.Fleet.col.state[s.row]
	word := f.Reason.String()
	if id == 0 || f.Reason == ClockJumped || c.in.Fleet.strings.values[id] == word || c.actionFor(s.row) != nil {
		return
	}
	c.putState(s, Note, c.in.Fleet.Mark(s.row), c.text(s.row, s.view, f), word)
}

func (c *cycle) action(s *subject, kind ActionKind, mark Mark, reason string) Action {
	inv := c.in.Fleet
	return Action{
		Kind: kind, Cluster: inv.names[s.row], Product: s.view.key.Product,
		DataPlane: inv.strings.values[inv.col.plane[s.row]], Expect: inv.col.revision[s.row],
		Mark: mark, Reason: reason,
	}
}

// mark is the note for a change that a view's target asks for.
func (c *cycle) mark(r Row, v *view, startedAt time.Time) Mark {
	return Mark{
		Release: v.target.Release, Cohort: v.key.Cohort, Commit: v.target.Commit,
		Version: v.target.Version, StartedAt: startedAt,
	}
}

// waveSpec is what the spec in force says of a wave. The spec may have changed
// since the rollout's waves were fixed: those beyond its end follow its last.
func waveSpec(v *view, wave int) fleet.Wave {
	waves := v.spec.Waves
	if len(waves) == 0 {
		return fleet.Wave{Size: fleet.Size{IsPercent: true, Percent: 100}}
	}
	return waves[min(wave, len(waves)-1)]
}
