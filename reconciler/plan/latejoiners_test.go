package plan_test

import (
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

func (w *world) policyFor(late fleet.LateJoiner) {
	w.edit(func(s *fleet.Spec) { s.Cohorts[1].Spec.LateJoiners = late })
}

func (w *world) newcomer(version string) {
	w.cluster("prod-new", "kafka", "dp1", version, 3, map[string]string{"tier": "prod", "customer": "p9"})
}

func TestLateJoiners(t *testing.T) {
	for _, tt := range []struct {
		name    string
		late    fleet.LateJoiner
		version string
		verdict plan.Verdict
		drift   plan.DriftKind
		says    string
		upgrade bool // it gets to the target without anybody
	}{
		{name: "append: it joins the last wave", late: fleet.LateAppend, version: "7.6.0", verdict: plan.Waiting, upgrade: true, says: "wave 2 opens when wave 1 has finished and soaked"},
		{name: "hold: it waits for an operator", late: fleet.LateHold, version: "7.6.0", verdict: plan.Waiting, drift: plan.Behind, says: "it joined after the rollout had started; cohort prod holds late joiners until they are retried"},
		{name: "ignore: it is drift", late: fleet.LateIgnore, version: "7.6.0", verdict: plan.Drifted, drift: plan.Behind, says: "it joined after the rollout had started; cohort prod ignores late joiners"},
		{name: "one that is ahead is drift", late: fleet.LateAppend, version: "7.7.0", verdict: plan.Drifted, drift: plan.Ahead, says: "runs 7.7.0, should run 7.6.1"},
		{name: "one on the target is current", late: fleet.LateHold, version: "7.6.1", verdict: plan.Current},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := provenWorld(t)
			w.policyFor(tt.late)
			w.promote()
			w.next()
			w.newcomer(tt.version)
			w.next()
			d := w.decision("prod-new")
			if d.Verdict != tt.verdict || d.Drift != tt.drift || w.reason("prod-new") != tt.says {
				t.Errorf("%s, drift %q: %s", d.Verdict, d.Drift, w.reason("prod-new"))
			}
			w.until("prod has finished", 6*time.Hour, func() bool { return w.phase("kafka", "prod") == plan.PhaseFinished })
			if got := w.clusters["prod-new"].Version == v("7.6.1") && tt.version != "7.6.1"; got != tt.upgrade {
				t.Errorf("it runs %s in the end", w.clusters["prod-new"].Version)
			}
		})
	}
}

func TestAHeldLateJoinerJoinsWhenItIsRetried(t *testing.T) {
	w := provenWorld(t)
	w.policyFor(fleet.LateHold)
	w.promote()
	w.next()
	w.newcomer("7.6.0")
	w.next()
	if why := w.obey(plan.Command{Kind: plan.CommandRetry, Cluster: "prod-new"}); why != "" {
		t.Fatalf("refused: %s", why)
	}
	w.until("it has been upgraded", 6*time.Hour, func() bool { return w.clusters["prod-new"].Version == v("7.6.1") })
}

func TestAClusterMayJoinAfterTheRolloutHasFinished(t *testing.T) {
	w := provenWorld(t)
	w.promote()
	w.until("prod has finished", 6*time.Hour, func() bool { return w.phase("kafka", "prod") == plan.PhaseFinished })
	w.newcomer("7.6.0")
	w.until("it has been upgraded", time.Hour, func() bool { return w.clusters["prod-new"].Version == v("7.6.1") })
	w.run(5 * time.Minute)
	if d := w.decision("prod-new"); d.Verdict != plan.Current {
		t.Errorf("%s %s", d.Verdict, w.reason("prod-new"))
	}
}

