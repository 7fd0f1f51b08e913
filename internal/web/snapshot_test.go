package web

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// TestWhatIsFetchedIsWhatTheCycleSaw feeds an inventory from what was fetched,
// as the command line does, and compares it with the service's own.
func TestWhatIsFetchedIsWhatTheCycleSaw(t *testing.T) {
	c := cycle(t)
	_, socket := listen(t, &viewer{cycle: c})
	got, err := Fetch(t.Context(), socket)
	if err != nil {
		t.Fatal(err)
	}
	if !got.At.Equal(c.At) || !slices.Equal(got.DataPlanes, c.DataPlanes) || !slices.Equal(got.Problems, c.Problems) {
		t.Errorf("got %+v", got)
	}
	if signals := got.Signals.Unpack(); !reflect.DeepEqual(signals, c.Signals) {
		t.Errorf("signals\n got %+v\nwant %+v", signals, c.Signals)
	}
	if metrics := got.UnpackMetrics(); !maps.EqualFunc(metrics, c.Metrics, func(a, b plan.Measurement) bool {
		return a.AsOf.Equal(b.AsOf) && a.Unknown == b.Unknown && maps.Equal(a.Values, b.Values)
	}) {
		t.Errorf("metrics\n got %+v\nwant %+v", metrics, c.Metrics)
	}
	if a, b := text(t, got.State), text(t, c.State); a != b {
		t.Errorf("state\n got %s\nwant %s", a, b)
	}
	inv := plan.NewInventory()
	for _, p := range got.Planes {
		inv.Observe(plan.Observation{DataPlane: p.Name, Full: true, AsOf: p.AsOf, Clusters: p.Clusters})
		if p.Lost != "" {
			inv.Lose(p.Name, p.Lost)
		}
	}
	if !slices.Equal(inv.Names(), c.Fleet.Names()) {
		t.Fatalf("clusters %v, want %v", inv.Names(), c.Fleet.Names())
	}
	for _, name := range inv.Names() {
		mine, _ := inv.Find(name)
		theirs, _ := c.Fleet.Find(name)
		if a, b := inv.Cluster(mine), c.Fleet.Cluster(theirs); !reflect.DeepEqual(a, b) {
			t.Errorf("cluster %s\n got %+v\nwant %+v", name, a, b)
		}
	}
	for _, plane := range c.DataPlanes {
		asOf, lost := inv.Plane(plane)
		wantAsOf, wantLost := c.Fleet.Plane(plane)
		if !asOf.Equal(wantAsOf) || lost != wantLost {
			t.Errorf("data plane %s: %s %q, want %s %q", plane, asOf, lost, wantAsOf, wantLost)
		}
	}
}

func text(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestTheSameCycleIsAlwaysTheSameText: maps have no order, and a snapshot that
// differs without a reason looks like a change.
func TestTheSameCycleIsAlwaysTheSameText(t *testing.T) {
	want := text(t, newSnapshot(cycle(t)))
	for range 20 {
		if got := text(t, newSnapshot(cycle(t))); got != want {
			t.Fatalf("got  %s\nwant %s", got, want)
		}
	}
}

// TestASnapshotIsACopy: it is written out while the next cycle already runs.
func TestASnapshotIsACopy(t *testing.T) {
	c := cycle(t)
	snap := newSnapshot(c)
	before := text(t, snap)
	c.Problems[0], c.DataPlanes[0], c.Signals.Alerts[0].Cluster = "other", "other", "other"
	clear(c.Signals.Sources)
	c.State.InForce.Commit, c.State.Paused.Reason = "other", "other"
	clear(c.State.Base)
	clear(c.State.Seen)
	c.Fleet.Observe(plan.Observation{DataPlane: "aws", Full: true, AsOf: noon().Add(time.Hour)})
	if after := text(t, snap); after != before {
		t.Errorf("it changes with the cycle:\n got %s\nwant %s", after, before)
	}
}
