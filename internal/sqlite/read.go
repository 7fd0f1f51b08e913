package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
)

// pageSize is how many lines are read at a time: no view of the database stays
// open between two pages, so that a slow reader never holds up the owner's
// clearing of the write-ahead log.
const pageSize = 1000

// The columns of a line; a condition and an order follow.
const (
	lineColumns = "SELECT e.seq, e.at, e.kind, e.release, e.product, e.cohort, e.cluster, e.link, e.trimmed, e.members, b.value, "
	// wholeLines have their members, which can be long.
	wholeLines = lineColumns + "m.value FROM event e LEFT JOIN text b ON b.id = e.body LEFT JOIN text m ON m.id = e.members "
	// briefLines do not.
	briefLines = lineColumns + "NULL FROM event e LEFT JOIN text b ON b.id = e.body "
)

// chained is a line with the link that is stored beside it.
type chained struct {
	line
	stored []byte
}

// lines reads the lines that a query selects.
func (s *Store) lines(ctx context.Context, db querier, query string, args ...any) (_ []chained, err error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, explain(s.path, err)
	}
	defer rows.Close()
	var lines []chained
	var ids [][5]int64
	for rows.Next() {
		var l chained
		var seq, members int64
		var id [5]int64
		if err := rows.Scan(&seq, &l.at, &id[0], &id[1], &id[2], &id[3], &id[4], &l.stored, &l.trimmed, &members, &l.body, &l.members); err != nil {
			return nil, explain(s.path, err)
		}
		l.seq = uint64(seq)
		if l.body == nil || (members != 0 && l.members == nil && strings.HasPrefix(query, wholeLines)) {
			return nil, corrupt(s.path, fmt.Errorf("the content of event %d is gone", seq))
		}
		lines, ids = append(lines, l), append(ids, id)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, explain(s.path, err)
	}
	for i := range lines {
		l := &lines[i]
		for j, word := range []*string{&l.kind, &l.release, &l.product, &l.cohort, &l.cluster} {
			if *word, err = s.texts.word(ctx, db, ids[i][j]); err != nil {
				return nil, corrupt(s.path, fmt.Errorf("a word of event %d cannot be read: %w", l.seq, err))
			}
		}
	}
	return lines, nil
}

// texts remembers words that were read. A number never changes its meaning.
type texts struct {
	mu    sync.RWMutex
	words map[int64]string
}

func (t *texts) word(ctx context.Context, db querier, id int64) (string, error) {
	if id == 0 {
		return "", nil
	}
	t.mu.RLock()
	word, ok := t.words[id]
	t.mu.RUnlock()
	if ok {
		return word, nil
	}
	var value []byte
	if err := db.QueryRowContext(ctx, "SELECT value FROM text WHERE id = ?", id).Scan(&value); err != nil {
		return "", err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.words == nil || len(t.words) >= cachedWords {
		t.words = map[int64]string{}
	}
	t.words[id] = string(value)
	return string(value), nil
}

// wordID returns the number of a word, and false when the journal does not know
// it.
func (s *Store) wordID(ctx context.Context, db querier, word string) (id int64, known bool, err error) {
	if word == "" {
		return 0, true, nil
	}
	err = db.QueryRowContext(ctx, "SELECT id FROM text WHERE hash = ? AND value = ?", wordHash(word), []byte(word)).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, explain(s.path, err)
	}
	return id, true, nil
}
