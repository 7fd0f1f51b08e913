package plan_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// manyWorld has one cohort of twelve clusters in one wave, for three customers
// and in two data planes.
func manyWorld(t fataler, limits []fleet.Limit, wave fleet.Wave) *world {
	spec := smallSpec()
	spec.Fleet.Spec.Limits = limits
	wave.Size = percent(100)
	spec.Cohorts[0].Spec.Waves = []fleet.Wave{wave}
	w := newWorld(t, spec)
	for i := range 12 {
		w.cluster(fmt.Sprintf("x-%02d", i), "kafka", []string{"dp1", "dp2"}[i%2], "7.6.0", 3,
			map[string]string{"tier": "canary", "customer": fmt.Sprintf("c%d", i%3)})
	}
	w.merge("base000", func(*fleet.Spec) {})
	w.cycle()
	w.setVersion("c1", "canary", "7.6.1")
	return w
}

// TestLimitsBoundWhatIsInFlight watches the most that was ever in flight: never
// more than the limit, and no less, because a limit that is not used up only
// costs time.
func TestLimitsBoundWhatIsInFlight(t *testing.T) {
	for _, tt := range []struct {
		name   string
		limits []fleet.Limit
		wave   fleet.Wave
		by     func(*machine) string
		most   int // of each group
	}{
		{"without limits all of a wave go together", nil, fleet.Wave{}, func(*machine) string { return "all" }, 12},
		{"overall", []fleet.Limit{{MaxConcurrency: 5}}, fleet.Wave{}, func(*machine) string { return "all" }, 5},
		{"for each customer", []fleet.Limit{{Label: "customer", MaxConcurrency: 2}}, fleet.Wave{}, func(m *machine) string { return m.Labels["customer"] }, 2},
		{"for each data plane", []fleet.Limit{{Label: fleet.LabelDataPlane, MaxConcurrency: 3}}, fleet.Wave{}, func(m *machine) string { return m.DataPlane }, 3},
		{"in the wave", nil, fleet.Wave{MaxConcurrency: 4}, func(*machine) string { return "all" }, 4},
		{"the tightest of several", []fleet.Limit{{MaxConcurrency: 5}, {Label: "customer", MaxConcurrency: 1}}, fleet.Wave{MaxConcurrency: 4}, func(*machine) string { return "all" }, 3},
		{"a label that no cluster has limits nothing", []fleet.Limit{{Label: "rack", MaxConcurrency: 1}}, fleet.Wave{}, func(*machine) string { return "all" }, 12},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := manyWorld(t, tt.limits, tt.wave)
			most := map[string]int{}
			w.until("all run 7.6.1", 5*time.Hour, func() bool {
				now, done := map[string]int{}, true
				for _, m := range w.clusters {
					if m.InFlight() {
						now[tt.by(m)]++
					}
					done = done && m.Version == v("7.6.1")
				}
				for g, n := range now {
					most[g] = max(most[g], n)
				}
				return done
			})
			for g, n := range most {
				if n != tt.most {
					t.Errorf("%s: %d in flight at once, want %d", g, n, tt.most)
				}
			}
		})
	}
}

// A data plane goes away while its clusters are under way: they keep their share
// of the limit, for nobody knows how they are.
func TestUnknownClustersKeepTheirShareOfTheLimit(t *testing.T) {
	w := manyWorld(t, []fleet.Limit{{MaxConcurrency: 4}}, fleet.Wave{})
	w.run(time.Minute)
	flying := 0
	for _, m := range w.clusters {
		if m.InFlight() && m.DataPlane == "dp1" {
			flying++
		}
	}
	if flying == 0 {
		t.Fatal("nothing in flight in dp1")
	}
	w.lost["dp1"] = true
	w.run(3 * time.Hour)
	if got := w.plan.Totals[plan.Unknown]; got != 6 {
		t.Errorf("%d unknown, want the 6 of dp1", got)
	}
	for range 20 {
		w.next()
		inDP2 := 0
		for _, m := range w.clusters {
			if m.InFlight() && m.DataPlane == "dp2" {
				inDP2++
			}
		}
		if inDP2 > 4-flying {
			t.Fatalf("%d in flight in dp2 while %d are unknown, 4 allowed", inDP2, flying)
		}
	}
	w.lost["dp1"] = false
	w.until("all run 7.6.1", 5*time.Hour, func() bool { return w.plan.Totals[plan.Current] == 12 })
}

// A cluster that was started and has not been seen since is in flight for all that
// anybody knows, also when it has failed.
func TestAClusterThatFailsOutOfSightHoldsItsPlace(t *testing.T) {
	for _, tt := range []struct {
		name string
		let  func(w *world, name string)
	}{
		{"it failed", func(w *world, name string) {
			w.alerts = []plan.Alert{{Product: "kafka", Monitor: "under-replicated", Cluster: name, Since: w.now}}
		}},
		{"it was skipped", func(w *world, name string) {
			w.obey(plan.Command{Kind: plan.CommandSkip, Cluster: name, Reason: "later"})
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := provenWorld(t)
			w.edit(func(s *fleet.Spec) {
				s.Fleet.Spec.Limits = []fleet.Limit{{MaxConcurrency: 1}}
				s.Cohorts[1].Spec.Waves, s.Cohorts[1].Spec.MaxFailures = nil, fleet.Size{Count: 5}
			})
			w.promote()
			w.until("one is started", time.Hour, func() bool { return len(w.inFlight()) == 1 })
			// Nobody has seen it since: its data plane is gone from sight at once.
			name := w.inFlight()[0]
			w.lost[w.clusters[name].DataPlane] = true
			tt.let(w, name)
			w.run(3 * time.Minute)
			if n := len(w.inFlight()); n != 1 {
				t.Errorf("%d clusters in flight, 1 allowed", n)
			}
		})
	}
}
