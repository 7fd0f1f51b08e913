package plan

import (
	"maps"
	"slices"
	"strconv"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// label returns the number of a row's value of a label, 0 when it has none.
func (inv *Inventory) label(r Row, key string) uint32 {
	if ids := inv.labels[key]; int(r) < len(ids) {
		return ids[r]
	}
	return 0
}

// Label returns the value of a cluster's label.
func (inv *Inventory) Label(r Row, key string) (string, bool) {
	if key == fleet.LabelName {
		return inv.names[r], true
	}
	id := inv.label(r, key)
	if id == 0 {
		return "", false
	}
	return inv.strings.values[id][1:], true
}

// Find returns the row of a cluster.
func (inv *Inventory) Find(name string) (Row, bool) {
	r, ok := inv.rows[name]
	return r, ok
}

// Name returns the name of a row's cluster.
func (inv *Inventory) Name(r Row) string { return inv.names[r] }

// Names returns the names of all clusters, sorted.
func (inv *Inventory) Names() []string { return slices.Sorted(maps.Keys(inv.rows)) }

// Cluster returns a cluster as it was last observed. Unknown says why it cannot
// be relied upon, whatever the cause.
func (inv *Inventory) Cluster(r Row) Cluster {
	col := &inv.col
	c := Cluster{
		Name:       inv.names[r],
		Product:    inv.strings.values[col.product[r]],
		DataPlane:  inv.strings.values[col.plane[r]],
		Labels:     map[string]string{},
		Unknown:    inv.unknown(r),
		Version:    inv.version.values[col.version[r]],
		Target:     inv.version.values[col.target[r]],
		Replicas:   int(col.replicas[r]),
		Updated:    int(col.updated[r]),
		Ready:      int(col.ready[r]),
		Next:       int(col.next[r]),
		ReadySince: instant(col.readySince[r]),
		Problem:    inv.strings.values[col.problem[r]],
		Owner:      inv.strings.values[col.owner[r]],
		ChangedBy:  inv.strings.values[col.changedBy[r]],
		State:      inv.strings.values[col.state[r]],
		Ratchet:    col.flags[r]&flagRatchet != 0,
		Held:       col.flags[r]&flagHeld != 0,
		Stranded:   col.flags[r]&flagStranded != 0,
		Mark:       inv.Mark(r),
		Revision:   col.revision[r],
	}
	if p := inv.planes[c.DataPlane]; p != nil {
		c.AsOf = p.asOf
	}
	for key := range inv.labels {
		if key == fleet.LabelProduct || key == fleet.LabelDataPlane {
			continue
		}
		if v, ok := inv.Label(r, key); ok {
			c.Labels[key] = v
		}
	}
	return c
}

// Mark returns the note that Wavegate left on a cluster.
func (inv *Inventory) Mark(r Row) Mark {
	m := inv.marks.values[inv.col.mark[r]]
	m.StartedAt = instant(inv.col.markedAt[r])
	return m
}

// known reports whether a row can be relied upon.
func (inv *Inventory) known(r Row) bool {
	return inv.col.flags[r]&(flagAlive|flagLost|flagClaimed) == flagAlive && inv.col.unknown[r] == 0
}

// unknown says why a row cannot be relied upon, or nothing.
func (inv *Inventory) unknown(r Row) string {
	f := inv.col.flags[r]
	switch {
	case f&flagClaimed != 0:
		return "reported by " + strconv.Itoa(len(inv.claims[r])) + " data planes (" + join(inv.claims[r]) + "); names must be unique"
	case f&flagLost != 0:
		plane := inv.strings.values[inv.col.plane[r]]
		return "data plane " + plane + " cannot be reached: " + inv.planes[plane].lost
	default:
		return inv.strings.values[inv.col.unknown[r]]
	}
}

func (inv *Inventory) alive(r Row) bool    { return inv.col.flags[r]&flagAlive != 0 }
func (inv *Inventory) inFlight(r Row) bool { return inv.col.flags[r]&flagInFlight != 0 }
