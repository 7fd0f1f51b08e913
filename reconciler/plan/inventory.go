package plan

import (
	"maps"
	"slices"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// Row numbers a cluster in an [Inventory]. It stays the same while the cluster
// exists.
type Row int32

// Inventory is the observed fleet: one row for each cluster, kept in columns,
// because a million clusters as structs with label maps would need a gigabyte
// and a pass over them would miss the cache at every step.
//
// It is fed by observations and belongs to one goroutine.
type Inventory struct {
	names   []string
	rows    map[string]Row
	strings *interned[string]
	version *interned[fleet.Version]
	marks   *interned[Mark] // without StartedAt

	labels map[string][]uint32 // by key; shorter columns end in "absent"

	col columns

	planes map[string]*planeState
	claims map[Row][]string // data planes that report the same name

	changes changeLog[Row]
	free    []Row
}

// columns hold one value for each row.
type columns struct {
	product, plane           []uint32
	version, target          []uint32
	unknown, problem         []uint32
	owner, changedBy, state  []uint32
	mark                     []uint32
	markedAt                 []int64
	replicas, updated, ready []uint16
	next                     []int16
	readySince               []int64
	revision                 []string
	flags                    []uint8
}

const (
	flagAlive uint8 = 1 << iota
	flagRatchet
	flagHeld
	flagLost     // its data plane cannot be reached
	flagClaimed  // more than one data plane reports it
	flagInFlight // between two versions
	flagStranded
)

type planeState struct {
	asOf time.Time // of the last observation that succeeded
	lost string    // why it cannot be reached
	rows map[Row]struct{}
}

// NewInventory returns an empty inventory.
func NewInventory() *Inventory {
	return &Inventory{
		rows:    map[string]Row{},
		strings: newInterned[string](),
		version: newInterned[fleet.Version](),
		marks:   newInterned[Mark](),
		labels:  map[string][]uint32{},
		planes:  map[string]*planeState{},
		claims:  map[Row][]string{},
	}
}

// Len returns how many clusters there are.
func (inv *Inventory) Len() int { return len(inv.rows) }

// Observe takes in what a data plane reported.
func (inv *Inventory) Observe(obs Observation) {
	p := inv.plane(obs.DataPlane)
	p.asOf = obs.AsOf
	if p.lost != "" {
		p.lost = ""
		for r := range p.rows {
			inv.col.flags[r] &^= flagLost
			inv.changes.add(r)
		}
	}
	var seen map[Row]struct{}
	if obs.Full {
		seen = make(map[Row]struct{}, len(obs.Clusters))
	}
	for i := range obs.Clusters {
		r := inv.put(obs.DataPlane, &obs.Clusters[i])
		if seen != nil {
			seen[r] = struct{}{}
		}
	}
	for _, name := range obs.Gone {
		if r, ok := inv.rows[name]; ok {
			inv.drop(obs.DataPlane, r)
		}
	}
	if seen != nil {
		for _, r := range slices.Sorted(maps.Keys(p.rows)) {
			if _, ok := seen[r]; !ok {
				inv.drop(obs.DataPlane, r)
			}
		}
	}
}

// Lose records that a data plane cannot be reached: what was last seen of its
// clusters stays, and they are unknown.
func (inv *Inventory) Lose(plane, reason string) {
	p := inv.plane(plane)
	if p.lost == reason {
		return
	}
	p.lost = reason
	for r := range p.rows {
		inv.col.flags[r] |= flagLost
		inv.changes.add(r)
	}
}

// Forget removes a data plane that is no longer configured, and its clusters.
func (inv *Inventory) Forget(plane string) {
	p := inv.planes[plane]
	if p == nil {
		return
	}
	for _, r := range slices.Sorted(maps.Keys(p.rows)) {
		inv.drop(plane, r)
	}
	delete(inv.planes, plane)
}

// Plane returns when a data plane was last observed, and why it cannot be
// reached now.
func (inv *Inventory) Plane(name string) (asOf time.Time, lost string) {
	if p := inv.planes[name]; p != nil {
		return p.asOf, p.lost
	}
	return time.Time{}, "never observed"
}

func (inv *Inventory) plane(name string) *planeState {
	p := inv.planes[name]
	if p == nil {
		p = &planeState{rows: map[Row]struct{}{}}
		inv.planes[name] = p
	}
	return p
}

// Clone returns an independent copy: what the simulator models on.
func (inv *Inventory) Clone() *Inventory {
	out := &Inventory{
		names: slices.Clone(inv.names), rows: maps.Clone(inv.rows),
		strings: inv.strings.clone(), version: inv.version.clone(), marks: inv.marks.clone(),
		labels: map[string][]uint32{}, planes: map[string]*planeState{}, claims: map[Row][]string{},
		free: slices.Clone(inv.free),
	}
	for k, ids := range inv.labels {
		out.labels[k] = slices.Clone(ids)
	}
	for n, p := range inv.planes {
		out.planes[n] = &planeState{asOf: p.asOf, lost: p.lost, rows: maps.Clone(p.rows)}
	}
	for r, c := range inv.claims {
		out.claims[r] = slices.Clone(c)
	}
	c := inv.col
	out.col = columns{
		product: slices.Clone(c.product), plane: slices.Clone(c.plane),
		version: slices.Clone(c.version), target: slices.Clone(c.target),
		unknown: slices.Clone(c.unknown), problem: slices.Clone(c.problem),
		owner: slices.Clone(c.owner), changedBy: slices.Clone(c.changedBy), state: slices.Clone(c.state),
		mark: slices.Clone(c.mark), markedAt: slices.Clone(c.markedAt),
		replicas: slices.Clone(c.replicas), updated: slices.Clone(c.updated), ready: slices.Clone(c.ready),
		next: slices.Clone(c.next), readySince: slices.Clone(c.readySince),
		revision: slices.Clone(c.revision), flags: slices.Clone(c.flags),
	}
	return out
}
