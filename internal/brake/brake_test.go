package brake_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wavegate-dev/wavegate/internal/brake"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

func newBrake(t *testing.T, dir string) *brake.Brake {
	t.Helper()
	b, err := brake.New(brake.Config{Dir: dir, Resume: ", then resume"})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestWhatPausesEverything(t *testing.T) {
	for _, tt := range []struct {
		name  string
		begin func(dir, file string) error
		want  string // the reason; empty when it is not pulled
	}{
		{"nothing, as long as the file is not there", func(string, string) error { return nil }, ""},
		{"a file with a reason", func(_, f string) error { return os.WriteFile(f, []byte("disk is full\n"), 0o600) }, "disk is full"},
		{"an empty file", func(_, f string) error { return os.WriteFile(f, nil, 0o600) }, "the file PAUSE is there"},
		{"a file of several lines, as one", func(_, f string) error { return os.WriteFile(f, []byte(" disk\nis\tfull \n"), 0o600) }, "disk is full"},
		{"a file that is no text", func(_, f string) error { return os.WriteFile(f, []byte("disk \xff"), 0o600) }, "disk \uFFFD"},
		{"a folder of that name", func(_, f string) error { return os.Mkdir(f, 0o700) }, "the file PAUSE is there"},
		{"a link that leads nowhere", func(_, f string) error { return os.Symlink("nowhere", f) }, "the file PAUSE is there"},
		{"a pipe that nobody writes to", func(_, f string) error { return syscall.Mkfifo(f, 0o600) }, "the file PAUSE is there"},
		{"a state folder that is gone", func(d, _ string) error { return os.Remove(d) }, "is gone"},
		{"a state folder that is none", func(d, _ string) error {
			if err := os.Remove(d); err != nil {
				return err
			}
			return os.WriteFile(d, nil, 0o600)
		}, "cannot be looked at: not a directory"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "state")
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := tt.begin(dir, filepath.Join(dir, brake.FileName)); err != nil {
				t.Fatal(err)
			}
			pull, pulled := newBrake(t, dir).Pulled()
			switch {
			case pulled != (tt.want != ""):
				t.Fatalf("pulled %v: %+v", pulled, pull)
			case !strings.Contains(pull.Reason, tt.want):
				t.Errorf("reason %q, want %q", pull.Reason, tt.want)
			case pulled && (pull.Via != plan.ViaFile || !strings.Contains(pull.Lasts, filepath.Join(dir, "PAUSE")) || !strings.HasSuffix(pull.Lasts, ", then resume")):
				t.Errorf("%+v", pull)
			}
		})
	}
}

func TestALongTextIsCut(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, brake.FileName), []byte(strings.Repeat("x", 1<<20)), 0o600); err != nil {
		t.Fatal(err)
	}
	if pull, _ := newBrake(t, dir).Pulled(); len(pull.Reason) != 500 {
		t.Errorf("%d bytes", len(pull.Reason))
	}
}

func TestASignalIsRememberedUntilItsPauseIsInTheLedger(t *testing.T) {
	b := newBrake(t, t.TempDir())
	noon := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	b.Signal("signal SIGUSR1", noon)
	first, pulled := b.Pulled()
	if !pulled || first.Via != plan.ViaSignal || first.Lasts != "" || first.Reason != "signal SIGUSR1 at 12:00:00 UTC on 24 Nov 2026" {
		t.Fatalf("%v %+v", pulled, first)
	}
	b.Signal("signal SIGUSR1", noon.Add(time.Second))
	b.Latched(first)
	second, pulled := b.Pulled()
	if !pulled || second == first {
		t.Fatalf("the second signal was forgotten with the first: %+v", second)
	}
	b.Latched(second)
	if pull, pulled := b.Pulled(); pulled {
		t.Errorf("still pulled: %+v", pull)
	}
}

func TestTheFileIsNoticedWithinASecondAndASignalAtOnce(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		b := newBrake(t, dir)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		halted := make(chan time.Time, 10)
		signal := make(chan struct{}, 1)
		go b.Watch(ctx, signal, func() { halted <- time.Now() })
		time.Sleep(1500 * time.Millisecond)
		if len(halted) != 0 {
			t.Fatal("halted without a reason")
		}
		pulled := time.Now()
		if err := os.WriteFile(filepath.Join(dir, brake.FileName), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		if took := (<-halted).Sub(pulled); took > time.Second {
			t.Errorf("the file was noticed after %s", took)
		}
		time.Sleep(time.Minute)
		if len(halted) != 0 {
			t.Error("the same file halts again and again")
		}
		pulled = time.Now()
		b.Signal("signal SIGUSR1", pulled)
		signal <- struct{}{}
		if took := (<-halted).Sub(pulled); took != 0 {
			t.Errorf("the signal was noticed after %s", took)
		}
	})
}
