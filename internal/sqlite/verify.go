package sqlite

import (
	"context"
	"fmt"

	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// BrokenError tells where the journal's chain is broken.
type BrokenError struct {
	// Seq is the first event that is not as it was recorded.
	Seq uint64
	// What is wrong with it.
	What string
}

func (e *BrokenError) Error() string {
	return fmt.Sprintf("the journal is not as it was recorded from event %d on: %s", e.Seq, e.What)
}

// Is makes a broken chain an [ErrCorrupt].
func (e *BrokenError) Is(target error) bool { return target == ErrCorrupt }

// Verify walks the whole chain, from the oldest event that is kept. It returns
// a [BrokenError] that names the first event that was edited, inserted or
// removed. What [Store.Retention] deleted or trimmed is no break.
func (s *Store) Verify(ctx context.Context) error {
	if err := s.verify(ctx); err != nil {
		return fmt.Errorf("verify journal: %w", err)
	}
	return nil
}

func (s *Store) verify(ctx context.Context) error {
	var first firstBreak
	if _, err := s.Replay(ctx, &first); err != nil {
		return err
	}
	if first.broken != nil {
		return first.broken
	}
	return nil
}

// firstBreak is a visitor that remembers where the chain is broken first.
type firstBreak struct{ broken *BrokenError }

func (*firstBreak) Begin(uint64)              {}
func (*firstBreak) Wants(plan.EventKind) bool { return false }
func (*firstBreak) Entry(*plan.Event)         {}

func (f *firstBreak) Broken(seq uint64, what string) {
	if f.broken == nil {
		f.broken = &BrokenError{Seq: seq, What: what}
	}
}

func missingEnd(seq, seen uint64) *BrokenError {
	return &BrokenError{Seq: seq, What: fmt.Sprintf("the events up to %d, which a snapshot has seen, are missing", seen)}
}

func wrapReplay(err error) error { return fmt.Errorf("read journal: %w", err) }

func readAnchor(ctx context.Context, db querier) (head, error) {
	var seq int64
	var link []byte
	if err := db.QueryRowContext(ctx, "SELECT seq, link FROM anchor").Scan(&seq, &link); err != nil {
		return head{}, err
	}
	l, err := linkOf(link)
	return head{known: true, seq: uint64(seq), link: l}, err
}
