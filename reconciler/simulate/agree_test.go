package simulate_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
	"github.com/wavegate-dev/wavegate/reconciler/simulate"
)

// real is a fleet whose replicas really restart, one after the other, looked at
// every half a minute: what a preview is measured by.
type real struct {
	in       plan.Input
	plan     *plan.Plan
	back     map[string]time.Time // when the replica that is down is back
	starts   []string
	waves    map[plan.TargetKey][]time.Time // first start of each wave
	finishes map[plan.TargetKey][]time.Time
	ends     map[plan.TargetKey]time.Time
}

func newReal(m *moment) *real {
	r := &real{
		in: m.in, back: map[string]time.Time{}, waves: map[plan.TargetKey][]time.Time{},
		finishes: map[plan.TargetKey][]time.Time{}, ends: map[plan.TargetKey]time.Time{},
	}
	r.in.Fleet, r.in.State = m.in.Fleet.Clone(), m.in.State.Clone()
	return r
}

func (r *real) run(t *testing.T, until time.Time) {
	t.Helper()
	for ; r.in.Now.Before(until); r.in.Now = r.in.Now.Add(30 * time.Second) {
		r.observe()
		r.in.Signals = plan.Signals{Sources: map[plan.MonitorKey]plan.MonitorState{{Product: "kafka", Monitor: "latency"}: {AsOf: r.in.Now}}}
		for {
			if r.plan == nil {
				r.plan = plan.Decide(r.in)
			} else {
				r.plan = r.plan.Next(r.in)
			}
			if len(r.plan.Events) == 0 {
				break
			}
			for _, e := range r.plan.Events {
				r.apply(e)
			}
		}
		for _, e := range r.plan.Credits {
			r.apply(e)
		}
		for i := range r.plan.Actions {
			if e, ok := r.plan.Actions[i].Event(r.in.Now); ok {
				r.apply(e)
			}
			r.act(&r.plan.Actions[i])
		}
		r.in.Watched = 30 * time.Second
	}
}

func (r *real) observe() {
	for name, at := range r.back {
		if at.After(r.in.Now) {
			continue
		}
		delete(r.back, name)
		r.change(name, func(c *plan.Cluster) {
			c.Ready, c.ReadySince = c.Replicas, at
			if c.Updated == c.Replicas {
				c.Version = c.Target
			}
		})
	}
	for _, p := range r.in.DataPlanes {
		r.in.Fleet.Observe(plan.Observation{DataPlane: p, AsOf: r.in.Now})
	}
}

func (r *real) change(name string, change func(*plan.Cluster)) {
	row, _ := r.in.Fleet.Find(name)
	c := r.in.Fleet.Cluster(row)
	change(&c)
	c.Revision += "+"
	r.in.Fleet.Observe(plan.Observation{DataPlane: c.DataPlane, AsOf: r.in.Now, Clusters: []plan.Cluster{c}})
}

func (r *real) act(a *plan.Action) {
	r.change(a.Cluster, func(c *plan.Cluster) {
		c.Mark = a.Mark
		switch a.Kind {
		case plan.Start:
			r.starts = append(r.starts, a.Cluster)
			c.Target, c.Updated, c.Next = a.Version, 0, c.Replicas-1
		case plan.Step:
			c.Ready--
			c.Updated++
			c.Next--
			c.ReadySince = time.Time{}
			r.back[a.Cluster] = r.in.Now.Add(restart)
		default:
		}
	})
}

func (r *real) apply(e plan.Event) {
	r.in.State.Apply(e)
	key := plan.TargetKey{Product: e.Product, Cohort: e.Cohort}
	switch e.Kind {
	case plan.RolloutStarted:
		r.waves[key], r.finishes[key] = make([]time.Time, len(e.Waves)), make([]time.Time, len(e.Waves))
	case plan.ClusterStarted:
		if m := r.in.State.Rollouts[key].Member(e.Cluster); r.waves[key][m.Wave].IsZero() {
			r.waves[key][m.Wave] = e.At
		}
	case plan.WaveFinished:
		r.finishes[key][e.Wave] = e.At
	case plan.RolloutFinished:
		r.ends[key] = e.At
	default:
	}
}

