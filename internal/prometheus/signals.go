package prometheus

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// Signals returns what the newest answers say about the monitors of the products
// that are alerts of Prometheus. It asks nobody and never waits: how old an
// answer is stands in its AsOf. It returns an error when there are such
// monitors, and no server has answered yet.
func (m *Monitors) Signals(ctx context.Context, products []fleet.Product) (plan.Signals, error) {
	if err := ctx.Err(); err != nil {
		return plan.Signals{}, fmt.Errorf("read monitors: %w", err)
	}
	states := make([]state, len(m.sources))
	for i, s := range m.sources {
		states[i] = s.state()
	}
	out := signals(products, states, m.cfg.Now())
	if len(out.Sources) == 0 || slices.ContainsFunc(states, func(s state) bool { return s.newest != nil }) {
		return out, nil
	}
	texts := make([]string, len(states))
	for i := range states {
		texts[i] = states[i].silent()
	}
	return plan.Signals{}, fmt.Errorf("read monitors: %s", join(texts))
}

// silent says that a source has never answered.
func (s *state) silent() string {
	if s.failed == nil {
		return s.source.name + " has not answered yet"
	}
	return s.source.name + " has never answered: " + s.failed.Error()
}

// signals judges all monitors by what is known of the sources.
func signals(products []fleet.Product, states []state, now time.Time) plan.Signals {
	out := plan.Signals{Sources: map[plan.MonitorKey]plan.MonitorState{}}
	for i := range products {
		p := &products[i]
		for j := range p.Spec.Monitors {
			mon := &p.Spec.Monitors[j]
			if mon.Prometheus == nil {
				continue
			}
			v := judge(p.Name, mon, states, now)
			out.Sources[plan.MonitorKey{Product: p.Name, Monitor: mon.Name}] = v.state()
			out.Alerts = append(out.Alerts, v.alerts...)
			out.Blind = append(out.Blind, v.blind...)
		}
	}
	slices.SortFunc(out.Alerts, compareAlerts)
	out.Alerts = onceEach(out.Alerts)
	slices.SortFunc(out.Blind, func(a, b plan.BlindSpot) int {
		return cmp.Or(
			strings.Compare(a.Product, b.Product), strings.Compare(a.Monitor, b.Monitor),
			strings.Compare(a.Cluster, b.Cluster), strings.Compare(a.Why, b.Why),
		)
	})
	return out
}

// onceEach keeps, of sorted alerts, the earliest of each monitor on each
// cluster: a monitor that fires there for several reasons fires once.
func onceEach(alerts []plan.Alert) []plan.Alert {
	return slices.CompactFunc(alerts, func(a, b plan.Alert) bool {
		return a.Product == b.Product && a.Monitor == b.Monitor && a.Cluster == b.Cluster
	})
}

// compareAlerts orders alerts so that those of one monitor on one cluster stand
// together, the earliest first.
func compareAlerts(a, b plan.Alert) int {
	return cmp.Or(
		strings.Compare(a.Product, b.Product), strings.Compare(a.Monitor, b.Monitor),
		strings.Compare(a.Cluster, b.Cluster), a.Since.Compare(b.Since), strings.Compare(a.Link, b.Link),
	)
}
