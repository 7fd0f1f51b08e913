package reconciler_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/wavegate-dev/wavegate/internal/simfleet"
	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/admission"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// watched is a loop in a bubble of time, with parts that can be made to hang.
type watched struct {
	fleet   *simfleet.Fleet
	repo    *hangingRepo
	ledger  *memoryLedger
	planes  []reconciler.DataPlane
	loop    *reconciler.Reconciler
	stopped chan struct{}
	cancel  context.CancelFunc
}

// hangingRepo does not answer while it is told to hang.
type hangingRepo struct {
	*scriptedRepo
	hangs atomic.Bool
	mu    sync.Mutex
}

// commit adds a commit while the loop runs.
func (r *hangingRepo) commit(id string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.scriptedRepo.commit(id, "")
}

func (r *hangingRepo) Log(ctx context.Context, base, head string) ([]admission.Commit, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.scriptedRepo.Log(ctx, base, head)
}

func (r *hangingRepo) Fetch(ctx context.Context) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.hangs.Load() {
		<-ctx.Done()
		return "", ctx.Err()
	}
	return r.scriptedRepo.Fetch(ctx)
}

// hangingPlane does not answer while it is told to hang, and does not heed its
// context either.
type hangingPlane struct {
	reconciler.DataPlane
	hangs   atomic.Bool
	release chan struct{}
}

func (p *hangingPlane) Observe(ctx context.Context, products []fleet.Product, cursor string) (plan.Observation, error) {
	if p.hangs.Load() {
		<-p.release
		return plan.Observation{}, errors.New("released")
	}
	return p.DataPlane.Observe(ctx, products, cursor)
}

// Report fails: that stops nothing.
func (w *watched) Report(context.Context, *reconciler.Cycle) error {
	return errors.New("nobody listens")
}

// watch starts a loop on the repository and the clusters of a story's file.
func watch(t *testing.T) *watched {
	t.Helper()
	data, err := os.ReadFile("testdata/train.txtar")
	if err != nil {
		t.Fatal(err)
	}
	archive := txtar.Parse(data)
	w := &watched{ledger: newMemoryLedger(), stopped: make(chan struct{})}
	minute := simfleet.Span{Min: time.Minute, Max: time.Minute}
	w.fleet, err = simfleet.Open(simfleet.Config{Seed: 1, Now: time.Now, Restart: map[string]simfleet.Span{"kafka": minute}})
	if err != nil {
		t.Fatal(err)
	}
	s := &story{archive: archive}
	for _, line := range strings.Split(strings.TrimSpace(string(s.file("clusters"))), "\n") {
		if err := w.fleet.Add(member(t, line)); err != nil {
			t.Fatal(err)
		}
	}
	w.repo = &hangingRepo{scriptedRepo: newScriptedRepo(t, archive)}
	for _, d := range w.fleet.DataPlanes() {
		w.planes = append(w.planes, &hangingPlane{DataPlane: d, release: make(chan struct{})})
	}
	w.loop, err = reconciler.New(reconciler.Config{
		Source: w.repo, Loader: fleet.NewLoader(fleet.LoaderConfig{}), Approver: w.repo, DataPlanes: reconciler.These(w.planes...),
		Monitors: w.fleet, Ledger: w.ledger, Reporters: []reconciler.Reporter{w}, Now: time.Now, Interval: 20 * time.Second,
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
	return w
}

func (w *watched) stop() {
	w.cancel()
	<-w.stopped
	for _, p := range w.planes {
		close(p.(*hangingPlane).release)
	}
	_ = w.fleet.Close()
}

// look waits until the loop rests and looks at its last cycle.
func (w *watched) look(look func(*reconciler.Cycle)) {
	synctest.Wait()
	w.loop.View(look)
}

func TestTheLoopCyclesAtItsIntervalAndWhenItIsWoken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watch(t)
		defer w.stop()
		cycles := func() (n int) {
			w.look(func(c *reconciler.Cycle) { n = c.Number })
			return n
		}
		time.Sleep(time.Second)
		if n := cycles(); n != 1 {
			t.Fatalf("%d cycles in the first second", n)
		}
		time.Sleep(time.Minute)
		if n := cycles(); n != 4 {
			t.Errorf("%d cycles in a minute, want one each 20 seconds", n)
		}
		if err := w.repo.commit("c1"); err != nil {
			t.Fatal(err)
		}
		w.loop.Wake()
		w.look(func(c *reconciler.Cycle) {
			if got := c.State.InForce.Commit; got != "c1" {
				t.Errorf("in force %s right after the wake-up", got)
			}
		})
	})
}

