package sqlite

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"fmt"
)

const (
	// cachedWords bounds the words that are kept in memory.
	cachedWords = 1 << 16
	// sharedSize is up to which size a value is looked for before it is stored:
	// a long one, a list of members, is never the same twice.
	sharedSize = 1024
)

// interner gives each string a number in the table text. It remembers those
// that it gave last. A number that was given in a transaction counts only once
// that is committed.
type interner struct {
	ids     map[string]int64
	pending map[string]int64
}

func newInterner() *interner {
	return &interner{ids: map[string]int64{}, pending: map[string]int64{}}
}

// id returns the number of a value, and stores the value when it is new. The
// empty string has the number 0 and is not stored.
func (w *interner) id(ctx context.Context, in *inserter, value string) (int64, error) {
	if value == "" {
		return 0, nil
	}
	if len(value) > sharedSize {
		return in.text(ctx, nil, value)
	}
	if id, ok := w.ids[value]; ok {
		return id, nil
	}
	if id, ok := w.pending[value]; ok {
		return id, nil
	}
	hash := wordHash(value)
	id, err := in.find(ctx, hash, value)
	if err == nil && id == 0 {
		id, err = in.text(ctx, hash, value)
	}
	if err != nil {
		return 0, err
	}
	w.pending[value] = id
	return id, nil
}

// commit keeps what was given since the last commit or drop.
func (w *interner) commit() {
	if len(w.ids)+len(w.pending) > cachedWords {
		w.ids = map[string]int64{}
	}
	for value, id := range w.pending {
		w.ids[value] = id
	}
	w.drop()
}

// drop forgets what was given since.
func (w *interner) drop() { clear(w.pending) }

// forget forgets everything.
func (w *interner) forget() {
	clear(w.ids)
	w.drop()
}

func wordHash(value string) int64 {
	sum := sha256.Sum256([]byte(value))
	return int64(binary.BigEndian.Uint64(sum[:8]))
}

// inserter has the statements that append events.
type inserter struct {
	findText, insertText, insertEvent, insertScope *sql.Stmt
}

// prepare compiles the statements once for the writer's only connection.
func prepare(ctx context.Context, db *sql.DB) (*inserter, error) {
	in := &inserter{}
	for _, p := range []struct {
		stmt  **sql.Stmt
		query string
	}{
		{&in.findText, "SELECT id, value FROM text WHERE hash = ?"},
		{&in.insertText, "INSERT INTO text (hash, value) VALUES (?, ?)"},
		{&in.insertEvent, "INSERT INTO event (seq, at, kind, release, product, cohort, cluster, body, members, link) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"},
		{&in.insertScope, "INSERT OR IGNORE INTO scope (cluster, product, cohort) VALUES (?, ?, ?)"},
	} {
		stmt, err := db.PrepareContext(ctx, p.query)
		if err != nil {
			return nil, err
		}
		*p.stmt = stmt
	}
	return in, nil
}

// within returns the statements for use in a transaction.
func (in *inserter) within(ctx context.Context, tx *sql.Tx) *inserter {
	return &inserter{
		findText: tx.StmtContext(ctx, in.findText), insertText: tx.StmtContext(ctx, in.insertText),
		insertEvent: tx.StmtContext(ctx, in.insertEvent), insertScope: tx.StmtContext(ctx, in.insertScope),
	}
}

func (in *inserter) text(ctx context.Context, hash any, value string) (int64, error) {
	res, err := in.insertText.ExecContext(ctx, hash, []byte(value))
	if err != nil {
		return 0, fmt.Errorf("store text: %w", err)
	}
	return res.LastInsertId()
}

// find returns the number of a value that is stored, or 0.
func (in *inserter) find(ctx context.Context, hash int64, value string) (found int64, err error) {
	rows, err := in.findText.QueryContext(ctx, hash)
	if err != nil {
		return 0, fmt.Errorf("find text: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		var stored sql.RawBytes
		if err := rows.Scan(&id, &stored); err != nil {
			return 0, fmt.Errorf("find text: %w", err)
		}
		if bytes.Equal(stored, []byte(value)) {
			found = id
		}
	}
	return found, rows.Err()
}
