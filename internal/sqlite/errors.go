package sqlite

import (
	"errors"
	"fmt"
	"io/fs"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

var (
	// ErrLocked tells that another process owns the database.
	ErrLocked = errors.New("another wavegate process uses this state")
	// ErrCorrupt tells that the file is damaged, edited, or no database of
	// Wavegate at all.
	ErrCorrupt = errors.New("the state file is damaged or not Wavegate's")
	// ErrNewer tells that the file was written by a newer Wavegate.
	ErrNewer = errors.New("the state file was written by a newer wavegate")
	// ErrReadOnly tells that the store was opened in a way that does not allow
	// the call.
	ErrReadOnly = errors.New("the state was opened without the right to do this")
	// ErrFull tells that the disk, or the size allowed to the file, is used up.
	ErrFull = errors.New("no space is left for the state file")
	// ErrMissing tells that there is no state file to read. It is also an
	// [fs.ErrNotExist].
	ErrMissing = fmt.Errorf("no state file: %w", fs.ErrNotExist)
)

// explain adds to an error of the database what it means and what to do.
func explain(path string, err error) error {
	var e *sqlite.Error
	if err == nil || !errors.As(err, &e) {
		return err
	}
	switch e.Code() & 0xff { // the extended code is in the higher bits
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT:
		return corrupt(path, err)
	case sqlite3.SQLITE_FULL:
		return fmt.Errorf("%w: %s: free some space; nothing was lost: %w", ErrFull, path, err)
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
		return fmt.Errorf("%s cannot be opened or written: check that its directory exists and that this user may write there: %w", path, err)
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return fmt.Errorf("%s is in use for longer than the wait allows; try again: %w", path, err)
	case sqlite3.SQLITE_IOERR:
		return fmt.Errorf("the disk under %s fails; check it, and the kernel's log: %w", path, err)
	default:
		return fmt.Errorf("%s: %w", path, err)
	}
}

func corrupt(path string, cause error) error {
	return fmt.Errorf("%w: %w; move %s away (with its -wal and -shm): wavegate starts safely without it, "+
		"soaks begin again and pauses are found on the clusters", ErrCorrupt, cause, path)
}
