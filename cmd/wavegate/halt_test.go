package main

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/wavegate-dev/wavegate/internal/approver"
	"github.com/wavegate-dev/wavegate/internal/datadog"
	"github.com/wavegate-dev/wavegate/internal/datadogtest"
	"github.com/wavegate-dev/wavegate/internal/simfleet"
	"github.com/wavegate-dev/wavegate/internal/sqlite"
	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/admission"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// haltFleet is a repository in which all clusters may be in flight at once.
func haltFleet(version string) fs.FS {
	return fstest.MapFS{"fleet.yaml": &fstest.MapFile{Data: []byte(`apiVersion: wavegate.dev/v1alpha1
kind: Fleet
metadata: {name: acme}
spec: {order: [all]}
---
apiVersion: wavegate.dev/v1alpha1
kind: Product
metadata: {name: kafka}
spec:
  image: registry.example.com/kafka
  workload: {kind: StatefulSet, selector: {matchLabels: {app: kafka}}}
  settle: 100ms
  monitors:
    - {name: replicas, datadog: {query: "tag:(service:kafka)", clusterTag: kafka_cluster}}
---
apiVersion: wavegate.dev/v1alpha1
kind: Cohort
metadata: {name: all}
spec:
  selector: {matchLabels: {tier: all}}
  versions: {kafka: ` + version + `}
`)}}
}

// twoCommits is a branch of which the second commit begins a release.
type twoCommits struct{ second atomic.Bool }

func (b *twoCommits) Fetch(context.Context) (string, error) {
	if b.second.Load() {
		return "release", nil
	}
	return "base", nil
}

func (b *twoCommits) Log(_ context.Context, base, head string) ([]admission.Commit, error) {
	c := admission.Commit{SHA: head, Tree: "tree of " + head}
	if base == "base" {
		c.Parents = []string{"base"}
	}
	if base == head {
		return nil, nil
	}
	return []admission.Commit{c}, nil
}

func (b *twoCommits) Changes(_ context.Context, from, to string) ([]admission.Change, error) {
	return []admission.Change{{Path: "fleet.yaml", Before: from, After: to}}, nil
}

func (b *twoCommits) Tree(_ context.Context, commit string) (fs.FS, error) {
	if commit == "release" {
		return haltFleet("7.6.1"), nil
	}
	return haltFleet("7.6.0"), nil
}

// witness stands between the loop and the world, and notes when what happens.
type witness struct {
	reconciler.Ledger
	heard    *atomic.Int64
	mu       sync.Mutex
	recorded time.Time // when the halt was durable
	answer   time.Time // when Datadog's last answer before that arrived
	effect   time.Time // when the last action of any kind came back
}

func (w *witness) Record(ctx context.Context, events []plan.Event) error {
	err := w.Ledger.Record(ctx, events)
	for _, e := range events {
		if e.Kind == plan.Paused && err == nil {
			w.mu.Lock()
			w.recorded, w.answer = time.Now(), time.Unix(0, w.heard.Load())
			w.mu.Unlock()
		}
	}
	return err
}

// watchedPlane tells a witness of actions.
type watchedPlane struct {
	reconciler.DataPlane
	w *witness
}

func (p watchedPlane) Act(ctx context.Context, a plan.Action) error {
	err := p.DataPlane.Act(ctx, a)
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	p.w.effect = time.Now()
	return err
}

// haltRig is a service with real parts, but for git, the clusters and Datadog.
type haltRig struct {
	t       testing.TB
	fleet   *simfleet.Fleet
	store   *sqlite.Store
	server  *datadogtest.Server
	hook    http.Handler
	witness *witness
	loop    *reconciler.Reconciler
	heard   atomic.Int64 // when the last answer of Datadog's arrived
}

// answered notes when answers arrive.
type answered struct {
	http.RoundTripper
	at *atomic.Int64
}

func (a answered) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := a.RoundTripper.RoundTrip(r)
	a.at.Store(time.Now().UnixNano())
	return resp, err
}

func cluster(i int) string { return fmt.Sprintf("lkc-%05d", i) }

