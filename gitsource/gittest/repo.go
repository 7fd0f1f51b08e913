package gittest

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// Files are contents by path.
type Files map[string]string

// Repo is a bare repository and a work tree beside it, in which commits are
// made. The checked out branch is main at first.
type Repo struct {
	// Dir is the path of the bare repository.
	Dir string
	// Work is the path of the work tree.
	Work string

	tb    testing.TB
	home  string
	clock time.Time
}

// New makes an empty repository in a temporary folder. It skips the test when
// git is not installed.
func New(tb testing.TB) *Repo {
	tb.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		tb.Skip("git is not installed: install it (Debian: apt-get install git) to run this test")
	}
	root := tb.TempDir()
	r := &Repo{
		Dir: filepath.Join(root, "fleet.git"), Work: filepath.Join(root, "work"), home: filepath.Join(root, "home"),
		tb: tb, clock: time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC),
	}
	for _, dir := range []string{r.Work, r.home} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			tb.Fatal(err)
		}
	}
	r.run(nil, nil, "init", "--quiet", "--bare", "--initial-branch=main", r.Dir)
	return r
}

// Env is the environment in which git reads no settings of the machine.
func (r *Repo) Env() []string {
	return []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + r.home, "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1",
		"GIT_TERMINAL_PROMPT=0", "LC_ALL=C", "TZ=UTC",
		"GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.com",
		"GIT_COMMITTER_NAME=Grace", "GIT_COMMITTER_EMAIL=grace@example.com",
	}
}

// Git runs git on the repository and returns what it says.
func (r *Repo) Git(args ...string) string {
	r.tb.Helper()
	return strings.TrimSpace(r.run(nil, r.worktree(), args...))
}

// Pipe runs git on the repository with an input and returns its output as it is.
func (r *Repo) Pipe(in io.Reader, args ...string) string {
	r.tb.Helper()
	return r.run(in, r.worktree(), args...)
}

func (r *Repo) worktree() []string {
	date := fmt.Sprintf("%d +0000", r.clock.Unix())
	return []string{
		"GIT_DIR=" + r.Dir, "GIT_WORK_TREE=" + r.Work, "GIT_INDEX_FILE=" + r.Work + ".index",
		"GIT_AUTHOR_DATE=" + date, "GIT_COMMITTER_DATE=" + date,
	}
}

func (r *Repo) run(in io.Reader, env []string, args ...string) string {
	r.tb.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Env, cmd.Stdin = r.Work, append(r.Env(), env...), in
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		r.tb.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, errs.String())
	}
	return out.String()
}

// Write puts files into the work tree.
func (r *Repo) Write(files Files) {
	r.tb.Helper()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		path := filepath.Join(r.Work, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			r.tb.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(files[name]), 0o644); err != nil {
			r.tb.Fatal(err)
		}
	}
}

// Commit writes files, commits everything in the work tree to the checked out
// branch and returns the commit.
func (r *Repo) Commit(message string, files Files) string {
	r.tb.Helper()
	return r.commit(files, "-m", message)
}

// Amend puts another commit in the place of the newest one.
func (r *Repo) Amend(message string, files Files) string {
	r.tb.Helper()
	return r.commit(files, "--amend", "-m", message)
}

// Remove commits that files are gone.
func (r *Repo) Remove(message string, names ...string) string {
	r.tb.Helper()
	for _, name := range names {
		if err := os.RemoveAll(filepath.Join(r.Work, filepath.FromSlash(name))); err != nil {
			r.tb.Fatal(err)
		}
	}
	return r.commit(nil, "-m", message)
}

func (r *Repo) commit(files Files, args ...string) string {
	r.tb.Helper()
	r.Write(files)
	r.clock = r.clock.Add(time.Minute)
	r.Git("add", "--all")
	r.Git(append([]string{"commit", "--quiet", "--allow-empty", "--no-gpg-sign"}, args...)...)
	return r.Head()
}

// Sign commits like Commit, with the signature that git makes by these settings
// (name=value).
func (r *Repo) Sign(message string, files Files, settings ...string) string {
	r.tb.Helper()
	r.Write(files)
	r.clock = r.clock.Add(time.Minute)
	r.Git("add", "--all")
	var args []string
	for _, s := range settings {
		args = append(args, "-c", s)
	}
	r.Git(append(args, "commit", "--quiet", "--allow-empty", "-S", "-m", message)...)
	return r.Head()
}

// Head returns the newest commit of the checked out branch.
func (r *Repo) Head() string {
	r.tb.Helper()
	return r.Git("rev-parse", "HEAD")
}

// Reset moves the checked out branch to a commit, as a force-push does.
func (r *Repo) Reset(commit string) {
	r.tb.Helper()
	r.Git("reset", "--quiet", "--hard", commit)
}

// Restart gives the branch main a new history that has nothing to do with the
// one before, as a force-push of another repository does.
func (r *Repo) Restart(message string, files Files) string {
	r.tb.Helper()
	r.Git("checkout", "--quiet", "--orphan", "restarted")
	commit := r.commit(files, "-m", message)
	r.Git("branch", "--quiet", "-M", "restarted", "main")
	return commit
}

// RepackWithBitmaps packs everything as forges do: one pack with a bitmap.
func (r *Repo) RepackWithBitmaps() {
	r.tb.Helper()
	r.Git("repack", "-adbq")
}
