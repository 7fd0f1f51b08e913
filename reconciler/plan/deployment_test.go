package plan_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// TestADeploymentIsHeldByEveryGateThatClosesAndContinuesWhenItOpens: what rolls
// by itself goes on unless it is told to stop.
func TestADeploymentIsHeldByEveryGateThatClosesAndContinuesWhenItOpens(t *testing.T) {
	for _, tt := range []struct {
		name        string
		close, open func(*world)
	}{
		{
			"a pause of everything", func(w *world) { w.obey(plan.Command{Kind: plan.CommandPause}) },
			func(w *world) { w.obey(plan.Command{Kind: plan.CommandResume}) },
		},
		{
			"a pause of its release", func(w *world) { w.obey(plan.Command{Kind: plan.CommandPause, Release: "kafka-7.6.1-c1"}) },
			func(w *world) { w.obey(plan.Command{Kind: plan.CommandResume, Release: "kafka-7.6.1-c1"}) },
		},
		{"a blind monitor", func(w *world) { w.blind[blindKey] = "no data" }, func(w *world) { clear(w.blind) }},
		{"an old alert", func(w *world) { w.fire("canary-0", epoch.Add(-time.Hour)) }, func(w *world) { w.alerts = nil }},
		{"a pin", func(w *world) { w.pin("canary-0", 3*time.Hour) }, func(w *world) { w.edit(func(s *fleet.Spec) { s.Pins = nil }) }},
		{
			"a blackout that pauses", func(w *world) { w.blackout(-time.Minute, 3*time.Hour, fleet.InFlightPause) },
			func(w *world) { w.edit(func(s *fleet.Spec) { s.Windows = nil }) },
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := smallWorld(t)
			m := w.clusters["canary-0"]
			m.Ratchet = false
			w.setVersion("c1", "canary", "7.6.1")
			w.until("it rolls", 10*time.Minute, func() bool { return w.touches("canary-0") == 1 })
			tt.close(w)
			w.next()
			if !m.Held {
				t.Fatalf("it is not held: %s %s", w.decision("canary-0").Verdict, w.reason("canary-0"))
			}
			// One replica may have slipped through before it was held; no more.
			slipped := w.touches("canary-0")
			w.run(2 * time.Hour)
			if n := w.touches("canary-0"); n > slipped {
				t.Errorf("%d replicas touched while it is held", n-slipped)
			}
			if d := w.decision("canary-0"); d.Verdict != plan.Stopped || w.reason("canary-0") == "" {
				t.Errorf("%s %q", d.Verdict, w.reason("canary-0"))
			}
			tt.open(w)
			w.until("it has finished", time.Hour, func() bool { return w.runsAll("canary-0", "7.6.1") })
			if m.Held {
				t.Error("it is still held")
			}
		})
	}
}

// relabel gives a cluster to another tier.
func (w *world) relabel(name, tier string) {
	m := w.clusters[name]
	m.Labels = maps.Clone(m.Labels)
	m.Labels["tier"] = tier
	m.look()
}

// TestADeploymentThatNoRolloutSpeaksForIsHeld: what rolls by itself would go on
// through every pause when its rollout is gone.
func TestADeploymentThatNoRolloutSpeaksForIsHeld(t *testing.T) {
	for _, tt := range []struct {
		name string
		gone func(*world)
		back func(*world)
	}{
		{
			"its cohort has another target that must not start yet",
			func(w *world) { w.setVersion("c3", "prod", "7.6.2") },
			func(w *world) { w.setVersion("c4", "prod", "7.6.1") },
		},
		{
			"its labels put it into no cohort",
			func(w *world) { w.relabel("prod-0", "nowhere") },
			func(w *world) { w.relabel("prod-0", "prod") },
		},
		{
			"it was skipped",
			func(w *world) { w.obey(plan.Command{Kind: plan.CommandSkip, Cluster: "prod-0", Reason: "known"}) },
			func(w *world) { w.obey(plan.Command{Kind: plan.CommandRetry, Cluster: "prod-0"}) },
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := soaking(t)
			m := w.clusters["prod-0"]
			m.Ratchet, m.Replicas, m.runs = false, 9, slices.Repeat([]fleet.Version{v("7.6.0")}, 9)
			m.look()
			w.until("canary has finished", 4*time.Hour, func() bool { return w.phase("kafka", "canary") == plan.PhaseFinished })
			w.setVersion("c2", "prod", "7.6.1")
			w.until("prod-0 rolls", 4*time.Hour, func() bool { return w.touches("prod-0") == 2 })
			tt.gone(w)
			w.next()
			slipped := w.touches("prod-0")
			w.run(time.Hour)
			if n := w.touches("prod-0"); n > slipped || !m.Held {
				t.Fatalf("held %t, %d replicas touched; %s %s", m.Held, n-slipped, w.decision("prod-0").Verdict, w.reason("prod-0"))
			}
			tt.back(w)
			w.until("prod-0 has finished", 12*time.Hour, func() bool { return w.runsAll("prod-0", "7.6.1") })
		})
	}
}

func TestABlackoutThatLetsFinishDoesNotHold(t *testing.T) {
	w := smallWorld(t)
	w.clusters["canary-0"].Ratchet = false
	w.setVersion("c1", "canary", "7.6.1")
	w.until("both roll", 10*time.Minute, func() bool { return w.touches("canary-0") == 1 && w.touches("canary-1") == 1 })
	w.blackout(-time.Minute, 5*time.Hour, fleet.InFlightFinish)
	w.run(time.Hour)
	if !w.runsAll("canary-0", "7.6.1") || !w.runsAll("canary-1", "7.6.1") {
		t.Errorf("canary-0 %v, canary-1 %v", w.clusters["canary-0"].runs, w.clusters["canary-1"].runs)
	}
}

func TestADeploymentThatFailsIsHeld(t *testing.T) {
	w := smallWorld(t)
	m := w.clusters["canary-0"]
	m.Ratchet = false
	w.setVersion("c1", "canary", "7.6.1")
	w.until("it rolls", 10*time.Minute, func() bool { return w.touches("canary-0") == 1 })
	w.fire("canary-0", w.now)
	w.next()
	slipped := w.touches("canary-0")
	w.run(time.Hour)
	if !m.Held || m.Mark.Failed == "" || w.touches("canary-0") > slipped {
		t.Errorf("held %t, failed %q, %d touched", m.Held, m.Mark.Failed, w.touches("canary-0"))
	}
	if d := w.decision("canary-0"); d.Verdict != plan.FailedVerdict {
		t.Errorf("%s %s", d.Verdict, w.reason("canary-0"))
	}
}
