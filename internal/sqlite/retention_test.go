package sqlite

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

const day = 24 * time.Hour

// months returns a store to which a release of 100 clusters a month has
// happened, for a year.
func months(t *testing.T) (s *Store, path string, recorded []plan.Event) {
	t.Helper()
	path = newPath(t)
	s = openAt(t, Config{Path: path})
	for m := range 12 {
		batch := upgrade(fmt.Sprintf("release-%02d", m), 100, start.AddDate(0, m, 0))
		for i := range batch {
			if batch[i].Kind == plan.Decided {
				batch[i].Reason = fmt.Sprintf("waits in month %d", m)
			}
			if strings.HasSuffix(batch[i].Cluster, "-042") {
				batch[i].Cluster = fmt.Sprintf("lkc-only-in-month-%d", m)
			}
		}
		check(t, s.Record(t.Context(), batch))
		recorded = append(recorded, batch...)
	}
	return s, path, recorded
}

func TestOldEventsAreDeletedAndTheRestStaysWhole(t *testing.T) {
	s, _, recorded := months(t)
	now := start.AddDate(1, 0, 0)

	done := must[Retained](t)(s.Retention(t.Context(), 90*day, now))
	if done.Events != 0 {
		t.Fatalf("without snapshots %d events were deleted", done.Events)
	}
	check(t, s.snapshot(t.Context()))
	last := numbered(1)
	last.At = now
	check(t, s.Record(t.Context(), []plan.Event{last}))
	recorded = append(recorded, last)
	done = must[Retained](t)(s.Retention(t.Context(), 90*day, now))
	if done.Events != 0 {
		t.Fatalf("with one snapshot %d events were deleted", done.Events)
	}
	check(t, s.snapshot(t.Context()))

	before := count(t, s, "SELECT count(*) FROM text")
	done = must[Retained](t)(s.Retention(t.Context(), 90*day, now))
	if done.Events == 0 || done.Words == 0 {
		t.Errorf("nothing was deleted: %+v", done)
	}
	if after := count(t, s, "SELECT count(*) FROM text"); after >= before || before-after < done.Words {
		t.Errorf("%d words before, %d after, %d are said to be deleted", before, after, done.Words)
	}
	for _, e := range all(t, s, Filter{}) {
		if e.At.Before(now.Add(-90 * day)) {
			t.Errorf("still there: %+v", e)
		}
	}
	check(t, s.Verify(t.Context()))
	if got := loaded(t, s); got != folding(t, recorded) {
		t.Errorf("the state has changed: %s", got)
	}
	page := must[Page](t)(s.History(t.Context(), HistoryQuery{Cluster: "lkc-only-in-month-1"}))
	for _, e := range page.Events {
		if e.Cluster != "" {
			t.Errorf("of a cluster of old: %+v", e)
		}
	}
	if n := count(t, s, "SELECT count(*) FROM scope WHERE cluster NOT IN (SELECT cluster FROM event)"); n != 0 {
		t.Errorf("%d scopes of clusters that are gone", n)
	}

	// What is recorded afterwards finds its words, also those that were deleted.
	late := upgrade("release-01", 100, now)
	check(t, s.Record(t.Context(), late))
	check(t, s.Verify(t.Context()))
	if got := loaded(t, s); got != folding(t, append(recorded, late...)) {
		t.Errorf("after more events: %s", got)
	}
	if got := all(t, s, Filter{Cluster: "lkc-007", Since: now}); len(got) != 4 {
		t.Errorf("got %+v", got)
	}
}

func TestLongListsOfMembersAreTrimmedAndTheChainHolds(t *testing.T) {
	s := openAt(t, Config{Path: newPath(t)})
	recorded := upgrade("big", 500, start)
	recorded = append(recorded, upgrade("small", 3, start.Add(time.Hour))...)
	check(t, s.Record(t.Context(), recorded))
	check(t, s.snapshot(t.Context()))
	check(t, s.Record(t.Context(), []plan.Event{numbered(1)}))
	check(t, s.snapshot(t.Context()))
	done := must[Retained](t)(s.Retention(t.Context(), 365*day, start.Add(31*day)))
	if done.Members != 1 || done.Events != 0 {
		t.Errorf("got %+v", done)
	}
	for _, e := range all(t, s, Filter{Kinds: []plan.EventKind{plan.RolloutStarted}}) {
		if want := map[string]int{"big": 0, "small": 3}[e.Release]; len(e.Members) != want {
			t.Errorf("%s has %d members", e.Release, len(e.Members))
		}
	}
	check(t, s.Verify(t.Context()))
	if got := loaded(t, s); got != folding(t, append(recorded, numbered(1))) {
		t.Errorf("got %s", got)
	}
}