func newHaltRig(t testing.TB, clusters, replicas int, interval time.Duration) *haltRig {
	t.Helper()
	r := &haltRig{t: t}
	var err error
	r.fleet, err = simfleet.Open(simfleet.Config{
		Seed: 1, Now: time.Now, MaxTouches: 1 << 24,
		Restart: map[string]simfleet.Span{"kafka": {Min: 200 * time.Millisecond, Max: 600 * time.Millisecond}},
	})
	if err != nil {
		t.Fatal(err)
	}
	groups := make([]datadogtest.Group, clusters)
	for i := range clusters {
		err := r.fleet.Add(simfleet.Member{
			Name: cluster(i), Product: "kafka", DataPlane: fmt.Sprintf("dp-%d", i%5), Replicas: replicas,
			Version: fleet.Version{Tag: "7.6.0"}, Labels: map[string]string{"tier": "all"},
		})
		if err != nil {
			t.Fatal(err)
		}
		groups[i] = datadogtest.Group{Tags: []string{"kafka_cluster:" + cluster(i)}}
	}
	r.server = datadogtest.New(datadogtest.Config{Now: time.Now, Limit: 1 << 30})
	r.server.SetMonitors(datadogtest.Monitor{ID: 1, Name: "replicas", Tags: []string{"service:kafka"}, Groups: groups})
	var running atomic.Pointer[reconciler.Reconciler]
	client := r.server.Client()
	client.Transport = answered{client.Transport, &r.heard}
	sources, d := openDatadog(t.(*testing.T), r.server, func() {
		if loop := running.Load(); loop != nil {
			loop.Alert()
		}
	}, func(c *datadog.Config) { c.HTTPClient = client; c.PerPage = 1000 })
	secret := func() (string, error) { return "secret", nil }
	if r.hook, err = datadog.NewWebhook(datadog.WebhookConfig{Secret: secret, Poke: d.Poke, Logger: quiet()}); err != nil {
		t.Fatal(err)
	}
	if r.store, err = sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(t.TempDir(), "ledger.db"), Access: sqlite.Own, Log: quiet()}); err != nil {
		t.Fatal(err)
	}
	r.witness = &witness{Ledger: r.store, heard: &r.heard}
	var planes []reconciler.DataPlane
	for _, p := range r.fleet.DataPlanes() {
		planes = append(planes, watchedPlane{p, r.witness})
	}
	branch := &twoCommits{}
	r.loop, err = reconciler.New(reconciler.Config{
		Source: branch, Loader: fleet.NewLoader(fleet.LoaderConfig{}), Approver: approver.Any{}, DataPlanes: reconciler.These(planes...),
		Monitors: sources, Metrics: sources, Ledger: r.witness, Now: time.Now, Interval: interval, FetchInterval: 100 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	running.Store(r.loop)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { d.Run(ctx) })
	wg.Go(func() {
		if err := r.loop.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		cancel()
		wg.Wait()
		_ = r.store.Close()
		_ = r.fleet.Close()
	})
	r.until("the baseline is in force", func(c *reconciler.Cycle) bool {
		return c.State.InForce.Commit == "base" && len(c.State.Base) > 0
	})
	branch.second.Store(true)
	r.loop.Wake()
	r.until("all are in flight", func(c *reconciler.Cycle) bool { return r.inFlight(c) == clusters })
	return r
}

func (r *haltRig) until(what string, ok func(*reconciler.Cycle) bool) {
	r.t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(2 * time.Millisecond) {
		done := false
		r.loop.View(func(c *reconciler.Cycle) { done = ok(c) })
		if done {
			return
		}
		if time.Now().After(deadline) {
			r.loop.View(func(c *reconciler.Cycle) { r.t.Log(c.Problems, c.Signals, c.Plan.Notes, c.Plan.Rollouts) })
			r.t.Fatalf("it has not come to pass that %s", what)
		}
	}
}

