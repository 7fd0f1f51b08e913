package main

import (
	"context"
	"database/sql"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/wavegate-dev/wavegate/internal/sqlite"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
	"github.com/wavegate-dev/wavegate/reconciler/proof"
)

// TestTheBrakeWorksWhenNothingElseDoes takes everything away from the real binary
// while a release rolls: git, the socket, the ledger. A file, or a signal, pauses it
// all the same, and the pause is in the ledger as soon as it can be written.
func TestTheBrakeWorksWhenNothingElseDoes(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed: install it with the package manager of this machine")
	}
	for _, tt := range []struct {
		via    plan.Via
		reason string
		pull   func(t *testing.T, state string, service *exec.Cmd)
	}{
		{plan.ViaFile, "nothing works", func(t *testing.T, state string, _ *exec.Cmd) {
			if err := os.WriteFile(filepath.Join(state, "PAUSE"), []byte("nothing works\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}},
		{plan.ViaSignal, "signal SIGUSR1", func(t *testing.T, _ string, service *exec.Cmd) {
			if err := service.Process.Signal(syscall.SIGUSR1); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(string(tt.via), func(t *testing.T) {
			dir := t.TempDir()
			bin := filepath.Join(dir, "wavegate")
			run(t, ".", "go", "build", "-o", bin, ".")
			repo, state := filepath.Join(dir, "fleet"), filepath.Join(dir, "state")
			run(t, dir, bin, "init", repo)
			edit(t, filepath.Join(repo, "products/kafka.yaml"), "settle: 1m", "settle: 20ms")
			edit(t, filepath.Join(repo, "cohorts/10-canary.yaml"), "soak: 30m", "soak: 1s", "soak: 2h", "soak: 1s")
			run(t, repo, "git", "init", "-q", "-b", "main")
			commit(t, repo, "fleet")
			args := []string{
				"run", "--repo", repo, "--allow-file", "--approve", "any", "--embedded-fleet", "--state", state,
				"--restart", "30ms", "--interval", "100ms",
			}
			run(t, dir, bin, append(args, "--once")...)
			edit(t, filepath.Join(repo, "cohorts/10-canary.yaml"), "kafka: 7.6.0", "kafka: 7.6.1")
			commit(t, repo, "canary")
			service := exec.Command(bin, args...)
			var log strings.Builder
			service.Stderr = &log
			if err := service.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() {
				_ = service.Process.Signal(syscall.SIGTERM)
				_ = service.Wait()
				if t.Failed() {
					t.Log(log.String())
				}
			}()
			stepped(t, state)

			free := lockLedger(t, state)
			for _, path := range []string{repo, filepath.Join(state, "api.sock")} {
				if err := os.Rename(path, path+".gone"); err != nil {
					t.Fatal(err)
				}
			}
			tt.pull(t, state, service)
			time.Sleep(2 * time.Second)
			free()

			paused := awaitEvent(t, state, plan.Paused)
			if paused.Via != tt.via || !strings.Contains(paused.Reason, tt.reason) {
				t.Errorf("paused by %q: %s", paused.Via, paused.Reason)
			}
			time.Sleep(time.Second) // it would have taken a step in this time
			checkJournal(t, state)
			if n := changesAfter(t, state, paused.Seq); n != 0 {
				t.Errorf("%d changes after the pause", n)
			}
			for _, path := range []string{repo, filepath.Join(state, "api.sock")} {
				if err := os.Rename(path+".gone", path); err != nil {
					t.Fatal(err)
				}
			}
			if tt.via == plan.ViaFile {
				if out, err := exec.Command(bin, "resume", "--state", state).CombinedOutput(); err == nil || !strings.Contains(string(out), "remove it first") {
					t.Errorf("resumed while the file is there: %s", out)
				}
				// Also one that comes by another way.
				refused := submitResume(t, state)
				if !strings.Contains(refused.Reason, "remove it first") {
					t.Errorf("refused because %s", refused.Reason)
				}
				if err := os.Remove(filepath.Join(state, "PAUSE")); err != nil {
					t.Fatal(err)
				}
			}
			run(t, dir, bin, "resume", "--state", state)
			awaitEvent(t, state, plan.RolloutFinished)
			checkJournal(t, state)
			if err := service.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			_ = service.Wait()
			checkTouches(t, state)
		})
	}
}

// lockLedger keeps the service from writing its ledger, until the function that it
// returns is called.
func lockLedger(t *testing.T, state string) (free func()) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(state, "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.ExecContext(t.Context(), "PRAGMA busy_timeout = 10000; BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	return func() {
		if _, err := conn.ExecContext(context.WithoutCancel(t.Context()), "ROLLBACK"); err != nil {
			t.Error(err)
		}
		_ = conn.Close()
		_ = db.Close()
	}
}

func readJournal(t *testing.T, state string, f sqlite.Filter) []plan.Event {
	t.Helper()
	store, err := stateDir(state).open(t.Context(), sqlite.Read)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	var events []plan.Event
	for e, err := range store.Events(t.Context(), f) {
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
	return events
}

// awaitEvent waits for the journal to have an event of a kind, and returns it.
func awaitEvent(t *testing.T, state string, kind plan.EventKind) plan.Event {
	t.Helper()
	for range 600 {
		if found := readJournal(t, state, sqlite.Filter{Kinds: []plan.EventKind{kind}}); len(found) > 0 {
			return found[0]
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("no %s in a minute", kind)
	return plan.Event{}
}

func stepped(t *testing.T, state string) { t.Helper(); awaitEvent(t, state, plan.ClusterStepped) }

func changesAfter(t *testing.T, state string, seq uint64) int {
	t.Helper()
	return len(readJournal(t, state, sqlite.Filter{
		After: seq, Kinds: []plan.EventKind{plan.ClusterStarted, plan.ClusterStepped, plan.ClusterContinued},
	}))
}

// checkJournal has the journal of a service that runs judged.
func checkJournal(t *testing.T, state string) {
	t.Helper()
	checker := proof.New()
	if _, err := replay(t.Context(), stateDir(state).ledger(), nil, checker); err != nil {
		t.Fatal(err)
	}
	for _, v := range checker.Result().Violations {
		t.Errorf("entry %d breaks the law %s: %s", v.Seq, v.Law, v.Story)
	}
}

// submitResume puts a resume into the inbox, past the command line, and returns
// what refused it.
func submitResume(t *testing.T, state string) plan.Event {
	t.Helper()
	store, err := stateDir(state).open(t.Context(), sqlite.Inbox)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	cmd := plan.Command{At: time.Now(), Kind: plan.CommandResume, By: "user:eve", Via: plan.ViaComment}
	if _, err := store.Submit(t.Context(), cmd); err != nil {
		t.Fatal(err)
	}
	return awaitEvent(t, state, plan.CommandRefused)
}