// Its upgrade is judged like any other, though the rollout has long finished.
func TestAlertsAreChargedToLateJoinersAfterTheRollout(t *testing.T) {
	w := provenWorld(t)
	w.promote()
	w.until("prod has finished", 6*time.Hour, func() bool { return w.phase("kafka", "prod") == plan.PhaseFinished })
	w.newcomer("7.6.0")
	w.until("it is under way", time.Hour, func() bool { return w.touches("prod-new") == 1 })
	w.fire("prod-new", w.now)
	w.run(5 * time.Minute)
	if d := w.decision("prod-new"); d.Verdict != plan.FailedVerdict || d.Drift != plan.Stuck {
		t.Errorf("%s, drift %q: %s", d.Verdict, d.Drift, w.reason("prod-new"))
	}
	if n := w.touches("prod-new"); n != 1 {
		t.Errorf("%d replicas touched", n)
	}
}

// A cohort whose rollout has finished has its budget again for those that join
// later, and it is a real one: without it they could fail without end.
func TestLateJoinersHaveABudgetToo(t *testing.T) {
	w := provenWorld(t)
	w.promote()
	w.until("prod has finished", 6*time.Hour, func() bool { return w.phase("kafka", "prod") == plan.PhaseFinished })
	for i, name := range []string{"late-a", "late-b", "late-c"} {
		w.cluster(name, "kafka", "dp1", "7.6.0", 3, map[string]string{"tier": "prod", "customer": name}).bad = v("7.6.1")
		w.run(50 * time.Minute)
		if got, want := w.touches(name), min(1, 2-i); got != want {
			t.Errorf("%s: %d replicas touched, want %d", name, got, want)
		}
	}
	const why = "late-b failed: no progress for 45m: CrashLoopBackOff; 2 clusters have failed, 1 allowed"
	if p := w.state.Releases["kafka-7.6.1-c1"].Paused; p == nil || p.Reason != why {
		t.Fatalf("pause %+v, want %s", p, why)
	}
	w.clusters["late-c"].bad = fleet.Version{}
	w.obey(plan.Command{Kind: plan.CommandResume, Release: "kafka-7.6.1-c1"})
	w.until("late-c has been upgraded", time.Hour, func() bool { return w.clusters["late-c"].Version == v("7.6.1") })
}

// Members and waves are fixed at the start: a change of the spec moves nobody.
func TestMembershipIsFixedAtTheStart(t *testing.T) {
	w := provenWorld(t)
	w.promote()
	w.next()
	w.edit(func(s *fleet.Spec) {
		s.Cohorts[1].Spec.Waves = []fleet.Wave{{Size: percent(100), Soak: fleet.Duration(time.Hour)}}
	})
	w.run(10 * time.Minute)
	waves := w.state.Rollouts[prodKey].Waves
	if len(waves) != 2 || waves[0].Size != 1 || waves[1].Size != 5 {
		t.Errorf("waves %+v", waves)
	}
	for _, name := range []string{"prod-1", "prod-2", "prod-3", "prod-4", "prod-5"} {
		if w.touches(name) > 0 {
			t.Errorf("%s was touched while wave 1 is not done", name)
		}
	}
}

func TestAClusterThatIsGoneLeavesTheRollout(t *testing.T) {
	w := provenWorld(t)
	w.promote()
	w.next()
	delete(w.clusters, "prod-5")
	w.until("prod has finished", 6*time.Hour, func() bool { return w.phase("kafka", "prod") == plan.PhaseFinished })
	left := false
	for _, e := range w.history {
		left = left || (e.Kind == plan.ClusterLeft && e.Cluster == "prod-5" && e.Reason == "no data plane has it any more")
	}
	if !left {
		t.Error("nothing says that prod-5 left")
	}
}

