package sqlite

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// Load returns the state as of the last recorded event: the newest snapshot
// that is whole, and the events after it. The chain of those events is checked.
func (s *Store) Load(ctx context.Context) (*plan.State, error) {
	f, err := s.fold(ctx)
	if err != nil {
		return nil, fmt.Errorf("load state: %w", err)
	}
	return f.state, nil
}

// folded is a state and how far it has come.
type folded struct {
	state *plan.State
	head  head
	// snapshot is the number of the event that the fold began after.
	snapshot uint64
}

func (s *Store) fold(ctx context.Context) (*folded, error) {
	var f *folded
	err := s.read(ctx, func(tx *sql.Tx) (err error) {
		if f, err = s.newestSnapshot(ctx, tx); err != nil {
			return err
		}
		late, err := s.volatileAfter(ctx, tx, f.head.turn)
		if err != nil {
			return err
		}
		for {
			page, err := s.lines(ctx, tx, wholeLines+"WHERE e.seq > ? ORDER BY e.seq LIMIT ?", int64(f.head.seq), pageSize)
			if err != nil {
				return err
			}
			if len(page) == 0 {
				f.applyLate(&late, f.head.seq)
				return nil
			}
			for i := range page {
				f.applyLate(&late, f.head.seq)
				if err := f.head.follow(&page[i]); err != nil {
					return corrupt(s.path, err)
				}
				e, err := page[i].event()
				if err != nil {
					return corrupt(s.path, err)
				}
				f.state.Apply(e)
			}
		}
	})
	return f, err
}

// follow moves the end of the chain on by one line, after checking that the
// line belongs there.
func (h *head) follow(l *chained) error { return h.followOver(l, sum(l.body), nil) }

// followOver is follow with the SHA-256 of the line's body, and with room to write
// in.
func (h *head) followOver(l *chained, body string, room []byte) error {
	if l.seq != h.seq+1 {
		return fmt.Errorf("event %d is missing", h.seq+1)
	}
	link, err := l.linkOver(h.link, body, room)
	if err != nil {
		return err
	}
	if !bytes.Equal(link[:], l.stored) {
		return fmt.Errorf("event %d has been changed, or one before it was", l.seq)
	}
	h.seq, h.link = l.seq, link
	return nil
}

// lateEvent is a volatile event and the event that was recorded before it.
type lateEvent struct {
	after uint64
	turn  int64
	event plan.Event
}

// applyLate applies the volatile events that came after event seq or earlier.
func (f *folded) applyLate(late *[]lateEvent, seq uint64) {
	for len(*late) > 0 && (*late)[0].after <= seq {
		f.state.Apply((*late)[0].event)
		f.head.turn = (*late)[0].turn
		*late = (*late)[1:]
	}
}

func (s *Store) volatileAfter(ctx context.Context, tx *sql.Tx, turn int64) ([]lateEvent, error) {
	rows, err := tx.QueryContext(ctx, "SELECT turn, after, event FROM volatile WHERE turn > ? ORDER BY turn", turn)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var late []lateEvent
	for rows.Next() {
		var l lateEvent
		var after int64
		var body []byte
		if err := rows.Scan(&l.turn, &after, &body); err != nil {
			return nil, err
		}
		if err := json.Unmarshal(body, &l.event); err != nil {
			return nil, corrupt(s.path, fmt.Errorf("volatile event %d cannot be read: %w", l.turn, err))
		}
		l.after = uint64(after)
		late = append(late, l)
	}
	return late, rows.Err()
}

// newestSnapshot returns the state of the newest snapshot that is whole, or the
// state before the first event when there is none and no event was deleted.
func (s *Store) newestSnapshot(ctx context.Context, tx *sql.Tx) (*folded, error) {
	rows, err := tx.QueryContext(ctx, "SELECT seq, turn, link, sum, state FROM snapshot ORDER BY seq DESC")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var faults []error
	for rows.Next() {
		var seq, turn int64
		var link, sum, packed []byte
		if err := rows.Scan(&seq, &turn, &link, &sum, &packed); err != nil {
			return nil, err
		}
		state, err := unpack(packed, sum)
		if err == nil {
			f := &folded{state: state, head: head{known: true, seq: uint64(seq), turn: turn}, snapshot: uint64(seq)}
			if f.head.link, err = linkOf(link); err == nil {
				return f, nil
			}
		}
		faults = append(faults, fmt.Errorf("the snapshot at event %d is damaged: %w", seq, err))
		s.log.Warn("a snapshot is damaged and is passed over", "path", s.path, "seq", seq, "error", err)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, err
	}
	var anchor int64
	if err := tx.QueryRowContext(ctx, "SELECT seq FROM anchor").Scan(&anchor); err != nil {
		return nil, err
	}
	if anchor != 0 {
		faults = append(faults, fmt.Errorf("the events up to %d are deleted and no snapshot stands for them", anchor))
		return nil, corrupt(s.path, errors.Join(faults...))
	}
	return &folded{state: plan.NewState(), head: head{known: true}}, nil
}

func pack(state *plan.State) (packed, sum []byte, err error) {
	text, err := json.Marshal(state)
	if err != nil {
		return nil, nil, err
	}
	var buf bytes.Buffer
	zip, err := gzip.NewWriterLevel(&buf, gzip.BestSpeed)
	if err != nil {
		return nil, nil, err
	}
	if _, err := zip.Write(text); err != nil {
		return nil, nil, err
	}
	if err := zip.Close(); err != nil {
		return nil, nil, err
	}
	hash := sha256.Sum256(buf.Bytes())
	return buf.Bytes(), hash[:], nil
}

func unpack(packed, sum []byte) (*plan.State, error) {
	if hash := sha256.Sum256(packed); !bytes.Equal(hash[:], sum) {
		return nil, errors.New("its checksum does not match")
	}
	zip, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(zip)
	if err != nil {
		return nil, err
	}
	state := plan.NewState()
	if err := json.Unmarshal(text, state); err != nil {
		return nil, err
	}
	return state, nil
}
