package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	fleetrepoexample "github.com/wavegate-dev/wavegate/fleet-repo-example"
)

func (c *cli) init() *cobra.Command {
	return &cobra.Command{
		Use: "init DIR", Short: "Make a fleet repository to start from", GroupID: "repo",
		Long: `Copies the example fleet repository into a folder, as a start for your own. The
folder may exist; files in it are not overwritten.`,
		Args: exactly(1, "a folder"),
		RunE: func(_ *cobra.Command, args []string) error {
			files, err := scaffold(args[0])
			if err != nil {
				return err
			}
			return c.say("%s\n\nMade a fleet repository of %d files in %s. Next:\n\n  cd %s && git init && git add . && git commit -m \"fleet\"\n  wavegate validate\n",
				strings.Join(files, "\n"), len(files), args[0], args[0])
		},
	}
}

// scaffold copies the example into a folder and returns what it wrote.
func scaffold(dir string) ([]string, error) {
	var files []string
	err := fs.WalkDir(fleetrepoexample.FS, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(fleetrepoexample.FS, name)
		if err != nil {
			return fmt.Errorf("read example: %w", err)
		}
		target := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return fmt.Errorf("make folder: %w", err)
		}
		if err := writeNew(target, data); err != nil {
			return err
		}
		files = append(files, target)
		return nil
	})
	return files, err
}

// writeNew writes a file that must not exist yet.
func writeNew(name string, data []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s exists already: nothing is overwritten; choose an empty folder", name)
	}
	if err != nil {
		return fmt.Errorf("write file: %w", err)
	}
	if _, err := f.Write(data); err != nil {
		_ = f.Close()
		return fmt.Errorf("write file: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("write file: %w", err)
	}
	return nil
}
