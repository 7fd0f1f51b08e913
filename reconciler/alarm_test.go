package reconciler_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

func TestAnAlarmIsHeardAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watch(t)
		defer w.stop()
		time.Sleep(time.Second)
		synctest.Wait()
		if err := w.repo.commit("c1"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2*time.Minute + 3*time.Second)
		synctest.Wait()
		if err := w.fleet.Alert("c1", "under-replicated", time.Hour); err != nil {
			t.Fatal(err)
		}
		w.loop.Alert()
		w.look(func(c *reconciler.Cycle) {
			if r := c.State.Releases["kafka-7.6.1-c1"]; r == nil || r.Paused == nil {
				t.Errorf("not halted in the moment of the alarm; problems %v", c.Problems)
			}
		})
	})
}

func TestAFloodOfAlarmsIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watch(t)
		defer w.stop()
		time.Sleep(time.Second)
		cycles := func() (n int) {
			w.look(func(c *reconciler.Cycle) { n = c.Number })
			return n
		}
		before := cycles()
		for range 2000 {
			w.loop.Alert()
			w.loop.Look()
			time.Sleep(time.Millisecond)
		}
		if n := cycles() - before; n < 20 || n > 21 {
			t.Errorf("%d cycles in two seconds of alarms, want one each tenth of a second", n)
		}
	})
}

func TestAnAlarmStopsWhatWasDecidedBeforeIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watch(t)
		defer w.stop()
		time.Sleep(time.Second)
		synctest.Wait()
		alarms := 0
		w.ledger.recorded = func(events []plan.Event) {
			if slices.ContainsFunc(events, func(e plan.Event) bool { return e.Kind == plan.ClusterStepped }) && alarms == 0 {
				alarms++
				if err := w.fleet.Alert("c1", "under-replicated", time.Hour); err != nil {
					t.Error(err)
				}
				w.loop.Alert()
			}
		}
		if err := w.repo.commit("c1"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		w.look(func(c *reconciler.Cycle) {
			if r := c.State.Releases["kafka-7.6.1-c1"]; r == nil || r.Paused == nil {
				t.Errorf("not halted; problems %v", c.Problems)
			}
		})
		if touches, _, err := w.fleet.Touches(); err != nil || alarms != 1 || len(touches) != 0 {
			t.Errorf("%d alarms, %d replicas touched by a step that was decided before the alarm and recorded after, %v", alarms, len(touches), err)
		}
	})
}
