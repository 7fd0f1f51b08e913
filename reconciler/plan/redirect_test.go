package plan_test

import (
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// halfway is a small world whose canaries are under way to 7.6.1: two of three
// replicas of canary-0 run it.
func halfway(t fataler) *world {
	w := smallWorld(t)
	w.setVersion("c1", "canary", "7.6.1")
	w.until("canary-0 is half way", time.Hour, func() bool { return w.touches("canary-0") == 2 && len(w.clusters["canary-0"].down) == 0 })
	return w
}

func (w *world) runsAll(name, tag string) bool {
	m := w.clusters[name]
	for _, r := range m.runs {
		if r != v(tag) {
			return false
		}
	}
	return len(m.down) == 0
}

func TestANewVersionSupersedesTheOneUnderWay(t *testing.T) {
	w := halfway(t)
	before := w.touches("canary-0")
	w.setVersion("c2", "canary", "7.6.2")
	w.next()
	if got := w.clusters["canary-0"].Target; got != v("7.6.2") {
		t.Errorf("canary-0 goes to %s in the cycle after the merge", got)
	}
	if n := w.touches("canary-0") - before; n != 0 {
		t.Errorf("redirecting it touched %d replicas", n)
	}
	w.until("canary has finished", 4*time.Hour, func() bool { return w.phase("kafka", "canary") == plan.PhaseFinished })
	for _, name := range []string{"canary-0", "canary-1"} {
		if !w.runsAll(name, "7.6.2") {
			t.Errorf("%s runs %v", name, w.clusters[name].runs)
		}
	}
}

func TestAClusterNotYetStartedGoesStraightToTheNewVersion(t *testing.T) {
	w := provenWorld(t)
	w.promote()
	w.run(2 * time.Minute)
	w.setVersion("c3", "canary", "7.6.2")
	w.setVersion("c4", "prod", "7.6.2")
	w.next()
	if d := w.decision("prod-0"); d.Verdict != plan.Stopped || d.Reason != plan.PredecessorNotDone {
		t.Errorf("prod-0, half way to 7.6.1: %s %s", d.Verdict, w.reason("prod-0"))
	}
	w.until("prod has finished", 6*time.Hour, func() bool { return w.phase("kafka", "prod") == plan.PhaseFinished })
	if w.clusters["prod-5"].starts != 1 || w.touches("prod-5") != 3 {
		t.Errorf("prod-5 was started %d times and touched %d times", w.clusters["prod-5"].starts, w.touches("prod-5"))
	}
	for _, name := range []string{"prod-0", "prod-5"} { // begun and not begun with 7.6.1
		if !w.runsAll(name, "7.6.2") {
			t.Errorf("%s runs %v", name, w.clusters[name].runs)
		}
	}
}

func (w *world) allowDowngrades() {
	w.edit(func(s *fleet.Spec) { s.Products[0].Spec.Versions.Downgrade = fleet.DowngradeAllow })
}

// An abort is a revert: what runs the new version goes back, and what was not
// touched stays untouched.
func TestARevertGoesBack(t *testing.T) {
	w := halfway(t)
	w.allowDowngrades()
	before := w.touches("canary-0")
	w.setVersion("c2", "canary", "7.6.0")
	w.until("canary has finished", 4*time.Hour, func() bool { return w.phase("kafka", "canary") == plan.PhaseFinished })
	for _, name := range []string{"canary-0", "canary-1"} {
		if !w.runsAll(name, "7.6.0") {
			t.Errorf("%s runs %v", name, w.clusters[name].runs)
		}
	}
	if n := w.touches("canary-0") - before; n != 2 {
		t.Errorf("%d replicas of canary-0 touched to take two back", n)
	}
	if n := w.touches("prod-0"); n != 0 {
		t.Errorf("prod-0: %d replicas touched", n)
	}
}

// A replica that has run the new version would be downgraded. Where the product
// forbids that, the cluster stands still and says so.
func TestARevertIsNoWayAroundThePolicyAgainstDowngrades(t *testing.T) {
	w := halfway(t)
	before := w.touches("canary-0")
	w.setVersion("c2", "canary", "7.6.0")
	w.run(2 * time.Hour)
	if n := w.touches("canary-0") - before; n != 0 {
		t.Errorf("%d replicas touched", n)
	}
	const why = "7.6.0 is older than 7.6.1, and the product does not allow downgrades"
	if d := w.decision("canary-0"); d.Verdict != plan.Stopped || w.reason("canary-0") != why {
		t.Errorf("%s %s", d.Verdict, w.reason("canary-0"))
	}
	w.allowDowngrades()
	w.until("canary has finished", 4*time.Hour, func() bool { return w.phase("kafka", "canary") == plan.PhaseFinished })
}

// A cohort may always go back to what it ran, whatever the earlier cohorts do.
func TestGoingBackWaitsForNoPredecessor(t *testing.T) {
	w := provenWorld(t)
	w.allowDowngrades()
	w.promote()
	w.until("prod has finished", 6*time.Hour, func() bool { return w.phase("kafka", "prod") == plan.PhaseFinished })
	w.setVersion("c3", "prod", "7.6.0")
	w.next()
	w.until("prod is back", 6*time.Hour, func() bool { return w.phase("kafka", "prod") == plan.PhaseFinished })
	if !w.runsAll("prod-3", "7.6.0") || !w.runsAll("canary-0", "7.6.1") {
		t.Errorf("prod-3 runs %v, canary-0 runs %v", w.clusters["prod-3"].runs, w.clusters["canary-0"].runs)
	}
}

// A StatefulSet that is stuck on a version that does not start has one way out:
// the replica that is down must be replaced once more, and only that one.
func TestTheWayOutOfAVersionThatDoesNotStart(t *testing.T) {
	for _, tt := range []struct{ name, to string }{
		{"forward, to a version that does", "7.6.2"},
		{"back, to where it came from", "7.6.0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := smallWorld(t)
			w.allowDowngrades()
			w.clusters["canary-0"].bad, w.clusters["canary-1"].bad = v("7.6.1"), v("7.6.1")
			w.setVersion("c1", "canary", "7.6.1")
			w.until("the release is paused", 2*time.Hour, func() bool { return w.phase("kafka", "canary") == plan.PhasePaused })
			if d := w.decision("canary-0"); d.Verdict != plan.FailedVerdict || d.Drift != plan.Stuck {
				t.Errorf("canary-0: %s, drift %q", d.Verdict, d.Drift)
			}
			w.setVersion("c2", "canary", tt.to)
			w.run(time.Hour)
			if n := w.touches("canary-0"); n != 1 {
				t.Errorf("%d replicas of canary-0 touched while the release is paused", n)
			}
			w.obey(plan.Command{Kind: plan.CommandResume, Release: "kafka-7.6.1-c1"})
			w.until("canary has finished", 4*time.Hour, func() bool { return w.phase("kafka", "canary") == plan.PhaseFinished })
			for _, name := range []string{"canary-0", "canary-1"} {
				if !w.runsAll(name, tt.to) {
					t.Errorf("%s runs %v", name, w.clusters[name].runs)
				}
			}
		})
	}
}

