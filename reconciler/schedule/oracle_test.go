package schedule

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"pgregory.net/rapid"
)

// clockChanges are days around which the clocks of a zone do something special.
var clockChanges = []struct{ zone, date string }{
	{"UTC", "2026-03-29"},
	{"Asia/Kathmandu", "2026-03-29"},
	{"Europe/Berlin", "2026-03-29"},
	{"Europe/Berlin", "2026-10-25"},
	{"America/New_York", "2026-03-08"},
	{"America/New_York", "2026-11-01"},
	{"Australia/Lord_Howe", "2026-04-05"}, // by half an hour
	{"Australia/Lord_Howe", "2026-10-04"},
	{"America/Santiago", "2026-04-05"}, // at midnight, in the south
	{"America/Santiago", "2026-09-06"},
	{"America/Sao_Paulo", "2018-11-04"},
	{"Africa/Casablanca", "2026-02-15"}, // for Ramadan
	{"Africa/Casablanca", "2026-03-22"},
	{"Antarctica/Troll", "2026-03-29"}, // by two hours
	{"Antarctica/Troll", "2026-10-25"},
	{"Asia/Pyongyang", "2018-05-05"}, // the zone itself moved
	{"Pacific/Apia", "2011-12-30"},   // this day was skipped
	{"Pacific/Kwajalein", "1993-08-21"},
	{"Europe/Berlin", "2026-12-31"},
	{"Europe/London", "2028-02-29"},
}

// TestAWindowIsInsideWhereMinuteByMinuteItShouldBe compares windows with an
// oracle that knows no calendar arithmetic: it watches the zone's clocks minute
// by minute for some days.
func TestAWindowIsInsideWhereMinuteByMinuteItShouldBe(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		around := rapid.SampledFrom(clockChanges).Draw(t, "around")
		loc, err := time.LoadLocation(around.zone)
		if err != nil {
			t.Fatal(err)
		}
		middle, err := time.Parse(time.DateOnly, around.date)
		if err != nil {
			t.Fatal(err)
		}
		cron := drawCron(t)
		rule := Rule{
			Kind: rapid.SampledFrom([]Kind{Blackout, Maintenance}).Draw(t, "kind"), TimeZone: around.zone, Cron: cron.String(),
			Duration: time.Duration(rapid.OneOf(rapid.IntRange(1, 90), rapid.IntRange(1, 75*60)).Draw(t, "minutes")) * time.Minute,
		}
		w, err := New(rule)
		if err != nil {
			if strings.Contains(err.Error(), "never") {
				t.Skip(err)
			}
			t.Fatal(err)
		}
		start := middle.Add(-72 * time.Hour)
		inside := watch(rule, cron, loc, start, 6*24*60)
		looks := []int{0}
		for i := range inside {
			if i > 0 && inside[i] != inside[i-1] && len(looks) < 60 {
				looks = append(looks, i-1, i)
			}
		}
		looks = append(looks, rapid.SliceOfN(rapid.IntRange(0, len(inside)-1), 10, 10).Draw(t, "looks")...)
		for _, i := range looks {
			at := start.Add(time.Duration(i) * time.Minute)
			state := w.At(at)
			if state.Inside != inside[i] {
				t.Fatalf("%+v at %s (%s local): inside %v, want %v", rule, at, at.In(loc), state.Inside, inside[i])
			}
			flip := slices.Index(inside[i:], !inside[i])
			end := start.Add(time.Duration(len(inside)) * time.Minute)
			switch until := at.Add(time.Duration(flip) * time.Minute); {
			case flip < 0 && !state.Until.IsZero() && state.Until.Before(end):
				t.Fatalf("%+v at %s: changes at %s, want nothing before %s", rule, at, state.Until, end)
			case flip >= 0 && !state.Until.Equal(until):
				t.Fatalf("%+v at %s: changes at %s, want %s", rule, at, state.Until, until)
			}
			next, ok := w.Next(at)
			if ok && state.Inside && next.Start.After(start) && !next.Start.Equal(begun(inside, start, i)) {
				t.Fatalf("%+v at %s: has begun at %s, want %s", rule, at, next.Start, begun(inside, start, i))
			}
		}
	})
}

