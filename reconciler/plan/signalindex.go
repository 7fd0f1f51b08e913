package plan

import (
	"cmp"
	"slices"
)

// refreshSignals sorts what the monitors say of single clusters by cluster, and
// marks those clusters of which they say something else than before.
func (c *cycle) refreshSignals() {
	c.refreshAlerts()
	c.refreshBlindSpots()
}

func (c *cycle) refreshAlerts() {
	m := c.memo
	before, beforeOf := m.alerts, m.alertOf
	m.alerts, m.alertOf = nil, map[Row][]int32{}
	alerts := slices.Clone(c.in.Signals.Alerts)
	slices.SortFunc(alerts, compareAlerts)
	alerts = slices.CompactFunc(alerts, func(a, b Alert) bool { return compareAlerts(a, b) == 0 })
	for _, a := range alerts {
		r, ok := c.in.Fleet.rows[a.Cluster]
		if !ok {
			c.plan.Unmapped = append(c.plan.Unmapped, a)
			continue
		}
		m.alertOf[r] = append(m.alertOf[r], int32(len(m.alerts)))
		m.alerts = append(m.alerts, a)
	}
	if !slices.Equal(before, m.alerts) {
		c.signalsChanged(beforeOf, m.alertOf)
	}
}

// refreshBlindSpots leaves out what monitors of other products say of a cluster,
// and monitors that its product does not name: they are not asked there.
func (c *cycle) refreshBlindSpots() {
	m := c.memo
	if len(c.in.Signals.Blind) == 0 && len(m.spots) == 0 {
		return
	}
	before, beforeOf := m.spots, m.spotOf
	m.spots, m.spotOf = nil, map[Row][]int32{}
	spots := slices.Clone(c.in.Signals.Blind)
	slices.SortFunc(spots, compareSpots)
	for _, s := range slices.Compact(spots) {
		r, ok := c.in.Fleet.rows[s.Cluster]
		switch {
		case !ok:
			c.plan.UnmappedBlind = append(c.plan.UnmappedBlind, s)
		case s.Product == c.productOf(r) && c.names(s.Product, s.Monitor):
			m.spotOf[r] = append(m.spotOf[r], int32(len(m.spots)))
			m.spots = append(m.spots, s)
		}
	}
	if !slices.Equal(before, m.spots) {
		c.signalsChanged(beforeOf, m.spotOf)
	}
}

// signalsChanged marks the clusters of two lists. Decisions hold indices of what
// is said of them: when a list has changed, all clusters in it are decided again.
func (c *cycle) signalsChanged(lists ...map[Row][]int32) {
	for _, of := range lists {
		for r := range of {
			c.memo.dirty[r] = struct{}{}
			if v := c.memo.viewOf(r); v != nil {
				v.changed = true
			}
		}
	}
}

// blindSpot returns the first monitor that is blind to a cluster.
func (c *cycle) blindSpot(r Row) Finding {
	if len(c.memo.spots) == 0 {
		return Finding{}
	}
	if s := c.memo.spotOf[r]; len(s) > 0 {
		return Finding{ClusterBlind, s[0]}
	}
	return Finding{}
}

// blindTo reports whether a monitor is blind to a cluster.
func (c *cycle) blindTo(r Row, monitor string) bool {
	for _, s := range c.memo.spotOf[r] {
		if c.memo.spots[s].Monitor == monitor {
			return true
		}
	}
	return false
}

func (c *cycle) productOf(r Row) string { return c.in.Fleet.strings.values[c.in.Fleet.col.product[r]] }

// names reports whether a product names a monitor.
func (c *cycle) names(product, monitor string) bool {
	if c.in.Policy == nil {
		return false
	}
	p := c.in.Policy.products[product]
	return p != nil && monitorOf(p, monitor) != nil
}

func compareAlerts(a, b Alert) int {
	return cmp.Or(
		cmp.Compare(a.Cluster, b.Cluster), cmp.Compare(a.Monitor, b.Monitor),
		cmp.Compare(a.Product, b.Product), a.Since.Compare(b.Since),
	)
}

func compareSpots(a, b BlindSpot) int {
	return cmp.Or(
		cmp.Compare(a.Cluster, b.Cluster), cmp.Compare(a.Monitor, b.Monitor),
		cmp.Compare(a.Product, b.Product), cmp.Compare(a.Why, b.Why),
	)
}
