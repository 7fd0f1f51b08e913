package githubtest_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-github/v62/github"
)

func TestOddFilesAreToldAsTheyAre(t *testing.T) {
	ctx := context.Background()
	w := start(t, nil)
	c := w.clone("ada")
	write := func(name, content string) {
		t.Helper()
		w.ok(os.MkdirAll(filepath.Dir(filepath.Join(c.dir, name)), 0o755))
		w.ok(os.WriteFile(filepath.Join(c.dir, name), []byte(content), 0o644))
	}
	long := strings.Repeat("line\n", 40)
	write("moved.txt", long)
	write("kind.txt", "a file\n")
	write("run.sh", "true\n")
	c.git("add", "--all")
	c.git("commit", "--quiet", "-m", "Before")
	c.git("push", "--quiet", "origin", "main")

	c.git("checkout", "--quiet", "-b", "odd")
	write("a b\t\"ü\".txt", "odd name\n")
	write("line\nbreak.txt", "odder name\n")
	write("empty.txt", "")
	write("binary.bin", "\x00\x01\x02")
	write("no-end.txt", "no line end")
	write("diff --git.txt", "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n")
	write("big.yaml", strings.Repeat("x", 1<<20+1))
	c.git("mv", "moved.txt", "elsewhere.txt")
	w.ok(os.Remove(filepath.Join(c.dir, "kind.txt")))
	w.ok(os.Symlink("../../etc/passwd", filepath.Join(c.dir, "kind.txt")))
	w.ok(os.Chmod(filepath.Join(c.dir, "run.sh"), 0o755))
	c.git("add", "--all")
	c.git("update-index", "--add", "--cacheinfo", "160000,"+strings.Repeat("1", 40)+",module")
	c.git("commit", "--quiet", "-m", "Odd")
	c.git("push", "--quiet", "origin", "odd")
	number, err := w.As("ada").OpenPull(fleet, "odd", "main", "Odd", "")
	w.ok(err)

	ada := w.client("ada")
	files := map[string]*github.CommitFile{}
	for _, f := range must[[]*github.CommitFile](t)(ada.PullRequests.ListFiles(ctx, "acme", "fleet", number, nil)) {
		files[f.GetFilename()] = f
	}
	for name, want := range map[string]struct {
		status    string
		additions int
		patch     string
	}{
		"a b\t\"ü\".txt":  {"added", 1, "@@ -0,0 +1 @@\n+odd name"},
		"line\nbreak.txt": {"added", 1, "@@ -0,0 +1 @@\n+odder name"},
		"empty.txt":       {"added", 0, ""},
		"binary.bin":      {"added", 0, ""},
		"no-end.txt":      {"added", 1, "@@ -0,0 +1 @@\n+no line end\n\\ No newline at end of file"},
		"diff --git.txt":  {"added", 4, "@@ -0,0 +1,4 @@\n+diff --git a/x b/x\n+--- a/x\n++++ b/x\n+@@ -1 +1 @@"},
		"elsewhere.txt":   {"renamed", 0, ""},
		"kind.txt":        {"changed", 1, "@@ -1 +0,0 @@\n-a file\n@@ -0,0 +1 @@\n+../../etc/passwd\n\\ No newline at end of file"},
		"run.sh":          {"modified", 0, ""},
		"module":          {"added", 1, "@@ -0,0 +1 @@\n+Subproject commit " + strings.Repeat("1", 40)},
		"big.yaml":        {"added", 1, ""},
	} {
		f := files[name]
		if f == nil || f.GetStatus() != want.status || f.GetAdditions() != want.additions || f.GetPatch() != want.patch {
			t.Errorf("%q: %s +%d %q, want %+v", name, f.GetStatus(), f.GetAdditions(), f.GetPatch(), want)
		}
		delete(files, name)
	}
	for name, f := range files {
		t.Errorf("%q changes as well: %s", name, f.GetStatus())
	}

	for name, want := range map[string][2]string{
		"kind.txt": {"symlink", ""}, "module": {"submodule", ""}, "big.yaml": {"file", "none"}, "run.sh": {"file", "base64"},
	} {
		f, _, resp, err := ada.Repositories.GetContents(ctx, "acme", "fleet", name, &github.RepositoryContentGetOptions{Ref: "odd"})
		if must[*github.RepositoryContent](t)(f, resp, err); f.GetType() != want[0] || f.GetEncoding() != want[1] {
			t.Errorf("%s is a %s, %s, want %v", name, f.GetType(), f.GetEncoding(), want)
		}
	}
	_, list, resp, err := ada.Repositories.GetContents(ctx, "acme", "fleet", "", &github.RepositoryContentGetOptions{Ref: "odd"})
	if must[[]*github.RepositoryContent](t)(list, resp, err); len(list) != 13 {
		t.Errorf("the root has %d entries", len(list))
	}
	f, _, resp, err := ada.Repositories.GetContents(ctx, "acme", "fleet", "run.sh", &github.RepositoryContentGetOptions{Ref: "odd"})
	must[*github.RepositoryContent](t)(f, resp, err)
	must[*github.RepositoryContentResponse](t)(ada.Repositories.UpdateFile(ctx, "acme", "fleet", "run.sh", &github.RepositoryContentFileOptions{
		Message: github.String("x"), Content: []byte("false\n"), Branch: github.String("odd"), SHA: f.SHA,
	}))
	c.git("fetch", "--quiet")
	if got := c.git("ls-tree", "origin/odd", "run.sh"); !strings.HasPrefix(got, "100755 ") {
		t.Errorf("an executable file is %q after a change", got)
	}
	if status, body := w.page("/acme/fleet/pull/1"); status != 200 || !strings.Contains(body, "elsewhere.txt") {
		t.Errorf("the page: %d", status)
	}
}
