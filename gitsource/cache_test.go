package gitsource_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wavegate-dev/wavegate/gitsource"
	"github.com/wavegate-dev/wavegate/gitsource/gittest"
)

func packs(t *testing.T, dir string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "repo", "objects", "pack", "*.pack"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestACacheThatIsDamagedInAnyWayIsFetchedAnew damages files as a machine does
// that loses its power, or a disk that fails.
func TestACacheThatIsDamagedInAnyWayIsFetchedAnew(t *testing.T) {
	r := gittest.New(t)
	files := gittest.Files{}
	for i := range 20 {
		files[fmt.Sprintf("d%d/f%d.yaml", i%3, i)] = noise(i, 500)
	}
	r.Commit("first", files)
	server := r.Serve()
	good := t.TempDir()
	s := newSource(t, server, inFolder(good))
	mustFetch(t, s)
	head := r.Commit("second", gittest.Files{"d0/f0.yaml": "changed"})
	mustFetch(t, s)
	files["d0/f0.yaml"] = "changed"

	for _, name := range regularFiles(t, filepath.Join(good, "repo")) {
		for how, spoil := range damages() {
			t.Run(name+" is "+how, func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				if err := os.CopyFS(filepath.Join(dir, "repo"), os.DirFS(filepath.Join(good, "repo"))); err != nil {
					t.Fatal(err)
				}
				spoilFile(t, filepath.Join(dir, "repo", name), spoil)
				s, err := gitsource.New(gitsource.Config{URL: server.URL, Dir: dir})
				if err != nil {
					t.Fatalf("a damaged cache is an error: %v", err)
				}
				if got := mustFetch(t, s); got != head {
					t.Fatalf("head %s, want %s", got, head)
				}
				for name, want := range files {
					if got := read(t, s, head, name); got != want {
						t.Fatalf("%s: read %.20q, want %.20q", name, got, want)
					}
				}
			})
		}
	}
}

func regularFiles(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, name)
		}
		return err
	})
	if err != nil || len(names) < 6 {
		t.Fatalf("files %q, %v", names, err)
	}
	return names
}

// damages are what may happen to a file; nil takes it away.
func damages() map[string]func([]byte) []byte {
	return map[string]func([]byte) []byte{
		"gone":                 nil,
		"empty":                func([]byte) []byte { return nil },
		"cut in the middle":    func(b []byte) []byte { return b[:len(b)/2] },
		"changed in one place": func(b []byte) []byte { b[len(b)/2] ^= 0x15; return b },
		"zeros from the middle": func(b []byte) []byte {
			clear(b[len(b)/2:])
			return b
		},
	}
}

func spoilFile(t *testing.T, name string, spoil func([]byte) []byte) {
	t.Helper()
	if spoil == nil {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
		return
	}
	data, err := os.ReadFile(name)
	if err != nil || len(data) == 0 {
		t.Fatalf("%s has %d bytes, %v", name, len(data), err)
	}
	if err := os.Chmod(name, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, spoil(data), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestAFetchThatWasKilledLeavesNothingBehind(t *testing.T) {
	r := gittest.New(t)
	head := r.Commit("first", gittest.Files{"a": "1"})
	server := r.Serve()
	dir := t.TempDir()
	mustFetch(t, newSource(t, server, inFolder(dir)))
	rest := filepath.Join(dir, "repo", "objects", "pack", "tmp_pack_123")
	for _, name := range []string{rest, filepath.Join(dir, "new", "objects", "pack", "tmp_pack_456"), filepath.Join(dir, "new", "HEAD")} {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte("half a pack"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	server.Fail(gittest.Down)
	s := newSource(t, server, inFolder(dir), func(c *gitsource.Config) {
		c.Notice = func(text string) { t.Errorf("notice %q of a cache that is sound", text) }
	})
	if got := read(t, s, head, "a"); got != "1" {
		t.Errorf("read %q", got)
	}
	if _, err := os.Stat(rest); err == nil {
		t.Error("what the killed fetch wrote is still there")
	}
	server.Fail(gittest.None)
	next := r.Restart("other", gittest.Files{"a": "2"})
	if got := mustFetch(t, s); got != next {
		t.Errorf("head %s, want %s", got, next)
	}
}

// TestACacheThatBreaksWhileItIsInUseIsFetchedAnew removes the packs under the
// feet of a source.
func TestACacheThatBreaksWhileItIsInUseIsFetchedAnew(t *testing.T) {
	r := gittest.New(t)
	head := r.Commit("first", gittest.Files{"a": "1"})
	dir := t.TempDir()
	var notices []string
	s := newSource(t, r.Serve(), inFolder(dir), func(c *gitsource.Config) {
		c.Notice = func(text string) { notices = append(notices, text) }
	})
	mustFetch(t, s)
	for _, name := range packs(t, dir) {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	if got := read(t, s, head, "a"); got != "1" {
		t.Errorf("read %q", got)
	}
	if got := mustFetch(t, s); got != head {
		t.Fatalf("head %s, want %s", got, head)
	}
	if len(notices) != 1 || !strings.Contains(notices[0], "damaged") {
		t.Errorf("notices %q", notices)
	}
}

func TestACacheOfAnotherRepositoryIsNotMixedUp(t *testing.T) {
	dir := t.TempDir()
	one, two := gittest.New(t), gittest.New(t)
	one.Commit("one", gittest.Files{"a": "1"})
	want := two.Commit("two", gittest.Files{"a": "2"})
	mustFetch(t, newSource(t, one.Serve(), inFolder(dir)))
	s := newSource(t, two.Serve(), inFolder(dir))
	if got := mustFetch(t, s); got != want {
		t.Fatalf("head %s, want %s", got, want)
	}
	if got := read(t, s, want, "a"); got != "2" {
		t.Errorf("read %q", got)
	}
}
