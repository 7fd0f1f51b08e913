package simfleet

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

var products = []fleet.Product{
	product("kafka", "under-replicated"), product("ksqldb", "up"), product("connect", "up"), product("schema-registry", "up"),
}

func bigFleet(b *testing.B, n int, path string) (*Fleet, *clock) {
	b.Helper()
	c := newClock()
	f, err := Open(Config{Seed: 1, Now: c.now, Path: path})
	must(b, err)
	members, err := Generate(Profile{Seed: 1, Clusters: n})
	must(b, err)
	must(b, f.Add(members...))
	return f, c
}

func BenchmarkGenerate100k(b *testing.B) {
	for b.Loop() {
		if _, err := Generate(Profile{Seed: 1, Clusters: 100_000}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMemoryPerCluster(b *testing.B) {
	for b.Loop() {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		f, _ := bigFleet(b, 100_000, "")
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/100_000, "B/cluster")
		runtime.KeepAlive(f)
	}
}

func BenchmarkObserve100kIdle(b *testing.B) {
	f, c := bigFleet(b, 100_000, "")
	planes := f.DataPlanes()
	cursors := make([]string, len(planes))
	observe(b, planes, cursors)
	b.ReportAllocs()
	for b.Loop() {
		c.add(time.Second)
		if n := observe(b, planes, cursors); n != 0 {
			b.Fatalf("%d clusters have changed", n)
		}
	}
}

func BenchmarkObserve100kFull(b *testing.B) {
	f, _ := bigFleet(b, 100_000, "")
	planes := f.DataPlanes()
	for b.Loop() {
		observe(b, planes, make([]string, len(planes)))
	}
}

func BenchmarkSignals100kIdle(b *testing.B) {
	f, _ := bigFleet(b, 100_000, "")
	for b.Loop() {
		if _, err := f.Signals(bg, products); err != nil {
			b.Fatal(err)
		}
	}
}

func observe(b *testing.B, planes []reconciler.DataPlane, cursors []string) (clusters int) {
	b.Helper()
	for i, p := range planes {
		obs, err := p.Observe(bg, products, cursors[i])
		if err != nil {
			b.Fatal(err)
		}
		cursors[i] = obs.Cursor
		clusters += len(obs.Clusters)
	}
	return clusters
}

func BenchmarkAct(b *testing.B) {
	for _, disk := range []bool{false, true} {
		b.Run(fmt.Sprintf("disk=%v", disk), func(b *testing.B) {
			path := ""
			if disk {
				path = b.TempDir()
			}
			f, _ := bigFleet(b, 3000, path)
			all := f.sorted()
			i := 0
			for b.Loop() {
				c := all[i%len(all)]
				i++
				must(b, c.plane.Act(bg, plan.Action{
					Kind: plan.Note, Cluster: c.name, Product: c.product, DataPlane: c.plane.name,
					Expect: c.revision(), Mark: plan.Mark{Release: "kafka-7.6.1", Failed: fmt.Sprint(i)},
				}))
			}
		})
	}
}

func BenchmarkOpen3000WithALogOf10000(b *testing.B) {
	dir := b.TempDir()
	f, c := bigFleet(b, 3000, dir)
	all := f.sorted()
	for i := range 10_000 {
		must(b, f.Crash(all[i%len(all)].name, 0))
	}
	for b.Loop() {
		kill(b, f)
		var err error
		f, err = Open(Config{Seed: 1, Now: c.now, Path: dir})
		must(b, err)
	}
}
