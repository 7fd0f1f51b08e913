package plan

import "github.com/wavegate-dev/wavegate/reconciler/fleet"

import "time"

// The gates, as a truth table. A column is a kind of change: starting a cluster
// that is at rest; redirecting one that is in flight to a newer target; going
// on with one that is in flight. "x": the gate must be open.
//
//	gate              start  redirect  go on   closed when
//	in force            x       x        -     no commit in force, the target is a baseline, an emergency has expired
//	known               x       x        x     not observed, data plane never seen, a monitor is blind (everywhere or to this cluster), the clock jumped
//	not pinned          x       x        x     a pin that has not expired names it
//	not paused          x       x        x     everything, or its release, is paused
//	one cohort only     x       x        -     the commit moves more than one cohort
//	version policy      x       x        -     the product's policy forbids this step
//	predecessors        x       x        -     an earlier cohort has not finished and soaked this version
//	windows             x       x*       x*    inside a blackout, outside of maintenance, or it would still run then
//	healthy             x       x*       x*    not all replicas ready, an alert fires, another tool would undo it,
//	                                           or (start only) its metric is not within the cohort's bound
//	wave open           x       -        -     an earlier wave has not finished and soaked
//	budget              x       x        -     the release has failed too often
//	limits              x       -        -     too many in flight: overall, for a label value, in the wave
//
// x*: in flight, a window counts only when its rule says pause. Readiness is what
// going on waits for anyway, so only alerts count, and not those on a cluster
// whose next replica is the one that is down: replacing that one is the only way
// out, and takes no other down. Redirecting a ratchet touches no replica, so that
// alerts do not count there.
//
// An expired emergency starts nothing; what it has started goes on. Limits are
// asked last, and only of those that everything else lets through: they are
// shared out among clusters that could start.
type gateFunc func(c *cycle, s *subject) Finding

var startGates = [gateCount]gateFunc{
	GateInForce:     func(_ *cycle, s *subject) Finding { return s.view.common[GateInForce] },
	GateKnown:       gateKnown,
	GatePin:         gatePin,
	GatePause:       func(_ *cycle, s *subject) Finding { return s.view.common[GatePause] },
	GateOneCohort:   func(_ *cycle, s *subject) Finding { return s.view.common[GateOneCohort] },
	GateVersion:     gateVersion,
	GatePredecessor: func(_ *cycle, s *subject) Finding { return s.view.common[GatePredecessor] },
	GateWindow:      gateWindow,
	GateHealth:      gateHealth,
	GateWave:        gateWave,
	GateBudget:      func(_ *cycle, s *subject) Finding { return s.view.common[GateBudget] },
	GateLimit:       gateLimit,
}

var redirectGates = [gateCount]gateFunc{
	GateInForce:     startGates[GateInForce],
	GateKnown:       gateKnown,
	GatePin:         gatePin,
	GatePause:       startGates[GatePause],
	GateOneCohort:   startGates[GateOneCohort],
	GateVersion:     gateVersion,
	GatePredecessor: startGates[GatePredecessor],
	GateWindow:      gateWindowInFlight,
	GateHealth:      gateRedirect,
	GateBudget:      startGates[GateBudget],
}

// confirmGates are asked when a start was decided and is not seen in flight: it is
// a start like any other, and what it stood in front of may have closed since. It
// holds its place in the wave and in the limits already.
var confirmGates = [gateCount]gateFunc{
	GateInForce:     startGates[GateInForce],
	GateKnown:       gateKnown,
	GatePin:         gatePin,
	GatePause:       startGates[GatePause],
	GateOneCohort:   startGates[GateOneCohort],
	GateVersion:     gateVersion,
	GatePredecessor: startGates[GatePredecessor],
	GateWindow:      gateWindow,
	GateHealth:      gateHealth,
	GateBudget:      startGates[GateBudget],
}

var goOnGates = [gateCount]gateFunc{
	GateKnown:  gateKnown,
	GatePin:    gatePin,
	GatePause:  startGates[GatePause],
	GateWindow: gateWindowInFlight,
	GateHealth: gateAlertUnlessBroken,
	GateBudget: startGates[GateBudget],
}

// subject is a cluster in front of the gates.
type subject struct {
	row  Row
	view *view
	wave int // -1 when it is not a member yet
	// resting tells that the rollout has no members yet: what depends on the
	// moment of its start is not asked.
	resting bool
}

// ask puts a cluster in front of the gates and returns the first finding that
// blocks and the set of all gates that do.
func (c *cycle) ask(gates *[gateCount]gateFunc, s *subject) (first Finding, at Gate, all Gates) {
	at = gateCount
	for g, gate := range gates {
		if gate == nil || (Gate(g) == GateLimit && all != 0) {
			continue
		}
		if f := gate(c, s); f.blocks() {
			if all == 0 {
				first, at = f, Gate(g)
			}
			all = all.with(Gate(g))
		}
	}
	return first, at, all
}

