package datadog_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/internal/datadog"
	"github.com/wavegate-dev/wavegate/internal/datadogtest"
)

func perPage(n int) func(*datadog.Config) { return func(c *datadog.Config) { c.PerPage = n } }

// fleetOf has one group for each cluster; the last one fires.
func fleetOf(n int) datadogtest.Monitor {
	m := replicas()
	for i := range n {
		m.Groups = append(m.Groups, onCluster(fmt.Sprintf("lkc-%d", i), "OK"))
	}
	if n > 0 {
		m.Groups[n-1].Status = "Alert"
	}
	return m
}

func TestAllPagesAreRead(t *testing.T) {
	for _, test := range []struct{ groups, perPage, pages int }{
		{1, 10, 1}, {9, 10, 1}, {10, 10, 1}, {11, 10, 2}, {100, 10, 10}, {101, 10, 11}, {2500, 1000, 3},
	} {
		t.Run(fmt.Sprintf("%d groups on pages of %d", test.groups, test.perPage), func(t *testing.T) {
			w := newWorld(t, atNoon, perPage(test.perPage))
			w.server.SetMonitors(fleetOf(test.groups))
			s := w.poll(t, kafka())
			wantFiring(t, s, fmt.Sprintf("lkc-%d", test.groups-1))
			wantUnknown(t, s, m0)
			if d := w.monitors.Details(kafka())[m0]; d.OK+d.Alert != test.groups {
				t.Errorf("%d groups, want %d", d.OK+d.Alert, test.groups)
			}
			if n := len(w.searches()); n != test.pages {
				t.Errorf("%d pages were asked for, want %d", n, test.pages)
			}
		})
	}
}

func TestPagesThatDoNotFitAreReadAgain(t *testing.T) {
	tests := []struct {
		story  string
		faults []datadogtest.Fault // of the first three pages
	}{
		{"the total changes from page to page", []datadogtest.Fault{{}, {Total: 1}}},
		{"a page is short", []datadogtest.Fault{{}, {Drop: 1}}},
		{"the last page is short", []datadogtest.Fault{{}, {}, {Drop: 1}}},
		{"a page comes twice", []datadogtest.Fault{{}, {Repeat: true}}},
		{"there are more groups than the total says", []datadogtest.Fault{{Total: -1}, {Total: -1}, {Total: -1}}},
	}
	for _, test := range tests {
		t.Run(test.story, func(t *testing.T) {
			w := newWorld(t, atNoon, perPage(10))
			w.server.SetMonitors(fleetOf(30))
			w.server.Fail(test.faults...)
			s := w.poll(t, kafka())
			wantFiring(t, s, "lkc-29")
			wantUnknown(t, s, m0)
			if n := len(w.searches()); n <= 3 {
				t.Errorf("only %d pages were asked for: what did not fit was believed", n)
			}
		})
	}
}

func TestPagesThatNeverFitAreNoAnswer(t *testing.T) {
	tests := []struct {
		story string
		fault datadogtest.Fault
		pages int
	}{
		{"more are announced than come", datadogtest.Fault{Total: 3}, 3 * 4},
		{"fewer are announced than come", datadogtest.Fault{Total: -3}, 3 * 3},
		{"as many are announced as the first two of three pages hold", datadogtest.Fault{Total: -10}, 3 * 3},
		{"every page is short", datadogtest.Fault{Drop: 1}, 3 * 4},
		{"every page is the one before it", datadogtest.Fault{Repeat: true}, 3 * 2},
	}
	for _, test := range tests {
		t.Run(test.story, func(t *testing.T) {
			clock := noon
			w := newWorld(t, func() time.Time { return clock }, perPage(10))
			w.server.SetMonitors(fleetOf(30))
			for range 100 {
				w.server.Fail(test.fault)
			}
			s := w.poll(t, kafka())
			wantFiring(t, s)
			wantUnknown(t, s, m0, "do not fit together", "3 times in a row")
			if n := len(w.searches()); n != test.pages {
				t.Errorf("%d pages were asked for, want %d", n, test.pages)
			}
		})
	}
}

