package plan_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// TestOnceFaultsEndEverythingFinishesOrSaysWhyItWaits lets faults and operators
// interfere at random, then takes all of it away: alerts are quiet, data planes
// are back, pauses are lifted, failed clusters are retried. What was merged then
// gets done, or waits for a person with a reason that names what is to be done.
func TestOnceFaultsEndEverythingFinishesOrSaysWhyItWaits(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := smallWorld(rt)
		w.checks = false
		if rapid.Bool().Draw(rt, "words") {
			w.words()
		}
		if rapid.Bool().Draw(rt, "looks") {
			w.looks(3 * time.Minute)
		}
		o := &oracle{t: rt, w: w, lastOrdinal: map[string]int{}, halted: map[string]bool{}, lastStart: map[string]int{}}
		w.setVersion("c1", "canary", "7.6.1")
		commits := 1
		for range rapid.IntRange(1, 40).Draw(rt, "steps") {
			o.disturb(&commits)
			w.run(time.Duration(rapid.IntRange(1, 20).Draw(rt, "cycles")) * 30 * time.Second)
		}
		w.heal()
		for range 48 {
			w.cycle()
			w.lift()
			w.run(30 * time.Minute)
			if w.atRest() {
				return
			}
		}
		rt.Fatalf("after a day without faults: %s", w.summary())
	})
}

// heal ends all faults.
func (w *world) heal() {
	w.alerts, w.conflict, w.spots = nil, nil, nil
	clear(w.blind)
	clear(w.lost)
	for _, m := range w.clusters {
		m.bad = fleet.Version{}
	}
	w.edit(func(s *fleet.Spec) { s.Windows, s.Pins = nil, nil })
}

// lift does what operators do: it resumes what is paused and retries what failed.
func (w *world) lift() {
	if w.state.Paused != nil {
		w.obey(plan.Command{Kind: plan.CommandResume})
	}
	for id, r := range w.state.Releases {
		if r.Paused != nil {
			w.obey(plan.Command{Kind: plan.CommandResume, Release: id})
		}
	}
	for _, name := range w.names() {
		if w.decision(name).Verdict == plan.FailedVerdict {
			w.obey(plan.Command{Kind: plan.CommandRetry, Cluster: name})
		}
	}
}

// atRest reports whether every cluster is done, waits for a person, or waits for
// one that does: in the wave before, or half way and holding a place.
func (w *world) atRest() bool {
	byPerson, behind := 0, 0
	for _, name := range w.names() {
		d := w.decision(name)
		switch d.Verdict {
		case plan.Current, plan.Drifted:
		case plan.SkippedVerdict:
			if w.clusters[name].InFlight() {
				byPerson++ // it stays half way, and holds its place, until it is retried
			}
		case plan.Waiting, plan.Stopped:
			switch d.Reason {
			case plan.PredecessorNotDone, plan.VersionForbidden, plan.MovesManyCohorts, plan.BaselineTarget:
				byPerson++
			case plan.WaveNotOpen, plan.LimitReached:
				behind++
			default:
				return false
			}
			if w.reason(name) == "" {
				return false
			}
		default:
			return false
		}
	}
	if behind > 0 && byPerson == 0 {
		return false
	}
	for _, r := range w.plan.Rollouts {
		if r.Phase != plan.PhaseFinished && r.Phase != plan.PhaseBaseline && r.Reason == "" {
			return false
		}
	}
	return true
}
