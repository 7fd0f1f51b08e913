package plan_test

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// TestTheInventoryIsWhatTheDataPlanesLastSaid compares the columns with a map
// under random observations: full ones, partial ones, losses, returns.
func TestTheInventoryIsWhatTheDataPlanesLastSaid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		inv := plan.NewInventory()
		type seen struct{ cluster plan.Cluster }
		model := map[string]*seen{}
		asOf := map[string]time.Time{}
		lost := map[string]bool{}
		now := epoch
		cluster := func(plane string) plan.Cluster {
			// A name belongs to one data plane here; two that report the same
			// are a story of their own.
			n := rapid.IntRange(0, 5).Draw(t, "n")
			return plan.Cluster{
				Name: fmt.Sprintf("%s-%d", plane, n), Product: rapid.SampledFrom([]string{"kafka", "ksqldb"}).Draw(t, "product"), DataPlane: plane,
				Labels:  rapid.MapOfN(rapid.SampledFrom([]string{"tier", "customer", "x"}), rapid.SampledFrom([]string{"", "a", "b"}), 0, 3).Draw(t, "labels"),
				Version: v("7.6.0"), Target: v(rapid.SampledFrom([]string{"7.6.0", "7.6.1"}).Draw(t, "target")),
				Replicas: 3, Updated: rapid.IntRange(0, 3).Draw(t, "updated"), Ready: rapid.IntRange(0, 3).Draw(t, "ready"),
				Next: rapid.IntRange(-1, 2).Draw(t, "next"), Stranded: rapid.Bool().Draw(t, "stranded"), Ratchet: rapid.Bool().Draw(t, "ratchet"),
				Held: rapid.Bool().Draw(t, "held"), Problem: rapid.SampledFrom([]string{"", "CrashLoopBackOff"}).Draw(t, "problem"),
				Owner: rapid.SampledFrom([]string{"", "Argo CD"}).Draw(t, "owner"), ChangedBy: rapid.SampledFrom([]string{"", "helm"}).Draw(t, "by"),
				State: rapid.SampledFrom([]string{"", "rolling", "finished"}).Draw(t, "state"),
				Mark:  plan.Mark{Release: "r", Version: v("7.6.1"), StartedAt: now}, Revision: fmt.Sprint(now.Unix()), ReadySince: now.Add(-time.Minute),
			}
		}
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			now = now.Add(time.Minute)
			plane := rapid.SampledFrom([]string{"dp1", "dp2"}).Draw(t, "plane")
			switch rapid.SampledFrom([]string{"full", "some", "gone", "lose"}).Draw(t, "what") {
			case "lose":
				inv.Lose(plane, "refused")
				lost[plane] = true
				continue
			case "full":
				obs := plan.Observation{DataPlane: plane, Full: true, AsOf: now}
				names := map[string]bool{}
				for range rapid.IntRange(0, 4).Draw(t, "clusters") {
					if c := cluster(plane); !names[c.Name] {
						names[c.Name] = true
						obs.Clusters = append(obs.Clusters, c)
					}
				}
				maps.DeleteFunc(model, func(_ string, s *seen) bool { return s.cluster.DataPlane == plane })
				for _, c := range obs.Clusters {
					model[c.Name] = &seen{cluster: c}
				}
				inv.Observe(obs)
			case "some":
				c := cluster(plane)
				model[c.Name] = &seen{cluster: c}
				inv.Observe(plan.Observation{DataPlane: plane, Clusters: []plan.Cluster{c}, AsOf: now})
			case "gone":
				name := fmt.Sprintf("%s-%d", plane, rapid.IntRange(0, 5).Draw(t, "n"))
				delete(model, name)
				inv.Observe(plan.Observation{DataPlane: plane, Gone: []string{name}, AsOf: now})
			}
			lost[plane], asOf[plane] = false, now
		}
		if got, want := inv.Names(), slices.Sorted(maps.Keys(model)); !slices.Equal(got, want) {
			t.Fatalf("names %v, want %v", got, want)
		}
		for _, look := range []*plan.Inventory{inv, inv.Clone()} {
			for name, want := range model {
				row, _ := look.Find(name)
				got := look.Cluster(row)
				expect := want.cluster
				expect.AsOf = asOf[expect.DataPlane]
				if lost[expect.DataPlane] {
					expect.Unknown = "data plane " + expect.DataPlane + " cannot be reached: refused"
				}
				if len(expect.Labels) == 0 {
					expect.Labels = map[string]string{}
				}
				if !reflect.DeepEqual(got, expect) {
					t.Fatalf("got  %+v\nwant %+v", got, expect)
				}
			}
		}
	})
}

func TestACloneOfTheInventoryLivesItsOwnLife(t *testing.T) {
	w := smallWorld(t)
	clone := w.inv.Clone()
	clone.Observe(plan.Observation{DataPlane: "dp1", Full: true, AsOf: epoch})
	if w.inv.Len() != 8 || clone.Len() != 3 {
		t.Errorf("%d clusters and %d in the clone, want 8 and 3", w.inv.Len(), clone.Len())
	}
}

func TestTwoDataPlanesThatReportTheSameNameMakeItUnknown(t *testing.T) {
	w := smallWorld(t)
	twin := w.clusters["prod-0"].Cluster
	twin.DataPlane = "dp2"
	w.inv.Observe(plan.Observation{DataPlane: "dp2", Clusters: []plan.Cluster{twin}, AsOf: w.now})
	row, _ := w.inv.Find("prod-0")
	if got := w.inv.Cluster(row).Unknown; got != "reported by 2 data planes (dp1, dp2); names must be unique" {
		t.Errorf("unknown because %q", got)
	}
	// When one of them takes it back, the other has to report it again.
	w.inv.Observe(plan.Observation{DataPlane: "dp2", Gone: []string{"prod-0"}, AsOf: w.now})
	if w.inv.Cluster(row).Unknown == "" {
		t.Error("it is known before its data plane has spoken again")
	}
	w.inv.Observe(plan.Observation{DataPlane: "dp1", Clusters: []plan.Cluster{w.clusters["prod-0"].Cluster}, AsOf: w.now})
	if got := w.inv.Cluster(row).Unknown; got != "" {
		t.Errorf("still unknown: %s", got)
	}
}

func TestAVersionThatCannotBeReadMakesItsClusterUnknown(t *testing.T) {
	w := smallWorld(t)
	odd := w.clusters["prod-0"].Cluster
	odd.Version.Tag, odd.Target.Tag = "latest stable!", "latest stable!"
	w.inv.Observe(plan.Observation{DataPlane: "dp1", Clusters: []plan.Cluster{odd}, AsOf: w.now})
	row, _ := w.inv.Find("prod-0")
	if w.inv.Cluster(row).Unknown == "" {
		t.Error("it is known")
	}
}
