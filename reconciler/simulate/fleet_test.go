package simulate_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

var epoch = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

const (
	restart    = 2 * time.Minute
	settle     = 30 * time.Second
	perReplica = restart + settle
)

var (
	canary = plan.TargetKey{Product: "kafka", Cohort: "canary"}
	prod   = plan.TargetKey{Product: "kafka", Cohort: "prod"}
)

func v(tag string) fleet.Version { return fleet.Version{Tag: tag} }

func percent(n int) fleet.Size { return fleet.Size{IsPercent: true, Percent: n} }

// moment is an input in the making: a fleet of two cohorts, at rest on 7.6.0,
// whose replicas are known to take two and a half minutes each.
type moment struct {
	t        testing.TB
	spec     *fleet.Spec
	in       plan.Input
	replicas int
}

func newMoment(t testing.TB, prods int) *moment {
	one := 1
	m := &moment{t: t, replicas: 3, spec: &fleet.Spec{
		Fleet: fleet.Fleet{Meta: fleet.Meta{Name: "acme"}, Spec: fleet.FleetSpec{
			Order: []fleet.Stage{{"canary"}, {"prod"}}, Limits: []fleet.Limit{{MaxConcurrency: 4}},
		}},
		Products: []fleet.Product{{Meta: fleet.Meta{Name: "kafka"}, Spec: fleet.ProductSpec{
			Image: "registry.example.com/kafka", Versions: fleet.VersionPolicy{MaxMinorSkip: &one, Downgrade: fleet.DowngradeDeny},
			ProgressDeadline: fleet.Duration(45 * time.Minute), Settle: fleet.Duration(settle),
			Monitors: []fleet.Monitor{{Name: "latency", MaxAge: fleet.Duration(5 * time.Minute), Prometheus: &fleet.PrometheusMonitor{}}},
		}}},
		Cohorts: []fleet.Cohort{
			cohort("canary", []fleet.Wave{{Size: percent(100), Soak: fleet.Duration(time.Hour)}}),
			cohort("prod", []fleet.Wave{
				{Size: fleet.Size{Count: 1}, Soak: fleet.Duration(30 * time.Minute)},
				{Size: percent(25), Soak: fleet.Duration(45 * time.Minute)},
				{Size: percent(100)},
			}),
		},
	}}
	m.in = plan.Input{Now: epoch, Fleet: plan.NewInventory(), State: plan.NewState(), DataPlanes: []string{"dp1", "dp2"}}
	m.in.State.Apply(plan.Event{At: epoch, Kind: plan.DurationLearnt, Product: "kafka", PerReplica: perReplica})
	for i := range 2 {
		m.cluster(fmt.Sprintf("canary-%d", i), "dp1", "7.6.0", map[string]string{"tier": "canary"})
	}
	for i := range prods {
		m.cluster(fmt.Sprintf("prod-%05d", i), []string{"dp1", "dp2"}[i%2], "7.6.0", map[string]string{"tier": "prod"})
	}
	for _, p := range m.in.DataPlanes {
		m.in.State.Apply(plan.Event{At: epoch, Kind: plan.DataPlaneSeen, DataPlane: p})
		m.in.Fleet.Observe(plan.Observation{DataPlane: p, AsOf: epoch})
	}
	m.merge("base000", func(*fleet.Spec) {})
	return m
}

func cohort(name string, waves []fleet.Wave) fleet.Cohort {
	return fleet.Cohort{Meta: fleet.Meta{Name: name}, Spec: fleet.CohortSpec{
		Selector: fleet.Selector{MatchLabels: map[string]string{"tier": name}},
		Versions: map[string]fleet.Version{"kafka": v("7.6.0")},
		Waves:    waves, LateJoiners: fleet.LateAppend,
	}}
}

func (m *moment) cluster(name, plane, version string, labels map[string]string) {
	m.in.Fleet.Observe(plan.Observation{DataPlane: plane, AsOf: m.in.Now, Clusters: []plan.Cluster{{
		Name: name, Product: "kafka", DataPlane: plane, Labels: labels, Version: v(version), Target: v(version),
		Replicas: m.replicas, Updated: m.replicas, Ready: m.replicas, Next: -1, Ratchet: true,
		ReadySince: m.in.Now.Add(-time.Hour), Revision: "1",
	}}})
}

func (m *moment) observe(name string, change func(*plan.Cluster)) {
	row, _ := m.in.Fleet.Find(name)
	c := m.in.Fleet.Cluster(row)
	change(&c)
	m.in.Fleet.Observe(plan.Observation{DataPlane: c.DataPlane, AsOf: m.in.Now, Clusters: []plan.Cluster{c}})
}

// merge brings a changed spec into force; the first one is a baseline.
func (m *moment) merge(commit string, change func(*fleet.Spec)) {
	m.t.Helper()
	for i := range m.spec.Cohorts {
		m.spec.Cohorts[i].Spec.Versions = maps.Clone(m.spec.Cohorts[i].Spec.Versions)
	}
	change(m.spec)
	policy, err := plan.Compile(m.spec)
	if err != nil {
		m.t.Fatal(err)
	}
	baseline := m.in.State.InForce.Commit == ""
	m.in.Policy = policy
	m.in.State.Apply(plan.Event{At: m.in.Now, Kind: plan.CommitAdmitted, Commit: commit})
	for _, e := range plan.Targets(m.in.State, m.spec, commit, baseline, m.in.Now) {
		m.in.State.Apply(e)
	}
}

// release moves canary and then prod to a version, by two commits.
func (m *moment) release(tag string) {
	m.t.Helper()
	m.merge("c1", func(s *fleet.Spec) { s.Cohorts[0].Spec.Versions["kafka"] = v(tag) })
	m.merge("c2", func(s *fleet.Spec) { s.Cohorts[1].Spec.Versions["kafka"] = v(tag) })
}

func (m *moment) window(name string, win fleet.WindowSpec) {
	m.t.Helper()
	m.merge(m.in.State.InForce.Commit, func(s *fleet.Spec) {
		s.Windows = append(slices.Clone(s.Windows), fleet.Window{Meta: fleet.Meta{Name: name}, Spec: win})
	})
}

func local(t time.Time) string { return t.UTC().Format("2006-01-02T15:04") }
