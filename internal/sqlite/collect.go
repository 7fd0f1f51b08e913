package sqlite

import (
	"context"
	"database/sql"
	"errors"
)

// collectWords deletes the words that no event uses. It first marks those that
// are in use, while events are recorded: what they use is noted meanwhile.
func (s *Store) collectWords(ctx context.Context, done *Retained) error {
	s.mu.Lock()
	s.used = map[int64]bool{}
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.used = nil
		s.mu.Unlock()
	}()
	var last int64
	if err := s.ro.QueryRowContext(ctx, "SELECT coalesce(max(id), 0) FROM text").Scan(&last); err != nil {
		return explain(s.path, err)
	}
	marks, err := s.markWords(ctx, last)
	if err != nil {
		return explain(s.path, err)
	}
	for after := int64(0); after < last; {
		ids, err := s.wordsAfter(ctx, after, last)
		if err != nil {
			return explain(s.path, err)
		}
		if len(ids) == 0 {
			return nil
		}
		after = ids[len(ids)-1]
		if err := s.sweep(ctx, ids, marks, done); err != nil {
			return err
		}
	}
	return nil
}

// sweep deletes those of the words that are not marked.
func (s *Store) sweep(ctx context.Context, ids []int64, marks bits, done *Retained) error {
	return s.locked(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, id := range ids {
			if marks.has(id) || s.used[id] {
				continue
			}
			if _, err := tx.ExecContext(ctx, "DELETE FROM text WHERE id = ?", id); err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, "DELETE FROM scope WHERE cluster = ?", id); err != nil {
				return err
			}
			done.Words++
		}
		// The mutex is held: nothing is recorded with a number that is gone.
		s.words.forget()
		clear(s.scopes)
		return nil
	})
}

// markWords marks all words that an event uses, and the products and cohorts of
// clusters that still have events.
func (s *Store) markWords(ctx context.Context, last int64) (bits, error) {
	marks := make(bits, last/64+1)
	const perPage = 10_000
	for after := int64(0); ; {
		n, err := s.markPage(ctx, &after, perPage, marks)
		if err != nil {
			return nil, err
		}
		if n < perPage {
			break
		}
	}
	rows, err := s.ro.QueryContext(ctx, "SELECT cluster, product, cohort FROM scope")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var cluster, product, cohort int64
		if err := rows.Scan(&cluster, &product, &cohort); err != nil {
			return nil, err
		}
		if marks.has(cluster) {
			marks.set(product)
			marks.set(cohort)
		}
	}
	return marks, errors.Join(rows.Err(), rows.Close())
}

func (s *Store) markPage(ctx context.Context, after *int64, limit int, marks bits) (n int, err error) {
	rows, err := s.ro.QueryContext(ctx, "SELECT seq, kind, release, product, cohort, cluster, body, members FROM event"+
		" WHERE seq > ? ORDER BY seq LIMIT ?", *after, limit)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var id [7]int64
		if err := rows.Scan(after, &id[0], &id[1], &id[2], &id[3], &id[4], &id[5], &id[6]); err != nil {
			return 0, err
		}
		for _, i := range id {
			marks.set(i)
		}
		n++
	}
	return n, errors.Join(rows.Err(), rows.Close())
}

func (s *Store) wordsAfter(ctx context.Context, after, last int64) ([]int64, error) {
	rows, err := s.ro.QueryContext(ctx, "SELECT id FROM text WHERE id > ? AND id <= ? ORDER BY id LIMIT ?", after, last, retentionBatch)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var ids []int64
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, errors.Join(rows.Err(), rows.Close())
}

// bits is a set of small numbers.
type bits []uint64

func (b bits) set(id int64) {
	if i := id / 64; i < int64(len(b)) {
		b[i] |= 1 << (id % 64)
	}
}

func (b bits) has(id int64) bool {
	i := id / 64
	return i < int64(len(b)) && b[i]&(1<<(id%64)) != 0
}
