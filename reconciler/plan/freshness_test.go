package plan_test

import (
	"strings"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

func TestAnAnswerThatGrowsOldStopsEverythingAndOneThatComesBackLetsItGoOn(t *testing.T) {
	w := provenWorld(t)
	w.promote()
	w.run(2 * time.Minute)
	if len(w.inFlight()) == 0 {
		t.Fatalf("nothing is in flight: %s", w.summary())
	}
	stopped := w.now
	w.signals = func(s *plan.Signals) {
		for key, state := range s.Sources {
			state.AsOf = stopped
			s.Sources[key] = state
		}
	}
	w.run(10 * time.Minute) // longer than any maxAge
	before := len(w.touched)
	w.run(time.Hour)
	if n := len(w.touched) - before; n != 0 {
		t.Errorf("%d replicas touched while the monitors are old", n)
	}
	for _, name := range w.inFlight() {
		if got := w.reason(name); !strings.Contains(got, "older than") {
			t.Errorf("%s: %q", name, got)
		}
	}
	w.signals = nil
	w.until("it goes on", time.Hour, func() bool { return len(w.touched) > before })
}

func TestASourceThatComesBackResumesNoPause(t *testing.T) {
	w := provenWorld(t)
	w.edit(func(s *fleet.Spec) { s.Cohorts[1].Spec.MaxFailures = fleet.Size{} })
	w.promote()
	w.run(2 * time.Minute)
	w.alerts = []plan.Alert{{Product: "kafka", Monitor: blindKey.Monitor, Cluster: w.inFlight()[0], Since: w.now}}
	w.until("the release is paused", time.Hour, func() bool { return w.phase("kafka", "prod") == plan.PhasePaused })
	w.alerts = nil
	w.blind = map[plan.MonitorKey]string{blindKey: "no answer"}
	w.run(time.Hour)
	w.blind = nil
	before := len(w.touched)
	w.run(6 * time.Hour)
	if n := len(w.touched) - before; n != 0 || w.phase("kafka", "prod") != plan.PhasePaused {
		t.Errorf("%d replicas touched, and prod is %s, though nobody has resumed it", n, w.phase("kafka", "prod"))
	}
}
