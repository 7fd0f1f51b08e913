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
	// what is the oracle's sentence, or the first of what the tests said.
	what string
	took time.Duration
}

// link builds the test binary of a package with changed files, which it writes to a
// folder of their own in dir.
func link(ctx context.Context, root, dir, pkg, name string, changed map[string][]byte) (string, error) {
	dir = filepath.Join(dir, name, filepath.FromSlash(pkg))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make a folder for the build: %w", err)
	}
	overlay, err := writeOverlay(root, dir, changed)
	if err != nil {
		return "", err
	}
	binary := filepath.Join(dir, path.Base(pkg)+".test")
	cmd := exec.CommandContext(ctx, "go", "test", "-c", "-vet=off", "-overlay", overlay, "-ldflags=-s -w", "-o", binary, "./"+pkg)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s with mutation %s: %w\n%s", pkg, name, err, out)
	}
	return binary, nil
}

// writeOverlay writes changed files and a description of what they replace.
func writeOverlay(root, dir string, changed map[string][]byte) (string, error) {
	replace := map[string]string{}
	for file, text := range changed {
		copied := filepath.Join(dir, strings.ReplaceAll(file, "/", "_"))
		if err := os.WriteFile(copied, text, 0o600); err != nil {
			return "", fmt.Errorf("write mutated file: %w", err)
		}
		original, err := filepath.Abs(filepath.Join(root, filepath.FromSlash(file)))
		if err != nil {
			return "", fmt.Errorf("find original file: %w", err)
		}
		replace[original] = copied
	}
	data, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", fmt.Errorf("describe overlay: %w", err)
	}
	name := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(name, data, 0o600); err != nil {
		return "", fmt.Errorf("write overlay: %w", err)
	}
	return name, nil
}

// lawBroken is the line with which the simulation ends when an oracle objects.
var lawBroken = regexp.MustCompile(`LAW (\d+) broken after (\d+) steps at seed (\d+): (.*)`)

// listener keeps what a test says, and tells when it has said which law is broken:
// the story that follows takes longer than finding it, and nobody reads it here.
type listener struct {
	bytes.Buffer
	heard func()
}

func (l *listener) Write(p []byte) (int, error) {
	n, err := l.Buffer.Write(p)
	if bytes.IndexByte(p, '\n') >= 0 && lawBroken.Match(l.Bytes()) {
		l.heard()
	}
	return n, err
}

// trial is one run of a test binary, in its package's folder, as go test does it.
type trial struct {
	dir, binary string
	number      int // of the mutation that is awake
	limit       time.Duration
	args        []string
}

func (t trial) run(ctx context.Context, now func() time.Time) (finding, error) {
	began := now()
	bounded, cancel := context.WithTimeout(ctx, t.limit)
	defer cancel()
	out := &listener{heard: cancel}
	cmd := exec.CommandContext(bounded, t.binary, append([]string{"-test.timeout", "0"}, t.args...)...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = t.dir, out, out
	cmd.Env = append(os.Environ(), selector+"="+strconv.Itoa(t.number))
	cmd.WaitDelay = 10 * time.Second
	err := cmd.Run()
	f := finding{took: now().Sub(began)}
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return f, ctx.Err()
	case err == nil:
		return f, nil
	case bounded.Err() != nil && !lawBroken.Match(out.Bytes()):
		f.late = true
		return f, nil
	case bounded.Err() == nil && !errors.As(err, &exit):
		return f, fmt.Errorf("run %s: %w", t.binary, err)
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