func gateKnown(c *cycle, s *subject) Finding {
	if !c.in.Fleet.known(s.row) {
		return Finding{Reason: NotObserved}
	}
	if f := s.view.common[GateKnown]; f.blocks() {
		return f
	}
	return c.blindSpot(s.row)
}

func gatePin(c *cycle, s *subject) Finding {
	if len(c.in.Policy.pins) == 0 {
		return Finding{}
	}
	if pin, expired := c.in.Policy.pin(c.in.Fleet.names[s.row], c.in.Now); pin >= 0 && !expired {
		c.recheckAt(c.in.Policy.Spec.Pins[pin].Spec.Expires.Time)
		return Finding{PinnedBy, pin}
	}
	return Finding{}
}

func gateVersion(c *cycle, s *subject) Finding {
	col := &c.in.Fleet.col
	if c.forbidden(s.view, col.version[s.row]) {
		return Finding{VersionForbidden, int32(col.version[s.row])}
	}
	if t := col.target[s.row]; t != col.version[s.row] && col.updated[s.row] > 0 && c.forbidden(s.view, t) {
		return Finding{VersionForbidden, int32(t)}
	}
	return Finding{}
}

func gateWindow(c *cycle, s *subject) Finding {
	if s.resting || skips(s.view.emergency, fleet.SkipBlackout) {
		return Finding{}
	}
	set := c.askWindows(c.memo.classes.list[c.memo.class[s.row]].set)
	if set.closed.blocks() {
		return set.closed
	}
	if !set.ends {
		return Finding{}
	}
	est := c.estimate(s.view, int(c.in.Fleet.col.replicas[s.row]))
	if set.openFor < est {
		return Finding{WindowTooShort, set.until}
	}
	c.recheckAt(c.in.Now.Add(set.openFor - est + 1))
	return Finding{}
}

func gateWindowInFlight(c *cycle, s *subject) Finding {
	if skips(s.view.emergency, fleet.SkipBlackout) {
		return Finding{}
	}
	return c.askWindows(c.memo.classes.list[c.memo.class[s.row]].set).pause
}

func gateHealth(c *cycle, s *subject) Finding {
	if s.resting {
		return Finding{}
	}
	if f := gateAlert(c, s); f.blocks() {
		return f
	}
	col := &c.in.Fleet.col
	if col.owner[s.row] != 0 {
		return Finding{Reason: OwnedByAnotherTool}
	}
	if col.ready[s.row] < col.replicas[s.row] || col.replicas[s.row] == 0 || col.readySince[s.row] == 0 {
		return Finding{Reason: NotReady}
	}
	return gateBound(c, s)
}

func gateAlert(c *cycle, s *subject) Finding {
	if a := c.memo.alertOf[s.row]; len(a) > 0 {
		return Finding{AlertFires, a[0]}
	}
	return Finding{}
}

func gateAlertUnlessBroken(c *cycle, s *subject) Finding {
	if c.in.Fleet.col.flags[s.row]&flagStranded != 0 {
		return Finding{}
	}
	return gateAlert(c, s)
}

// gateRedirect lets a ratchet be pointed elsewhere at any time. A workload
// without one begins to roll at once: it is redirected when it is well, or when
// it is stuck on the version that is replaced.
func gateRedirect(c *cycle, s *subject) Finding {
	col := &c.in.Fleet.col
	if col.flags[s.row]&flagRatchet != 0 || (col.problem[s.row] != 0 && col.target[s.row] != s.view.version) {
		return Finding{}
	}
	return gateAlert(c, s)
}

func gateWave(c *cycle, s *subject) Finding {
	if s.resting {
		return s.view.unordered
	}
	if s.wave < 0 {
		return Finding{Reason: RolloutNotStarted}
	}
	if s.view.rollout.Waves[s.wave].OpenedAt.IsZero() {
		return Finding{WaveNotOpen, int32(s.wave)}
	}
	return Finding{}
}

func gateLimit(c *cycle, s *subject) Finding {
	if s.resting || s.wave < 0 {
		return Finding{}
	}
	if f := c.exhausted(s.view, s.wave); f.blocks() {
		return f
	}
	return c.usage.check(s.row)
}

func (c *cycle) waveLimit(v *view, wave int) Finding {
	spec := waveSpec(v, wave)
	if limit := spec.MaxConcurrency; limit > 0 && v.waves[wave].inFlight >= limit {
		return Finding{WaveLimitReached, int32(limit)}
	}
	return Finding{}
}

// recheckAt remembers that a decision may change by itself at t.
func (c *cycle) recheckAt(t time.Time) {
	if t.After(c.in.Now) && (c.memo.recheck.IsZero() || t.Before(c.memo.recheck)) {
		c.memo.recheck = t
	}
}
