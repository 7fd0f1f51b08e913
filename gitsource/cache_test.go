package gitsource_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

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

	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "cache")
		if err != nil {
			rt.Fatal(err)
		}
		if err := os.CopyFS(filepath.Join(dir, "repo"), os.DirFS(filepath.Join(good, "repo"))); err != nil {
			rt.Fatal(err)
		}
		for range rapid.IntRange(1, 3).Draw(rt, "how many") {
			damage(rt, filepath.Join(dir, "repo"))
		}
		cfg := gitsource.Config{URL: server.URL, Dir: dir}
		s, err := gitsource.New(cfg)
		if err != nil {
			rt.Fatalf("a damaged cache is an error: %v", err)
		}
		got, err := s.Fetch(t.Context())
		if err != nil || got != head {
			rt.Fatalf("head %s, %v; want %s", got, err, head)
		}
		tree, err := s.Tree(t.Context(), head)
		if err != nil {
			rt.Fatal(err)
		}
		for name, want := range files {
			data, err := fs.ReadFile(tree, name)
			if err != nil || string(data) != want {
				rt.Fatalf("%s: read %.20q, %v; want %.20q", name, data, err, want)
			}
		}
	})
}

// damage spoils one file below a folder, or removes it.
func damage(t *rapid.T, dir string) {
	var names []string
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(names) == 0 {
		return
	}
	name := rapid.SampledFrom(names).Draw(t, "file")
	if err := os.Chmod(name, 0o600); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	kind := rapid.SampledFrom([]string{"remove", "empty", "cut", "flip", "zero"}).Draw(t, "kind")
	at := 0
	if len(data) > 0 {
		at = rapid.IntRange(0, len(data)-1).Draw(t, "at")
	}
	switch kind {
	case "remove":
		err = os.Remove(name)
	case "empty":
		err = os.WriteFile(name, nil, 0o600)
	case "cut":
		err = os.WriteFile(name, data[:at], 0o600)
	case "flip":
		if len(data) > 0 {
			data[at] ^= 0xff
		}
		err = os.WriteFile(name, data, 0o600)
	case "zero":
		clear(data[at:])
		err = os.WriteFile(name, data, 0o600)
	}
	if err != nil {
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
