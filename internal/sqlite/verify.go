package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
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
	var h head
	err := s.read(ctx, func(tx *sql.Tx) error {
		anchor, err := readAnchor(ctx, tx)
		h = anchor
		return err
	})
	if err != nil {
		return err
	}
	for {
		page, err := s.lines(ctx, s.ro, wholeLines+"WHERE e.seq > ? ORDER BY e.seq LIMIT ?", int64(h.seq), pageSize)
		if err != nil {
			return err
		}
		if len(page) == 0 {
			break
		}
		for i := range page {
			if err := h.follow(&page[i]); err != nil {
				return &BrokenError{Seq: h.seq + 1, What: err.Error()}
			}
		}
	}
	return s.verifyEnd(ctx, h)
}

// verifyEnd checks that the chain goes through the snapshots: events at the end
// could have been cut off.
func (s *Store) verifyEnd(ctx context.Context, h head) error {
	rows, err := s.ro.QueryContext(ctx, "SELECT s.seq, s.link, e.link FROM snapshot s LEFT JOIN event e ON e.seq = s.seq")
	if err != nil {
		return explain(s.path, err)
	}
	defer rows.Close()
	for rows.Next() {
		var seq int64
		var own, chain []byte
		if err := rows.Scan(&seq, &own, &chain); err != nil {
			return explain(s.path, err)
		}
		if chain == nil && uint64(seq) > h.seq {
			return &BrokenError{Seq: h.seq + 1, What: fmt.Sprintf("the events up to %d, which a snapshot has seen, are missing", seq)}
		}
		if chain != nil && !bytes.Equal(own, chain) {
			return &BrokenError{Seq: uint64(seq), What: "a snapshot has seen another event here"}
		}
	}
	return errors.Join(explain(s.path, rows.Err()), rows.Close())
}

func readAnchor(ctx context.Context, db querier) (head, error) {
	var seq int64
	var link []byte
	if err := db.QueryRowContext(ctx, "SELECT seq, link FROM anchor").Scan(&seq, &link); err != nil {
		return head{}, err
	}
	l, err := linkOf(link)
	return head{known: true, seq: uint64(seq), link: l}, err
}
