package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// serviceFile is what a running service leaves in its state folder for the
// command lines beside it.
type serviceFile struct {
	Repo   string `json:"repo"` // without credentials
	Branch string `json:"branch"`
	Path   string `json:"path,omitempty"`
	// Seed and Restart are those of the embedded fleet.
	Seed    uint64        `json:"seed,omitempty"`
	Restart time.Duration `json:"restart,omitempty"`
}

func (d stateDir) serviceFile() string { return filepath.Join(string(d), "service.json") }

func (d stateDir) writeService(s serviceFile) error {
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("encode service file: %w", err)
	}
	if err := os.WriteFile(d.serviceFile(), append(data, '\n'), 0o600); err != nil {
		return fmt.Errorf("write service file: %w", err)
	}
	return nil
}

func (d stateDir) readService() (serviceFile, error) {
	var s serviceFile
	data, err := os.ReadFile(d.serviceFile())
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, fmt.Errorf("read service file: %w", err)
	}
	if err := json.Unmarshal(data, &s); err != nil {
		return s, fmt.Errorf("read service file %s: %w", d.serviceFile(), err)
	}
	return s, nil
}
