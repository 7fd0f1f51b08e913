package plan_test

import (
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

func (w *world) blackoutFor(d time.Duration) {
	w.edit(func(s *fleet.Spec) {
		s.Windows = []fleet.Window{{Meta: fleet.Meta{Name: "b"}, Spec: fleet.WindowSpec{
			Type: fleet.Blackout, From: w.now.Format("2006-01-02T15:04"), Until: w.now.Add(d).Format("2006-01-02T15:04"),
		}}}
	})
}

// A cluster that was left out before anything was done to it stands in front of
// all gates when it is retried.
func TestARetriedClusterThatIsAtRestTakesItsTurn(t *testing.T) {
	for _, tt := range []struct {
		name   string
		closed func(*world)
		says   plan.Reason
	}{
		{"not inside a blackout", func(w *world) { w.blackoutFor(2 * time.Hour) }, plan.WindowClosed},
		{"not while an alert fires on it", func(w *world) {
			w.alerts = []plan.Alert{{Product: "kafka", Monitor: "under-replicated", Cluster: "prod-0", Since: w.now}}
		}, plan.AlertFires},
		{"not past a limit", func(w *world) {
			w.edit(func(s *fleet.Spec) { s.Fleet.Spec.Limits = []fleet.Limit{{MaxConcurrency: 1}} })
		}, plan.LimitReached},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := provenWorld(t)
			w.conflict = func(a plan.Action) bool { return a.Cluster == "prod-0" || a.Cluster == "prod-1" }
			w.promote()
			w.next()
			for _, name := range []string{"prod-0", "prod-1"} {
				w.obey(plan.Command{Kind: plan.CommandSkip, Cluster: name, Reason: "later"})
			}
			w.conflict = nil
			w.until("the others are through", 6*time.Hour, func() bool { return w.phase("kafka", "prod") == plan.PhaseFinished })
			tt.closed(w)
			w.next()
			for _, name := range []string{"prod-1", "prod-0"} {
				if why := w.obey(plan.Command{Kind: plan.CommandRetry, Cluster: name}); why != "" {
					t.Fatal(why)
				}
			}
			w.next()
			name := "prod-0"
			if tt.says == plan.LimitReached && w.clusters[name].InFlight() {
				name = "prod-1"
			}
			if d := w.decision(name); d.Verdict != plan.Waiting || d.Reason != tt.says || w.clusters[name].InFlight() {
				t.Errorf("%s is %s: %s", name, d.Verdict, w.reason(name))
			}
			w.alerts = nil
			w.until("both are done", 6*time.Hour, func() bool { return w.runsAll("prod-0", "7.6.1") && w.runsAll("prod-1", "7.6.1") })
		})
	}
}

// The world may have changed while a start did not get through.
func TestAStartThatDidNotGetThroughIsAskedAgain(t *testing.T) {
	for _, tt := range []struct {
		name   string
		closed func(*world)
	}{
		{"not inside a blackout that has begun", func(w *world) { w.blackoutFor(time.Hour) }},
		{"not while it is not well", func(w *world) {
			m := w.clusters["prod-0"]
			m.Ready--
			m.ReadySince = time.Time{}
			m.silent++
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := provenWorld(t)
			w.conflict = func(a plan.Action) bool { return a.Kind == plan.Start }
			w.promote()
			w.until("a start is decided", time.Hour, func() bool {
				m := w.state.Rollouts[plan.TargetKey{Product: "kafka", Cohort: "prod"}]
				return m != nil && m.Member("prod-0") != nil && m.Member("prod-0").Status == plan.Running
			})
			tt.closed(w)
			w.conflict = nil
			w.next()
			if w.clusters["prod-0"].InFlight() {
				t.Errorf("prod-0 was started: %s", w.reason("prod-0"))
			}
		})
	}
}
