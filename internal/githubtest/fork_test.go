package githubtest_test

import (
	"context"
	"testing"

	"github.com/google/go-github/v62/github"

	"github.com/wavegate-dev/wavegate/internal/githubtest"
)

func TestAStrangersPullRequestComesFromAFork(t *testing.T) {
	ctx := context.Background()
	w := start(t, nil)
	r := w.receive("secret", "pull_request")
	w.ok(w.Fork(fleet, "mallory"))
	mallory := w.client("mallory")
	if got := must[*github.Repository](t)(mallory.Repositories.Get(ctx, "mallory", "fleet")); !got.GetFork() || got.GetParent().GetFullName() != fleet {
		t.Errorf("fork %+v", got)
	}
	if _, err := w.As("mallory").Push(fleet, "new", githubtest.Change{Write: githubtest.Files{"x": "y"}}); err == nil {
		t.Error("a stranger has pushed")
	}
	first, err := w.As("mallory").Push("mallory/fleet", "new", githubtest.Change{Write: githubtest.Files{"x": "y"}})
	w.ok(err)
	pr := must[*github.PullRequest](t)(mallory.PullRequests.Create(ctx, "acme", "fleet", &github.NewPullRequest{
		Title: github.String("Mine"), Head: github.String("mallory:new"), Base: github.String("main"),
	}))
	if pr.GetHead().GetRepo().GetFullName() != "mallory/fleet" || pr.GetHead().GetLabel() != "mallory:new" || pr.GetHead().GetSHA() != first ||
		pr.GetBase().GetRepo().GetFullName() != fleet || pr.GetAuthorAssociation() != "NONE" {
		t.Errorf("opened as %+v", pr)
	}
	second, err := w.As("mallory").ForcePush("mallory/fleet", "new", "main", githubtest.Change{Write: githubtest.Files{"x": "z"}})
	w.ok(err)
	if got := w.pull(1); got.GetHead().GetSHA() != second || got.GetCommits() != 1 {
		t.Errorf("head %s of %d commits, want %s", got.GetHead().GetSHA(), got.GetCommits(), second)
	}
	if got := w.activity(""); len(got) != 0 {
		t.Errorf("a push to the fork moved the repository: %+v", got)
	}
	_, err = w.As("mallory").Merge(fleet, 1, githubtest.MergeCommit)
	if err == nil {
		t.Error("a stranger has merged")
	}
	w.approve("rhea", 1)
	sha, err := w.As("grace").Merge(fleet, 1, githubtest.Squash)
	w.ok(err)
	file, _, resp, err := w.client("ada").Repositories.GetContents(ctx, "acme", "fleet", "x", &github.RepositoryContentGetOptions{Ref: sha})
	if text, err := must[*github.RepositoryContent](t)(file, resp, err).GetContent(); err != nil || text != "z" {
		t.Errorf("content %q, %v", text, err)
	}
	for _, head := range []string{"mallory:new", "acme:new"} {
		got := must[[]*github.PullRequest](t)(w.client("ada").PullRequests.List(ctx, "acme", "fleet", &github.PullRequestListOptions{State: "all", Head: head}))
		if (len(got) == 1) != (head == "mallory:new") {
			t.Errorf("pull requests of %s: %d", head, len(got))
		}
	}
	r.since(w)
	if e := r.events[1].(*github.PullRequestEvent); e.GetSender().GetLogin() != "mallory" || e.GetPullRequest().GetHead().GetRepo().GetFork() != true {
		t.Errorf("webhook by %s from %+v", e.GetSender().GetLogin(), e.GetPullRequest().GetHead())
	}
}

func TestWhenTheBranchInTheForkIsGoneThePullRequestIsClosed(t *testing.T) {
	w := start(t, nil)
	w.ok(w.Fork(fleet, "mallory"))
	_, err := w.As("mallory").Push("mallory/fleet", "new", githubtest.Change{Write: githubtest.Files{"x": "y"}})
	w.ok(err)
	number, err := w.As("mallory").OpenPull(fleet, "mallory:new", "main", "Mine", "")
	w.ok(err)
	w.ok(w.As("mallory").DeleteBranch("mallory/fleet", "new"))
	if got := w.pull(number); got.GetState() != "closed" || got.GetMerged() {
		t.Errorf("%s, merged %v", got.GetState(), got.GetMerged())
	}
}

func TestARepositoryThatExistsIsServedAsItIs(t *testing.T) {
	w := start(t, nil)
	w.ok(w.AddRepo("acme/old", githubtest.Files{"a": "b"}))
	dir, err := w.RepoDir("acme/old")
	w.ok(err)
	w.ok(w.AddRepoAt("acme/same", dir))
	got := must[*github.Branch](t)(w.client("ada").Repositories.GetBranch(context.Background(), "acme", "same", "main", 0))
	old := must[*github.Branch](t)(w.client("ada").Repositories.GetBranch(context.Background(), "acme", "old", "main", 0))
	if got.GetCommit().GetSHA() != old.GetCommit().GetSHA() {
		t.Errorf("main is at %s", got.GetCommit().GetSHA())
	}
	if err := w.AddRepoAt("acme/none", t.TempDir()); err == nil {
		t.Error("an empty folder is a repository")
	}
	if err := w.AddRepo("acme/none", nil); err != nil {
		t.Errorf("a name is taken although its repository failed: %v", err)
	}
}
