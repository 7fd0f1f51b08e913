package schedule

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func mustNew(t testing.TB, r Rule) *Window {
	t.Helper()
	w, err := New(r)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func utc(s string) time.Time {
	t, err := time.Parse("2006-01-02 15:04", s)
	if err != nil {
		panic(err)
	}
	return t
}

func TestWindowsFollowTheClocksOfTheirZone(t *testing.T) {
	weekend := Rule{Cron: "0 18 * * FRI", Duration: 62 * time.Hour, TimeZone: "Europe/Berlin"}
	night := func(k Kind) Rule {
		return Rule{Kind: k, Cron: "30 2 * * *", Duration: time.Hour, TimeZone: "Europe/Berlin"}
	}
	for _, tt := range []struct {
		name   string
		rule   Rule
		at     string
		inside bool
		until  string // empty: never
	}{
		{"a weekend in winter begins at 17:00 UTC", weekend, "2026-01-09 16:59", false, "2026-01-09 17:00"},
		{"and ends on Monday morning", weekend, "2026-01-12 06:59", true, "2026-01-12 07:00"},
		{"a weekend in summer begins an hour earlier", weekend, "2026-07-10 16:00", true, "2026-07-13 06:00"},
		{"a weekend in which the clocks change lasts as long as ever", weekend, "2026-03-28 00:00", true, "2026-03-30 07:00"},
		{"a blackout in the hour that does not exist begins with the gap", night(Blackout), "2026-03-29 00:59", false, "2026-03-29 01:00"},
		{"and lasts its whole duration", night(Blackout), "2026-03-29 01:00", true, "2026-03-29 02:00"},
		{"a blackout in the hour that comes twice covers both", night(Blackout), "2026-10-25 00:30", true, "2026-10-25 02:30"},
		{"a maintenance window in that hour is what is left of it", night(Maintenance), "2026-10-25 00:30", false, "2026-10-26 01:30"},
		{"over midnight", Rule{Cron: "0 22 * * *", Duration: 8 * time.Hour}, "2026-05-01 05:59", true, "2026-05-01 06:00"},
		{"the 31st exists in some months only", Rule{Cron: "0 0 31 * *", Duration: 24 * time.Hour}, "2026-04-01 00:00", false, "2026-05-31 00:00"},
		{"29 February waits for a leap year", Rule{Cron: "0 0 29 2 *", Duration: 24 * time.Hour}, "2026-03-01 00:00", false, "2028-02-29 00:00"},
		{"29 February on a Monday waits for a generation", Rule{Cron: "0 0 29 2 *", Duration: 24 * time.Hour}, "2097-01-01 00:00", false, "2104-02-29 00:00"},
		{"over the end of the year", Rule{Cron: "0 12 31 12 *", Duration: 48 * time.Hour}, "2027-01-01 10:00", true, "2027-01-02 12:00"},
		{"occurrences that touch are one", Rule{Cron: "0 0,6 * * *", Duration: 6 * time.Hour}, "2026-05-01 01:00", true, "2026-05-01 12:00"},
		{"dates are local", Rule{From: "2026-11-26", Until: "2026-11-30T06:00", TimeZone: "America/New_York"}, "2026-11-26 05:00", true, "2026-11-30 11:00"},
		{"before its dates", Rule{From: "2026-11-26", Until: "2026-11-30", TimeZone: "America/New_York"}, "2026-11-26 04:59", false, "2026-11-26 05:00"},
		{"after its dates it never comes again", Rule{From: "2026-11-26", Until: "2026-11-30"}, "2026-12-01 00:00", false, ""},
		{"a blackout from a time that does not exist begins with the gap", Rule{From: "2026-03-29T02:30", Until: "2026-03-30", TimeZone: "Europe/Berlin"}, "2026-03-29 01:00", true, "2026-03-29 22:00"},
		{"a blackout until a time that comes twice ends with the second", Rule{From: "2026-10-24", Until: "2026-10-25T02:30", TimeZone: "Europe/Berlin"}, "2026-10-25 01:00", true, "2026-10-25 01:30"},
		{"a maintenance window until then ends with the first", Rule{Kind: Maintenance, From: "2026-10-24", Until: "2026-10-25T02:30", TimeZone: "Europe/Berlin"}, "2026-10-25 00:45", false, ""},
		{"half an hour of change on Lord Howe Island", Rule{Cron: "15 2 * * *", Duration: time.Hour, TimeZone: "Australia/Lord_Howe"}, "2026-10-03 15:29", false, "2026-10-03 15:30"},
		{"a day that Apia skipped", Rule{Cron: "0 12 30 * *", Duration: time.Hour, TimeZone: "Pacific/Apia"}, "2011-12-29 12:00", false, "2011-12-30 10:00"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := mustNew(t, tt.rule).At(utc(tt.at))
			want := State{Inside: tt.inside}
			if tt.until != "" {
				want.Until = utc(tt.until)
			}
			if got.Inside != want.Inside || !got.Until.Equal(want.Until) {
				t.Errorf("at %s: %v until %s, want %v until %s", tt.at, got.Inside, got.Until, want.Inside, want.Until)
			}
		})
	}
}

