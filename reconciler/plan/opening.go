package plan

import (
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/schedule"
)

// openingHorizon is how far NextOpening looks ahead.
const openingHorizon = 92 * 24 * time.Hour

// openingKey is what an opening depends on, within a cycle.
type openingKey struct {
	set    int32
	lasts  time.Duration
	flying bool
}

// NextOpening returns when the windows of a cluster that waits for them next leave
// room for its upgrade: not only when a blackout ends, but when there is time
// enough before the next one. It returns false when the cluster waits for something
// else, or when there is no such moment within three months. Only the newest plan
// knows, until its inventory or its state change.
func (p *Plan) NextOpening(r Row) (time.Time, bool) {
	if p.memo == nil || int(r) >= len(p.memo.class) {
		return time.Time{}, false
	}
	switch p.dec.at(r).Reason {
	case WindowClosed, WindowTooShort:
	default:
		return time.Time{}, false
	}
	v := p.memo.viewOf(r)
	if v == nil || v.product == nil || p.memo.class[r] < 0 {
		return time.Time{}, false
	}
	at := p.cycle.opening(r, v)
	return at, !at.IsZero()
}

func (c *cycle) opening(r Row, v *view) time.Time {
	key := openingKey{set: c.memo.classes.list[c.memo.class[r]].set, flying: c.in.Fleet.inFlight(r), lasts: 1}
	if !key.flying {
		key.lasts = c.estimate(v, int(c.in.Fleet.col.replicas[r]))
	}
	if at, known := c.openings[key]; known {
		return at
	}
	at, _ := schedule.NextOpening(c.windowsOf(key), c.in.Now, key.lasts, openingHorizon)
	if c.openings == nil {
		c.openings = map[openingKey]time.Time{}
	}
	c.openings[key] = at
	return at
}

// windowsOf returns the windows that hold a cluster: all of its set before it
// starts; once it is in flight, those whose rule says pause.
func (c *cycle) windowsOf(key openingKey) []*schedule.Window {
	spec := c.in.Policy.Spec.Windows
	pauses := func(t fleet.WindowType) bool {
		for _, w := range c.memo.sets[key.set].windows {
			if spec[w].Spec.Type == t && spec[w].Spec.InFlight == fleet.InFlightPause {
				return true
			}
		}
		return false
	}
	// Of several maintenance windows any one lets a cluster go on.
	maintained := pauses(fleet.Maintenance)
	var out []*schedule.Window
	for _, w := range c.memo.sets[key.set].windows {
		holds := spec[w].Spec.InFlight == fleet.InFlightPause
		if spec[w].Spec.Type == fleet.Maintenance {
			holds = maintained
		}
		if !key.flying || holds {
			out = append(out, c.in.Policy.windows[w])
		}
	}
	return out
}
