package reconciler

import (
	"sync"

	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// mirror is what others may look at while a cycle runs: the fleet and the state as
// the last finished cycle had them. It is kept up to date with what each cycle has
// learnt and not by copying, so that it costs what has changed and not what there
// is. Its price is memory: a second inventory.
type mirror struct {
	mu    sync.Mutex
	cycle *Cycle // the last finished one; nil before the first
	in    plan.Input
	plan  *plan.Plan // decided when somebody looks; of an earlier cycle until then
	fresh bool       // plan is of the cycle

	// late are the events of the last cycle that came after its decision. They
	// are taken in with the next one, so that what is decided here is what was
	// decided there.
	late []plan.Event
}

// news is what a cycle has learnt about the fleet, in order.
type news struct {
	forgotten []string
	observed  []sighting
}

// sighting is what a data plane reported, or why it could not be asked.
type sighting struct {
	plan.Observation
	lost string
}

// tell takes news into an inventory.
func (n *news) tell(inv *plan.Inventory) {
	for _, name := range n.forgotten {
		inv.Forget(name)
	}
	for _, s := range n.observed {
		if s.lost != "" {
			inv.Lose(s.DataPlane, s.lost)
			continue
		}
		inv.Observe(s.Observation)
	}
}

// show makes a finished cycle the one that is looked at.
func (m *mirror) show(c *Cycle, policy *plan.Policy) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c.news.tell(m.in.Fleet)
	for _, events := range [][]plan.Event{m.late, c.Events[:c.decided]} {
		for _, e := range events {
			m.in.State.Apply(e)
		}
	}
	m.late = c.Events[c.decided:]
	seen := *c
	seen.State, seen.Fleet, seen.Plan, seen.news = m.in.State, m.in.Fleet, nil, news{}
	m.cycle, m.fresh = &seen, false
	m.in.Now, m.in.Watched, m.in.ClockJumped, m.in.Policy = c.At, c.watched, c.clockJumped, policy
	m.in.Signals, m.in.Metrics, m.in.DataPlanes = c.Signals, c.Metrics, c.DataPlanes
}

// look lets one see the cycle, with a plan that is the same as the cycle's own.
func (m *mirror) look(see func(*Cycle)) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.cycle == nil {
		return false
	}
	if !m.fresh {
		if m.plan == nil {
			m.plan = plan.Decide(m.in)
		} else {
			m.plan = m.plan.Next(m.in)
		}
		m.cycle.Plan, m.fresh = m.plan, true
	}
	see(m.cycle)
	return true
}
