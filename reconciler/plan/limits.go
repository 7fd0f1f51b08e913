package plan

import "github.com/wavegate-dev/wavegate/reconciler/fleet"

// usage counts the clusters in flight against the limits. It is filled once for
// each cycle and shared out in one deterministic pass.
type usage struct {
	limits []fleet.Limit
	total  int
	labels [][]uint32       // by limit: the column of its label
	byID   []map[uint32]int // by limit: in flight for each label value
}

func newUsage(inv *Inventory, limits []fleet.Limit) *usage {
	u := &usage{limits: limits, labels: make([][]uint32, len(limits)), byID: make([]map[uint32]int, len(limits))}
	for i := range limits {
		if limits[i].Label != "" {
			u.labels[i], u.byID[i] = inv.labels[limits[i].Label], map[uint32]int{}
		}
	}
	return u
}

// label returns the value of a limit's label for a row; 0 when it has none.
func (u *usage) label(limit int, r Row) uint32 {
	if ids := u.labels[limit]; int(r) < len(ids) {
		return ids[r]
	}
	return 0
}

func (u *usage) add(r Row) {
	u.total++
	for i := range u.limits {
		if u.byID[i] == nil {
			continue
		}
		if id := u.label(i, r); id != 0 {
			u.byID[i][id]++
		}
	}
}

// full returns the overall limit that is exhausted, or none.
func (u *usage) full() Finding {
	for i := range u.limits {
		if u.limits[i].Label == "" && u.total >= u.limits[i].MaxConcurrency {
			return Finding{LimitReached, int32(i)}
		}
	}
	return Finding{}
}

// check returns the first limit that one more cluster would exceed, or none.
func (u *usage) check(r Row) Finding {
	for i := range u.limits {
		if u.count(i, r) >= u.limits[i].MaxConcurrency {
			return Finding{LimitReached, int32(i)}
		}
	}
	return Finding{}
}

func (u *usage) count(limit int, r Row) int {
	if u.byID[limit] == nil {
		return u.total
	}
	id := u.label(limit, r)
	if id == 0 {
		return 0
	}
	return u.byID[limit][id]
}
