package sqlite

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// scopeKey has the numbers of a cluster, a product and a cohort.
type scopeKey [3]int64

// Record appends events, all or none, and returns when they are durable. Their
// Seq is given here; what the caller has set is ignored. After an error nothing
// of the batch is stored, unless the error says otherwise.
func (s *Store) Record(ctx context.Context, events []plan.Event) error {
	if len(events) == 0 {
		return nil
	}
	if s.access != Own {
		return fmt.Errorf("record events: %w: only the owner appends events", ErrReadOnly)
	}
	for i, e := range events {
		if err := checkEvent(e); err != nil {
			return fmt.Errorf("record events: event %d of %d (%s): %w", i+1, len(events), e.Kind, err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errors.New("record events: the state is closed")
	}
	if err := s.append(ctx, events); err != nil {
		return fmt.Errorf("record events: %w", err)
	}
	if s.snapshots.due(s.head.seq) {
		s.snapshots.start(s)
	}
	return nil
}

func (s *Store) append(ctx context.Context, events []plan.Event) error {
	if err := s.findHead(ctx); err != nil {
		return err
	}
	before, next := s.head, s.head
	fresh := map[scopeKey]bool{}
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		in := s.inserter.within(ctx, tx)
		for _, e := range events {
			var err error
			if e.Volatile() {
				err = s.putVolatile(ctx, tx, e, &next)
			} else {
				err = s.putEvent(ctx, in, e, &next, fresh)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		s.accept(next, fresh)
		return nil
	}
	s.words.drop()
	if next == before {
		return err // it failed before anything was written
	}
	// A commit that failed may still have reached the disk. The file knows.
	s.head.known = false
	if headErr := s.findHead(ctx); headErr != nil {
		return errors.Join(err, fmt.Errorf("whether the events were stored is not known: %w", headErr))
	}
	if s.head == next {
		s.accept(next, nil)
		return nil
	}
	return err
}

func (s *Store) accept(next head, fresh map[scopeKey]bool) {
	s.head = next
	s.words.commit()
	if len(s.scopes) > cachedWords {
		s.scopes = map[scopeKey]bool{}
	}
	for k := range fresh {
		s.scopes[k] = true
	}
}

func (s *Store) putEvent(ctx context.Context, in *inserter, e plan.Event, next *head, fresh map[scopeKey]bool) error {
	l, err := encode(e, next.seq+1)
	if err != nil {
		return err
	}
	link, err := l.link(next.link)
	if err != nil {
		return err
	}
	var ids [7]int64
	for i, word := range []string{l.kind, l.release, l.product, l.cohort, l.cluster, string(l.body), string(l.members)} {
		if ids[i], err = s.words.id(ctx, in, word); err != nil {
			return err
		}
		if s.used != nil {
			s.used[ids[i]] = true
		}
	}
	_, err = in.insertEvent.ExecContext(ctx, int64(l.seq), l.at, ids[0], ids[1], ids[2], ids[3], ids[4], ids[5], ids[6], link[:])
	if err != nil {
		return fmt.Errorf("store event %d: %w", l.seq, err)
	}
	if scope := (scopeKey{ids[4], ids[2], ids[3]}); ids[4] != 0 && !s.scopes[scope] && !fresh[scope] {
		if _, err := in.insertScope.ExecContext(ctx, scope[0], scope[1], scope[2]); err != nil {
			return fmt.Errorf("store scope: %w", err)
		}
		fresh[scope] = true
	}
	next.seq, next.link = l.seq, link
	return nil
}

func (s *Store) putVolatile(ctx context.Context, tx *sql.Tx, e plan.Event, next *head) error {
	e.Seq = 0
	e.At = e.At.UTC()
	body, err := json.Marshal(e)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, new(plan.Event)); err != nil {
		return fmt.Errorf("%s cannot be read back: %w", e.Kind, err)
	}
	next.turn++
	key := strings.Join([]string{string(e.Kind), e.Release, e.Product, e.Cohort, strconv.Itoa(e.Wave)}, "\x1f")
	_, err = tx.ExecContext(ctx,
		"INSERT INTO volatile (key, turn, after, event) VALUES (?, ?, ?, ?)"+
			" ON CONFLICT (key) DO UPDATE SET turn = excluded.turn, after = excluded.after, event = excluded.event",
		key, next.turn, int64(next.seq), body)
	if err != nil {
		return fmt.Errorf("store %s: %w", e.Kind, err)
	}
	return nil
}

// findHead reads the end of the chain from the file, unless it is known.
func (s *Store) findHead(ctx context.Context) error {
	if s.head.known {
		return nil
	}
	h, err := readHead(context.WithoutCancel(ctx), s.rw)
	if err != nil {
		return fmt.Errorf("read the end of the journal: %w", explain(s.path, err))
	}
	s.head = h
	return nil
}

func readHead(ctx context.Context, db querier) (head, error) {
	h := head{known: true}
	var seq, turn, snapshotTurn int64
	var link []byte
	err := db.QueryRowContext(ctx, "SELECT seq, link FROM event ORDER BY seq DESC LIMIT 1").Scan(&seq, &link)
	if errors.Is(err, sql.ErrNoRows) {
		err = db.QueryRowContext(ctx, "SELECT seq, link FROM anchor").Scan(&seq, &link)
	}
	if err != nil {
		return head{}, err
	}
	if err := db.QueryRowContext(ctx, "SELECT coalesce(max(turn), 0) FROM volatile").Scan(&turn); err != nil {
		return head{}, err
	}
	if err := db.QueryRowContext(ctx, "SELECT coalesce(max(turn), 0) FROM snapshot").Scan(&snapshotTurn); err != nil {
		return head{}, err
	}
	h.seq, h.turn = uint64(seq), max(turn, snapshotTurn)
	if h.link, err = linkOf(link); err != nil {
		return head{}, err
	}
	return h, nil
}

func linkOf(b []byte) (l [sha256.Size]byte, err error) {
	if copy(l[:], b) != sha256.Size || len(b) != sha256.Size {
		return l, fmt.Errorf("a link of the chain has %d bytes, not %d", len(b), sha256.Size)
	}
	return l, nil
}

// Head is the end of the journal: the number of its newest event and the link
// of the chain there, which stands for all events up to it.
type Head struct {
	Seq  uint64
	Link [sha256.Size]byte
}

// Head returns the end of the journal.
func (s *Store) Head(ctx context.Context) (Head, error) {
	h, err := readHead(ctx, s.ro)
	if err != nil {
		return Head{}, fmt.Errorf("read the end of the journal: %w", explain(s.path, err))
	}
	return Head{Seq: h.seq, Link: h.link}, nil
}
