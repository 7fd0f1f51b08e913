package kubetest

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// Config is what a rig is started with.
type Config struct {
	// Planes is how many control planes there are.
	Planes int
	// ReadyDelay is how long a pod takes from its creation until it is ready.
	ReadyDelay time.Duration
	// Workers of each controller; 8 without it.
	Workers int
}

// Rig is a running rig.
type Rig struct {
	// Kubeconfigs are the files of the control planes. Each has two contexts:
	// plane-N, the current one, for a user without any rights, and
	// plane-N-admin.
	Kubeconfigs []string

	cmd   *exec.Cmd
	stdin io.Closer
	log   *tail
}

// Require skips the test, or fails it in CI, when the rig is not built.
func Require(tb testing.TB) string {
	tb.Helper()
	path, built, err := Binary()
	if err != nil {
		tb.Fatal(err)
	}
	if !built {
		tb.Skipf("SKIPPED: this needs the Kubernetes rig, which is not built. Build it once, outside of the tree, with\n\n\t%s\n", BuildCommand)
	}
	return path
}

// Start starts a rig in dir and returns when all of it is ready. The caller stops
// it; it ends by itself when this process does.
func Start(path, dir string, c Config) (*Rig, error) {
	args := []string{"--dir", dir, "--planes", fmt.Sprint(max(c.Planes, 1)), "--ready-delay", c.ReadyDelay.String()}
	if c.Workers > 0 {
		args = append(args, "--workers", fmt.Sprint(c.Workers))
	}
	cmd := exec.Command(path, args...)
	r := &Rig{cmd: cmd, log: &tail{}}
	cmd.Stderr = r.log
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start rig: %w", err)
	}
	if r.stdin, err = cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("start rig: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start rig: %w", err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if file, ok := strings.CutPrefix(lines.Text(), "PLANE "); ok {
			r.Kubeconfigs = append(r.Kubeconfigs, file)
		}
		if lines.Text() == "READY" {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return r, nil
		}
	}
	r.Stop()
	return nil, fmt.Errorf("start rig: it ended before it was ready:\n%s", r.log)
}

// Stop kills the rig: there is nothing in it worth keeping.
func (r *Rig) Stop() {
	_ = r.cmd.Process.Kill()
	_ = r.cmd.Wait()
	_ = r.stdin.Close()
}

// Shared is a rig that the tests of one package share. Its zero value is ready.
// TestMain calls Stop.
type Shared struct {
	Config Config

	once sync.Once
	rig  *Rig
	dir  string
	err  error
}

// Get starts the rig when it is first asked for.
func (s *Shared) Get(tb testing.TB) *Rig {
	tb.Helper()
	path := Require(tb)
	s.once.Do(func() {
		if s.dir, s.err = os.MkdirTemp("", "wavegate-rig-*"); s.err == nil {
			s.rig, s.err = Start(path, s.dir, s.Config)
		}
	})
	if s.err != nil {
		tb.Fatal(s.err)
	}
	return s.rig
}

// Stop ends the rig, if it was started.
func (s *Shared) Stop() {
	if s.rig != nil {
		s.rig.Stop()
	}
	if s.dir != "" {
		_ = os.RemoveAll(filepath.Clean(s.dir))
	}
}

// tail keeps the end of what the rig complains about.
type tail struct {
	mu   sync.Mutex
	text []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	if n := len(t.text) - 1<<16; n > 0 {
		t.text = t.text[n:]
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}