func TestRulesThatMakeNoSenseSayWhatToWrite(t *testing.T) {
	hour := time.Hour
	for _, tt := range []struct {
		name string
		rule Rule
		want string
	}{
		{"nothing", Rule{}, "needs schedule and duration, or from and until"},
		{"both", Rule{Cron: "0 0 * * *", Duration: hour, From: "2026-01-01", Until: "2026-01-02"}, "not both"},
		{"no duration", Rule{Cron: "0 0 * * *"}, "how long"},
		{"no schedule", Rule{Duration: hour}, "when the window begins"},
		{"negative", Rule{Cron: "0 0 * * *", Duration: -hour}, "shorter than a minute"},
		{"longer than a year", Rule{Cron: "0 0 1 1 *", Duration: 9000 * hour}, "longer than a year"},
		{"Sunday as 7", Rule{Cron: "0 0 * * 7", Duration: hour}, "Sunday is 0"},
		{"Sunday as the end of a range", Rule{Cron: "0 0 * * 5-7", Duration: hour}, "Sunday is 0"},
		{"seconds", Rule{Cron: "0 0 0 * * *", Duration: hour}, "leave the seconds out"},
		{"four fields", Rule{Cron: "0 0 * *", Duration: hour}, "not five"},
		{"a descriptor", Rule{Cron: "@every 5m", Duration: hour}, "five fields"},
		{"a zone that the parser crashes on", Rule{Cron: "TZ=0", Duration: hour}, "timeZone"},
		{"a bare zone", Rule{Cron: "CRON_TZ=Europe/Berlin", Duration: hour}, "timeZone"},
		{"a day that never comes", Rule{Cron: "0 0 30 2 *", Duration: hour}, "never comes"},
		{"a blackout without end", Rule{Cron: "* * * * *", Duration: 2 * hour}, "never ends"},
		{"an hour too many", Rule{Cron: "0 25 * * *", Duration: hour}, "0 25 * * *"},
		{"an unknown zone", Rule{Cron: "0 0 * * *", Duration: hour, TimeZone: "Europe/Berln"}, "unknown timeZone"},
		{"the machine's zone", Rule{Cron: "0 0 * * *", Duration: hour, TimeZone: "Local"}, "depends on the machine"},
		{"only a beginning", Rule{From: "2026-01-01"}, "both from and until"},
		{"backwards", Rule{From: "2026-01-02", Until: "2026-01-01"}, "is not after"},
		{"an offset", Rule{From: "2026-01-02T00:00:00+01:00", Until: "2026-01-03"}, "has an offset"},
		{"no date", Rule{From: "tomorrow", Until: "2026-01-03"}, "no date or time"},
		{"a day that is not in the calendar", Rule{From: "2026-02-30", Until: "2026-03-03"}, "no date or time"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := New(tt.rule)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}

func TestASetIsOpenOutsideOfBlackoutsAndInsideOfMaintenance(t *testing.T) {
	nights := mustNew(t, Rule{Kind: Maintenance, Cron: "0 22 * * *", Duration: 6 * time.Hour})
	weekend := mustNew(t, Rule{Cron: "0 18 * * FRI", Duration: 62 * time.Hour})
	set := []*Window{nights, weekend}
	horizon := 30 * 24 * time.Hour
	if v := At(set, utc("2026-05-04 23:00"), horizon); v.Blocked || !v.Until.Equal(utc("2026-05-05 04:00")) {
		t.Errorf("on Monday night %+v", v)
	}
	if v := At(set, utc("2026-05-04 12:00"), horizon); !v.Blocked || len(v.By) != 1 || v.By[0] != 0 || !v.Until.Equal(utc("2026-05-04 22:00")) {
		t.Errorf("on Monday noon %+v", v)
	}
	if v := At(set, utc("2026-05-08 23:00"), horizon); !v.Blocked || !v.Until.Equal(utc("2026-05-11 22:00")) {
		t.Errorf("on Friday night %+v", v)
	}
	for _, tt := range []struct {
		lasts time.Duration
		want  string
	}{{time.Hour, "2026-05-08 03:00"}, {2 * time.Hour, "2026-05-11 22:00"}} {
		got, ok := NextOpening(set, utc("2026-05-08 03:00"), tt.lasts, horizon)
		if !ok || !got.Equal(utc(tt.want)) {
			t.Errorf("the next opening that lasts %s is %s %v, want %s", tt.lasts, got, ok, tt.want)
		}
	}
	if got, ok := NextOpening(set, utc("2026-05-08 03:00"), 7*time.Hour, horizon); ok {
		t.Errorf("an opening of seven hours at %s", got)
	}
}

func TestASnapshotIsWhatEachWindowSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var windows []*Window
		for range rapid.IntRange(0, 8).Draw(t, "windows") {
			w, err := New(Rule{
				Kind:     rapid.SampledFrom([]Kind{Blackout, Maintenance}).Draw(t, "kind"),
				Cron:     fmt.Sprintf("%d %d * * %d", rapid.IntRange(0, 59).Draw(t, "m"), rapid.IntRange(0, 23).Draw(t, "h"), rapid.IntRange(0, 6).Draw(t, "d")),
				Duration: time.Duration(rapid.IntRange(1, 3000).Draw(t, "minutes")) * time.Minute, TimeZone: "Europe/Berlin",
			})
			if err != nil {
				t.Fatal(err)
			}
			windows = append(windows, w)
		}
		ix := NewIndex(windows)
		var snap *Snapshot
		now := utc("2026-03-20 00:00")
		for range rapid.IntRange(1, 20).Draw(t, "looks") {
			// The clock may go backwards.
			now = now.Add(time.Duration(rapid.IntRange(-3000, 6000).Draw(t, "minutes")) * time.Minute)
			next := ix.At(now, snap)
			flipped := false
			for i, w := range windows {
				if got, want := next.State(i), w.At(now); got.Inside != want.Inside || !got.Until.Equal(want.Until) {
					t.Fatalf("window %d at %s: %+v, want %+v", i, now, got, want)
				}
				flipped = flipped || (snap != nil && snap.State(i).Inside != next.State(i).Inside)
			}
			if next != snap && snap != nil && flipped != (len(next.Changed) > 0) {
				t.Fatalf("changed %v, flipped %v", next.Changed, flipped)
			}
			if flip := next.NextFlip(); !flip.IsZero() && flip.Sub(now) > time.Minute {
				if ix.At(flip.Add(-time.Minute), next) != next {
					t.Fatal("a new snapshot though nothing changes")
				}
			}
			snap = next
		}
	})
}

