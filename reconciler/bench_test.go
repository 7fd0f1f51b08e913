package reconciler_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/internal/simfleet"
	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/admission"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// BenchmarkCycle is one whole pass of the loop over a fleet in which nothing
// happens: fetch, observe, decide, report.
func BenchmarkCycle(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000} {
		b.Run(fmt.Sprintf("fleet=idle/clusters=%d", n), func(b *testing.B) {
			loop := exampleLoop(b, n)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := loop.RunOnce(context.Background()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// exampleLoop runs the example repository over n generated clusters until it is
// at rest.
func exampleLoop(b *testing.B, n int) *reconciler.Reconciler {
	b.Helper()
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	embedded, err := simfleet.Open(simfleet.Config{Seed: 1, Now: func() time.Time { return now }})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = embedded.Close() })
	members, err := simfleet.Generate(simfleet.Profile{Seed: 1, Clusters: n})
	if err != nil {
		b.Fatal(err)
	}
	if err := embedded.Add(members...); err != nil {
		b.Fatal(err)
	}
	repo := &exampleRepo{&scriptedRepo{verdicts: map[string]admission.Verdict{"base": admission.Approved}}}
	loop, err := reconciler.New(reconciler.Config{
		Source: repo, Loader: fleet.NewLoader(fleet.LoaderConfig{}), Approver: repo, DataPlanes: reconciler.These(embedded.DataPlanes()...),
		Monitors: embedded, Ledger: newMemoryLedger(), Now: func() time.Time { now = now.Add(time.Second); return now },
	})
	if err != nil {
		b.Fatal(err)
	}
	for range 3 {
		c, err := loop.RunOnce(context.Background())
		if err != nil {
			b.Fatal(err)
		}
		if c.Fleet.Len() != n || len(c.Problems) > 0 {
			b.Fatalf("%d clusters, problems %v", c.Fleet.Len(), c.Problems)
		}
	}
	return loop
}