func TestEventsAreRecordedWhileOldOnesAreDeleted(t *testing.T) {
	s, _, recorded := months(t)
	check(t, s.snapshot(t.Context()))
	check(t, s.Record(t.Context(), []plan.Event{numbered(1)}))
	recorded = append(recorded, numbered(1))
	check(t, s.snapshot(t.Context()))

	now := start.AddDate(1, 0, 0)
	late := upgrade("release-00", 60, now) // words of the oldest month again
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range late {
			if err := s.Record(t.Context(), late[i:i+1]); err != nil {
				t.Error(err)
			}
		}
	})
	for range 3 {
		must[Retained](t)(s.Retention(t.Context(), 30*day, now))
	}
	wg.Wait()
	check(t, s.Verify(t.Context()))
	if got := loaded(t, s); got != folding(t, append(recorded, late...)) {
		t.Error("the state is another one")
	}
	if got := all(t, s, Filter{Since: now}); len(got) != len(late)-2 { // two are volatile
		t.Errorf("%d of %d events are there", len(got), len(late)-2)
	}
}

func TestNothingIsDeletedOnAWrongQuestion(t *testing.T) {
	s, path, _ := months(t)
	for _, keep := range []time.Duration{0, -day} {
		if _, err := s.Retention(t.Context(), keep, start); err == nil {
			t.Errorf("keep %s was accepted", keep)
		}
	}
	check(t, s.snapshot(t.Context()))
	check(t, s.Record(t.Context(), []plan.Event{numbered(1)}))
	check(t, s.snapshot(t.Context()))
	change(t, path, "UPDATE snapshot SET sum = state")
	n := count(t, s, "SELECT count(*) FROM event")
	if _, err := s.Retention(t.Context(), day, start.AddDate(1, 0, 0)); !errors.Is(err, ErrCorrupt) {
		t.Errorf("with damaged snapshots: %v", err)
	}
	if got := count(t, s, "SELECT count(*) FROM event"); got != n {
		t.Errorf("%d of %d events are left", got, n)
	}
}

func TestAnEventOfTheFutureKeepsWhatIsBehindIt(t *testing.T) {
	s := openAt(t, Config{Path: newPath(t)})
	early, wrong := numbered(1), numbered(2)
	wrong.At = start.AddDate(10, 0, 0)
	check(t, s.Record(t.Context(), []plan.Event{early, wrong, numbered(3)}))
	check(t, s.snapshot(t.Context()))
	check(t, s.Record(t.Context(), []plan.Event{numbered(4)}))
	check(t, s.snapshot(t.Context()))
	done := must[Retained](t)(s.Retention(t.Context(), day, start.AddDate(1, 0, 0)))
	if got := all(t, s, Filter{}); done.Events != 1 || len(got) != 3 || got[0].Seq != 2 {
		t.Errorf("%+v, %+v", done, got)
	}
	check(t, s.Verify(t.Context()))
}

func TestTheFileDoesNotGrowWhenOldEventsAreDeleted(t *testing.T) {
	s := openAt(t, Config{Path: newPath(t), SnapshotEvery: 300})
	size := func() int { return count(t, s, "PRAGMA page_count") }
	settled := 0
	for m := range 12 {
		now := start.AddDate(0, m, 0)
		check(t, s.Record(t.Context(), upgrade(fmt.Sprintf("release-%d", m), 100, now)))
		s.snapshots.wait()
		must[Retained](t)(s.Retention(t.Context(), 60*day, now))
		if m == 5 {
			settled = size()
		}
	}
	if got := size(); got > settled*13/10 {
		t.Errorf("after six months %d pages, after twelve %d", settled, got)
	}
}
