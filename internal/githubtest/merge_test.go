package githubtest_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-github/v62/github"

	"github.com/wavegate-dev/wavegate/internal/githubtest"
)

// line describes a commit in a line: title, author, committer, number of parents.
func line(c *github.RepositoryCommit) string {
	title, _, _ := strings.Cut(c.GetCommit().GetMessage(), "\n")
	return strings.Join([]string{title, c.GetAuthor().GetLogin(), c.GetCommitter().GetLogin(), strings.Repeat("^", len(c.Parents))}, " | ")
}

func TestTheThreeWaysToMerge(t *testing.T) {
	ctx := context.Background()
	for method, want := range map[githubtest.Method]struct {
		history []string // newest first
		message string
		brought int // commits that the pull request is known for
	}{
		githubtest.MergeCommit: {[]string{
			"Merge pull request #1 from acme/new | grace | web-flow | ^^", "Elsewhere | olga | olga | ^", "Second | ada | ada | ^", "kafka 7.6.1 | ada | ada | ^",
		}, "Merge pull request #1 from acme/new\n\nCanary to 7.6.1", 3},
		githubtest.Squash: {[]string{
			"Canary to 7.6.1 (#1) | ada | web-flow | ^", "Elsewhere | olga | olga | ^",
		}, "Canary to 7.6.1 (#1)\n\n* kafka 7.6.1\n\n* Second", 1},
		githubtest.Rebase: {[]string{
			"Second | ada | grace | ^", "kafka 7.6.1 | ada | grace | ^", "Elsewhere | olga | olga | ^",
		}, "Second", 2},
	} {
		t.Run(string(method), func(t *testing.T) {
			w := start(t, nil)
			number, _ := w.propose("ada", "new", "7.6.1")
			_, err := w.As("ada").Push(fleet, "new", githubtest.Change{Write: githubtest.Files{"second.yaml": "b: 2\n"}, Message: "Second"})
			w.ok(err)
			base, err := w.As("olga").Push(fleet, "main", githubtest.Change{Write: githubtest.Files{"elsewhere.yaml": "c: 3\n"}, Message: "Elsewhere"})
			w.ok(err)
			ada := w.client("ada")
			result := must[*github.PullRequestMergeResult](t)(w.client("grace").PullRequests.Merge(ctx, "acme", "fleet", number, "", &github.PullRequestOptions{MergeMethod: string(method)}))

			commits := must[[]*github.RepositoryCommit](t)(ada.Repositories.ListCommits(ctx, "acme", "fleet", nil))
			if commits[0].GetSHA() != result.GetSHA() || commits[0].GetCommit().GetMessage() != want.message {
				t.Errorf("newest commit %s %q, want %q", commits[0].GetSHA(), commits[0].GetCommit().GetMessage(), want.message)
			}
			for i, h := range want.history {
				if got := line(commits[i]); got != h {
					t.Errorf("commit %d: %s\nwant %s", i, got, h)
				}
			}
			for file, content := range map[string]string{"cohorts/10-canary.yaml": "kafka: 7.6.1\n", "second.yaml": "b: 2\n", "elsewhere.yaml": "c: 3\n"} {
				got, _, resp, err := ada.Repositories.GetContents(ctx, "acme", "fleet", file, nil)
				if text, err := must[*github.RepositoryContent](t)(got, resp, err).GetContent(); err != nil || text != content {
					t.Errorf("%s is %q, %v", file, text, err)
				}
			}
			known := 0
			for _, c := range commits {
				pulls := must[[]*github.PullRequest](t)(ada.PullRequests.ListPullRequestsWithCommit(ctx, "acme", "fleet", c.GetSHA(), nil))
				known += len(pulls)
			}
			if known != want.brought {
				t.Errorf("the pull request is known for %d commits, want %d", known, want.brought)
			}
			pr := w.pull(number)
			if pr.GetBase().GetSHA() != base || pr.GetMergeCommitSHA() != result.GetSHA() || pr.GetCommits() != 2 {
				t.Errorf("base %s, merge commit %s, %d commits", pr.GetBase().GetSHA(), pr.GetMergeCommitSHA(), pr.GetCommits())
			}
			moves := w.activity("&ref=main&activity_type=pr_merge")
			if len(moves) != 1 || moves[0].Before != base || moves[0].After != result.GetSHA() || moves[0].Actor.GetLogin() != "grace" {
				t.Errorf("activity %+v", moves)
			}
		})
	}
}

