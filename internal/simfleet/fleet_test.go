package simfleet

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// hands drives one fleet in a test.
type hands struct {
	*testing.T
	*Fleet
	clock *clock
}

func newFleet(t *testing.T, members ...Member) hands {
	t.Helper()
	c := newClock()
	f, err := Open(Config{Seed: 11, Now: c.now})
	must(t, err)
	must(t, f.Add(members...))
	return hands{t, f, c}
}

func (h hands) see(name string) plan.Cluster {
	h.Helper()
	for _, p := range h.DataPlanes() {
		obs, err := p.Observe(bg, []fleet.Product{product("kafka")}, "")
		must(h, err)
		for _, c := range obs.Clusters {
			if c.Name == name {
				return c
			}
		}
	}
	h.Fatalf("cluster %s is not observed", name)
	return plan.Cluster{}
}

func (h hands) act(kind plan.ActionKind, name, version string) error {
	h.Helper()
	c := h.see(name)
	p, err := h.DataPlane(c.DataPlane)
	must(h, err)
	v := fleet.Version{Tag: version}
	return p.Act(bg, plan.Action{
		Kind: kind, Cluster: name, Product: c.Product, DataPlane: c.DataPlane, Version: v,
		Ordinal: c.Next, Expect: c.Revision,
		Mark: plan.Mark{Release: "kafka-" + version, Commit: "commit-" + version, Version: v},
	})
}

// upgrade takes a cluster to a version, step by step.
func (h hands) upgrade(name, version string) {
	h.Helper()
	must(h, h.act(plan.Start, name, version))
	for range 1000 {
		switch c := h.see(name); {
		case !c.ReadySince.IsZero() && !c.InFlight() && c.Next < 0 && c.Version.Tag == version:
			return
		case !c.ReadySince.IsZero() && c.Next >= 0:
			must(h, h.act(plan.Step, name, version))
		default:
			h.clock.add(time.Second)
		}
	}
	h.Fatalf("cluster %s does not get to %s", name, version)
}

func (h hands) alerts(monitors ...string) []string {
	h.Helper()
	s, err := h.Signals(bg, []fleet.Product{product("kafka", monitors...)})
	must(h, err)
	var out []string
	for _, a := range s.Alerts {
		out = append(out, a.Monitor+" on "+a.Cluster)
	}
	return out
}

func (h hands) versions(name string) string {
	h.Helper()
	rs, err := h.Replicas(name)
	must(h, err)
	var out []string
	for _, r := range rs {
		text := r.Version.Tag
		if !r.Ready {
			text += "?"
		}
		out = append(out, text)
	}
	return strings.Join(out, " ")
}

