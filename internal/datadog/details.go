package datadog

import (
	"slices"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// Detail is what messages may say about a monitor beyond its state.
type Detail struct {
	plan.MonitorState
	// OK, Warn and Alert are how many groups say so.
	OK, Warn, Alert int
	// Clusters are those that the groups speak of. The monitor says nothing
	// about any other.
	Clusters []string
	// Unmapped are the groups without the cluster tag, each as "GROUP of
	// monitor ID".
	Unmapped []string
	// Troubles are the groups that cannot be relied upon, each with the reason.
	Troubles []string
	// Failing says why the last try to read the monitor failed, when what is
	// said here is from an earlier one.
	Failing string
}

// Details returns what is known about each Datadog monitor of the products,
// without calling Datadog.
func (m *Monitors) Details(products []fleet.Product) map[plan.MonitorKey]Detail {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := map[plan.MonitorKey]Detail{}
	eachMonitor(products, func(product string, mon *fleet.Monitor) {
		state, v := m.look(mon.Datadog)
		d := Detail{MonitorState: state}
		if v != nil {
			d.OK, d.Warn, d.Alert = v.ok, v.warn, v.alert
			d.Clusters = slices.Clone(v.clusters)
			d.Unmapped, d.Troubles = slices.Clone(v.unmapped), slices.Clone(v.troubles)
			if r := m.refusals[mon.Datadog.Query]; r != nil {
				d.Failing = r.err.Error()
			} else if m.lastErr != nil {
				d.Failing = m.lastErr.Error()
			}
		}
		out[plan.MonitorKey{Product: product, Monitor: mon.Name}] = d
	})
	return out
}
