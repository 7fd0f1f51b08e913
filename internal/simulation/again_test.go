package simulation_test

import (
	"slices"
	"testing"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// Nothing may depend on the order of goroutines or of a map: a seed that has found
// something has to find it again.
func TestASeedTellsTheSameStoryTwice(t *testing.T) {
	loader := fleet.NewLoader(fleet.LoaderConfig{})
	for seed := uint64(1); seed <= 8; seed++ {
		first, second := play(seed, draw(seed), loader), play(seed, draw(seed), loader)
		for i := range min(len(first.trace), len(second.trace)) {
			if first.trace[i] != second.trace[i] {
				t.Fatalf("seed %d differs at line %d:\n%s\n%s", seed, i+1, first.trace[i], second.trace[i])
			}
		}
		if len(first.trace) != len(second.trace) || len(first.trace) < 50 {
			t.Fatalf("seed %d tells %d lines, and then %d", seed, len(first.trace), len(second.trace))
		}
		same := slices.EqualFunc(first.first.disk.events, second.first.disk.events, func(a, b []byte) bool { return string(a) == string(b) })
		if !same {
			t.Fatalf("seed %d: the ledgers of two runs differ", seed)
		}
	}
}
