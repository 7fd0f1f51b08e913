package sqlite

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

var start = time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)

func TestMain(m *testing.M) {
	if role := os.Getenv(childRole); role != "" {
		os.Exit(child(role, os.Args[len(os.Args)-1]))
	}
	os.Exit(m.Run())
}

// must returns the value, and ends the test on an error.
func must[T any](t testing.TB) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// openAt opens a store that is closed with the test.
func openAt(t testing.TB, cfg Config) *Store {
	t.Helper()
	s, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func newPath(t testing.TB) string { return filepath.Join(t.TempDir(), "wavegate.db") }

// change changes the file behind the store's back.
func change(t testing.TB, path, query string, args ...any) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	check(t, err)
	_, err = db.ExecContext(t.Context(), query, args...)
	check(t, err)
	check(t, db.Close())
}

// count returns how many rows a query counts.
func count(t testing.TB, s *Store, query string, args ...any) int {
	t.Helper()
	var n int
	check(t, s.ro.QueryRowContext(t.Context(), query, args...).Scan(&n))
	return n
}

// upgrade is the life of a rollout of n clusters: started, each cluster waits,
// starts, takes its steps and finishes, the wave soaks.
func upgrade(release string, n int, at time.Time) []plan.Event {
	event := func(kind plan.EventKind, edit func(*plan.Event)) plan.Event {
		at = at.Add(time.Second)
		e := plan.Event{
			At: at, Kind: kind, Release: release, Product: "kafka", Cohort: "nonprod",
			Commit: "4f2a9c1d0b7e8a6f5c3d2e1f0a9b8c7d6e5f4a3b", To: fleet.Version{Tag: "7.6.1"},
		}
		if edit != nil {
			edit(&e)
		}
		return e
	}
	var names []string
	for i := range n {
		names = append(names, fmt.Sprintf("lkc-%03d", i))
	}
	events := []plan.Event{
		event(plan.CommitAdmitted, func(e *plan.Event) { e.Release, e.Product, e.Cohort, e.Tree = "", "", "", "feed" }),
		event(plan.TargetSet, func(e *plan.Event) { e.From = fleet.Version{Tag: "7.5.0"} }),
		event(plan.RolloutStarted, func(e *plan.Event) { e.Members, e.Waves = names, []int{n} }),
	}
	for _, name := range names {
		on := func(e *plan.Event) { e.Cluster = name }
		events = append(events,
			event(plan.Decided, func(e *plan.Event) { on(e); e.Gate, e.Reason = "limit-reached", "25 are in flight already" }),
			event(plan.ClusterStarted, on), event(plan.ClusterStepped, on), event(plan.ClusterFinished, on))
	}
	return append(events, event(plan.WaveFinished, nil),
		event(plan.SoakCredited, func(e *plan.Event) { e.Soaked = time.Minute }),
		event(plan.SoakCredited, func(e *plan.Event) { e.Soaked = time.Hour }),
		event(plan.WaveSoaked, nil), event(plan.RolloutFinished, nil), event(plan.ReleaseCompleted, nil))
}

// folding returns the state, as JSON, that events lead to without any store.
func folding(t interface{ Fatal(...any) }, events []plan.Event) string {
	state := plan.NewState()
	for _, e := range events {
		state.Apply(e)
	}
	return asJSON(t, state)
}

func asJSON(t interface{ Fatal(...any) }, state *plan.State) string {
	text, err := json.Marshal(state)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func loaded(t testing.TB, s *Store) string {
	t.Helper()
	return asJSON(t, must[*plan.State](t)(s.Load(t.Context())))
}

func all(t testing.TB, s *Store, f Filter) []plan.Event {
	t.Helper()
	var events []plan.Event
	for e, err := range s.Events(t.Context(), f) {
		check(t, err)
		events = append(events, e)
	}
	return events
}
