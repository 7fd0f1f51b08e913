package plan_test

import (
	"fmt"
	"maps"
	"runtime"
	"slices"
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
		inv.Observe(someOf(from, min(n, from+batch), cohorts, at))
	}
	return inv
}

// someOf is what a data plane reports of the clusters with these numbers.
func someOf(from, to, cohorts int, at time.Time) plan.Observation {
	obs := plan.Observation{DataPlane: fmt.Sprintf("dp%d", from/10000%20), AsOf: at}
	for i := from; i < to; i++ {
		obs.Clusters = append(obs.Clusters, plan.Cluster{
			Name: fmt.Sprintf("lkc-%06x", i), Product: "kafka", Version: v("7.6.0"), Target: v("7.6.0"),
			Replicas: 6, Updated: 6, Ready: 6, Next: -1, Ratchet: true, ReadySince: at.Add(-time.Hour), Revision: fmt.Sprint(1000000 + i),
			Labels: map[string]string{
				"cohort": fmt.Sprintf("cohort-%02d", i%cohorts), "region": fmt.Sprintf("r%d", i%40),
				"customer": fmt.Sprintf("c%d", i/3), "cloud": []string{"aws", "gcp", "azure"}[i%3], "tier": "prod",
			},
		})
	}
	return obs
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

// perCluster reports how long one operation takes for each of n clusters.
func perCluster(b *testing.B, n int) {
	b.Helper()
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/cluster")
}

// idleFleet returns a fleet in which nothing is to be done, and its plan.
func idleFleet(b *testing.B, n int) (plan.Input, *plan.Plan) {
	b.Helper()
	in := bigInput(b, n, 50)
	return in, rest(in)
}

// midRelease returns a fleet of which the first fifth, ten cohorts of fifty, is in
// a release whose first waves are in flight, and its plan.
func midRelease(b *testing.B, n int) (plan.Input, *plan.Plan) {
	b.Helper()
	in, _ := idleFleet(b, n)
	move(in)
	rest(in)
	in.Now = in.Now.Add(time.Minute)
	for _, name := range in.DataPlanes {
		in.Fleet.Observe(plan.Observation{DataPlane: name, AsOf: in.Now})
	}
	p := rest(in)
	if len(p.Actions) == 0 {
		b.Fatal("nothing is under way")
	}
	return in, p
}

// fleets are what is decided for.
var fleets = []struct {
	name string
	make func(*testing.B, int) (plan.Input, *plan.Plan)
}{{"idle", idleFleet}, {"mid-release", midRelease}}

// BenchmarkDecide decides for all clusters from scratch: what the first cycle
// after a start does, and the first one after a commit.
func BenchmarkDecide(b *testing.B) {
	for _, f := range fleets {
		for _, n := range sizes {
			b.Run(fmt.Sprintf("fleet=%s/clusters=%d", f.name, n), func(b *testing.B) {
				in, _ := f.make(b, n)
				b.ReportAllocs()
				for b.Loop() {
					plan.Decide(in)
				}
				perCluster(b, n)
			})
		}
	}
}

// BenchmarkNext decides again after k clusters were observed anew. It should
// cost what k asks for, and not what the fleet's size does.
func BenchmarkNext(b *testing.B) {
	for _, f := range fleets {
		for _, n := range sizes {
			for _, k := range []int{0, 10, 100, 1000} {
				b.Run(fmt.Sprintf("fleet=%s/clusters=%d/changed=%d", f.name, n, k), func(b *testing.B) {
					in, p := f.make(b, n)
					news := freshNews(in.Fleet, n, k)
					b.ReportAllocs()
					for b.Loop() {
						in.Now = in.Now.Add(time.Millisecond)
						for _, obs := range news {
							in.Fleet.Observe(obs)
						}
						p = p.Next(in)
					}
					if len(p.Events) > 0 {
						b.Fatalf("the fleet is not at rest: %v", p.Events[0])
					}
				})
			}
		}
	}
}

// freshNews are observations of k clusters that are spread over all n.
func freshNews(inv *plan.Inventory, n, k int) []plan.Observation {
	byPlane := map[string]*plan.Observation{}
	for i := range k {
		r, _ := inv.Find(fmt.Sprintf("lkc-%06x", i*n/k))
		c := inv.Cluster(r)
		plane := c.Labels[fleet.LabelDataPlane]
		if byPlane[plane] == nil {
			byPlane[plane] = &plan.Observation{DataPlane: plane, AsOf: epoch.Add(time.Minute)}
		}
		byPlane[plane].Clusters = append(byPlane[plane].Clusters, c)
	}
	var out []plan.Observation
	for _, name := range slices.Sorted(maps.Keys(byPlane)) {
		out = append(out, *byPlane[name])
	}
	return out
}

// BenchmarkObserve takes in all that a data plane reports, for the first time and
// again.
func BenchmarkObserve(b *testing.B) {
	const n = 10_000
	all := someOf(0, n, 50, epoch)
	all.Full = true
	b.Run(fmt.Sprintf("first/clusters=%d", n), func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			plan.NewInventory().Observe(all)
		}
		perCluster(b, n)
	})
	b.Run(fmt.Sprintf("again/clusters=%d", n), func(b *testing.B) {
		inv := plan.NewInventory()
		inv.Observe(all)
		b.ReportAllocs()
		for b.Loop() {
			inv.Observe(all)
		}
		perCluster(b, n)
	})
}

// BenchmarkMemory reports what the observed fleet, the ledger's state and a plan
// hold for each cluster.
func BenchmarkMemory(b *testing.B) {
	for _, f := range fleets {
		for _, n := range sizes {
			b.Run(fmt.Sprintf("fleet=%s/clusters=%d", f.name, n), func(b *testing.B) {
				var held uint64
				for b.Loop() {
					var before, after runtime.MemStats
					runtime.GC()
					runtime.ReadMemStats(&before)
					in, p := f.make(b, n)
					runtime.GC()
					runtime.ReadMemStats(&after)
					held = after.HeapAlloc - before.HeapAlloc
					runtime.KeepAlive(p)
					runtime.KeepAlive(in)
				}
				b.ReportMetric(float64(held)/float64(n), "B/cluster")
			})
		}
	}
}

// BenchmarkClone copies the observed fleet and the ledger's state: what others may
// read while the next cycle runs.
func BenchmarkClone(b *testing.B) {
	for _, n := range []int{20_000, 100_000} {
		b.Run(fmt.Sprintf("fleet=mid-release/clusters=%d", n), func(b *testing.B) {
			in, _ := midRelease(b, n)
			b.ReportAllocs()
			for b.Loop() {
				in.Fleet.Clone()
				in.State.Clone()
			}
			perCluster(b, n)
		})
	}
}