func TestGitThatHangsDelaysNoHalt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watch(t)
		defer w.stop()
		time.Sleep(time.Second)
		synctest.Wait()
		if err := w.repo.commit("c1"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		w.repo.hangs.Store(true)
		if err := w.fleet.Alert("c1", "under-replicated", time.Hour); err != nil {
			t.Fatal(err)
		}
		time.Sleep(31 * time.Second) // a cycle, and its patience with git
		w.look(func(c *reconciler.Cycle) {
			if r := c.State.Releases["kafka-7.6.1-c1"]; r == nil || r.Paused == nil {
				t.Errorf("not halted while git hangs; problems %v", c.Problems)
			}
		})
		touches, _, err := w.fleet.Touches()
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		after, _, err := w.fleet.Touches()
		if err != nil || len(after) != len(touches) {
			t.Errorf("%d replicas touched after the halt, %v", len(after)-len(touches), err)
		}
	})
}

// TestTheLastCycleIsSeenWhileOneRuns: who asks how the fleet is does not wait for
// a data plane that does not answer.
func TestTheLastCycleIsSeenWhileOneRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watch(t)
		defer w.stop()
		if _, ok := w.loop.LastPulse(); ok {
			t.Error("a pulse before the first cycle")
		}
		time.Sleep(time.Second)
		synctest.Wait()
		before, ok := w.loop.LastPulse()
		if !ok || before.Number != 1 {
			t.Fatalf("pulse %+v, %v", before, ok)
		}
		for _, p := range w.planes {
			p.(*hangingPlane).hangs.Store(true)
		}
		time.Sleep(21 * time.Second) // the second cycle waits for the data planes
		began := time.Now()
		w.look(func(c *reconciler.Cycle) {
			if c.Number != 1 || len(c.Problems) > 0 || c.Plan.Totals[plan.Unknown] != 0 || c.Fleet.Len() == 0 {
				t.Errorf("cycle %d is seen, problems %v", c.Number, c.Problems)
			}
		})
		if pulse, _ := w.loop.LastPulse(); pulse != before || !time.Now().Equal(began) {
			t.Errorf("pulse %+v after %s, want %+v at once", pulse, time.Since(began), before)
		}
		time.Sleep(10 * time.Second) // it has given up
		w.look(func(c *reconciler.Cycle) {
			if c.Number != 2 || c.Plan.Totals[plan.Unknown] != c.Fleet.Len() {
				t.Errorf("cycle %d is seen, with %d of %d clusters unknown", c.Number, c.Plan.Totals[plan.Unknown], c.Fleet.Len())
			}
		})
	})
}

func TestADataPlaneThatHangsIsUnknownAndTheOthersGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watch(t)
		defer w.stop()
		time.Sleep(time.Second)
		synctest.Wait()
		for _, p := range w.planes {
			p.(*hangingPlane).hangs.Store(p.Name() == "gcp")
		}
		if err := w.repo.commit("c1"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Minute)
		w.look(func(c *reconciler.Cycle) {
			row, _ := c.Fleet.Find("p2")
			if got := c.Plan.Reason(row); got != "data plane gcp cannot be reached: no answer in time" {
				t.Errorf("p2: %q", got)
			}
			row, _ = c.Fleet.Find("c1")
			if d := c.Plan.Decision(row); d.Verdict != plan.Rolling && d.Verdict != plan.Current {
				t.Errorf("c1 is %s though its data plane answers", d.Verdict)
			}
		})
	})
}
