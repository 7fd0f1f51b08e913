package schedule

import "time"

// searchYears bounds how far the calendar is searched. Five fields repeat at
// the latest after 28 years (29 February on a given weekday), or 40 around a
// century that is no leap year.
const searchYears = 40

// localAfter returns the first local time after the given one (both written as
// if in UTC) that matches the cron expression. Searching in a zone without
// clock changes is what keeps the search from missing or repeating an hour, and
// from never ending.
func (w *Window) localAfter(local time.Time) (time.Time, bool) {
	s := *w.schedule
	s.Location = time.UTC
	next := s.Next(local)
	if next.IsZero() {
		// The parser's search ends after five years: 29 February on a Monday
		// may be further away.
		for y := 5; y <= searchYears && next.IsZero(); y += 5 {
			next = s.Next(time.Date(local.Year()+y, 1, 1, 0, 0, 0, 0, time.UTC).Add(-time.Second))
		}
	}
	return next, !next.IsZero()
}

// occurrence returns the time that the occurrence at a local time covers. For a
// maintenance window it may be empty.
func (w *Window) occurrence(local time.Time) Interval {
	first, last := w.instants(local)
	if w.kind == Maintenance {
		return Interval{Start: last, End: first.Add(w.duration)}
	}
	return Interval{Start: first, End: last.Add(w.duration)}
}

// maxMerged bounds how many occurrences one interval is merged from. A window
// whose occurrences still overlap after that many never ends for all purposes.
const maxMerged = 20000

// merged returns the first interval that ends after t: the one that contains t,
// or the next. Occurrences that touch or overlap are one interval.
func (w *Window) merged(t time.Time) (Interval, bool) {
	if w.schedule == nil {
		return w.once, w.once.End.After(t) && w.once.End.After(w.once.Start)
	}
	local := t.UTC().Add(w.offset(t)).Add(-w.duration - 26*time.Hour)
	horizon := local.AddDate(searchYears, 0, 0)
	var current Interval
	found := false
	for range maxMerged {
		next, ok := w.localAfter(local)
		if !ok || (!found && next.After(horizon)) {
			return current, found
		}
		local = next
		o := w.occurrence(next)
		switch {
		case !o.End.After(o.Start) || (!found && !o.End.After(t)):
		case !found:
			current, found = o, true
		case o.Start.After(current.End):
			return current, true
		case o.End.After(current.End):
			current.End = o.End
		}
	}
	if found {
		current.End = time.Time{}
	}
	return current, found
}
