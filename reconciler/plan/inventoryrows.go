package plan

import (
	"slices"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

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
	for _, col := range []*[]uint32{&c.product, &c.plane, &c.version, &c.target, &c.unknown, &c.problem, &c.owner, &c.changedBy, &c.state, &c.mark} {
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
	col.owner[r] = inv.strings.id(c.Owner)
	col.changedBy[r] = inv.strings.id(c.ChangedBy)
	col.state[r] = inv.strings.id(c.State)
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
