package schedule

import "time"

// State is how a window stands at a moment.
type State struct {
	Inside bool
	// Until is when that changes; zero when it never does again.
	Until time.Time
}

// At returns whether t is inside the window, and until when that holds.
func (w *Window) At(t time.Time) State {
	interval, ok := w.merged(t)
	switch {
	case !ok:
		return State{}
	case interval.Start.After(t):
		return State{Until: interval.Start.UTC()}
	case interval.End.IsZero():
		return State{Inside: true}
	default:
		return State{Inside: true, Until: interval.End.UTC()}
	}
}

// Next returns the interval that contains t or else the next one; false when
// there is none.
func (w *Window) Next(t time.Time) (Interval, bool) {
	interval, ok := w.merged(t)
	if ok {
		interval.Start = w.since(interval.Start).UTC()
	}
	if ok && !interval.End.IsZero() {
		interval.End = interval.End.UTC()
	}
	return interval, ok
}

// Kind returns whether the window is a blackout or a maintenance window.
func (w *Window) Kind() Kind { return w.kind }
