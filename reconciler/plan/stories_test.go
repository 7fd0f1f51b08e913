package plan_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// rolling is a small world in which canary has finished 7.6.1 and production is
// about to begin with it.
func rolling(t fataler) *world {
	w := smallWorld(t)
	w.setVersion("c1", "canary", "7.6.1")
	w.until("canary has soaked", 4*time.Hour, func() bool { return w.phase("kafka", "canary") == plan.PhaseFinished })
	w.setVersion("c2", "prod", "7.6.1")
	w.cycle()
	return w
}

// started returns the clusters of production that are in flight.
func (w *world) inFlight() []string {
	var out []string
	for _, name := range w.names() {
		if w.clusters[name].InFlight() {
			out = append(out, name)
		}
	}
	return out
}

func TestFailuresAreChargedToTheVersionOnlyWhenItIsToBlame(t *testing.T) {
	at := func(w *world, cluster string, since time.Time) plan.Alert {
		return plan.Alert{Product: "kafka", Monitor: "under-replicated", Cluster: cluster, Since: since}
	}
	t.Run("an alert on a cluster in flight", func(t *testing.T) {
		w := rolling(t)
		first := w.inFlight()[0]
		w.run(time.Minute)
		w.alerts = []plan.Alert{at(w, first, w.now)}
		w.run(time.Minute)
		if n := len(w.state.Releases["kafka-7.6.1-c1"].Failures); n != 1 {
			t.Fatalf("%d failures", n)
		}
		w.run(30 * time.Minute)
		if n := len(w.state.Releases["kafka-7.6.1-c1"].Failures); n != 1 {
			t.Errorf("charged %d times", n)
		}
		if d := w.decision(first); d.Verdict != plan.FailedVerdict || d.Drift != plan.Stuck {
			t.Errorf("verdict %s, drift %s", d.Verdict, d.Drift)
		}
	})
	t.Run("an alert that fired before the start stops it, and is not charged", func(t *testing.T) {
		w := rolling(t)
		first := w.inFlight()[0]
		w.alerts = []plan.Alert{at(w, first, w.now.Add(-time.Hour))}
		touched := len(w.touched)
		w.run(20 * time.Minute)
		if n := len(w.state.Releases["kafka-7.6.1-c1"].Failures); n != 0 || len(w.touched) != touched {
			t.Errorf("%d failures, %d replicas touched", n, len(w.touched)-touched)
		}
	})
	t.Run("an alert on a cluster whose wave soaks", func(t *testing.T) {
		w := rolling(t)
		first := w.inFlight()[0]
		w.until("it has finished", time.Hour, func() bool { return !w.clusters[first].InFlight() })
		w.run(5 * time.Minute)
		w.alerts = []plan.Alert{at(w, first, w.now)}
		w.run(time.Minute)
		if n := len(w.state.Releases["kafka-7.6.1-c1"].Failures); n != 1 {
			t.Errorf("%d failures", n)
		}
	})
	t.Run("an outage that hits untouched clusters just as much", func(t *testing.T) {
		w := rolling(t)
		first := w.inFlight()[0]
		for name, m := range w.clusters {
			if m.DataPlane == w.clusters[first].DataPlane {
				w.alerts = append(w.alerts, at(w, name, w.now))
			}
		}
		w.run(5 * time.Minute)
		if n := len(w.state.Releases["kafka-7.6.1-c1"].Failures); n != 0 {
			t.Errorf("%d failures were charged", n)
		}
		if len(w.plan.Notes) == 0 || !strings.Contains(w.plan.Notes[0], "not charged") {
			t.Errorf("notes %q", w.plan.Notes)
		}
	})
	t.Run("no progress within the deadline", func(t *testing.T) {
		w := rolling(t)
		first := w.inFlight()[0]
		w.clusters[first].bad = v("7.6.1")
		w.run(40 * time.Minute)
		if n := len(w.state.Releases["kafka-7.6.1-c1"].Failures); n != 0 {
			t.Fatalf("charged before the deadline")
		}
		w.run(10 * time.Minute)
		if f := w.state.Releases["kafka-7.6.1-c1"].Failures; len(f) != 1 || f[0].Reason != "no progress for 45m: CrashLoopBackOff" {
			t.Errorf("failures %+v", f)
		}
	})
}

