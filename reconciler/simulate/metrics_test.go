package simulate_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
	"github.com/wavegate-dev/wavegate/reconciler/simulate"
)

func TestAPreviewTakesTheValuesOfNow(t *testing.T) {
	q := fleet.Metric{Prometheus: "avg by (cluster) (cpu)", ClusterLabel: "cluster"}
	bound := 50.0
	ordered := func(s *fleet.Spec) { s.Cohorts[0].Spec.OrderBy = []fleet.OrderKey{{Metric: q}} }
	bounded := func(s *fleet.Spec) {
		s.Cohorts[0].Spec.Selector.Metric = &fleet.Threshold{Query: q, Below: &bound}
	}
	busy := func(m *moment) map[string]float64 {
		out := map[string]float64{}
		for _, n := range m.in.Fleet.Names() {
			out[n] = 90
		}
		return out
	}
	for _, tt := range []struct {
		name    string
		spec    func(*fleet.Spec)
		give    func(*moment) plan.Metrics
		done    bool
		blocked string
	}{
		{"an order that nobody has asked for yet holds up nothing", ordered, func(*moment) plan.Metrics { return nil }, true, ""},
		{"a bound that nobody has asked for yet holds up nothing", bounded, func(*moment) plan.Metrics { return nil }, true, ""},
		{"an order that cannot be read does", ordered, func(*moment) plan.Metrics {
			return plan.Metrics{q: {Unknown: "Prometheus eu answers 503"}}
		}, false, "Prometheus eu answers 503"},
		{"a bound that is kept", bounded, func(m *moment) plan.Metrics {
			return plan.Metrics{q: {AsOf: m.in.Now, Values: map[string]float64{}, Assumed: true}}
		}, true, ""},
		{"a bound that is not kept holds up who does not keep it", bounded, func(m *moment) plan.Metrics {
			return plan.Metrics{q: {AsOf: m.in.Now, Values: busy(m)}}
		}, false, "is not below 50"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := newMoment(t, 8)
			m.merge("base000", tt.spec)
			m.in.Metrics = tt.give(m)
			m.release("7.6.1")
			p := simulate.Run(simulate.Config{Input: m.in, Horizon: 30 * 24 * time.Hour})
			if p.Done != tt.done {
				t.Errorf("done %t; blocked %+v", p.Done, p.Blocked)
			}
			if tt.blocked != "" && !slices.ContainsFunc(p.Blocked, func(b simulate.Blocked) bool { return strings.Contains(b.Reason, tt.blocked) }) {
				t.Errorf("blocked %+v, want %q", p.Blocked, tt.blocked)
			}
		})
	}
}

func TestAPreviewSaysWhichMonitorsAreBlindNow(t *testing.T) {
	m := newMoment(t, 8)
	product := m.in.Policy.Spec.Products[0]
	if len(product.Spec.Monitors) == 0 {
		t.Fatal("the product has no monitor")
	}
	key := plan.MonitorKey{Product: product.Name, Monitor: product.Spec.Monitors[0].Name}
	m.release("7.6.1")
	for unknown, want := range map[string]int{"": 0, "it is muted": 1} {
		m.in.Signals = plan.Signals{Sources: map[plan.MonitorKey]plan.MonitorState{key: {AsOf: m.in.Now, Unknown: unknown}}}
		p := simulate.Run(simulate.Config{Input: m.in, Horizon: 30 * 24 * time.Hour})
		if len(p.Blind) != want || want > 0 && !strings.Contains(p.Blind[0], unknown) {
			t.Errorf("%q: %q", unknown, p.Blind)
		}
	}
}
