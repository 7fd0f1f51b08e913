package simfleet

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
	"pgregory.net/rapid"
)

// deed is one thing that happens to a fleet in a property: it takes its
// choices when it is made, so that it can be done to several fleets alike.
type deed struct {
	after time.Duration
	what  string
	do    func(f *Fleet) error
}

func deeds(t *rapid.T) []deed {
	names := []string{"a", "b", "c", "d"}
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) deed {
		name := rapid.SampledFrom(names).Draw(t, "cluster")
		version := fleet.Version{Tag: rapid.SampledFrom([]string{"1", "2", "3"}).Draw(t, "version")}
		n := rapid.IntRange(0, 5).Draw(t, "n")
		d := deed{after: time.Duration(rapid.IntRange(0, 200).Draw(t, "seconds")) * time.Second}
		d.what = rapid.SampledFrom([]string{
			"start", "step", "step", "step", "step", "hold", "continue", "note", "set", "scale", "restart", "crash",
			"remove", "add", "spoil", "mend", "blip", "slow", "cut", "disturb", "obscure", "alert", "quiet", "blind", "see",
		}).Draw(t, "what")
		d.do = func(f *Fleet) error { return doDeed(f, d.what, name, version, n) }
		return d
	}), 1, 60).Draw(t, "deeds")
}

func doDeed(f *Fleet, what, name string, v fleet.Version, n int) error {
	kinds := map[string]plan.ActionKind{"start": plan.Start, "step": plan.Step, "hold": plan.Hold, "continue": plan.Continue, "note": plan.Note}
	share := float64(n) / 5
	switch what {
	case "set":
		return f.SetVersion(name, v)
	case "scale":
		return f.Scale(name, n)
	case "restart":
		return f.Restart(name, n)
	case "crash":
		return f.Crash(name, n)
	case "remove":
		return f.Remove(name)
	case "add":
		return f.Add(testMember(name, n+1, n == 5))
	case "spoil":
		effect := []Effect{NeverReady, Alerts}[n%2]
		return f.Spoil(BadVersion{Product: "kafka", Version: v, Effect: effect, Share: share, Delay: time.Minute})
	case "mend":
		return f.Mend("kafka", v)
	case "blip":
		return f.Blip(Blip{Cluster: name, After: time.Minute, For: time.Duration(n) * time.Minute})
	case "slow":
		return f.Slow(name, float64(n))
	case "cut":
		return f.Unreachable("p", time.Duration(n)*time.Minute, "cut")
	case "disturb":
		return f.Disturb("p", Faults{Errors: share / 4, LostReplies: share / 4, Conflicts: share / 4})
	case "obscure":
		return f.Obscure(name, []string{"", "fog"}[n%2])
	case "alert":
		return f.Alert(name, "latency", time.Duration(n)*time.Minute)
	case "quiet":
		return f.Quiet(name, "latency")
	case "blind":
		if n%3 == 0 {
			return f.BlindTo(name, "latency", "no data")
		}
		return f.BlindMonitor("kafka", "latency", []string{"", "muted"}[n%2])
	case "see":
		return f.SeeMonitor("kafka", "latency")
	}
	f.mu.Lock()
	if _, err := f.look(); err != nil {
		f.mu.Unlock()
		return err
	}
	a := plan.Action{Kind: kinds[what], Cluster: name, Product: "kafka", DataPlane: "p", Version: v, Mark: plan.Mark{Commit: v.Tag, Version: v}}
	if c := f.clusters[name]; c != nil {
		a.Expect, a.Ordinal = c.revision(), c.next()
	}
	p := f.planes["p"]
	f.mu.Unlock()
	return p.Act(bg, a)
}

func testMember(name string, replicas int, deployment bool) Member {
	return Member{
		Name: name, Product: "kafka", DataPlane: "p", Replicas: replicas, Deployment: deployment,
		Version: fleet.Version{Tag: "1"}, Labels: map[string]string{"tier": "prod", "name": name},
	}
}