func FuzzRule(f *testing.F) {
	for _, s := range []string{"0 18 * * FRI", "* * * * *", "0 0 30 2 *", "TZ=0", "CRON_TZ=Europe/Berlin", "@every 1s", "*/0 * * * *", "0 0 1-31/2 JAN-DEC ?"} {
		f.Add(s, int64(time.Hour), "2026-01-01", "2026-01-02T10:00", "Pacific/Apia")
	}
	f.Fuzz(func(t *testing.T, cron string, duration int64, from, until, zone string) {
		for _, r := range []Rule{{Cron: cron, Duration: time.Duration(duration), TimeZone: zone}, {From: from, Until: until, TimeZone: zone}} {
			for _, k := range []Kind{Blackout, Maintenance} {
				r.Kind = k
				w, err := New(r)
				if err != nil {
					continue
				}
				at := utc("2011-12-29 12:00")
				if s := w.At(at); !s.Until.IsZero() && !s.Until.After(at) {
					t.Fatalf("%+v at %s changes at %s", r, at, s.Until)
				}
			}
		}
	})
}

func BenchmarkTenThousandWindows(b *testing.B) {
	var windows []*Window
	for i := range 10_000 {
		windows = append(windows, mustNew(b, Rule{
			Cron: fmt.Sprintf("%d %d * * %d", i%60, i%24, i%7), Duration: 62 * time.Hour, TimeZone: "Europe/Berlin",
		}))
	}
	ix := NewIndex(windows)
	now := utc("2026-05-01 00:00")
	b.Run("cold", func(b *testing.B) {
		for b.Loop() {
			ix.At(now, nil)
		}
	})
	b.Run("nothing changes", func(b *testing.B) {
		snap := ix.At(now, nil)
		for b.Loop() {
			snap = ix.At(now, snap)
		}
	})
	b.Run("a minute later", func(b *testing.B) {
		snap, at := ix.At(now, nil), now
		for b.Loop() {
			at = at.Add(time.Minute)
			snap = ix.At(at, snap)
		}
	})
}
