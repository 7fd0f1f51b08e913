package plan_test

import (
	"strings"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

func TestAClusterToWhichAMonitorIsBlindStopsAtItsBrokerAndTheOthersGoOn(t *testing.T) {
	w := smallWorld(t)
	w.setVersion("c1", "canary", "7.6.1")
	w.until("both canaries have begun", time.Hour, func() bool { return w.touches("canary-0") == 1 && w.touches("canary-1") == 1 })
	w.blindTo("canary-0")
	w.run(30 * time.Minute)
	if got := w.touches("canary-0"); got != 1 {
		t.Errorf("canary-0: %d replicas touched, want no more than the one", got)
	}
	if got := w.touches("canary-1"); got != 3 {
		t.Errorf("canary-1: %d replicas touched, want all three", got)
	}
	if d := w.decision("canary-0"); d.Verdict != plan.Stopped || d.Reason != plan.ClusterBlind {
		t.Errorf("canary-0 is %s because of %s", d.Verdict, d.Reason)
	}
	if failures := w.state.Releases["kafka-7.6.1-c1"].Failures; len(failures) != 0 {
		t.Errorf("to be blind is no failure: %+v", failures)
	}
	w.spots = nil
	w.until("canary has soaked", 3*time.Hour, func() bool { return w.phase("kafka", "canary") == plan.PhaseFinished })
}

func TestASoakThatStandsStillSaysBecauseOfWhom(t *testing.T) {
	w := soaking(t)
	w.blindTo("canary-1")
	w.run(5 * time.Minute)
	for _, r := range w.plan.Rollouts {
		if r.Cohort != "canary" {
			continue
		}
		want := "; the clock stands still because of canary-1: blind here: monitor under-replicated cannot be relied upon on this cluster: muted"
		if r.Phase != plan.PhaseSoaking || r.Gate != "cluster-blind" || !strings.HasSuffix(r.Reason, want) {
			t.Errorf("canary is %s (%s): %q", r.Phase, r.Gate, r.Reason)
		}
	}
}

func TestAnAlertOnAClusterToWhichItsMonitorIsBlindIsChargedAllTheSame(t *testing.T) {
	w := rolling(t)
	first := w.inFlight()[0]
	w.run(time.Minute)
	// One broker is gone and has no data, another says that replicas are missing.
	w.blindTo(first)
	w.fire(first, w.now)
	w.run(time.Minute)
	if n := len(w.state.Releases["kafka-7.6.1-c1"].Failures); n != 1 {
		t.Errorf("%d failures", n)
	}
}

func TestABlindSpotOutsideOfTheFleetIsReportedAndBlocksNothing(t *testing.T) {
	w := provenWorld(t)
	w.promote()
	w.blindTo("a-cluster-of-last-year")
	w.next()
	if len(w.plan.UnmappedBlind) != 1 {
		t.Errorf("reported are %v", w.plan.UnmappedBlind)
	}
	if d := w.decision("prod-0"); d.Verdict != plan.Starting && d.Verdict != plan.Rolling {
		t.Errorf("prod-0 is %s", d.Verdict)
	}
}