func TestABudgetSpansTheCohortsOfARelease(t *testing.T) {
	w := rolling(t)
	fail := func(name string) {
		w.alerts = []plan.Alert{{Product: "kafka", Monitor: "under-replicated", Cluster: name, Since: w.now}}
		w.run(time.Minute)
		w.alerts = nil
	}
	fail(w.inFlight()[0])
	release := w.state.Releases["kafka-7.6.1-c1"]
	if release.Paused != nil {
		t.Fatalf("paused within the budget: %s", release.Paused.Reason)
	}
	w.until("the second wave is in flight", 2*time.Hour, func() bool { return len(w.inFlight()) > 2 })
	var second string
	for _, n := range w.inFlight() {
		if w.decision(n).Verdict != plan.FailedVerdict {
			second = n
		}
	}
	fail(second)
	if release.Paused == nil {
		t.Fatal("not paused with two failures, one allowed")
	}
	touched := len(w.touched)
	w.run(time.Hour)
	if len(w.touched) != touched {
		t.Errorf("%d replicas touched after the halt", len(w.touched)-touched)
	}
	o := &oracle{w: w, halted: map[string]bool{}}
	o.obey(plan.Command{Kind: plan.CommandResume, Release: release.ID})
	w.run(10 * time.Minute)
	if release.Paused != nil {
		t.Errorf("the same failures pause it again: %s", release.Paused.Reason)
	}
	if len(w.touched) == touched {
		t.Error("it does not go on after the resume")
	}
}

func TestCommandsThatMakeNoSenseAreRefused(t *testing.T) {
	w := rolling(t)
	for _, tt := range []struct {
		name string
		cmd  plan.Command
		want string
	}{
		{"a release that is not there", plan.Command{Kind: plan.CommandPause, Release: "nope"}, `no release "nope"`},
		{"resuming what is not paused", plan.Command{Kind: plan.CommandResume, Release: "kafka-7.6.1-c1"}, "not paused"},
		{"resuming everything when it is not paused", plan.Command{Kind: plan.CommandResume}, "not paused"},
		{"retrying what has not failed", plan.Command{Kind: plan.CommandRetry, Cluster: w.inFlight()[0]}, "has not failed"},
		{"retrying what is not there", plan.Command{Kind: plan.CommandRetry, Cluster: "nope"}, `no data plane has a cluster "nope"`},
		{"skipping what is in no rollout", plan.Command{Kind: plan.CommandSkip, Cluster: "canary-0"}, "in no rollout"},
		{"a word that does not exist", plan.Command{Kind: "dance"}, "unknown command"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.cmd.ID = 7
			events, refused := plan.Obey(w.state, w.inv, w.plan, []plan.Command{tt.cmd})
			if !strings.Contains(refused[7], tt.want) {
				t.Errorf("refused %q, want %q", refused[7], tt.want)
			}
			if len(events) != 1 || events[0].Kind != plan.CommandRefused || events[0].Reason != refused[7] || events[0].Asked != tt.cmd.Kind {
				t.Errorf("want the refusal and nothing else as an event, got %+v", events)
			}
		})
	}
}

func TestASkippedClusterNoLongerHoldsUpItsWave(t *testing.T) {
	w := rolling(t)
	// A skipped cluster that is half way stays in flight, and its customer's
	// limit with it: no limit for customers here.
	w.merge("c2", func(s *fleet.Spec) { s.Fleet.Spec.Limits = s.Fleet.Spec.Limits[:1] })
	first := w.inFlight()[0]
	w.clusters[first].bad = v("7.6.1")
	w.run(5 * time.Minute)
	o := &oracle{w: w, halted: map[string]bool{}}
	o.obey(plan.Command{Kind: plan.CommandSkip, Cluster: first, Reason: "gone on Friday"})
	w.until("the others are done", 6*time.Hour, func() bool { return w.phase("kafka", "prod") == plan.PhaseFinished })
	if d := w.decision(first); d.Verdict != plan.SkippedVerdict || w.reason(first) != "gone on Friday" {
		t.Errorf("%s because %q", d.Verdict, w.reason(first))
	}
}

func TestCohortsOfOneStageRunSideBySide(t *testing.T) {
	spec := smallSpec()
	spec.Fleet.Spec.Order = []fleet.Stage{{"canary", "prod"}}
	w := newWorld(t, spec)
	w.cluster("canary-0", "kafka", "dp1", "7.6.0", 3, map[string]string{"tier": "canary", "customer": "a"})
	w.cluster("prod-0", "kafka", "dp2", "7.6.0", 3, map[string]string{"tier": "prod", "customer": "b"})
	w.merge("base000", func(*fleet.Spec) {})
	w.cycle()
	w.setVersion("c1", "canary", "7.6.1")
	w.setVersion("c2", "prod", "7.6.1")
	w.cycle()
	if n := len(w.inFlight()); n != 2 {
		t.Errorf("%d in flight, want both", n)
	}
}

