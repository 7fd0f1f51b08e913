package sqlite

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// aWeek is what happens in a fleet of two products and two cohorts.
func aWeek(t *testing.T) (*Store, []plan.Event) {
	t.Helper()
	at := start
	var events []plan.Event
	add := func(kind plan.EventKind, product, cohort, cluster, reason string) {
		at = at.Add(time.Hour)
		e := plan.Event{At: at, Kind: kind, Product: product, Cohort: cohort, Cluster: cluster, Reason: reason}
		if product != "" {
			e.Release, e.To = product+"-2", fleet.Version{Tag: "2"}
		}
		events = append(events, e)
	}
	add(plan.DataPlaneSeen, "", "", "", "not about a cluster")
	add(plan.CommitAdmitted, "", "", "", "all: commit")
	add(plan.TargetSet, "kafka", "canary", "", "kafka canary: target")
	add(plan.TargetSet, "kafka", "nonprod", "", "kafka nonprod: target")
	add(plan.TargetSet, "ksqldb", "canary", "", "ksqldb canary: target")
	add(plan.Decided, "kafka", "canary", "lkc-1", "lkc-1: waits")
	add(plan.Decided, "ksqldb", "canary", "ksql-1", "ksql-1: waits")
	add(plan.ClusterStarted, "kafka", "canary", "lkc-1", "lkc-1: starts")
	add(plan.Paused, "", "", "", "all: paused")
	add(plan.Resumed, "", "", "", "all: resumed")
	add(plan.Paused, "kafka", "", "", "kafka: paused")
	add(plan.ClusterStarted, "kafka", "nonprod", "lkc-9", "lkc-9: starts")
	add(plan.Decided, "kafka", "canary", "lkc-1", "lkc-1: stands still")
	s := openAt(t, Config{Path: newPath(t)})
	check(t, s.Record(t.Context(), events))
	return s, events
}

func reasons(events []plan.Event) string {
	var r []string
	for _, e := range events {
		r = append(r, e.Reason)
	}
	return strings.Join(r, ", ")
}

func TestAHistoryHasWhatConcernsTheCluster(t *testing.T) {
	s, events := aWeek(t)
	hour := func(n int) time.Time { return start.Add(time.Duration(n) * time.Hour) }
	for _, c := range []struct {
		name string
		q    HistoryQuery
		want string
	}{
		{
			"its own events, those of its product and cohort, and those of all",
			HistoryQuery{Cluster: "lkc-1"},
			"lkc-1: stands still, kafka: paused, all: resumed, all: paused, lkc-1: starts, lkc-1: waits, kafka canary: target, all: commit",
		},
		{
			"of another product",
			HistoryQuery{Cluster: "ksql-1"},
			"all: resumed, all: paused, ksql-1: waits, ksqldb canary: target, all: commit",
		},
		{
			"between two times, both included",
			HistoryQuery{Cluster: "lkc-1", Since: hour(6), Until: hour(9)},
			"all: paused, lkc-1: starts, lkc-1: waits",
		},
		{"the newest two", HistoryQuery{Cluster: "lkc-1", Limit: 2}, "lkc-1: stands still, kafka: paused"},
		{"of a cluster that nothing happened to", HistoryQuery{Cluster: "lkc-0"}, "all: resumed, all: paused, all: commit"},
		{
			"of a cluster that nothing happened to, in a known cohort",
			HistoryQuery{Cluster: "lkc-0", Product: "kafka", Cohort: "nonprod"},
			"kafka: paused, all: resumed, all: paused, kafka nonprod: target, all: commit",
		},
		{"of an unknown product", HistoryQuery{Cluster: "x", Product: "nats", Cohort: "nowhere"}, "all: resumed, all: paused, all: commit"},
		{"before anything happened", HistoryQuery{Cluster: "lkc-1", Until: start}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			page := must[Page](t)(s.History(t.Context(), c.q))
			if got := reasons(page.Events); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if more := c.q.Limit > 0; page.Next.IsZero() == more {
				t.Errorf("there is more: %v", !page.Next.IsZero())
			}
		})
	}
	for _, limit := range []int{1, 2, 3, 7, 8, 9} {
		var got []plan.Event
		for q := (HistoryQuery{Cluster: "lkc-1", Limit: limit}); ; {
			page := must[Page](t)(s.History(t.Context(), q))
			got = append(got, page.Events...)
			if q.After = page.Next; page.Next.IsZero() {
				break
			}
		}
		if whole := must[Page](t)(s.History(t.Context(), HistoryQuery{Cluster: "lkc-1"})); reasons(got) != reasons(whole.Events) {
			t.Errorf("in pages of %d: %s", limit, reasons(got))
		}
	}
	_ = events
}

