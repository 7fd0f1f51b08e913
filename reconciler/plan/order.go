package plan

import (
	"cmp"
	"hash/fnv"
	"slices"
	"strconv"
)

// members returns the clusters that a rollout will upgrade, in their order:
// those half way to a superseded version first, then by the cohort's order, and
// by a hash of release and name between equals, so that it is not always the
// same customers who go first.
//
// Clusters that are newer than the target are left out when the product does
// not allow downgrades: they are reported as ahead.
func (c *cycle) members(v *view) []string {
	type candidate struct {
		name string
		row  Row
		half bool
		hash uint64
		keys []orderValue
	}
	inv := c.in.Fleet
	metrics := c.measured(v)
	candidates := make([]candidate, 0, len(v.rows))
	for _, r := range v.rows {
		half := inv.inFlight(r) && c.ours(r)
		if !half && c.forbidden(v, inv.col.version[r]) && c.driftOf(r, v) == Ahead {
			continue
		}
		candidate := candidate{name: inv.names[r], row: r, half: half, hash: orderHash(v.target.Release, inv.names[r])}
		for i, k := range v.spec.OrderBy {
			if k.Label != "" {
				value, ok := inv.Label(r, k.Label)
				candidate.keys = append(candidate.keys, newOrderValue(value, ok))
			} else {
				candidate.keys = append(candidate.keys, metrics[i][r])
			}
		}
		candidates = append(candidates, candidate)
	}
	keys := v.spec.OrderBy
	slices.SortFunc(candidates, func(a, b candidate) int {
		if a.half != b.half {
			if a.half {
				return -1
			}
			return 1
		}
		for i := range keys {
			if d := a.keys[i].compare(b.keys[i]); d != 0 {
				if keys[i].Descending && a.keys[i].present && b.keys[i].present {
					return -d
				}
				return d
			}
		}
		return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.name, b.name))
	})
	names := make([]string, len(candidates))
	for i := range candidates {
		names[i] = candidates[i].name
	}
	return names
}

func orderHash(release, name string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(release))
	_, _ = h.Write([]byte{0})
	_, _ = h.Write([]byte(name))
	return h.Sum64()
}

// orderValue is a label's value in an order: numbers by value and before text,
// clusters without the label last.
type orderValue struct {
	present, numeric bool
	number           float64
	text             string
}

func newOrderValue(value string, ok bool) orderValue {
	v := orderValue{present: ok, text: value}
	if n, err := strconv.ParseFloat(value, 64); ok && err == nil && n == n {
		v.numeric, v.number = true, n
	}
	return v
}

func (v orderValue) compare(w orderValue) int {
	switch {
	case v.present != w.present:
		if v.present {
			return -1
		}
		return 1
	case v.numeric != w.numeric:
		if v.numeric {
			return -1
		}
		return 1
	case v.numeric:
		return cmp.Compare(v.number, w.number)
	default:
		return cmp.Compare(v.text, w.text)
	}
}
