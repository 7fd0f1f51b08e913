package sqlite

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"sync"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// Access is what a store is opened for.
type Access uint8

// The kinds of access.
const (
	// Own is for the one process that appends events. It creates the file when
	// there is none.
	Own Access = iota
	// Inbox is for a process beside the owner that submits commands. It may
	// read as well. The file is created when there is none.
	Inbox
	// Read is for a process that only reads.
	Read
)

// Config says how to open a store.
type Config struct {
	// Path is the database file. Its directory must exist.
	Path   string
	Access Access
	// SnapshotEvery is after how many events a snapshot is due, 5,000 when it is
	// zero. With a large state it is due later, so that writing snapshots never
	// costs much more than writing events.
	SnapshotEvery int
	// Log is told about what went wrong in the background: a snapshot that could
	// not be written. Nothing is logged when it is nil.
	Log *slog.Logger

	// pragmas are added for tests: a small disk, or one that is not waited for.
	pragmas []string
}

const defaultSnapshotEvery = 5000

// Store is an open database. It is safe for use by many goroutines.
type Store struct {
	path   string
	access Access
	every  int
	log    *slog.Logger

	lock *fileLock
	rw   *sql.DB // one connection; nil when the store only reads
	ro   *sql.DB

	// mu is held while something is written, and guards what follows.
	mu       sync.Mutex
	closed   bool
	head     head
	words    *interner
	inserter *inserter
	scopes   map[scopeKey]bool // known to be stored
	used     map[int64]bool    // while garbage is collected: words in use since it began
	cleaning sync.Mutex        // held while old events are deleted; taken before mu

	snapshots snapshotter
	texts     texts
}

// head is the end of the chain.
type head struct {
	known bool // false after a failed commit, until it has been read again
	seq   uint64
	link  [sha256.Size]byte
	turn  int64 // of the newest volatile event
}

// Open opens the database of cfg, creates it when there is none, and brings it
// up to date. It fails with [ErrLocked], [ErrCorrupt], [ErrNewer] or
// [ErrMissing] when that is why.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	s, err := open(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("open state: %w", err)
	}
	return s, nil
}

func open(ctx context.Context, cfg Config) (_ *Store, err error) {
	if cfg.Path == "" {
		return nil, errors.New("no path was given")
	}
	if cfg.Access > Read {
		return nil, fmt.Errorf("no such access: %d", cfg.Access)
	}
	if cfg.SnapshotEvery < 0 {
		return nil, fmt.Errorf("SnapshotEvery is %d; it must not be negative", cfg.SnapshotEvery)
	}
	path, err := filepath.Abs(cfg.Path)
	if err != nil {
		return nil, err
	}
	s := &Store{
		path: path, access: cfg.Access, every: cfg.SnapshotEvery, log: cfg.Log,
		words: newInterner(), scopes: map[scopeKey]bool{},
	}
	if s.every == 0 {
		s.every = defaultSnapshotEvery
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.release())
		}
	}()
	info, err := os.Stat(path)
	switch {
	case err == nil && !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a file; give the path of a file", path)
	case errors.Is(err, fs.ErrNotExist) && cfg.Access == Read:
		return nil, fmt.Errorf("%w: %s: has wavegate run with this path?", ErrMissing, path)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	if cfg.Access == Own {
		if s.lock, err = lockFile(ctx, path); err != nil {
			return nil, err
		}
	}
	if cfg.Access != Read {
		if err := s.openWriter(ctx, cfg); err != nil {
			return nil, err
		}
	}
	if err := s.openReaders(ctx); err != nil {
		return nil, err
	}
	if cfg.Access != Own {
		return s, nil
	}
	if s.inserter, err = prepare(ctx, s.rw); err != nil {
		return nil, explain(s.path, err)
	}
	return s, s.resumeSnapshots(ctx)
}

func (s *Store) openWriter(ctx context.Context, cfg Config) (err error) {
	pragmas := []string{"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "journal_size_limit(67108864)"}
	pragmas = append(pragmas, cfg.pragmas...)
	if s.rw, err = sql.Open("sqlite", dsn(s.path, pragmas, url.Values{"_txlock": {"immediate"}})); err != nil {
		return err
	}
	s.rw.SetMaxOpenConns(1)
	version, err := s.version(ctx, s.rw)
	if err != nil {
		return err
	}
	// The schema is not there yet, or old: who else may be bringing it up to
	// date is waited for, and asked again.
	if version < len(migrations) {
		return s.migrate(ctx)
	}
	return nil
}

func (s *Store) openReaders(ctx context.Context) (err error) {
	params := url.Values{"mode": {"ro"}}
	if s.access == Read && !writable(filepath.Dir(s.path)) && !exists(s.path+"-wal") {
		// Nobody writes, and this process cannot create the files that a
		// reader beside a writer needs.
		params.Set("immutable", "1")
	}
	pragmas := []string{"busy_timeout(10000)", "query_only(1)"}
	if s.ro, err = sql.Open("sqlite", dsn(s.path, pragmas, params)); err != nil {
		return err
	}
	s.ro.SetMaxOpenConns(4)
	version, err := s.version(ctx, s.ro)
	if err != nil {
		return err
	}
	if version < len(migrations) {
		return fmt.Errorf("%s has the older schema %d: run a command that writes, such as wavegate run, with this version first", s.path, version)
	}
	return nil
}

// dsn names a file to the driver. The path is escaped: a question mark in it
// must not begin the parameters.
func dsn(path string, pragmas []string, params url.Values) string {
	for _, p := range pragmas {
		params.Add("_pragma", p)
	}
	return (&url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(path), RawQuery: params.Encode()}).String()
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// writable finds out by trying: permission bits do not tell about read-only
// file systems.
func writable(dir string) bool {
	f, err := os.CreateTemp(dir, ".wavegate-*")
	if err != nil {
		return false
	}
	return errors.Join(f.Close(), os.Remove(f.Name())) == nil
}

// write runs f in a transaction that is durable when write returns nil. It is
// not cut short by ctx once it has begun: a halt that is being recorded while
// the process is told to stop must get through.
func (s *Store) write(ctx context.Context, f func(context.Context, *sql.Tx) error) error {
	if s.rw == nil {
		return fmt.Errorf("%w: it was opened for reading", ErrReadOnly)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	tx, err := s.rw.BeginTx(ctx, nil)
	if err != nil {
		return explain(s.path, err)
	}
	if err := f(ctx, tx); err != nil {
		return errors.Join(explain(s.path, err), ignoreDone(tx.Rollback()))
	}
	if err := tx.Commit(); err != nil {
		return errors.Join(explain(s.path, err), ignoreDone(tx.Rollback()))
	}
	return nil
}

// ignoreDone drops the error of a rollback that the database has done by
// itself.
func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}

// read runs f on one consistent view of the database.
func (s *Store) read(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := s.ro.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return explain(s.path, err)
	}
	return errors.Join(explain(s.path, f(tx)), ignoreDone(tx.Rollback()))
}

// Close writes a last snapshot when there are new events, and gives the
// database free for another owner.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	s.mu.Unlock()
	s.snapshots.wait()
	var err error
	if s.access == Own {
		err = s.snapshot(context.Background())
	}
	if err = errors.Join(err, s.release()); err != nil {
		return fmt.Errorf("close state: %w", err)
	}
	return nil
}

func (s *Store) release() error {
	var errs []error
	if s.ro != nil {
		errs = append(errs, s.ro.Close())
	}
	if s.rw != nil {
		errs = append(errs, s.rw.Close())
	}
	if s.lock != nil {
		errs = append(errs, s.lock.release())
	}
	return errors.Join(errs...)
}
