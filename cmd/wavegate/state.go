package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/wavegate-dev/wavegate/internal/sqlite"
)

// stateDir is the folder in which a running Wavegate keeps what it needs.
//
//	ledger.db   the ledger and the journal
//	git/        a cache of the fleet repository; may be deleted
//	fleet/      the embedded fleet, when there is one
//	api.sock    where the running service answers
type stateDir string

func (d stateDir) ledger() string { return filepath.Join(string(d), "ledger.db") }
func (d stateDir) git() string    { return filepath.Join(string(d), "git") }
func (d stateDir) fleet() string  { return filepath.Join(string(d), "fleet") }
func (d stateDir) socket() string { return filepath.Join(string(d), "api.sock") }

// create makes the folder, readable by its owner only.
func (d stateDir) create() error {
	if err := os.MkdirAll(string(d), 0o700); err != nil {
		return fmt.Errorf("create state folder: %w", err)
	}
	return nil
}

// open opens the ledger.
func (d stateDir) open(ctx context.Context, access sqlite.Access) (*sqlite.Store, error) {
	store, err := sqlite.Open(ctx, sqlite.Config{Path: d.ledger(), Access: access})
	if err != nil {
		return nil, fmt.Errorf("open ledger %s: %w", d.ledger(), err)
	}
	return store, nil
}

// stateFlag adds --state to a command.
func stateFlag(cmd *cobra.Command, dir *string) {
	def := os.Getenv("WAVEGATE_STATE")
	if def == "" {
		def = ".wavegate"
	}
	cmd.Flags().StringVar(dir, "state", def, "folder in which Wavegate keeps its state; $WAVEGATE_STATE")
}
