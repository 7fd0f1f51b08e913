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
	named   []bool     // the columns that are the cluster's name
	list    []class
	slots   []int32 // open addressing: class plus one, by hash

	setOf  map[string]int32 // window set, by its encoded members
	values []uint32         // scratch
}

// class is a set of clusters that the policy treats alike.
type class struct {
	values  []uint32 // of the columns
	hash    uint64
	cohorts []int32 // that select it
	view    int32   // -1 when no cohort, or more than one, has its product
	set     int32   // window set
}

func newClassifier(p *Policy, inv *Inventory) classifier {
	c := classifier{policy: p, setOf: map[string]int32{}, slots: make([]int32, 64)}
	if p != nil {
		c.columns = p.keys
	}
	c.values = make([]uint32, len(c.columns))
	for _, key := range c.columns {
		c.named = append(c.named, key == fleet.LabelName)
	}
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
	for i, ids := range c.ids {
		var id uint32
		if c.named[i] {
			id = m.inv.strings.id("=" + m.inv.names[r])
		} else if int(r) < len(ids) {
			id = ids[r]
		}
		c.values[i] = id
		h = (h ^ uint64(id)) * 0x9E3779B97F4A7C15
		h ^= h >> 29
	}
	mask := uint64(len(c.slots) - 1)
	for at := h & mask; ; at = (at + 1) & mask {
		k := c.slots[at] - 1
		if k < 0 {
			return c.add(m, r, h)
		}
		if known := &c.list[k]; known.hash == h && equalValues(known.values, c.values) {
			return k
		}
	}
}

// add files a new class.
func (c *classifier) add(m *memo, r Row, h uint64) int32 {
	k := int32(len(c.list))
	described := c.describe(m, r)
	described.hash = h
	c.list = append(c.list, described)
	if 2*len(c.list) > len(c.slots) {
		c.slots = make([]int32, 2*len(c.slots))
		for i := range c.list[:k] {
			c.place(int32(i))
		}
	}
	c.place(k)
	return k
}

func (c *classifier) place(k int32) {
	mask := uint64(len(c.slots) - 1)
	at := c.list[k].hash & mask
	for c.slots[at] != 0 {
		at = (at + 1) & mask
	}
	c.slots[at] = k + 1
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
