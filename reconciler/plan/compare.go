package plan

import (
	"math"
	"slices"
)

// scope is which clusters are compared with one on which a monitor fires: those
// that share its data plane or, where too few of them are untouched, its region
// or its cloud.
type scope uint8

const (
	byPlane scope = iota
	byRegion
	byCloud

	scopeCount
)

var scopeLabels = [scopeCount]string{byRegion: "region", byCloud: "cloud"}

// fewUntouched is how many untouched clusters a group must have to say anything:
// one alone may have trouble of its own.
const fewUntouched = 2

func (c *cycle) groupOf(r Row, s scope) uint32 {
	if s == byPlane {
		return c.in.Fleet.col.plane[r]
	}
	return c.in.Fleet.label(r, scopeLabels[s])
}

func (c *cycle) groupName(id uint32, s scope) string {
	name := c.in.Fleet.strings.values[id]
	if s == byPlane {
		return "data plane " + name
	}
	return scopeLabels[s] + " " + name[1:]
}

// tally counts clusters of a group.
type tally struct{ touched, untouched int }

type tallyKey struct {
	version uint32
	scope   scope
}

// sideOf is side for the clusters of a product that are in a cohort.
func (c *cycle) sideOf(r Row, product string, version uint32) (touched, untouched bool) {
	if v := c.memo.viewOf(r); v == nil || v.key.Product != product {
		return false, false
	}
	return c.side(r, version)
}

// side says whether a cluster runs a version, or is on the way to it, or is at
// rest on another. One that goes elsewhere, or that nobody can see, counts for
// neither side.
func (c *cycle) side(r Row, version uint32) (touched, untouched bool) {
	inv := c.in.Fleet
	if !inv.known(r) {
		return false, false
	}
	if inv.col.version[r] == version || inv.col.target[r] == version {
		return true, false
	}
	if m := c.memo.member(r); m != nil && m.Status == Running && c.memo.viewOf(r).version == version {
		return true, false
	}
	return false, !inv.inFlight(r)
}

// tallies counts the clusters of a view by group. They are counted again when
// something of the view has changed.
func (c *cycle) tallies(v *view, key tallyKey) map[uint32]tally {
	if t, ok := v.tallies[key]; ok {
		return t
	}
	t := map[uint32]tally{}
	for _, r := range v.rows {
		g := c.groupOf(r, key.scope)
		switch touched, untouched := c.side(r, key.version); {
		case touched:
			n := t[g]
			n.touched++
			t[g] = n
		case untouched:
			n := t[g]
			n.untouched++
			t[g] = n
		}
	}
	if v.tallies == nil {
		v.tallies = map[tallyKey]map[uint32]tally{}
	}
	v.tallies[key] = t
	return t
}

// said is what a monitor says of the clusters of a group.
type said struct {
	blind   tally
	touched int // firing
	// untouched has the beginnings of those that fire, in Unix nanoseconds and
	// sorted; one that is not known comes first.
	untouched []int64
}

type saidKey struct {
	MonitorKey
	tallyKey
}

// saidOf sorts what a monitor says by group, once for each cycle.
func (c *cycle) saidOf(key saidKey) map[uint32]*said {
	if s, ok := c.said[key]; ok {
		return s
	}
	out := map[uint32]*said{}
	at := func(r Row) *said {
		g := c.groupOf(r, key.scope)
		if out[g] == nil {
			out[g] = &said{}
		}
		return out[g]
	}
	last := Row(-1)
	for i := range c.memo.spots {
		s := &c.memo.spots[i]
		r := c.in.Fleet.rows[s.Cluster]
		if (MonitorKey{s.Product, s.Monitor}) != key.MonitorKey || r == last {
			continue
		}
		last = r
		switch touched, untouched := c.sideOf(r, key.Product, key.version); {
		case touched:
			at(r).blind.touched++
		case untouched:
			at(r).blind.untouched++
		}
	}
	last = -1
	for i := range c.memo.alerts {
		a := &c.memo.alerts[i]
		r := c.in.Fleet.rows[a.Cluster]
		// Alerts are sorted: of several on one cluster the earliest is the first.
		if (MonitorKey{a.Product, a.Monitor}) != key.MonitorKey || r == last || c.blindTo(r, a.Monitor) {
			continue
		}
		last = r
		switch touched, untouched := c.sideOf(r, key.Product, key.version); {
		case touched:
			at(r).touched++
		case untouched:
			began := int64(math.MinInt64)
			if !a.Since.IsZero() {
				began = a.Since.UnixNano()
			}
			at(r).untouched = append(at(r).untouched, began)
		}
	}
	for _, s := range out {
		slices.Sort(s.untouched)
	}
	if c.said == nil {
		c.said = map[saidKey]map[uint32]*said{}
	}
	c.said[key] = out
	return out
}

