package plan

import (
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// Decide decides for every cluster from scratch. It is a function of its input
// alone.
func Decide(in Input) *Plan {
	m := newMemo(&in)
	return decide(&in, m, decisions{})
}

// Next decides for the input that follows the one of p, and looks only at what
// has changed. The result is the same as that of Decide. The plan p stays
// readable, but only the newest plan can be asked for Next or Explain.
func (p *Plan) Next(in Input) *Plan {
	m := p.memo
	if m == nil || m.policy != in.Policy || m.inv != in.Fleet || m.state != in.State {
		return Decide(in)
	}
	p.memo = nil
	return decide(&in, m, p.dec.next())
}

// cycle is one run of decide.
type cycle struct {
	in    *Input
	memo  *memo
	plan  *Plan
	usage *usage
	asked subject // the member that is decided for: one after the other

	forbids   map[[2]uint32]bool // version pairs of the policy, by view product
	forbidKey string
	joins     []Event
	// pausedReleases are what ReleasePaused findings point to.
	pausedReleases []*Release
	openings       map[openingKey]time.Time // as far as they were asked for
	scratch        bool
	changed        map[*view][]int32
	// said is what monitors say by group, looks the releases that are held while
	// an alert is looked at, by product.
	said  map[saidKey]map[uint32]*said
	looks map[string]*Release
	// heldIn counts what is in flight, by view and data plane.
	heldIn map[*view]map[string]int
}

func decide(in *Input, m *memo, dec decisions) *Plan {
	c := &cycle{in: in, memo: m, plan: &Plan{Now: in.Now, dec: dec, memo: m}}
	c.plan.cycle = c
	c.refresh()
	c.settleCommon()
	c.usage = newUsage(in.Fleet, c.limits())
	c.countFlight()
	c.decideRows()
	c.holdStrays()
	c.decideMembers()
	c.lifecycle()
	c.finish()
	return c.plan
}

func (c *cycle) limits() []fleet.Limit {
	if c.in.Policy == nil {
		return nil
	}
	return c.in.Policy.Spec.Fleet.Spec.Limits
}

// refresh brings the memo up to date: which rows have changed, what the windows
// say, where alerts fire, how far the state is.
func (c *cycle) refresh() {
	m, in := c.memo, c.in
	m.grow(len(in.Fleet.names))
	m.classes.begin(in.Fleet)
	if rows, ok := in.Fleet.changes.since(m.invSeen); ok && m.scanned {
		for _, r := range rows {
			m.dirty[r] = struct{}{}
		}
		for r := range m.dirty {
			m.refresh(r)
		}
	} else {
		for r := range in.Fleet.names {
			m.refresh(Row(r))
		}
		for _, v := range m.views {
			v.all = true
		}
		c.scratch = true
	}
	m.invSeen, m.scanned = in.Fleet.changes.end(), true
	touched, ok := in.State.changes.log.since(m.stateSeen)
	if m.structure != in.State.changes.structure || !ok || !m.synced {
		m.sync()
		m.synced = true
	} else {
		for _, v := range m.views {
			if v.rollout != nil && v.rollout.shape != v.shape {
				m.resolve(v, v.rollout)
				v.changed, v.all = true, true
			}
		}
	}
	for _, t := range touched {
		if v, ok := m.byKey[t.key]; ok {
			m.views[v].changed = true
		}
		if r, ok := in.Fleet.rows[t.cluster]; ok {
			m.dirty[r] = struct{}{}
			m.refreshFlight(r)
		}
	}
	m.stateSeen = in.State.changes.log.end()
	c.refreshSignals()
	c.refreshClock()
}

// refreshClock takes in what changes with time alone.
func (c *cycle) refreshClock() {
	m := c.memo
	for i := range m.sets {
		m.sets[i].asked = false
	}
	if c.in.Policy != nil {
		m.snap = c.in.Policy.index.At(c.in.Now, m.snap)
	}
	if !m.recheck.IsZero() && !c.in.Now.Before(m.recheck) {
		m.recheck = time.Time{}
		for _, v := range m.views {
			v.all, v.changed = true, true
		}
	}
}

func (c *cycle) countFlight() {
	m := c.memo
	for _, v := range m.views {
		if v.changed {
			m.recount(v, c.in.Now)
		}
		for w := range v.waves {
			v.waves[w].inFlight = 0
		}
	}
	for r := range m.flight {
		c.count(r, m.viewOf(r))
	}
	for name, started := range c.in.State.Unseen {
		r, exists := c.in.Fleet.rows[name]
		if _, counted := m.flight[r]; exists && !counted && (!c.in.Fleet.known(r) || !c.observedSince(r, started)) {
			c.count(r, m.viewOf(r))
		}
	}
	for _, v := range m.views {
		for _, let := range [][]int32{v.failed, v.skipped} {
			for _, pos := range let {
				if r := v.members[pos]; r >= 0 && c.mayFly(r, &v.rollout.Members[pos]) {
					c.count(r, v)
				}
			}
		}
	}
}

// count holds a cluster in flight against the limits.
func (c *cycle) count(r Row, v *view) {
	c.usage.add(r)
	if v == nil || v.rollout == nil {
		return
	}
	if p := c.memo.pos[r]; p >= 0 {
		v.waves[v.rollout.Members[p].Wave].inFlight++
	}
}

// mayFly reports whether a member that was let go of, and was last seen at rest,
// may be under way: it was started, and nobody has seen it since.
func (c *cycle) mayFly(r Row, m *Member) bool {
	if _, counted := c.memo.flight[r]; counted || m.StartedAt.IsZero() {
		return false
	}
	return !c.in.Fleet.known(r) || !c.observedSince(r, m.StartedAt)
}

// forbidden reports whether the product's policy forbids to go from a version
// to the view's target.
func (c *cycle) forbidden(v *view, from uint32) bool {
	if from == v.version {
		return false
	}
	if c.forbids == nil || c.forbidKey != v.key.Product {
		c.forbids, c.forbidKey = map[[2]uint32]bool{}, v.key.Product
	}
	key := [2]uint32{from, v.version}
	f, ok := c.forbids[key]
	if !ok {
		f = v.product.Spec.Versions.Check(c.in.Fleet.version.values[from], v.target.Version) != ""
		c.forbids[key] = f
	}
	return f
}

// set publishes a decision.
func (c *cycle) set(r Row, d Decision) {
	old := c.plan.dec.at(r)
	if old == d {
		return
	}
	c.plan.dec.set(r, d)
	if old.counted {
		c.memo.totals[old.Verdict]--
	}
	if d.counted {
		c.memo.totals[d.Verdict]++
	}
	if c.scratch && d.Verdict == Current {
		return // the first plan need not say of a million clusters that they are well
	}
	c.plan.changes = append(c.plan.changes, Change{Row: r, Cluster: c.in.Fleet.names[r], Old: old, New: d})
}

// finish puts everything into its order and counts.
func (c *cycle) finish() {
	p := c.plan
	clear(c.memo.dirty)
	for _, v := range c.memo.views {
		v.all, v.recounted = false, false
	}
	if len(p.Events) > 0 {
		p.Actions = nil
	}
	p.Totals = c.memo.totals
	c.status()
	c.wake()
}
