package plan_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// bigSpec has n cohorts side by side in five stages, windows and limits.
func bigSpec(cohorts int) *fleet.Spec {
	s := smallSpec()
	s.Cohorts, s.Fleet.Spec.Order = nil, nil
	perStage := (cohorts + 4) / 5
	var stage fleet.Stage
	for i := range cohorts {
		name := fmt.Sprintf("cohort-%02d", i)
		s.Cohorts = append(s.Cohorts, fleet.Cohort{Meta: fleet.Meta{Name: name}, Spec: fleet.CohortSpec{
			Selector: fleet.Selector{MatchLabels: map[string]string{"cohort": name}},
			Versions: map[string]fleet.Version{"kafka": v("7.6.0")},
			Waves: []fleet.Wave{
				{Size: fleet.Size{Count: 10}, Soak: fleet.Duration(time.Hour)},
				{Size: percent(10), Soak: fleet.Duration(time.Hour)},
				{Size: percent(100), MaxConcurrency: 500},
			},
			MaxFailures: fleet.Size{Count: 20}, LateJoiners: fleet.LateAppend,
		}})
		stage = append(stage, name)
		if len(stage) == perStage || i == cohorts-1 {
			s.Fleet.Spec.Order = append(s.Fleet.Spec.Order, stage)
			stage = nil
		}
	}
	s.Fleet.Spec.Limits = []fleet.Limit{{MaxConcurrency: 2500}, {Label: "region", MaxConcurrency: 500}, {Label: "customer", MaxConcurrency: 1}}
	for i, region := range []string{"r0", "r1", "r2"} {
		s.Windows = append(s.Windows, fleet.Window{Meta: fleet.Meta{Name: fmt.Sprintf("w%d", i)}, Spec: fleet.WindowSpec{
			Type: fleet.Blackout, Schedule: "0 18 * * FRI", Duration: fleet.Duration(62 * time.Hour),
			Selector: fleet.Selector{MatchLabels: map[string]string{"region": region}},
		}})
	}
	return s
}

// bigFleet observes n clusters.
func bigFleet(n, cohorts int, at time.Time) *plan.Inventory {
	inv := plan.NewInventory()
	const batch = 10000
	for from := 0; from < n; from += batch {
		obs := plan.Observation{DataPlane: fmt.Sprintf("dp%d", from/batch%20), AsOf: at}
		for i := from; i < min(n, from+batch); i++ {
			obs.Clusters = append(obs.Clusters, plan.Cluster{
				Name: fmt.Sprintf("lkc-%06x", i), Product: "kafka", Version: v("7.6.0"), Target: v("7.6.0"),
				Replicas: 6, Updated: 6, Ready: 6, Next: -1, Ratchet: true, ReadySince: at.Add(-time.Hour), Revision: fmt.Sprint(1000000 + i),
				Labels: map[string]string{
					"cohort": fmt.Sprintf("cohort-%02d", i%cohorts), "region": fmt.Sprintf("r%d", i%40),
					"customer": fmt.Sprintf("c%d", i/3), "cloud": []string{"aws", "gcp", "azure"}[i%3], "tier": "prod",
				},
			})
		}
		inv.Observe(obs)
	}
	return inv
}

func bigInput(b *testing.B, n, cohorts int) plan.Input {
	b.Helper()
	spec := bigSpec(cohorts)
	policy, err := plan.Compile(spec)
	if err != nil {
		b.Fatal(err)
	}
	at := epoch
	in := plan.Input{Now: at, Policy: policy, Fleet: bigFleet(n, cohorts, at), State: plan.NewState()}
	for i := range 20 {
		name := fmt.Sprintf("dp%d", i)
		in.DataPlanes = append(in.DataPlanes, name)
		if asOf, _ := in.Fleet.Plane(name); asOf.IsZero() {
			in.Fleet.Observe(plan.Observation{DataPlane: name, AsOf: at})
		}
	}
	in.Signals.Sources = map[plan.MonitorKey]plan.MonitorState{{Product: "kafka", Monitor: "under-replicated"}: {AsOf: at}}
	in.State.Apply(plan.Event{At: at, Kind: plan.CommitAdmitted, Commit: "base"})
	for _, e := range plan.Targets(in.State, spec, "base", true, at) {
		in.State.Apply(e)
	}
	return in
}

// rest decides until no more facts follow.
func rest(in plan.Input) *plan.Plan {
	p := plan.Decide(in)
	for len(p.Events) > 0 {
		for _, e := range p.Events {
			in.State.Apply(e)
		}
		p = p.Next(in)
	}
	return p
}

// move brings a commit into force that moves the first stage.
func move(in plan.Input) {
	spec := clone(in.Policy.Spec)
	for i := range spec.Fleet.Spec.Order[0] {
		spec.Cohorts[i].Spec.Versions["kafka"] = v("7.6.1")
		for _, e := range plan.Targets(in.State, spec, fmt.Sprintf("c%d", i), false, in.Now) {
			in.State.Apply(e)
		}
	}
}

var sizes = []int{1_000, 10_000, 100_000, 1_000_000}

func BenchmarkDecideFromScratch(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			in := bigInput(b, n, 50)
			rest(in)
			b.ReportAllocs()
			for b.Loop() {
				plan.Decide(in)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/cluster")
		})
	}
}

func BenchmarkDecideFromScratchInMidRelease(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			in := bigInput(b, n, 50)
			rest(in)
			move(in)
			rest(in)
			b.ReportAllocs()
			for b.Loop() {
				plan.Decide(in)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/cluster")
		})
	}
}

func BenchmarkNextWhenIdle(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			in := bigInput(b, n, 50)
			p := rest(in)
			b.ReportAllocs()
			for b.Loop() {
				in.Now = in.Now.Add(time.Millisecond)
				p = p.Next(in)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/cluster")
		})
	}
}

func BenchmarkNextInMidRelease(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			in := bigInput(b, n, 50)
			rest(in)
			move(in)
			rest(in)
			in.Now = in.Now.Add(time.Minute)
			for _, name := range in.DataPlanes {
				in.Fleet.Observe(plan.Observation{DataPlane: name, AsOf: in.Now})
			}
			p := rest(in)
			b.ReportAllocs()
			for b.Loop() {
				in.Now = in.Now.Add(time.Millisecond)
				p = p.Next(in)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/cluster")
			if len(p.Actions) == 0 {
				b.Fatal("nothing is under way")
			}
		})
	}
}

// BenchmarkMemoryPerCluster reports what the inventory and a plan hold for each
// cluster.
func BenchmarkMemoryPerCluster(b *testing.B) {
	for _, n := range []int{100_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				var before, after runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&before)
				in := bigInput(b, n, 50)
				p := rest(in)
				runtime.GC()
				runtime.ReadMemStats(&after)
				b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(n), "B/cluster")
				runtime.KeepAlive(p)
				runtime.KeepAlive(in)
			}
		})
	}
}