func TestAnswersThatAreNotWhatWasAskedFor(t *testing.T) {
	tests := []struct{ story, metadata, says string }{
		{"another page", `{"page":5,"page_count":9,"total_count":0,"per_page":200}`, "page 5 came for page 0"},
		{"more groups than can be held", `{"page":0,"page_count":9,"total_count":500001,"per_page":200}`, "finds 500001 groups, more than 500000; make it narrower"},
	}
	for _, test := range tests {
		t.Run(test.story, func(t *testing.T) {
			w := newWorld(t, atNoon)
			for range 3 {
				w.server.Fail(datadogtest.Fault{Garbage: `{"groups":[],"metadata":` + test.metadata + `}`})
			}
			wantUnknown(t, w.poll(t, kafka()), m0, test.says)
		})
	}
}

func TestGroupsThatComeWhilePagesAreReadAreNotMissed(t *testing.T) {
	w := newWorld(t, atNoon, perPage(10))
	w.server.SetMonitors(fleetOf(20))
	added := false
	w.server.Before(func(r datadogtest.Request) {
		if r.Query.Get("page") == "1" && !added {
			added = true
			// All groups move on by one: the last of the first page comes again.
			w.server.SetMonitors(fleetOf(20), datadogtest.Monitor{
				ID: 3, Name: "A first monitor", Tags: kafkaTags,
				Groups: []datadogtest.Group{onCluster("lkc-new", "Alert")},
			})
		}
	})
	s := w.poll(t, kafka())
	wantFiring(t, s, "lkc-19", "lkc-new")
	wantUnknown(t, s, m0)
}

func TestAGroupThatSlipsFromOnePageToAnotherIsNotMissed(t *testing.T) {
	w := newWorld(t, atNoon, perPage(10))
	monitor := fleetOf(20)
	w.server.SetMonitors(monitor)
	w.poll(t, kafka())

	monitor.Groups[10].Status = "Alert" // the first one of the second page
	w.server.SetMonitors(monitor)
	seen := len(w.searches())
	w.server.Before(func(datadogtest.Request) {
		if len(w.searches()) == seen+2 {
			// Before the second page is read, the first group goes and one comes
			// at the end: as many as before, and lkc-10 is on the first page now.
			monitor.Groups = append(monitor.Groups[1:], onCluster("lkc-20", "OK"))
			w.server.SetMonitors(monitor)
		}
	})
	s := w.poll(t, kafka())
	wantFiring(t, s, "lkc-10", "lkc-19")
	wantUnknown(t, s, m0)
	if n := len(w.searches()) - seen; n != 4 {
		t.Errorf("%d pages were read, want each twice", n)
	}
	// lkc-0 is really gone, and is not looked for for ever.
	w.server.Before(nil)
	seen = len(w.searches())
	w.poll(t, kafka())
	if n := len(w.searches()) - seen; n != 2 {
		t.Errorf("later %d pages were read, want each once", n)
	}
}

func TestAServerThatGivesSmallerPagesIsFollowed(t *testing.T) {
	server := datadogtest.New(datadogtest.Config{Now: atNoon, MaxPerPage: 7})
	w := newWorld(t, atNoon, func(c *datadog.Config) { c.HTTPClient = server.Client() })
	w.server = server
	server.SetMonitors(fleetOf(30))
	s := w.poll(t, kafka())
	wantFiring(t, s, "lkc-29")
	wantUnknown(t, s, m0)
	if n := len(w.searches()); n != 5 {
		t.Errorf("%d pages, want 5", n)
	}
}

// Datadog has been seen to give the number of groups on the page as the number
// of pages, which differs on the last page, so it must neither lose groups nor be
// an error.
func TestTheTotalDecidesAndNotTheNumberOfPages(t *testing.T) {
	for _, pages := range []int{-2, 7} {
		w := newWorld(t, atNoon, perPage(10))
		w.server.SetMonitors(fleetOf(25))
		w.server.Fail(datadogtest.Fault{Pages: pages}, datadogtest.Fault{Pages: pages}, datadogtest.Fault{Pages: pages - 3})
		s := w.poll(t, kafka())
		wantFiring(t, s, "lkc-24")
		wantUnknown(t, s, m0)
		if n := len(w.searches()); n > 4 {
			t.Errorf("%d pages were asked for, want three and at most one that is empty", n)
		}
	}
}
