package reconciler_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/wavegate-dev/wavegate/internal/simfleet"
	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// gauges measure by a fleet, and count how often they were asked.
type gauges struct {
	*simfleet.Fleet
	mu    sync.Mutex
	asked map[fleet.Metric][]time.Time
	fails error
	hangs bool
}

func (g *gauges) Measure(ctx context.Context, q fleet.Metric) (plan.Measurement, error) {
	g.mu.Lock()
	g.asked[q] = append(g.asked[q], time.Now())
	fails, hangs := g.fails, g.hangs
	g.mu.Unlock()
	if hangs {
		<-ctx.Done()
		return plan.Measurement{}, errors.New("no answer in time")
	}
	if fails != nil {
		return plan.Measurement{}, fails
	}
	return g.Fleet.Measure(ctx, q)
}

func (g *gauges) set(fails error, hangs bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.fails, g.hangs = fails, hangs
}

func (g *gauges) times(q fleet.Metric) []time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]time.Time(nil), g.asked[q]...)
}

const measuredRepo = `
-- base/fleet.yaml --
apiVersion: wavegate.dev/v1alpha1
kind: Fleet
metadata: {name: acme}
spec: {order: [prod]}
---
apiVersion: wavegate.dev/v1alpha1
kind: Product
metadata: {name: kafka}
spec:
  image: registry.example.com/kafka
  workload: {kind: StatefulSet, selector: {matchLabels: {app: kafka}}}
  monitors:
    - {name: under-replicated, prometheus: {alert: UnderReplicated, clusterLabel: cluster}}
-- base/cohorts/prod.yaml --
apiVersion: wavegate.dev/v1alpha1
kind: Cohort
metadata: {name: prod}
spec:
  selector: {matchLabels: {tier: prod}}
  versions: {kafka: 7.6.0}
  waves: [{size: 1}, {size: 100%}]
  orderBy: [{metric: "avg:kafka.cpu{*} by {kafka_cluster}", descending: true}]
-- p1/cohorts/prod.yaml --
apiVersion: wavegate.dev/v1alpha1
kind: Cohort
metadata: {name: prod}
spec:
  selector: {matchLabels: {tier: prod}}
  versions: {kafka: 7.6.1}
  waves: [{size: 1}, {size: 100%}]
  orderBy: [{metric: "avg:kafka.cpu{*} by {kafka_cluster}", descending: true}]
-- p2/cohorts/prod.yaml --
apiVersion: wavegate.dev/v1alpha1
kind: Cohort
metadata: {name: prod}
spec:
  selector: {matchLabels: {tier: prod}}
  versions: {kafka: 7.6.1}
`

// measured starts a loop over three clusters that a metric orders.
func measured(t *testing.T) (*watched, *gauges) {
	t.Helper()
	f, err := simfleet.Open(simfleet.Config{Seed: 1, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"a", "b", "c"} {
		if err := f.Add(member(t, line+" kafka aws 7.6.0 3 tier=prod")); err != nil {
			t.Fatal(err)
		}
	}
	w := &watched{fleet: f, ledger: newMemoryLedger(), stopped: make(chan struct{})}
	w.repo = &hangingRepo{scriptedRepo: newScriptedRepo(t, txtar.Parse([]byte(measuredRepo)))}
	g := &gauges{Fleet: f, asked: map[fleet.Metric][]time.Time{}}
	w.loop, err = reconciler.New(reconciler.Config{
		Source: w.repo, Loader: fleet.NewLoader(fleet.LoaderConfig{}), Approver: w.repo, DataPlanes: reconciler.These(f.DataPlanes()...),
		Monitors: f, Metrics: g, Ledger: w.ledger, Now: time.Now, Interval: 20 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	w.cancel = cancel
	go func() {
		defer close(w.stopped)
		if err := w.loop.Run(ctx); err != nil {
			t.Error(err)
		}
	}()
	return w, g
}

var cpu = fleet.Metric{Datadog: "avg:kafka.cpu{*} by {kafka_cluster}"}

func TestMetricsAreAskedForOnceInAFewMinutesAndOnlyWhileTheyAreNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, g := measured(t)
		defer w.stop()
		time.Sleep(time.Hour)
		synctest.Wait()
		if n := len(g.times(cpu)); n < 11 || n > 13 || len(g.asked) != 1 {
			t.Errorf("asked %d times in an hour, want one each five minutes; %d metrics", n, len(g.asked))
		}
		for _, c := range []string{"p1", "p2"} {
			if err := w.repo.commit(c); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
			synctest.Wait()
		}
		before := len(g.times(cpu))
		time.Sleep(time.Hour)
		synctest.Wait()
		if n := len(g.times(cpu)) - before; n != 0 {
			t.Errorf("asked %d times though no spec in force names it", n)
		}
	})
}

func TestARolloutBeginsInTheOrderOfAMetricOnceItCanBeRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, g := measured(t)
		defer w.stop()
		g.Gauge(cpu, map[string]float64{"a": 10, "b": 30, "c": 20})
		g.set(errors.New("Datadog answers 403: Forbidden"), false)
		time.Sleep(20 * time.Minute)
		synctest.Wait()
		if err := w.repo.commit("p1"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Minute)
		w.look(func(c *reconciler.Cycle) {
			row, _ := c.Fleet.Find("a")
			if got := c.Plan.Reason(row); !strings.Contains(got, "Datadog answers 403") || len(c.State.Rollouts) != 0 {
				t.Errorf("a: %q, %d rollouts", got, len(c.State.Rollouts))
			}
		})
		g.set(nil, false)
		time.Sleep(90 * time.Second)
		w.look(func(c *reconciler.Cycle) {
			r := c.State.Rollouts[plan.TargetKey{Product: "kafka", Cohort: "prod"}]
			if r == nil || r.Members[0].Cluster != "b" || r.Members[1].Cluster != "c" || r.Members[2].Cluster != "a" {
				t.Errorf("rollout %+v", r)
			}
		})
	})
}

func TestAMetricThatHangsDelaysNoHalt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, g := measured(t)
		defer w.stop()
		g.Gauge(cpu, map[string]float64{"a": 10, "b": 30, "c": 20})
		time.Sleep(time.Second)
		synctest.Wait()
		if err := w.repo.commit("p1"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		g.set(nil, true)
		for len(g.times(cpu)) < 2 { // the call that hangs has begun
			time.Sleep(10 * time.Second)
		}
		synctest.Wait()
		if err := w.fleet.Alert("b", "under-replicated", time.Hour); err != nil {
			t.Fatal(err)
		}
		w.loop.Alert()
		w.look(func(c *reconciler.Cycle) {
			if r := c.State.Releases["kafka-7.6.1-p1"]; r == nil || r.Paused == nil {
				t.Errorf("not halted while a metric hangs: %v", c.Problems)
			}
		})
	})
}