func (r *haltRig) inFlight(c *reconciler.Cycle) (n int) {
	for _, name := range c.Fleet.Names() {
		row, _ := c.Fleet.Find(name)
		if x := c.Fleet.Cluster(row); x.InFlight() {
			n++
		}
	}
	return n
}

// halted is one halt, as times since the webhook.
type halted struct {
	answer, recorded, effect time.Duration
	touchedAfter             int // replicas, after the halt was recorded
	touchedBefore            int // replicas, from the webhook to the halt
}

// halt lets a monitor fire on a cluster, has Datadog call, and waits until every
// cluster in flight says that it is paused and nothing is restarting any more.
func (r *haltRig) halt(name string) halted {
	r.t.Helper()
	group := "kafka_cluster:" + name
	r.witness.mu.Lock()
	r.witness.recorded = time.Time{}
	r.witness.mu.Unlock()
	before, _, err := r.fleet.Touches()
	if err != nil {
		r.t.Fatal(err)
	}
	r.server.Change(1, group, func(g *datadogtest.Group) { g.Status, g.Triggered = "Alert", time.Now() })
	began := time.Now()
	r.call()
	r.until("the release is paused and at rest", func(c *reconciler.Cycle) bool { return paused(c) && len(c.Plan.Actions) == 0 })
	// Whatever were decided late would be done by now.
	time.Sleep(300 * time.Millisecond)
	r.witness.mu.Lock()
	defer r.witness.mu.Unlock()
	out := halted{answer: r.witness.answer.Sub(began), recorded: r.witness.recorded.Sub(began), effect: r.witness.effect.Sub(began)}
	after, _, err := r.fleet.Touches()
	if err != nil {
		r.t.Fatal(err)
	}
	for _, touch := range after[len(before):] {
		if touch.At.After(r.witness.recorded) {
			out.touchedAfter++
		} else {
			out.touchedBefore++
		}
	}
	return out
}

// call is what Datadog does when a monitor has changed.
func (r *haltRig) call() {
	r.t.Helper()
	req := httptest.NewRequest(http.MethodPost, "/datadog", strings.NewReader("{}"))
	req.Header.Set(datadog.DefaultWebhookHeader, "secret")
	answer := httptest.NewRecorder()
	if r.hook.ServeHTTP(answer, req); answer.Code != http.StatusAccepted {
		r.t.Fatalf("the webhook answers %d", answer.Code)
	}
}

// goOn has the release go on after a halt.
func (r *haltRig) goOn(name string) {
	r.t.Helper()
	r.server.Change(1, "kafka_cluster:"+name, func(g *datadogtest.Group) { g.Status = "OK" })
	r.call()
	release := ""
	r.loop.View(func(c *reconciler.Cycle) { release = c.Plan.Rollouts[0].Release })
	r.until("it is quiet again", func(c *reconciler.Cycle) bool { return len(c.Signals.Alerts) == 0 })
	for _, c := range []plan.Command{
		{Kind: plan.CommandRetry, Cluster: name, Reason: "try again"}, {Kind: plan.CommandResume, Release: release, Reason: "go on"},
	} {
		c.At, c.By = time.Now(), "ada"
		if _, err := r.store.Submit(r.t.Context(), c); err != nil {
			r.t.Fatal(err)
		}
	}
	r.loop.Wake()
	r.until("it goes on", func(c *reconciler.Cycle) bool { return !paused(c) && len(c.Acted) > 0 })
	time.Sleep(time.Duration(1000+rand.IntN(1500)) * time.Millisecond)
}

func TestAfterAHaltNoReplicaIsTouchedInAnyDataPlane(t *testing.T) {
	r := newHaltRig(t, 25, 40, 2*time.Second)
	for i := range 3 {
		time.Sleep(time.Second)
		if h := r.halt(cluster(i)); h.touchedAfter != 0 || h.recorded <= 0 {
			t.Errorf("halt %d: %+v", i, h)
		}
		r.goOn(cluster(i))
	}
}

func paused(c *reconciler.Cycle) bool {
	r := c.State.Releases[c.Plan.Rollouts[0].Release]
	return r != nil && r.Paused != nil
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }
