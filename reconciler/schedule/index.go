package schedule

import "time"

// Index evaluates many windows by window, not by cluster.
type Index struct{ windows []*Window }

// NewIndex returns an index of windows. Snapshots number them as they are here.
func NewIndex(windows []*Window) *Index { return &Index{windows: windows} }

// Snapshot is how all windows of an index stand at a moment, and until when
// that holds. It never changes.
type Snapshot struct {
	at     time.Time
	states []State
	next   time.Time
	// Changed are the windows that are inside now and were not in the snapshot
	// before, or the other way round; all that are inside when there was none.
	Changed []int
}

// At returns the snapshot of a moment. As long as no window changes between the
// moment of prev and this one, it is prev itself. With a clock that went
// backwards everything is looked at again.
func (ix *Index) At(now time.Time, prev *Snapshot) *Snapshot {
	if prev != nil && len(prev.states) == len(ix.windows) && !now.Before(prev.at) && (prev.next.IsZero() || now.Before(prev.next)) {
		return prev
	}
	s := &Snapshot{at: now, states: make([]State, len(ix.windows))}
	fresh := prev == nil || len(prev.states) != len(ix.windows)
	for i, w := range ix.windows {
		var old State
		if !fresh {
			old = prev.states[i]
		}
		state := old
		if fresh || now.Before(prev.at) || (!old.Until.IsZero() && !now.Before(old.Until)) {
			state = w.At(now)
		}
		s.states[i] = state
		if state.Inside != old.Inside {
			s.Changed = append(s.Changed, i)
		}
		if !state.Until.IsZero() && (s.next.IsZero() || state.Until.Before(s.next)) {
			s.next = state.Until
		}
	}
	return s
}

// State returns how a window stands.
func (s *Snapshot) State(window int) State { return s.states[window] }

// NextFlip returns when the next window changes; zero when none ever does.
func (s *Snapshot) NextFlip() time.Time { return s.next }
