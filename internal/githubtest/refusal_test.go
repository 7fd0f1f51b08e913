package githubtest_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-github/v62/github"

	"github.com/wavegate-dev/wavegate/internal/githubtest"
)

func TestRefusals(t *testing.T) {
	ctx := context.Background()
	w := start(t, nil)
	w.ok(w.Protect(fleet, "guarded", &githubtest.Protection{}))
	number, sha := w.propose("ada", "new", "7.6.1")
	w.ok(w.As("ada").MoveBranch(fleet, "guarded", "main"))
	comment, err := w.As("ada").Comment(fleet, number, "Mine")
	w.ok(err)
	ada, rhea := w.client("ada"), w.client("rhea")
	anonymous, err := github.NewClient(nil).WithEnterpriseURLs(w.URL, w.URL)
	w.ok(err)
	none := strings.Repeat("a", 40)
	text := func(s string) *github.IssueComment { return &github.IssueComment{Body: &s} }
	file := func(branch, sha string) *github.RepositoryContentFileOptions {
		o := &github.RepositoryContentFileOptions{Message: github.String("x"), Content: []byte("x"), Branch: &branch}
		if sha != "" {
			o.SHA = &sha
		}
		return o
	}
	ref := func(name, sha string) *github.Reference {
		return &github.Reference{Ref: github.String("refs/" + name), Object: &github.GitObject{SHA: &sha}}
	}
	for name, c := range map[string]struct {
		status int
		text   string
		do     func() error
	}{
		"a stranger edits a comment": {403, "write access", func() error {
			_, _, err := rhea.Issues.EditComment(ctx, "acme", "fleet", comment, text("x"))
			return err
		}},
		"a stranger deletes a comment": {403, "write access", func() error {
			_, err := rhea.Issues.DeleteComment(ctx, "acme", "fleet", comment)
			return err
		}},
		"nobody comments": {401, "Requires authentication", func() error {
			_, _, err := anonymous.Issues.CreateComment(ctx, "acme", "fleet", number, text("x"))
			return err
		}},
		"nobody deletes a comment": {401, "Requires authentication", func() error {
			_, err := anonymous.Issues.DeleteComment(ctx, "acme", "fleet", comment)
			return err
		}},
		"a comment is empty": {422, "missing_field", func() error {
			_, _, err := ada.Issues.CreateComment(ctx, "acme", "fleet", number, text(""))
			return err
		}},
		"a comment is too long": {422, "too_long", func() error {
			_, _, err := ada.Issues.CreateComment(ctx, "acme", "fleet", number, text(strings.Repeat("é", 65537)))
			return err
		}},
		"a comment is made too long": {422, "too_long", func() error {
			_, _, err := ada.Issues.EditComment(ctx, "acme", "fleet", comment, text(strings.Repeat("é", 65537)))
			return err
		}},
		"a comment that is gone": {404, "", func() error {
			_, _, err := ada.Issues.EditComment(ctx, "acme", "fleet", 1, text("x"))
			return err
		}},
		"an issue that is not there": {404, "", func() error {
			_, _, err := ada.Issues.Get(ctx, "acme", "fleet", 99)
			return err
		}},
		"a stranger sets a status": {403, "write access", func() error {
			_, _, err := rhea.Repositories.CreateStatus(ctx, "acme", "fleet", sha, &github.RepoStatus{State: github.String("success")})
			return err
		}},
		"a status of no commit": {422, "No commit found", func() error {
			_, _, err := ada.Repositories.CreateStatus(ctx, "acme", "fleet", none, &github.RepoStatus{State: github.String("success")})
			return err
		}},
		"a status's description is too long": {422, "too_long", func() error {
			_, _, err := ada.Repositories.CreateStatus(ctx, "acme", "fleet", sha, &github.RepoStatus{
				State: github.String("success"), Description: github.String(strings.Repeat("x", 141)),
			})
			return err
		}},
		"a label that exists": {422, "already_exists", func() error {
			_, _, err := ada.Issues.AddLabelsToIssue(ctx, "acme", "fleet", number, []string{"one"})
			w.ok(err)
			_, _, err = ada.Issues.CreateLabel(ctx, "acme", "fleet", &github.Label{Name: github.String("ONE")})
			return err
		}},
		"a label that the issue does not have": {404, "Label does not exist", func() error {
			_, err := ada.Issues.RemoveLabelForIssue(ctx, "acme", "fleet", number, "none")
			return err
		}},
		"a stranger labels": {403, "", func() error {
			_, _, err := rhea.Issues.AddLabelsToIssue(ctx, "acme", "fleet", number, []string{"x"})
			return err
		}},
		"somebody else's reaction is deleted": {404, "", func() error {
			re, _, err := rhea.Reactions.CreateIssueCommentReaction(ctx, "acme", "fleet", comment, "eyes")
			w.ok(err)
			_, err = ada.Reactions.DeleteIssueCommentReaction(ctx, "acme", "fleet", comment, re.GetID())
			return err
		}},
		"a file is changed without its id": {422, "wasn't supplied", func() error {
			_, _, err := ada.Repositories.UpdateFile(ctx, "acme", "fleet", "fleet.yaml", file("new", ""))
			return err
		}},
		"a file is changed with another id": {409, "does not match", func() error {
			_, _, err := ada.Repositories.UpdateFile(ctx, "acme", "fleet", "fleet.yaml", file("new", none))
			return err
		}},
		"a file that is not there is deleted": {404, "", func() error {
			_, _, err := ada.Repositories.DeleteFile(ctx, "acme", "fleet", "nothing", file("new", none))
			return err
		}},
		"a file in a branch that is not there": {404, "Branch not found", func() error {
			_, _, err := ada.Repositories.CreateFile(ctx, "acme", "fleet", "x", file("nowhere", ""))
			return err
		}},
		"a stranger writes a file": {403, "", func() error {
			_, _, err := rhea.Repositories.CreateFile(ctx, "acme", "fleet", "x", file("new", ""))
			return err
		}},
		"a branch that exists is created": {422, "already exists", func() error {
			_, _, err := ada.Git.CreateRef(ctx, "acme", "fleet", ref("heads/new", sha))
			return err
		}},
		"a branch of no commit is created": {422, "Object does not exist", func() error {
			_, _, err := ada.Git.CreateRef(ctx, "acme", "fleet", ref("heads/x", none))
			return err
		}},
		"a ref is created that is no branch": {422, "refs/heads/", func() error {
			_, _, err := ada.Git.CreateRef(ctx, "acme", "fleet", ref("pull/9/head", sha))
			return err
		}},
		"a branch is moved back without force": {422, "not a fast forward", func() error {
			_, _, err := ada.Git.UpdateRef(ctx, "acme", "fleet", ref("heads/new", mustBranch(w, "main")), false)
			return err
		}},
		"a guarded branch is moved back by force": {422, "Cannot force-push", func() error {
			_, _, err := ada.Git.UpdateRef(ctx, "acme", "fleet", ref("heads/guarded", sha), true)
			w.ok(err)
			_, _, err = ada.Git.UpdateRef(ctx, "acme", "fleet", ref("heads/guarded", mustBranch(w, "main")), true)
			return err
		}},
		"a guarded branch is deleted": {422, "Cannot delete", func() error {
			_, err := ada.Git.DeleteRef(ctx, "acme", "fleet", "heads/guarded")
			return err
		}},
		"a branch is deleted that is not there": {422, "does not exist", func() error {
			_, err := ada.Git.DeleteRef(ctx, "acme", "fleet", "heads/nowhere")
			return err
		}},
		"a tree leaves the repository": {422, "malformed path", func() error {
			_, _, err := ada.Git.CreateTree(ctx, "acme", "fleet", "", []*github.TreeEntry{
				{Path: github.String("../x"), Mode: github.String("100644"), Content: github.String("x")},
			})
			return err
		}},
		"a commit of no tree": {422, "Tree SHA does not exist", func() error {
			_, _, err := ada.Git.CreateCommit(ctx, "acme", "fleet", &github.Commit{Message: github.String("x"), Tree: &github.Tree{SHA: &none}}, nil)
			return err
		}},
		"who may not administer looks at a protection": {403, "admin", func() error {
			_, _, err := ada.Repositories.GetBranchProtection(ctx, "acme", "fleet", "guarded")
			return err
		}},
		"a review is asked of a stranger": {422, "collaborators", func() error {
			_, _, err := ada.PullRequests.RequestReviewers(ctx, "acme", "fleet", number, github.ReviewersRequest{Reviewers: []string{"nobody"}})
			return err
		}},
		"a review is asked of the author": {422, "author", func() error {
			_, _, err := ada.PullRequests.RequestReviewers(ctx, "acme", "fleet", number, github.ReviewersRequest{Reviewers: []string{"ada"}})
			return err
		}},
		"a comparison with nothing": {404, "", func() error {
			_, _, err := ada.Repositories.CompareCommits(ctx, "acme", "fleet", "main", "nothing", nil)
			return err
		}},
		"a commit that is not there": {422, "No commit found", func() error {
			_, _, err := ada.Repositories.GetCommit(ctx, "acme", "fleet", none, nil)
			return err
		}},
		"an option of git instead of a commit": {422, "No commit found", func() error {
			_, _, err := ada.Repositories.GetCommit(ctx, "acme", "fleet", "--all", nil)
			return err
		}},
		"a token that nobody has": {401, "Bad credentials", func() error {
			_, _, err := w.clientFor("ghp_nothing").Repositories.Get(ctx, "acme", "fleet")
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) { refusal(t, c.do(), c.status, c.text) })
	}
}

