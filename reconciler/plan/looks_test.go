package plan_test

import (
	"strings"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

const lookedRelease = "kafka-7.6.1-c1"

// looking is a small world in which both canaries go to 7.6.1, no failure is
// allowed, and the monitor may fire for three minutes.
func looking(t fataler) *world {
	w := smallWorld(t)
	w.edit(func(s *fleet.Spec) {
		s.Products[0].Spec.Monitors = append([]fleet.Monitor(nil), s.Products[0].Spec.Monitors...)
		s.Products[0].Spec.Monitors[0].For = fleet.Duration(3 * time.Minute)
	})
	w.setVersion("c1", "canary", "7.6.1")
	w.until("both canaries have begun", time.Hour, func() bool { return w.touches("canary-0") == 1 && w.touches("canary-1") == 1 })
	return w
}

func (w *world) quiet() { w.alerts = nil }

func (w *world) failures() []plan.Failure { return w.state.Releases[lookedRelease].Failures }

func (w *world) kinds(kind plan.EventKind) int {
	n := 0
	for _, e := range w.history {
		if e.Kind == kind {
			n++
		}
	}
	return n
}

func TestAShortAlertHoldsEverythingAtOnceAndIsNotCharged(t *testing.T) {
	w := looking(t)
	touched := len(w.touched)
	w.fire("canary-0", w.now)
	w.run(2 * time.Minute)
	if n := len(w.touched) - touched; n != 0 {
		t.Errorf("%d replicas touched while the alert fires", n)
	}
	if d := w.decision("canary-0"); d.Verdict != plan.Stopped || d.Reason != plan.AlertFires {
		t.Errorf("canary-0 is %s because of %s", d.Verdict, d.Reason)
	}
	if d := w.decision("canary-1"); d.Verdict != plan.Stopped || d.Reason != plan.AlertUnderLook {
		t.Errorf("canary-1 is %s because of %s", d.Verdict, d.Reason)
	}
	for _, part := range []string{"canary-0: monitor under-replicated fires since", "everything of kafka holds", lookedRelease} {
		if got := w.reason("canary-1"); !strings.Contains(got, part) {
			t.Errorf("canary-1 waits because %q, want in it %q", got, part)
		}
	}
	w.quiet()
	w.until("canary has soaked", 3*time.Hour, func() bool { return w.phase("kafka", "canary") == plan.PhaseFinished })
	if w.state.Releases[lookedRelease].Paused != nil || len(w.failures()) != 0 {
		t.Errorf("paused: %+v, failures %+v", w.state.Releases[lookedRelease].Paused, w.failures())
	}
	if w.kinds(plan.AlertNoticed) != 1 || w.kinds(plan.AlertPassed) != 1 {
		t.Errorf("noticed %d times, passed %d times", w.kinds(plan.AlertNoticed), w.kinds(plan.AlertPassed))
	}
}

func TestAnAlertThatLastsIsChargedAndPauses(t *testing.T) {
	w := looking(t)
	w.fire("canary-0", w.now)
	w.run(150 * time.Second)
	if n := len(w.failures()); n != 0 {
		t.Fatalf("%d failures before the three minutes were over", n)
	}
	w.run(time.Minute)
	failures := w.failures()
	if len(failures) != 1 || w.state.Releases[lookedRelease].Paused == nil {
		t.Fatalf("failures %+v, paused %v", failures, w.state.Releases[lookedRelease].Paused)
	}
	if e := failures[0].Evidence; e.Judgement != plan.Charged || e.Again || e.Touched != 2 || e.TouchedFiring != 1 || e.Untouched != 3 {
		t.Errorf("evidence %+v", e)
	}
	w.quiet()
	touched := len(w.touched)
	w.run(time.Hour)
	if len(w.touched) != touched {
		t.Error("a monitor that recovers lifts no pause")
	}
}

func TestTheMomentIsCountedFromWhenTheAlertBegan(t *testing.T) {
	w := looking(t)
	began := w.now
	w.run(4 * time.Minute) // nobody heard of it
	w.fire("canary-0", began)
	w.run(30 * time.Second)
	if n := len(w.failures()); n != 1 {
		t.Errorf("%d failures: it has fired for more than three minutes", n)
	}
}

func TestAnAlertThatComesBackIsChargedAtOnce(t *testing.T) {
	for _, tt := range []struct {
		name    string
		between func(*world)
	}{
		{"while the cluster is in flight", func(w *world) { w.run(2 * time.Minute) }},
		{"while its wave soaks", func(w *world) {
			w.until("canary soaks", time.Hour, func() bool { return w.phase("kafka", "canary") == plan.PhaseSoaking })
			w.run(10 * time.Minute)
		}},
		{"after the process was started anew", func(w *world) {
			w.run(2 * time.Minute)
			state := plan.NewState()
			for _, e := range w.history {
				state.Apply(e)
			}
			w.state, w.inv, w.plan = state, plan.NewInventory(), nil
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := looking(t)
			w.fire("canary-0", w.now)
			w.run(time.Minute)
			w.quiet()
			tt.between(w)
			if n := len(w.failures()); n != 0 {
				t.Fatalf("%d failures after the first time", n)
			}
			w.fire("canary-0", w.now)
			w.run(30 * time.Second)
			if f := w.failures(); len(f) != 1 || !f[0].Evidence.Again || !strings.HasSuffix(f[0].Reason, " again") {
				t.Errorf("failures %+v", f)
			}
		})
	}
}

func TestARetryBeginsWithACleanSheet(t *testing.T) {
	w := looking(t)
	w.fire("canary-0", w.now)
	w.run(5 * time.Minute)
	w.quiet()
	w.obey(plan.Command{Kind: plan.CommandResume, Release: lookedRelease})
	w.obey(plan.Command{Kind: plan.CommandRetry, Cluster: "canary-0"})
	w.run(time.Minute)
	w.fire("canary-0", w.now)
	w.run(time.Minute)
	if n := len(w.failures()); n != 1 {
		t.Errorf("%d failures, want only that before the retry", n)
	}
}

func TestOtherClustersGoOnWhileTheBudgetHasRoom(t *testing.T) {
	w := looking(t)
	w.edit(func(s *fleet.Spec) { s.Cohorts[0].Spec.MaxFailures = fleet.Size{Count: 1} })
	w.run(time.Minute)
	w.fire("canary-0", w.now)
	w.run(150 * time.Second)
	if got := w.touches("canary-0"); got != 1 {
		t.Errorf("canary-0: %d replicas touched while it alerts", got)
	}
	if got := w.touches("canary-1"); got < 2 {
		t.Errorf("canary-1 stands still though one failure is allowed: %s", w.reason("canary-1"))
	}
	// A second one at the same time would be one too many.
	w.fire("canary-1", w.now)
	w.run(30 * time.Second)
	if d := w.plan.Rollouts[0]; d.Gate != "alert-under-look" {
		t.Errorf("canary stands still because of %s: %s", d.Gate, d.Reason)
	}
}

func TestASourceThatFallsSilentEndsNoAlert(t *testing.T) {
	for _, tt := range []struct {
		name       string
		begin, end func(*world)
	}{
		{"everywhere", func(w *world) { w.blind[blindKey] = "no answer" }, func(w *world) { clear(w.blind) }},
		{"of the cluster", func(w *world) { w.blindTo("canary-0") }, func(w *world) { w.spots = nil }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := looking(t)
			began := w.now
			w.fire("canary-0", began)
			w.run(time.Minute)
			touched := len(w.touched)
			w.quiet()
			tt.begin(w)
			w.run(10 * time.Minute)
			if w.kinds(plan.AlertPassed) != 0 || len(w.failures()) != 0 || len(w.touched) != touched {
				t.Fatalf("passed %d times, %d failures, %d touches while nobody could tell", w.kinds(plan.AlertPassed), len(w.failures()), len(w.touched)-touched)
			}
			tt.end(w)
			w.fire("canary-0", began)
			w.run(30 * time.Second)
			if n := len(w.failures()); n != 1 {
				t.Errorf("%d failures; it has fired for ten minutes", n)
			}
		})
	}
}