func TestTheTouchLogTellsWhichReplicaWentDownWhenAndUnderWhichCommit(t *testing.T) {
	h := newFleet(t, testMember("a", 3, false), testMember("quiet", 3, false))
	h.upgrade("a", "2")
	must(t, h.Crash("a", 1))
	h.clock.add(time.Hour)
	touches, dropped, err := h.Touches()
	must(t, err)
	var got []string
	for _, c := range touches {
		got = append(got, fmt.Sprintf("%s-%d %s>%s %s %s %s", c.Cluster, c.Ordinal, c.From, c.To, c.Cause, c.Release, c.Commit))
	}
	want := []string{
		"a-2 1>2 upgrade kafka-2 commit-2",
		"a-1 1>2 upgrade kafka-2 commit-2",
		"a-0 1>2 upgrade kafka-2 commit-2",
		"a-1 2>2 crash kafka-2 commit-2",
	}
	if !slices.Equal(got, want) || dropped != 0 {
		t.Fatalf("touch log:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for i := 1; i < len(touches); i++ {
		if !touches[i].At.After(touches[i-1].At) {
			t.Fatalf("touch %d is not later than the one before: %+v", i, touches)
		}
	}
}

func TestTheTouchLogIsBoundedAndSaysSo(t *testing.T) {
	c := newClock()
	f, err := Open(Config{Now: c.now, MaxTouches: 10})
	must(t, err)
	must(t, f.Add(testMember("a", 1, false)))
	for range 45 {
		must(t, f.Crash("a", 0))
	}
	touches, dropped, err := f.Touches()
	must(t, err)
	if len(touches) < 10 || len(touches) > 20 || dropped+uint64(len(touches)) != 45 {
		t.Fatalf("%d are kept and %d dropped; want 10 to 20 kept of 45", len(touches), dropped)
	}
}

func TestAnIdleFleetReportsNothingAndAChangeOnlyItself(t *testing.T) {
	h := newFleet(t, testMember("a", 3, false), testMember("b", 3, false))
	p, err := h.DataPlane("p")
	must(t, err)
	products := []fleet.Product{product("kafka")}
	obs, err := p.Observe(bg, products, "")
	must(t, err)
	for range 3 {
		h.clock.add(24 * time.Hour)
		if obs, err = p.Observe(bg, products, obs.Cursor); err != nil || obs.Full || len(obs.Clusters)+len(obs.Gone) != 0 {
			t.Fatalf("an idle fleet reports %+v, %v", obs, err)
		}
	}
	must(t, h.Crash("b", 0))
	obs, err = p.Observe(bg, products, obs.Cursor)
	must(t, err)
	if len(obs.Clusters) != 1 || obs.Clusters[0].Name != "b" || obs.Clusters[0].Ready != 2 {
		t.Fatalf("after a crash of b-0 it reports %+v", obs.Clusters)
	}
}

func TestACursorFromBeforeForgottenClustersBringsEverything(t *testing.T) {
	h := newFleet(t, testMember("stays", 1, false))
	p, err := h.DataPlane("p")
	must(t, err)
	products := []fleet.Product{product("kafka")}
	old, err := p.Observe(bg, products, "")
	must(t, err)
	var recent plan.Observation
	const many = 5 * tombstones
	for i := range many {
		name := fmt.Sprintf("passing-%d", i)
		must(t, h.Add(testMember(name, 1, false)))
		if i == many-10 {
			recent, err = p.Observe(bg, products, "")
			must(t, err)
		}
		must(t, h.Remove(name))
	}
	obs, err := p.Observe(bg, products, old.Cursor)
	must(t, err)
	if !obs.Full || len(obs.Clusters) != 1 {
		t.Fatalf("full %v with %d clusters; want all of one", obs.Full, len(obs.Clusters))
	}
	obs, err = p.Observe(bg, products, recent.Cursor)
	must(t, err)
	if obs.Full || !slices.Contains(obs.Gone, fmt.Sprintf("passing-%d", many-10)) {
		t.Fatalf("full %v, gone %v; want the one that was there", obs.Full, obs.Gone)
	}
	if len(p.log) > 6*tombstones {
		t.Fatalf("the change log has %d entries for one cluster", len(p.log))
	}
}

func TestAnObscuredClusterIsUnknownWithItsReason(t *testing.T) {
	h := newFleet(t, testMember("a", 1, false))
	before := h.see("a")
	must(t, h.Obscure("a", "its status cannot be read"))
	c := h.see("a")
	if c.Unknown != "its status cannot be read" || c.Revision == before.Revision {
		t.Fatalf("unknown %q at revision %s, before %s", c.Unknown, c.Revision, before.Revision)
	}
	must(t, h.Obscure("a", ""))
	if c := h.see("a"); c.Unknown != "" {
		t.Fatalf("it is still unknown: %s", c.Unknown)
	}
}

func TestAClockThatGoesBackwardsStandsStill(t *testing.T) {
	h := newFleet(t, testMember("a", 1, false))
	must(t, h.Crash("a", 0))
	h.clock.add(time.Hour)
	before := h.see("a")
	h.clock.add(-2 * time.Hour)
	if after := h.see("a"); after.AsOf.Before(before.AsOf) || after.Ready != 1 {
		t.Fatalf("as of %v ready %d, after %v", after.AsOf, after.Ready, before.AsOf)
	}
}

func TestManyAtOnceAreServed(t *testing.T) {
	var members []Member
	for i := range 20 {
		members = append(members, testMember(fmt.Sprintf("c-%d", i), 3, i%3 == 0))
	}
	h := newFleet(t, members...)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			name := fmt.Sprintf("c-%d", i)
			for range 50 {
				for _, kind := range []plan.ActionKind{plan.Start, plan.Step, plan.Hold, plan.Continue} {
					// Only conflicts, and steps of a Deployment, may fail.
					if err := h.act(kind, name, "2"); err != nil && !errors.Is(err, reconciler.ErrConflict) && i%3 != 0 {
						t.Errorf("%s: %v", name, err)
					}
				}
				h.clock.add(time.Second)
				lookAround(h.Fleet)
			}
		})
	}
	wg.Wait()
}

func TestMembersThatAreNotCompleteAreRefused(t *testing.T) {
	h := newFleet(t, testMember("a", 1, false))
	good := testMember("x", 1, false)
	for what, spoil := range map[string]func(*Member){
		"no name":       func(m *Member) { m.Name = "" },
		"no product":    func(m *Member) { m.Product = "" },
		"no data plane": func(m *Member) { m.DataPlane = "" },
		"no version":    func(m *Member) { m.Version = fleet.Version{} },
		"0 replicas":    func(m *Member) { m.Replicas = 0 },
		"taken":         func(m *Member) { m.Name = "a" },
	} {
		bad := good
		spoil(&bad)
		if err := h.Add(testMember("first", 1, false), bad); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: the error is %v", what, err)
		}
	}
	if err := h.Add(good, good); err == nil {
		t.Error("the same cluster twice is accepted")
	}
	if n := h.Len(); n != 1 {
		t.Errorf("there are %d clusters; a refused call must add none", n)
	}
	for _, err := range []error{h.Scale("a", 0), h.Restart("a", 1), h.Crash("nobody", 0), h.SetVersion("a", fleet.Version{}), h.Remove("nobody")} {
		if err == nil {
			t.Error("a change by hand that makes no sense is accepted")
		}
	}
}
