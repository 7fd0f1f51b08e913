package main

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/internal/simfleet"
	"github.com/wavegate-dev/wavegate/reconciler/report"
)

// TestTheServiceSurvivesKill9AtAnyMoment kills the real binary again and again
// while a release rolls, until it is through. Judged by the replicas, it looks
// as if nothing had happened: each was replaced once, from the top down.
func TestTheServiceSurvivesKill9AtAnyMoment(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed: install it with the package manager of this machine")
	}
	dir := t.TempDir()
	bin := filepath.Join(dir, "wavegate")
	run(t, ".", "go", "build", "-o", bin, ".")
	repo := filepath.Join(dir, "fleet")
	run(t, dir, bin, "init", repo)
	edit(t, filepath.Join(repo, "products/kafka.yaml"), "settle: 1m", "settle: 20ms")
	edit(t, filepath.Join(repo, "cohorts/10-canary.yaml"), "soak: 30m", "soak: 1s", "soak: 2h", "soak: 1s")
	run(t, repo, "git", "init", "-q", "-b", "main")
	commit(t, repo, "fleet")
	state := filepath.Join(dir, "state")
	args := []string{
		"run", "--repo", repo, "--allow-file", "--approve", "any", "--embedded-fleet", "--state", state,
		"--restart", "30ms", "--interval", "100ms",
	}
	run(t, dir, bin, append(args, "--once")...)
	edit(t, filepath.Join(repo, "cohorts/10-canary.yaml"), "kafka: 7.6.0", "kafka: 7.6.1")
	commit(t, repo, "canary")

	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	kills := 0
	for deadline := time.Now().Add(2 * time.Minute); ; kills++ {
		cmd := exec.Command(bin, args...)
		var log strings.Builder
		cmd.Stderr = &log
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(150+random.IntN(500)) * time.Millisecond)
		if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
			t.Fatalf("it ended by itself: %v\n%s", err, log.String())
		}
		_ = cmd.Wait()
		if finished(t, bin, state) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the release is not through after %d kills; last log:\n%s", kills, log.String())
		}
	}
	t.Logf("killed %d times", kills+1)
	checkTouches(t, state)
	run(t, dir, bin, "verify", "--state", state)
}

// finished asks the state that the dead service left whether the canaries are
// done.
func finished(t *testing.T, bin, state string) bool {
	t.Helper()
	out, err := exec.Command(bin, "status", "-o", "json", "--state", state).Output()
	if err != nil {
		t.Fatalf("status: %v", err)
	}
	var s report.Status
	if err := json.Unmarshal(out, &s); err != nil {
		t.Fatal(err)
	}
	return len(s.Releases) == 1 && s.Releases[0].Rollouts[0].Phase == "finished"
}

// checkTouches reads the embedded fleet's own record of what happened to it.
func checkTouches(t *testing.T, state string) {
	t.Helper()
	f, err := openEmbedded(stateDir(state), 0, 1, 30*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	touches, _, err := f.Touches()
	if err != nil {
		t.Fatal(err)
	}
	last := map[string]int{}
	for _, x := range touches {
		if x.Cause != simfleet.ByUpgrade {
			continue
		}
		if prev, seen := last[x.Cluster]; seen && x.Ordinal != prev-1 {
			t.Errorf("%s: replica %d was replaced after replica %d", x.Cluster, x.Ordinal, prev)
		}
		last[x.Cluster] = x.Ordinal
	}
	if len(last) != 4 {
		t.Errorf("%d clusters were touched, want the 4 canaries: %v", len(last), last)
	}
	for cluster, ordinal := range last {
		if ordinal != 0 {
			t.Errorf("%s was touched down to replica %d only", cluster, ordinal)
		}
	}
}

func run(t testing.TB, dir, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(),
		"GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.com",
		"GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=ada@example.com")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

func commit(t *testing.T, repo, message string) {
	t.Helper()
	run(t, repo, "git", "add", "-A")
	run(t, repo, "git", "commit", "-q", "-m", message)
}

func edit(t *testing.T, file string, oldnew ...string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(oldnew); i += 2 {
		if !strings.Contains(string(data), oldnew[i]) {
			t.Fatalf("%s does not contain %q", file, oldnew[i])
		}
	}
	if err := os.WriteFile(file, []byte(strings.NewReplacer(oldnew...).Replace(string(data))), 0o644); err != nil {
		t.Fatal(err)
	}
}
