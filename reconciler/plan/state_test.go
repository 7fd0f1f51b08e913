package plan_test

import (
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

var allKinds = []plan.EventKind{
	plan.CommitAdmitted, plan.CommitRefused, plan.AdmissionThawed, plan.TargetSet, plan.TargetRemoved, plan.BaselineConfirmed,
	plan.RolloutStarted, plan.RolloutSuperseded, plan.WaveOpened, plan.WaveFinished, plan.SoakCredited, plan.WaveSoaked,
	plan.RolloutFinished, plan.ReleaseCompleted, plan.ClusterJoined, plan.ClusterLeft, plan.ClusterStarted, plan.ClusterFinished,
	plan.ClusterFailed, plan.ClusterRetried, plan.ClusterSkipped, plan.ClusterStepped, plan.DataPlaneSeen, plan.DurationLearnt,
	plan.Paused, plan.Resumed, plan.Decided, plan.DriftFound, plan.DriftGone, plan.ClusterHeld, plan.ClusterContinued,
	plan.AlertNoticed, plan.AlertPassed,
}

func drawEvent(t *rapid.T, at time.Time) plan.Event {
	return plan.Event{
		At: at, Kind: rapid.SampledFrom(allKinds).Draw(t, "kind"), Release: rapid.SampledFrom([]string{"", "r1", "r2"}).Draw(t, "release"),
		Product: "kafka", Cohort: rapid.SampledFrom([]string{"canary", "prod"}).Draw(t, "cohort"),
		Cluster: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "cluster"), Commit: "c0ffee0", Tree: "t",
		From: v("7.6.0"), To: v(rapid.SampledFrom([]string{"7.6.1", "7.6.2"}).Draw(t, "to")), Wave: rapid.IntRange(0, 3).Draw(t, "wave"),
		Soaked: time.Minute, Reason: "because", By: "user:ada", Baseline: rapid.Bool().Draw(t, "baseline"), Members: []string{"a", "b"},
		Waves: []int{1, 1}, DataPlane: "dp1", PerReplica: time.Minute, Gate: rapid.SampledFrom([]string{"latency", "lag"}).Draw(t, "gate"),
		Evidence: plan.Evidence{
			Monitor: "latency", Since: at.Add(-time.Minute), Touched: 1,
			Judgement: rapid.SampledFrom([]plan.Judgement{plan.UnderLook, plan.Environment, plan.Charged}).Draw(t, "judgement"),
		},
	}
}

func asJSON(t interface{ Fatal(...any) }, s *plan.State) string {
	data, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestAStateIsTheSameAfterATripThroughJSON also says that no sequence of events,
// however senseless, breaks the fold.
func TestAStateIsTheSameAfterATripThroughJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := plan.NewState()
		at := epoch
		var later []plan.Event
		for range rapid.IntRange(0, 60).Draw(t, "events") {
			at = at.Add(time.Minute)
			s.Apply(drawEvent(t, at))
		}
		for range 10 {
			at = at.Add(time.Minute)
			later = append(later, drawEvent(t, at))
		}
		before := asJSON(t, s)
		var back plan.State
		if err := json.Unmarshal([]byte(before), &back); err != nil {
			t.Fatal(err)
		}
		if got := asJSON(t, &back); got != before {
			t.Fatalf("got  %s\nwant %s", got, before)
		}
		clone := s.Clone()
		for _, e := range later {
			clone.Apply(e)
			back.Apply(e)
		}
		if got := asJSON(t, s); got != before {
			t.Fatal("events applied to a clone changed the original")
		}
		if a, b := asJSON(t, clone), asJSON(t, &back); a != b {
			t.Fatalf("what follows differs\nclone %s\njson  %s", a, b)
		}
	})
}

func TestASoakBeginsAnewWhateverAnOlderCreditSays(t *testing.T) {
	s := plan.NewState()
	at := func(m int) time.Time { return epoch.Add(time.Duration(m) * time.Minute) }
	key := plan.Event{Release: "r", Product: "kafka", Cohort: "canary", To: v("7.6.1")}
	apply := func(kind plan.EventKind, m int, change func(*plan.Event)) {
		e := key
		e.Kind, e.At = kind, at(m)
		change(&e)
		s.Apply(e)
	}
	apply(plan.RolloutStarted, 0, func(e *plan.Event) { e.Members, e.Waves = []string{"a"}, []int{1} })
	apply(plan.WaveFinished, 1, func(*plan.Event) {})
	apply(plan.SoakCredited, 2, func(e *plan.Event) { e.Soaked = time.Minute })
	apply(plan.ClusterFailed, 3, func(e *plan.Event) { e.Cluster = "a" })
	// A ledger keeps credits apart from events and applies them after those.
	apply(plan.SoakCredited, 2, func(e *plan.Event) { e.Soaked = time.Minute })
	if got := s.Rollouts[plan.TargetKey{Product: "kafka", Cohort: "canary"}].Waves[0].Soaked; got != 0 {
		t.Errorf("soaked %s, want 0", got)
	}
}

// TestAnyStateCanBeDecidedOn lets senseless events make a state, as a damaged
// ledger might, and decides on it: nothing breaks, and nothing is touched on
// behalf of a commit that nobody names.
func TestAnyStateCanBeDecidedOn(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := smallWorld(rt)
		at := epoch
		for range rapid.IntRange(1, 60).Draw(rt, "events") {
			at = at.Add(time.Minute)
			e := drawEvent(rt, at)
			e.Cluster = rapid.SampledFrom([]string{"canary-0", "prod-1", "prod-2", "nobody"}).Draw(rt, "member")
			e.Wave = rapid.IntRange(-1, 4).Draw(rt, "which wave")
			e.Members = rapid.SliceOfN(rapid.SampledFrom(w.names()), 0, 4).Draw(rt, "members")
			e.Waves = rapid.SliceOfN(rapid.IntRange(-1, 3), 0, 4).Draw(rt, "waves")
			w.state.Apply(e)
			if rapid.Bool().Draw(rt, "decide") {
				in := w.input()
				in.Now = at
				for range 20 { // senseless facts need not come to rest
					w.plan = w.plan.Next(in)
					w.compare(plan.Decide(in))
					for _, e := range w.plan.Events {
						w.state.Apply(e)
					}
				}
				if len(w.plan.Events) > 0 {
					continue
				}
				for i := range w.plan.Actions {
					if w.plan.Actions[i].Mark.Commit == "" && w.plan.Actions[i].Kind != plan.Note {
						rt.Fatalf("%+v traces to no commit", w.plan.Actions[i])
					}
				}
			}
		}
	})
}
