package githubtest_test

import (
	"context"
	"testing"

	"github.com/google/go-github/v62/github"

	"github.com/wavegate-dev/wavegate/internal/githubtest"
)

func TestAPullRequestIsOpenedReviewedAndMerged(t *testing.T) {
	ctx := context.Background()
	w := start(t, nil)
	ada, grace := w.client("ada"), w.client("grace")

	repo := must[*github.Repository](t)(ada.Repositories.Get(ctx, "acme", "fleet"))
	if got := repo.GetDefaultBranch(); got != "main" {
		t.Fatalf("default branch %q", got)
	}
	sha, err := w.As("ada").Push(fleet, "new", githubtest.Change{
		Write: githubtest.Files{"cohorts/10-canary.yaml": "kafka: 7.6.1\n"}, Message: "kafka 7.6.1",
	})
	w.ok(err)
	pr := must[*github.PullRequest](t)(ada.PullRequests.Create(ctx, "acme", "fleet", &github.NewPullRequest{
		Title: github.String("Canary"), Head: github.String("new"), Base: github.String("main"), Body: github.String("Please"),
	}))
	if pr.GetNumber() != 1 || pr.GetHead().GetSHA() != sha || pr.GetCommits() != 1 || pr.GetChangedFiles() != 1 || !pr.GetMergeable() {
		t.Fatalf("opened as %+v", pr)
	}
	review := must[*github.PullRequestReview](t)(grace.PullRequests.CreateReview(ctx, "acme", "fleet", 1, &github.PullRequestReviewRequest{
		Event: github.String("APPROVE"),
	}))
	if review.GetState() != "APPROVED" || review.GetCommitID() != sha {
		t.Fatalf("reviewed as %+v", review)
	}
	must[*github.IssueComment](t)(grace.Issues.CreateComment(ctx, "acme", "fleet", 1, &github.IssueComment{Body: github.String("Good.")}))
	result := must[*github.PullRequestMergeResult](t)(grace.PullRequests.Merge(ctx, "acme", "fleet", 1, "", nil))
	pr = must[*github.PullRequest](t)(ada.PullRequests.Get(ctx, "acme", "fleet", 1))
	if !pr.GetMerged() || pr.GetMergedBy().GetLogin() != "grace" || pr.GetMergeCommitSHA() != result.GetSHA() || pr.GetState() != "closed" {
		t.Fatalf("merged as %+v", pr)
	}
	commit := must[*github.RepositoryCommit](t)(ada.Repositories.GetCommit(ctx, "acme", "fleet", "main", nil))
	if commit.GetSHA() != result.GetSHA() || len(commit.Parents) != 2 || commit.GetAuthor().GetLogin() != "grace" || commit.GetCommitter().GetLogin() != "web-flow" {
		t.Fatalf("merge commit is %+v", commit)
	}
	pulls := must[[]*github.PullRequest](t)(ada.PullRequests.ListPullRequestsWithCommit(ctx, "acme", "fleet", result.GetSHA(), nil))
	if len(pulls) != 1 || pulls[0].GetNumber() != 1 {
		t.Fatalf("pull requests of the merge commit: %+v", pulls)
	}
}
