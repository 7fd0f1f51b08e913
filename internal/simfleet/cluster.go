package simfleet

import (
	"fmt"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// cluster is one modelled workload. Times are Unix nanoseconds and versions
// and labels are numbers of interned values, because there may be a hundred
// thousand of them.
type cluster struct {
	name    string
	product string
	plane   *Plane
	labels  []uint32
	uid     uint64 // never used twice, also when the name is

	ratchet bool
	held    bool
	gone    bool

	current   uint32 // version that all replicas last ran together
	target    uint32 // version that the template asks for
	partition int    // replicas from this ordinal up follow the target
	replicas  []replica
	lives     uint32 // the highest life of replicas that were scaled away
	surge     *surge // of a Deployment: the replica that is to take a place

	mark       *plan.Mark
	unknown    string
	readySince int64 // zero while a replica is not ready
	downSince  int64 // zero while all replicas are ready
	slow       float64
	alerts     []alert
	blips      []Blip // armed: each starts when the next replica is replaced

	rev uint64 // counts observable changes
	seq uint64 // of the data plane's last change of it
	due int64  // when the next thing happens by itself, or zero
}

// replica is one replica as it is now.
type replica struct {
	version uint32
	life    uint32 // counts how often it was made or restarted
	ready   bool
	since   int64 // of ready, or of the restart
	due     int64 // when it will be ready; zero when ready or never
}

// surge is the additional replica with which a Deployment rolls.
type surge struct {
	slot    int
	version uint32
	life    uint32
	due     int64 // zero: it never becomes ready
}

// alert is a monitor that fires on a cluster from a time on.
type alert struct {
	monitor string // empty: the product's first
	since   int64
	until   int64  // zero: until the replicas of the version are gone
	version uint32 // of an alert that a version causes
}

// next returns the ordinal that a Step would replace, or -1.
func (c *cluster) next() int {
	if !c.ratchet {
		return -1
	}
	for o := min(c.partition, len(c.replicas)) - 1; o >= 0; o-- {
		if c.replicas[o].version != c.target {
			return o
		}
	}
	return -1
}

// revision identifies what can be observed of a cluster.
func (c *cluster) revision() string { return fmt.Sprintf("%d.%d", c.uid, c.rev) }

// othersReady reports whether all replicas but one are ready.
func (c *cluster) othersReady(but int) (ok bool, down int) {
	for o := range c.replicas {
		if o != but && !c.replicas[o].ready {
			return false, o
		}
	}
	return true, -1
}

// freshVersion is the version on which a replica comes up that is made now.
func (c *cluster) freshVersion(ordinal int) uint32 {
	if c.ratchet && ordinal < c.partition {
		return c.current
	}
	return c.target
}

// settle brings what follows from the state up to date: since when all is
// ready, whether the upgrade is complete, and when the next thing happens.
func (c *cluster) settle(t int64) {
	ready, onTarget, followed := true, true, true
	var last int64
	c.due = 0
	for o := range c.replicas {
		r := &c.replicas[o]
		if r.version != c.target {
			onTarget = false
			if c.ratchet && o >= c.partition {
				followed = false
			}
		}
		if !r.ready {
			ready = false
			if r.due != 0 && (c.due == 0 || r.due < c.due) {
				c.due = r.due
			}
		}
		last = max(last, r.since)
	}
	if c.surge != nil && c.surge.due != 0 && (c.due == 0 || c.surge.due < c.due) {
		c.due = c.surge.due
	}
	if ready && onTarget && c.surge == nil {
		c.current = c.target
	}
	switch {
	case !ready || !followed:
		c.readySince = 0
	case c.readySince == 0:
		c.readySince = last
	}
	switch {
	case ready:
		c.downSince = 0
	case c.downSince == 0:
		c.downSince = t
	}
}

// observed returns the cluster as a data plane reports it.
func (f *Fleet) observed(c *cluster, now time.Time) plan.Cluster {
	out := plan.Cluster{
		Name: c.name, Product: c.product, DataPlane: c.plane.name,
		Labels:  f.labelMap(c.labels),
		Unknown: c.unknown,
		Version: f.versions.values[c.current], Target: f.versions.values[c.target],
		Replicas: len(c.replicas), Next: c.next(), Ratchet: c.ratchet, Held: c.held,
		Revision: c.revision(), AsOf: now,
	}
	for i := range c.replicas {
		if c.replicas[i].version == c.target {
			out.Updated++
		}
		if c.replicas[i].ready {
			out.Ready++
		}
	}
	out.Stranded = c.ratchet && out.Next >= 0 && out.Ready == out.Replicas-1 && !c.replicas[out.Next].ready
	if c.readySince != 0 {
		out.ReadySince = instant(c.readySince)
	}
	if c.mark != nil {
		out.Mark = *c.mark
	}
	out.Problem = f.problem(c)
	return out
}

// problem says why a cluster is not ready. It must not change with time alone.
func (f *Fleet) problem(c *cluster) string {
	var first string
	more := 0
	say := func(what string, version uint32, due int64) {
		if first != "" {
			more++
			return
		}
		v := f.versions.values[version]
		if due == 0 {
			first = fmt.Sprintf("%s does not become ready on %s: CrashLoopBackOff", what, v)
		} else {
			first = fmt.Sprintf("%s is starting on %s", what, v)
		}
	}
	// What never ends comes first: it is what people have to know.
	for _, stuck := range []bool{true, false} {
		for o := len(c.replicas) - 1; o >= 0; o-- {
			if r := &c.replicas[o]; !r.ready && (r.due == 0) == stuck {
				say(fmt.Sprintf("replica %d", o), r.version, r.due)
			}
		}
		if s := c.surge; s != nil && s.due == 0 && stuck {
			say("the new replica", s.version, s.due)
		}
	}
	if more > 0 {
		first += fmt.Sprintf("; %d more not ready", more)
	}
	return first
}

func instant(ns int64) time.Time { return time.Unix(0, ns).UTC() }

func (f *Fleet) labelMap(ids []uint32) map[string]string {
	m := make(map[string]string, len(ids))
	for _, id := range ids {
		l := f.labels.values[id]
		m[l.key] = l.value
	}
	return m
}

type label struct{ key, value string }

// interned numbers values, so that many clusters can share them.
type interned[T comparable] struct {
	ids    map[T]uint32
	values []T
}

func (in *interned[T]) id(v T) uint32 {
	if id, ok := in.ids[v]; ok {
		return id
	}
	if in.ids == nil {
		in.ids = map[T]uint32{}
	}
	id := uint32(len(in.values))
	in.values = append(in.values, v)
	in.ids[v] = id
	return id
}
