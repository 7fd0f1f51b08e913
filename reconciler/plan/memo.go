package plan

import (
	"maps"
	"slices"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/schedule"
)

// memo is what one plan hands to the next so that only what has changed is
// looked at again. It is a cache: a plan decided without it is the same.
type memo struct {
	policy *Policy
	inv    *Inventory
	state  *State

	invSeen, stateSeen, structure uint64
	scanned, synced               bool // the inventory and the state have been read once

	classes classifier
	class   []int32 // by row; -1 before it is classified
	pos     []int32 // by row: member position in its view, or -1
	slot    []int32 // by row: index in view.rows

	views  []*view // in the order of the train
	byKey  map[TargetKey]int32
	flight map[Row]struct{} // in flight, by observation or by the ledger
	noted  map[Row]struct{} // carry a mark that says paused or failed, or a word that is untrue

	alerts  []Alert         // that name a cluster, sorted
	alertOf map[Row][]int32 // indices of alerts
	blindBy []MonitorKey    // what blind findings point to
	spots   []BlindSpot     // of monitors of a cluster's own product, sorted
	spotOf  map[Row][]int32 // indices of spots

	snap *schedule.Snapshot
	sets []setState // by window set

	dirty  map[Row]struct{}
	totals [verdictCount]int
	// recheck is when a look-ahead or a pin changes a decision by itself.
	recheck time.Time
}

// view is a product in a cohort: what Decide knows of a target.
type view struct {
	key       TargetKey
	cohort    int
	order     int
	product   *fleet.Product
	spec      *fleet.CohortSpec
	target    *Target
	version   uint32 // interned target version
	rollout   *Rollout
	shape     uint64
	release   *Release
	emergency *fleet.Emergency

	rows    []Row   // all clusters of the product in the cohort
	members []Row   // by position; -1 when the inventory has no such cluster
	running []int32 // positions of members with status Running
	failed  []int32 // positions of members with status Failed
	skipped []int32 // positions of members with status Skipped
	waves   []waveView

	onTarget  int
	absent    int  // members that the inventory does not have
	recounted bool // in this cycle
	bound     boundKey
	unordered Finding // why the order of a rollout that is to begin is not known
	soaks     bool    // in this cycle: the clock of a soak runs
	still     standstill
	tallies   map[tallyKey]map[uint32]tally
	common    [gateCount]Finding
	changed   bool // members or their clusters have changed
	all       bool // all rows have to be decided again
}

type waveView struct {
	from, to int // positions
	remaining,
	finished, running, failed, skipped, left, pending int
	inFlight int // in this cycle

	key   waveKey // what decided its pending members in the last cycle
	cut   int     // from here on they were all refused by cutBy
	cutBy Finding
}

// waveKey is what the pending members of a wave have in common. As long as it
// is the same and refuses them all, so are their decisions.
type waveKey struct {
	valid bool
	gates Gates
	first Finding
	snap  *schedule.Snapshot
	est   time.Duration
}

func newMemo(in *Input) *memo {
	m := &memo{
		policy: in.Policy, inv: in.Fleet, state: in.State,
		classes: newClassifier(in.Policy, in.Fleet),
		byKey:   map[TargetKey]int32{}, flight: map[Row]struct{}{}, noted: map[Row]struct{}{},
		alertOf: map[Row][]int32{}, spotOf: map[Row][]int32{}, dirty: map[Row]struct{}{},
	}
	m.buildViews()
	n := len(in.Fleet.names)
	m.grow(n)
	return m
}

// buildViews makes a view for each product in each cohort that the spec names.
func (m *memo) buildViews() {
	if m.policy == nil {
		return
	}
	spec := m.policy.Spec
	for c := range spec.Cohorts {
		for _, product := range slices.Sorted(maps.Keys(spec.Cohorts[c].Spec.Versions)) {
			p := m.policy.products[product]
			if p == nil {
				continue
			}
			m.views = append(m.views, &view{
				key: TargetKey{product, spec.Cohorts[c].Name}, cohort: c, product: p,
				spec: &spec.Cohorts[c].Spec, order: m.policy.stage[c], all: true, changed: true,
			})
		}
	}
	slices.SortStableFunc(m.views, func(a, b *view) int {
		if a.order != b.order {
			return a.order - b.order
		}
		if a.cohort != b.cohort {
			return a.cohort - b.cohort
		}
		return compareKeys(a.key, b.key)
	})
	for i, v := range m.views {
		m.byKey[v.key] = int32(i)
	}
}

func (m *memo) grow(n int) {
	if more := n - len(m.class); more > 0 {
		m.class, m.pos, m.slot = slices.Grow(m.class, more), slices.Grow(m.pos, more), slices.Grow(m.slot, more)
	}
	for len(m.class) < n {
		m.class = append(m.class, -1)
		m.pos = append(m.pos, -1)
		m.slot = append(m.slot, -1)
	}
}

// refresh looks at a row again: which class it is in, whether it is in flight.
func (m *memo) refresh(r Row) {
	old := m.viewOf(r)
	if !m.inv.alive(r) {
		m.leave(old, r)
		m.class[r], m.pos[r] = -1, -1
		delete(m.flight, r)
		delete(m.noted, r)
		return
	}
	m.class[r] = m.classes.classify(m, r)
	now := m.viewOf(r)
	if now != old {
		m.leave(old, r)
		m.enter(now, r)
	}
	if now != nil {
		now.changed = true
	}
	m.refreshFlight(r)
	if mark := &m.inv.marks.values[m.inv.col.mark[r]]; mark.Paused != "" || mark.AllPaused != "" || mark.Failed != "" || m.inv.untidy(r) {
		m.noted[r] = struct{}{}
	} else {
		delete(m.noted, r)
	}
}

