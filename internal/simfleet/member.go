package simfleet

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// Member describes a cluster that is added to a fleet. All its replicas are
// ready on the version when it appears.
type Member struct {
	Name      string            `json:"name"`
	Product   string            `json:"product"`
	DataPlane string            `json:"dataPlane"`
	Labels    map[string]string `json:"labels,omitempty"`
	Version   fleet.Version     `json:"version"`
	Replicas  int               `json:"replicas"`
	// Deployment makes it a workload that rolls by itself; it is a StatefulSet
	// without.
	Deployment bool `json:"deployment,omitempty"`
}

func (m *Member) check() error {
	switch {
	case m.Name == "":
		return errors.New("a cluster has no name")
	case m.Product == "":
		return fmt.Errorf("cluster %s has no product", m.Name)
	case m.DataPlane == "":
		return fmt.Errorf("cluster %s has no data plane", m.Name)
	case m.Version.IsZero():
		return fmt.Errorf("cluster %s has no version", m.Name)
	case m.Replicas < 1:
		return fmt.Errorf("cluster %s has %d replicas; it needs one at least", m.Name, m.Replicas)
	}
	return nil
}

// Add makes clusters appear. It returns an error, and adds none, when one is
// not complete or has a name that is taken.
func (f *Fleet) Add(members ...Member) error {
	if len(members) == 0 {
		return nil
	}
	err := f.do(func(o *op) error {
		names := make(map[string]bool, len(members))
		for i := range members {
			m := &members[i]
			if err := m.check(); err != nil {
				return err
			}
			if f.clusters[m.Name] != nil || names[m.Name] {
				return fmt.Errorf("the name %s is taken", m.Name)
			}
			names[m.Name] = true
		}
		o.Add = members
		return nil
	})
	if err != nil {
		return fmt.Errorf("add clusters: %w", err)
	}
	return nil
}

func (f *Fleet) applyAdd(members []Member, t int64) error {
	for i := range members {
		m := &members[i]
		if f.clusters[m.Name] != nil {
			return fmt.Errorf("the name %s is taken", m.Name)
		}
		v := f.versions.id(m.Version)
		f.uids++
		c := &cluster{
			name: m.Name, product: m.Product, plane: f.plane(m.DataPlane), uid: f.uids,
			labels: make([]uint32, 0, len(m.Labels)), ratchet: !m.Deployment,
			current: v, target: v, replicas: make([]replica, m.Replicas),
		}
		for _, k := range slices.Sorted(maps.Keys(m.Labels)) {
			c.labels = append(c.labels, f.labels.id(label{k, m.Labels[k]}))
		}
		for o := range c.replicas {
			c.replicas[o] = replica{version: v, life: 1, ready: true, since: t}
		}
		f.clusters[c.name] = c
		c.plane.members++
		f.settled(c, t)
	}
	return nil
}

// Replica is one replica as it is now.
type Replica struct {
	Ordinal int
	// Life rises when the replica is made anew or restarted.
	Life    int
	Version fleet.Version
	Ready   bool
}

// Replicas returns the replicas of a cluster by ordinal. The additional one
// with which a Deployment rolls is not among them.
func (f *Fleet) Replicas(name string) ([]Replica, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, err := f.look(); err != nil {
		return nil, fmt.Errorf("list replicas of %s: %w", name, err)
	}
	c := f.clusters[name]
	if c == nil {
		return nil, fmt.Errorf("list replicas of %s: there is no such cluster", name)
	}
	out := make([]Replica, len(c.replicas))
	for o, r := range c.replicas {
		out[o] = Replica{Ordinal: o, Life: int(r.life), Version: f.versions.values[r.version], Ready: r.ready}
	}
	return out, nil
}
