package plan

import (
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// classifier sorts clusters into classes: clusters that no selector of the
// policy can tell apart. Selectors are asked once for each class instead of
// once for each cluster.
type classifier struct {
	policy  *Policy
	columns []string   // label keys that matter
	ids     [][]uint32 // the inventory's columns of these keys
	byHash  map[uint64]int32
	list    []class
	chains  map[int32]int32 // next class with the same hash

	setOf  map[string]int32 // window set, by its encoded members
	values []uint32         // scratch
}

// class is a set of clusters that the policy treats alike.
type class struct {
	values  []uint32 // of the columns; the last is the product
	cohorts []int32  // that select it
	view    int32    // -1 when no cohort, or more than one, has its product
	set     int32    // window set
}

func newClassifier(p *Policy, inv *Inventory) classifier {
	c := classifier{policy: p, byHash: map[uint64]int32{}, chains: map[int32]int32{}, setOf: map[string]int32{}}
	if p != nil {
		c.columns = p.keys
	}
	c.values = make([]uint32, len(c.columns))
	return c
}

// begin takes up the inventory's columns, which move when it grows.
func (c *classifier) begin(inv *Inventory) {
	c.ids = c.ids[:0]
	for _, key := range c.columns {
		c.ids = append(c.ids, inv.labels[key])
	}
}

func (c *classifier) classify(m *memo, r Row) int32 {
	h := uint64(14695981039346656037)
	for i, key := range c.columns {
		var id uint32
		if key == fleet.LabelName {
			id = m.inv.strings.id("=" + m.inv.names[r])
		} else if ids := c.ids[i]; int(r) < len(ids) {
			id = ids[r]
		}
		c.values[i] = id
		h = (h ^ uint64(id)) * 0x9E3779B97F4A7C15
		h ^= h >> 29
	}
	k, ok := c.byHash[h]
	if ok {
		for {
			if equalValues(c.list[k].values, c.values) {
				return k
			}
			next, more := c.chains[k]
			if !more {
				break
			}
			k = next
		}
	}
	n := int32(len(c.list))
	c.list = append(c.list, c.describe(m, r))
	if ok {
		c.chains[k] = n
	} else {
		c.byHash[h] = n
	}
	return n
}

func equalValues(a, b []uint32) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// describe asks the selectors about a cluster of a new class.
func (c *classifier) describe(m *memo, r Row) class {
	out := class{values: append([]uint32(nil), c.values...), view: -1}
	if c.policy == nil {
		return out
	}
	value := func(key string) (string, bool) { return m.inv.Label(r, key) }
	product := m.inv.strings.values[m.inv.col.product[r]]
	for _, i := range c.policy.byCohort.match(value) {
		if _, has := c.policy.Spec.Cohorts[i].Spec.Versions[product]; has {
			out.cohorts = append(out.cohorts, i)
		}
	}
	if len(out.cohorts) == 1 {
		if v, ok := m.byKey[TargetKey{product, c.policy.Spec.Cohorts[out.cohorts[0]].Name}]; ok {
			out.view = v
		}
	}
	var windows []int32
	for _, w := range c.policy.byWindow.match(value) {
		if concerns(c.policy.Spec.Windows[w].Spec.Products, product) {
			windows = append(windows, w)
		}
	}
	out.set = m.windowSet(c, windows)
	return out
}

func concerns(products []string, product string) bool {
	if len(products) == 0 {
		return true
	}
	for _, p := range products {
		if p == product {
			return true
		}
	}
	return false
}

func (m *memo) windowSet(c *classifier, windows []int32) int32 {
	buf := make([]byte, 0, 4*len(windows))
	for _, w := range windows {
		buf = append(buf, byte(w), byte(w>>8), byte(w>>16), byte(w>>24))
	}
	id, ok := c.setOf[string(buf)]
	if !ok {
		id = int32(len(m.sets))
		c.setOf[string(buf)] = id
		m.sets = append(m.sets, setState{windows: windows})
	}
	return id
}
