package sqlite

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// Filter selects events of the journal. What is empty selects all.
type Filter struct {
	// After is the number of the last event that is not wanted.
	After uint64
	// Since and Until bound the time, both included.
	Since, Until                      time.Time
	Kinds                             []plan.EventKind
	Release, Product, Cohort, Cluster string
}

// Events returns the events that a filter selects, in the order in which they
// were recorded. Those that are recorded while the sequence is read are in it.
// An error ends the sequence. The reader may take its time: nothing is locked.
func (s *Store) Events(ctx context.Context, f Filter) iter.Seq2[plan.Event, error] {
	return func(yield func(plan.Event, error) bool) {
		condition, args, possible, err := s.filter(ctx, f)
		if err != nil {
			yield(plan.Event{}, fmt.Errorf("read events: %w", err))
			return
		}
		if !possible {
			return
		}
		for after := f.After; ; {
			page, err := s.lines(ctx, s.ro, wholeLines+"WHERE e.seq > ?"+condition+" ORDER BY e.seq LIMIT ?",
				append(append([]any{int64(after)}, args...), pageSize)...)
			if err != nil {
				yield(plan.Event{}, fmt.Errorf("read events after %d: %w", after, err))
				return
			}
			for i := range page {
				e, err := page[i].event()
				if err != nil {
					yield(plan.Event{}, fmt.Errorf("read events: %w", corrupt(s.path, err)))
					return
				}
				if !yield(e, nil) {
					return
				}
			}
			if len(page) < pageSize {
				return
			}
			after = page[len(page)-1].seq
		}
	}
}

// filter returns the condition of a filter. It is impossible when it names a
// word that the journal does not have.
func (s *Store) filter(ctx context.Context, f Filter) (condition string, args []any, possible bool, err error) {
	var b strings.Builder
	if bounds, times := (HistoryQuery{Since: f.Since, Until: f.Until}).bounds(); !f.Since.IsZero() || !f.Until.IsZero() {
		b.WriteString(bounds)
		args = append(args, times...)
	}
	for _, c := range []struct{ column, word string }{
		{"release", f.Release}, {"product", f.Product}, {"cohort", f.Cohort}, {"cluster", f.Cluster},
	} {
		if c.word == "" {
			continue
		}
		id, known, err := s.wordID(ctx, s.ro, c.word)
		if err != nil || !known {
			return "", nil, false, err
		}
		// The second condition lets the index of one cluster be used.
		b.WriteString(" AND e." + c.column + " = ? AND e." + c.column + " <> 0")
		args = append(args, id)
	}
	if len(f.Kinds) > 0 {
		var marks []string
		for _, k := range f.Kinds {
			id, known, err := s.wordID(ctx, s.ro, string(k))
			if err != nil {
				return "", nil, false, err
			}
			if known {
				marks = append(marks, "?")
				args = append(args, id)
			}
		}
		if len(marks) == 0 {
			return "", nil, false, nil
		}
		b.WriteString(" AND e.kind IN (" + strings.Join(marks, ", ") + ")")
	}
	return b.String(), args, true, nil
}
