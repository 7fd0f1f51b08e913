package plan_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

var cpu = fleet.Metric{Datadog: "avg:kafka.cpu{*} by {kafka_cluster}"}

// measure makes cpu say these values from now on.
func (w *world) measure(values map[string]float64) {
	w.metrics = plan.Metrics{cpu: {AsOf: w.now, Values: maps.Clone(values)}}
}

// measuredWorld is a proven world in which cpu orders prod.
func measuredWorld(t *testing.T, descending bool) *world {
	w := provenWorld(t)
	w.checks = true
	w.edit(func(s *fleet.Spec) {
		s.Cohorts[1].Spec.OrderBy = []fleet.OrderKey{{Metric: cpu, Descending: descending}, {Label: fleet.LabelName}}
	})
	return w
}

func (w *world) members(cohort string) (out []string) {
	r := w.state.Rollouts[plan.TargetKey{Product: "kafka", Cohort: cohort}]
	if r == nil {
		return nil
	}
	for _, m := range r.Members {
		out = append(out, m.Cluster)
	}
	return out
}

func TestAMetricOrdersARolloutOnceWhenItStarts(t *testing.T) {
	values := map[string]float64{"prod-0": 10, "prod-1": 90, "prod-3": 50, "prod-4": -1, "canary-0": 100, "elsewhere": 99}
	cases := []struct {
		name       string
		descending bool
		want       []string
	}{
		{"lowest first, those without a value last", false, []string{"prod-4", "prod-0", "prod-3", "prod-1", "prod-2", "prod-5"}},
		{"highest first, those without a value still last", true, []string{"prod-1", "prod-3", "prod-0", "prod-4", "prod-2", "prod-5"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := measuredWorld(t, c.descending)
			w.measure(values)
			w.promote()
			w.next()
			if got := w.members("prod"); !slices.Equal(got, c.want) {
				t.Fatalf("order %v, want %v", got, c.want)
			}
			i := slices.IndexFunc(w.history, func(e plan.Event) bool { return e.Kind == plan.RolloutStarted && e.Cohort == "prod" })
			if reason := w.history[i].Reason; !strings.Contains(reason, "ordered by "+cpu.String()+" as of") || !strings.Contains(reason, "2 clusters without a value last") {
				t.Errorf("the ledger says %q", reason)
			}
			w.measure(map[string]float64{"prod-5": 1000})
			w.next()
			w.metrics = nil
			w.next()
			if got := w.members("prod"); !slices.Equal(got, c.want) {
				t.Errorf("the order has changed half way: %v", got)
			}
			w.until("prod has finished without the metric", 10*time.Hour, func() bool { return w.phase("kafka", "prod") == plan.PhaseFinished })
		})
	}
}

func TestAnOrderThatIsNotKnownBlocksTheBeginning(t *testing.T) {
	cases := []struct {
		name string
		give func(w *world) plan.Metrics
		want string
	}{
		{"nobody measures", func(*world) plan.Metrics { return nil }, "no source measures it"},
		{"it never could be read", func(*world) plan.Metrics { return plan.Metrics{cpu: {Unknown: "Datadog answers 403"}} }, "Datadog answers 403"},
		{"it is old", func(w *world) plan.Metrics {
			return plan.Metrics{cpu: {AsOf: w.now.Add(-16 * time.Minute), Values: map[string]float64{"prod-0": 1}, Unknown: "no answer in time"}}
		}, "older than 15m: no answer in time"},
		{"it is from tomorrow", func(w *world) plan.Metrics {
			return plan.Metrics{cpu: {AsOf: w.now.Add(24 * time.Hour), Values: map[string]float64{"prod-0": 1}}}
		}, "in the future"},
		{"it speaks of others", func(w *world) plan.Metrics {
			return plan.Metrics{cpu: {AsOf: w.now, Values: map[string]float64{"PROD-0": 1, "canary-0": 2}}}
		}, "no value for any of the 6 clusters"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := measuredWorld(t, true)
			w.promote()
			for range 5 {
				w.metrics = c.give(w)
				w.next()
			}
			if len(w.inFlight()) > 0 || w.members("prod") != nil {
				t.Fatalf("it has begun: %s", w.summary())
			}
			if got := w.reason("prod-0"); !strings.Contains(got, c.want) || !strings.Contains(got, cpu.String()) {
				t.Errorf("reason %q, want %q in it", got, c.want)
			}
			for _, r := range w.plan.Rollouts {
				if r.Cohort == "prod" && (r.Gate != "order-unknown" || !strings.Contains(r.Reason, c.want)) {
					t.Errorf("the rollout says %q: %q", r.Gate, r.Reason)
				}
			}
			w.measure(map[string]float64{"prod-3": 1})
			w.next()
			if got := w.members("prod"); len(got) != 6 || got[0] != "prod-3" {
				t.Errorf("order %v as soon as it is known", got)
			}
		})
	}
}

