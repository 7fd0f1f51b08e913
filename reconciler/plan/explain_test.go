package plan_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// TestExplainAgreesWithTheDecision compares, in random moments of a release, what
// is explained with what was decided.
func TestExplainAgreesWithTheDecision(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := smallWorld(rt)
		o := &oracle{t: rt, w: w, lastOrdinal: map[string]int{}, halted: map[string]bool{}, lastStart: map[string]int{}}
		w.setVersion("c1", "canary", "7.6.1")
		commits := 1
		for range rapid.IntRange(1, 15).Draw(rt, "steps") {
			o.disturb(&commits)
			w.run(time.Duration(rapid.IntRange(1, 4).Draw(rt, "cycles")) * 30 * time.Second)
		}
		for _, name := range w.inv.Names() {
			x, err := w.plan.Explain(name)
			if err != nil {
				rt.Fatal(err)
			}
			if x.Decision.Reason != plan.NoReason && x.Reason == "" {
				rt.Fatalf("%s: %v without a sentence", name, x.Decision.Reason)
			}
			for i, g := range x.Gates {
				if int(g.Gate) != i {
					rt.Fatalf("%s: gate %d is %s", name, i, g.Gate)
				}
			}
			if x.Decision.Verdict != plan.Waiting || len(x.Gates) == 0 {
				continue
			}
			for _, g := range x.Gates {
				if g.Gate == plan.GateLimit || (x.Decision.Reason == plan.LateJoinerHeld && g.Gate == plan.GateWave) {
					continue
				}
				if x.Decision.Gates.Has(g.Gate) == g.Open && x.Decision.Reason != plan.RolloutNotStarted {
					rt.Fatalf("%s: decided %v with gates %b, explained %+v", name, x.Decision.Reason, x.Decision.Gates, x.Gates)
				}
			}
		}
	})
}

// TestTheOrderOfObservationsDoesNotMatter shuffles what the data planes report.
func TestTheOrderOfObservationsDoesNotMatter(t *testing.T) {
	want := releaseAsSeenIn(t, nil)
	rapid.Check(t, func(rt *rapid.T) {
		names := smallWorld(rt).names()
		if got := releaseAsSeenIn(rt, rapid.Permutation(names).Draw(rt, "order")); got != want {
			rt.Fatalf("the order of observations changes the plan:\n%s\n\n%s", got, want)
		}
	})
}

// releaseAsSeenIn tells a whole release, in a world whose clusters were first
// observed in that order.
func releaseAsSeenIn(t fataler, order []string) string {
	w := smallWorld(t)
	w.checks = false
	if order != nil {
		w.inv, w.plan = plan.NewInventory(), nil
	}
	for _, n := range order {
		c := w.clusters[n].Cluster
		w.inv.Observe(plan.Observation{DataPlane: c.DataPlane, Clusters: []plan.Cluster{c}, AsOf: w.now})
	}
	w.edit(func(s *fleet.Spec) {
		s.Cohorts[0].Spec.Waves = []fleet.Wave{{Size: percent(100), Soak: fleet.Duration(2 * time.Minute)}}
		s.Cohorts[1].Spec.Waves = []fleet.Wave{{Size: fleet.Size{Count: 2}, Soak: fleet.Duration(2 * time.Minute)}, {Size: percent(100)}}
	})
	w.setVersion("c1", "canary", "7.6.1")
	w.setVersion("c2", "prod", "7.6.1")
	w.run(70 * time.Minute)
	if w.phase("kafka", "prod") != plan.PhaseFinished {
		t.Fatalf("it takes longer than the test looks: %s", w.summary())
	}
	history, err := json.Marshal(w.history)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return fmt.Sprintf("%s\n%+v\n%+v", history, w.actions, w.plan.Rollouts)
}

func TestItIsNotAlwaysTheSameCustomersWhoGoFirst(t *testing.T) {
	first := map[string]bool{}
	for _, version := range []string{"7.6.1", "7.6.2", "7.6.3", "7.6.4", "7.6.5", "7.6.6"} {
		w := smallWorld(t)
		w.setVersion("c"+version, "canary", version)
		w.setVersion("d"+version, "prod", version)
		w.until("prod has started", 4*time.Hour, func() bool { return w.state.Rollouts[plan.TargetKey{Product: "kafka", Cohort: "prod"}] != nil })
		first[w.state.Rollouts[plan.TargetKey{Product: "kafka", Cohort: "prod"}].Members[0].Cluster] = true
	}
	if len(first) < 2 {
		t.Errorf("six releases all begin with %v", first)
	}
}

func TestClustersGoInTheOrderOfTheirLabels(t *testing.T) {
	for _, tt := range []struct {
		name string
		by   []fleet.OrderKey
		want []string
	}{
		{"numbers by value, those without the label last", []fleet.OrderKey{{Label: "rank"}}, []string{"p-9", "p-10", "p-word", "p-none"}},
		{"highest first, those without the label still last", []fleet.OrderKey{{Label: "rank", Descending: true}}, []string{"p-word", "p-10", "p-9", "p-none"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, smallSpec())
			for name, rank := range map[string]string{"p-9": "9", "p-10": "10", "p-word": "high", "p-none": ""} {
				labels := map[string]string{"tier": "canary", "customer": name}
				if rank != "" {
					labels["rank"] = rank
				}
				w.cluster(name, "kafka", "dp1", "7.6.0", 3, labels)
			}
			w.merge("base000", func(s *fleet.Spec) { s.Cohorts[0].Spec.OrderBy = tt.by })
			w.cycle()
			w.setVersion("c1", "canary", "7.6.1")
			w.cycle()
			var got []string
			for _, m := range w.state.Rollouts[plan.TargetKey{Product: "kafka", Cohort: "canary"}].Members {
				got = append(got, m.Cluster)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("order %v, want %v", got, tt.want)
			}
		})
	}
}

func TestWavesDivideTheCohort(t *testing.T) {
	pc, n := percent, func(n int) fleet.Size { return fleet.Size{Count: n} }
	for _, tt := range []struct {
		name  string
		sizes []fleet.Size
		of    int
		want  []int
	}{
		{"a percentage rounds down", []fleet.Size{pc(10), pc(100)}, 19, []int{1, 18}},
		{"but never to zero", []fleet.Size{pc(1), pc(100)}, 7, []int{1, 6}},
		{"a number is capped by what is left", []fleet.Size{n(5), n(5), pc(100)}, 7, []int{5, 2, 0}},
		{"what is left over goes with the last wave", []fleet.Size{n(1), pc(10)}, 20, []int{1, 19}},
		{"an empty cohort has empty waves", []fleet.Size{n(1), pc(100)}, 0, []int{0, 0}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			spec := smallSpec()
			spec.Cohorts[0].Spec.Waves = nil
			for _, size := range tt.sizes {
				spec.Cohorts[0].Spec.Waves = append(spec.Cohorts[0].Spec.Waves, fleet.Wave{Size: size})
			}
			w := newWorld(t, spec)
			for i := range tt.of {
				w.cluster(fmt.Sprintf("x%02d", i), "kafka", "dp1", "7.6.0", 3, map[string]string{"tier": "canary", "customer": fmt.Sprint(i)})
			}
			w.merge("base000", func(*fleet.Spec) {})
			w.cycle()
			w.setVersion("c1", "canary", "7.6.1")
			w.cycle()
			var got []int
			for _, e := range w.history {
				if e.Kind == plan.RolloutStarted {
					got = e.Waves
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("waves %v, want %v", got, tt.want)
			}
		})
	}
}
