package kube_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/wavegate-dev/wavegate/internal/dataplanetest"
	"github.com/wavegate-dev/wavegate/internal/kube"
	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// brokers makes clusters of the cohort prod and returns when all are ready.
func brokers(t *testing.T, w *world, prefix string, clusters, replicas int) {
	t.Helper()
	for i := range clusters {
		w.create(t, dataplanetest.Cluster{
			Name: fmt.Sprintf("%s-%d", prefix, i), Product: "kafka", Replicas: replicas,
			Version: fleet.Version{Tag: "7.6.0"}, Labels: map[string]string{"tier": "prod"},
		})
	}
	w.Wait(t, "all brokers are ready", func() bool {
		list, err := w.admin.AppsV1().StatefulSets(w.ns).List(t.Context(), metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range list.Items {
			if s.Status.ReadyReplicas != int32(replicas) || s.Status.UpdatedReplicas != int32(replicas) {
				return false
			}
		}
		return len(list.Items) >= clusters
	})
}

// pair is two control planes whose images are the same.
func pair(t *testing.T, clusters, replicas int) (a, b *world) {
	t.Helper()
	a, b = newWorld(t, 0), newWorld(t, 1)
	a.policy, b.policy = "Parallel", "Parallel"
	b.images = a.ns
	brokers(t, a, "a", clusters, replicas)
	brokers(t, b, "b", clusters, replicas)
	return a, b
}

func TestTwentyClustersOfTwelveBrokersAreHaltedLoseTheLedgerAndGoOn(t *testing.T) {
	t.Parallel()
	a, b := pair(t, 10, 12)
	oracles := []*oracle{a.watchPods(t), b.watchPods(t)}
	s := newService(t, a, b)
	s.start()
	s.observed(20)
	s.merge("7.6.1")
	s.until("every cluster is half way", func(c *reconciler.Cycle) bool {
		return all(c, func(x plan.Cluster) bool { return x.Target.Tag != "7.6.0" && x.Updated >= 3 })
	})
	s.command(plan.Command{Kind: plan.CommandPause, Reason: "an operator has doubts"})
	s.until("the halt is recorded", func(c *reconciler.Cycle) bool { return c.State.Paused != nil })
	// What the partitions say now is all that may be touched.
	next := map[string]int{}
	for _, w := range []*world{a, b} {
		list, err := w.admin.AppsV1().StatefulSets(w.ns).List(t.Context(), metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range list.Items {
			next[o.Name] = int(*o.Spec.UpdateStrategy.RollingUpdate.Partition)
		}
	}
	s.until("all clusters say that they are paused", func(c *reconciler.Cycle) bool {
		return all(c, func(x plan.Cluster) bool { return x.Mark.AllPaused != "" && x.Ready == x.Replicas })
	})
	halted := []map[string]int{oracles[0].counts(), oracles[1].counts()}
	untouched := func(when string) {
		t.Helper()
		for i, o := range oracles {
			if now := o.counts(); !maps.Equal(now, halted[i]) {
				t.Errorf("%s, pods were touched:\nbefore %v\nafter  %v", when, halted[i], now)
			}
			for pod := range o.counts() {
				if cluster := pod[:len(pod)-len(fmt.Sprint(ordinal(pod)))-1]; ordinal(pod) < next[cluster] {
					t.Errorf("%s, pod %s was touched, below partition %d", when, pod, next[cluster])
				}
			}
		}
	}
	a.Quiet(t)
	untouched("while it was halted")

	s.kill()
	a.Quiet(t)
	s.lose()
	s.start()
	s.until("the pause is found on the clusters", func(c *reconciler.Cycle) bool { return c.State.Paused != nil })
	a.Quiet(t)
	untouched("after the ledger was lost")

	s.command(plan.Command{Kind: plan.CommandResume})
	s.finished("7.6.1")
	for _, o := range oracles {
		o.eachMade(t, "7.6.1")
		o.atMostDown(t, 1)
	}
}

func TestAClusterIsSupersededAtABrokerAndThenAborted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	brokers(t, w, "s", 3, 5)
	o := w.watchPods(t)
	s := newService(t, w)
	s.start()
	s.observed(3)
	s.merge("7.6.1")
	s.until("every cluster is half way", func(c *reconciler.Cycle) bool {
		return all(c, func(x plan.Cluster) bool { return x.Target.Tag != "7.6.0" && x.Updated >= 2 })
	})
	s.merge("7.6.2")
	s.finished("7.6.2")
	o.atMostDown(t, 1)
	for pod, images := range o.images() {
		if want := []string{"7.6.2"}; !slices.Equal(images, want) && !slices.Equal(images, []string{"7.6.1", "7.6.2"}) {
			t.Errorf("pod %s was made anew with %v; want 7.6.2, perhaps after 7.6.1", pod, images)
		}
	}
	w.rests(t)

	s.merge("7.6.1")
	s.until("every cluster is half way back", func(c *reconciler.Cycle) bool {
		return all(c, func(x plan.Cluster) bool { return x.Target.Tag == "7.6.1" && x.Updated >= 2 })
	})
	s.merge("7.6.2")
	s.finished("7.6.2")
	o.atMostDown(t, 1)
	w.rests(t)
}

// rests fails the test unless every StatefulSet is as its owner had it: rolling
// updates, and a partition that holds nothing back.
func (w *world) rests(t *testing.T) {
	t.Helper()
	list, err := w.admin.AppsV1().StatefulSets(w.ns).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range list.Items {
		u := o.Spec.UpdateStrategy
		if u.RollingUpdate == nil || *u.RollingUpdate.Partition != 0 || o.Annotations[kube.StrategyAnnotation] != "" {
			t.Errorf("%s rests with update strategy %+v and annotation %q", o.Name, u, o.Annotations[kube.StrategyAnnotation])
		}
		if o.Status.CurrentRevision != o.Status.UpdateRevision {
			t.Errorf("%s rests with two revisions", o.Name)
		}
	}
}

func TestADataPlaneThatIsAwayForAWhileStopsNoOther(t *testing.T) {
	t.Parallel()
	a, b := pair(t, 3, 4)
	oracles := []*oracle{a.watchPods(t), b.watchPods(t)}
	s := newService(t, a, b)
	s.start()
	s.observed(6)
	s.merge("7.6.1")
	s.until("every cluster has begun", func(c *reconciler.Cycle) bool {
		return all(c, func(x plan.Cluster) bool { return x.Target.Tag != "7.6.0" && x.Updated >= 1 })
	})
	a.wire.set(true)
	s.until("its clusters are unknown and the others go on to the end", func(c *reconciler.Cycle) bool {
		return all(c, func(x plan.Cluster) bool {
			if x.DataPlane == "plane-0" {
				return x.Unknown != ""
			}
			return x.Version.Tag == "7.6.1"
		})
	})
	before := oracles[0].counts()
	a.Quiet(t)
	a.Quiet(t)
	if now := oracles[0].counts(); !maps.Equal(before, now) {
		t.Errorf("pods were touched through a wire that was cut: %v, then %v", before, now)
	}
	a.wire.set(false)
	s.finished("7.6.1")
	for _, o := range oracles {
		o.eachMade(t, "7.6.1")
		o.atMostDown(t, 1)
	}
}

// flaky fails calls at random: before they are sent, or after they were carried
// out.
type flaky struct {
	next http.RoundTripper
	rate float64

	mu     sync.Mutex
	random *rand.Rand
	failed int
}

func (f *flaky) RoundTrip(req *http.Request) (*http.Response, error) {
	f.mu.Lock()
	fails, early := f.random.Float64() < f.rate, f.random.IntN(2) == 0
	if fails {
		f.failed++
	}
	f.mu.Unlock()
	if fails && early {
		return nil, errors.New("the network lost the request")
	}
	resp, err := f.next.RoundTrip(req)
	if fails && err == nil {
		_ = resp.Body.Close()
		return nil, errors.New("the network lost the answer")
	}
	return resp, err
}

func TestARolloutGetsThroughANetworkThatLosesThreeCallsInTen(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	brokers(t, w, "f", 4, 4)
	o := w.watchPods(t)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	f := &flaky{rate: 0.3, random: rand.New(rand.NewPCG(seed, 1))}
	s := newService(t, w)
	s.edit = func(c *kube.Config) {
		c.REST = rest.CopyConfig(c.REST)
		c.REST.Wrap(func(next http.RoundTripper) http.RoundTripper { f.next = next; return f })
	}
	s.start()
	s.observed(4)
	s.merge("7.6.1")
	s.finished("7.6.1")
	o.eachMade(t, "7.6.1")
	o.atMostDown(t, 1)
	if f.failed < 20 {
		t.Errorf("only %d calls failed", f.failed)
	}
}

func TestTwoServicesAtOnceByMistakeDoNoHarm(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	brokers(t, w, "t", 4, 4)
	o := w.watchPods(t)
	s := newService(t, w)
	other := *s
	other.ledger += ".other"
	s.start()
	other.start()
	s.observed(4)
	other.observed(4)
	s.merge("7.6.1")
	s.finished("7.6.1")
	other.finished("7.6.1")
	o.eachMade(t, "7.6.1")
	o.atMostDown(t, 1)
}

func TestKilledAgainAndAgainItGoesOnAtTheSameBroker(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	brokers(t, w, "k", 3, 4)
	o := w.watchPods(t)
	s := newService(t, w)
	s.start()
	s.observed(3)
	s.merge("7.6.1")
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	for range 12 {
		time.Sleep(time.Duration(random.IntN(900)) * time.Millisecond)
		s.kill()
		s.start()
	}
	s.finished("7.6.1")
	o.eachMade(t, "7.6.1")
	o.atMostDown(t, 1)
}
