package demo

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	fleetrepoexample "github.com/wavegate-dev/wavegate/fleet-repo-example"
)

// repository is a real bare git repository with a work tree beside it in which
// the story's people make their changes.
type repository struct {
	bare, work string
	clock      *clock
}

// newRepository fills a bare repository with the example. Its pin names a cluster
// that the fleet has.
func newRepository(ctx context.Context, dir string, c *clock, pin string) (*repository, error) {
	r := &repository{bare: filepath.Join(dir, "fleet.git"), work: filepath.Join(dir, "work"), clock: c}
	if _, err := exec.LookPath("git"); err != nil {
		return nil, errors.New("the demo needs git: install it with the package manager of this machine")
	}
	if err := r.git(ctx, dir, "init", "-q", "--bare", "-b", "main", r.bare); err != nil {
		return nil, err
	}
	if err := r.git(ctx, dir, "init", "-q", "-b", "main", r.work); err != nil {
		return nil, err
	}
	err := fs.WalkDir(fleetrepoexample.FS, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(fleetrepoexample.FS, name)
		if err != nil {
			return fmt.Errorf("read example: %w", err)
		}
		if name == "pins/audit-week.yaml" {
			data = []byte(strings.Replace(string(data), "[lkc-42, lkc-57]", "["+pin+"]", 1))
		}
		return r.write(name, data)
	})
	if err != nil {
		return nil, err
	}
	return r, r.push(ctx, "The fleet as it is")
}

func (r *repository) write(name string, data []byte) error {
	target := filepath.Join(r.work, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return fmt.Errorf("write repository: %w", err)
	}
	if err := os.WriteFile(target, data, 0o644); err != nil {
		return fmt.Errorf("write repository: %w", err)
	}
	return nil
}

// promote moves the version of the product in a cohort: one commit, one cohort.
func (r *repository) promote(ctx context.Context, file, product, version string) error {
	name := "cohorts/" + file
	data, err := os.ReadFile(filepath.Join(r.work, filepath.FromSlash(name)))
	if err != nil {
		return fmt.Errorf("read repository: %w", err)
	}
	lines := strings.Split(string(data), "\n")
	for i, line := range lines {
		if strings.HasPrefix(strings.TrimSpace(line), product+":") {
			lines[i] = line[:strings.Index(line, product)] + product + ": " + version
		}
	}
	if err := r.write(name, []byte(strings.Join(lines, "\n"))); err != nil {
		return err
	}
	return r.push(ctx, product+" "+version+" in "+strings.TrimSuffix(file[3:], ".yaml"))
}

func (r *repository) push(ctx context.Context, message string) error {
	for _, args := range [][]string{
		{"add", "-A"}, {"commit", "-q", "-m", message}, {"push", "-q", r.bare, "main"},
	} {
		if err := r.git(ctx, r.work, args...); err != nil {
			return err
		}
	}
	return nil
}

// git runs git without the user's configuration, and with the fleet's time, so
// that equal stories have equal commits.
func (r *repository) git(ctx context.Context, dir string, args ...string) error {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = dir
	date := r.clock.Now().Format(time.RFC3339)
	cmd.Env = append(os.Environ(),
		"GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0",
		"GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.com", "GIT_AUTHOR_DATE="+date,
		"GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=ada@example.com", "GIT_COMMITTER_DATE="+date,
	)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("run git %s: %w: %s", args[0], err, strings.TrimSpace(string(out)))
	}
	return nil
}