func openTest(t interface{ Fatal(...any) }, c *clock, path string) *Fleet {
	f, err := Open(Config{Seed: 3, Now: c.now, Path: path, SnapshotEvery: 7})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func populate(t interface{ Fatal(...any) }, f *Fleet) {
	if err := f.Add(testMember("a", 3, false), testMember("b", 5, false), testMember("c", 1, false), testMember("d", 4, true)); err != nil {
		t.Fatal(err)
	}
}

// state is all that the future of a fleet depends on.
func state(t interface{ Fatal(...any) }, f *Fleet) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, err := f.look(); err != nil {
		t.Fatal(err)
	}
	for _, c := range f.clusters {
		c.alerts = slices.DeleteFunc(c.alerts, func(a alert) bool { return a.until != 0 && a.until <= f.clock })
	}
	opens := f.opens
	f.opens = 0
	data, err := f.dump(0)
	f.opens = opens
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, data, "", " "); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestTheSameCallsGiveTheSameFleetHoweverOftenItIsLookedAt(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		all := deeds(t)
		looks := rapid.IntRange(1, 9).Draw(t, "looks")
		c1, c2 := newClock(), newClock()
		one, two := openTest(t, c1, ""), openTest(t, c2, "")
		populate(t, one)
		populate(t, two)
		for i, d := range all {
			c1.add(d.after)
			for range looks {
				c2.add(d.after / time.Duration(looks))
				lookAround(two)
			}
			c2.add(d.after - d.after/time.Duration(looks)*time.Duration(looks))
			e1, e2 := d.do(one), d.do(two)
			if fmt.Sprint(e1) != fmt.Sprint(e2) {
				t.Fatalf("deed %d, %s: %v and %v", i, d.what, e1, e2)
			}
		}
		if a, b := state(t, one), state(t, two); a != b {
			t.Fatalf("the fleets differ:\n%s\n%s", a, b)
		}
	})
}

func TestAFleetThatIsKilledAnywhereHasTheSameFuture(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	runs := 0
	rapid.Check(t, func(t *rapid.T) {
		runs++
		path := fmt.Sprintf("%s/%d", dir, runs)
		all := deeds(t)
		kills := rapid.SliceOfN(rapid.Bool(), len(all), len(all)).Draw(t, "kills")
		c1, c2 := newClock(), newClock()
		one, two := openTest(t, c1, ""), openTest(t, c2, path)
		populate(t, one)
		populate(t, two)
		for i, d := range all {
			c1.add(d.after)
			c2.add(d.after / 2)
			if kills[i] {
				kill(t, two)
				two = openTest(t, c2, path)
			}
			c2.add(d.after - d.after/2)
			e1, e2 := d.do(one), d.do(two)
			if fmt.Sprint(e1) != fmt.Sprint(e2) {
				t.Fatalf("deed %d, %s: %v, and after a kill %v", i, d.what, e1, e2)
			}
		}
		c1.add(time.Hour)
		c2.add(time.Hour)
		a, b := state(t, one), state(t, two)
		kill(t, two)
		if a != b {
			t.Fatalf("the futures differ:\n%s\n%s", a, b)
		}
	})
}

func TestAtMostOneReplicaIsDownByAnUpgradeAndTheRatchetNeverGoesBackUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := newClock()
		f := openTest(t, c, "")
		populate(t, f)
		for i, d := range deeds(t) {
			for range 5 {
				c.add(d.after / 5)
				oneDown(t, f)
			}
			type ratchet struct {
				uid       uint64
				target    uint32
				partition int
			}
			before := map[string]ratchet{}
			for name, c := range f.clusters {
				before[name] = ratchet{c.uid, c.target, c.partition}
			}
			touches := len(f.touches)
			err := d.do(f)
			for name, c := range f.clusters {
				b := before[name]
				if c.ratchet && c.uid == b.uid && c.target == b.target && c.partition > b.partition {
					t.Fatalf("deed %d, %s: the partition of %s went up from %d to %d", i, d.what, name, b.partition, c.partition)
				}
			}
			if d.what == "start" || d.what == "note" || d.what == "hold" || d.what == "continue" {
				for _, touch := range f.touches[touches:] {
					if f.clusters[touch.Cluster].ratchet {
						t.Fatalf("deed %d, %s (%v): it touched %+v", i, d.what, err, touch)
					}
				}
			}
			oneDown(t, f)
		}
	})
}

func oneDown(t *rapid.T, f *Fleet) {
	lookAround(f)
	last := map[string]Cause{}
	for _, touch := range f.touches {
		last[fmt.Sprint(touch.Cluster, touch.Ordinal)] = touch.Cause
	}
	for name, c := range f.clusters {
		down := 0
		for o, r := range c.replicas {
			if c.ratchet && !r.ready && last[fmt.Sprint(name, o)] == ByUpgrade {
				down++
			}
		}
		if down > 1 {
			t.Fatalf("%d replicas of %s are down by its upgrade", down, name)
		}
	}
}

// lookAround reads all that can be read; errors are part of the game.
func lookAround(f *Fleet) {
	products := []fleet.Product{product("kafka", "under-replicated", "latency")}
	for _, p := range f.DataPlanes() {
		_, _ = p.Observe(bg, products, "")
	}
	_, _ = f.Signals(bg, products)
}

// kill lets go of a fleet's files as the end of its process does.
func kill(t interface{ Fatal(...any) }, f *Fleet) {
	if err := f.store.log.Close(); err != nil {
		t.Fatal(err)
	}
	if err := unlockFile(f.store.lock); err != nil {
		t.Fatal(err)
	}
}
