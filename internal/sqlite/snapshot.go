package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
)

// snapshotter decides when a snapshot is due, and writes one at a time in the
// background: recording a halt must not wait for it.
type snapshotter struct {
	mu      sync.Mutex
	running sync.WaitGroup
	busy    bool
	every   uint64
	// next is the number of the event at which the next one is due.
	next uint64
}

const (
	// bytesPerEvent is about what an event takes in the file. A snapshot of n
	// bytes is worth its while after n / bytesPerEvent events.
	bytesPerEvent = 100
	// keptSnapshots are kept, so that a damaged one is no loss.
	keptSnapshots = 2
)

// begin sets when the next snapshot is due after one at event seq of that many
// bytes.
func (p *snapshotter) begin(seq uint64, bytes int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next = seq + max(p.every, uint64(bytes)/bytesPerEvent)
}

func (p *snapshotter) due(seq uint64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return seq >= p.next && !p.busy
}

// start writes a snapshot in the background. One that fails is logged and tried
// again after as many events: without it everything works, only slower.
func (p *snapshotter) start(s *Store) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.busy = true
	p.running.Go(func() {
		err := s.snapshot(context.Background())
		p.mu.Lock()
		defer p.mu.Unlock()
		p.busy = false
		if err != nil {
			p.next += p.every
			s.log.Error("a snapshot could not be written; starting again will take longer", "path", s.path, "error", err)
		}
	})
}

func (p *snapshotter) wait() { p.running.Wait() }

// snapshot folds the events as a reader would, and stores the result.
func (s *Store) snapshot(ctx context.Context) error {
	f, err := s.fold(ctx)
	if err != nil {
		return fmt.Errorf("write snapshot: %w", err)
	}
	if f.head.seq == f.snapshot {
		return nil
	}
	packed, sum, err := pack(f.state)
	if err != nil {
		return fmt.Errorf("write snapshot: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	err = s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO snapshot (seq, turn, link, sum, state) VALUES (?, ?, ?, ?, ?)",
			int64(f.head.seq), f.head.turn, f.head.link[:], sum, packed)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "DELETE FROM snapshot WHERE seq NOT IN (SELECT seq FROM snapshot ORDER BY seq DESC LIMIT ?)", keptSnapshots)
		return err
	})
	if err != nil {
		return fmt.Errorf("write snapshot: %w", err)
	}
	s.snapshots.begin(f.head.seq, int64(len(packed)))
	return nil
}

// resumeSnapshots finds out when the next snapshot is due.
func (s *Store) resumeSnapshots(ctx context.Context) error {
	s.snapshots.every = uint64(s.every)
	var seq, bytes int64
	err := s.rw.QueryRowContext(ctx, "SELECT coalesce(max(seq), 0), coalesce(length(state), 0) FROM snapshot").Scan(&seq, &bytes)
	if err != nil {
		return explain(s.path, err)
	}
	s.snapshots.begin(uint64(seq), bytes)
	return nil
}
