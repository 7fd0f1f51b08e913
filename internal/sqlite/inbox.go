package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

const (
	maxPending = 10_000
	maxReason  = 4096
)

// Submit puts a command into the inbox and returns its number. It is durable
// when Submit returns, and takes effect in the owner's next cycle. Another
// process than the owner may call it, see [Inbox].
func (s *Store) Submit(ctx context.Context, c plan.Command) (int64, error) {
	if err := checkCommand(c); err != nil {
		return 0, fmt.Errorf("submit command: %w", err)
	}
	c.ID, c.At = 0, c.At.UTC()
	body, err := json.Marshal(c)
	if err != nil {
		return 0, fmt.Errorf("submit command: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var id int64
	err = s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var pending int
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM command").Scan(&pending); err != nil {
			return err
		}
		if pending >= maxPending {
			return fmt.Errorf("%d commands are waiting already: is wavegate run running?", pending)
		}
		res, err := tx.ExecContext(ctx, "INSERT INTO command (body) VALUES (?)", body)
		if err != nil {
			return err
		}
		id, err = res.LastInsertId()
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("submit command: %w", err)
	}
	return id, nil
}

func checkCommand(c plan.Command) error {
	switch c.Kind {
	case plan.CommandPause, plan.CommandResume, plan.CommandDrill:
		if c.Cluster != "" {
			return fmt.Errorf("%s is for a release or for everything, not for cluster %q", c.Kind, c.Cluster)
		}
	case plan.CommandRetry, plan.CommandSkip:
		if c.Cluster == "" {
			return fmt.Errorf("%s needs a cluster", c.Kind)
		}
	default:
		return fmt.Errorf("no such command: %q", c.Kind)
	}
	switch {
	case c.By == "":
		return errors.New("it does not say who asks")
	case c.At.IsZero():
		return errors.New("it has no time")
	case c.Kind == plan.CommandDrill && (c.Drill == "" || c.Measured == nil):
		return errors.New("a drill needs a name and what it has measured")
	case c.Kind == plan.CommandPause && c.Reason == "":
		return errors.New("a pause needs a reason")
	case len(c.Reason) > maxReason:
		return fmt.Errorf("the reason has %d bytes; %d are allowed", len(c.Reason), maxReason)
	}
	return nil
}

// Commands returns what is in the inbox, oldest first.
func (s *Store) Commands(ctx context.Context) ([]plan.Command, error) {
	commands, err := s.commands(ctx)
	if err != nil {
		return nil, fmt.Errorf("read commands: %w", err)
	}
	return commands, nil
}

func (s *Store) commands(ctx context.Context) ([]plan.Command, error) {
	rows, err := s.ro.QueryContext(ctx, "SELECT id, body FROM command ORDER BY id")
	if err != nil {
		return nil, explain(s.path, err)
	}
	defer rows.Close()
	var commands []plan.Command
	for rows.Next() {
		var id int64
		var body []byte
		if err := rows.Scan(&id, &body); err != nil {
			return nil, explain(s.path, err)
		}
		var c plan.Command
		if err := json.Unmarshal(body, &c); err != nil {
			return nil, corrupt(s.path, fmt.Errorf("command %d cannot be read: %w", id, err))
		}
		c.ID = id
		commands = append(commands, c)
	}
	return commands, explain(s.path, errors.Join(rows.Err(), rows.Close()))
}

// Done removes commands from the inbox. Numbers that are not in it are no
// error: after a crash the same command may be done twice.
func (s *Store) Done(ctx context.Context, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	if s.access != Own {
		return fmt.Errorf("remove commands: %w: only the owner does", ErrReadOnly)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, id := range ids {
			if _, err := tx.ExecContext(ctx, "DELETE FROM command WHERE id = ?", id); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("remove commands: %w", err)
	}
	return nil
}
