package schedule

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestOneOfSeveralMaintenanceWindowsIsEnough(t *testing.T) {
	early := mustNew(t, Rule{Kind: Maintenance, Cron: "0 2 * * *", Duration: 2 * time.Hour})
	late := mustNew(t, Rule{Kind: Maintenance, Cron: "0 3 * * *", Duration: 2 * time.Hour})
	for _, set := range [][]*Window{{early, late}, {late, early}} {
		for _, tt := range []struct {
			at, until string
			blocked   bool
		}{
			{"2026-05-04 01:59", "2026-05-04 02:00", true},
			{"2026-05-04 02:00", "2026-05-04 05:00", false},
			{"2026-05-04 04:30", "2026-05-04 05:00", false},
			{"2026-05-04 05:00", "2026-05-05 02:00", true},
		} {
			v := At(set, utc(tt.at), 48*time.Hour)
			if v.Blocked != tt.blocked || !v.Until.Equal(utc(tt.until)) || (v.Blocked && len(v.By) != 2) {
				t.Errorf("at %s: %+v, want blocked %v until %s", tt.at, v, tt.blocked, tt.until)
			}
		}
	}
}

func TestASetWithoutWindowsIsOpen(t *testing.T) {
	at := utc("2026-05-04 12:00")
	if v := At(nil, at, time.Hour); v.Blocked || !v.Until.IsZero() || len(v.By) > 0 {
		t.Errorf("%+v", v)
	}
	if got, ok := NextOpening(nil, at, time.Hour, time.Hour); !ok || !got.Equal(at) {
		t.Errorf("%s %v", got, ok)
	}
}

func TestMaintenanceThatIsOverBlocksForEver(t *testing.T) {
	over := []*Window{mustNew(t, Rule{Kind: Maintenance, From: "2026-01-01", Until: "2026-01-02"})}
	at := utc("2026-05-04 12:00")
	if v := At(over, at, 1000*time.Hour); !v.Blocked || !v.Until.IsZero() {
		t.Errorf("%+v", v)
	}
	if got, ok := NextOpening(over, at, time.Minute, 1000*time.Hour); ok {
		t.Errorf("opens at %s", got)
	}
}

// TestASetIsJudgedMinuteByMinute compares what is said of a set with what is
// said of each of its windows at each minute.
func TestASetIsJudgedMinuteByMinute(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set := drawSet(t)
		start := utc("2026-03-28 00:00").Add(time.Duration(rapid.IntRange(0, 1440).Draw(t, "start")) * time.Minute)
		const minutes = 3 * 24 * 60
		open := make([]bool, minutes)
		var until time.Time // open[i] holds until then
		for i := range open {
			if at := start.Add(time.Duration(i) * time.Minute); i == 0 || !at.Before(until) {
				open[i], until = isOpen(set, at)
			} else {
				open[i] = open[i-1]
			}
		}
		at := rapid.IntRange(0, minutes-1).Draw(t, "at")
		lasts := rapid.IntRange(1, 600).Draw(t, "lasts")
		moment := func(i int) time.Time { return start.Add(time.Duration(i) * time.Minute) }
		horizon := moment(minutes).Sub(moment(at))

		v := At(set, moment(at), horizon)
		if v.Blocked == open[at] || v.Blocked != (len(v.By) > 0) {
			t.Fatalf("at %s: %+v, want open %v", moment(at), v, open[at])
		}
		flip := slices.Index(open[at:], !open[at])
		if flip < 0 != v.Until.IsZero() || (flip >= 0 && !v.Until.Equal(moment(at+flip))) {
			t.Fatalf("at %s: until %s, want %d minutes later", moment(at), v.Until, flip)
		}

		want := -1
		for i := at; i+lasts <= minutes && want < 0; i++ {
			if !slices.Contains(open[i:i+lasts], false) {
				want = i
			}
		}
		got, ok := NextOpening(set, moment(at), time.Duration(lasts)*time.Minute, horizon)
		switch {
		case want >= 0 && (!ok || !got.Equal(moment(want))):
			t.Fatalf("from %s on, %d minutes: %s %v, want %s", moment(at), lasts, got, ok, moment(want))
		case want < 0 && ok && !got.Add(time.Duration(lasts)*time.Minute).After(moment(minutes)):
			t.Fatalf("from %s on, %d minutes: %s, where it is not open", moment(at), lasts, got)
		}
	})
}

// isOpen judges a set by what each window says of a moment, and says until when
// no window changes.
func isOpen(set []*Window, at time.Time) (open bool, until time.Time) {
	maintenance, inside, blackout := false, false, false
	until = at.AddDate(1, 0, 0)
	for _, w := range set {
		s := w.At(at)
		if !s.Until.IsZero() && s.Until.Before(until) {
			until = s.Until
		}
		switch w.Kind() {
		case Blackout:
			blackout = blackout || s.Inside
		case Maintenance:
			maintenance, inside = true, inside || s.Inside
		}
	}
	return !blackout && (inside || !maintenance), until
}

func drawSet(t *rapid.T) []*Window {
	var set []*Window
	for range rapid.IntRange(0, 4).Draw(t, "windows") {
		cron := cronFields{
			{rapid.IntRange(0, 59).Draw(t, "minute")},
			rapid.SliceOfNDistinct(rapid.IntRange(0, 23), 1, 3, rapid.ID[int]).Draw(t, "hours"),
		}
		w, err := New(Rule{
			Kind: rapid.SampledFrom([]Kind{Blackout, Maintenance}).Draw(t, "kind"), Cron: cron.String(),
			Duration: time.Duration(rapid.IntRange(1, 12*60).Draw(t, "minutes")) * time.Minute,
			TimeZone: rapid.SampledFrom([]string{"", "Europe/Berlin", "America/New_York"}).Draw(t, "zone"),
		})
		if err == nil { // else it never ends
			set = append(set, w)
		}
	}
	return set
}

func TestASnapshotEndsWithTheMomentOfTheFlip(t *testing.T) {
	ix := NewIndex([]*Window{
		mustNew(t, Rule{Cron: "0 2 * * *", Duration: time.Hour}),
		mustNew(t, Rule{Cron: "0 3 * * *", Duration: time.Hour}),
	})
	before := ix.At(utc("2026-05-04 01:00"), nil)
	if len(before.Changed) != 0 || !before.NextFlip().Equal(utc("2026-05-04 02:00")) {
		t.Fatalf("%+v", before)
	}
	if ix.At(utc("2026-05-04 02:00").Add(-1), before) != before {
		t.Error("nothing has changed yet")
	}
	first := ix.At(utc("2026-05-04 02:00"), before)
	if !slices.Equal(first.Changed, []int{0}) || !first.State(0).Inside || first.State(1).Inside {
		t.Errorf("%+v", first)
	}
	if both := ix.At(utc("2026-05-04 03:00"), first); !slices.Equal(both.Changed, []int{0, 1}) {
		t.Errorf("%+v", both)
	}
	if back := ix.At(utc("2026-05-04 01:30"), first); !slices.Equal(back.Changed, []int{0}) {
		t.Errorf("the clock went backwards: %+v", back)
	}
	if before.State(0).Inside {
		t.Error("a snapshot has changed")
	}
}