func TestACommitThatMovesTwoCohortsMovesNone(t *testing.T) {
	w := smallWorld(t)
	w.merge("c1", func(s *fleet.Spec) {
		s.Cohorts[0].Spec.Versions["kafka"], s.Cohorts[1].Spec.Versions["kafka"] = v("7.6.1"), v("7.6.1")
	})
	w.run(10 * time.Minute)
	if len(w.touched) != 0 || w.reason("canary-0") != "commit c1 moves more than one cohort" {
		t.Errorf("%d touched; %q", len(w.touched), w.reason("canary-0"))
	}
}

func TestAtTheFirstStartNothingMoves(t *testing.T) {
	w := newWorld(t, smallSpec())
	for i, version := range []string{"7.5.0", "7.6.0", "7.7.0"} {
		w.cluster(fmt.Sprintf("c%d", i), "kafka", "dp1", version, 3, map[string]string{"tier": "canary", "customer": fmt.Sprint(i)})
	}
	w.merge("base000", func(*fleet.Spec) {})
	w.run(time.Hour)
	if len(w.actions) != 0 {
		t.Fatalf("actions %v", w.actions)
	}
	for name, want := range map[string]plan.DriftKind{"c0": plan.Behind, "c1": plan.NoDrift, "c2": plan.Ahead} {
		if d := w.decision(name); d.Drift != want {
			t.Errorf("%s drifts %q, want %q", name, d.Drift, want)
		}
	}
}

func TestWithoutASpecInForceNothingMoves(t *testing.T) {
	w := smallWorld(t)
	w.policy, w.spec, w.plan, w.state = nil, &fleet.Spec{}, nil, plan.NewState()
	w.cycle()
	for _, name := range w.names() {
		if d := w.decision(name); d.Verdict != plan.Unmanaged || d.Reason != plan.NothingInForce {
			t.Errorf("%s: %s %s", name, d.Verdict, d.Reason)
		}
	}
	if len(w.plan.Actions) != 0 {
		t.Errorf("actions %v", w.plan.Actions)
	}
}

func TestAClusterOfTwoCohortsBelongsToNone(t *testing.T) {
	spec := smallSpec()
	spec.Cohorts[1].Spec.Selector = fleet.Selector{MatchLabels: map[string]string{"geo": "us"}}
	w := newWorld(t, spec)
	w.cluster("both", "kafka", "dp1", "7.6.0", 3, map[string]string{"tier": "canary", "geo": "us"})
	w.cluster("none", "kafka", "dp1", "7.6.0", 3, map[string]string{"tier": "other"})
	w.merge("base000", func(*fleet.Spec) {})
	w.cycle()
	for name, want := range map[string]string{
		"both": "selected by cohorts canary, prod; make their selectors exclude each other",
		"none": "no cohort selects it with a version of its product",
	} {
		if d := w.decision(name); d.Verdict != plan.Unmanaged || w.reason(name) != want {
			t.Errorf("%s: %s because %q", name, d.Verdict, w.reason(name))
		}
	}
}

func TestUnknownClustersThatWereInFlightStillCount(t *testing.T) {
	w := smallWorld(t)
	w.setVersion("c1", "canary", "7.6.1")
	w.until("canary has soaked", 4*time.Hour, func() bool { return w.phase("kafka", "canary") == plan.PhaseFinished })
	w.merge("c2", func(s *fleet.Spec) {
		s.Fleet.Spec.Limits = []fleet.Limit{{MaxConcurrency: 2}}
		s.Cohorts[1].Spec.Waves = nil
		s.Cohorts[1].Spec.Versions["kafka"] = v("7.6.1")
	})
	w.until("two are in flight", time.Hour, func() bool { return len(w.inFlight()) == 2 })
	w.lost["dp1"], w.lost["dp2"] = true, true
	w.run(time.Minute)
	delete(w.lost, "dp2")
	w.run(time.Hour)
	held := 0
	for _, n := range w.inFlight() {
		if w.clusters[n].DataPlane == "dp1" {
			held++
		}
	}
	if n := len(w.inFlight()); n > 2 {
		t.Errorf("%d in flight, 2 allowed; %d of them out of sight", n, held)
	}
}
