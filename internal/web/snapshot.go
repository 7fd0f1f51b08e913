package web

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// Snapshot is what the last cycle saw and remembers: enough to decide again, so
// that a command line beside the service comes to the same plan.
type Snapshot struct {
	At         time.Time   `json:"at"`
	State      *plan.State `json:"state"`
	DataPlanes []string    `json:"dataPlanes"`
	Planes     []Plane     `json:"planes"`
	Signals    Signals     `json:"signals"`
	Metrics    []Metric    `json:"metrics,omitempty"`
	Problems   []string    `json:"problems,omitempty"`
}

// Plane is what a data plane last reported.
type Plane struct {
	Name     string         `json:"name"`
	AsOf     time.Time      `json:"asOf,omitzero"`
	Lost     string         `json:"lost,omitempty"`
	Clusters []plan.Cluster `json:"clusters"`
}

// Signals are plan.Signals in a form that JSON has.
type Signals struct {
	Sources []Source         `json:"sources,omitempty"`
	Alerts  []plan.Alert     `json:"alerts,omitempty"`
	Blind   []plan.BlindSpot `json:"blind,omitempty"`
}

// Source is the state of one monitor.
type Source struct {
	plan.MonitorKey
	plan.MonitorState
}

// Metric is what a metric said last.
type Metric struct {
	Query fleet.Metric `json:"query"`
	plan.Measurement
}

// UnpackMetrics returns the metrics as the planner takes them.
func (s *Snapshot) UnpackMetrics() plan.Metrics {
	out := make(plan.Metrics, len(s.Metrics))
	for _, m := range s.Metrics {
		out[m.Query] = m.Measurement
	}
	return out
}

func packMetrics(m plan.Metrics) []Metric {
	var out []Metric
	for _, q := range slices.SortedFunc(maps.Keys(m), func(a, b fleet.Metric) int {
		return cmp.Or(cmp.Compare(a.String(), b.String()), cmp.Compare(a.ClusterTag+a.ClusterLabel, b.ClusterTag+b.ClusterLabel))
	}) {
		out = append(out, Metric{q, m[q]})
	}
	return out
}

// Unpack returns the signals as the planner takes them.
func (s Signals) Unpack() plan.Signals {
	out := plan.Signals{Sources: map[plan.MonitorKey]plan.MonitorState{}, Alerts: s.Alerts, Blind: s.Blind}
	for _, src := range s.Sources {
		out.Sources[src.MonitorKey] = src.MonitorState
	}
	return out
}

func packSignals(s plan.Signals) Signals {
	out := Signals{Alerts: slices.Clone(s.Alerts), Blind: slices.Clone(s.Blind)}
	for _, k := range slices.SortedFunc(maps.Keys(s.Sources), func(a, b plan.MonitorKey) int {
		return slices.Compare([]string{a.Product, a.Monitor}, []string{b.Product, b.Monitor})
	}) {
		out.Sources = append(out.Sources, Source{k, s.Sources[k]})
	}
	return out
}

// newSnapshot copies what a cycle saw. It runs between two cycles; the copy is
// written out while the next one runs.
func newSnapshot(c *reconciler.Cycle) *Snapshot {
	out := &Snapshot{
		At: c.At, State: c.State.Clone(), DataPlanes: slices.Clone(c.DataPlanes), Signals: packSignals(c.Signals),
		Metrics:  packMetrics(c.Metrics),
		Problems: slices.Clone(c.Problems),
	}
	byPlane := map[string]int{}
	for _, name := range c.DataPlanes {
		asOf, lost := c.Fleet.Plane(name)
		byPlane[name] = len(out.Planes)
		out.Planes = append(out.Planes, Plane{Name: name, AsOf: asOf, Lost: lost})
	}
	for _, name := range c.Fleet.Names() {
		row, _ := c.Fleet.Find(name)
		cluster := c.Fleet.Cluster(row)
		i, ok := byPlane[cluster.DataPlane]
		if !ok {
			continue
		}
		if out.Planes[i].Lost != "" {
			cluster.Unknown = "" // the plane says it
		}
		out.Planes[i].Clusters = append(out.Planes[i].Clusters, cluster)
	}
	return out
}
