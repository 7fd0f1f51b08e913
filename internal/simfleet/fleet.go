package simfleet

import (
	"container/heap"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// Fleet is a modelled fleet: data planes with clusters, and their monitors. It
// is safe for concurrent use.
type Fleet struct {
	now func() time.Time
	set settings

	mu       sync.Mutex
	clock    int64 // the highest reading so far
	planes   map[string]*Plane
	clusters map[string]*cluster
	versions interned[fleet.Version] // number 0 is no version
	labels   interned[label]
	timers   timers
	uids     uint64

	down     map[*cluster]struct{} // those with a replica that is not ready
	alerting map[*cluster]struct{} // those with alerts, also future ones
	blind    map[blindKey]Blind
	outage   Outage // of the monitors
	gauges   map[fleet.Metric]map[string]float64
	bad      []BadVersion

	touches []Touch
	dropped uint64

	store  *store // nil in memory
	opens  uint64 // how often the fleet was opened; part of every cursor
	failed error  // the store's; nothing works any more
}

// Open returns the fleet that is kept at cfg.Path, or a new one without
// clusters. It returns an error when the files are damaged, when another
// process has them open, or when they were written with another seed or other
// durations.
func Open(cfg Config) (*Fleet, error) {
	set, err := cfg.settings()
	if err != nil {
		return nil, fmt.Errorf("open fleet: %w", err)
	}
	f := &Fleet{
		now: cfg.Now, set: set, opens: 1,
		planes:   map[string]*Plane{},
		clusters: map[string]*cluster{},
		down:     map[*cluster]struct{}{},
		alerting: map[*cluster]struct{}{},
		blind:    map[blindKey]Blind{},
	}
	f.versions.id(fleet.Version{})
	if cfg.Path == "" {
		return f, nil
	}
	if err := f.load(cfg.Path, cfg.SnapshotEvery); err != nil {
		return nil, fmt.Errorf("open fleet at %s: %w", cfg.Path, err)
	}
	return f, nil
}

// Close writes a snapshot and lets go of the files. The fleet cannot be used
// afterwards.
func (f *Fleet) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.failed != nil {
		return nil
	}
	f.failed = errors.New("the fleet is closed")
	if f.store == nil {
		return nil
	}
	if err := errors.Join(f.snapshot(), f.store.close()); err != nil {
		return fmt.Errorf("close fleet: %w", err)
	}
	return nil
}

// look reads the clock and lets everything happen that has been due since.
// The lock is held.
func (f *Fleet) look() (time.Time, error) {
	if f.failed != nil {
		return time.Time{}, f.failed
	}
	f.advance(f.now().UnixNano())
	return instant(f.clock), nil
}

// advance lets time pass. Each event takes place at its own time, so that it
// does not matter how often somebody looks.
func (f *Fleet) advance(to int64) {
	for len(f.timers) > 0 && f.timers[0].at <= to {
		t := heap.Pop(&f.timers).(timer)
		if t.c.gone || t.c.due != t.at {
			continue
		}
		f.clock = max(f.clock, t.at)
		changed := f.drive(t.c, t.at)
		f.after(t.c, changed)
	}
	f.clock = max(f.clock, to)
}

// after does the bookkeeping once a cluster was driven or changed.
func (f *Fleet) after(c *cluster, changed bool) {
	if c.due != 0 {
		heap.Push(&f.timers, timer{c.due, c})
	}
	if c.downSince != 0 {
		f.down[c] = struct{}{}
	} else {
		delete(f.down, c)
	}
	if changed {
		c.rev++
		c.plane.changed(c)
	}
}

// settled drives a cluster after a change at time t and publishes it.
func (f *Fleet) settled(c *cluster, t int64) {
	f.drive(c, t)
	f.after(c, true)
}

// plane returns the data plane of that name and makes it when it is new.
func (f *Fleet) plane(name string) *Plane {
	p := f.planes[name]
	if p == nil {
		p = &Plane{fleet: f, name: name}
		f.planes[name] = p
	}
	return p
}

// DataPlanes returns all data planes, by name.
func (f *Fleet) DataPlanes() []reconciler.DataPlane {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []reconciler.DataPlane
	for _, name := range slices.Sorted(maps.Keys(f.planes)) {
		out = append(out, f.planes[name])
	}
	return out
}

// DataPlane returns one data plane. It exists once a cluster was added to it,
// also when that is gone.
func (f *Fleet) DataPlane(name string) (*Plane, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.planes[name]
	if p == nil {
		return nil, fmt.Errorf("find data plane %q: there is none of that name", name)
	}
	return p, nil
}

// Len returns how many clusters there are.
func (f *Fleet) Len() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.clusters)
}

// sorted returns the clusters in the order in which they came.
func (f *Fleet) sorted() []*cluster {
	return slices.SortedFunc(maps.Values(f.clusters), func(a, b *cluster) int {
		return compare(a.uid, b.uid)
	})
}

func compare(a, b uint64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	default:
		return 0
	}
}

// timer says when something happens to a cluster by itself. One that no longer
// agrees with the cluster is passed over.
type timer struct {
	at int64
	c  *cluster
}

type timers []timer

func (t timers) Len() int { return len(t) }
func (t timers) Less(i, j int) bool {
	if t[i].at != t[j].at {
		return t[i].at < t[j].at
	}
	return t[i].c.uid < t[j].c.uid
}
func (t timers) Swap(i, j int) { t[i], t[j] = t[j], t[i] }
func (t *timers) Push(x any)   { *t = append(*t, x.(timer)) }
func (t *timers) Pop() any {
	old := *t
	last := old[len(old)-1]
	old[len(old)-1] = timer{}
	*t = old[:len(old)-1]
	return last
}
