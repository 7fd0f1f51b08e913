package plan_test

import (
	"strings"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// rollBack is a restart with an older copy of the ledger: somebody has put back a
// backup.
func (w *world) rollBack(events int) {
	w.t.Helper()
	w.history = w.history[:events]
	w.state, w.inv, w.plan = plan.NewState(), plan.NewInventory(), nil
	for _, e := range w.history {
		w.state.Apply(e)
	}
}

// TestAPauseThatAnOlderLedgerDoesNotKnowIsFoundOnTheClusters: the mark is newer
// than anything that the ledger knows to have been resumed.
func TestAPauseThatAnOlderLedgerDoesNotKnowIsFoundOnTheClusters(t *testing.T) {
	for _, tt := range []struct{ name, release string }{
		{"of everything", ""},
		{"of a release", "kafka-7.6.1-c1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := halfway(t)
			backup := len(w.history)
			w.run(time.Minute)
			w.obey(plan.Command{Kind: plan.CommandPause, Release: tt.release, Reason: "looks odd"})
			w.run(2 * time.Minute)
			touched := len(w.touched)
			w.rollBack(backup)
			w.run(2 * time.Hour)
			if n := len(w.touched) - touched; n > 0 {
				t.Errorf("%d replicas were touched after the ledger was rolled back", n)
			}
			pause := w.state.Paused
			if tt.release != "" {
				pause = w.state.Releases[tt.release].Paused
			}
			if pause == nil || !strings.HasPrefix(pause.Reason, "looks odd (found on the cluster") {
				t.Fatalf("pause %+v", pause)
			}
			if why := w.obey(plan.Command{Kind: plan.CommandResume, Release: tt.release}); why != "" {
				t.Fatalf("resume is refused: %s", why)
			}
			w.until("canary has finished", 4*time.Hour, func() bool { return w.phase("kafka", "canary") == plan.PhaseFinished })
			w.run(2 * time.Minute)
			for _, name := range w.names() {
				if m := w.clusters[name].Mark; m.Paused != "" || m.AllPaused != "" || !m.PausedAt.IsZero() || !m.AllPausedAt.IsZero() {
					t.Errorf("%s still says that it is paused: %+v", name, m)
				}
			}
		})
	}
}

// TestAFailureThatAnOlderLedgerDoesNotKnowIsFoundOnTheCluster: what was charged
// to the budget stays charged.
func TestAFailureThatAnOlderLedgerDoesNotKnowIsFoundOnTheCluster(t *testing.T) {
	w := halfway(t)
	backup := len(w.history)
	w.run(time.Minute)
	w.fire("canary-0", w.now)
	w.run(2 * time.Minute)
	w.alerts = nil
	touched := len(w.touched)
	w.rollBack(backup)
	w.run(2 * time.Hour)
	if n := len(w.touched) - touched; n > 0 {
		t.Errorf("%d replicas were touched after the ledger was rolled back", n)
	}
	if r := w.state.Releases["kafka-7.6.1-c1"]; len(r.Failures) != 1 || r.Paused == nil {
		t.Errorf("%d failures, pause %+v", len(r.Failures), r.Paused)
	}
	w.obey(plan.Command{Kind: plan.CommandRetry, Cluster: "canary-0"})
	w.obey(plan.Command{Kind: plan.CommandResume, Release: "kafka-7.6.1-c1"})
	w.until("canary has finished", 4*time.Hour, func() bool { return w.phase("kafka", "canary") == plan.PhaseFinished })
	if n := len(w.state.Releases["kafka-7.6.1-c1"].Failures); n != 1 {
		t.Errorf("%d failures after a retry", n)
	}
}

// TestAFailureWhileSoakingIsFoundOnTheCluster: the older ledger says that it has
// finished.
func TestAFailureWhileSoakingIsFoundOnTheCluster(t *testing.T) {
	w := soaking(t)
	backup := len(w.history)
	w.run(time.Minute)
	w.fire("canary-0", w.now)
	w.run(2 * time.Minute)
	w.alerts = nil
	w.rollBack(backup)
	w.run(2 * time.Hour)
	if r := w.state.Releases["kafka-7.6.1-c1"]; len(r.Failures) != 1 || r.Paused == nil {
		t.Errorf("%d failures, pause %+v", len(r.Failures), r.Paused)
	}
}

// TestAResumedPauseIsNotFoundAgain: the mark is taken off in the next cycle, and
// a crash before that finds a pause that is known to be over.
func TestAResumedPauseIsNotFoundAgain(t *testing.T) {
	w := halfway(t)
	w.obey(plan.Command{Kind: plan.CommandPause, Release: "kafka-7.6.1-c1", Reason: "looks odd"})
	w.run(2 * time.Minute)
	w.obey(plan.Command{Kind: plan.CommandResume, Release: "kafka-7.6.1-c1"})
	w.rollBack(len(w.history))
	w.run(time.Minute)
	w.until("canary has finished", 4*time.Hour, func() bool { return w.phase("kafka", "canary") == plan.PhaseFinished })
}

// The clock was ahead when the first pause was lifted. The next one is newer all the
// same, so that its mark is not taken for a leftover of the first.
func TestAPauseIsNewerThanTheEndOfTheOneBeforeWhateverTheClockSays(t *testing.T) {
	s := plan.NewState()
	at := func(h int) time.Time { return epoch.Add(time.Duration(h) * time.Hour) }
	for _, e := range []plan.Event{
		{Kind: plan.Paused, At: at(5)}, {Kind: plan.Resumed, At: at(6)}, {Kind: plan.Paused, At: at(1)},
	} {
		s.Apply(e)
	}
	if !s.Paused.At.After(s.ResumedAt) {
		t.Errorf("paused at %s, the one before was lifted at %s", s.Paused.At, s.ResumedAt)
	}
}