// begun is when what is inside at i has begun.
func begun(inside []bool, start time.Time, i int) time.Time {
	for i > 0 && inside[i-1] {
		i--
	}
	return start.Add(time.Duration(i) * time.Minute)
}

// watch says for n minutes from start on whether they are inside.
func watch(rule Rule, cron cronFields, loc *time.Location, start time.Time, n int) []bool {
	first, last := map[time.Time]time.Time{}, map[time.Time]time.Time{}
	note := func(local, t time.Time) {
		if _, ok := first[local]; !ok {
			first[local] = t
		}
		last[local] = t
	}
	wall := func(t time.Time) time.Time {
		l := t.In(loc)
		return time.Date(l.Year(), l.Month(), l.Day(), l.Hour(), l.Minute(), 0, 0, time.UTC)
	}
	margin := rule.Duration + 3*24*time.Hour
	end := start.Add(time.Duration(n) * time.Minute)
	before := wall(start.Add(-margin - time.Minute))
	for t := start.Add(-margin); t.Before(end.Add(margin)); t = t.Add(time.Minute) {
		local := wall(t)
		// Minutes of the clock that were jumped over happen at the jump.
		for skipped := before.Add(time.Minute); skipped.Before(local); skipped = skipped.Add(time.Minute) {
			note(skipped, t)
		}
		note(local, t)
		before = local
	}
	inside := make([]bool, n)
	for local := range first {
		over := local.Add(rule.Duration)
		if _, ok := first[over]; !ok || !cron.match(local) {
			continue
		}
		// By the stopwatch and by the clock on the wall, whichever is safer.
		from, to := first[local], last[local].Add(rule.Duration)
		if last[over].After(to) {
			to = last[over]
		}
		if rule.Kind == Maintenance {
			from, to = last[local], first[local].Add(rule.Duration)
			if first[over].Before(to) {
				to = first[over]
			}
		}
		for i := max(0, int(from.Sub(start)/time.Minute)); i < n && start.Add(time.Duration(i)*time.Minute).Before(to); i++ {
			inside[i] = true
		}
	}
	return inside
}

// cronFields are minute, hour, day of month, month and day of week. A nil field
// is a star.
type cronFields [5][]int

func (c cronFields) String() string {
	var out []string
	for _, values := range c {
		if values == nil {
			out = append(out, "*")
			continue
		}
		out = append(out, strings.Trim(strings.ReplaceAll(fmt.Sprint(values), " ", ","), "[]"))
	}
	return strings.Join(out, " ")
}

func (c cronFields) match(local time.Time) bool {
	has := func(field, value int) bool { return c[field] == nil || slices.Contains(c[field], value) }
	dom, dow := has(2, local.Day()), has(4, int(local.Weekday()))
	days := dom && dow
	if c[2] != nil && c[4] != nil {
		days = dom || dow // as cron has it
	}
	return has(0, local.Minute()) && has(1, local.Hour()) && has(3, int(local.Month())) && days
}

func drawCron(t *rapid.T) cronFields {
	field := func(name string, lowest, highest int) []int {
		switch rapid.IntRange(0, 3).Draw(t, name+" is") {
		case 0:
			return nil
		case 1:
			return []int{rapid.IntRange(lowest, highest).Draw(t, name)}
		case 2: // every few
			var out []int
			step := rapid.IntRange(1, 10).Draw(t, name+" step")
			for v := lowest; v <= highest; v += step {
				out = append(out, v)
			}
			return out
		default:
			return rapid.SliceOfNDistinct(rapid.IntRange(lowest, highest), 1, 4, rapid.ID[int]).Draw(t, name)
		}
	}
	months := field("month", 1, 12)
	if rapid.IntRange(0, 3).Draw(t, "all months") > 0 {
		months = nil
	}
	return cronFields{field("minute", 0, 59), field("hour", 0, 23), field("day", 1, 31), months, field("weekday", 0, 6)}
}
