package console

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/internal/github"
	"github.com/wavegate-dev/wavegate/internal/githubtest"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// driftIssue is the issue of the console, or nil.
func (w *world) driftIssue() *github.Issue {
	w.t.Helper()
	issue, err := w.client().Kept(w.t.Context(), markerLine(markerDrift))
	w.ok(err)
	return issue
}

// morning goes on to a time of the next day and lets the console look.
func (w *world) morning(hour, minute int) {
	w.t.Helper()
	now := w.clock.read()
	next := time.Date(now.Year(), now.Month(), now.Day()+1, hour, minute, 0, 0, time.UTC)
	w.clock.advance(next.Sub(now))
	for range 2 { // one look asks for the report, the next one posts it
		w.cycle()
		w.look()
	}
}

func TestDriftIsReportedOnScheduleInOneIssue(t *testing.T) {
	w := start(t)
	w.look()
	w.ok(w.fleet.SetVersion("p1", fleet.Version{Tag: "7.5.0"}))
	w.run(10 * time.Minute)
	w.look()
	if got := w.driftIssue(); got != nil {
		t.Fatalf("reported before its time: %+v", got)
	}
	w.morning(7, 1)
	first := w.driftIssue()
	if first == nil || !first.Open {
		t.Fatalf("issue %+v", first)
	}
	w.says(first.Title, "Drift: 1 cluster differs in acme")
	w.says(first.Body, "`p1`", "7.5.0")
	if want := []string{"drift", "wavegate"}; !slices.Equal(slices.Sorted(slices.Values(first.Labels)), want) {
		t.Errorf("labels %q", first.Labels)
	}
	w.writes()
	w.run(time.Hour)
	w.look()
	if got := w.writes(); got != 0 {
		t.Errorf("%d writes between two reports", got)
	}
	// Another one joins it, and the issue tells which is new.
	w.ok(w.fleet.SetVersion("p2", fleet.Version{Tag: "7.5.0"}))
	w.morning(7, 1)
	second := w.driftIssue()
	if second.Number != first.Number {
		t.Errorf("issue %d, want %d", second.Number, first.Number)
	}
	w.says(second.Title, "2 clusters differ", "1 new")
	// All is well again.
	w.ok(w.fleet.SetVersion("p1", fleet.Version{Tag: "7.6.0"}))
	w.ok(w.fleet.SetVersion("p2", fleet.Version{Tag: "7.6.0"}))
	w.run(20 * time.Minute)
	w.morning(7, 1)
	third := w.driftIssue()
	if third.Number != first.Number || third.Open || !strings.Contains(third.Title, "none") {
		t.Errorf("issue %+v", third)
	}
}

func TestAReportThatWasMissedIsPostedLateAndOnce(t *testing.T) {
	w := start(t)
	w.look()
	w.ok(w.fleet.SetVersion("p1", fleet.Version{Tag: "7.5.0"}))
	w.run(10 * time.Minute)
	w.morning(7, 1)
	number := w.driftIssue().Number
	w.ok(w.fleet.SetVersion("p2", fleet.Version{Tag: "7.5.0"}))
	w.restart() // nothing runs at seven
	w.run(10 * time.Minute)
	w.morning(11, 0)
	got := w.driftIssue()
	if got.Number != number || !strings.Contains(got.Title, "2 clusters differ") {
		t.Errorf("issue %+v", got)
	}
	w.writes()
	w.restart()
	w.run(time.Minute)
	w.look()
	w.cycle()
	w.look()
	if n := w.writes(); n != 0 {
		t.Errorf("%d writes after a restart", n)
	}
}

func TestDriftIsPostedWhenSomebodyAsks(t *testing.T) {
	w := start(t)
	looked := make(chan bool, 8)
	w.console.cfg.Look = func() { looked <- true }
	post := func() (string, error) {
		type answer struct {
			said string
			err  error
		}
		answered := make(chan answer, 1)
		go func() {
			said, err := w.console.PostDrift(t.Context())
			answered <- answer{said, err}
		}()
		<-looked
		w.cycle()
		a := <-answered
		return a.said, a.err
	}
	said, err := post()
	w.ok(err)
	w.says(said, "there is no drift")
	w.ok(w.fleet.SetVersion("p1", fleet.Version{Tag: "7.5.0"}))
	said, err = post()
	w.ok(err)
	w.says(said, "/acme/fleet/issues/"+number(w.driftIssue().Number))
	w.says(w.driftIssue().Body, "`p1`", "7.5.0")
	// The schedule goes on.
	w.ok(w.fleet.SetVersion("p2", fleet.Version{Tag: "7.5.0"}))
	w.look()
	w.morning(7, 1)
	w.says(w.driftIssue().Title, "2 clusters differ")
	heal := w.Break(githubtest.Fault{Effect: githubtest.Status(502)})
	if _, err := post(); err == nil {
		t.Error("posted while GitHub is down")
	}
	heal()
	// Who gives up is not waited for.
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.console.PostDrift(gone); err == nil {
		t.Error("posted for somebody who has gone")
	}
	w.cycle()
}

func TestNoDriftOpensNoIssue(t *testing.T) {
	w := start(t)
	w.look()
	w.morning(7, 1)
	if got := w.driftIssue(); got != nil {
		t.Errorf("issue %+v", got)
	}
}

func TestWhenTheDriftReportIsDue(t *testing.T) {
	berlin := fleet.Drift{Schedule: "0 7 * * 1-5", TimeZone: "Europe/Berlin"}
	at := func(s string) time.Time {
		v, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for name, k := range map[string]struct {
		last, now string
		due       bool
	}{
		"before its time":               {"2026-03-02T05:00:00Z", "2026-03-02T05:59:59Z", false},
		"at its time":                   {"2026-03-02T05:00:00Z", "2026-03-02T06:00:00Z", true},
		"posted within the same minute": {"2026-03-02T06:00:10Z", "2026-03-02T06:00:50Z", false},
		"on the same day":               {"2026-03-02T06:00:10Z", "2026-03-02T20:00:00Z", false},
		"on the next day":               {"2026-03-02T06:00:10Z", "2026-03-03T06:00:10Z", true},
		"on a weekend":                  {"2026-03-06T06:00:10Z", "2026-03-08T20:00:00Z", false},
		"in summer time":                {"2026-03-30T04:00:00Z", "2026-03-30T05:00:00Z", true},
		"after a week":                  {"2026-03-02T06:00:10Z", "2026-03-09T20:00:00Z", true},
	} {
		t.Run(name, func(t *testing.T) {
			due, err := dueAfter(berlin, at(k.last), at(k.now))
			if err != nil || due != k.due {
				t.Errorf("due %v (%v), want %v", due, err, k.due)
			}
		})
	}
}
