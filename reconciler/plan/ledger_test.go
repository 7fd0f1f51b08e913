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
