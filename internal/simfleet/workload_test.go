package simfleet

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

func TestAChangeByHandRollsWhatThePartitionReleases(t *testing.T) {
	t.Run("a finished cluster rolls by itself from the top, one by one", func(t *testing.T) {
		h := newFleet(t, testMember("a", 3, false))
		h.upgrade("a", "2")
		must(t, h.SetVersion("a", fleet.Version{Tag: "3"}))
		var seen []string
		for range 2000 {
			if v := h.versions("a"); len(seen) == 0 || seen[len(seen)-1] != v {
				seen = append(seen, v)
			}
			h.clock.add(time.Second)
		}
		want := []string{"2 2 3?", "2 3? 3", "3? 3 3", "3 3 3"}
		if !slices.Equal(seen, want) {
			t.Fatalf("the replicas went through %v; want %v", seen, want)
		}
		if c := h.see("a"); c.Mark.Version.Tag != "2" || c.Version.Tag != "3" {
			t.Fatalf("mark %s, version %s; want 2 and 3", c.Mark.Version, c.Version)
		}
	})
	t.Run("half way only the replicas above the partition follow", func(t *testing.T) {
		h := newFleet(t, testMember("a", 3, false))
		must(t, h.act(plan.Start, "a", "2"))
		must(t, h.act(plan.Step, "a", "2"))
		h.clock.add(time.Hour)
		must(t, h.SetVersion("a", fleet.Version{Tag: "3"}))
		h.clock.add(time.Hour)
		if got := h.versions("a"); got != "1 1 3" {
			t.Fatalf("the replicas run %q; want 1 1 3", got)
		}
	})
}

func TestAReplicaComesBackOnTheVersionThatTheControllerWouldGiveIt(t *testing.T) {
	h := newFleet(t, testMember("a", 3, false))
	must(t, h.act(plan.Start, "a", "2"))
	must(t, h.act(plan.Step, "a", "2"))
	h.clock.add(time.Hour)
	// Redirected, the ratchet is at the top: a deleted replica comes back on
	// the current revision, a crashed one on what it had.
	must(t, h.act(plan.Start, "a", "3"))
	must(t, h.Crash("a", 2))
	h.clock.add(time.Hour)
	if got := h.versions("a"); got != "1 1 2" {
		t.Fatalf("after a crash the replicas run %q; want 1 1 2", got)
	}
	must(t, h.Restart("a", 2))
	h.clock.add(time.Hour)
	if got := h.versions("a"); got != "1 1 1" {
		t.Fatalf("after a deletion the replicas run %q; want 1 1 1", got)
	}
}

func TestAReplicaThatIsScaledAwayAndBackIsAnotherOne(t *testing.T) {
	h := newFleet(t, testMember("a", 3, false))
	must(t, h.Scale("a", 2))
	must(t, h.Scale("a", 3))
	rs, err := h.Replicas("a")
	must(t, err)
	if rs[2].Life != 2 || rs[2].Ready {
		t.Fatalf("replica 2 is %+v; want a second life that has just begun", rs[2])
	}
}

func TestADeploymentThatIsRedirectedDropsTheReplicaOnItsWay(t *testing.T) {
	h := newFleet(t, testMember("d", 2, true))
	must(t, h.act(plan.Start, "d", "2"))
	must(t, h.act(plan.Start, "d", "3"))
	for range 600 {
		if got := h.versions("d"); strings.ContainsAny(got, "2?") {
			t.Fatalf("the replicas run %q; none may be down or on 2", got)
		}
		h.clock.add(time.Second)
	}
	if got := h.versions("d"); got != "3 3" {
		t.Fatalf("the replicas run %q; want 3 3", got)
	}
}

func TestAHeldDeploymentStaysHeldWhenTheSameStartComesAgain(t *testing.T) {
	h := newFleet(t, testMember("d", 3, true))
	must(t, h.act(plan.Start, "d", "2"))
	must(t, h.act(plan.Hold, "d", "2"))
	must(t, h.act(plan.Start, "d", "2"))
	h.clock.add(time.Hour)
	if c := h.see("d"); !c.Held || c.Updated != 1 {
		t.Fatalf("held %v, %d updated; want true and the one in flight", c.Held, c.Updated)
	}
	must(t, h.act(plan.Start, "d", "3"))
	h.clock.add(time.Hour)
	if c := h.see("d"); c.Held || c.Version.Tag != "3" {
		t.Fatalf("held %v, version %s; want it to have rolled to 3", c.Held, c.Version)
	}
}

func TestASlowClusterTakesLonger(t *testing.T) {
	took := func(factor float64) time.Duration {
		h := newFleet(t, testMember("a", 1, false))
		if factor != 1 {
			must(t, h.Slow("a", factor))
		}
		begin := h.clock.now()
		h.upgrade("a", "2")
		return h.see("a").ReadySince.Sub(begin)
	}
	one, five := took(1), took(5)
	if one < time.Minute || one > 150*time.Second || five != 5*one {
		t.Fatalf("it takes %v, and %v when five times slower", one, five)
	}
}
