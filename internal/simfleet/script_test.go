package simfleet

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

var version2 = fleet.Version{Tag: "2"}

func TestANormalUpgradeRaisesNoAlert(t *testing.T) {
	h := newFleet(t, testMember("a", 12, false))
	must(t, h.act(plan.Start, "a", "2"))
	for range 12 {
		must(t, h.act(plan.Step, "a", "2"))
		for h.see("a").ReadySince.IsZero() {
			h.clock.add(time.Second)
			if got := h.alerts("under-replicated"); len(got) != 0 {
				t.Fatalf("a normal restart raises %v", got)
			}
		}
	}
}

func TestAReplicaThatStaysDownRaisesTheFirstMonitor(t *testing.T) {
	h := newFleet(t, testMember("a", 3, false))
	must(t, h.Spoil(BadVersion{Product: "kafka", Version: version2, Effect: NeverReady, Share: 1}))
	must(t, h.act(plan.Start, "a", "2"))
	must(t, h.act(plan.Step, "a", "2"))
	h.clock.add(7 * time.Minute)
	if got := h.alerts("under-replicated", "latency"); len(got) != 0 {
		t.Fatalf("after 7m it raises %v", got)
	}
	h.clock.add(time.Minute)
	if got := h.alerts("under-replicated", "latency"); !slices.Equal(got, []string{"under-replicated on a"}) {
		t.Fatalf("after 8m it raises %v", got)
	}
	must(t, h.Mend("kafka", version2))
	h.clock.add(10 * time.Minute)
	if got := h.alerts("under-replicated", "latency"); len(got) != 0 || h.see("a").Ready != 3 {
		t.Fatalf("mended, it raises %v with %d replicas ready", got, h.see("a").Ready)
	}
}

func TestABlipFiresForAWhileDuringTheUpgradeAndNotBefore(t *testing.T) {
	h := newFleet(t, testMember("a", 3, false))
	must(t, h.Blip(Blip{Cluster: "a", Monitor: "latency", After: time.Minute, For: 2 * time.Minute}))
	h.clock.add(time.Hour)
	if got := h.alerts("under-replicated", "latency"); len(got) != 0 {
		t.Fatalf("before the upgrade it raises %v", got)
	}
	must(t, h.act(plan.Start, "a", "2"))
	must(t, h.act(plan.Step, "a", "2"))
	fired := 0
	for range 600 {
		if got := h.alerts("under-replicated", "latency"); len(got) == 1 && got[0] == "latency on a" {
			fired++
		}
		h.clock.add(time.Second)
	}
	if fired != 120 {
		t.Fatalf("it fired for %d seconds; want 120", fired)
	}
}

func TestABadVersionMayComeUpAndAlertUntilItIsGone(t *testing.T) {
	h := newFleet(t, testMember("a", 2, false))
	must(t, h.Spoil(BadVersion{Product: "kafka", Version: version2, Effect: Alerts, Share: 1, Monitor: "latency", Delay: 5 * time.Minute}))
	must(t, h.act(plan.Start, "a", "2"))
	must(t, h.act(plan.Step, "a", "2"))
	for h.see("a").Ready < 2 {
		h.clock.add(time.Second)
	}
	h.clock.add(4 * time.Minute)
	if got := h.alerts("latency"); len(got) != 0 {
		t.Fatalf("before the delay it raises %v", got)
	}
	h.clock.add(24 * time.Hour)
	if got := h.alerts("latency"); !slices.Equal(got, []string{"latency on a"}) {
		t.Fatalf("after the delay it raises %v", got)
	}
	h.upgrade("a", "1")
	if got := h.alerts("latency"); len(got) != 0 {
		t.Fatalf("back on the old version it raises %v", got)
	}
}

