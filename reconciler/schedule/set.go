package schedule

import (
	"math"
	"time"
)

// Verdict is how a set of windows stands at a moment.
type Verdict struct {
	// Blocked tells that nothing may start: inside a blackout, or outside of
	// all maintenance windows where there are any.
	Blocked bool
	// By are the indices of the windows that block.
	By []int
	// Until is when that changes. It is zero when it does not within the
	// horizon.
	Until time.Time
}

// At judges a set of windows, looking ahead no further than horizon.
func At(windows []*Window, t time.Time, horizon time.Duration) Verdict {
	blocked, by, flip := judge(windows, t)
	v := Verdict{Blocked: blocked, By: by}
	end := t.Add(horizon)
	for !flip.IsZero() && flip.Before(end) {
		now, _, next := judge(windows, flip)
		if now != blocked {
			v.Until = flip
			return v
		}
		flip = next
	}
	return v
}

// judge says whether a set is blocked, by what, and when any of its windows
// changes next.
func judge(windows []*Window, t time.Time) (blocked bool, by []int, flip time.Time) {
	maintenance, inside := false, false
	var outside []int
	for i, w := range windows {
		s := w.At(t)
		if !s.Until.IsZero() && (flip.IsZero() || s.Until.Before(flip)) {
			flip = s.Until
		}
		switch {
		case w.kind == Maintenance:
			maintenance = true
			inside = inside || s.Inside
			if !s.Inside {
				outside = append(outside, i)
			}
		case s.Inside:
			by = append(by, i)
		}
	}
	if maintenance && !inside {
		by = append(by, outside...)
	}
	return len(by) > 0, by, flip
}

// NextOpening returns the first moment from t on at which a set of windows is
// open for at least d. It returns false when there is none within the horizon.
func NextOpening(windows []*Window, t time.Time, d, horizon time.Duration) (time.Time, bool) {
	look := horizon + d
	if look < horizon {
		look = math.MaxInt64
	}
	for end := t.Add(horizon); t.Before(end); {
		v := At(windows, t, look)
		if v.Blocked {
			if v.Until.IsZero() {
				return time.Time{}, false
			}
			t = v.Until
			continue
		}
		if v.Until.IsZero() || v.Until.Sub(t) >= d {
			return t, true
		}
		t = v.Until
	}
	return time.Time{}, false
}
