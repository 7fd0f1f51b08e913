package web

import (
	"context"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// noon is when the last cycle ran.
func noon() time.Time { return time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC) }

// viewer shows one cycle; nil before the first one.
type viewer struct {
	mu    sync.Mutex
	cycle *reconciler.Cycle
}

func (v *viewer) View(look func(*reconciler.Cycle)) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.cycle == nil {
		return false
	}
	look(v.cycle)
	return true
}

func (v *viewer) LastPulse() (reconciler.Pulse, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.cycle == nil {
		return reconciler.Pulse{}, false
	}
	return reconciler.Pulse{Number: v.cycle.Number, At: v.cycle.At}, true
}

func version(t testing.TB, s string) fleet.Version {
	t.Helper()
	v, err := fleet.ParseVersion(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// cycle is one with something of everything: a data plane that answers, one that
// is lost and one that never answered, clusters in every condition, alerts,
// monitors that cannot be read, a pause.
func cycle(t testing.TB) *reconciler.Cycle {
	t.Helper()
	old, next := version(t, "7.6.0"), version(t, "7.6.1")
	cluster := func(plane, name string) plan.Cluster {
		return plan.Cluster{
			Name: name, Product: "kafka", DataPlane: plane, Version: old, Target: old,
			Labels: map[string]string{"tier": "prod"}, Replicas: 3, Updated: 3, Ready: 3, Next: -1,
			ReadySince: noon().Add(-time.Hour), Ratchet: true, Revision: "41",
		}
	}
	moving := cluster("aws", "lkc-2")
	moving.Target, moving.Updated, moving.Ready, moving.Next = next, 1, 2, 1
	moving.ReadySince, moving.Stranded, moving.Problem = time.Time{}, true, "CrashLoopBackOff <on broker 1>"
	moving.Mark = plan.Mark{Release: "r1", Cohort: "prod", Commit: "c0ffee", Version: next, StartedAt: noon().Add(-time.Minute), Failed: "too slow", Paused: "1 failure"}
	odd := cluster("aws", "lkc-3")
	odd.Unknown, odd.Ratchet, odd.Held = "its StatefulSet is gone", false, true

	inv := plan.NewInventory()
	inv.Observe(plan.Observation{DataPlane: "aws", Full: true, AsOf: noon(), Clusters: []plan.Cluster{cluster("aws", "lkc-1"), moving, odd}})
	inv.Observe(plan.Observation{DataPlane: "gcp", Full: true, AsOf: noon().Add(-time.Hour), Clusters: []plan.Cluster{cluster("gcp", "lkc-4")}})
	inv.Lose("gcp", "connection refused")
	// Two data planes report the same name.
	inv.Observe(plan.Observation{DataPlane: "twin", AsOf: noon(), Clusters: []plan.Cluster{cluster("twin", "lkc-5")}})
	inv.Observe(plan.Observation{DataPlane: "aws", AsOf: noon(), Clusters: []plan.Cluster{cluster("aws", "lkc-5")}})

	state := plan.NewState()
	state.InForce = plan.InForce{Commit: "c0ffee", Tree: "beef", AdmittedAt: noon().Add(-time.Hour)}
	state.Paused = &plan.Pause{Reason: "by hand", At: noon()}
	state.Base[plan.TargetKey{Product: "kafka", Cohort: "prod"}] = old
	state.Seen = map[string]time.Time{"aws": noon()}
	return &reconciler.Cycle{
		At: noon(), State: state, Fleet: inv, DataPlanes: []string{"aws", "azure", "gcp", "twin"},
		Signals: plan.Signals{
			Sources: map[plan.MonitorKey]plan.MonitorState{
				{Product: "kafka", Monitor: "under-replicated"}: {AsOf: noon()},
				{Product: "kafka", Monitor: "lag"}:              {AsOf: noon().Add(-time.Hour), Unknown: "muted"},
				{Product: "ksqldb", Monitor: "errors"}:          {Unknown: "not found"},
			},
			Alerts: []plan.Alert{{Product: "kafka", Monitor: "under-replicated", Cluster: "lkc-2", Since: noon(), Link: "https://monitors.example/1?a=b&c=d"}},
		},
		Metrics: plan.Metrics{
			{Datadog: "avg:kafka.cpu{*} by {kafka_cluster}"}:       {AsOf: noon(), Values: map[string]float64{"lkc-1": 0.5}},
			{Prometheus: "avg(up)", ClusterLabel: "cluster"}:       {Unknown: "no answer in time"},
			{Prometheus: "avg(up)", ClusterLabel: "kafka_cluster"}: {AsOf: noon().Add(-time.Hour), Values: map[string]float64{}},
		},
		Problems: []string{"observe data plane gcp: connection refused"},
	}
}

// listen serves cycles, one minute after noon.
func listen(t testing.TB, v Viewer, change ...func(*Config)) (*Server, string) {
	t.Helper()
	cfg := Config{
		Viewer: v, Socket: filepath.Join(t.TempDir(), "api.sock"), MaxAge: 10 * time.Minute,
		Now: func() time.Time { return noon().Add(time.Minute) },
	}
	for _, c := range change {
		c(&cfg)
	}
	s, err := Listen(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// The test's own context has ended by now.
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s, cfg.Socket
}