func mustBranch(w *world, name string) string {
	w.t.Helper()
	sha, err := w.Branch(fleet, name)
	w.ok(err)
	return sha
}

func TestIssuesAreListedAsAsked(t *testing.T) {
	ctx := context.Background()
	w := start(t, nil)
	for _, title := range []string{"one", "two", "three"} {
		_, err := w.As("ada").OpenIssue(fleet, title, "", "drift")
		w.ok(err)
	}
	_, err := w.As("rhea").OpenIssue(fleet, "four", "", "drift") // may not label
	w.ok(err)
	between := w.clock.read()
	for range 2 {
		_, err = w.As("rhea").Comment(fleet, 1, "x")
		w.ok(err)
	}
	_, err = w.As("rhea").Comment(fleet, 3, "y")
	w.ok(err)
	w.ok(w.As("ada").Close(fleet, 2))
	ada := w.client("ada")
	for name, c := range map[string]struct {
		opts github.IssueListByRepoOptions
		want string
	}{
		"open, the newest first": {github.IssueListByRepoOptions{}, "four three one"},
		"oldest first":           {github.IssueListByRepoOptions{Direction: "asc"}, "one three four"},
		"closed":                 {github.IssueListByRepoOptions{State: "closed"}, "two"},
		"all by change":          {github.IssueListByRepoOptions{State: "all", Sort: "updated"}, "two three one four"},
		"by comments":            {github.IssueListByRepoOptions{Sort: "comments"}, "one three four"},
		"with a label":           {github.IssueListByRepoOptions{Labels: []string{"drift"}}, "three one"},
		"by one person":          {github.IssueListByRepoOptions{Creator: "rhea"}, "four"},
		"changed since":          {github.IssueListByRepoOptions{Since: between}, "three one"},
	} {
		var got []string
		for _, i := range must[[]*github.Issue](t)(ada.Issues.ListByRepo(ctx, "acme", "fleet", &c.opts)) {
			got = append(got, i.GetTitle())
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, want %s", name, got, c.want)
		}
	}
	comments := must[[]*github.IssueComment](t)(ada.Issues.ListComments(ctx, "acme", "fleet", 0, &github.IssueListCommentsOptions{
		Sort: github.String("created"), Direction: github.String("desc"),
	}))
	if len(comments) != 3 || comments[0].GetBody() != "y" {
		t.Errorf("comments %+v", comments)
	}
}
