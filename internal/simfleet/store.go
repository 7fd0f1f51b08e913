package simfleet

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
)

// The directory of a fleet holds three files:
//
//   - fleet.json, the snapshot: the state after the operation number Seq;
//   - fleet.log, the operations since: one a line, a checksum before the JSON;
//   - fleet.lock, held while a process has the fleet open.
//
// A snapshot is written beside the old one and renamed, and only then is the
// log emptied. Whatever is in both counts once, because operations have
// numbers. A last line without its end was never acknowledged and is dropped;
// any other line that cannot be read is damage, and an error.
const (
	snapshotName = "fleet.json"
	logName      = "fleet.log"
	lockName     = "fleet.lock"
)

// store writes a fleet's files.
type store struct {
	dir   string
	lock  *os.File
	every int // operations between snapshots

	seq     uint64 // of the newest operation; guarded by the fleet's lock
	pending int    // operations in the log; guarded by the fleet's lock

	log     *os.File
	written atomic.Uint64 // the newest operation in the log file
	mu      sync.Mutex    // guards synced, and is held while syncing
	synced  uint64
}

// load opens the directory, takes the snapshot and replays the log.
func (f *Fleet) load(dir string, every int) (err error) {
	if every == 0 {
		every = 20_000
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make directory: %w", err)
	}
	lock, err := lockFile(filepath.Join(dir, lockName))
	if err != nil {
		return fmt.Errorf("lock the fleet: %w", err)
	}
	s := &store{dir: dir, lock: lock, every: every}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	data, err := os.ReadFile(filepath.Join(dir, snapshotName))
	switch {
	case errors.Is(err, os.ErrNotExist):
	case err != nil:
		return fmt.Errorf("read snapshot: %w", err)
	default:
		if s.seq, err = f.restore(data); err != nil {
			return fmt.Errorf("read snapshot %s: %w", snapshotName, err)
		}
	}
	s.log, err = os.OpenFile(filepath.Join(dir, logName), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return fmt.Errorf("open log: %w", err)
	}
	if err := s.replay(f); err != nil {
		return fmt.Errorf("read log: %w", err)
	}
	f.store = s
	// The snapshot makes the number of this opening durable: no cursor of an
	// earlier process may be taken for one of this.
	f.opens++
	return f.snapshot()
}

// replay applies the operations of the log that the snapshot does not hold. The
// snapshot that is written afterwards empties the log, with what may be left of
// an unfinished line.
func (s *store) replay(f *Fleet) error {
	in := bufio.NewReaderSize(s.log, 1<<16)
	for line := 1; ; line++ {
		text, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		var o op
		if err := decodeLine(text, &o); err != nil {
			return fmt.Errorf("%s:%d: %w; take the directory back from a backup or start with a new one", logName, line, err)
		}
		if o.Seq <= s.seq {
			continue
		}
		if o.Seq != s.seq+1 {
			return fmt.Errorf("%s:%d: operation %d follows %d; operations are missing", logName, line, o.Seq, s.seq)
		}
		if err := f.apply(&o); err != nil {
			return fmt.Errorf("%s:%d: operation %d: %w", logName, line, o.Seq, err)
		}
		s.seq = o.Seq
	}
	return nil
}

func decodeLine(text []byte, o *op) error {
	sum, body, ok := bytes.Cut(bytes.TrimSuffix(text, []byte("\n")), []byte(" "))
	if !ok {
		return errors.New("the line has no checksum")
	}
	want, err := strconv.ParseUint(string(sum), 16, 32)
	if err != nil || crc32.ChecksumIEEE(body) != uint32(want) {
		return errors.New("the checksum does not fit: the line is damaged")
	}
	if err := json.Unmarshal(body, o); err != nil {
		return fmt.Errorf("the line is not an operation: %w", err)
	}
	return nil
}

// keep appends an operation to the log. The fleet's lock is held; the returned
// function waits, without the lock, until the operation is on disk.
func (f *Fleet) keep(o *op) (wait func() error, err error) {
	s := f.store
	if s == nil {
		return func() error { return nil }, nil
	}
	o.Seq = s.seq + 1
	body, err := json.Marshal(o)
	if err != nil {
		return nil, f.fail(fmt.Errorf("encode operation: %w", err))
	}
	line := make([]byte, 0, len(body)+10)
	line = fmt.Appendf(line, "%08x ", crc32.ChecksumIEEE(body))
	line = append(append(line, body...), '\n')
	if _, err := s.log.Write(line); err != nil {
		return nil, f.fail(fmt.Errorf("write log: %w", err))
	}
	s.seq = o.Seq
	s.written.Store(o.Seq)
	s.pending++
	if s.pending >= s.every {
		if err := f.snapshot(); err != nil {
			return nil, f.fail(err)
		}
	}
	return func() error { return s.sync(o.Seq) }, nil
}

// sync returns when the operation of that number is on disk. Callers that come
// together share one write.
func (s *store) sync(seq uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.synced >= seq {
		return nil
	}
	written := s.written.Load()
	if err := s.log.Sync(); err != nil {
		return fmt.Errorf("sync log: %w", err)
	}
	s.synced = max(s.synced, written)
	return nil
}

// snapshot writes the whole state and empties the log. The fleet's lock is
// held.
func (f *Fleet) snapshot() error {
	s := f.store
	data, err := f.dump(s.seq)
	if err != nil {
		return fmt.Errorf("write snapshot: %w", err)
	}
	if err := replaceFile(s.dir, snapshotName, data); err != nil {
		return fmt.Errorf("write snapshot: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.log.Truncate(0); err != nil {
		return fmt.Errorf("empty log: %w", err)
	}
	if _, err := s.log.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("empty log: %w", err)
	}
	s.synced, s.pending = s.seq, 0
	return nil
}

// replaceFile puts a file in the place of another at once, durably.
func replaceFile(dir, name string, data []byte) (err error) {
	tmp, err := os.CreateTemp(dir, name+".*.tmp")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(tmp.Name()))
		}
	}()
	if _, err := tmp.Write(data); err != nil {
		return errors.Join(err, tmp.Close())
	}
	if err := tmp.Sync(); err != nil {
		return errors.Join(err, tmp.Close())
	}
	if err := tmp.Close(); err != nil {
		return err
	}
	if err := os.Rename(tmp.Name(), filepath.Join(dir, name)); err != nil {
		return err
	}
	return syncDir(dir)
}

func (s *store) close() error {
	var errs []error
	if s.log != nil {
		errs = append(errs, s.log.Sync(), s.log.Close())
	}
	return errors.Join(append(errs, unlockFile(s.lock))...)
}
