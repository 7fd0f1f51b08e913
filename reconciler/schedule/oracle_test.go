package schedule

import (
	"fmt"
	"testing"
	"time"
	_ "time/tzdata"

	"pgregory.net/rapid"
)

// TestAWindowIsInsideWhereMinuteByMinuteItShouldBe compares windows with an
// oracle that knows no calendar arithmetic: it looks at the zone's clocks minute
// by minute.
func TestAWindowIsInsideWhereMinuteByMinuteItShouldBe(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		zone := rapid.SampledFrom([]string{
			"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Asia/Kathmandu", "Africa/Casablanca",
		}).Draw(t, "zone")
		rule := Rule{
			Kind: rapid.SampledFrom([]Kind{Blackout, Maintenance}).Draw(t, "kind"), TimeZone: zone,
			Duration: time.Duration(rapid.IntRange(1, 30*60).Draw(t, "minutes")) * time.Minute,
		}
		minute, hour := rapid.IntRange(0, 59).Draw(t, "minute"), rapid.IntRange(0, 23).Draw(t, "hour")
		weekday := rapid.IntRange(-1, 6).Draw(t, "weekday")
		day := "*"
		if weekday >= 0 {
			day = fmt.Sprint(weekday)
		}
		rule.Cron = fmt.Sprintf("%d %d * * %s", minute, hour, day)
		w, err := New(rule)
		if err != nil {
			t.Skip(err) // it overlaps itself for ever
		}
		loc, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		// Around the changes of the clocks, north and south.
		month := rapid.SampledFrom([]time.Month{time.March, time.April, time.September, time.October, time.November}).Draw(t, "month")
		at := time.Date(2026, month, rapid.IntRange(1, 31).Draw(t, "day"), rapid.IntRange(0, 23).Draw(t, "at hour"), rapid.IntRange(0, 59).Draw(t, "at minute"), 0, 0, time.UTC)
		want := oracle(rule, loc, minute, hour, weekday, at)
		state := w.At(at)
		if state.Inside != want {
			t.Fatalf("%+v at %s (%s local): inside %v, want %v", rule, at, at.In(loc), state.Inside, want)
		}
		if state.Until.IsZero() {
			return
		}
		// The state holds up to Until, and there it changes.
		if until := state.Until; until.Sub(at) < 60*24*time.Hour {
			before := until.Add(-time.Minute)
			if !before.Before(at) && w.At(before).Inside != want {
				t.Fatalf("%+v at %s holds until %s, but not a minute before", rule, at, until)
			}
			if w.At(until).Inside == want {
				t.Fatalf("%+v at %s should change at %s", rule, at, until)
			}
			if oracle(rule, loc, minute, hour, weekday, until) == want {
				t.Fatalf("%+v at %s changes at %s, where minute by minute it does not", rule, at, until)
			}
		}
	})
}

// oracle says whether a moment is inside a window.
func oracle(rule Rule, loc *time.Location, minute, hour, weekday int, at time.Time) bool {
	from := at.Add(-rule.Duration - 3*24*time.Hour).Truncate(time.Minute)
	matches := func(local time.Time) bool {
		return local.Minute() == minute && local.Hour() == hour && (weekday < 0 || int(local.Weekday()) == weekday)
	}
	wall := func(t time.Time) time.Time {
		l := t.In(loc)
		return time.Date(l.Year(), l.Month(), l.Day(), l.Hour(), l.Minute(), 0, 0, time.UTC)
	}
	first, last := map[time.Time]time.Time{}, map[time.Time]time.Time{}
	note := func(local, t time.Time) {
		if _, ok := first[local]; !ok {
			first[local] = t
		}
		last[local] = t
	}
	before := wall(from)
	for t := from; t.Before(at.Add(3 * 24 * time.Hour)); t = t.Add(time.Minute) {
		local := wall(t)
		// Minutes of the clock that were jumped over happen at the jump.
		for skipped := before.Add(time.Minute); skipped.Before(local); skipped = skipped.Add(time.Minute) {
			if matches(skipped) {
				note(skipped, t)
			}
		}
		if matches(local) {
			note(local, t)
		}
		before = local
	}
	for local := range first {
		start, end := first[local], last[local].Add(rule.Duration)
		if rule.Kind == Maintenance {
			start, end = last[local], first[local].Add(rule.Duration)
		}
		if !at.Before(start) && at.Before(end) {
			return true
		}
	}
	return false
}
