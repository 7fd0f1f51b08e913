package plan_test

import (
	"strings"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// loseLedger begins anew with nothing but the spec and what the clusters say.
func (w *world) loseLedger() {
	w.t.Helper()
	w.history, w.state, w.inv, w.plan = nil, plan.NewState(), plan.NewInventory(), nil
	w.merge("head000", func(*fleet.Spec) {})
}

func TestPausesAreFoundOnTheClusters(t *testing.T) {
	for _, tt := range []struct {
		name, release string
	}{
		{"of everything", ""},
		{"of a release", "kafka-7.6.1-c1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := halfway(t)
			w.obey(plan.Command{Kind: plan.CommandPause, Release: tt.release, Reason: "looks odd"})
			w.run(2 * time.Minute)
			touched := len(w.touched)
			w.loseLedger()
			w.run(2 * time.Hour)
			if len(w.touched) != touched {
				t.Errorf("%d replicas were touched after the ledger was lost", len(w.touched)-touched)
			}
			pause := w.state.Paused
			if tt.release != "" && w.state.Releases[tt.release] != nil {
				pause = w.state.Releases[tt.release].Paused
			}
			if pause == nil || !strings.HasPrefix(pause.Reason, "looks odd (found on the cluster") {
				t.Fatalf("pause %+v", pause)
			}
			if why := w.obey(plan.Command{Kind: plan.CommandResume, Release: tt.release}); why != "" {
				t.Fatalf("resume is refused: %s", why)
			}
			w.until("canary has finished", 4*time.Hour, func() bool { return w.phase("kafka", "canary") == plan.PhaseFinished })
		})
	}
}

// Nothing is under way that could carry the pause in its mark, and it must be
// found again all the same.
func TestAPauseBetweenTwoCohortsIsFoundOnTheClusters(t *testing.T) {
	w := soaking(t)
	w.until("canary has finished", 4*time.Hour, func() bool { return w.phase("kafka", "canary") == plan.PhaseFinished })
	w.obey(plan.Command{Kind: plan.CommandPause, Release: "kafka-7.6.1-c1", Reason: "looks odd"})
	w.run(2 * time.Minute)
	written := len(w.actions)
	w.run(time.Hour)
	if len(w.actions) != written {
		t.Errorf("%d actions while it is paused: the mark is written again and again", len(w.actions)-written)
	}
	touched := len(w.touched)
	w.loseLedger()
	w.run(2 * time.Minute)
	w.setVersion("c2", "prod", "7.6.1")
	w.run(4 * time.Hour)
	if len(w.touched) != touched {
		t.Errorf("%d replicas were touched after the ledger was lost", len(w.touched)-touched)
	}
	if why := w.obey(plan.Command{Kind: plan.CommandResume, Release: "kafka-7.6.1-c1"}); why != "" {
		t.Fatalf("resume is refused: %s", why)
	}
	w.until("prod has finished", 12*time.Hour, func() bool { return w.phase("kafka", "prod") == plan.PhaseFinished })
	w.run(2 * time.Minute)
	for _, name := range w.names() {
		if mark := w.clusters[name].Mark; mark.Paused != "" {
			t.Errorf("%s still says that it is paused: %s", name, mark.Paused)
		}
	}
}

// The pause is of a release that nothing in force names any more. It halts its
// product until somebody resumes it, also when only the clusters remember it.
func TestAPauseOfASupersededReleaseIsFoundOnTheClusters(t *testing.T) {
	w := halfway(t)
	w.obey(plan.Command{Kind: plan.CommandPause, Release: "kafka-7.6.1-c1", Reason: "looks odd"})
	w.run(2 * time.Minute)
	w.setVersion("c2", "canary", "7.6.2")
	w.run(2 * time.Minute)
	touched := len(w.touched)
	w.loseLedger()
	w.run(2 * time.Minute)
	w.setVersion("c3", "canary", "7.6.3")
	w.run(4 * time.Hour)
	if len(w.touched) != touched {
		t.Errorf("%d replicas were touched after the ledger was lost", len(w.touched)-touched)
	}
	if why := w.obey(plan.Command{Kind: plan.CommandResume, Release: "kafka-7.6.1-c1"}); why != "" {
		t.Fatalf("resume is refused: %s", why)
	}
	w.until("canary has finished", 12*time.Hour, func() bool { return w.phase("kafka", "canary") == plan.PhaseFinished })
}

func TestWorkGoesOnWithoutItsLedgerAndSoaksBeginAnew(t *testing.T) {
	w := soaking(t)
	w.run(50 * time.Minute)
	w.loseLedger()
	w.setVersion("c2", "prod", "7.6.1")
	lost := w.now
	w.until("prod is touched", 4*time.Hour, func() bool {
		return w.touches("prod-0")+w.touches("prod-1")+w.touches("prod-2")+w.touches("prod-3")+w.touches("prod-4")+w.touches("prod-5") > 0
	})
	if waited := w.now.Sub(lost); waited < time.Hour {
		t.Errorf("prod was touched %s after the ledger was lost; canary has to soak for an hour anew", waited)
	}
}

// A data plane that was never seen since the ledger began may hold a pause.
func TestAfterALossADataPlaneOutOfReachBlocksEverything(t *testing.T) {
	w := halfway(t)
	touched := len(w.touched)
	w.lost["dp2"] = true
	w.loseLedger()
	w.run(3 * time.Hour)
	if len(w.touched) != touched {
		t.Errorf("%d replicas touched", len(w.touched)-touched)
	}
	if got := w.reason("canary-0"); !strings.Contains(got, "data plane dp2 has not been seen yet") {
		t.Errorf("canary-0: %s", got)
	}
	w.lost["dp2"] = false
	w.until("canary has finished", 4*time.Hour, func() bool { return w.phase("kafka", "canary") == plan.PhaseFinished })
}

// Failures stay where they happened, so that a lost ledger refunds no budget.
func TestFailuresAreFoundOnTheClusters(t *testing.T) {
	w := halfway(t)
	w.fire("canary-0", w.now)
	w.run(2 * time.Minute)
	w.alerts = nil
	touched := w.touches("canary-0")
	w.loseLedger()
	w.run(2 * time.Hour)
	if n := w.touches("canary-0"); n != touched {
		t.Errorf("%d replicas of the failed cluster touched", n-touched)
	}
	if got := w.phase("kafka", "canary"); got != plan.PhasePaused {
		t.Errorf("canary is %s; %s", got, w.summary())
	}
}
