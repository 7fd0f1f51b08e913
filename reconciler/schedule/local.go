package schedule

import "time"

// instant returns when the clocks of the window's zone show a local time, which
// is given as if it were in UTC. A time that comes twice has two answers, and
// one that does not exist is read as the whole gap: early chooses the first
// moment, else it is the last.
func (w *Window) instant(local time.Time, early bool) time.Time {
	first, last := w.instants(local)
	if early {
		return first
	}
	return last
}

// instants returns the first and the last moment that a local time may mean.
func (w *Window) instants(local time.Time) (first, last time.Time) {
	// Offsets in force around the local time. No zone changes twice in a day.
	before, after := w.offset(local.Add(-26*time.Hour)), w.offset(local.Add(26*time.Hour))
	a, b := local.Add(-before), local.Add(-after)
	if before == after {
		return a, a
	}
	aFits, bFits := w.offset(a) == before, w.offset(b) == after
	switch {
	case aFits && bFits:
		if a.After(b) {
			a, b = b, a
		}
		return a, b
	case aFits:
		return a, a
	case bFits:
		return b, b
	default:
		// The clocks jumped over it: the gap is where the offset changes.
		gap := w.transition(local.Add(-before-26*time.Hour), local.Add(-after+26*time.Hour))
		return gap, gap
	}
}

// offset is how far the zone's clocks are ahead of UTC at t.
func (w *Window) offset(t time.Time) time.Duration {
	_, seconds := t.In(w.zone).Zone()
	return time.Duration(seconds) * time.Second
}

// transition finds the moment between a and b at which the offset changes.
func (w *Window) transition(a, b time.Time) time.Time {
	before := w.offset(a)
	for b.Sub(a) > time.Second {
		mid := a.Add(b.Sub(a) / 2).Truncate(time.Second)
		if !mid.After(a) {
			break
		}
		if w.offset(mid) == before {
			a = mid
		} else {
			b = mid
		}
	}
	return b.UTC()
}
