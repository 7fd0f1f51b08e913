package datadog_test

import (
	"fmt"
	"testing"

	"github.com/wavegate-dev/wavegate/internal/datadogtest"
)

// BenchmarkSignals asks for what is known about 10,000 clusters, of which 100
// fire, as each cycle does.
func BenchmarkSignals(b *testing.B) {
	w := newWorld(b, atNoon, perPage(1000))
	m := replicas()
	for i := range 10_000 {
		status := "OK"
		if i%100 == 0 {
			status = "Alert"
		}
		m.Groups = append(m.Groups, onCluster(fmt.Sprintf("lkc-%d", i), status))
	}
	w.server.SetMonitors(m, datadogtest.Monitor{ID: 8, Name: "Other"})
	products := kafka()
	w.poll(b, products)
	b.ReportAllocs()
	for b.Loop() {
		if s, err := w.monitors.Signals(b.Context(), products); err != nil || len(s.Alerts) != 100 {
			b.Fatalf("got %d alerts, %v", len(s.Alerts), err)
		}
	}
}

// BenchmarkPoll reads 10,000 groups in ten pages, with the server's share of the
// work.
func BenchmarkPoll(b *testing.B) {
	w := newWorld(b, atNoon, perPage(1000))
	w.server.SetMonitors(fleetOf(10_000))
	w.server.SetLimit(1 << 30)
	products := kafka()
	b.ReportAllocs()
	for b.Loop() {
		if err := w.monitors.Poll(b.Context(), products); err != nil {
			b.Fatal(err)
		}
	}
}
