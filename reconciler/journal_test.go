package reconciler_test

import (
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/internal/simfleet"
	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/admission"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// TestWhatCannotBeSeenForAMomentIsNoHistory: a thousand clusters of a data plane
// that does not answer once are not two thousand lines of the journal.
func TestWhatCannotBeSeenForAMomentIsNoHistory(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	embedded, err := simfleet.Open(simfleet.Config{Seed: 1, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	members, err := simfleet.Generate(simfleet.Profile{Seed: 1, Clusters: 60})
	if err != nil {
		t.Fatal(err)
	}
	if err := embedded.Add(members...); err != nil {
		t.Fatal(err)
	}
	repo := &exampleRepo{&scriptedRepo{verdicts: map[string]admission.Verdict{"base": admission.Approved}}}
	ledger := newMemoryLedger()
	loop, err := reconciler.New(reconciler.Config{
		Source: repo, Loader: fleet.NewLoader(fleet.LoaderConfig{}), Approver: repo, DataPlanes: reconciler.These(embedded.DataPlanes()...),
		Monitors: embedded, Ledger: ledger, Now: func() time.Time { return now }, Interval: 15 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	// cycle lets time pass, runs a cycle, and returns how many clusters the journal
	// then says something new about, and what of the last one.
	cycle := func(after time.Duration) (n int, verdict string) {
		t.Helper()
		now = now.Add(after)
		before := len(ledger.events)
		if _, err := loop.RunOnce(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, e := range ledger.events[before:] {
			if e.Kind == plan.Decided {
				n, verdict = n+1, e.Verdict
			}
		}
		return n, verdict
	}
	cycle(0)
	cycle(2 * time.Second)
	cycle(20 * time.Second)
	const plane = "aws-us-east-1"
	there := 0
	for _, m := range members {
		if m.DataPlane == plane {
			there++
		}
	}
	lose := func(d time.Duration) {
		t.Helper()
		if err := embedded.Unreachable(plane, d, "the network is down"); err != nil {
			t.Fatal(err)
		}
	}

	lose(3 * time.Second)
	for _, after := range []time.Duration{2 * time.Second, 2 * time.Second, 20 * time.Second} {
		if n, verdict := cycle(after); n != 0 {
			t.Errorf("out of reach for a moment: %d clusters are said to be %s", n, verdict)
		}
	}

	lose(time.Hour)
	if n, verdict := cycle(2 * time.Second); n != 0 {
		t.Errorf("just out of reach: %d clusters are said to be %s", n, verdict)
	}
	if n, verdict := cycle(15 * time.Second); n != there || verdict != plan.Unknown.String() {
		t.Errorf("out of reach for an interval: %d clusters are said to be %s, want %d unknown", n, verdict, there)
	}
	if n, verdict := cycle(15 * time.Second); n != 0 {
		t.Errorf("still out of reach: %d clusters are said again to be %s", n, verdict)
	}
	if n, verdict := cycle(time.Hour); n != there || verdict != plan.Current.String() {
		t.Errorf("back: %d clusters are said to be %s, want %d current", n, verdict, there)
	}
}
