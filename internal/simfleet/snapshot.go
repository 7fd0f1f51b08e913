package simfleet

import (
	"bytes"
	"container/heap"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// snapshotFormat rises when files of older versions can no longer be read, or
// when the same operations would lead to another state.
const snapshotFormat = 1

// snapshot is the state of a fleet as it is kept on disk. Clusters are in the
// order of their last change within their data plane.
type snapshot struct {
	Format   int             `json:"format"`
	Seq      uint64          `json:"seq"`
	Opens    uint64          `json:"opens"`
	Clock    int64           `json:"clock"`
	UIDs     uint64          `json:"uids"`
	Settings settings        `json:"settings"`
	Versions []fleet.Version `json:"versions"` // number 1 and up
	Labels   [][2]string     `json:"labels"`
	Planes   []planeRecord   `json:"planes"`
	Blind    []Blind         `json:"blind,omitempty"`
	Outage   Outage          `json:"outage,omitzero"`
	Bad      []BadVersion    `json:"bad,omitempty"`
	Touches  []Touch         `json:"touches,omitempty"`
	Dropped  uint64          `json:"dropped,omitempty"`
}

type planeRecord struct {
	Name     string          `json:"name"`
	Outage   Outage          `json:"outage,omitzero"`
	Faults   Faults          `json:"faults,omitzero"`
	Clusters []clusterRecord `json:"clusters"`
}

type clusterRecord struct {
	Name       string      `json:"name"`
	Product    string      `json:"product"`
	Labels     []uint32    `json:"labels,omitempty"`
	UID        uint64      `json:"uid"`
	Ratchet    bool        `json:"ratchet,omitempty"`
	Held       bool        `json:"held,omitempty"`
	Current    uint32      `json:"current"`
	Target     uint32      `json:"target"`
	Partition  int         `json:"partition,omitempty"`
	Replicas   [][5]int64  `json:"replicas"` // version, life, ready, since, due
	Lives      uint32      `json:"lives,omitempty"`
	Surge      *[4]int64   `json:"surge,omitempty"` // slot, version, life, due
	Mark       *plan.Mark  `json:"mark,omitempty"`
	Unknown    string      `json:"unknown,omitempty"`
	ReadySince int64       `json:"readySince,omitempty"`
	DownSince  int64       `json:"downSince,omitempty"`
	Slow       float64     `json:"slow,omitempty"`
	Alerts     []alertJSON `json:"alerts,omitempty"`
	Blips      []Blip      `json:"blips,omitempty"`
	Rev        uint64      `json:"rev"`
}

type alertJSON struct {
	Monitor string `json:"monitor,omitempty"`
	Since   int64  `json:"since"`
	Until   int64  `json:"until,omitempty"`
	Version uint32 `json:"version,omitempty"`
}

// dump returns the state as a file.
func (f *Fleet) dump(seq uint64) ([]byte, error) {
	s := snapshot{
		Format: snapshotFormat, Seq: seq, Opens: f.opens, Clock: f.clock, UIDs: f.uids,
		Settings: f.set, Versions: f.versions.values[1:], Outage: f.outage, Bad: f.bad,
		Touches: f.touches, Dropped: f.dropped,
	}
	for _, l := range f.labels.values {
		s.Labels = append(s.Labels, [2]string{l.key, l.value})
	}
	for _, b := range f.blind {
		s.Blind = append(s.Blind, b)
	}
	slices.SortFunc(s.Blind, func(a, b Blind) int {
		return slices.Compare([]string{a.Product, a.Monitor, a.Cluster}, []string{b.Product, b.Monitor, b.Cluster})
	})
	for _, name := range slices.Sorted(maps.Keys(f.planes)) {
		p := f.planes[name]
		r := planeRecord{Name: name, Outage: p.outage, Faults: p.faults, Clusters: make([]clusterRecord, 0, p.members)}
		for _, e := range p.log {
			if e.c.seq == e.seq && !e.c.gone {
				r.Clusters = append(r.Clusters, e.c.record())
			}
		}
		s.Planes = append(s.Planes, r)
	}
	return json.Marshal(s)
}

func (c *cluster) record() clusterRecord {
	r := clusterRecord{
		Name: c.name, Product: c.product, Labels: c.labels, UID: c.uid, Ratchet: c.ratchet, Held: c.held,
		Current: c.current, Target: c.target, Partition: c.partition, Lives: c.lives,
		Mark: c.mark, Unknown: c.unknown, ReadySince: c.readySince, DownSince: c.downSince,
		Slow: c.slow, Blips: c.blips, Rev: c.rev,
	}
	for _, p := range c.replicas {
		ready := int64(0)
		if p.ready {
			ready = 1
		}
		r.Replicas = append(r.Replicas, [5]int64{int64(p.version), int64(p.life), ready, p.since, p.due})
	}
	if s := c.surge; s != nil {
		r.Surge = &[4]int64{int64(s.slot), int64(s.version), int64(s.life), s.due}
	}
	for _, a := range c.alerts {
		r.Alerts = append(r.Alerts, alertJSON{a.monitor, a.since, a.until, a.version})
	}
	return r
}

// restore takes a file in and returns the number of its last operation.
func (f *Fleet) restore(data []byte) (seq uint64, err error) {
	var s snapshot
	dec := json.NewDecoder(bytes.NewReader(data))
	if err := dec.Decode(&s); err != nil {
		return 0, fmt.Errorf("it is damaged: %w", err)
	}
	if s.Format != snapshotFormat {
		return 0, fmt.Errorf("it has format %d and this version reads format %d; start with a new directory", s.Format, snapshotFormat)
	}
	if !s.Settings.equal(f.set) {
		return 0, errors.New("it was made with another seed, other restart durations or another log size; use the same or start with a new directory")
	}
	f.opens, f.clock, f.uids = s.Opens, s.Clock, s.UIDs
	f.outage, f.bad, f.touches, f.dropped = s.Outage, s.Bad, s.Touches, s.Dropped
	for _, v := range s.Versions {
		f.versions.id(v)
	}
	for _, l := range s.Labels {
		f.labels.id(label{l[0], l[1]})
	}
	for _, b := range s.Blind {
		f.blind[b.key()] = b
	}
	for _, r := range s.Planes {
		p := f.plane(r.Name)
		p.outage, p.faults = r.Outage, r.Faults
		for i := range r.Clusters {
			if err := f.restoreCluster(p, &r.Clusters[i]); err != nil {
				return 0, err
			}
		}
	}
	heap.Init(&f.timers)
	return s.Seq, nil
}

func (f *Fleet) restoreCluster(p *Plane, r *clusterRecord) error {
	versions, labels := uint32(len(f.versions.values)), uint32(len(f.labels.values))
	if f.clusters[r.Name] != nil {
		return fmt.Errorf("it is damaged: cluster %s is in it twice", r.Name)
	}
	c := &cluster{
		name: r.Name, product: r.Product, plane: p, labels: r.Labels, uid: r.UID,
		ratchet: r.Ratchet, held: r.Held, current: r.Current, target: r.Target, partition: r.Partition,
		lives: r.Lives, mark: r.Mark, unknown: r.Unknown, readySince: r.ReadySince, downSince: r.DownSince,
		slow: r.Slow, blips: r.Blips, rev: r.Rev,
	}
	damaged := c.current >= versions || c.target >= versions
	for _, id := range c.labels {
		damaged = damaged || id >= labels
	}
	for _, q := range r.Replicas {
		damaged = damaged || q[0] < 0 || q[0] >= int64(versions)
		c.replicas = append(c.replicas, replica{
			version: uint32(q[0]), life: uint32(q[1]), ready: q[2] == 1, since: q[3], due: q[4],
		})
	}
	if s := r.Surge; s != nil {
		damaged = damaged || s[0] < 0 || s[1] < 0 || s[1] >= int64(versions)
		c.surge = &surge{slot: int(s[0]), version: uint32(s[1]), life: uint32(s[2]), due: s[3]}
	}
	if damaged {
		return fmt.Errorf("it is damaged: cluster %s names versions or labels that are not in it", r.Name)
	}
	for _, a := range r.Alerts {
		c.alerts = append(c.alerts, alert{a.Monitor, a.Since, a.Until, a.Version})
	}
	if len(c.alerts) > 0 {
		f.alerting[c] = struct{}{}
	}
	f.clusters[c.name] = c
	p.members++
	p.changed(c)
	c.settle(f.clock)
	f.after(c, false)
	return nil
}
