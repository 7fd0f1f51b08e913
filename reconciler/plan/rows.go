package plan

import (
	"slices"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// decideRows decides for the clusters that are not members of a rollout.
func (c *cycle) decideRows() {
	m := c.memo
	if c.scratch {
		// In the order of the columns: clusters of a cohort lie far apart.
		for r := range c.in.Fleet.names {
			if m.pos[r] < 0 {
				c.decideRow(Row(r))
			}
		}
		return
	}
	for _, v := range m.views {
		if !v.all {
			continue
		}
		for _, r := range v.rows {
			if m.pos[r] < 0 {
				c.decideRow(r)
			}
		}
	}
	for r := range m.dirty {
		if v := m.viewOf(r); v == nil || (m.pos[r] < 0 && !v.all) {
			c.decideRow(r)
		}
	}
}

// holdStrays stops what Wavegate has set rolling and no rollout speaks for any
// more: the cohort has another target that must not start yet, or the cluster
// belongs to another cohort, or to none. A ratchet stands still by itself there; a
// workload without one would go on through every pause.
func (c *cycle) holdStrays() {
	if c.in.Policy == nil {
		return
	}
	inv := c.in.Fleet
	var strays []Row
	for r := range c.memo.flight {
		if c.memo.pos[r] >= 0 || inv.col.flags[r]&(flagRatchet|flagHeld) != 0 {
			continue
		}
		// One that only grows is on its target and is left alone.
		if inv.known(r) && inv.col.target[r] != inv.col.version[r] && c.ours(r) {
			strays = append(strays, r)
		}
	}
	slices.SortFunc(strays, c.byName)
	for _, r := range strays {
		why := c.plan.dec.at(r).finding()
		if !why.blocks() {
			continue
		}
		c.plan.Actions = append(c.plan.Actions, Action{
			Kind: Hold, Cluster: inv.names[r], Product: inv.strings.values[inv.col.product[r]],
			DataPlane: inv.strings.values[inv.col.plane[r]], Expect: inv.col.revision[r],
			Mark: inv.Mark(r), Reason: c.text(r, c.memo.viewOf(r), why),
		})
	}
}

func (c *cycle) decideRow(r Row) {
	if !c.in.Fleet.alive(r) {
		c.set(r, Decision{})
		return
	}
	d := c.judgeRow(r)
	d.Wave, d.counted = noWave, true
	c.set(r, d)
}

// judgeRow says how a cluster stands that no rollout has as a member.
func (c *cycle) judgeRow(r Row) Decision {
	inv, v := c.in.Fleet, c.memo.viewOf(r)
	if !inv.known(r) {
		return Decision{Verdict: Unknown, Reason: NotObserved, Gates: Gates(0).with(GateKnown)}
	}
	if v == nil {
		return c.judgeStray(r)
	}
	if v.target == nil {
		return Decision{Verdict: Unmanaged, Reason: NothingInForce, Gates: Gates(0).with(GateInForce)}
	}
	pin := gatePin(c, &subject{row: r, view: v})
	if pin.blocks() {
		return Decision{Verdict: Held, Reason: PinnedBy, Arg: pin.Arg, Gates: Gates(0).with(GatePin)}
	}
	if inv.inFlight(r) {
		return c.judgeForeignFlight(r, v)
	}
	if inv.col.version[r] == v.version {
		return Decision{Verdict: Current}
	}
	if v.target.Baseline {
		return Decision{Verdict: Drifted, Reason: BaselineTarget, Drift: c.driftOf(r, v), Gates: Gates(0).with(GateInForce)}
	}
	if v.rollout == nil || v.rollout.Release != v.target.Release {
		f, _, gates := c.ask(&startGates, &subject{row: r, view: v, wave: -1, resting: true})
		if !f.blocks() {
			f = Finding{Reason: RolloutNotStarted}
		}
		return Decision{Verdict: Waiting, Reason: f.Reason, Arg: f.Arg, Gates: gates}
	}
	return c.judgeLateJoiner(r, v)
}

// judgeStray says why a cluster is in no cohort.
func (c *cycle) judgeStray(r Row) Decision {
	switch k := c.memo.class[r]; {
	case c.in.Policy == nil:
		return Decision{Verdict: Unmanaged, Reason: NothingInForce, Gates: Gates(0).with(GateInForce)}
	case k >= 0 && len(c.memo.classes.list[k].cohorts) > 1:
		return Decision{Verdict: Unmanaged, Reason: InTwoCohorts, Drift: TwoCohorts, Arg: k}
	default:
		return Decision{Verdict: Unmanaged, Reason: NotInAnyCohort, Drift: NoCohort}
	}
}

// judgeForeignFlight says how a cluster stands that is in flight though no
// rollout has it as a member.
func (c *cycle) judgeForeignFlight(r Row, v *view) Decision {
	if !c.ours(r) {
		if c.in.Fleet.col.version[r] == v.version && c.in.Fleet.col.target[r] == v.version {
			return Decision{Verdict: Current} // scaling, say
		}
		return Decision{Verdict: Drifted, Reason: SomebodyElsesChange, Drift: ChangedByHand}
	}
	f, _, gates := c.ask(&redirectGates, &subject{row: r, view: v, wave: -1, resting: true})
	if v.rollout != nil && v.rollout.Release == v.target.Release {
		// It came half way from another cohort, and joins late like any other.
		switch v.spec.LateJoiners {
		case fleet.LateHold:
			return Decision{Verdict: Stopped, Reason: LateJoinerHeld, Gates: gates.with(GateWave)}
		case fleet.LateIgnore:
			return Decision{Verdict: Stopped, Reason: LateJoinerIgnored, Gates: gates.with(GateWave)}
		default:
			c.join(r, v)
		}
	}
	if !f.blocks() {
		if f = v.unordered; !f.blocks() {
			f = Finding{Reason: RolloutNotStarted}
		}
	}
	return Decision{Verdict: Stopped, Reason: f.Reason, Arg: f.Arg, Gates: gates}
}

// ours reports whether the change that a cluster is in the middle of is
// Wavegate's own: the mark explains what the workload asks for.
func (c *cycle) ours(r Row) bool {
	inv := c.in.Fleet
	mark := &inv.marks.values[inv.col.mark[r]]
	return mark.Release != "" && mark.Version == inv.version.values[inv.col.target[r]]
}

func (c *cycle) judgeLateJoiner(r Row, v *view) Decision {
	inv := c.in.Fleet
	drift := c.driftOf(r, v)
	mark := &inv.marks.values[inv.col.mark[r]]
	if mark.Release == v.rollout.Release && mark.Version == v.target.Version {
		return Decision{Verdict: Drifted, Reason: DiffersFromTarget, Drift: ChangedByHand}
	}
	if drift == Ahead {
		return Decision{Verdict: Drifted, Reason: DiffersFromTarget, Drift: Ahead}
	}
	switch v.spec.LateJoiners {
	case fleet.LateHold:
		return Decision{Verdict: Waiting, Reason: LateJoinerHeld, Drift: drift, Gates: Gates(0).with(GateWave)}
	case fleet.LateIgnore:
		return Decision{Verdict: Drifted, Reason: LateJoinerIgnored, Drift: drift, Gates: Gates(0).with(GateWave)}
	default:
		c.join(r, v)
		return Decision{Verdict: Waiting, Reason: RolloutNotStarted, Gates: Gates(0).with(GateWave)}
	}
}

// join makes a late joiner a member of the last wave.
func (c *cycle) join(r Row, v *view) {
	e := c.event(v, ClusterJoined)
	e.Cluster, e.Wave = c.in.Fleet.names[r], len(v.rollout.Waves)-1
	c.joins = append(c.joins, e)
}

// driftOf says how a cluster's version differs from its target.
func (c *cycle) driftOf(r Row, v *view) DriftKind {
	inv := c.in.Fleet
	order, ok := inv.version.values[inv.col.version[r]].Compare(v.target.Version)
	if pin, expired := c.in.Policy.pin(inv.names[r], c.in.Now); pin >= 0 && expired {
		return PinExpired
	}
	switch {
	case !ok || order == 0:
		return OtherVersion
	case order < 0:
		return Behind
	default:
		return Ahead
	}
}
