package gitsource_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/wavegate-dev/wavegate/gitsource"
	"github.com/wavegate-dev/wavegate/gitsource/gittest"
	"github.com/wavegate-dev/wavegate/reconciler/admission"
)

func treeAt(t *testing.T, s *gitsource.Source, commit string) fs.FS {
	t.Helper()
	tree, err := s.Tree(t.Context(), commit)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func contentHash(t *testing.T, tree fs.FS, name string) string {
	t.Helper()
	info, err := fs.Stat(tree, name)
	if err != nil {
		t.Fatal(err)
	}
	h, ok := info.Sys().(interface{ ContentHash() string })
	if !ok {
		t.Fatalf("%s has no ContentHash", name)
	}
	return h.ContentHash()
}

// odd makes a repository with everything that git can hold.
func odd(t *testing.T) (*gittest.Repo, *gitsource.Source, string) {
	t.Helper()
	r := gittest.New(t)
	r.Write(gittest.Files{
		"fleet.yaml": "plain", "run.sh": "#!/bin/sh\n", "cohorts/10-canary.yaml": "canary", "cohorts.yaml": "file beside a folder",
		"deep/a/b/c/d/e.yaml": "deep", "empty": "", "big": noise(1, 300_000), "lfs.bin": "version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 9\n",
	})
	if err := os.Chmod(filepath.Join(r.Work, "run.sh"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{"link.yaml": "fleet.yaml", "out.yaml": "/etc/passwd", "folder": "cohorts"} {
		if err := os.Symlink(target, filepath.Join(r.Work, name)); err != nil {
			t.Fatal(err)
		}
	}
	r.Git("add", "--all")
	r.Git("update-index", "--add", "--cacheinfo", "160000,"+strings.Repeat("1", 40)+",module")
	r.Git("commit", "--quiet", "-m", "all kinds")
	s := newSource(t, r.Serve(), func(c *gitsource.Config) { c.Limits.FileBytes = 100_000 })
	return r, s, mustFetch(t, s)
}

func TestATreeIsAFileSystem(t *testing.T) {
	eachStore(t, func(t *testing.T, dir string) {
		r := gittest.New(t)
		r.Commit("files", gittest.Files{"fleet.yaml": "f", "cohorts/10.yaml": "c", "cohorts.yaml": "x", "cohorts-a/b/c": "d", "empty": ""})
		s := newSource(t, r.Serve(), inFolder(dir))
		tree := treeAt(t, s, mustFetch(t, s))
		if err := fstest.TestFS(tree, "fleet.yaml", "cohorts/10.yaml", "cohorts.yaml", "cohorts-a/b/c", "empty"); err != nil {
			t.Error(err)
		}
	})
}

func TestEveryKindOfEntryIsToldApart(t *testing.T) {
	_, s, head := odd(t)
	tree := treeAt(t, s, head)
	for name, want := range map[string]fs.FileMode{
		"fleet.yaml": 0o444, "run.sh": 0o555, "cohorts": fs.ModeDir | 0o555, "link.yaml": fs.ModeSymlink | 0o444,
		"out.yaml": fs.ModeSymlink | 0o444, "folder": fs.ModeSymlink | 0o444, "module": fs.ModeIrregular, "lfs.bin": 0o444,
	} {
		info, err := fs.Stat(tree, name)
		if err != nil || info.Mode() != want {
			t.Errorf("%s: %v, %v; want %v", name, info, err, want)
		}
	}
	for _, name := range []string{"link.yaml", "out.yaml", "folder", "module", "cohorts", "folder/10-canary.yaml", "module/x"} {
		if data, err := fs.ReadFile(tree, name); err == nil {
			t.Errorf("%s was followed: %q", name, data)
		}
	}
	if _, err := fs.ReadDir(tree, "folder"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a link to a folder can be listed: %v", err)
	}
	for _, name := range []string{"../etc/passwd", "/etc/passwd", "cohorts/../fleet.yaml", "", "./fleet.yaml"} {
		if _, err := fs.Stat(tree, name); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestAFileThatIsTooLargeIsNotRead(t *testing.T) {
	_, s, head := odd(t)
	tree := treeAt(t, s, head)
	info, err := fs.Stat(tree, "big")
	if err != nil || info.Size() != 300_000 {
		t.Fatalf("size %v, %v", info, err)
	}
	if _, err := fs.ReadFile(tree, "big"); err == nil || !strings.Contains(err.Error(), "300000 bytes, 100000 are allowed") {
		t.Errorf("error %v", err)
	}
	if _, err := tree.Open("big"); err == nil {
		t.Error("it can be opened")
	}
}

func TestTheContentHashChangesExactlyWithTheContent(t *testing.T) {
	r, s, head := odd(t)
	before := treeAt(t, s, head)
	r.Write(gittest.Files{"fleet.yaml": "changed", "twin.sh": "#!/bin/sh\n"})
	after := treeAt(t, s, func() string { r.Commit("changed", nil); return mustFetch(t, s) }())
	for name, same := range map[string]bool{"fleet.yaml": false, "run.sh": true, "cohorts/10-canary.yaml": true, "link.yaml": true} {
		if got := contentHash(t, before, name) == contentHash(t, after, name); got != same {
			t.Errorf("%s: the same hash is %v, want %v", name, got, same)
		}
	}
	if contentHash(t, after, "run.sh") == contentHash(t, after, "twin.sh") {
		t.Error("a file that can be run has the hash of one that cannot")
	}
}

func TestAFolderOfTheRepositoryMayBeTheFleet(t *testing.T) {
	r := gittest.New(t)
	r.Commit("files", gittest.Files{"fleets/eu/fleet.yaml": "eu", "fleets/us/fleet.yaml": "us", "README.md": "x"})
	server := r.Serve()
	s := newSource(t, server, func(c *gitsource.Config) { c.Path = "fleets/eu/" })
	head := mustFetch(t, s)
	if err := fstest.TestFS(treeAt(t, s, head), "fleet.yaml"); err != nil {
		t.Error(err)
	}
	// When it vanishes, whoever reads it is told; the history goes on.
	gone := r.Remove("gone", "fleets/eu")
	mustFetch(t, s)
	if _, err := fs.ReadDir(treeAt(t, s, gone), "."); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v", err)
	}
	if _, err := fs.Stat(treeAt(t, s, gone), "fleet.yaml"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v", err)
	}
	changes, err := s.Changes(t.Context(), head, gone)
	if err != nil || len(changes) != 1 || changes[0].Path != "fleets/eu/fleet.yaml" {
		t.Errorf("changes %v, %v", changes, err)
	}
	file := newSource(t, server, func(c *gitsource.Config) { c.Path = "README.md" })
	if _, err := fs.ReadDir(treeAt(t, file, mustFetch(t, file)), "."); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file can be listed: %v", err)
	}
}

func TestChangesAreFilesThatDiffer(t *testing.T) {
	r := gittest.New(t)
	first := r.Commit("first", gittest.Files{"a": "1", "same": "s", "mode": "m", "gone": "g", "d/x": "x", "kind": "k", "old name": noise(1, 500)})
	if err := os.Chmod(filepath.Join(r.Work, "mode"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"gone", "kind", "old name"} {
		if err := os.Remove(filepath.Join(r.Work, name)); err != nil {
			t.Fatal(err)
		}
	}
	second := r.Commit("second", gittest.Files{"a": "2", "new": "n", "d/y": "y", "kind/now a folder": "k", "new name": noise(1, 500)})
	s := newSource(t, r.Serve())
	mustFetch(t, s)
	changes, err := s.Changes(t.Context(), first, second)
	if err != nil {
		t.Fatal(err)
	}
	before, after := treeAt(t, s, first), treeAt(t, s, second)
	var got []string
	for _, c := range changes {
		got = append(got, c.Path)
		for tree, hash := range map[fs.FS]string{before: c.Before, after: c.After} {
			info, err := fs.Stat(tree, c.Path)
			switch {
			case hash == "" && err == nil && !info.IsDir():
				t.Errorf("%s is said not to exist, and does", c.Path)
			case hash != "" && contentHash(t, tree, c.Path) != hash:
				t.Errorf("%s: hash %s, want %s", c.Path, hash, contentHash(t, tree, c.Path))
			}
		}
	}
	if want := []string{"a", "d/y", "gone", "kind", "kind/now a folder", "mode", "new", "new name", "old name"}; !slices.Equal(got, want) {
		t.Errorf("changes %q, want %q", got, want)
	}
	all, err := s.Changes(t.Context(), "", first)
	if err != nil || len(all) != 7 || slices.ContainsFunc(all, func(c admission.Change) bool { return c.Before != "" || c.After == "" }) {
		t.Errorf("from nothing: %v, %v", all, err)
	}
	if none, err := s.Changes(t.Context(), second, second); err != nil || len(none) != 0 {
		t.Errorf("from a commit to itself: %v, %v", none, err)
	}
}

// TestATreeThatGitWouldNotMakeIsRefused reads trees that only an attacker makes.
func TestATreeThatGitWouldNotMakeIsRefused(t *testing.T) {
	for _, tt := range []struct{ name, entry, want string }{
		{"a name with a slash", "100644 a/b", "no name for a file"},
		{"the name ..", "40000 ..", "no name for a file"},
		{"a name twice", "100644 twice", "two entries"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := gittest.New(t)
			r.Commit("first", gittest.Files{"twice": "x"})
			blob := r.Git("rev-parse", "HEAD:twice")
			if strings.HasPrefix(tt.entry, "40000") {
				blob = r.Git("rev-parse", "HEAD^{tree}")
			}
			raw := ""
			for _, e := range []string{"100644 twice", tt.entry} {
				hash := blob
				if e == "100644 twice" {
					hash = r.Git("rev-parse", "HEAD:twice")
				}
				raw += e + "\x00" + unhex(t, hash)
			}
			bad := strings.TrimSpace(r.Pipe(strings.NewReader(raw), "hash-object", "-t", "tree", "-w", "--stdin", "--literally"))
			commit := strings.TrimSpace(r.Pipe(nil, "commit-tree", "-m", "bad", "-p", "HEAD", bad))
			r.Git("update-ref", "refs/heads/main", commit)
			s := newSource(t, r.Serve())
			if got, err := s.Fetch(t.Context()); err != nil || got != commit {
				t.Fatalf("head %s, %v", got, err)
			}
			_, err := fs.ReadDir(treeAt(t, s, commit), ".")
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}

func unhex(t *testing.T, s string) string {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestFoldersThatAreNestedTooDeepAreRefused(t *testing.T) {
	r := gittest.New(t)
	r.Commit("first", gittest.Files{"a": "x"})
	hash := r.Git("rev-parse", "HEAD^{tree}")
	for range 300 {
		hash = strings.TrimSpace(r.Pipe(strings.NewReader("040000 tree "+hash+"\td\n"), "mktree"))
	}
	commit := r.Git("commit-tree", "-m", "deep", "-p", "HEAD", hash)
	r.Git("update-ref", "refs/heads/main", commit)
	s := newSource(t, r.Serve())
	if got, err := s.Fetch(t.Context()); err != nil || got != commit {
		t.Fatalf("head %s, %v", got, err)
	}
	deepest := 0
	var last error
	err := fs.WalkDir(treeAt(t, s, commit), ".", func(name string, _ fs.DirEntry, err error) error {
		deepest = max(deepest, strings.Count(name, "/"))
		if err != nil {
			last = err
			return fs.SkipDir
		}
		return nil
	})
	if err != nil || last == nil || !strings.Contains(last.Error(), "nested more than 200 deep") || deepest > 201 {
		t.Errorf("%d deep, %v, %v", deepest, last, err)
	}
}

// TestATreeIsReadWhileAFetchGoesOn is of use under the race detector.
func TestATreeIsReadWhileAFetchGoesOn(t *testing.T) {
	eachStore(t, func(t *testing.T, dir string) {
		r := gittest.New(t)
		files := gittest.Files{}
		for i := range 200 {
			files[fmt.Sprintf("d%d/f%d", i%10, i)] = noise(i, 100)
		}
		r.Commit("first", files)
		s := newSource(t, r.Serve(), inFolder(dir))
		head := mustFetch(t, s)
		r.Commit("second", gittest.Files{"d1/f1": "changed"})
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				tree, err := s.Tree(t.Context(), head)
				if err != nil {
					t.Error(err)
					return
				}
				for name, want := range files {
					if data, err := fs.ReadFile(tree, name); err != nil || string(data) != want {
						t.Errorf("%s: %.20q, %v", name, data, err)
					}
				}
			})
		}
		wg.Go(func() {
			if _, err := s.Fetch(t.Context()); err != nil {
				t.Error(err)
			}
		})
		wg.Wait()
	})
}
