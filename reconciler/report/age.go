package report

import (
	"strconv"
	"time"
)

// clock writes a time for people: to the minute, in UTC; the date only when it
// is not the day of now.
func clock(t, now time.Time) string {
	t, now = t.UTC(), now.UTC()
	switch {
	case t.IsZero():
		return "-"
	case t.Format(time.DateOnly) == now.Format(time.DateOnly):
		return t.Format("15:04")
	case t.Year() == now.Year():
		return t.Format("Mon 2 Jan 15:04")
	default:
		return t.Format("2 Jan 2006 15:04")
	}
}

// span writes a length of time for people: its two largest units.
func span(d time.Duration) string {
	if d < 0 {
		d = -d
	}
	switch {
	case d < time.Second:
		return "0s"
	case d < time.Minute:
		return d.Round(time.Second).String()
	}
	d = d.Round(time.Minute)
	units := []struct {
		n    int
		unit string
	}{{int(d / (24 * time.Hour)), "d"}, {int(d/time.Hour) % 24, "h"}, {int(d/time.Minute) % 60, "m"}}
	out := ""
	for n, u := range units {
		if u.n == 0 {
			continue
		}
		if out != "" {
			return out + " " + strconv.Itoa(u.n) + u.unit
		}
		out = strconv.Itoa(u.n) + u.unit
		if n == 2 {
			return out
		}
	}
	return out
}

func short(commit string) string { return commit[:min(7, len(commit))] }

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

// stamp writes a time for people who read it later: to the minute, in UTC, with
// its date; the year only when it is not that of the report.
func stamp(t, at time.Time) string {
	t, at = t.UTC(), at.UTC()
	switch {
	case t.IsZero():
		return "-"
	case t.Year() == at.Year():
		return t.Format("Mon 2 Jan 15:04")
	default:
		return t.Format("Mon 2 Jan 2006 15:04")
	}
}
