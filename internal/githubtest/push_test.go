package githubtest_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing/object"
	githttp "github.com/go-git/go-git/v5/plumbing/transport/http"
	"github.com/google/go-github/v62/github"

	"github.com/wavegate-dev/wavegate/internal/githubtest"
)

// checkout is a clone made by the git command line.
type checkout struct {
	t   *testing.T
	dir string
}

func (w *world) clone(login string) *checkout {
	w.t.Helper()
	u, err := url.Parse(w.URL + "/" + fleet + ".git")
	w.ok(err)
	u.User = url.UserPassword(login, w.Token(login))
	c := &checkout{t: w.t, dir: filepath.Join(w.t.TempDir(), "clone")}
	w.ok(os.Mkdir(c.dir, 0o755))
	c.git("clone", "--quiet", u.String(), ".")
	return c
}

func (c *checkout) run(dir string, args ...string) (string, error) {
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0",
		"GIT_AUTHOR_NAME=x", "GIT_AUTHOR_EMAIL=x@example.com", "GIT_COMMITTER_NAME=x", "GIT_COMMITTER_EMAIL=x@example.com",
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	return out.String(), err
}

func (c *checkout) git(args ...string) string {
	c.t.Helper()
	out, err := c.run(c.dir, args...)
	if err != nil {
		c.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(out)
}

func (c *checkout) commit(file, content string) string {
	c.t.Helper()
	if err := os.WriteFile(filepath.Join(c.dir, file), []byte(content), 0o644); err != nil {
		c.t.Fatal(err)
	}
	c.git("add", "--all")
	c.git("commit", "--quiet", "-m", "Change "+file)
	return c.git("rev-parse", "HEAD")
}

// movement is a line of a repository's activity.
type movement struct {
	Before string       `json:"before"`
	After  string       `json:"after"`
	Ref    string       `json:"ref"`
	Type   string       `json:"activity_type"`
	Actor  *github.User `json:"actor"`
}

func (w *world) activity(query string) []movement {
	w.t.Helper()
	return fetch[[]movement](w.t, w.client("ada"), "GET", "repos/acme/fleet/activity?direction=asc"+query, nil)
}

func (w *world) pull(number int) *github.PullRequest {
	w.t.Helper()
	return must[*github.PullRequest](w.t)(w.client("ada").PullRequests.Get(context.Background(), "acme", "fleet", number))
}

const none = "0000000000000000000000000000000000000000"

func TestThePullRequestFollowsItsBranchAndWhoPushesIsKnown(t *testing.T) {
	w := start(t, nil)
	ada, grace := w.clone("ada"), w.clone("grace")

	ada.git("checkout", "--quiet", "-b", "new")
	first := ada.commit("a.yaml", "a: 1\n")
	ada.git("push", "--quiet", "origin", "new")
	number, err := w.As("ada").OpenPull(fleet, "new", "main", "New", "")
	w.ok(err)
	if got := w.pull(number).GetHead().GetSHA(); got != first {
		t.Fatalf("head %s, want %s", got, first)
	}

	grace.git("fetch", "--quiet")
	grace.git("checkout", "--quiet", "new")
	second := grace.commit("b.yaml", "b: 1\n")
	grace.git("push", "--quiet", "origin", "new")
	if pr := w.pull(number); pr.GetHead().GetSHA() != second || pr.GetCommits() != 2 {
		t.Fatalf("after a push: head %s of %d commits, want %s", pr.GetHead().GetSHA(), pr.GetCommits(), second)
	}

	ada.git("reset", "--quiet", "--hard", "HEAD~1")
	third := ada.commit("c.yaml", "c: 1\n")
	ada.git("push", "--quiet", "--force", "origin", "new")
	if pr := w.pull(number); pr.GetHead().GetSHA() != third || pr.GetCommits() != 1 {
		t.Fatalf("after a force-push: head %s of %d commits, want %s", pr.GetHead().GetSHA(), pr.GetCommits(), third)
	}
	if got := ada.git("ls-remote", "origin", "refs/pull/1/head"); !strings.HasPrefix(got, third) {
		t.Errorf("refs/pull/1/head is %q, want %s", got, third)
	}

	grace.git("push", "--quiet", "origin", "--delete", "new")
	if pr := w.pull(number); pr.GetState() != "closed" || pr.GetMerged() || pr.GetHead().GetSHA() != third {
		t.Errorf("after its branch is gone: %s, merged %v, head %s", pr.GetState(), pr.GetMerged(), pr.GetHead().GetSHA())
	}

	want := []struct{ kind, before, after, by string }{
		{"branch_creation", none, first, "ada"},
		{"push", first, second, "grace"},
		{"force_push", second, third, "ada"},
		{"branch_deletion", third, none, "grace"},
	}
	got := w.activity("&ref=refs/heads/new")
	if len(got) != len(want) {
		t.Fatalf("activity %+v", got)
	}
	for i, m := range want {
		g := got[i]
		if g.Type != m.kind || g.Before != m.before || g.After != m.after || g.Actor.GetLogin() != m.by {
			t.Errorf("movement %d: %s from %s to %s by %s, want %+v", i, g.Type, g.Before, g.After, g.Actor.GetLogin(), m)
		}
	}
	if got := w.activity("&actor=grace&activity_type=push"); len(got) != 1 || got[0].After != second {
		t.Errorf("grace's pushes: %+v", got)
	}
}

func TestWhatIsPushedBehindTheServersBackIsSeenButNobodyKnowsWhoDidIt(t *testing.T) {
	w := start(t, nil)
	number, first := w.propose("ada", "new", "7.6.1")
	dir, err := w.RepoDir(fleet)
	w.ok(err)
	c := w.clone("grace")
	c.git("checkout", "--quiet", "new")
	second := c.commit("b.yaml", "b: 1\n")
	c.git("push", "--quiet", dir, "new")
	if got := w.pull(number).GetHead().GetSHA(); got != second {
		t.Errorf("head %s, want %s", got, second)
	}
	moves := w.activity("&ref=new")
	if last := moves[len(moves)-1]; last.Before != first || last.After != second || last.Actor != nil {
		t.Errorf("last movement %+v", last)
	}
}

func TestWhoMayPush(t *testing.T) {
	w := start(t, nil)
	w.ok(w.AddPrivateRepo("acme/secret", githubtest.Files{"a": "b"}))
	refused := func(login, token, path, want string, args ...string) {
		t.Helper()
		c := &checkout{t: t, dir: t.TempDir()}
		u, err := url.Parse(w.URL + "/" + path + ".git")
		w.ok(err)
		if login != "" {
			u.User = url.UserPassword(login, token)
		}
		args = append([]string{args[0], u.String()}, args[1:]...)
		c.git("init", "--quiet")
		c.git("commit", "--quiet", "--allow-empty", "-m", "x")
		out, err := c.run(c.dir, args...)
		if err == nil || !strings.Contains(out, want) {
			t.Errorf("git %v as %q: %v\n%s\nwant %q", args, login, err, out, want)
		}
	}
	push := []string{"push", "HEAD:refs/heads/x"}
	refused("rhea", w.Token("rhea"), fleet, "403", push...)
	refused("ada", "not-a-token", fleet, "Authentication failed", push...)
	refused("", "", fleet, "could not read Username", push...)
	refused("ada", w.Token("ada"), "acme/secret", "not found", "fetch")
	refused("ada", w.Token("ada"), "acme/nowhere", "not found", "fetch")
	refused("", "", "acme/secret", "could not read Username", "fetch")
	refused("ada", w.Token("ada"), fleet, "refs/pull is read only", "push", "HEAD:refs/pull/1/head")

	gone := w.Token("ada")
	w.Revoke(gone)
	refused("ada", gone, fleet, "Authentication failed", push...)
}

func TestAProtectedBranchTakesNoPushExceptFromAdministrators(t *testing.T) {
	w := start(t, nil)
	w.ok(w.Protect(fleet, "main", &githubtest.Protection{Approvals: 1}))
	change := githubtest.Change{Write: githubtest.Files{"x": "y"}}

	ada := w.clone("ada")
	ada.commit("a.yaml", "a: 1\n")
	if out, err := ada.run(ada.dir, "push", "origin", "main"); err == nil || !strings.Contains(out, "GH006: Protected branch update failed for refs/heads/main") {
		t.Errorf("ada's push: %v\n%s", err, out)
	}
	if _, err := w.As("ada").Push(fleet, "main", change); err == nil {
		t.Error("ada's hand has pushed")
	}
	_, _, err := w.client("ada").Repositories.CreateFile(context.Background(), "acme", "fleet", "z", &github.RepositoryContentFileOptions{
		Message: github.String("z"), Content: []byte("z"),
	})
	if err == nil {
		t.Error("ada has written to the branch by the contents API")
	}
	if got := w.activity("&ref=main"); len(got) != 0 {
		t.Errorf("activity %+v", got)
	}

	olga := w.clone("olga")
	olga.commit("a.yaml", "a: 1\n")
	olga.git("push", "--quiet", "origin", "main")
	olga.git("reset", "--quiet", "--hard", "HEAD~1")
	olga.commit("b.yaml", "b: 1\n")
	olga.git("push", "--quiet", "--force", "origin", "main")
	if got := w.activity("&ref=main"); len(got) != 2 || got[1].Type != "force_push" || got[1].Actor.GetLogin() != "olga" {
		t.Errorf("activity %+v", got)
	}

	w.ok(w.Protect(fleet, "main", &githubtest.Protection{Approvals: 1, Admins: true}))
	olga.commit("c.yaml", "c: 1\n")
	if out, err := olga.run(olga.dir, "push", "origin", "main"); err == nil {
		t.Errorf("olga has pushed although administrators are bound\n%s", out)
	}
}

func TestCommitsOfAPullRequestThatArePushedToItsBaseMarkItAsMerged(t *testing.T) {
	w := start(t, nil)
	number, sha := w.propose("ada", "new", "7.6.1")
	other, _ := w.propose("ada", "other", "7.6.2")
	c := w.clone("grace")
	c.git("merge", "--quiet", "--no-ff", "-m", "By hand", "origin/new")
	merge := c.git("rev-parse", "HEAD")
	tip := c.commit("more.yaml", "more: 1\n")
	c.git("push", "--quiet", "origin", "main")

	pr := w.pull(number)
	if !pr.GetMerged() || pr.GetMergedBy().GetLogin() != "grace" || pr.GetMergeCommitSHA() != merge || pr.GetHead().GetSHA() != sha {
		t.Errorf("merged %v by %s as %s, want %s", pr.GetMerged(), pr.GetMergedBy().GetLogin(), pr.GetMergeCommitSHA(), merge)
	}
	if w.pull(other).GetState() != "open" {
		t.Error("a pull request is closed whose commits are not in the base")
	}
	ctx := context.Background()
	for commit, want := range map[string]int{sha: 1, merge: 1, tip: 0} {
		pulls := must[[]*github.PullRequest](t)(w.client("ada").PullRequests.ListPullRequestsWithCommit(ctx, "acme", "fleet", commit, nil))
		if len(pulls) != want {
			t.Errorf("%s came by %d pull requests, want %d", commit, len(pulls), want)
		}
	}
}

func TestALargePushComesThrough(t *testing.T) {
	w := start(t, nil)
	c := w.clone("ada")
	noise := make([]byte, 3<<20)
	source := rand.NewChaCha8([32]byte{1})
	_, _ = source.Read(noise)
	sha := c.commit("noise", string(noise))
	c.git("push", "--quiet", "origin", "main")
	if got := mustBranch(w, "main"); got != sha {
		t.Errorf("main is at %s, want %s", got, sha)
	}
	if again := w.clone("grace"); again.git("rev-parse", "HEAD") != sha {
		t.Error("the clone is elsewhere")
	}
}

func TestGoGitClonesAndPushes(t *testing.T) {
	w := start(t, nil)
	auth := &githttp.BasicAuth{Username: "x-access-token", Password: w.Token("ada")}
	dir := t.TempDir()
	repo, err := git.PlainClone(dir, false, &git.CloneOptions{URL: w.URL + "/" + fleet + ".git", Auth: auth, Depth: 1})
	w.ok(err)
	tree, err := repo.Worktree()
	w.ok(err)
	w.ok(os.WriteFile(filepath.Join(dir, "x"), []byte("y"), 0o644))
	_, err = tree.Add("x")
	w.ok(err)
	sha, err := tree.Commit("By go-git", &git.CommitOptions{Author: &object.Signature{Name: "ada", Email: "ada@example.com", When: w.clock.read()}})
	w.ok(err)
	w.ok(repo.Push(&git.PushOptions{Auth: auth}))
	if got := mustBranch(w, "main"); got != sha.String() {
		t.Errorf("main is at %s, want %s", got, sha)
	}
	if got := w.activity("&ref=main"); len(got) != 1 || got[0].Actor.GetLogin() != "ada" {
		t.Errorf("activity %+v", got)
	}
}