// TestByHandChangesAreReportedNotFought lets somebody else change a cluster that
// has finished.
func TestByHandChangesAreReportedNotFought(t *testing.T) {
	for _, tt := range []struct {
		name   string
		paused bool
		change func(*machine)
		says   string
	}{
		{"one that has gone elsewhere", false, func(m *machine) { m.set("7.5.9") }, "runs 7.5.9, should run 7.6.1"},
		{"also while everything is paused", true, func(m *machine) { m.set("7.5.9") }, "runs 7.5.9, should run 7.6.1"},
		{"one that is on its way elsewhere", false, func(m *machine) { m.Target = v("7.5.9"); m.look() }, "somebody else is changing it from 7.6.1 to 7.5.9"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := provenWorld(t)
			if tt.paused {
				w.obey(plan.Command{Kind: plan.CommandPause})
				w.next()
			}
			touched := len(w.touched)
			tt.change(w.clusters["canary-0"])
			w.run(30 * time.Minute)
			d := w.decision("canary-0")
			if d.Verdict != plan.Drifted || d.Drift != plan.ChangedByHand || w.reason("canary-0") != tt.says {
				t.Errorf("%s, drift %q: %s", d.Verdict, d.Drift, w.reason("canary-0"))
			}
			if len(w.touched) != touched || w.clusters["canary-0"].starts != 1 {
				t.Errorf("it was fought: %d starts", w.clusters["canary-0"].starts)
			}
			if why := w.obey(plan.Command{Kind: plan.CommandRetry, Cluster: "canary-0"}); why != "" {
				t.Errorf("retry, the way to take it back, is refused: %s", why)
			}
		})
	}
}

// set lets a cluster run a version at once, by somebody else's hand.
func (m *machine) set(tag string) {
	m.Version, m.Target = v(tag), v(tag)
	for i := range m.runs {
		m.runs[i] = v(tag)
	}
	m.look()
}
