package ocm

import (
	"fmt"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

const (
	waves    = 10
	finished = 5 // waves that are done; the next one is in flight
)

var (
	epoch = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	older = fleet.Version{Tag: "7.6.0"}
	newer = fleet.Version{Tag: "7.6.1"}
)

// rollout is a fleet in mid rollout, and who is where in it.
type rollout struct {
	in      plan.Input
	members []string // in the order of the waves
	size    int      // of a wave
}

// wave returns the members of a wave.
func (r *rollout) wave(w int) []string { return r.members[w*r.size : (w+1)*r.size] }

func spec() *fleet.Spec {
	cohort := fleet.Cohort{Meta: fleet.Meta{Name: "production"}, Spec: fleet.CohortSpec{
		Selector:    fleet.Selector{MatchLabels: map[string]string{"tier": "production"}},
		Versions:    map[string]fleet.Version{"kafka": older},
		MaxFailures: fleet.Size{Count: 20}, LateJoiners: fleet.LateAppend,
	}}
	for range waves {
		cohort.Spec.Waves = append(cohort.Spec.Waves, fleet.Wave{
			Size: fleet.Size{IsPercent: true, Percent: 100 / waves}, Soak: fleet.Duration(time.Hour),
		})
	}
	return &fleet.Spec{
		Fleet: fleet.Fleet{Meta: fleet.Meta{Name: "acme"}, Spec: fleet.FleetSpec{
			Order:  []fleet.Stage{{"production"}},
			Limits: []fleet.Limit{{MaxConcurrency: 1_000_000}, {Label: "region", MaxConcurrency: 100_000}, {Label: "customer", MaxConcurrency: 10}},
		}},
		Products: []fleet.Product{{Meta: fleet.Meta{Name: "kafka"}, Spec: fleet.ProductSpec{
			Image: "registry.example.com/kafka", ProgressDeadline: fleet.Duration(24 * time.Hour),
			Versions: fleet.VersionPolicy{MaxMinorSkip: new(1), Downgrade: fleet.DowngradeDeny},
			Monitors: []fleet.Monitor{{Name: "under-replicated", Prometheus: &fleet.PrometheusMonitor{Alert: "UnderReplicated", ClusterLabel: "cluster"}}},
		}}},
		Cohorts: []fleet.Cohort{cohort},
		Windows: []fleet.Window{{Meta: fleet.Meta{Name: "weekends"}, Spec: fleet.WindowSpec{
			Type: fleet.Blackout, Schedule: "0 18 * * FRI", Duration: fleet.Duration(62 * time.Hour),
			Selector: fleet.Selector{MatchLabels: map[string]string{"region": "r0"}},
		}}},
	}
}

// cluster is how the data plane reports a cluster that rests on a version.
func cluster(i int, v fleet.Version) plan.Cluster {
	return plan.Cluster{
		Name: fmt.Sprintf("lkc-%06d", i), Product: "kafka", Version: v, Target: v,
		Replicas: 6, Updated: 6, Ready: 6, Next: -1, Ratchet: true, ReadySince: epoch.Add(-time.Hour), Revision: fmt.Sprint(i),
		Labels: map[string]string{"tier": "production", "region": fmt.Sprintf("r%d", i%40), "customer": fmt.Sprintf("c%d", i/3)},
	}
}

// midRollout brings n clusters to where half of the rollout is done.
func midRollout(tb testing.TB, n int) *rollout {
	tb.Helper()
	s := spec()
	policy, err := plan.Compile(s)
	if err != nil {
		tb.Fatal(err)
	}
	r := &rollout{size: n / waves, in: plan.Input{
		Now: epoch, Policy: policy, Fleet: plan.NewInventory(), State: plan.NewState(), DataPlanes: []string{"dp"},
		Signals: plan.Signals{Sources: map[plan.MonitorKey]plan.MonitorState{{Product: "kafka", Monitor: "under-replicated"}: {AsOf: epoch}}},
	}}
	obs := plan.Observation{DataPlane: "dp", Full: true, AsOf: epoch}
	for i := range n {
		obs.Clusters = append(obs.Clusters, cluster(i, older))
	}
	r.in.Fleet.Observe(obs)
	r.apply(plan.Event{Kind: plan.CommitAdmitted, Commit: "base"})
	r.apply(plan.Targets(r.in.State, s, "base", true, epoch)...)
	r.rest(tb)
	s.Cohorts[0].Spec.Versions["kafka"] = newer
	r.apply(plan.Targets(r.in.State, s, "next", false, epoch)...)
	r.rest(tb)
	r.advance(tb, obs)
	return r
}

func (r *rollout) apply(events ...plan.Event) {
	for _, e := range events {
		if e.At.IsZero() {
			e.At = r.in.Now
		}
		r.in.State.Apply(e)
	}
}

// rest decides until no more facts follow.
func (r *rollout) rest(tb testing.TB) *plan.Plan {
	tb.Helper()
	p := plan.Decide(r.in)
	for range 1000 {
		if len(p.Events) == 0 {
			return p
		}
		r.apply(p.Events...)
		p = p.Next(r.in)
	}
	tb.Fatal("facts do not come to rest")
	return nil
}

// advance lets the first waves finish and the next one start.
func (r *rollout) advance(tb testing.TB, obs plan.Observation) {
	tb.Helper()
	key := plan.TargetKey{Product: "kafka", Cohort: "production"}
	state := r.in.State.Rollouts[key]
	if state == nil || len(state.Members) != len(obs.Clusters) || len(state.Waves) != waves {
		tb.Fatalf("the rollout has not started as it should: %+v", state)
	}
	numbers := map[string]int{}
	for i := range obs.Clusters {
		numbers[obs.Clusters[i].Name] = i
	}
	for _, m := range state.Members {
		r.members = append(r.members, m.Cluster)
	}
	fact := func(kind plan.EventKind, wave int, cluster string) {
		r.apply(plan.Event{Kind: kind, Product: key.Product, Cohort: key.Cohort, Release: state.Release, Commit: "next", To: newer, Wave: wave, Cluster: cluster})
	}
	mark := plan.Mark{Release: state.Release, Cohort: key.Cohort, Commit: "next", Version: newer, StartedAt: epoch}
	for w := range finished + 1 {
		fact(plan.WaveOpened, w, "")
		for _, name := range r.wave(w) {
			fact(plan.ClusterStarted, w, name)
			c := &obs.Clusters[numbers[name]]
			c.Target, c.Mark = newer, mark
			if w == finished {
				c.Next, c.Updated, c.Ready, c.ReadySince = 3, 2, 5, time.Time{}
				continue
			}
			c.Version = newer
			fact(plan.ClusterFinished, w, name)
		}
		if w < finished {
			fact(plan.WaveFinished, w, "")
			fact(plan.WaveSoaked, w, "")
		}
	}
	r.in.Now = epoch.Add(time.Minute)
	obs.AsOf = r.in.Now
	r.in.Fleet.Observe(obs)
	for k := range r.in.Signals.Sources {
		r.in.Signals.Sources[k] = plan.MonitorState{AsOf: r.in.Now}
	}
}
