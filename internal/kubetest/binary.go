package kubetest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// BuildCommand is what builds the rig.
const BuildCommand = "go run ./internal/kubetest/build"

// version is the Kubernetes that the rig says it is: the one in rig/go.mod.
const version = "v1.37.2"

// Binary returns where the rig is kept, named after everything that it is built
// from, and whether it is there. The environment variable WAVEGATE_RIG names
// another one.
func Binary() (path string, built bool, err error) {
	if path := os.Getenv("WAVEGATE_RIG"); path != "" {
		_, err := os.Stat(path)
		return path, err == nil, err
	}
	source, err := rigSource()
	if err != nil {
		return "", false, err
	}
	sum, err := digest(source)
	if err != nil {
		return "", false, fmt.Errorf("read rig: %w", err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", false, fmt.Errorf("find folder for rig: %w", err)
	}
	path = filepath.Join(cache, "wavegate", "rig-"+sum)
	_, err = os.Stat(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", false, fmt.Errorf("look for rig: %w", err)
	}
	return path, err == nil, nil
}

// Build builds the rig unless it is there, and returns its path.
func Build(ctx context.Context, progress io.Writer) (string, error) {
	path, built, err := Binary()
	if err != nil || built {
		return path, err
	}
	source, err := rigSource()
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", fmt.Errorf("make folder for rig: %w", err)
	}
	part := fmt.Sprintf("%s.%d", path, os.Getpid())
	major, minor, _ := strings.Cut(strings.TrimPrefix(version, "v"), ".")
	minor, _, _ = strings.Cut(minor, ".")
	const pkg = "k8s.io/component-base/version."
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath",
		"-ldflags", fmt.Sprintf("-s -w -X %sgitVersion=%s -X %sgitMajor=%s -X %sgitMinor=%s", pkg, version, pkg, major, pkg, minor),
		"-o", part, ".")
	cmd.Dir = source
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=readonly", "GOWORK=off")
	cmd.Stdout, cmd.Stderr = progress, progress
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("build rig: %w", err)
	}
	if err := os.Rename(part, path); err != nil {
		return "", fmt.Errorf("put rig in place: %w", err)
	}
	return path, nil
}

// rigSource finds the folder of the rig's module from wherever in the tree a
// test or a command runs.
func rigSource() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find rig: %w", err)
	}
	for {
		candidate := filepath.Join(dir, "internal", "kubetest", "rig")
		if _, err := os.Stat(filepath.Join(candidate, "go.mod")); err == nil {
			return candidate, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("find rig: run this from within Wavegate's repository")
		}
		dir = parent
	}
}

// digest is over everything that the rig is built from.
func digest(dir string) (string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	fmt.Fprintln(h, runtime.Version(), runtime.GOOS, runtime.GOARCH, version)
	for _, e := range entries {
		if e.IsDir() {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return "", err
		}
		fmt.Fprintln(h, e.Name(), len(data))
		h.Write(data)
	}
	return hex.EncodeToString(h.Sum(nil))[:16], nil
}
