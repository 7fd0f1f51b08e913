package simfleet

import (
	"fmt"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/internal/dataplanetest"
	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// world is the suite's harness: a fleet in virtual time.
type world struct {
	*Fleet
	clock *clock
	plane reconciler.DataPlane
}

var _ dataplanetest.Harness = (*world)(nil)

func TestSimulatedDataPlaneBehavesLikeEveryOther(t *testing.T) {
	t.Parallel()
	for _, path := range []bool{false, true} {
		t.Run(fmt.Sprintf("on disk %v", path), func(t *testing.T) {
			dataplanetest.Run(t, func(t *testing.T) dataplanetest.Harness { return newWorld(t, path) })
		})
	}
}

func newWorld(t *testing.T, onDisk bool) *world {
	t.Helper()
	w := &world{clock: newClock()}
	cfg := Config{Seed: 7, Now: w.clock.now}
	if onDisk {
		cfg.Path = t.TempDir()
	}
	f, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	w.Fleet = f
	// The data plane is there once it has a cluster.
	first := Member{Name: "first", Product: "satellite", DataPlane: "aws-us-east-1", Version: fleet.Version{Tag: "1"}, Replicas: 1}
	if err := f.Add(first); err != nil {
		t.Fatal(err)
	}
	if w.plane, err = f.DataPlane("aws-us-east-1"); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) DataPlane() reconciler.DataPlane { return w.plane }

func (w *world) Ratcheted() fleet.Product {
	return fleet.Product{Meta: fleet.Meta{Name: "kafka"}, Spec: fleet.ProductSpec{
		Image: "registry.example.com/kafka", Workload: fleet.Workload{Kind: fleet.StatefulSet},
	}}
}

func (w *world) Rolling() fleet.Product {
	return fleet.Product{Meta: fleet.Meta{Name: "connect"}, Spec: fleet.ProductSpec{
		Image: "registry.example.com/connect", Workload: fleet.Workload{Kind: fleet.Deployment},
	}}
}

func (w *world) Versions() [3]fleet.Version {
	return [3]fleet.Version{{Tag: "7.6.0"}, {Tag: "7.6.1"}, {Tag: "7.6.2"}}
}

func (w *world) Create(t *testing.T, c dataplanetest.Cluster) {
	t.Helper()
	must(t, w.Add(Member{
		Name: c.Name, Product: c.Product, DataPlane: w.plane.Name(), Labels: c.Labels,
		Version: c.Version, Replicas: c.Replicas, Deployment: c.Product == w.Rolling().Name,
	}))
}

func (w *world) Delete(t *testing.T, name string) {
	t.Helper()
	must(t, w.Remove(name))
}

func (w *world) SetVersion(t *testing.T, name string, v fleet.Version) {
	t.Helper()
	must(t, w.Fleet.SetVersion(name, v))
}

func (w *world) Scale(t *testing.T, name string, replicas int) {
	t.Helper()
	must(t, w.Fleet.Scale(name, replicas))
}

func (w *world) Restart(t *testing.T, name string, ordinal int) {
	t.Helper()
	must(t, w.Fleet.Restart(name, ordinal))
}

func (w *world) Replicas(t *testing.T, name string) []dataplanetest.Replica {
	t.Helper()
	rs, err := w.Fleet.Replicas(name)
	must(t, err)
	var out []dataplanetest.Replica
	for _, r := range rs {
		out = append(out, dataplanetest.Replica{
			ID: fmt.Sprintf("%s-%d/%d", name, r.Ordinal, r.Life), Ordinal: r.Ordinal, Version: r.Version, Ready: r.Ready,
		})
	}
	return out
}

func (w *world) Break(t *testing.T, v fleet.Version) {
	t.Helper()
	for _, p := range []string{"kafka", "connect"} {
		must(t, w.Spoil(BadVersion{Product: p, Version: v, Effect: NeverReady, Share: 1}))
	}
}

func (w *world) Cut(t *testing.T, cut bool) {
	t.Helper()
	d := time.Duration(0)
	if cut {
		d = 1000 * time.Hour
	}
	must(t, w.Unreachable(w.plane.Name(), d, "the suite cut it off"))
}

func (w *world) Can() dataplanetest.Capabilities {
	return dataplanetest.Capabilities{Break: true, Cut: true}
}

func (w *world) Wait(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for range 1000 {
		if holds() {
			return
		}
		w.clock.add(7 * time.Second)
	}
	t.Fatalf("waited in vain until: %s", what)
}

func (w *world) Quiet(t *testing.T) {
	t.Helper()
	w.clock.add(10 * time.Minute)
}
