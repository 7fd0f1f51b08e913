package sqlite

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// events draws histories that a ledger may see: releases through two cohorts,
// with failures, pauses, superseded rollouts and soaks. A soak is credited only
// to a wave that soaks, as the plan does it.
func events(t *rapid.T) []plan.Event {
	n := rapid.IntRange(1, 60).Draw(t, "length")
	state := plan.NewState()
	var out []plan.Event
	at := start
	for range n {
		at = at.Add(time.Duration(rapid.IntRange(-5, 600).Draw(t, "seconds")) * time.Second)
		e := plan.Event{
			At: at, Product: rapid.SampledFrom([]string{"kafka", "ksqldb"}).Draw(t, "product"),
			Cohort: rapid.SampledFrom([]string{"canary", "nonprod"}).Draw(t, "cohort"),
			Kind: rapid.SampledFrom([]plan.EventKind{
				plan.CommitAdmitted, plan.CommitRefused, plan.AdmissionThawed, plan.TargetSet, plan.TargetRemoved,
				plan.RolloutStarted, plan.RolloutStarted, plan.RolloutSuperseded, plan.WaveOpened, plan.WaveFinished,
				plan.WaveFinished, plan.SoakCredited, plan.SoakCredited, plan.SoakCredited, plan.WaveSoaked,
				plan.RolloutFinished, plan.ReleaseCompleted, plan.ClusterJoined, plan.ClusterLeft, plan.ClusterStarted,
				plan.ClusterStarted, plan.ClusterStepped, plan.ClusterFinished, plan.ClusterFailed, plan.ClusterRetried,
				plan.ClusterSkipped, plan.DataPlaneSeen, plan.DurationLearnt, plan.Paused, plan.Resumed, plan.Decided,
			}).Draw(t, "kind"),
			Wave: rapid.IntRange(0, 2).Draw(t, "wave"), Reason: rapid.StringN(0, 8, 20).Draw(t, "reason"),
		}
		tag := rapid.SampledFrom([]string{"7.5.0", "7.6.1"}).Draw(t, "version")
		e.To, e.Commit = fleet.Version{Tag: tag}, "commit-"+tag
		e.Release = e.Product + "-" + tag
		e.Cluster = fmt.Sprintf("lkc-%d", rapid.IntRange(0, 3).Draw(t, "cluster"))
		switch e.Kind {
		case plan.RolloutStarted:
			e.Cluster, e.Members, e.Waves = "", []string{"lkc-0", "lkc-1", "lkc-2"}, []int{1, 2}
		case plan.Paused, plan.Resumed:
			if rapid.Bool().Draw(t, "everything") {
				e.Release = ""
			}
		case plan.SoakCredited:
			r := state.Rollouts[plan.TargetKey{Product: e.Product, Cohort: e.Cohort}]
			if r == nil || r.Release != e.Release || e.Wave >= len(r.Waves) ||
				r.Waves[e.Wave].FinishedAt.IsZero() || !r.Waves[e.Wave].SoakedAt.IsZero() {
				continue
			}
			e.Soaked = time.Duration(rapid.IntRange(1, 100).Draw(t, "soaked")) * time.Minute
		case plan.DataPlaneSeen:
			e.DataPlane = "eks-1"
		case plan.DurationLearnt:
			e.PerReplica = time.Duration(rapid.IntRange(1, 100).Draw(t, "minutes")) * time.Minute
		default:
		}
		state.Apply(e)
		out = append(out, e)
	}
	return out
}