func TestABadVersionIsBadOnItsShareOfTheClustersWhateverTheOrder(t *testing.T) {
	const n = 400
	bad := func(order func(i int) int) map[string]bool {
		var members []Member
		for i := range n {
			members = append(members, testMember(fmt.Sprintf("c-%d", i), 1, false))
		}
		h := newFleet(t, members...)
		must(t, h.Spoil(BadVersion{Product: "kafka", Version: version2, Effect: NeverReady, Share: 0.25}))
		for i := range n {
			must(t, h.SetVersion(fmt.Sprintf("c-%d", order(i)), version2))
		}
		h.clock.add(time.Hour)
		out := map[string]bool{}
		for i := range n {
			name := fmt.Sprintf("c-%d", i)
			rs, err := h.Replicas(name)
			must(t, err)
			out[name] = !rs[0].Ready
		}
		return out
	}
	up, down := bad(func(i int) int { return i }), bad(func(i int) int { return n - 1 - i })
	count := 0
	for name := range up {
		if up[name] != down[name] {
			t.Fatalf("%s is bad %v, and in another order %v", name, up[name], down[name])
		}
		if up[name] {
			count++
		}
	}
	if math.Abs(float64(count)/n-0.25) > 0.08 {
		t.Fatalf("it is bad on %d of %d; want about a quarter", count, n)
	}
}

func TestAMonitorCanBeUnknownStaleOrOutOfReach(t *testing.T) {
	h := newFleet(t, testMember("a", 1, false))
	products := []fleet.Product{product("kafka", "up", "latency")}
	key := plan.MonitorKey{Product: "kafka", Monitor: "latency"}
	read := func() plan.Signals {
		t.Helper()
		s, err := h.Signals(bg, products)
		must(t, err)
		return s
	}
	if s := read(); s.Sources[key].Unknown != "" || !s.Sources[key].AsOf.Equal(h.clock.now()) || len(s.Sources) != 2 {
		t.Fatalf("sources %+v", s.Sources)
	}
	must(t, h.BlindMonitor("kafka", "latency", "muted"))
	must(t, h.Alert("a", "latency", 0))
	if s := read(); s.Sources[key].Unknown != "muted" || len(s.Alerts) != 0 {
		t.Fatalf("a muted monitor says %+v, %+v", s.Sources, s.Alerts)
	}
	must(t, h.SeeMonitor("kafka", "latency"))
	if s := read(); len(s.Alerts) != 1 {
		t.Fatalf("the alert is not seen: %+v", s)
	}
	must(t, h.BlindTo("a", "latency", "no data"))
	if s := read(); s.Sources[key].Unknown != "" || len(s.Alerts) != 0 || len(s.Blind) != 1 ||
		s.Blind[0] != (plan.BlindSpot{Product: "kafka", Monitor: "latency", Cluster: "a", Why: "no data"}) {
		t.Fatalf("a monitor without data of one cluster says %+v", s)
	}
	must(t, h.SeeMonitor("kafka", "latency"))
	if s := read(); len(s.Alerts) != 1 || len(s.Blind) != 0 {
		t.Fatalf("the alert is not seen again: %+v", s)
	}
	must(t, h.BlindMonitor("kafka", "latency", ""))
	stale := h.clock.now()
	h.clock.add(time.Hour)
	must(t, h.Quiet("a", "latency"))
	h.clock.add(time.Hour)
	if s := read(); !s.Sources[key].AsOf.Equal(stale) || len(s.Alerts) != 1 {
		t.Fatalf("a monitor that stands still says %+v, %+v; want what it said at %v", s.Sources, s.Alerts, stale)
	}
	must(t, h.SeeMonitor("kafka", "latency"))
	if s := read(); len(s.Alerts) != 0 {
		t.Fatalf("a quieted alert is still seen: %+v", s.Alerts)
	}
	must(t, h.BlindMonitors(time.Minute, "certificate has expired"))
	if _, err := h.Signals(bg, products); err == nil {
		t.Fatal("monitors out of reach answer")
	}
	h.clock.add(time.Minute)
	read()
}

