package plan

import (
	"maps"
	"slices"
	"time"
)

// status sums up the targets, in the order of the train.
func (c *cycle) status() {
	for _, v := range c.memo.views {
		if v.target != nil {
			c.plan.Rollouts = append(c.plan.Rollouts, c.rolloutStatus(v))
		}
	}
	if c.in.Policy == nil {
		return
	}
	for i := range c.in.Policy.Spec.Pins {
		pin := &c.in.Policy.Spec.Pins[i]
		if !c.in.Now.Before(pin.Spec.Expires.Time) {
			c.plan.ExpiredPins = append(c.plan.ExpiredPins, pin.Name)
		}
		for _, name := range pin.Spec.Clusters {
			if _, ok := c.in.Fleet.rows[name]; !ok {
				c.plan.Missing = append(c.plan.Missing, name)
			}
		}
	}
	slices.Sort(c.plan.Missing)
	c.plan.Missing = slices.Compact(c.plan.Missing)
}

func (c *cycle) rolloutStatus(v *view) RolloutStatus {
	t := v.target
	s := RolloutStatus{
		Product: v.key.Product, Cohort: v.key.Cohort, Release: t.Release, Commit: t.Commit,
		Version: t.Version, Previous: t.Previous, Stage: v.order, Emergency: t.Emergency,
		Since: t.Since, Clusters: len(v.rows), OnTarget: v.onTarget, MaxFailures: v.spec.MaxFailures,
	}
	if v.release != nil {
		s.Failures = len(v.release.Failures)
	}
	if v.rollout != nil {
		s.StartedAt, s.FinishedAt = v.rollout.StartedAt, v.rollout.FinishedAt
		s.Budget = v.spec.MaxFailures.Budget(len(v.rollout.Members))
		for w := range v.waves {
			s.Waves = append(s.Waves, c.waveStatus(v, w))
		}
	} else {
		s.Budget = v.spec.MaxFailures.Budget(len(v.rows))
	}
	c.phase(v, &s)
	if v.common[GatePause].blocks() || v.common[GateBudget].blocks() {
		s.Held = c.held(v)
	}
	return s
}

// held counts the clusters of a view that are half way, by data plane.
func (c *cycle) held(v *view) []PlaneCount {
	if c.heldIn == nil {
		c.heldIn = map[*view]map[string]int{}
		for r := range c.memo.flight {
			if w := c.memo.viewOf(r); w != nil && c.in.Fleet.inFlight(r) {
				if c.heldIn[w] == nil {
					c.heldIn[w] = map[string]int{}
				}
				c.heldIn[w][c.planeOf(r)]++
			}
		}
	}
	var out []PlaneCount
	for _, plane := range slices.Sorted(maps.Keys(c.heldIn[v])) {
		out = append(out, PlaneCount{plane, c.heldIn[v][plane]})
	}
	return out
}

func (c *cycle) waveStatus(v *view, w int) WaveStatus {
	state, wave := &v.rollout.Waves[w], &v.waves[w]
	return WaveStatus{
		Size: state.Size, Finished: wave.finished, Running: wave.running, Failed: wave.failed,
		Skipped: wave.skipped, Pending: wave.pending,
		OpenedAt: state.OpenedAt, FinishedAt: state.FinishedAt, SoakedAt: state.SoakedAt,
		Soaked: state.Soaked, Soak: c.soakOf(v, w), MaxConcurrency: waveSpec(v, w).MaxConcurrency,
	}
}