func TestAMergeQueueMayBringMoreThanWasReviewed(t *testing.T) {
	ctx := context.Background()
	for _, method := range []githubtest.Method{githubtest.MergeCommit, githubtest.Squash, githubtest.Rebase} {
		t.Run(string(method), func(t *testing.T) {
			w := start(t, nil)
			number, sha := w.propose("ada", "new", "7.6.1")
			w.approve("grace", number)
			merge, err := w.As("grace").MergeWith(fleet, number, method, githubtest.Change{Write: githubtest.Files{"fleet.yaml": "kind: Other\n"}})
			w.ok(err)
			got := must[*github.RepositoryCommit](t)(w.client("ada").Repositories.GetCommit(ctx, "acme", "fleet", merge, nil))
			if len(got.Files) != 2 || got.Files[1].GetFilename() != "fleet.yaml" {
				t.Errorf("the merge changes %+v", got.Files)
			}
			if pr := w.pull(number); !pr.GetMerged() || pr.GetMergeCommitSHA() != merge || pr.GetHead().GetSHA() != sha {
				t.Errorf("merged %v as %s", pr.GetMerged(), pr.GetMergeCommitSHA())
			}
			if moves := w.activity("&ref=main"); len(moves) != 1 || moves[0].Type != "merge_queue_merge" {
				t.Errorf("activity %+v", moves)
			}
		})
	}
}

func TestMergesThatGitHubRefuses(t *testing.T) {
	ctx := context.Background()
	w := start(t, nil)
	conflict, head := w.propose("ada", "new", "7.6.1")
	other, _ := w.propose("ada", "other", "7.6.2")
	grace := w.client("grace").PullRequests
	merge := func(number int, sha, method string) error {
		_, _, err := grace.Merge(ctx, "acme", "fleet", number, "", &github.PullRequestOptions{SHA: sha, MergeMethod: method})
		return err
	}
	refusal(t, merge(conflict, strings.Repeat("a", 40), "merge"), 409, "Head branch was modified")
	w.ok(merge(other, "", "squash"))
	refusal(t, merge(other, "", "merge"), 405, "not mergeable")
	for _, method := range []string{"merge", "squash", "rebase"} {
		refusal(t, merge(conflict, head, method), 405, "not mergeable")
	}
	if pr := w.pull(conflict); pr.GetMergeable() || pr.GetMergeableState() != "dirty" || pr.MergeCommitSHA != nil {
		t.Errorf("a conflict is mergeable %v, %s, %s", pr.GetMergeable(), pr.GetMergeableState(), pr.GetMergeCommitSHA())
	}
	w.ok(w.As("ada").Close(fleet, conflict))
	refusal(t, merge(conflict, "", "merge"), 405, "not mergeable")
	refusal(t, merge(99, "", "merge"), 404, "")
}

func TestAnOpenPullRequestHasATrialMergeWhichProvesNothing(t *testing.T) {
	w := start(t, nil)
	number, _ := w.propose("ada", "new", "7.6.1")
	pr := w.pull(number)
	if pr.GetMergeCommitSHA() == "" || pr.GetMerged() {
		t.Fatalf("merge commit %q, merged %v", pr.GetMergeCommitSHA(), pr.GetMerged())
	}
	if again := w.pull(number); again.GetMergeCommitSHA() != pr.GetMergeCommitSHA() {
		t.Error("the trial merge is another one although nothing has moved")
	}
	_, err := w.As("ada").Push(fleet, "new", githubtest.Change{Write: githubtest.Files{"x": "y"}})
	w.ok(err)
	if again := w.pull(number); again.GetMergeCommitSHA() == pr.GetMergeCommitSHA() {
		t.Error("the trial merge stays although the head has moved")
	}
}

func TestPullRequestsThatGitHubRefuses(t *testing.T) {
	ctx := context.Background()
	w := start(t, nil)
	w.propose("ada", "new", "7.6.1")
	w.ok(w.As("ada").MoveBranch(fleet, "same", "main"))
	ada := w.client("ada").PullRequests
	open := func(head, base string) error {
		_, _, err := ada.Create(ctx, "acme", "fleet", &github.NewPullRequest{Title: github.String("x"), Head: &head, Base: &base})
		return err
	}
	refusal(t, open("new", "main"), 422, "A pull request already exists for acme:new.")
	refusal(t, open("same", "main"), 422, "No commits between main and same")
	refusal(t, open("nowhere", "main"), 422, "invalid")
	refusal(t, open("new", "nowhere"), 422, "invalid")
	w.ok(w.As("ada").Close(fleet, 1))
	w.ok(open("acme:new", "main"))
	_, _, err := ada.Edit(ctx, "acme", "fleet", 1, &github.PullRequest{State: github.String("open"), Title: github.String("")})
	refusal(t, err, 422, "missing_field")
	_, _, err = w.client("rhea").PullRequests.Edit(ctx, "acme", "fleet", 1, &github.PullRequest{Title: github.String("mine")})
	refusal(t, err, 403, "write access")
	w.ok(w.As("ada").DeleteBranch(fleet, "new"))
	if err := w.As("ada").Reopen(fleet, 2); err == nil || !strings.Contains(err.Error(), "has been deleted") {
		t.Errorf("reopened without a branch: %v", err)
	}
}