// While a data plane is out of reach nobody knows whether a cluster is gone or
// has only moved there.
func TestNobodyLeavesWhileADataPlaneIsOutOfReach(t *testing.T) {
	w := provenWorld(t)
	w.promote()
	w.next()
	delete(w.clusters, "prod-4") // of dp1
	w.lost["dp2"] = true
	w.run(10 * time.Minute)
	for _, e := range w.history {
		if e.Kind == plan.ClusterLeft {
			t.Errorf("%s left: %s", e.Cluster, e.Reason)
		}
	}
	w.lost["dp2"] = false
	w.until("prod has finished", 6*time.Hour, func() bool { return w.phase("kafka", "prod") == plan.PhaseFinished })
}

// moved is a world in which canary-1, just started towards 7.6.2, is given to prod,
// which goes to 7.6.1.
func moved(t fataler, late fleet.LateJoiner) *world {
	w := provenWorld(t)
	w.policyFor(late)
	w.setVersion("c2", "canary", "7.6.2")
	w.setVersion("c3", "prod", "7.6.1")
	w.next()
	m := w.clusters["canary-1"]
	if m.Target != v("7.6.2") {
		w.t.Fatalf("canary-1 goes to %s", m.Target)
	}
	m.Labels = map[string]string{"tier": "prod", "customer": "c1"}
	m.look()
	w.run(2 * time.Minute)
	return w
}

func TestAClusterThatChangesCohortsHalfWayJoinsTheOtherRollout(t *testing.T) {
	w := moved(t, fleet.LateAppend)
	w.until("both have finished", 6*time.Hour, func() bool {
		return w.phase("kafka", "prod") == plan.PhaseFinished && w.phase("kafka", "canary") == plan.PhaseFinished
	})
	if d := w.decision("canary-1"); d.Verdict != plan.Current || !w.runsAll("canary-1", "7.6.1") || w.clusters["canary-1"].InFlight() {
		t.Errorf("%s %s, %v", d.Verdict, w.reason("canary-1"), w.clusters["canary-1"].runs)
	}
}

func TestAClusterThatChangesCohortsHalfWayIsHeldWhereLateJoinersAre(t *testing.T) {
	w := moved(t, fleet.LateHold)
	touched := w.touches("canary-1")
	w.run(time.Hour)
	if d := w.decision("canary-1"); d.Verdict != plan.Stopped || d.Reason != plan.LateJoinerHeld || w.touches("canary-1") != touched {
		t.Errorf("%s %s, %d touched", d.Verdict, w.reason("canary-1"), w.touches("canary-1")-touched)
	}
	if why := w.obey(plan.Command{Kind: plan.CommandRetry, Cluster: "canary-1"}); why != "" {
		t.Fatalf("refused: %s", why)
	}
	w.until("it is done", 6*time.Hour, func() bool { return w.decision("canary-1").Verdict == plan.Current })
}

// Commands mean the rollout that a cluster belongs to now.
func TestACommandMeansTheRolloutThatAClusterBelongsToNow(t *testing.T) {
	w := moved(t, fleet.LateAppend)
	for range 20 { // the answer does not depend on the order of a map
		events, refused := plan.Obey(w.state, w.inv, w.plan, []plan.Command{{ID: 1, Kind: plan.CommandRetry, Cluster: "canary-1", By: "user:ann"}})
		if len(events) != 1 || events[0].Cohort != "prod" || events[0].Kind != plan.ClusterRetried {
			t.Fatalf("events %+v, refused %v", events, refused)
		}
	}
}

func TestAClusterThatWasGoneAndIsBackIsAMemberAgain(t *testing.T) {
	w := provenWorld(t)
	w.promote()
	w.next()
	gone := w.clusters["prod-5"]
	delete(w.clusters, "prod-5")
	w.run(2 * time.Minute)
	w.clusters["prod-5"] = gone
	w.until("prod has finished", 6*time.Hour, func() bool { return w.phase("kafka", "prod") == plan.PhaseFinished })
	if !w.runsAll("prod-5", "7.6.1") || w.decision("prod-5").Verdict != plan.Current {
		t.Errorf("prod-5 runs %v: %s", gone.runs, w.reason("prod-5"))
	}
}
