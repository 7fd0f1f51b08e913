package schedule

import "time"

// slack is more than the clocks of any zone are apart from UTC, and a day: what
// happens within a local day happens within slack of the same day in UTC.
const slack = day + 26*time.Hour

// covered returns the time that a run of occurrences covers, when the first and
// the last of them begin at these local times. It may be empty for maintenance.
//
// An occurrence ends when its duration has passed, and also when the clocks show
// its beginning plus its duration. These differ when the clocks change between:
// the later one ends a blackout, the earlier one ends maintenance.
func (w *Window) covered(from, to time.Time) Interval {
	start, lastStart := w.instants(from)
	first, last := start, lastStart
	if to != from {
		first, last = w.instants(to)
	}
	firstEnd, lastEnd := w.instants(to.Add(w.duration))
	if w.kind == Maintenance {
		return Interval{Start: lastStart, End: earlier(first.Add(w.duration), firstEnd)}
	}
	return Interval{Start: start, End: later(last.Add(w.duration), lastEnd)}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// empty reports whether an interval covers nothing.
func (i Interval) empty() bool { return !i.End.After(i.Start) }

// runs returns the occurrences of a day. When the clocks jump about them, those
// of a maintenance window are shortened by up to the jump: only those are joined
// that overlap by as much.
func (w *Window) runs(date time.Time) []run {
	if w.kind != Maintenance || w.duration >= 2*slack {
		return w.calendar.runs
	}
	jump := w.jump(date)
	if jump == 0 {
		return w.calendar.runs
	}
	return join(w.calendar.single, w.duration-jump)
}

// jump returns by how much the clocks change between the beginning of a day and
// the end of its occurrences.
func (w *Window) jump(date time.Time) time.Duration {
	before, _ := w.instants(date.Add(-time.Hour))
	_, after := w.instants(date.Add(day + w.duration + time.Hour))
	return (w.offset(after) - w.offset(before)).Abs()
}

// merged returns the first interval that ends after t: the one that contains t,
// or the next. Occurrences that touch or overlap are one interval. Its start may
// be that of an occurrence in its midst.
func (w *Window) merged(t time.Time) (Interval, bool) {
	if w.calendar == nil {
		return w.once, w.once.End.After(t) && !w.once.empty()
	}
	if !w.endless.IsZero() && !t.Before(w.endless) {
		return Interval{Start: w.endless}, true
	}
	date := t.UTC().Add(-w.duration - slack).Truncate(day)
	end := date.AddDate(maxYears, 0, 0)
	over := w.over(t)
	var current Interval
	found := false
	for ; ; date = date.Add(day) {
		next, ok := w.calendar.from(date, end)
		if !ok {
			break
		}
		date = next
		for _, r := range w.runs(date) {
			if !date.Add(r.last + w.duration).After(over) {
				continue
			}
			o := w.covered(date.Add(r.first), date.Add(r.last))
			switch {
			case o.empty() || (!found && !o.End.After(t)):
			case !found:
				current, found = o, true
				// It may go on for as long as anything can.
				end = date.AddDate(maxYears, 0, 0)
			case o.Start.After(current.End):
				return current, true
			default:
				current.End = later(current.End, o.End)
			}
		}
	}
	if found && end.Sub(current.End) < w.duration+2*slack {
		current.End = time.Time{}
	}
	return current, found
}

// over returns a local time: occurrences that end by then, read as local times,
// are over at t. Far from any change of the clocks it is what they show at t.
func (w *Window) over(t time.Time) time.Time {
	offset := w.offset(t)
	if w.duration > 2*slack || w.offset(t.Add(-w.duration-slack)) != offset || w.offset(t.Add(slack)) != offset {
		return t.UTC().Add(-slack)
	}
	return t.UTC().Add(offset)
}

// since returns when the interval that an occurrence belongs to began.
func (w *Window) since(start time.Time) time.Time {
	if w.calendar == nil {
		return start
	}
	date := start.UTC().Add(slack).Truncate(day)
	oldest := date.AddDate(-maxYears, 0, 0)
	for ; date.After(oldest) && date.Add(w.duration+2*slack).After(start); date = date.Add(-day) {
		if !w.calendar.has(date) {
			continue
		}
		runs := w.runs(date)
		for i := len(runs) - 1; i >= 0; i-- {
			o := w.covered(date.Add(runs[i].first), date.Add(runs[i].last))
			if !o.empty() && o.Start.Before(start) && !o.End.Before(start) {
				start = o.Start
			}
		}
	}
	return start
}
