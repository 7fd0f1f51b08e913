package simfleet

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

var _ reconciler.Monitors = (*Fleet)(nil)

// Signals returns what the monitors of the products say, whatever their source
// would be. The first monitor of a product also fires on a cluster whose
// replicas have not all been ready for longer than Config.AlertAfter, which a
// normal restart is not.
func (f *Fleet) Signals(ctx context.Context, products []fleet.Product) (plan.Signals, error) {
	if err := ctx.Err(); err != nil {
		return plan.Signals{}, fmt.Errorf("read monitors: %w", err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	now, err := f.look()
	if err != nil {
		return plan.Signals{}, fmt.Errorf("read monitors: %w", err)
	}
	if f.outage.during(now) {
		return plan.Signals{}, fmt.Errorf("read monitors: unreachable: %s", f.outage.Reason)
	}
	f.forgetAlerts(now)
	out := plan.Signals{Sources: map[plan.MonitorKey]plan.MonitorState{}}
	byProduct := make(map[string]*fleet.Product, len(products))
	for i := range products {
		p := &products[i]
		byProduct[p.Name] = p
		for _, m := range p.Spec.Monitors {
			key := plan.MonitorKey{Product: p.Name, Monitor: m.Name}
			asOf, reason := f.seen(key, now)
			out.Sources[key] = plan.MonitorState{AsOf: asOf, Unknown: reason}
		}
	}
	for c := range f.down {
		f.fire(&out, byProduct[c.product], c, "", c.downSince+int64(f.set.alertAfter(c.product)), 0, now)
	}
	for c := range f.alerting {
		for _, a := range c.alerts {
			f.fire(&out, byProduct[c.product], c, a.monitor, a.since, a.until, now)
		}
	}
	out.Blind = f.spots(out.Sources)
	slices.SortFunc(out.Alerts, compareAlerts)
	// Two causes may make one monitor fire: it fires once, since the first.
	out.Alerts = slices.CompactFunc(out.Alerts, func(a, b plan.Alert) bool {
		return a.Product == b.Product && a.Monitor == b.Monitor && a.Cluster == b.Cluster
	})
	return out, nil
}

func compareAlerts(a, b plan.Alert) int {
	for _, c := range []int{
		strings.Compare(a.Product, b.Product),
		strings.Compare(a.Monitor, b.Monitor),
		strings.Compare(a.Cluster, b.Cluster),
	} {
		if c != 0 {
			return c
		}
	}
	return a.Since.Compare(b.Since)
}

// blindKey names a monitor, and the cluster that it is blind to when it is not
// blind everywhere.
type blindKey struct {
	plan.MonitorKey
	cluster string
}

func (b *Blind) key() blindKey {
	return blindKey{plan.MonitorKey{Product: b.Product, Monitor: b.Monitor}, b.Cluster}
}

// spots returns the clusters to which a monitor that answers is blind.
func (f *Fleet) spots(sources map[plan.MonitorKey]plan.MonitorState) []plan.BlindSpot {
	var out []plan.BlindSpot
	for k, b := range f.blind {
		if state, ok := sources[k.MonitorKey]; ok && state.Unknown == "" && k.cluster != "" {
			out = append(out, plan.BlindSpot{Product: b.Product, Monitor: b.Monitor, Cluster: b.Cluster, Why: b.Reason})
		}
	}
	slices.SortFunc(out, func(a, b plan.BlindSpot) int {
		return slices.Compare([]string{a.Product, a.Monitor, a.Cluster}, []string{b.Product, b.Monitor, b.Cluster})
	})
	return out
}

// seen returns the time that a monitor speaks of, and why it is unknown.
func (f *Fleet) seen(key plan.MonitorKey, now time.Time) (asOf time.Time, unknown string) {
	b, blind := f.blind[blindKey{MonitorKey: key}]
	switch {
	case !blind:
		return now, ""
	case b.Reason == "":
		return b.AsOf, ""
	default:
		return now, b.Reason
	}
}

// fire adds an alert if the product has the monitor and it can be seen.
func (f *Fleet) fire(out *plan.Signals, p *fleet.Product, c *cluster, monitor string, since, until int64, now time.Time) {
	if p == nil || len(p.Spec.Monitors) == 0 {
		return
	}
	if monitor == "" {
		monitor = p.Spec.Monitors[0].Name
	}
	state, ok := out.Sources[plan.MonitorKey{Product: p.Name, Monitor: monitor}]
	if !ok || state.Unknown != "" {
		return
	}
	if _, blind := f.blind[blindKey{plan.MonitorKey{Product: p.Name, Monitor: monitor}, c.name}]; blind {
		return
	}
	if at := state.AsOf.UnixNano(); since > at || until != 0 && until <= at {
		return
	}
	out.Alerts = append(out.Alerts, plan.Alert{
		Product: c.product, Monitor: monitor, Cluster: c.name, Since: instant(since),
	})
}

// forgetAlerts drops alerts that are over, unless a monitor that stands still
// may yet have to repeat them.
func (f *Fleet) forgetAlerts(now time.Time) {
	if len(f.blind) > 0 {
		return
	}
	t := now.UnixNano()
	for c := range f.alerting {
		c.alerts = slices.DeleteFunc(c.alerts, func(a alert) bool { return a.until != 0 && a.until <= t })
		if len(c.alerts) == 0 {
			c.alerts = nil
			delete(f.alerting, c)
		}
	}
}
