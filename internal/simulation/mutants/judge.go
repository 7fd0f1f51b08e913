package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// finding is what became of a mutation.
type finding struct {
	caught bool
	// late tells that the time was over before the seeds were.
	late bool
	// law, steps and seed tell what the simulation found: zero when the tests
	// failed in another way.
	law, steps, seed int
	// what is the oracle's sentence, or the end of what the tests said.
	what string
	// build and search are how long it took.
	build, search time.Duration
}

// judge builds a test binary with an overlay and runs it.
type judge struct {
	root, dir string // the repository; a folder of its own for what is built
	now       func() time.Time
}

// overlay writes changed files and returns the path of the overlay's description.
func (j *judge) overlay(changed map[string][]byte) (string, error) {
	replace := map[string]string{}
	for file, text := range changed {
		copied := filepath.Join(j.dir, strings.ReplaceAll(file, "/", "_"))
		if err := os.WriteFile(copied, text, 0o600); err != nil {
			return "", fmt.Errorf("write mutated file: %w", err)
		}
		original, err := filepath.Abs(filepath.Join(j.root, filepath.FromSlash(file)))
		if err != nil {
			return "", fmt.Errorf("find original file: %w", err)
		}
		replace[original] = copied
	}
	data, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", fmt.Errorf("describe overlay: %w", err)
	}
	name := filepath.Join(j.dir, "overlay.json")
	if err := os.WriteFile(name, data, 0o600); err != nil {
		return "", fmt.Errorf("write overlay: %w", err)
	}
	return name, nil
}

// build links the test binary of a package with the changed files.
func (j *judge) build(ctx context.Context, pkg string, changed map[string][]byte) (string, error) {
	overlay, err := j.overlay(changed)
	if err != nil {
		return "", err
	}
	binary := filepath.Join(j.dir, path.Base(pkg)+".test")
	cmd := exec.CommandContext(ctx, "go", "test", "-c", "-vet=off", "-overlay", overlay, "-ldflags=-s -w", "-o", binary, "./"+pkg)
	cmd.Dir = j.root
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s: %w\n%s", pkg, err, out)
	}
	return binary, nil
}

// lawBroken is the line with which the simulation ends when an oracle objects.
var lawBroken = regexp.MustCompile(`LAW (\d+) broken after (\d+) steps at seed (\d+): (.*)`)

// run runs a test binary in its package's folder, as go test does.
func (j *judge) run(ctx context.Context, pkg, binary string, limit time.Duration, args ...string) (finding, error) {
	var out bytes.Buffer
	began := j.now()
	bounded, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	cmd := exec.CommandContext(bounded, binary, append([]string{"-test.timeout", "0"}, args...)...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = filepath.Join(j.root, filepath.FromSlash(pkg)), &out, &out
	cmd.WaitDelay = 10 * time.Second
	err := cmd.Run()
	f := finding{search: j.now().Sub(began)}
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return f, ctx.Err()
	case err == nil:
		return f, nil
	case bounded.Err() != nil:
		f.late = true
		return f, nil
	case !errors.As(err, &exit):
		return f, fmt.Errorf("run %s: %w", pkg, err)
	}
	f.caught = true
	if m := lawBroken.FindStringSubmatch(out.String()); m != nil {
		for i, into := range []*int{&f.law, &f.steps, &f.seed} {
			if *into, err = strconv.Atoi(m[i+1]); err != nil {
				return f, fmt.Errorf("read %q: %w", m[0], err)
			}
		}
		f.what = strings.TrimSpace(m[4])
		return f, nil
	}
	f.what = firstFailure(out.String())
	return f, nil
}

// firstFailure finds the line that says what went wrong.
func firstFailure(out string) string {
	lines := strings.Split(strings.TrimSpace(out), "\n")
	for _, mark := range []string{"panic:", "fatal error:", "--- FAIL"} {
		if i := slices.IndexFunc(lines, func(l string) bool { return strings.Contains(l, mark) }); i >= 0 {
			return strings.TrimSpace(lines[i])
		}
	}
	return strings.TrimSpace(lines[len(lines)-1])
}
