package sqlite

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

var _ reconciler.Ledger = (*Store)(nil)

func TestAStateWithOddCharactersInItsPathIsOpened(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a b?mode=ro#50%.db")
	s := openAt(t, Config{Path: path})
	check(t, s.Record(t.Context(), upgrade("r1", 1, start)))
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

func TestASecondOwnerIsRefused(t *testing.T) {
	path := newPath(t)
	first := openAt(t, Config{Path: path})
	if _, err := Open(t.Context(), Config{Path: path}); !errors.Is(err, ErrLocked) {
		t.Fatalf("want ErrLocked, got %v", err)
	}
	check(t, first.Close())
	openAt(t, Config{Path: path})
}

func TestASecondOwnerInAnotherProcessIsRefused(t *testing.T) {
	path := newPath(t)
	owner := openAt(t, Config{Path: path})
	out, err := runChild(t, "own", path)
	if err == nil || !strings.Contains(out, "another wavegate process uses this state") {
		t.Fatalf("the other process opened it: %v\n%s", err, out)
	}
	check(t, owner.Close())
	if out, err := runChild(t, "own", path); err != nil {
		t.Fatalf("the lock outlived its owner: %v\n%s", err, out)
	}
}

func TestWhatCannotBeOpenedSaysWhy(t *testing.T) {
	foreign := newPath(t)
	change(t, foreign, "CREATE TABLE songs (title TEXT)")
	newer := newPath(t)
	check(t, must[*Store](t)(Open(t.Context(), Config{Path: newer})).Close())
	change(t, newer, "PRAGMA user_version = 99")
	noise := newPath(t)
	check(t, os.WriteFile(noise, []byte(strings.Repeat("not a database ", 500)), 0o600))
	file := newPath(t)
	check(t, os.WriteFile(file, nil, 0o600))

	for _, c := range []struct {
		name string
		cfg  Config
		is   error
		says string
	}{
		{"no path", Config{}, nil, "no path"},
		{"a directory", Config{Path: t.TempDir()}, nil, "is not a file"},
		{"a directory that is a file", Config{Path: filepath.Join(file, "wavegate.db")}, nil, "not a directory"},
		{"a directory that is missing", Config{Path: filepath.Join(t.TempDir(), "no", "wavegate.db")}, nil, "check that its directory exists"},
		{"nothing there to read", Config{Path: newPath(t), Access: Read}, ErrMissing, "has wavegate run with this path?"},
		{"nothing there to read, for fs", Config{Path: newPath(t), Access: Read}, fs.ErrNotExist, "no state file"},
		{"another program's database", Config{Path: foreign}, ErrCorrupt, "another program"},
		{"another program's database, to read", Config{Path: foreign, Access: Read}, ErrCorrupt, "another program"},
		{"a newer schema", Config{Path: newer}, ErrNewer, "schema 99"},
		{"a newer schema, to read", Config{Path: newer, Access: Read}, ErrNewer, "schema 99"},
		{"noise", Config{Path: noise}, ErrCorrupt, "move " + noise + " away"},
		{"noise, to read", Config{Path: noise, Access: Read}, ErrCorrupt, "starts safely without it"},
		{"an empty file, to read", Config{Path: file, Access: Read}, nil, "older schema 0"},
		{"no such access", Config{Path: newPath(t), Access: 9}, nil, "no such access"},
		{"a negative number", Config{Path: newPath(t), SnapshotEvery: -1}, nil, "must not be negative"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := Open(t.Context(), c.cfg)
			if err == nil {
				check(t, s.Close())
				t.Fatal("it was opened")
			}
			if c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("%v is not %v", err, c.is)
			}
			if !strings.Contains(err.Error(), c.says) {
				t.Errorf("%q does not say %q", err, c.says)
			}
		})
	}
}

func TestADamagedFileThatIsMovedAwayIsNoObstacle(t *testing.T) {
	path := newPath(t)
	check(t, os.WriteFile(path, []byte(strings.Repeat("not a database ", 500)), 0o600))
	if _, err := Open(t.Context(), Config{Path: path}); !errors.Is(err, ErrCorrupt) {
		t.Fatalf("want ErrCorrupt, got %v", err)
	}
	check(t, os.Rename(path, path+".broken"))
	s := openAt(t, Config{Path: path})
	if got, want := loaded(t, s), asJSON(t, plan.NewState()); got != want {
		t.Errorf("a new ledger is not empty: %s", got)
	}
}

