package sqlite

import (
	"errors"
	"testing"
)

func TestAnEditedJournalIsFound(t *testing.T) {
	for _, c := range []struct {
		name, edit string
		first      uint64
	}{
		{"the time of an event", "UPDATE event SET at = at + 1 WHERE seq = 5", 5},
		{"the cluster of an event", "UPDATE event SET cluster = (SELECT cluster FROM event WHERE seq = 9) WHERE seq = 5", 5},
		{"the kind of an event", "UPDATE event SET kind = (SELECT kind FROM event WHERE seq = 1) WHERE seq = 6", 6},
		{"what an event says", "UPDATE text SET value = CAST(replace(CAST(value AS TEXT), '25 are', '24 are') AS BLOB) WHERE id = (SELECT body FROM event WHERE seq = 4)", 4},
		{"the name of a cluster", "UPDATE text SET value = CAST('lkc-999' AS BLOB) WHERE id = (SELECT cluster FROM event WHERE seq = 8)", 8},
		{"the members of a rollout", "UPDATE text SET value = CAST('[]' AS BLOB) WHERE id = (SELECT members FROM event WHERE seq = 3)", 3},
		{"the members of a rollout, taken away", "UPDATE event SET members = 0 WHERE seq = 3", 3},
		{"an event, taken away", "DELETE FROM event WHERE seq = 7", 7},
		{"the first event, taken away", "DELETE FROM event WHERE seq = 1", 1},
		{"the last events, taken away", "DELETE FROM event WHERE seq >= 15", 15},
		{"an event with a link that was made up", "UPDATE event SET link = randomblob(32) WHERE seq = 10", 10},
		{"an event, put in the place of another", "UPDATE event SET (at, kind, body, cluster, link) = (SELECT at, kind, body, cluster, link FROM event WHERE seq = 8) WHERE seq = 12", 12},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := newPath(t)
			s := must[*Store](t)(Open(t.Context(), Config{Path: path}))
			check(t, s.Record(t.Context(), upgrade("r1", 3, start)))
			check(t, s.Verify(t.Context()))
			check(t, s.Close()) // with a snapshot
			change(t, path, c.edit)
			s = openAt(t, Config{Path: path, Access: Read})
			var broken *BrokenError
			err := s.Verify(t.Context())
			if !errors.As(err, &broken) || !errors.Is(err, ErrCorrupt) {
				t.Fatalf("want a BrokenError, got %v", err)
			}
			if broken.Seq != c.first {
				t.Errorf("found at %d, edited at %d: %v", broken.Seq, c.first, err)
			}
		})
	}
}

func TestLoadRefusesEventsThatWereEdited(t *testing.T) {
	path := newPath(t)
	s := openAt(t, Config{Path: path})
	check(t, s.Record(t.Context(), upgrade("r1", 3, start)))
	change(t, path, "UPDATE event SET at = at + 1 WHERE seq = 5")
	if _, err := s.Load(t.Context()); !errors.Is(err, ErrCorrupt) {
		t.Errorf("want ErrCorrupt, got %v", err)
	}
	change(t, path, "UPDATE event SET at = at - 1 WHERE seq = 5")
}
