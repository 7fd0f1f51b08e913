package gitsource_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wavegate-dev/wavegate/gitsource"
	"github.com/wavegate-dev/wavegate/gitsource/gittest"
)

// large makes a repository of 10,000 files and 100,000 commits, packed as on a
// forge.
func large(b *testing.B) *gittest.Repo {
	b.Helper()
	if testing.Short() {
		b.Skip("makes a repository of 100,000 commits: left out with -short")
	}
	r := gittest.New(b)
	var in strings.Builder
	commit := func(i int) {
		fmt.Fprintf(&in, "commit refs/heads/main\ncommitter Ada <ada@example.com> %d +0000\ndata 1\nx\n", 1_600_000_000+i)
	}
	file := func(n, version int) {
		content := fmt.Sprintf("kind: Cohort\nmetadata: {name: c%d}\nspec:\n  versions: {kafka: 7.6.%d}\n  selector: {matchLabels: {customer: %q}}\n", n, version, noise(n, 40))
		fmt.Fprintf(&in, "M 644 inline fleets/%d/%d.yaml\ndata %d\n%s\n", n%100, n, len(content), content)
	}
	commit(0)
	for n := range 10_000 {
		file(n, 0)
	}
	for i := range 99_999 {
		commit(i + 1)
		file(i%10_000, i+1)
	}
	r.Pipe(strings.NewReader(in.String()), "fast-import", "--quiet")
	r.RepackWithBitmaps()
	return r
}

func git(b *testing.B, r *gittest.Repo, args ...string) {
	b.Helper()
	cmd := exec.Command("git", args...)
	cmd.Env = r.Env()
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("git %v: %v\n%s", args, err, out)
	}
}

func benchSource(b *testing.B, server *gittest.Server, dir string) *gitsource.Source {
	b.Helper()
	s, err := gitsource.New(gitsource.Config{URL: server.URL, Dir: dir})
	if err != nil {
		b.Fatal(err)
	}
	return s
}

func benchFetch(b *testing.B, s *gitsource.Source) string {
	b.Helper()
	head, err := s.Fetch(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	return head
}

// BenchmarkFirstFetch compares the first fetch with git clone --depth 1, of
// 10,000 files and 100,000 commits over HTTP.
func BenchmarkFirstFetch(b *testing.B) {
	r := large(b)
	server := r.Serve()
	b.Run("memory", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			benchFetch(b, benchSource(b, server, ""))
		}
	})
	b.Run("disk", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			benchFetch(b, benchSource(b, server, filepath.Join(b.TempDir(), fmt.Sprint(i))))
		}
	})
	b.Run("git", func(b *testing.B) {
		dir := b.TempDir()
		for i := 0; b.Loop(); i++ {
			git(b, r, "clone", "--quiet", "--bare", "--depth", "1", server.URL, filepath.Join(dir, fmt.Sprint(i)))
		}
	})
}

// BenchmarkOneCommit compares the fetch of one new commit with git fetch, in the
// same repository.
func BenchmarkOneCommit(b *testing.B) {
	r := large(b)
	server := r.Serve()
	r.Git("read-tree", "HEAD")
	n := 0
	next := func(b *testing.B) {
		b.Helper()
		n++
		blob := strings.TrimSpace(r.Pipe(strings.NewReader(fmt.Sprint("change ", n)), "hash-object", "-w", "--stdin"))
		r.Git("update-index", "--add", "--cacheinfo", "100644,"+blob+",fleets/7/7.yaml")
		tree := r.Git("write-tree")
		r.Git("update-ref", "refs/heads/main", r.Git("commit-tree", "-m", "change", "-p", "main", tree))
	}
	for _, where := range []string{"memory", "disk"} {
		b.Run(where, func(b *testing.B) {
			dir := ""
			if where == "disk" {
				dir = b.TempDir()
			}
			s := benchSource(b, server, dir)
			base := benchFetch(b, s)
			for b.Loop() {
				b.StopTimer()
				next(b)
				b.StartTimer()
				head := benchFetch(b, s)
				if _, err := s.Log(b.Context(), base, head); err != nil {
					b.Fatal(err)
				}
				base = head
			}
		})
	}
	b.Run("git", func(b *testing.B) {
		dir := filepath.Join(b.TempDir(), "clone.git")
		git(b, r, "clone", "--quiet", "--bare", "--depth", "1", server.URL, dir)
		for b.Loop() {
			b.StopTimer()
			next(b)
			b.StartTimer()
			git(b, r, "-C", dir, "-c", "gc.auto=0", "fetch", "--quiet", "origin", "main")
		}
	})
}

// BenchmarkNothingNew is what a poll costs when nobody has pushed.
func BenchmarkNothingNew(b *testing.B) {
	r := gittest.New(b)
	r.Commit("first", gittest.Files{"a": "1"})
	s := benchSource(b, r.Serve(), b.TempDir())
	benchFetch(b, s)
	for b.Loop() {
		benchFetch(b, s)
	}
}

// BenchmarkRestart is how long it takes to take up a cache of 10,000 files.
func BenchmarkRestart(b *testing.B) {
	r := gittest.New(b)
	files := gittest.Files{}
	for i := range 10_000 {
		files[fmt.Sprintf("%d/%d.yaml", i%100, i)] = noise(i, 300)
	}
	r.Commit("first", files)
	server := r.Serve()
	dir := b.TempDir()
	benchFetch(b, benchSource(b, server, dir))
	for b.Loop() {
		benchSource(b, server, dir)
	}
	if _, err := os.Stat(dir); err != nil {
		b.Fatal(err)
	}
}
