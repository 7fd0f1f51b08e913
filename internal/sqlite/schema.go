package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// applicationID marks the file as Wavegate's: "WAVE".
const applicationID = 0x57415645

// migrations bring a database from the version that is their index to the next
// one. They are only ever added to; a binary refuses a file that is further
// than its own list.
var migrations = [...]string{schemaV1}

const schemaV1 = `
-- Strings and event bodies, each once. hash is a part of the SHA-256 of the
-- value, to find it; NULL when the value is not shared.
CREATE TABLE text (
	id    INTEGER PRIMARY KEY AUTOINCREMENT, -- never used twice: readers cache it
	hash  INTEGER,
	value BLOB NOT NULL
) STRICT;
CREATE INDEX text_by_hash ON text (hash) WHERE hash IS NOT NULL;

-- The journal. kind, release, product, cohort, cluster, body and members are in
-- text; 0 is the empty string. at is in nanoseconds since 1970.
CREATE TABLE event (
	seq     INTEGER PRIMARY KEY,
	at      INTEGER NOT NULL,
	kind    INTEGER NOT NULL,
	release INTEGER NOT NULL,
	product INTEGER NOT NULL,
	cohort  INTEGER NOT NULL,
	cluster INTEGER NOT NULL,
	body    INTEGER NOT NULL,
	members INTEGER NOT NULL, -- apart from the body: they are long and seldom needed
	link    BLOB NOT NULL,    -- chains this event to the one before
	trimmed BLOB              -- the SHA-256 of the members when they were deleted
) STRICT;
CREATE INDEX event_of_cluster ON event (cluster, at) WHERE cluster <> 0;
CREATE INDEX event_of_many ON event (product, cohort, at) WHERE cluster = 0;
CREATE INDEX event_with_members ON event (at) WHERE members <> 0;

-- Which products and cohorts a cluster's events named: what concerns all of
-- them concerns the cluster.
CREATE TABLE scope (
	cluster INTEGER NOT NULL,
	product INTEGER NOT NULL,
	cohort  INTEGER NOT NULL,
	PRIMARY KEY (cluster, product, cohort)
) STRICT, WITHOUT ROWID;

-- The event before the oldest one that is kept.
CREATE TABLE anchor (
	id   INTEGER PRIMARY KEY CHECK (id = 1),
	seq  INTEGER NOT NULL,
	link BLOB NOT NULL
) STRICT;
INSERT INTO anchor VALUES (1, 0, zeroblob(32));

-- Events of which only the newest matters. turn orders them, after is the
-- number of the last event that was recorded before them.
CREATE TABLE volatile (
	key   TEXT PRIMARY KEY,
	turn  INTEGER NOT NULL,
	after INTEGER NOT NULL,
	event BLOB NOT NULL
) STRICT;

-- The state as of event seq and volatile event turn, compressed JSON.
CREATE TABLE snapshot (
	seq   INTEGER PRIMARY KEY,
	turn  INTEGER NOT NULL,
	link  BLOB NOT NULL,
	sum   BLOB NOT NULL,
	state BLOB NOT NULL
) STRICT;

-- What operators have asked for and is not done.
CREATE TABLE command (
	id   INTEGER PRIMARY KEY AUTOINCREMENT,
	body BLOB NOT NULL
) STRICT;
`

// querier is a database or a transaction.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// version returns the schema's version, 0 for an empty file. It refuses what is
// not a database of a Wavegate that is this old or older.
func (s *Store) version(ctx context.Context, db querier) (int, error) {
	var application, version, tables int
	if err := db.QueryRowContext(ctx, "PRAGMA application_id").Scan(&application); err != nil {
		return 0, explain(s.path, err)
	}
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return 0, explain(s.path, err)
	}
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables); err != nil {
		return 0, explain(s.path, err)
	}
	switch {
	case application == 0 && version == 0 && tables == 0:
		return 0, nil
	case application != applicationID:
		return 0, corrupt(s.path, errors.New("it is a database of another program"))
	case version > len(migrations):
		return 0, fmt.Errorf("%w: %s has schema %d, this wavegate knows up to %d: run the newer one, or move the file away",
			ErrNewer, s.path, version, len(migrations))
	case version < 1:
		return 0, corrupt(s.path, fmt.Errorf("it has schema %d", version))
	}
	return version, nil
}

// migrate brings the schema up to date, in one transaction. The version is
// read again inside of it: another process may have been faster.
func (s *Store) migrate(ctx context.Context) error {
	return s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		version, err := s.version(ctx, tx)
		if err != nil {
			return err
		}
		for _, step := range migrations[version:] {
			if _, err := tx.ExecContext(ctx, step); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d", applicationID, len(migrations)))
		return err
	})
}