// phase says how far a rollout is, and why it does not go on.
func (c *cycle) phase(v *view, s *RolloutStatus) {
	why := func(f Finding) { s.Gate, s.Reason = f.Reason.String(), c.text(-1, v, f) }
	switch {
	case v.target.Baseline:
		s.Phase = PhaseBaseline
		return
	case v.rollout != nil && !v.rollout.FinishedAt.IsZero():
		s.Phase = PhaseFinished
		return
	case v.common[GatePause].blocks():
		s.Phase = PhasePaused
		why(v.common[GatePause])
		return
	case v.rollout == nil:
		s.Phase = PhaseWaiting
	default:
		s.Phase = PhaseRolling
		for w := range v.rollout.Waves {
			state := &v.rollout.Waves[w]
			if !state.FinishedAt.IsZero() && state.SoakedAt.IsZero() {
				s.Phase = PhaseSoaking
				s.Gate = "soaking"
				s.Reason = "wave " + ordinal(w) + " soaks, " + span(max(0, c.soakOf(v, w)-state.Soaked)) + " to go"
				if f := v.still.why; f.blocks() {
					s.Gate = f.Reason.String()
					s.Reason += "; the clock stands still because of " + c.in.Fleet.names[v.still.row] + ": " + c.text(v.still.row, v, f)
				}
			}
		}
	}
	for _, g := range []Gate{GateInForce, GateKnown, GateOneCohort, GatePredecessor, GateBudget} {
		if f := v.common[g]; f.blocks() {
			why(f)
			return
		}
	}
	if v.unordered.blocks() {
		why(v.unordered)
		return
	}
	if s.Phase == PhaseRolling && c.halfWay(v, s) {
		c.waitingFor(v, s)
	}
}

// halfWay reports whether no member is under way. When all that are stand still
// half way, it takes the reason of the first.
func (c *cycle) halfWay(v *view, s *RolloutStatus) bool {
	for _, pos := range v.running {
		r := v.members[pos]
		if r < 0 {
			continue
		}
		d := c.plan.dec.at(r)
		if d.Verdict != Stopped && d.Verdict != Unknown {
			s.Gate, s.Reason = "", ""
			return false
		}
		if s.Reason == "" {
			s.Gate, s.Reason = d.Reason.String(), c.text(r, v, d.finding())
		}
	}
	return s.Reason == ""
}

// waitingFor takes the reason of the first member that waits in the open wave.
func (c *cycle) waitingFor(v *view, s *RolloutStatus) {
	for pos, r := range v.members {
		if r < 0 || v.rollout.Members[pos].Status != Pending {
			continue
		}
		if d := c.plan.dec.at(r); d.Verdict == Waiting || d.Verdict == Unknown || d.Verdict == Stopped {
			s.Gate, s.Reason = d.Reason.String(), c.text(r, v, d.finding())
			return
		}
	}
}

// wake works out when something changes by itself.
func (c *cycle) wake() {
	at := func(t time.Time) {
		if t.After(c.in.Now) && (c.plan.Wake.IsZero() || t.Before(c.plan.Wake)) {
			c.plan.Wake = t
		}
	}
	at(c.memo.recheck)
	if c.memo.snap != nil {
		at(c.memo.snap.NextFlip())
	}
	for _, v := range c.memo.views {
		if v.emergency != nil {
			at(v.emergency.Spec.Expires.Time)
		}
		if v.rollout == nil {
			continue
		}
		c.wakeForLooks(v, at)
		for _, pos := range v.running {
			if r := v.members[pos]; r >= 0 {
				settle := time.Duration(v.product.Spec.Settle)
				if since := instant(c.in.Fleet.col.readySince[r]); !since.IsZero() {
					at(since.Add(settle))
				}
				at(v.rollout.Members[pos].SteppedAt.Add(time.Duration(v.product.Spec.ProgressDeadline) + 1))
			}
		}
		for w := range v.rollout.Waves {
			state := &v.rollout.Waves[w]
			if v.soaks && !state.FinishedAt.IsZero() && state.SoakedAt.IsZero() && v.rollout.FinishedAt.IsZero() {
				soaked := state.Soaked
				for _, e := range c.plan.Credits {
					if e.Product == v.key.Product && e.Cohort == v.key.Cohort && e.Wave == w {
						soaked = e.Soaked
					}
				}
				at(c.in.Now.Add(max(time.Millisecond, c.soakOf(v, w)-soaked)))
			}
		}
	}
}
