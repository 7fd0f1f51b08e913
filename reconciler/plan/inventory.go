package plan

import (
	"maps"
	"slices"
	"strconv"
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

func (inv *Inventory) put(plane string, c *Cluster) Row {
	r, ok := inv.rows[c.Name]
	if !ok {
		r = inv.newRow(c.Name)
	} else if owner := inv.strings.values[inv.col.plane[r]]; owner != plane {
		inv.claim(r, owner, plane)
		inv.changes.add(r)
		return r
	}
	inv.plane(plane).rows[r] = struct{}{}
	inv.fill(r, plane, c)
	inv.changes.add(r)
	return r
}

func (inv *Inventory) claim(r Row, planes ...string) {
	for _, p := range planes {
		if !slices.Contains(inv.claims[r], p) {
			inv.claims[r] = append(inv.claims[r], p)
		}
		inv.plane(p).rows[r] = struct{}{}
	}
	slices.Sort(inv.claims[r])
	inv.col.flags[r] |= flagClaimed
}

// drop removes what one data plane says of a row.
func (inv *Inventory) drop(plane string, r Row) {
	p := inv.plane(plane)
	if _, ok := p.rows[r]; !ok {
		return
	}
	delete(p.rows, r)
	inv.changes.add(r)
	if others := inv.claims[r]; len(others) > 0 {
		others = slices.DeleteFunc(others, func(o string) bool { return o == plane })
		inv.claims[r] = others
		if len(others) > 1 {
			return
		}
		// One is left. What its data plane says is not known until it reports
		// the cluster again, so the row stays unknown with what it has.
		delete(inv.claims, r)
		inv.col.flags[r] &^= flagClaimed
		inv.col.plane[r] = inv.strings.id(others[0])
		inv.col.unknown[r] = inv.strings.id("was reported by two data planes; waiting for " + others[0] + " to report it again")
		return
	}
	delete(inv.rows, inv.names[r])
	inv.names[r] = ""
	inv.col.flags[r] = 0
	inv.free = append(inv.free, r)
}

func (inv *Inventory) newRow(name string) Row {
	if n := len(inv.free); n > 0 {
		r := inv.free[n-1]
		inv.free = inv.free[:n-1]
		inv.names[r] = name
		inv.rows[name] = r
		return r
	}
	r := Row(len(inv.names))
	inv.names = append(inv.names, name)
	inv.rows[name] = r
	c := &inv.col
	for _, col := range []*[]uint32{&c.product, &c.plane, &c.version, &c.target, &c.unknown, &c.problem, &c.mark} {
		*col = append(*col, 0)
	}
	for _, col := range []*[]uint16{&c.replicas, &c.updated, &c.ready} {
		*col = append(*col, 0)
	}
	c.next = append(c.next, -1)
	c.markedAt = append(c.markedAt, 0)
	c.readySince = append(c.readySince, 0)
	c.revision = append(c.revision, "")
	c.flags = append(c.flags, 0)
	return r
}

func (inv *Inventory) fill(r Row, plane string, c *Cluster) {
	col := &inv.col
	col.product[r] = inv.strings.id(c.Product)
	col.plane[r] = inv.strings.id(plane)
	col.version[r] = inv.version.id(c.Version)
	col.target[r] = inv.version.id(c.Target)
	col.unknown[r] = inv.strings.id(orUnreadable(c))
	col.problem[r] = inv.strings.id(c.Problem)
	mark := c.Mark
	mark.StartedAt = time.Time{}
	col.mark[r] = inv.marks.id(mark)
	col.markedAt[r] = nanos(c.Mark.StartedAt)
	col.replicas[r] = clampCount(c.Replicas)
	col.updated[r] = clampCount(c.Updated)
	col.ready[r] = clampCount(c.Ready)
	col.next[r] = int16(max(-1, min(c.Next, 1<<15-1)))
	col.readySince[r] = nanos(c.ReadySince)
	col.revision[r] = c.Revision
	flags := flagAlive | col.flags[r]&flagClaimed
	if c.Ratchet {
		flags |= flagRatchet
	}
	if c.Held {
		flags |= flagHeld
	}
	if c.InFlight() {
		flags |= flagInFlight
	}
	if c.Stranded {
		flags |= flagStranded
	}
	col.flags[r] = flags
	for key, ids := range inv.labels {
		if _, ok := c.Labels[key]; !ok && int(r) < len(ids) {
			ids[r] = 0
		}
	}
	for key, value := range c.Labels {
		inv.setLabel(r, key, value)
	}
	inv.setLabel(r, fleet.LabelProduct, c.Product)
	inv.setLabel(r, fleet.LabelDataPlane, plane)
}

// orUnreadable makes a cluster unknown whose versions cannot be read: nothing can
// be said of where it would go from there, and no ledger could keep it.
func orUnreadable(c *Cluster) string {
	if c.Unknown != "" {
		return c.Unknown
	}
	for _, v := range []fleet.Version{c.Version, c.Target} {
		if _, err := fleet.ParseVersion(v.String()); err != nil {
			return "runs a version that cannot be read: " + err.Error()
		}
	}
	return ""
}

// setLabel stores a label. Values are prefixed so that an empty value differs
// from an absent label, which is number 0.
func (inv *Inventory) setLabel(r Row, key, value string) {
	ids := inv.labels[key]
	for len(ids) <= int(r) {
		ids = append(ids, 0)
	}
	ids[r] = inv.strings.id("=" + value)
	inv.labels[key] = ids
}

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
		mark: slices.Clone(c.mark), markedAt: slices.Clone(c.markedAt),
		replicas: slices.Clone(c.replicas), updated: slices.Clone(c.updated), ready: slices.Clone(c.ready),
		next: slices.Clone(c.next), readySince: slices.Clone(c.readySince),
		revision: slices.Clone(c.revision), flags: slices.Clone(c.flags),
	}
	return out
}

func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

func instant(ns int64) time.Time {
	if ns == 0 {
		return time.Time{}
	}
	return time.Unix(0, ns).UTC()
}

func clampCount(n int) uint16 { return uint16(max(0, min(n, 1<<16-1))) }

func join(ss []string) string {
	out := ""
	for i, s := range ss {
		if i > 0 {
			out += ", "
		}
		out += s
	}
	return out
}