func (m *memo) refreshFlight(r Row) {
	inFlight := m.inv.inFlight(r)
	if !inFlight {
		if member := m.member(r); member != nil {
			inFlight = member.Status == Running
		}
	}
	if inFlight {
		m.flight[r] = struct{}{}
	} else {
		delete(m.flight, r)
	}
}

func (m *memo) viewOf(r Row) *view {
	if c := m.class[r]; c >= 0 {
		if v := m.classes.list[c].view; v >= 0 {
			return m.views[v]
		}
	}
	return nil
}

func (m *memo) enter(v *view, r Row) {
	m.pos[r] = -1
	if v == nil {
		return
	}
	m.slot[r] = int32(len(v.rows))
	v.rows = append(v.rows, r)
	v.changed = true
	if v.rollout != nil {
		if v.rollout.Member(m.inv.names[r]) != nil {
			v.shape-- // resolve the members again
		}
	}
}

func (m *memo) leave(v *view, r Row) {
	if v == nil {
		return
	}
	if p := m.pos[r]; p >= 0 && int(p) < len(v.members) && v.members[p] == r {
		v.members[p] = -1
	}
	m.pos[r] = -1
	s := m.slot[r]
	last := v.rows[len(v.rows)-1]
	v.rows[s] = last
	m.slot[last] = s
	v.rows = v.rows[:len(v.rows)-1]
	m.slot[r] = -1
	v.changed = true
}

func (m *memo) member(r Row) *Member {
	v := m.viewOf(r)
	if v == nil || v.rollout == nil {
		return nil
	}
	p := m.pos[r]
	if p < 0 || int(p) >= len(v.rollout.Members) {
		return nil
	}
	return &v.rollout.Members[p]
}

// sync takes the state's structure into the views.
func (m *memo) sync() {
	for _, v := range m.views {
		target := m.state.Targets[v.key]
		rollout := m.state.Rollouts[v.key]
		if target == nil {
			rollout = nil // a rollout without a target is of no use; only a damaged ledger has one
		}
		if target != v.target {
			v.target, v.all = target, true
		}
		v.emergency, v.release = nil, nil
		if target != nil {
			id := m.inv.version.id(target.Version)
			if id != v.version {
				v.version, v.all = id, true
			}
			v.emergency = m.policy.emergencyOf(target)
			v.release = m.state.Releases[target.Release]
		}
		if rollout != v.rollout || (rollout != nil && rollout.shape != v.shape) || (rollout != nil && len(v.members) != len(rollout.Members)) {
			m.resolve(v, rollout)
			v.all = true
		}
		v.changed = true
	}
	m.structure = m.state.changes.structure
}

// resolve finds the rows of a rollout's members.
func (m *memo) resolve(v *view, rollout *Rollout) {
	for _, r := range v.members {
		if r >= 0 && m.viewOf(r) == v {
			m.pos[r] = -1
		}
	}
	v.rollout, v.members, v.waves = rollout, v.members[:0], v.waves[:0]
	if rollout == nil {
		return
	}
	v.shape = rollout.shape
	pos := 0
	for w := range rollout.Waves {
		from := pos
		for pos < len(rollout.Members) && rollout.Members[pos].Wave <= w {
			pos++
		}
		v.waves = append(v.waves, waveView{from: from, to: pos, cut: pos})
	}
	for i := range rollout.Members {
		row, ok := m.inv.rows[rollout.Members[i].Cluster]
		if !ok || m.viewOf(row) != v {
			v.members = append(v.members, -1)
			continue
		}
		v.members = append(v.members, row)
		m.pos[row] = int32(i)
	}
	for _, r := range v.rows {
		m.refreshFlight(r)
	}
}

// recount counts the members of a view by status.
func (m *memo) recount(v *view, now time.Time) {
	v.changed, v.recounted = false, true
	v.onTarget, v.absent = 0, 0
	for _, r := range v.rows {
		if m.inv.col.version[r] == v.version && !m.inv.inFlight(r) {
			v.onTarget++
		}
	}
	v.running, v.failed, v.skipped = v.running[:0], v.failed[:0], v.skipped[:0]
	if v.rollout == nil {
		return
	}
	for w := range v.waves {
		wave := &v.waves[w]
		wave.remaining, wave.finished, wave.running = 0, 0, 0
		wave.failed, wave.skipped, wave.left, wave.pending = 0, 0, 0, 0
		for pos := wave.from; pos < wave.to; pos++ {
			if v.members[pos] < 0 {
				v.absent++
			}
			switch v.rollout.Members[pos].Status {
			case Pending:
				wave.pending++
				if !m.pinnedMember(v, pos, now) {
					wave.remaining++
				}
			case Running:
				wave.running++
				wave.remaining++
				v.running = append(v.running, int32(pos))
			case Finished:
				wave.finished++
			case Failed:
				wave.failed++
				v.failed = append(v.failed, int32(pos))
			case Skipped:
				wave.skipped++
				v.skipped = append(v.skipped, int32(pos))
			case Left:
				wave.left++
			}
		}
	}
}

func (m *memo) pinnedMember(v *view, pos int, now time.Time) bool {
	if len(m.policy.pins) == 0 {
		return false
	}
	pin, expired := m.policy.pin(v.rollout.Members[pos].Cluster, now)
	return pin >= 0 && !expired
}
