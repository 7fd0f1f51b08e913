package simulation_test

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

var (
	oneSeed = flag.Uint64("seed", 0, "play this seed alone, and tell its story")
	seeds   = flag.Int("seeds", 25, "how many seeds to play")
	from    = flag.Uint64("from", 1, "the first seed")
	budget  = flag.Duration("budget", 0, "play seeds until this much time has passed, instead of -seeds")
)

// once are seeds that have found something, and always run.
var once = []uint64{17, 499}

// TestSimulation plays seeds until one breaks a law, and tells the shortest story
// in which that still happens.
func TestSimulation(t *testing.T) {
	loader := fleet.NewLoader(fleet.LoaderConfig{})
	if *oneSeed != 0 {
		w := play(*oneSeed, draw(*oneSeed), loader)
		for _, line := range w.trace {
			fmt.Println(line)
		}
		judgement(t, *oneSeed, w, loader)
		return
	}
	total := map[string]int{}
	begin, played := time.Now(), 0
	cycles, simulated := 0, time.Duration(0)
	try := func(seed uint64) bool {
		w := play(seed, draw(seed), loader)
		played++
		cycles += w.cycles
		simulated += w.now.Sub(time.Date(2026, 3, 28, 21, 0, 0, 0, time.UTC))
		for k, n := range w.stats {
			total[k] += n
		}
		return judgement(t, seed, w, loader)
	}
	for _, seed := range once {
		if !try(seed) {
			return
		}
	}
	for i := uint64(0); ; i++ {
		if *budget > 0 && time.Since(begin) > *budget || *budget == 0 && i >= uint64(*seeds) {
			break
		}
		if !try(*from + i) {
			return
		}
	}
	took := time.Since(begin)
	t.Logf("%d seeds from %d: %d cycles, %.0f simulated days, %.1f simulated years an hour", played, *from, cycles,
		simulated.Hours()/24, simulated.Hours()/24/365/took.Hours())
	if testing.Verbose() {
		for _, k := range slices.Sorted(maps.Keys(total)) {
			t.Logf("  %7d  %s", total[k], k)
		}
	}
}

// judgement reports what a world has come to.
func judgement(t *testing.T, seed uint64, w *world, loader *fleet.Loader) bool {
	t.Helper()
	v := w.judge.broken
	if v == nil {
		return true
	}
	fmt.Printf("LAW %d broken after %d steps at seed %d: %s\n", v.law, w.cycles, seed, laws[v.law])
	small, s := shrink(seed, draw(seed), v.law, loader)
	t.Errorf("law %d, %s:\n  %s\nseed %d, with %d of %d operations:\n%s\ngo test ./internal/simulation -run TestSimulation -seed %d",
		v.law, laws[v.law], v.why, seed, len(s.ops), len(draw(seed).ops), story(small), seed)
	return false
}

// story tells the end of a world's life, and what concerns the cluster at issue.
func story(w *world) string {
	var b strings.Builder
	v := w.judge.broken
	fmt.Fprintf(&b, "  %s\n", v.why)
	for i, line := range w.trace {
		if len(w.trace)-i < 40 || (v.cluster != "" && strings.Contains(line, v.cluster)) || strings.Contains(line, "  > ") {
			fmt.Fprintf(&b, "  %s\n", line)
		}
	}
	return b.String()
}

// play lets a script happen.
func play(seed uint64, s script, loader *fleet.Loader) *world {
	w := newWorld(seed, loader)
	defer func() { _ = w.fleet.Close() }()
	people, next := newCrew(rand.New(rand.NewPCG(seed, 5))), 0
	for c := range s.cycles {
		for next < len(s.ops) && s.ops[next].cycle <= c {
			w.happen(s.ops[next])
			next++
		}
		people.work(w)
		if w.step(interval); w.judge.guilty() {
			return w
		}
	}
	w.heal()
	return w
}

// shrink leaves out operations as long as the same law is broken.
func shrink(seed uint64, s script, law int, loader *fleet.Loader) (*world, script) {
	best := play(seed, s, loader)
	for size := len(s.ops) / 2; size >= 1; size /= 2 {
		for at := 0; at+size <= len(s.ops); {
			less := script{s.cycles, slices.Delete(slices.Clone(s.ops), at, at+size)}
			if w := play(seed, less, loader); w.judge.guilty() && w.judge.broken.law == law {
				best, s = w, less
				continue
			}
			at += size
		}
	}
	return best, s
}
