//go:build measure

// The figures of these tests stand in the README. They take minutes, and nothing in
// them depends on how fast a machine is:
//
//	go test -tags measure ./internal/kube -run Measure -v -timeout 20m
package kube_test

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	k8sruntime "k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"

	"github.com/wavegate-dev/wavegate/internal/dataplanetest"
	"github.com/wavegate-dev/wavegate/internal/kube"
	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// inParallel does n things, some at once.
func inParallel(n int, do func(i int)) {
	var wg sync.WaitGroup
	var next atomic.Int64
	for range 32 {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	wg.Wait()
}

func heap() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc) / (1 << 20)
}

func cpu() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func TestMeasureTenThousandStatefulSetsObserved(t *testing.T) {
	w := newWorld(t, 0)
	n := 10_000
	if testing.Short() {
		n = 100
	}
	inParallel(n, func(i int) {
		w.create(t, dataplanetest.Cluster{
			Name: fmt.Sprintf("lkc-%05d", i), Product: "kafka", Replicas: 0, Version: fleet.Version{Tag: "7.6.0"},
			Labels: map[string]string{"tier": "prod", "customer": fmt.Sprintf("cust-%d", i/3), "criticality": "gold"},
		})
	})
	before := heap()
	// What client-go itself takes for the same objects, cut down in the same way
	// to nothing but their names.
	client, err := kubernetes.NewForConfig(w.user)
	if err != nil {
		t.Fatal(err)
	}
	names := cache.NewSharedIndexInformer(&cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (k8sruntime.Object, error) {
			return client.AppsV1().StatefulSets(w.ns).List(ctx, o)
		},
		WatchFuncWithContext: client.AppsV1().StatefulSets(w.ns).Watch,
	}, &appsv1.StatefulSet{}, 0, cache.Indexers{})
	if err := names.SetTransform(func(o any) (any, error) {
		if s, ok := o.(*appsv1.StatefulSet); ok {
			return &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Name: s.Name, Namespace: s.Namespace, ResourceVersion: s.ResourceVersion}}, nil
		}
		return o, nil
	}); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	go names.RunWithContext(ctx)
	if !cache.WaitForCacheSync(ctx.Done(), names.HasSynced) {
		t.Fatal("the names did not come in")
	}
	floor := heap() - before
	stop()
	runtime.KeepAlive(names)

	before = heap()
	p, err := kube.New(kube.Config{Name: "plane-0", REST: w.user, Namespace: w.ns, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	begun, used := time.Now(), cpu()
	obs, err := p.Observe(t.Context(), []fleet.Product{w.Ratcheted()}, "")
	if err != nil || len(obs.Clusters) != n {
		t.Fatalf("observed %d clusters, %v", len(obs.Clusters), err)
	}
	first, usedFirst := time.Since(begun), cpu()-used
	inv := plan.NewInventory()
	inv.Observe(obs)
	cursor := obs.Cursor
	obs = plan.Observation{}
	taken := heap() - before
	// Its controller is still busy with those that were made last.
	w.Wait(t, "nothing changes any more", func() bool {
		begun = time.Now()
		again, err := p.Observe(t.Context(), []fleet.Product{w.Ratcheted()}, cursor)
		if err != nil || again.Full {
			t.Fatalf("observe again: full %v, %v", again.Full, err)
		}
		cursor = again.Cursor
		return len(again.Clusters) == 0
	})
	t.Logf("%d StatefulSets: %.0f MiB with the inventory, client-go's floor for their names %.0f MiB; first observation %v (%v CPU), the next %v",
		n, taken, floor, first.Round(time.Millisecond), usedFirst.Round(time.Millisecond), time.Since(begun).Round(10*time.Microsecond))
	runtime.KeepAlive(inv)
}

// counted counts calls by method.
type counted struct {
	next          http.RoundTripper
	reads, writes atomic.Int64
}

func (c *counted) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Method == http.MethodGet {
		c.reads.Add(1)
	} else {
		c.writes.Add(1)
	}
	return c.next.RoundTrip(req)
}

func TestMeasureAThousandClustersHaltedInFlight(t *testing.T) {
	w := newWorld(t, 0)
	w.policy = "Parallel"
	const n, replicas = 1000, 3
	inParallel(n, func(i int) {
		w.create(t, dataplanetest.Cluster{
			Name: fmt.Sprintf("lkc-%04d", i), Product: "kafka", Replicas: replicas, Version: fleet.Version{Tag: "7.6.0"},
			Labels: map[string]string{"tier": "prod"},
		})
	})
	s := newService(t, w)
	calls := &counted{}
	s.edit = func(c *kube.Config) {
		c.REST = rest.CopyConfig(c.REST)
		c.ReadsPerSecond, c.WritesPerSecond = 1000, 500
		c.REST.Wrap(func(next http.RoundTripper) http.RoundTripper { calls.next = next; return calls })
	}
	s.start()
	s.observed(n)
	o := w.watchPods(t)
	used, begun := cpu(), time.Now()
	s.merge("7.6.1")
	s.until("a third of the brokers is replaced", func(c *reconciler.Cycle) bool {
		done := 0
		for _, name := range c.Fleet.Names() {
			r, _ := c.Fleet.Find(name)
			if x := c.Fleet.Cluster(r); x.Target.Tag == "7.6.1" {
				done += x.Updated
			}
		}
		return done >= n*replicas/3
	})
	steps, took := 0, time.Since(begun)
	for _, k := range o.counts() {
		steps += k
	}
	t.Logf("%d clusters in flight: %d brokers replaced in %v, %.0f a second; %d reads, %d writes; %v CPU of this process, heap %.0f MiB",
		n, steps, took.Round(time.Second), float64(steps)/took.Seconds(), calls.reads.Load(), calls.writes.Load(), (cpu() - used).Round(time.Second), heap())
	s.command(plan.Command{Kind: plan.CommandPause, Reason: "measure"})
	s.until("the halt is recorded", func(c *reconciler.Cycle) bool { return c.State.Paused != nil })
	partitions := w.partitions(t)
	writes, halted := calls.writes.Load(), time.Now()
	s.until("all clusters in flight say that they are paused", func(c *reconciler.Cycle) bool {
		return all(c, func(x plan.Cluster) bool { return !x.InFlight() || x.Mark.AllPaused != "" })
	})
	t.Logf("marked as paused after %v, with %d writes", time.Since(halted).Round(10*time.Millisecond), calls.writes.Load()-writes)
	time.Sleep(10 * readyDelay)
	below := 0
	for pod, k := range o.counts() {
		cluster := pod[:strings.LastIndex(pod, "-")]
		if k > 0 && ordinal(pod) < partitions[cluster] {
			below++
		}
	}
	t.Logf("pods touched below the partition that was written when the halt was recorded: %d", below)
	if below > 0 {
		t.Errorf("%d pods were touched after the halt", below)
	}
	o.atMostDown(t, 1)
}

func (w *world) partitions(t *testing.T) map[string]int {
	t.Helper()
	list, err := w.admin.AppsV1().StatefulSets(w.ns).List(context.Background(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]int{}
	for _, o := range list.Items {
		out[o.Name] = int(*o.Spec.UpdateStrategy.RollingUpdate.Partition)
	}
	return out
}
