package plan

import (
	"cmp"
	"slices"
)

// Census is how many clusters there are of one sort.
type Census struct {
	Product string
	// Cohort is empty for clusters that are in none.
	Cohort  string
	Verdict Verdict
	// Gate is the first that is closed; Blocked is false when none is.
	Gate    Gate
	Blocked bool
	Drift   DriftKind
	// Clusters are all of this sort, InFlight those of them between two versions.
	Clusters, InFlight int
}

// Census counts the clusters by sort, sorted by the fields of [Census] in their
// order. Only the newest plan can, until its inventory or its state change.
func (p *Plan) Census() []Census {
	m := p.memo
	if m == nil {
		return nil
	}
	type sort struct {
		product uint32
		view    int32
		verdict Verdict
		gates   Gates
		drift   DriftKind
	}
	type count struct{ clusters, inFlight int }
	counts := map[sort]count{}
	for r := range m.inv.names {
		row := Row(r)
		if !m.inv.alive(row) {
			continue
		}
		d := p.dec.at(row)
		k := sort{m.inv.col.product[r], -1, d.Verdict, d.Gates & -d.Gates, d.Drift}
		if c := m.class[r]; c >= 0 {
			k.view = m.classes.list[c].view
		}
		n := counts[k]
		n.clusters++
		if m.inv.inFlight(row) {
			n.inFlight++
		}
		counts[k] = n
	}
	out := make([]Census, 0, len(counts))
	for k, n := range counts {
		c := Census{
			Product: m.inv.strings.values[k.product], Verdict: k.verdict, Drift: k.drift, Clusters: n.clusters, InFlight: n.inFlight,
		}
		if k.view >= 0 {
			c.Cohort = m.views[k.view].key.Cohort
		}
		for g := range gateCount {
			if k.gates.Has(g) {
				c.Gate, c.Blocked = g, true
			}
		}
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b Census) int {
		return cmp.Or(cmp.Compare(a.Product, b.Product), cmp.Compare(a.Cohort, b.Cohort), cmp.Compare(a.Verdict, b.Verdict),
			cmp.Compare(a.Gate, b.Gate), boolCompare(a.Blocked, b.Blocked), cmp.Compare(a.Drift, b.Drift))
	})
	return out
}

// boolCompare puts false first.
func boolCompare(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	default:
		return 1
	}
}
