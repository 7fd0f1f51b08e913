package simfleet

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// Plane is one data plane of a fleet.
type Plane struct {
	fleet *Fleet
	name  string

	seq     uint64 // of the newest change
	log     []change
	members int    // clusters that exist
	horizon uint64 // changes up to here may have been forgotten

	outage Outage
	faults Faults
}

var _ reconciler.DataPlane = (*Plane)(nil)

// change is an entry of a data plane's change log. Only the newest of a
// cluster counts: the one whose number the cluster carries.
type change struct {
	seq uint64
	c   *cluster
}

// tombstones is how many clusters that are gone are remembered at least. A
// cursor from before the forgotten ones gets everything.
const tombstones = 4096

// Name returns the name of the data plane.
func (p *Plane) Name() string { return p.name }

// changed notes that a cluster has changed.
func (p *Plane) changed(c *cluster) {
	p.seq++
	c.seq = p.seq
	p.log = append(p.log, change{p.seq, c})
	if len(p.log) > 2*p.members+2*tombstones {
		p.compact()
	}
}

// compact drops entries that no longer count, and old tombstones.
func (p *Plane) compact() {
	p.log = slices.DeleteFunc(p.log, func(e change) bool { return e.c.seq != e.seq })
	gone := len(p.log) - p.members
	if gone <= tombstones {
		return
	}
	drop := gone - tombstones
	p.log = slices.DeleteFunc(p.log, func(e change) bool {
		if !e.c.gone || drop == 0 {
			return false
		}
		drop--
		p.horizon = e.seq
		return true
	})
}

// Observe returns the clusters of the products: all of them when the cursor is
// empty, not one of this fleet, too old, or of other products; else exactly
// those that have changed since the call that returned it.
func (p *Plane) Observe(ctx context.Context, products []fleet.Product, cursor string) (plan.Observation, error) {
	if err := ctx.Err(); err != nil {
		return plan.Observation{}, fmt.Errorf("observe data plane %s: %w", p.name, err)
	}
	f := p.fleet
	f.mu.Lock()
	defer f.mu.Unlock()
	now, err := f.look()
	if err == nil {
		err = p.reach(now, "observe", cursor)
	}
	if err != nil {
		return plan.Observation{}, fmt.Errorf("observe data plane %s: %w", p.name, err)
	}
	wanted := make(map[string]bool, len(products))
	for i := range products {
		wanted[products[i].Name] = true
	}
	scope := scopeOf(wanted)
	since, ok := p.since(cursor, scope)
	obs := plan.Observation{
		DataPlane: p.name, AsOf: now, Full: !ok,
		Cursor: fmt.Sprintf("%d.%s.%d", f.opens, scope, p.seq),
	}
	first := sort.Search(len(p.log), func(i int) bool { return p.log[i].seq > since })
	if obs.Full && p.members > 0 {
		obs.Clusters = make([]plan.Cluster, 0, p.members)
	}
	for _, e := range p.log[first:] {
		switch {
		case e.c.seq != e.seq || !wanted[e.c.product]:
		case !e.c.gone:
			obs.Clusters = append(obs.Clusters, f.observed(e.c, now))
		case !obs.Full && !p.exists(e.c.name):
			obs.Gone = append(obs.Gone, e.c.name)
		}
	}
	slices.SortFunc(obs.Clusters, func(a, b plan.Cluster) int { return strings.Compare(a.Name, b.Name) })
	slices.Sort(obs.Gone)
	obs.Gone = slices.Compact(obs.Gone)
	return obs, nil
}

// exists reports whether a name is in use in this data plane, perhaps again.
func (p *Plane) exists(name string) bool {
	c := p.fleet.clusters[name]
	return c != nil && c.plane == p
}

// since reads a cursor. It returns false when everything has to be returned.
func (p *Plane) since(cursor, scope string) (uint64, bool) {
	prefix := fmt.Sprintf("%d.%s.", p.fleet.opens, scope)
	text, ok := strings.CutPrefix(cursor, prefix)
	if !ok {
		return 0, false
	}
	seq, err := strconv.ParseUint(text, 10, 64)
	if err != nil || seq > p.seq || seq < p.horizon {
		return 0, false
	}
	return seq, true
}

// scopeOf identifies a set of products.
func scopeOf(products map[string]bool) string {
	names := make([]string, 0, len(products))
	for name := range products {
		names = append(names, name)
	}
	slices.Sort(names)
	return strconv.FormatUint(hash(0, strings.Join(names, "\x00")), 36)
}

// reach returns an error when a call fails by script or by the failure rate.
func (p *Plane) reach(now time.Time, call, about string) error {
	if p.outage.during(now) {
		return fmt.Errorf("unreachable: %s", p.outage.Reason)
	}
	if draw(p.fleet.set.Seed, "call", p.name, call, about, now.UnixNano()) < p.faults.Errors {
		return fmt.Errorf("%s failed: connection reset by the modelled network", call)
	}
	return nil
}
