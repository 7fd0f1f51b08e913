package plan

import (
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// setState is what the windows of a window set mean together in this cycle.
// Many clusters share a set, so it is worked out once for all of them.
type setState struct {
	windows []int32

	asked   bool    // in this cycle
	closed  Finding // WindowClosed with the window that closes it
	pause   Finding // the same for clusters in flight
	openFor time.Duration
	until   int32 // the window that ends the opening
	ends    bool  // openFor is bounded
}

// askWindows works out a window set for this cycle: closed inside any blackout,
// and outside of all maintenance windows when there are any.
func (c *cycle) askWindows(id int32) *setState {
	s := &c.memo.sets[id]
	if s.asked {
		return s
	}
	*s = setState{windows: s.windows, asked: true}
	maintenance, inside := int32(-1), false
	pauses := false
	var lasts time.Time
	for _, w := range s.windows {
		spec := &c.in.Policy.Spec.Windows[w].Spec
		state := c.memo.snap.State(int(w))
		if spec.Type == fleet.Maintenance {
			if maintenance < 0 {
				maintenance = w
			}
			pauses = pauses || spec.InFlight == fleet.InFlightPause
			if state.Inside {
				inside = true
				if state.Until.IsZero() || state.Until.After(lasts) {
					lasts, maintenance = state.Until, w
				}
			}
			continue
		}
		if state.Inside {
			if !s.closed.blocks() {
				s.closed = Finding{WindowClosed, w}
			}
			if spec.InFlight == fleet.InFlightPause && !s.pause.blocks() {
				s.pause = Finding{WindowClosed, w}
			}
			continue
		}
		if !state.Until.IsZero() {
			s.bound(state.Until.Sub(c.in.Now), w)
		}
	}
	if maintenance >= 0 {
		switch {
		case !inside:
			if !s.closed.blocks() {
				s.closed = Finding{WindowClosed, maintenance}
			}
			if pauses && !s.pause.blocks() {
				s.pause = Finding{WindowClosed, maintenance}
			}
		case !lasts.IsZero():
			s.bound(lasts.Sub(c.in.Now), maintenance)
		}
	}
	return s
}

func (s *setState) bound(d time.Duration, window int32) {
	if !s.ends || d < s.openFor {
		s.openFor, s.until, s.ends = d, window, true
	}
}

// estimate is how long the upgrade of a cluster with that many replicas will
// take: learnt from history, or the progress deadline when there is none.
func (c *cycle) estimate(v *view, replicas int) time.Duration {
	if est := c.in.State.Durations[v.key.Product]; est != nil && est.Samples > 0 {
		return coarse(est.PerReplica) * time.Duration(max(1, replicas))
	}
	return time.Duration(v.product.Spec.ProgressDeadline)
}

// coarse rounds a duration up to two or three significant binary digits, so
// that an estimate which moves a little does not move every decision.
func coarse(d time.Duration) time.Duration {
	step := time.Second
	for step*16 < d {
		step *= 2
	}
	return (d + step - 1) / step * step
}