// compare fills in how touched and untouched clusters fare that share the data
// plane of r or, when too few of those are untouched, its region or its cloud.
func (c *cycle) compare(e *Evidence, v *view, r Row) {
	for s := range scopeCount {
		g := c.groupOf(r, s)
		if g == 0 {
			continue
		}
		wider := c.compareIn(*e, v, g, s)
		if s == byPlane || wider.Untouched >= fewUntouched {
			*e = wider
		}
		if e.Untouched >= fewUntouched {
			return
		}
	}
}

func (c *cycle) compareIn(e Evidence, v *view, group uint32, s scope) Evidence {
	key := tallyKey{v.version, s}
	var all tally
	for _, w := range c.memo.views {
		if w.key.Product == v.key.Product {
			t := c.tallies(w, key)[group]
			all.touched += t.touched
			all.untouched += t.untouched
		}
	}
	e.Among, e.TouchedFiring, e.UntouchedFiring, e.UntouchedNew = c.groupName(group, s), 0, 0, 0
	if says := c.saidOf(saidKey{MonitorKey{e.Product, e.Monitor}, key})[group]; says != nil {
		all.touched -= says.blind.touched
		all.untouched -= says.blind.untouched
		e.TouchedFiring, e.UntouchedFiring = says.touched, len(says.untouched)
		old, _ := slices.BinarySearch(says.untouched, e.StartedAt.UnixNano())
		e.UntouchedNew = len(says.untouched) - old
	}
	e.Touched, e.Untouched = all.touched, all.untouched
	return e
}

// manyUntouched is how many untouched clusters it takes to tell an outage that
// hits only some: with fewer, one touched cluster that fires alone could not be
// told from chance at 5%.
const manyUntouched = 19

// looksLikeEnvironment is the rule by which an alert is put down to the
// environment. Who is in doubt charges: a release that pauses once too often costs
// a look, and one that does not pause costs clusters.
//
// At least two untouched clusters must fire. Then either they fire at least as
// often as the touched ones, whatever the numbers; or, for an outage that hits
// only some of the clusters there, both of these hold:
//
//   - Of the untouched clusters that were quiet when this cluster's upgrade began,
//     of which there must be many, at least two and at least a tenth fire now.
//     What has fired there for long is the background and proves nothing.
//   - The touched clusters do not fire significantly more often than those: by
//     Fisher's exact test, one-sided, at 5%.
func (e *Evidence) looksLikeEnvironment() bool {
	if e.Touched == 0 || e.UntouchedFiring < fewUntouched {
		return false
	}
	if e.UntouchedFiring*e.Touched >= e.TouchedFiring*e.Untouched {
		return true
	}
	fresh, could := e.UntouchedNew, e.Untouched-(e.UntouchedFiring-e.UntouchedNew)
	return could >= manyUntouched && fresh >= fewUntouched && 10*fresh >= could &&
		chance(e.TouchedFiring, e.Touched, fresh, could) > significance
}

const significance = 0.05

// chance is how likely it is that at least a of n clusters fire when, of these
// and m others together, a+b do and it could be any of them alike: the upper tail
// of the hypergeometric distribution.
func chance(a, n, b, m int) float64 {
	firing := a + b
	sum := 0.0
	for x := a; x <= min(n, firing); x++ {
		if firing-x > m {
			continue
		}
		p := math.Exp(logChoose(n, x) + logChoose(m, firing-x) - logChoose(n+m, firing))
		if sum += p; p < sum*1e-9 {
			break // what follows is smaller still
		}
	}
	return sum
}

// logChoose is the logarithm of the number of ways to choose k of n.
func logChoose(n, k int) float64 {
	lgamma := func(x int) float64 {
		v, _ := math.Lgamma(float64(x) + 1)
		return v
	}
	return lgamma(n) - lgamma(k) - lgamma(n-k)
}
