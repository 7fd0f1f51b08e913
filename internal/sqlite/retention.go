package sqlite

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

const (
	// retentionBatch is how many rows are deleted in one transaction: recording
	// waits for no more than that.
	retentionBatch = 2000
	// membersAfter is how long the list of a rollout's members is kept. Each
	// member has events of its own.
	membersAfter = 30 * 24 * time.Hour
	// longMembers is from how many bytes on a list is worth trimming.
	longMembers = 2048
)

// Retained tells what [Store.Retention] has done.
type Retained struct {
	Events  int // deleted
	Members int // lists of members that were trimmed
	Words   int // strings that nothing used any more
}

// Retention deletes the events that are older than keep at the time now, in
// small transactions between which events are recorded as ever. It deletes only
// from the old end, so that the chain stays whole, and only what both kept
// snapshots stand for; with fewer whole snapshots it deletes nothing. An event
// whose time lies in the future, after a wrong clock, keeps those behind it
// until its time has passed. The file does not shrink: the space is used again.
//
// An error leaves the journal whole; the next call goes on from there.
func (s *Store) Retention(ctx context.Context, keep time.Duration, now time.Time) (Retained, error) {
	var done Retained
	if err := s.retention(ctx, keep, now, &done); err != nil {
		return done, fmt.Errorf("delete old events: %w", err)
	}
	return done, nil
}

func (s *Store) retention(ctx context.Context, keep time.Duration, now time.Time, done *Retained) error {
	switch {
	case s.access != Own:
		return fmt.Errorf("%w: only the owner deletes events", ErrReadOnly)
	case keep <= 0:
		return fmt.Errorf("events are to be kept for %s; it must be more than nothing", keep)
	}
	s.cleaning.Lock()
	defer s.cleaning.Unlock()
	floor, turn, ok, err := s.safeFloor(ctx)
	if err != nil || !ok {
		return err
	}
	if err := s.deleteEvents(ctx, floor, now.Add(-keep), done); err != nil {
		return err
	}
	if err := s.trimMembers(ctx, floor, now.Add(-min(keep, membersAfter)), done); err != nil {
		return err
	}
	err = s.locked(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM volatile WHERE turn <= ?", turn)
		return err
	})
	if err != nil {
		return err
	}
	if done.Events+done.Members == 0 {
		return nil
	}
	return s.collectWords(ctx, done)
}

// locked is write for those who do not hold the mutex.
func (s *Store) locked(ctx context.Context, f func(context.Context, *sql.Tx) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errors.New("the state is closed")
	}
	return s.write(ctx, f)
}

// safeFloor returns up to which event and volatile event the oldest snapshot
// stands for what was before it, and false when there are not enough snapshots
// that are whole.
func (s *Store) safeFloor(ctx context.Context) (floor, turn int64, ok bool, err error) {
	rows, err := s.ro.QueryContext(ctx, "SELECT seq, turn, sum, state FROM snapshot ORDER BY seq DESC")
	if err != nil {
		return 0, 0, false, explain(s.path, err)
	}
	defer rows.Close()
	whole := 0
	for rows.Next() {
		var sum, packed []byte
		if err := rows.Scan(&floor, &turn, &sum, &packed); err != nil {
			return 0, 0, false, explain(s.path, err)
		}
		if _, err := unpack(packed, sum); err != nil {
			return 0, 0, false, corrupt(s.path, fmt.Errorf("the snapshot at event %d is damaged, and no event is deleted: %w", floor, err))
		}
		whole++
	}
	return floor, turn, whole >= keptSnapshots, explain(s.path, errors.Join(rows.Err(), rows.Close()))
}

func (s *Store) deleteEvents(ctx context.Context, floor int64, before time.Time, done *Retained) error {
	limit := floor
	var young int64
	err := s.ro.QueryRowContext(ctx, "SELECT seq FROM event WHERE at >= ? ORDER BY seq LIMIT 1", before.UnixNano()).Scan(&young)
	switch {
	case err == nil:
		limit = min(limit, young-1)
	case !errors.Is(err, sql.ErrNoRows):
		return explain(s.path, err)
	}
	for more := true; more; {
		err := s.locked(ctx, func(ctx context.Context, tx *sql.Tx) error {
			anchor, err := readAnchor(ctx, tx)
			if err != nil {
				return err
			}
			upTo := min(limit, int64(anchor.seq)+retentionBatch)
			if more = upTo > int64(anchor.seq); !more {
				return nil
			}
			if _, err := tx.ExecContext(ctx, "UPDATE anchor SET (seq, link) = (SELECT seq, link FROM event WHERE seq = ?)", upTo); err != nil {
				return err
			}
			// The members of a rollout are its own.
			if _, err := tx.ExecContext(ctx, "DELETE FROM text WHERE hash IS NULL AND id IN"+
				" (SELECT members FROM event WHERE members <> 0 AND seq <= ?)", upTo); err != nil {
				return err
			}
			res, err := tx.ExecContext(ctx, "DELETE FROM event WHERE seq <= ?", upTo)
			if err != nil {
				return err
			}
			n, err := res.RowsAffected()
			done.Events += int(n)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// trimMembers deletes long lists of members. The chain keeps their SHA-256.
func (s *Store) trimMembers(ctx context.Context, floor int64, before time.Time, done *Retained) error {
	for {
		var seq, members int64
		var list []byte
		err := s.ro.QueryRowContext(ctx, "SELECT e.seq, e.members, m.value FROM event e JOIN text m ON m.id = e.members"+
			" WHERE e.members <> 0 AND e.at < ? AND e.seq <= ? AND length(m.value) >= ? ORDER BY e.at LIMIT 1",
			before.UnixNano(), floor, longMembers).Scan(&seq, &members, &list)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return explain(s.path, err)
		}
		hash := sha256.Sum256(list)
		err = s.locked(ctx, func(ctx context.Context, tx *sql.Tx) error {
			if _, err := tx.ExecContext(ctx, "UPDATE event SET members = 0, trimmed = ? WHERE seq = ?", hash[:], seq); err != nil {
				return err
			}
			_, err := tx.ExecContext(ctx, "DELETE FROM text WHERE id = ?", members)
			return err
		})
		if err != nil {
			return err
		}
		done.Members++
	}
}