// TestAPreviewAgreesWithWhatThenHappens previews a release, then lets it happen:
// the same clusters in the same waves, the order of the starts the same, and the
// times about the same.
func TestAPreviewAgreesWithWhatThenHappens(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*moment)
	}{
		{"with limits and soaks", func(*moment) {}},
		{"one at a time", func(m *moment) {
			m.merge("base000", func(s *fleet.Spec) { s.Fleet.Spec.Limits = []fleet.Limit{{MaxConcurrency: 1}} })
		}},
		{"with a blackout in the middle", func(m *moment) {
			m.window("lunch", fleet.WindowSpec{Type: fleet.Blackout, From: local(epoch.Add(2 * time.Hour)), Until: local(epoch.Add(5 * time.Hour))})
		}},
		{"in a maintenance window every day", func(m *moment) {
			m.window("noon", fleet.WindowSpec{Type: fleet.Maintenance, Schedule: "0 12 * * *", Duration: fleet.Duration(time.Hour)})
		}},
		{"with an order by a label", func(m *moment) {
			m.merge("base000", func(s *fleet.Spec) {
				s.Cohorts[1].Spec.OrderBy = []fleet.OrderKey{{Label: fleet.LabelName, Descending: true}}
			})
		}},
		{"with an order by a metric", func(m *moment) {
			q := fleet.Metric{Datadog: "avg:kafka.cpu{*} by {kafka_cluster}"}
			values := map[string]float64{}
			for i, name := range m.in.Fleet.Names() {
				values[name] = float64(i * 7919 % 100)
			}
			m.in.Metrics = plan.Metrics{q: {AsOf: epoch, Values: values, Assumed: true}}
			m.merge("base000", func(s *fleet.Spec) { s.Cohorts[1].Spec.OrderBy = []fleet.OrderKey{{Metric: q}} })
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := newMoment(t, 16)
			tt.change(m)
			m.release("7.6.1")
			p := simulate.Run(simulate.Config{Input: m.in, Horizon: 30 * 24 * time.Hour})
			if !p.Done || len(p.Rollouts) != 2 || p.BlockedCount != 0 {
				t.Fatalf("done %t, %d rollouts, blocked %+v", p.Done, len(p.Rollouts), p.Blocked)
			}
			r := newReal(m)
			r.run(t, p.End.Add(6*time.Hour))
			var starts []string
			for _, rollout := range p.Rollouts {
				key := plan.TargetKey{Product: rollout.Product, Cohort: rollout.Cohort}
				about(t, rollout.Cohort+" ends", rollout.Ends, r.ends[key])
				for w, wave := range rollout.Waves {
					starts = append(starts, wave.Clusters...)
					about(t, fmt.Sprintf("%s wave %d starts", rollout.Cohort, w+1), wave.Starts, r.waves[key][w])
					about(t, fmt.Sprintf("%s wave %d finishes", rollout.Cohort, w+1), wave.Finishes, r.finishes[key][w])
				}
			}
			if !slices.Equal(starts, r.starts) {
				t.Errorf("order\npreviewed %v\nreal      %v", starts, r.starts)
			}
		})
	}
}

// about allows a tenth of the time that has passed: a preview does not know when
// a cycle looks at a cluster.
func about(t *testing.T, what string, previewed, real time.Time) {
	t.Helper()
	if real.IsZero() || previewed.IsZero() {
		t.Errorf("%s: previewed %s, real %s", what, previewed, real)
		return
	}
	if d := previewed.Sub(real).Abs(); d > real.Sub(epoch)/10+3*time.Minute {
		t.Errorf("%s: previewed %s, real %s", what, previewed.Sub(epoch), real.Sub(epoch))
	}
}
