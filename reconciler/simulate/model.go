package simulate

import (
	"container/heap"
	"slices"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// model is a fleet in which every upgrade takes as long as history says and
// succeeds. A cluster is modelled as a whole: it rolls by itself from its start
// to its end, because what happens between two replicas does not change when
// others may start.
type model struct {
	due     completions
	done    map[string]time.Time // clusters under way, and when they are done
	stepped map[string]time.Time // those that go replica by replica, and when the last one was replaced
}

func newModel(in *plan.Input) *model {
	m := &model{done: map[string]time.Time{}, stepped: map[string]time.Time{}}
	for _, name := range in.Fleet.Names() {
		row, _ := in.Fleet.Find(name)
		if c := in.Fleet.Cluster(row); c.InFlight() && c.Unknown == "" {
			if c.Ratchet {
				m.stepped[name] = in.Now
			}
			c.Ratchet, c.Next = false, -1
			left := time.Duration(c.Replicas-c.Updated) * perReplica(in, c.Product)
			m.schedule(name, in.Now.Add(max(time.Second, left)))
			observe(in, c)
		}
	}
	return m
}

// perReplica is how long one replica takes.
func perReplica(in *plan.Input, product string) time.Duration {
	if est := in.State.Durations[product]; est != nil && est.Samples > 0 {
		return est.PerReplica
	}
	if in.Policy == nil {
		return time.Minute // nothing is started without a spec
	}
	for i := range in.Policy.Spec.Products {
		if p := &in.Policy.Spec.Products[i]; p.Name == product {
			// Without history: half a minute for each replica to restart, and
			// the time to settle.
			return 30*time.Second + time.Duration(p.Spec.Settle)
		}
	}
	return time.Minute
}

func (m *model) schedule(cluster string, at time.Time) {
	m.done[cluster] = at
	heap.Push(&m.due, completion{cluster, at})
}

// act carries out an action at once.
func (m *model) act(in *plan.Input, a plan.Action) {
	row, ok := in.Fleet.Find(a.Cluster)
	if !ok {
		return
	}
	c := in.Fleet.Cluster(row)
	if c.Ratchet && a.Kind == plan.Start {
		m.stepped[a.Cluster] = in.Now
	}
	c.Mark, c.Ratchet, c.Next = a.Mark, false, -1
	switch a.Kind {
	case plan.Start:
		c.Target, c.Updated, c.ReadySince = a.Version, 0, time.Time{}
		if c.Target == c.Version {
			c.ReadySince = in.Now
		}
		m.schedule(a.Cluster, in.Now.Add(time.Duration(max(1, c.Replicas))*perReplica(in, c.Product)))
	case plan.Hold:
		c.Held = true
		delete(m.done, a.Cluster)
	case plan.Continue:
		c.Held = false
		left := time.Duration(max(1, c.Replicas-c.Updated)) * perReplica(in, c.Product)
		m.schedule(a.Cluster, in.Now.Add(left))
	default:
	}
	observe(in, c)
}

// next returns when the next cluster is done.
func (m *model) next() (time.Time, bool) {
	for len(m.due) > 0 {
		c := m.due[0]
		if m.done[c.cluster].Equal(c.at) {
			return c.at, true
		}
		heap.Pop(&m.due)
	}
	return time.Time{}, false
}

// advance completes what is due.
func (m *model) advance(in *plan.Input) {
	for {
		at, ok := m.next()
		if !ok || at.After(in.Now) {
			break
		}
		done := heap.Pop(&m.due).(completion)
		delete(m.done, done.cluster)
		delete(m.stepped, done.cluster)
		if row, ok := in.Fleet.Find(done.cluster); ok {
			c := in.Fleet.Cluster(row)
			c.Version, c.Updated, c.Ready, c.Problem = c.Target, c.Replicas, c.Replicas, ""
			// Settling is part of the time that a replica takes.
			c.ReadySince = in.Now.Add(-24 * time.Hour)
			observe(in, c)
		}
	}
	for _, plane := range in.DataPlanes {
		if _, lost := in.Fleet.Plane(plane); lost == "" {
			in.Fleet.Observe(plan.Observation{DataPlane: plane, AsOf: in.Now})
		}
	}
}

// steps returns the clusters that have replaced another replica since they last
// did: a cluster may take longer than the progress deadline as long as each of
// its replicas does not. By name.
func (m *model) steps(in *plan.Input) []string {
	var out []string
	for name, last := range m.stepped {
		if _, moves := m.done[name]; !moves {
			m.stepped[name] = in.Now // held; it goes on from here
			continue
		}
		row, ok := in.Fleet.Find(name)
		if !ok {
			continue
		}
		if each := perReplica(in, in.Fleet.Cluster(row).Product); in.Now.Sub(last) >= each {
			m.stepped[name] = last.Add(in.Now.Sub(last) / each * each)
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

func observe(in *plan.Input, c plan.Cluster) {
	asOf := in.Now
	if asOf.IsZero() {
		asOf = c.AsOf
	}
	in.Fleet.Observe(plan.Observation{DataPlane: c.DataPlane, Clusters: []plan.Cluster{c}, AsOf: asOf})
}

// quietSignals are monitors that all answer, and none of which fires.
func quietSignals(in *plan.Input) plan.Signals {
	out := plan.Signals{Sources: map[plan.MonitorKey]plan.MonitorState{}}
	if in.Policy == nil {
		return out
	}
	for i := range in.Policy.Spec.Products {
		p := &in.Policy.Spec.Products[i]
		for j := range p.Spec.Monitors {
			out.Sources[plan.MonitorKey{Product: p.Name, Monitor: p.Spec.Monitors[j].Name}] = plan.MonitorState{AsOf: in.Now}
		}
	}
	return out
}

type completion struct {
	cluster string
	at      time.Time
}

type completions []completion

func (c completions) Len() int { return len(c) }
func (c completions) Less(i, j int) bool {
	if !c[i].at.Equal(c[j].at) {
		return c[i].at.Before(c[j].at)
	}
	return c[i].cluster < c[j].cluster
}
func (c completions) Swap(i, j int) { c[i], c[j] = c[j], c[i] }
func (c *completions) Push(x any)   { *c = append(*c, x.(completion)) }
func (c *completions) Pop() any {
	last := (*c)[len(*c)-1]
	*c = (*c)[:len(*c)-1]
	return last
}