// The first to be heard of is a touched cluster; by the time that the look ends,
// the untouched ones fire as well.
func TestALongLookFindsTheEnvironmentToBlame(t *testing.T) {
	w := looking(t)
	w.fire("canary-0", w.now)
	w.run(time.Minute)
	if d := w.decision("canary-1"); d.Reason != plan.AlertUnderLook {
		t.Fatalf("canary-1 is not held: %s", w.reason("canary-1"))
	}
	for name, m := range w.clusters {
		if m.DataPlane == "dp1" && m.Labels["tier"] == "prod" {
			w.fire(name, w.now)
		}
	}
	w.run(10 * time.Minute)
	if n := len(w.failures()); n != 0 || w.state.Releases[lookedRelease].Paused != nil {
		t.Errorf("%d failures; paused: %v", n, w.state.Releases[lookedRelease].Paused)
	}
	if got := w.touches("canary-0"); got != 1 {
		t.Errorf("canary-0: %d replicas touched while it alerts", got)
	}
	if got := w.touches("canary-1"); got != 3 {
		t.Errorf("canary-1, which is quiet, does not go on: %s", w.reason("canary-1"))
	}
	if got := w.reason("canary-0"); !strings.Contains(got, "fires on 1 of 2 touched and 3 of 3 untouched clusters in data plane dp1: looks like the environment, not charged") {
		t.Errorf("canary-0 stands still because %q", got)
	}
	if len(w.plan.Notes) != 1 || !strings.Contains(w.plan.Notes[0], "looks like the environment") {
		t.Errorf("notes %q", w.plan.Notes)
	}
}

