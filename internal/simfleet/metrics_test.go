package simfleet_test

import (
	"maps"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/internal/simfleet"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

func TestEveryClusterIsMeasured(t *testing.T) {
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	f, err := simfleet.Open(simfleet.Config{Seed: 1, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	members, err := simfleet.Generate(simfleet.Profile{Seed: 1, Clusters: 20})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range members {
		if err := f.Add(m); err != nil {
			t.Fatal(err)
		}
	}
	cpu, lag := fleet.Metric{Datadog: "avg:cpu{*} by {c}"}, fleet.Metric{Prometheus: "lag", ClusterLabel: "c"}
	a, err := f.Measure(t.Context(), cpu)
	if err != nil || len(a.Values) != len(members) || !a.AsOf.Equal(now) {
		t.Fatalf("%d values as of %s, %v", len(a.Values), a.AsOf, err)
	}
	for name, v := range a.Values {
		if v < 0 || v > 100 {
			t.Errorf("%s: %v", name, v)
		}
	}
	b, _ := f.Measure(t.Context(), cpu)
	c, _ := f.Measure(t.Context(), lag)
	if !maps.Equal(a.Values, b.Values) || maps.Equal(a.Values, c.Values) {
		t.Error("values must be the same at each call, and other ones for another metric")
	}
	f.Gauge(cpu, map[string]float64{"x": 1})
	if d, _ := f.Measure(t.Context(), cpu); len(d.Values) != 1 || d.Values["x"] != 1 {
		t.Errorf("gauged %v", d.Values)
	}
	if err := f.BlindMonitors(time.Hour, "maintenance"); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Measure(t.Context(), cpu); err == nil {
		t.Error("measured while the monitors are out of reach")
	}
}