// TestTheStateIsTheFoldOfTheEvents: however events are cut into batches, and
// wherever between them the process ends, with or without a last word, and
// snapshots are taken, damaged or left out, and old events are deleted: Load
// returns what folding the events in memory returns.
func TestTheStateIsTheFoldOfTheEvents(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			rt.Fatal(err)
		}
		cfg := Config{
			Path: filepath.Join(dir, "wavegate.db"), SnapshotEvery: rapid.IntRange(1, 40).Draw(rt, "every"),
			pragmas: []string{"synchronous(OFF)"}, // the processes end here, the machine does not
		}
		todo := events(rt)
		var recorded []plan.Event
		fail := func(err error) {
			if err != nil {
				rt.Fatal(err)
			}
		}
		s, err := Open(t.Context(), cfg)
		fail(err)
		defer func() { fail(s.Close()) }()
		for len(todo) > 0 {
			switch rapid.IntRange(0, 9).Draw(rt, "what") {
			case 0:
				fail(s.Close())
				s, err = Open(t.Context(), cfg)
				fail(err)
			case 1: // as after a crash: nothing is said to the store
				s.snapshots.wait()
				fail(s.release())
				s, err = Open(t.Context(), cfg)
				fail(err)
			case 2:
				s.snapshots.wait()
				fail(s.snapshot(t.Context()))
			case 3:
				s.snapshots.wait()
				_, err := s.rw.ExecContext(t.Context(), "UPDATE snapshot SET state = substr(state, 1, length(state) / 2)"+
					" WHERE (SELECT seq FROM anchor) = 0 AND seq = (SELECT max(seq) FROM snapshot)")
				fail(err)
			case 4:
				s.snapshots.wait()
				if _, err := s.Retention(t.Context(), time.Hour, recordedUntil(recorded)); err != nil && !strings.Contains(err.Error(), "is damaged, and no event is deleted") {
					rt.Fatal(err)
				}
			default:
				n := rapid.IntRange(1, len(todo)).Draw(rt, "batch")
				fail(s.Record(t.Context(), todo[:n]))
				recorded, todo = append(recorded, todo[:n]...), todo[n:]
			}
			state, err := s.Load(t.Context())
			fail(err)
			if got, want := asJSON(rt, state), folding(rt, recorded); got != want {
				rt.Fatalf("after %d events: got %s\nwant %s", len(recorded), got, want)
			}
		}
		fail(s.Verify(t.Context()))
	})
}

func recordedUntil(events []plan.Event) time.Time {
	if len(events) == 0 {
		return start
	}
	return events[len(events)-1].At
}

func TestADamagedSnapshotIsPassedOver(t *testing.T) {
	path := newPath(t)
	s := openAt(t, Config{Path: path})
	var recorded []plan.Event
	for _, r := range []string{"r1", "r2", "r3"} {
		batch := upgrade(r, 3, start)
		check(t, s.Record(t.Context(), batch))
		check(t, s.snapshot(t.Context()))
		recorded = append(recorded, batch...)
	}
	if n := count(t, s, "SELECT count(*) FROM snapshot"); n != keptSnapshots {
		t.Errorf("%d snapshots are kept", n)
	}
	for _, damage := range []string{
		"UPDATE snapshot SET state = substr(state, 1, 100) WHERE seq = (SELECT max(seq) FROM snapshot)", // half written
		"UPDATE snapshot SET state = x''",
		"UPDATE snapshot SET sum = state",
	} {
		change(t, path, damage)
		if got := loaded(t, s); got != folding(t, recorded) {
			t.Errorf("%s: got %s", damage, got)
		}
	}
	// When events that only the snapshots stood for are deleted, nothing is made up.
	change(t, path, "UPDATE anchor SET seq = 2")
	if _, err := s.Load(t.Context()); err == nil || !strings.Contains(err.Error(), "no snapshot stands for them") {
		t.Errorf("got %v", err)
	}
	change(t, path, "UPDATE anchor SET seq = 0")
}

func TestSnapshotsComeByThemselves(t *testing.T) {
	path := newPath(t)
	s := must[*Store](t)(Open(t.Context(), Config{Path: path, SnapshotEvery: 10}))
	for i := range 100 {
		check(t, s.Record(t.Context(), []plan.Event{numbered(i + 1)}))
	}
	s.snapshots.wait()
	if n := count(t, s, "SELECT count(*) FROM snapshot"); n == 0 {
		t.Error("there is none")
	}
	check(t, s.Close())
	s = openAt(t, Config{Path: path})
	if n := count(t, s, "SELECT max(seq) FROM snapshot"); n != 100 {
		t.Errorf("the last one, of Close, is at %d", n)
	}
}
