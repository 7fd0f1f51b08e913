package kube

import (
	"slices"
)

// changes numbers the changes of clusters, so that an observation can tell what
// is new since the one before. Only the newest change of a cluster counts.
type changes struct {
	seq     uint64
	horizon uint64 // changes up to here may have been forgotten
	log     []change
	newest  map[string]uint64
	kept    int // entries of the log when it was last compacted
}

type change struct {
	seq  uint64
	name string
}

// tombstones is how many clusters that are gone are remembered at least.
const tombstones = 4096

func newChanges() changes { return changes{newest: map[string]uint64{}} }

// note records that a cluster has changed, has come or is gone.
func (c *changes) note(name string) {
	c.seq++
	c.newest[name] = c.seq
	c.log = append(c.log, change{c.seq, name})
}

// since returns the names of the clusters that have changed after a number, and
// false when that is no longer known.
func (c *changes) since(seq uint64) ([]string, bool) {
	if seq > c.seq || seq < c.horizon {
		return nil, false
	}
	at, _ := slices.BinarySearchFunc(c.log, seq+1, func(e change, s uint64) int {
		switch {
		case e.seq < s:
			return -1
		case e.seq > s:
			return 1
		default:
			return 0
		}
	})
	var names []string
	for _, e := range c.log[at:] {
		if c.newest[e.name] == e.seq {
			names = append(names, e.name)
		}
	}
	slices.Sort(names)
	return names, true
}

// compact drops entries that no longer count, and clusters that have long been
// gone.
func (c *changes) compact(exists func(name string) bool) {
	if len(c.log) <= 2*c.kept+tombstones {
		return
	}
	c.log = slices.DeleteFunc(c.log, func(e change) bool { return c.newest[e.name] != e.seq })
	gone := 0
	for _, e := range c.log {
		if !exists(e.name) {
			gone++
		}
	}
	c.log = slices.DeleteFunc(c.log, func(e change) bool {
		if gone <= tombstones || exists(e.name) {
			return false
		}
		gone--
		c.horizon = e.seq
		delete(c.newest, e.name)
		return true
	})
	c.kept = len(c.log)
}
