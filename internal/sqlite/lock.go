package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// fileLock is held by the owner of a database for as long as it lives. It is an
// exclusive transaction on an empty database beside the real one: SQLite's own
// locks work on every system that it runs on, the operating system drops them
// with the process, and the real database stays open for readers.
type fileLock struct {
	db   *sql.DB
	conn *sql.Conn
}

func lockFile(ctx context.Context, path string) (_ *fileLock, err error) {
	db, err := sql.Open("sqlite", dsn(path+".lock", []string{"busy_timeout(0)"}, url.Values{}))
	if err != nil {
		return nil, err
	}
	l := &fileLock{db: db}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.release())
		}
	}()
	if l.conn, err = db.Conn(ctx); err != nil {
		return nil, explain(path+".lock", err)
	}
	_, err = l.conn.ExecContext(ctx, "BEGIN EXCLUSIVE")
	var e *sqlite.Error
	switch {
	case err == nil:
		return l, nil
	case errors.As(err, &e) && e.Code()&0xff == sqlite3.SQLITE_BUSY:
		return nil, fmt.Errorf("%w: %s is locked: stop the other one, or use another path", ErrLocked, path+".lock")
	default:
		return nil, explain(path+".lock", err)
	}
}

func (l *fileLock) release() error {
	var err error
	if l.conn != nil {
		err = l.conn.Close()
	}
	return errors.Join(err, l.db.Close())
}