// An outage ends here a little later than there: who is the last to recover is not
// to blame for that alone, and has as long as any alert may fire.
func TestTheLastToRecoverFromAnOutageIsNotCharged(t *testing.T) {
	for _, tt := range []struct {
		name     string
		longer   time.Duration
		failures int
	}{
		{"it recovers in time", 2 * time.Minute, 0},
		{"it does not", 4 * time.Minute, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := looking(t)
			for name, m := range w.clusters {
				if m.DataPlane == "dp1" {
					w.fire(name, w.now)
				}
			}
			began := w.now
			w.run(20 * time.Minute)
			w.quiet()
			w.fire("canary-0", began)
			w.run(tt.longer)
			w.quiet()
			w.run(time.Minute)
			if n := len(w.failures()); n != tt.failures {
				t.Errorf("%d failures, want %d", n, tt.failures)
			}
		})
	}
}

func TestWhatAnOutageExcusedCanBeForgivenLater(t *testing.T) {
	w := looking(t)
	outage := func() {
		for name, m := range w.clusters {
			if m.DataPlane == "dp1" {
				w.fire(name, w.now)
			}
		}
		w.run(5 * time.Minute)
		w.quiet()
		w.run(time.Minute)
	}
	blip := func() {
		w.fire("canary-0", w.now)
		w.run(time.Minute)
		w.quiet()
		w.run(time.Minute)
	}
	outage()
	blip()
	outage()
	if n := len(w.failures()); n != 0 {
		t.Fatalf("%d failures after two outages and one alert of its own", n)
	}
	blip()
	if f := w.failures(); len(f) != 1 || !f[0].Evidence.Again {
		t.Errorf("the second alert of its own: failures %+v", f)
	}
}

// What is forgiven at the end of a soak must have been over for all of a soak.
func TestAForgivenAlertBeginsTheSoakAnew(t *testing.T) {
	w := looking(t)
	w.until("canary soaks", time.Hour, func() bool { return w.phase("kafka", "canary") == plan.PhaseSoaking })
	w.run(50 * time.Minute)
	w.fire("canary-0", w.now)
	w.run(time.Minute)
	w.quiet()
	w.run(55 * time.Minute)
	if got := w.phase("kafka", "canary"); got != plan.PhaseSoaking {
		t.Errorf("canary is %s, less than an hour after the alert", got)
	}
	w.until("it has soaked", time.Hour, func() bool { return w.phase("kafka", "canary") == plan.PhaseFinished })
}

func TestALookWakesWhenItEnds(t *testing.T) {
	w := looking(t)
	began := w.now
	w.fire("canary-0", began)
	w.run(30 * time.Second)
	if want := began.Add(3 * time.Minute); w.plan.Wake.IsZero() || w.plan.Wake.After(want) {
		t.Errorf("wakes at %s, and the look ends at %s", w.plan.Wake, want)
	}
}

func TestAMonitorThatMayNoLongerFireForAMomentChargesAtOnce(t *testing.T) {
	w := looking(t)
	w.fire("canary-0", w.now)
	w.run(time.Minute)
	w.edit(func(s *fleet.Spec) {
		s.Products[0].Spec.Monitors = append([]fleet.Monitor(nil), s.Products[0].Spec.Monitors...)
		s.Products[0].Spec.Monitors[0].For = 0
	})
	w.run(30 * time.Second)
	if n := len(w.failures()); n != 1 {
		t.Errorf("%d failures", n)
	}
}