func TestTheWayBackNeedsNoMetric(t *testing.T) {
	w := measuredWorld(t, true)
	w.edit(func(s *fleet.Spec) { s.Products[0].Spec.Versions.Downgrade = fleet.DowngradeAllow })
	w.measure(map[string]float64{"prod-0": 10})
	w.promote()
	w.until("some have moved", time.Hour, func() bool { return len(w.inFlight()) > 0 })
	w.metrics = nil
	w.setVersion("c3", "prod", "7.6.0")
	w.until("all are back", 10*time.Hour, func() bool { return w.phase("kafka", "prod") == plan.PhaseFinished })
}

func TestAThresholdHoldsTheStartOfAClusterAndNothingElse(t *testing.T) {
	w := provenWorld(t)
	w.checks = true
	bound := 50.0
	w.edit(func(s *fleet.Spec) {
		s.Cohorts[1].Spec.Selector.Metric = &fleet.Threshold{Query: cpu, Below: &bound}
		s.Cohorts[1].Spec.Waves = []fleet.Wave{{Size: fleet.Size{Percent: 100, IsPercent: true}}}
	})
	values := map[string]float64{"prod-0": 10, "prod-1": 50, "prod-2": 90, "prod-3": 20, "prod-4": 30}
	w.measure(values)
	w.promote()
	w.next()
	want := map[string]string{
		"prod-1": "is 50 as of", "prod-2": "is 90 as of", "prod-5": "has no value for it",
	}
	for name, text := range want {
		if got := w.reason(name); !strings.Contains(got, text) || !strings.Contains(got, "below 50") {
			t.Errorf("%s: %q, want %q in it", name, got, text)
		}
	}
	started := w.inFlight()
	if len(started) == 0 || len(w.members("prod")) != 6 {
		t.Fatalf("in flight %v, members %v", started, w.members("prod"))
	}

	// What has started goes on, whatever the metric says of it.
	for n := range values {
		values[n] = 99
	}
	w.measure(values)
	w.until("those that had started are through", 2*time.Hour, func() bool {
		w.measure(values)
		return len(w.inFlight()) == 0
	})
	for _, name := range started {
		if got := w.clusters[name].Version.Tag; got != "7.6.1" {
			t.Errorf("%s had started and is on %s", name, got)
		}
	}
	if len(started) == 6 {
		t.Fatal("all had started")
	}

	// Blind to the metric, nothing starts.
	w.metrics = plan.Metrics{cpu: {AsOf: w.now.Add(-time.Hour), Values: map[string]float64{"prod-2": 1}}}
	w.next()
	if got := w.reason("prod-2"); !strings.Contains(got, "cannot be relied upon") || len(w.inFlight()) > 0 {
		t.Errorf("prod-2: %q, in flight %v", got, w.inFlight())
	}

	// As soon as they keep the bound, they start.
	for n := range w.clusters {
		values[n] = 1
	}
	w.until("all are through", 10*time.Hour, func() bool {
		w.measure(values)
		return w.phase("kafka", "prod") == plan.PhaseFinished
	})
}

func TestTwoCohortsWithBoundsOnOneMetricShareNoCluster(t *testing.T) {
	w := provenWorld(t)
	w.checks = true
	below, above := 50.0, 50.0
	w.edit(func(s *fleet.Spec) {
		s.Cohorts[0].Spec.Selector.Metric = &fleet.Threshold{Query: cpu, Below: &below}
		s.Cohorts[1].Spec.Selector.Metric = &fleet.Threshold{Query: cpu, Above: &above}
	})
	for _, value := range []float64{10, 50, 90} {
		values := map[string]float64{}
		for n := range w.clusters {
			values[n] = value
		}
		w.measure(values)
		w.next()
		for _, n := range w.names() {
			r, _ := w.inv.Find(n)
			if got, want := w.plan.Cohort(r), strings.Split(n, "-")[0]; got != want {
				t.Errorf("at %v, %s is in cohort %q", value, n, got)
			}
		}
	}
}
