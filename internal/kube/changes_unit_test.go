package kube

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// history is what changes is to know, kept whole.
type history struct{ names []string } // one of them for each change, oldest first

func (h *history) note(name string) { h.names = append(h.names, name) }

// since is each name that was noted after the first so many changes.
func (h *history) since(seq uint64) []string {
	names := slices.Clone(h.names[seq:])
	slices.Sort(names)
	return slices.Compact(names)
}

func TestChangesSinceANumberAreTheOnesThatWereNoted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, h := newChanges(), history{}
		there, gone := map[string]bool{}, map[string]bool{}
		note := func(name string, exists bool) {
			delete(gone, name)
			if there[name] = exists; !exists {
				delete(there, name)
				gone[name] = true
			}
			c.note(name)
			h.note(name)
		}
		known := rapid.IntRange(0, 20)
		for range rapid.IntRange(0, 20).Draw(t, "turns") {
			switch rapid.IntRange(0, 9).Draw(t, "turn") {
			case 0:
				for i := range rapid.IntRange(1, 2500).Draw(t, "come and go") {
					name := fmt.Sprintf("brief-%d-%d", len(h.names), i)
					note(name, true)
					note(name, false)
				}
			case 1, 2, 3:
				lost := len(gone) > tombstones
				was := c.horizon
				c.compact(func(name string) bool { return there[name] })
				if c.horizon != was && !lost {
					t.Fatalf("changes up to %d are forgotten with %d clusters gone", c.horizon, len(gone))
				}
			default:
				note(fmt.Sprint("lasting-", known.Draw(t, "cluster")), rapid.IntRange(0, 3).Draw(t, "exists") > 0)
			}
		}
		for _, seq := range []uint64{c.horizon, uint64(len(h.names)), uint64(rapid.IntRange(0, len(h.names)).Draw(t, "since"))} {
			got, ok := c.since(seq)
			switch {
			case ok != (seq >= c.horizon):
				t.Fatalf("since %d is known: %v, although what came before %d is forgotten", seq, ok, c.horizon)
			case ok && !slices.Equal(got, h.since(seq)):
				t.Fatalf("since %d of %d: %d changes; want %d", seq, len(h.names), len(got), len(h.since(seq)))
			}
		}
	})
}

func TestACursorFromTheFutureOrFromLongAgoIsNotKnown(t *testing.T) {
	c := newChanges()
	c.note("a")
	if _, known := c.since(2); known {
		t.Error("what has changed since a number that was never given out is not known")
	}
	if names, known := c.since(1); !known || len(names) != 0 {
		t.Errorf("since the newest number: %v, %v; want nothing", names, known)
	}
	for i := range 3 * tombstones {
		for range 3 {
			c.note(fmt.Sprint("brief-", i))
		}
	}
	c.compact(func(name string) bool { return name == "a" })
	if names, known := c.since(0); known {
		t.Errorf("%d changes since the beginning; some of them are forgotten", len(names))
	}
	if names, known := c.since(c.horizon); !known || len(names) != tombstones {
		t.Errorf("since the horizon: %d, %v; want the %d that are remembered", len(names), known, tombstones)
	}
}

// Memory is bounded by the clusters that there are, however many have been.
func TestClustersThatComeAndGoDoNotPileUp(t *testing.T) {
	for name, notes := range map[string]int{"seen once each": 1, "seen twice each": 2, "seen often": 9} {
		t.Run(name, func(t *testing.T) {
			c := newChanges()
			for _, stays := range []string{"a", "b"} {
				c.note(stays)
			}
			for i := range 20 * tombstones {
				for range notes {
					c.note(fmt.Sprint("brief-", i))
				}
				if i%100 == 0 {
					c.compact(func(name string) bool { return name == "a" || name == "b" })
				}
			}
			if most := 4*tombstones + 100*notes; len(c.log) > most || len(c.newest) > most {
				t.Errorf("%d changes of %d clusters are kept; two clusters exist", len(c.log), len(c.newest))
			}
			for _, stays := range []string{"a", "b"} {
				if c.newest[stays] == 0 {
					t.Errorf("cluster %s is forgotten although it exists", stays)
				}
			}
		})
	}
}