func TestAPageThatWasOverwrittenIsFound(t *testing.T) {
	path := newPath(t)
	s := must[*Store](t)(Open(t.Context(), Config{Path: path}))
	for i := range 20 {
		check(t, s.Record(t.Context(), upgrade("r"+string(rune('a'+i)), 20, start)))
	}
	check(t, s.Close())
	file := must[*os.File](t)(os.OpenFile(path, os.O_RDWR, 0))
	size := must[os.FileInfo](t)(file.Stat()).Size()
	junk := []byte(strings.Repeat("junk", 1024))
	for at := int64(4096 * 8); at+4096 < size; at += 4096 {
		must[int](t)(file.WriteAt(junk, at))
	}
	check(t, file.Close())
	s, err := Open(t.Context(), Config{Path: path, Access: Read})
	if err == nil {
		_, loadErr := s.Load(t.Context())
		err = errors.Join(loadErr, s.Verify(t.Context()), s.Close())
	}
	if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "away") {
		t.Fatalf("want ErrCorrupt with advice, got %v", err)
	}
}

func TestAReadOnlyDirectory(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "wavegate.db")
	events := upgrade("r1", 2, start)
	s := must[*Store](t)(Open(t.Context(), Config{Path: path}))
	check(t, s.Record(t.Context(), events))
	check(t, s.Close())
	check(t, os.Remove(path+".lock"))
	for _, d := range []string{dir, filepath.Dir(dir)} {
		check(t, os.Chmod(d, 0o555))
	}
	t.Cleanup(func() {
		for _, d := range []string{filepath.Dir(dir), dir} {
			check(t, os.Chmod(d, 0o755))
		}
	})
	t.Run("refuses an owner with a clear error", func(t *testing.T) {
		out, err := runChildAsNobody(t, "own", path)
		if err == nil || !strings.Contains(out, "this user may write there") {
			t.Errorf("%v\n%s", err, out)
		}
	})
	t.Run("can be read", func(t *testing.T) {
		if out, err := runChildAsNobody(t, "read", path); err != nil || !strings.Contains(out, "loaded r1") {
			t.Errorf("%v\n%s", err, out)
		}
	})
}

func TestAReaderBesideTheOwnerSeesWhatIsRecorded(t *testing.T) {
	path := newPath(t)
	owner := openAt(t, Config{Path: path})
	events := upgrade("r1", 3, start)
	reader := openAt(t, Config{Path: path, Access: Read})
	check(t, owner.Record(t.Context(), events))
	if got, want := loaded(t, reader), folding(t, events); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	for _, err := range []error{
		reader.Record(t.Context(), events),
		reader.Done(t.Context(), []int64{1}),
		func() error { _, err := reader.Submit(t.Context(), pause("x")); return err }(),
		func() error { _, err := reader.Retention(t.Context(), 1, start); return err }(),
	} {
		if !errors.Is(err, ErrReadOnly) {
			t.Errorf("want ErrReadOnly, got %v", err)
		}
	}
}

func TestAClosedStateRefusesToRecord(t *testing.T) {
	s := openAt(t, Config{Path: newPath(t)})
	check(t, s.Close())
	if err := s.Record(t.Context(), upgrade("r1", 1, start)); err == nil {
		t.Error("it recorded")
	}
	check(t, s.Close())
}

// runChildAsNobody runs a child without root's right to write everywhere.
func runChildAsNobody(t *testing.T, role, path string) (string, error) {
	t.Helper()
	if os.Geteuid() != 0 {
		return runChild(t, role, path)
	}
	// The test binary lies where only root may look.
	public, err := os.MkdirTemp("", "wavegate-test-")
	check(t, err)
	t.Cleanup(func() { check(t, os.RemoveAll(public)) })
	check(t, os.Chmod(public, 0o755))
	binary := filepath.Join(public, "child")
	check(t, os.WriteFile(binary, must[[]byte](t)(os.ReadFile(must[string](t)(os.Executable()))), 0o755)) //nolint:gosec // it is to be run
	cmd := exec.CommandContext(t.Context(), binary, path)
	cmd.Env = append(os.Environ(), childRole+"="+role, "HOME="+public)
	cmd.Dir = public
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := cmd.CombinedOutput()
	return string(out), err
}
