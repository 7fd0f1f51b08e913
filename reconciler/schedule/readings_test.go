package schedule

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// zones change their clocks in every way that zones do: by an hour, half an hour,
// two hours, a whole day, at midnight, in the south, at the wrong time of the
// year, and by moving the zone itself.
var zones = []string{
	"UTC", "Europe/Berlin", "Europe/Dublin", "America/New_York", "America/Santiago", "America/Sao_Paulo", "America/Havana",
	"America/Caracas", "America/Godthab", "America/St_Johns", "Australia/Lord_Howe", "Australia/Adelaide", "Africa/Casablanca",
	"Africa/Cairo", "Asia/Gaza", "Asia/Tehran", "Asia/Beirut", "Asia/Pyongyang", "Asia/Kathmandu", "Antarctica/Troll",
	"Antarctica/Casey", "Pacific/Apia", "Pacific/Kiritimati", "Pacific/Chatham", "Pacific/Norfolk", "Atlantic/Azores", "Asia/Amman", "America/Asuncion", "America/Montevideo", "Africa/Tripoli", "Europe/Volgograd", "Asia/Kamchatka",
}

// changes returns the moments between two years at which a zone changes its clocks.
func changes(loc *time.Location, from, to int) []time.Time {
	var out []time.Time
	offset := func(t time.Time) int { _, s := t.In(loc).Zone(); return s }
	end := time.Date(to, 1, 1, 0, 0, 0, 0, time.UTC)
	for t := time.Date(from, 1, 1, 0, 0, 0, 0, time.UTC); t.Before(end); t = t.Add(6 * time.Hour) {
		if offset(t) == offset(t.Add(6*time.Hour)) {
			continue
		}
		for m := t; ; m = m.Add(time.Minute) {
			if offset(m) != offset(m.Add(time.Minute)) {
				out = append(out, m.Add(time.Minute))
				break
			}
		}
	}
	return out
}

func clock(t time.Time, loc *time.Location) time.Time {
	l := t.In(loc)
	return time.Date(l.Year(), l.Month(), l.Day(), l.Hour(), l.Minute(), l.Second(), 0, time.UTC)
}

// TestLocalTimesAreFoundWhereverTheClocksShowThem goes through all changes of
// the clocks of many zones and compares with what the clocks show there.
func TestLocalTimesAreFoundWhereverTheClocksShowThem(t *testing.T) {
	const step = 15 * time.Minute
	for _, zone := range zones {
		loc, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		w := &Window{zone: loc}
		for _, change := range changes(loc, 2000, 2037) {
			shown := map[time.Time][]time.Time{}
			for m := change.Add(-52 * time.Hour); m.Before(change.Add(52 * time.Hour)); m = m.Add(step) {
				c := clock(m, loc)
				shown[c] = append(shown[c], m)
			}
			middle := clock(change, loc)
			for m := middle.Add(-25 * time.Hour); m.Before(middle.Add(25 * time.Hour)); m = m.Add(step) {
				want := []time.Time{change} // where the clocks jumped over it
				if at := shown[m]; len(at) > 0 {
					want = at
				}
				if first, last := w.instants(m); !first.Equal(want[0]) || !last.Equal(want[len(want)-1]) {
					t.Errorf("%s shows %s from %s to %s, want %s", zone, m, first, last, want)
					break
				}
			}
		}
	}
}

// TestAWindowErrsTowardsSafety reads windows in the two ways in which people
// read them, without knowing anything of zones: an occurrence lasts until the
// clock shows its end, or it lasts for its duration. A blackout covers both. A
// maintenance window covers nothing that one of them leaves out.
func TestAWindowErrsTowardsSafety(t *testing.T) {
	changesOf := map[string][]time.Time{}
	rapid.Check(t, func(t *rapid.T) {
		zone := rapid.SampledFrom(zones).Draw(t, "zone")
		loc, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		if changesOf[zone] == nil {
			quiet := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
			changesOf[zone] = append(changes(loc, 2008, 2030), quiet)
		}
		change := rapid.SampledFrom(changesOf[zone]).Draw(t, "change")
		cron := drawCron(t)
		lasts := time.Duration(rapid.IntRange(1, 40*60).Draw(t, "minutes")) * time.Minute
		kind := rapid.SampledFrom([]Kind{Blackout, Maintenance}).Draw(t, "kind")
		w, err := New(Rule{Kind: kind, Cron: cron.String(), Duration: lasts, TimeZone: zone})
		if err != nil {
			t.Skip(err) // it never comes, or never ends
		}
		at := change.Add(time.Duration(rapid.IntRange(-60*60, 60*60).Draw(t, "at")) * time.Minute)
		byClock, byDuration := false, false
		for ago := time.Duration(0); ago < lasts; ago += time.Minute {
			byClock = byClock || cron.match(clock(at, loc).Add(-ago))
			byDuration = byDuration || slices.ContainsFunc(shownAt(at.Add(-ago), loc), cron.match)
		}
		inside := w.At(at).Inside
		if kind == Blackout && !inside && (byClock || byDuration) || kind == Maintenance && inside && (!byClock || !byDuration) {
			t.Fatalf("%s for %s at %s (%s): inside %v; by the clock %v, by duration %v",
				cron, lasts, at, clock(at, loc), inside, byClock, byDuration)
		}
	})
}

// shownAt returns what the clocks show at a minute, and what they jump over then.
func shownAt(t time.Time, loc *time.Location) []time.Time {
	now, before := clock(t, loc), clock(t.Add(-time.Minute), loc)
	out := []time.Time{now}
	for m := before.Add(time.Minute); m.Before(now); m = m.Add(time.Minute) {
		out = append(out, m)
	}
	return out
}