func TestCallsFailAtTheGivenRates(t *testing.T) {
	const n = 2000
	run := func(faults Faults) (conflicts, errs, done int) {
		h := newFleet(t, testMember("a", 1, false))
		p, err := h.DataPlane("p")
		must(t, err)
		must(t, h.Disturb("p", faults))
		for range n {
			h.clock.add(time.Second)
			rev := h.clusters["a"].rev
			err := p.Act(bg, plan.Action{
				Kind: plan.Note, Cluster: "a", Product: "kafka", DataPlane: "p",
				Expect: h.clusters["a"].revision(), Mark: plan.Mark{Failed: h.clock.now().String()},
			})
			switch {
			case errors.Is(err, reconciler.ErrConflict):
				conflicts++
			case err != nil:
				errs++
			}
			if h.clusters["a"].rev != rev {
				done++
			}
		}
		return conflicts, errs, done
	}
	about := func(what string, got, want int) {
		t.Helper()
		if math.Abs(float64(got-want)) > n/20 {
			t.Errorf("%s: %d of %d; want about %d", what, got, n, want)
		}
	}
	conflicts, errs, done := run(Faults{Conflicts: 0.3})
	about("conflicts", conflicts, 600)
	about("errors beside conflicts", errs, 0)
	if done != n-conflicts {
		t.Errorf("%d were carried out and %d refused, of %d", done, conflicts, n)
	}
	_, errs, done = run(Faults{Errors: 0.2})
	about("errors", errs, 400)
	if done != n-errs {
		t.Errorf("%d were carried out and %d failed, of %d", done, errs, n)
	}
	_, errs, done = run(Faults{LostReplies: 0.5})
	about("lost replies", errs, 1000)
	if done != n {
		t.Errorf("%d of %d were carried out; a lost reply loses no change", done, n)
	}
	h := newFleet(t, testMember("a", 1, false))
	must(t, h.Disturb("p", Faults{Errors: 1}))
	if _, err := h.DataPlanes()[0].Observe(bg, nil, ""); err == nil {
		t.Error("an observation succeeds although every call fails")
	}
}

func TestAnOutageEndsByItselfAndTheFleetGoesOnMeanwhile(t *testing.T) {
	h := newFleet(t, testMember("a", 2, false))
	must(t, h.act(plan.Start, "a", "2"))
	must(t, h.act(plan.Step, "a", "2"))
	must(t, h.Unreachable("p", 10*time.Minute, "the API server does not answer"))
	p := h.DataPlanes()[0]
	for range 10 {
		if _, err := p.Observe(bg, nil, ""); err == nil {
			t.Fatal("it answers during the outage")
		}
		if err := p.Act(bg, plan.Action{Kind: plan.Note, Cluster: "a", Product: "kafka", DataPlane: "p"}); err == nil || errors.Is(err, reconciler.ErrConflict) {
			t.Fatalf("an action during the outage: %v", err)
		}
		h.clock.add(time.Minute)
	}
	if c := h.see("a"); c.Ready != 2 || c.Updated != 1 {
		t.Fatalf("after the outage %d are ready and %d updated; want 2 and 1", c.Ready, c.Updated)
	}
}

func TestScriptsThatMakeNoSenseAreRefused(t *testing.T) {
	h := newFleet(t, testMember("a", 1, false))
	before := state(t, h.Fleet)
	for what, err := range map[string]error{
		"a bad version without a product":   h.Spoil(BadVersion{Version: version2, Effect: Alerts, Share: 1}),
		"an effect that does not exist":     h.Spoil(BadVersion{Product: "kafka", Version: version2, Effect: "odd", Share: 1}),
		"a share of nothing":                h.Spoil(BadVersion{Product: "kafka", Version: version2, Effect: Alerts}),
		"a share that is not a number":      h.Spoil(BadVersion{Product: "kafka", Version: version2, Effect: Alerts, Share: math.NaN()}),
		"a blip without an end":             h.Blip(Blip{Cluster: "a"}),
		"a blip on no cluster":              h.Blip(Blip{Cluster: "nobody", For: time.Second}),
		"an alert of negative length":       h.Alert("a", "latency", -1),
		"an alert on no cluster":            h.Alert("nobody", "latency", 1),
		"a quieting of no cluster":          h.Quiet("nobody", "latency"),
		"a cluster that is infinitely slow": h.Slow("a", math.Inf(1)),
		"a cluster that is not slow":        h.Slow("a", 0),
		"an obscured cluster that is none":  h.Obscure("nobody", "fog"),
		"an outage of no data plane":        h.Unreachable("nowhere", time.Hour, "cut"),
		"a rate above all":                  h.Disturb("p", Faults{Errors: 1.1}),
		"a rate of no data plane":           h.Disturb("nowhere", Faults{}),
	} {
		if err == nil {
			t.Errorf("%s is accepted", what)
		}
	}
	if state(t, h.Fleet) != before {
		t.Error("a script that was refused has changed the fleet")
	}
}
