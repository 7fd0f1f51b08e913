package schedule

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestJoinedOccurrencesCoverWhatEachOfThemCovers looks at the days around
// changes of the clocks, where joining could hide a hole.
func TestJoinedOccurrencesCoverWhatEachOfThemCovers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		around := rapid.SampledFrom(clockChanges).Draw(t, "around")
		middle, err := time.Parse(time.DateOnly, around.date)
		if err != nil {
			t.Fatal(err)
		}
		lasts := rapid.OneOf(rapid.IntRange(1, 300), rapid.IntRange(1, 99*60)).Draw(t, "minutes")
		w, err := New(Rule{
			Kind: Maintenance, Cron: fmt.Sprintf("*/%d * * * *", rapid.IntRange(1, 59).Draw(t, "every")),
			Duration: time.Duration(lasts) * time.Minute, TimeZone: around.zone,
		})
		if err != nil {
			t.Fatal(err)
		}
		date := middle.Add(time.Duration(rapid.IntRange(-6, 2).Draw(t, "days")) * day)
		got, want := union(w, date, w.runs(date)), union(w, date, w.calendar.single)
		if !slices.EqualFunc(got, want, func(a, b Interval) bool { return a.Start.Equal(b.Start) && a.End.Equal(b.End) }) {
			t.Fatalf("%s: joined %v, each %v", date, got, want)
		}
	})
}

// union is what the runs of a day cover together.
func union(w *Window, date time.Time, runs []run) []Interval {
	var out []Interval
	for _, r := range runs {
		o := w.covered(date.Add(r.first), date.Add(r.last))
		n := len(out)
		switch {
		case o.empty():
		case n > 0 && !o.Start.After(out[n-1].End):
			out[n-1].End = later(out[n-1].End, o.End)
		default:
			out = append(out, o)
		}
	}
	return out
}

func BenchmarkCompileTheDensestWindow(b *testing.B) {
	for b.Loop() {
		mustNew(b, Rule{Kind: Maintenance, Cron: "* * * * *", Duration: 99 * time.Hour, TimeZone: "Europe/Berlin"})
	}
}
