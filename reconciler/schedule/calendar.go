package schedule

import (
	"time"

	"github.com/robfig/cron/v3"
)

// maxYears bounds how far the calendar is searched. What depends on the weekday
// of a date in a leap year comes again after 28 years, or 40 around a century
// that is no leap year; the longest duration adds one.
const maxYears = 48

// calendar is a cron expression taken apart: on which days it happens, and when
// on such a day. It is walked day by day of the wall calendar, where no day is
// longer than another: so no change of the clocks can hide an occurrence, repeat
// it or keep the search from ending.
type calendar struct {
	cron *cron.SpecSchedule
	// single are the occurrences of one day. Runs are the same, joined where
	// one begins before or when the duration of the one before is over.
	single, runs []run
}

// run is a sequence of occurrences: the times of day at which the first and the
// last of them begin.
type run struct{ first, last time.Duration }

const day = 24 * time.Hour

func newCalendar(s *cron.SpecSchedule, lasts time.Duration) *calendar {
	c := &calendar{cron: s}
	for minute := range 24 * 60 {
		if s.Hour&(1<<(minute/60)) != 0 && s.Minute&(1<<(minute%60)) != 0 {
			at := time.Duration(minute) * time.Minute
			c.single = append(c.single, run{at, at})
		}
	}
	c.runs = join(c.single, lasts)
	return c
}

// join makes runs of occurrences that are no further apart than that.
func join(single []run, apart time.Duration) []run {
	var out []run
	for _, r := range single {
		if n := len(out); n > 0 && r.first-out[n-1].last <= apart {
			out[n-1].last = r.last
			continue
		}
		out = append(out, r)
	}
	return out
}

// has reports whether the expression happens on a local date.
func (c *calendar) has(date time.Time) bool {
	// The top bit tells that a field is a star. Cron asks for both fields when
	// one of them is, and for either when both name days.
	const star = 1 << 63
	if c.cron.Month&(1<<date.Month()) == 0 {
		return false
	}
	dom, dow := c.cron.Dom&(1<<date.Day()) != 0, c.cron.Dow&(1<<date.Weekday()) != 0
	if (c.cron.Dom|c.cron.Dow)&star != 0 {
		return dom && dow
	}
	return dom || dow
}

// from returns the first date with occurrences that is not before the given one
// and before end.
func (c *calendar) from(date, end time.Time) (time.Time, bool) {
	for date.Before(end) {
		switch {
		case c.cron.Month&(1<<date.Month()) == 0:
			date = time.Date(date.Year(), date.Month()+1, 1, 0, 0, 0, 0, time.UTC)
		case c.has(date):
			return date, true
		default:
			date = date.Add(day)
		}
	}
	return time.Time{}, false
}
