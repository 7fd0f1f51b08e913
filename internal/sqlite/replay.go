package sqlite

import (
	"bytes"
	"context"
	"database/sql"

	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// Visitor is shown a journal, entry after entry.
type Visitor interface {
	// Begin tells the number of the entry after which the journal begins: 0 unless
	// old ones were deleted.
	Begin(after uint64)
	// Wants reports whether entries of a kind are to be shown with all of their
	// fields. Of others only those that can be searched for are filled in.
	Wants(kind plan.EventKind) bool
	// Entry shows the next entry. What it points to is not the visitor's to change.
	Entry(e *plan.Event)
	// Broken tells that the chain is broken at an entry: it, or one before it, is
	// not as it was recorded. The walk goes on behind the break.
	Broken(seq uint64, what string)
}

// Replay walks the whole journal, checks its chain and shows it to a visitor. The
// journal may grow at the same time. It returns the end of what was shown.
func (s *Store) Replay(ctx context.Context, v Visitor) (Head, error) {
	var h head
	err := s.read(ctx, func(tx *sql.Tx) (err error) {
		h, err = readAnchor(ctx, tx)
		return err
	})
	if err != nil {
		return Head{}, wrapReplay(err)
	}
	v.Begin(h.seq)
	w := newWalk(h, v)
	pages := make(chan replayPage, 2)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	// One goroutine reads while the other checks.
	go s.readPages(ctx, h.seq, pages)
	for page := range pages {
		if page.err != nil {
			return Head{}, wrapReplay(page.err)
		}
		for i := range page.lines {
			if err := w.show(&page.lines[i]); err != nil {
				return Head{}, wrapReplay(corrupt(s.path, err))
			}
		}
	}
	if err := ctx.Err(); err != nil {
		return Head{}, wrapReplay(err)
	}
	broken, err := s.endBroken(ctx, w.head)
	if err != nil {
		return Head{}, wrapReplay(err)
	}
	if broken != nil {
		v.Broken(broken.Seq, broken.What)
	}
	return Head{Seq: w.seq, Link: w.link}, nil
}

type replayPage struct {
	lines []chained
	err   error
}

func (s *Store) readPages(ctx context.Context, after uint64, pages chan<- replayPage) {
	defer close(pages)
	for {
		lines, err := s.lines(ctx, s.ro, wholeLines+"WHERE e.seq > ? ORDER BY e.seq LIMIT ?", int64(after), pageSize)
		if len(lines) == 0 && err == nil {
			return
		}
		select {
		case pages <- replayPage{lines, err}:
		case <-ctx.Done():
			return
		}
		if err != nil {
			return
		}
		after = lines[len(lines)-1].seq
	}
}

// walk is where a replay stands. Bodies of entries often repeat, so that what is
// worked out for one is kept for a while.
type walk struct {
	head
	visitor Visitor
	bodies  map[string]*body
	room    []byte
}

// body is the SHA-256 of an entry's body, and what it says once that was asked for.
type body struct {
	sum   string
	event *plan.Event
}

// keptBodies bounds how many are kept.
const keptBodies = 1 << 14

func newWalk(at head, v Visitor) *walk {
	return &walk{head: at, visitor: v, bodies: map[string]*body{}, room: make([]byte, 0, 1024)}
}

func (w *walk) body(l *chained) *body {
	b := w.bodies[string(l.body)]
	if b == nil {
		if len(w.bodies) >= keptBodies {
			clear(w.bodies)
		}
		b = &body{sum: sum(l.body)}
		w.bodies[string(l.body)] = b
	}
	return b
}

// show checks a line's place in the chain and shows it. After a break it goes on
// with what is stored, so that another break is found as well.
func (w *walk) show(l *chained) error {
	b := w.body(l)
	expected := w.seq + 1
	if err := w.followOver(l, b.sum, w.room); err != nil {
		w.visitor.Broken(min(expected, l.seq), err.Error())
		stored, err := linkOf(l.stored)
		if err != nil {
			return err
		}
		w.seq, w.link = l.seq, stored
	}
	var e plan.Event
	switch {
	case !w.visitor.Wants(plan.EventKind(l.kind)):
		l.head(&e)
	case l.members != nil:
		var err error
		if e, err = l.event(); err != nil {
			return err
		}
	default:
		if b.event == nil {
			whole, err := l.event()
			if err != nil {
				return err
			}
			b.event = &whole
		}
		e = *b.event
		l.head(&e)
	}
	w.visitor.Entry(&e)
	return nil
}

// endBroken checks that the chain goes through the snapshots.
func (s *Store) endBroken(ctx context.Context, h head) (*BrokenError, error) {
	rows, err := s.ro.QueryContext(ctx, "SELECT s.seq, s.link, e.link FROM snapshot s LEFT JOIN event e ON e.seq = s.seq ORDER BY s.seq")
	if err != nil {
		return nil, explain(s.path, err)
	}
	defer rows.Close()
	for rows.Next() {
		var seq int64
		var own, chain []byte
		if err := rows.Scan(&seq, &own, &chain); err != nil {
			return nil, explain(s.path, err)
		}
		switch {
		case chain == nil && uint64(seq) > h.seq:
			return missingEnd(h.seq+1, uint64(seq)), nil
		case chain != nil && !bytes.Equal(own, chain):
			return &BrokenError{Seq: uint64(seq), What: "a snapshot has seen another event here"}, nil
		}
	}
	return nil, explain(s.path, rows.Err())
}