func TestEventsOfTheSameMomentAreNeitherLostNorTwiceBetweenPages(t *testing.T) {
	s := openAt(t, Config{Path: newPath(t)})
	var events []plan.Event
	for i := range 10 {
		e := numbered(i)
		e.At, e.Cluster = start, []string{"lkc-1", ""}[i%2]
		events = append(events, e)
	}
	check(t, s.Record(t.Context(), events))
	var seqs []uint64
	for q := (HistoryQuery{Cluster: "lkc-1", Limit: 3}); ; {
		page := must[Page](t)(s.History(t.Context(), HistoryQuery{Cluster: q.Cluster, Product: "kafka", Limit: q.Limit, After: q.After}))
		for _, e := range page.Events {
			seqs = append(seqs, e.Seq)
		}
		if q.After = page.Next; page.Next.IsZero() {
			break
		}
	}
	if !slices.Equal(seqs, []uint64{10, 9, 8, 7, 6, 5, 4, 3, 2, 1}) {
		t.Errorf("got %v", seqs)
	}
}

func TestAQuestionForNoClusterOrNoEventsIsRefused(t *testing.T) {
	s := openAt(t, Config{Path: newPath(t)})
	for _, q := range []HistoryQuery{{}, {Cluster: "x", Limit: -1}, {Cluster: "x", Limit: maxLimit + 1}} {
		if _, err := s.History(t.Context(), q); err == nil {
			t.Errorf("%+v is answered", q)
		}
	}
}

func TestWhatWasTheCaseForAClusterAtATime(t *testing.T) {
	s, _ := aWeek(t)
	for _, c := range []struct {
		after int // hours
		want  string
	}{
		{13, "lkc-1: stands still, kafka: paused, all: resumed, all: paused, lkc-1: starts, kafka canary: target, all: commit"},
		{12, "kafka: paused, all: resumed, all: paused, lkc-1: starts, lkc-1: waits, kafka canary: target, all: commit"},
		{9, "all: paused, lkc-1: starts, lkc-1: waits, kafka canary: target, all: commit"},
		{2, "all: commit"},
		{0, ""},
	} {
		events := must[[]plan.Event](t)(s.At(t.Context(), "lkc-1", "", "", start.Add(time.Duration(c.after)*time.Hour)))
		if got := reasons(events); got != c.want {
			t.Errorf("after %d hours: got %s\nwant %s", c.after, got, c.want)
		}
	}
}

func TestTheJournalIsReadWhollyAndInParts(t *testing.T) {
	s := openAt(t, Config{Path: newPath(t)})
	var want []plan.Event
	for i := range 2*pageSize + 10 {
		e := numbered(i)
		if i%1000 == 0 {
			e.Kind, e.Cluster = plan.Paused, ""
		}
		want = append(want, e)
	}
	check(t, s.Record(t.Context(), want))
	from, until := want[100].At, want[200].At
	for _, c := range []struct {
		name string
		f    Filter
		want func(i int, e plan.Event) bool
	}{
		{"all", Filter{}, func(int, plan.Event) bool { return true }},
		{"after one", Filter{After: 1500}, func(i int, _ plan.Event) bool { return i >= 1500 }},
		{"of a cluster", Filter{Cluster: "lkc-3"}, func(_ int, e plan.Event) bool { return e.Cluster == "lkc-3" }},
		{"of a kind", Filter{Kinds: []plan.EventKind{plan.Paused, plan.Resumed}}, func(_ int, e plan.Event) bool { return e.Kind == plan.Paused }},
		{"of a time", Filter{Since: from, Until: until}, func(_ int, e plan.Event) bool { return !e.At.Before(from) && !e.At.After(until) }},
		{"of a product that is unknown", Filter{Product: "nats"}, func(int, plan.Event) bool { return false }},
		{"of a kind that never was", Filter{Kinds: []plan.EventKind{plan.Resumed}}, func(int, plan.Event) bool { return false }},
	} {
		t.Run(c.name, func(t *testing.T) {
			var expected []string
			for i, e := range want {
				if c.want(i, e) {
					expected = append(expected, e.Reason)
				}
			}
			if got := reasons(all(t, s, c.f)); got != strings.Join(expected, ", ") {
				t.Errorf("got  %.200s\nwant %.200s", got, strings.Join(expected, ", "))
			}
		})
	}
	n := 0
	for _, err := range s.Events(t.Context(), Filter{}) {
		check(t, err)
		if n++; n == 3 {
			break
		}
	}
	if n != 3 {
		t.Errorf("%d events after a break", n)
	}
}
