package plan_test

import (
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

func TestTheNextOpeningIsWhenAClusterMayStart(t *testing.T) {
	for _, tt := range []struct {
		name    string
		windows func(w *world)
		opens   time.Duration // from now; -1 for never
	}{
		{"nothing is closed, so nothing opens", func(*world) {}, -1},
		{"a blackout ends", func(w *world) { w.blackout(-time.Hour, 3*time.Hour, fleet.InFlightFinish) }, 3 * time.Hour},
		{"a blackout ends, and the next begins too soon", func(w *world) {
			w.blackout(-time.Hour, 3*time.Hour, fleet.InFlightFinish)
			w.blackout(3*time.Hour+5*time.Minute, 6*time.Hour, fleet.InFlightFinish)
		}, 6 * time.Hour},
		{"it would not be done when the blackout begins", func(w *world) {
			w.blackout(5*time.Minute, 2*time.Hour, fleet.InFlightFinish)
		}, 2 * time.Hour},
		{"maintenance begins", func(w *world) {
			w.window(fleet.WindowSpec{Type: fleet.Maintenance, From: local(w.now.Add(4 * time.Hour)), Until: local(w.now.Add(9 * time.Hour))})
		}, 4 * time.Hour},
		{"maintenance is over for good", func(w *world) {
			w.window(fleet.WindowSpec{Type: fleet.Maintenance, From: local(w.now.Add(-4 * time.Hour)), Until: local(w.now.Add(-time.Hour))})
		}, -1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := provenWorld(t)
			tt.windows(w)
			w.promote()
			w.next()
			w.next()
			begin := w.now
			row, _ := w.inv.Find("prod-0")
			at, ok := w.plan.NextOpening(row)
			if ok != (tt.opens >= 0) {
				t.Fatalf("opens %v %v while %v", at, ok, w.plan.Reason(row))
			}
			if !ok {
				return
			}
			if d := at.Sub(begin); d > tt.opens || d < tt.opens-2*time.Minute {
				t.Errorf("opens %s from now, want %s", d, tt.opens)
			}
			w.now = at.Add(-31 * time.Second)
			w.next()
			if r := w.decision("prod-0").Reason; r != plan.WindowClosed && r != plan.WindowTooShort {
				t.Errorf("a second before: %s", r)
			}
			w.now = at.Add(-30 * time.Second)
			w.next()
			if r := w.decision("prod-0").Reason; r == plan.WindowClosed || r == plan.WindowTooShort {
				t.Errorf("at the opening: %s", r)
			}
		})
	}
}

func TestAClusterThatAWindowStopsGoesOnWhenThatWindowEnds(t *testing.T) {
	w := provenWorld(t)
	w.promote()
	w.until("prod-0 is under way", time.Hour, func() bool { return w.touches("prod-0") > 0 })
	w.blackout(-time.Minute, 2*time.Hour, fleet.InFlightPause)
	w.blackout(time.Hour, 5*time.Hour, fleet.InFlightFinish)
	w.next()
	row, _ := w.inv.Find("prod-0")
	if v := w.plan.Decision(row).Verdict; v != plan.Stopped {
		t.Fatalf("it is %s", v)
	}
	if at, ok := w.plan.NextOpening(row); !ok || at.Sub(w.now) > 2*time.Hour || at.Sub(w.now) < 2*time.Hour-2*time.Minute {
		t.Errorf("opens %v %v, now %v", at, ok, w.now)
	}
}
