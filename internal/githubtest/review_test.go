package githubtest_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-github/v62/github"

	"github.com/wavegate-dev/wavegate/internal/githubtest"
)

// refusal fails the test unless an API call was refused so.
func refusal(t *testing.T, err error, status int, text string) {
	t.Helper()
	var e *github.ErrorResponse
	if !errors.As(err, &e) || e.Response.StatusCode != status || !strings.Contains(e.Error(), text) {
		t.Errorf("got %v, want %d %q", err, status, text)
	}
}

func (w *world) reviews(number int) []*github.PullRequestReview {
	w.t.Helper()
	return must[[]*github.PullRequestReview](w.t)(w.client("ada").PullRequests.ListReviews(context.Background(), "acme", "fleet", number, nil))
}

func TestNobodyApprovesTheirOwnPullRequest(t *testing.T) {
	ctx := context.Background()
	w := start(t, nil)
	number, _ := w.propose("ada", "new", "7.6.1")
	for event, want := range map[string]string{
		"APPROVE": "Can not approve your own pull request", "REQUEST_CHANGES": "Can not request changes on your own pull request",
	} {
		_, _, err := w.client("ada").PullRequests.CreateReview(ctx, "acme", "fleet", number, &github.PullRequestReviewRequest{
			Event: github.String(event), Body: github.String("x"),
		})
		refusal(t, err, 422, "Unprocessable Entity")
		var e *github.ErrorResponse
		if errors.As(err, &e) && (len(e.Errors) != 1 || e.Errors[0].Message != want) {
			t.Errorf("%s: details %+v", event, e.Errors)
		}
	}
	if _, err := w.As("ada").Approve(fleet, number); err == nil {
		t.Error("ada's hand has approved")
	}
	// Commenting on it is fine.
	if _, err := w.As("ada").Review(fleet, number, "COMMENT", "Note"); err != nil {
		t.Error(err)
	}
	if got := w.reviews(number); len(got) != 1 || got[0].GetState() != "COMMENTED" {
		t.Errorf("reviews %+v", got)
	}
}

func TestAReviewKeepsTheHeadThatWasReviewed(t *testing.T) {
	w := start(t, nil)
	number, first := w.propose("ada", "new", "7.6.1")
	_, err := w.As("grace").Approve(fleet, number)
	w.ok(err)
	_, err = w.As("ada").Push(fleet, "new", githubtest.Change{Write: githubtest.Files{"x": "y"}})
	w.ok(err)
	if got := w.reviews(number); len(got) != 1 || got[0].GetState() != "APPROVED" || got[0].GetCommitID() != first {
		t.Errorf("reviews %+v, want one of %s", got, first)
	}
}

func TestANewCommitDismissesApprovalsWhereTheBranchSaysSo(t *testing.T) {
	w := start(t, nil)
	w.ok(w.Protect(fleet, "main", &githubtest.Protection{Approvals: 1, DismissStale: true}))
	number, _ := w.propose("ada", "new", "7.6.1")
	_, err := w.As("grace").Approve(fleet, number)
	w.ok(err)
	_, err = w.As("olga").Review(fleet, number, "COMMENT", "Hm")
	w.ok(err)
	_, err = w.As("ada").Push(fleet, "new", githubtest.Change{Write: githubtest.Files{"x": "y"}})
	w.ok(err)
	got := w.reviews(number)
	if len(got) != 2 || got[0].GetState() != "DISMISSED" || got[1].GetState() != "COMMENTED" {
		t.Errorf("reviews %+v", got)
	}
	if _, err := w.As("grace").Merge(fleet, number, githubtest.MergeCommit); err == nil {
		t.Error("it was merged with a dismissed approval")
	}
}

func TestACommitThatCameWhileThePullRequestWasClosedDismissesAsWell(t *testing.T) {
	w := start(t, nil)
	w.ok(w.Protect(fleet, "main", &githubtest.Protection{Approvals: 1, DismissStale: true}))
	number, first := w.propose("ada", "new", "7.6.1")
	w.approve("grace", number)
	w.ok(w.As("ada").Close(fleet, number))
	w.ok(w.As("ada").Reopen(fleet, number))
	if got := w.reviews(number); got[0].GetState() != "APPROVED" {
		t.Errorf("opened again, the review is %s", got[0].GetState())
	}
	w.ok(w.As("ada").Close(fleet, number))
	second, err := w.As("ada").Push(fleet, "new", githubtest.Change{Write: githubtest.Files{"x": "y"}})
	w.ok(err)
	if got := w.pull(number).GetHead().GetSHA(); got != first {
		t.Errorf("closed, it has moved to %s", got)
	}
	w.ok(w.As("ada").Reopen(fleet, number))
	if got := w.pull(number).GetHead().GetSHA(); got != second {
		t.Errorf("opened again, it is at %s, want %s", got, second)
	}
	if got := w.reviews(number); got[0].GetState() != "DISMISSED" {
		t.Errorf("with another commit the review is %s", got[0].GetState())
	}
}

func TestAnotherBaseDismissesApprovalsWhereItSaysSo(t *testing.T) {
	ctx := context.Background()
	w := start(t, nil)
	w.ok(w.Protect(fleet, "release", &githubtest.Protection{Approvals: 1, DismissStale: true}))
	w.ok(w.As("olga").MoveBranch(fleet, "release", "main"))
	w.ok(w.As("olga").MoveBranch(fleet, "calm", "main"))
	number, _ := w.propose("ada", "new", "7.6.1")
	w.approve("grace", number)
	for _, step := range [][2]string{{"calm", "APPROVED"}, {"release", "DISMISSED"}} {
		pr := must[*github.PullRequest](t)(w.client("ada").PullRequests.Edit(ctx, "acme", "fleet", number, &github.PullRequest{
			Base: &github.PullRequestBranch{Ref: &step[0]},
		}))
		if pr.GetBase().GetRef() != step[0] {
			t.Errorf("base %s, want %s", pr.GetBase().GetRef(), step[0])
		}
		if got := w.reviews(number); got[0].GetState() != step[1] {
			t.Errorf("with base %s the review is %s, want %s", step[0], got[0].GetState(), step[1])
		}
	}
	w.ok(w.Protect(fleet, "release", nil))
	w.ok(w.As("olga").DeleteBranch(fleet, "release"))
	if pr := w.pull(number); pr.GetState() != "closed" || pr.GetMerged() {
		t.Errorf("without its base it is %s", pr.GetState())
	}
}

func TestMergingTheBaseIntoTheBranchDismissesNothing(t *testing.T) {
	w := start(t, nil)
	w.ok(w.Protect(fleet, "main", &githubtest.Protection{Approvals: 1, DismissStale: true}))
	number, first := w.propose("ada", "new", "7.6.1")
	w.approve("grace", number)
	_, err := w.As("olga").Push(fleet, "main", githubtest.Change{Write: githubtest.Files{"README.md": "x"}})
	w.ok(err)
	_, _, err = w.client("ada").PullRequests.UpdateBranch(context.Background(), "acme", "fleet", number, nil)
	var accepted *github.AcceptedError
	if !errors.As(err, &accepted) {
		t.Fatal(err)
	}
	if got := w.pull(number).GetHead().GetSHA(); got == first {
		t.Error("the branch has not moved")
	}
	if got := w.reviews(number); len(got) != 1 || got[0].GetState() != "APPROVED" || got[0].GetCommitID() != first {
		t.Errorf("reviews %+v", got)
	}
}

func TestReviewsThatGitHubRefuses(t *testing.T) {
	ctx := context.Background()
	w := start(t, nil)
	number, _ := w.propose("ada", "new", "7.6.1")
	id, err := w.As("grace").Review(fleet, number, "COMMENT", "Hm")
	w.ok(err)
	approval, err := w.As("grace").Approve(fleet, number)
	w.ok(err)
	grace, rhea := w.client("grace").PullRequests, w.client("rhea").PullRequests
	review := func(event, body, commit string) error {
		r := &github.PullRequestReviewRequest{Event: &event}
		if body != "" {
			r.Body = &body
		}
		if commit != "" {
			r.CommitID = &commit
		}
		_, _, err := grace.CreateReview(ctx, "acme", "fleet", number, r)
		return err
	}
	refusal(t, review("COMMENT", "", ""), 422, "")
	refusal(t, review("REQUEST_CHANGES", "", ""), 422, "")
	refusal(t, review("APPROVE", "", strings.Repeat("a", 40)), 422, "")
	message := &github.PullRequestReviewDismissalRequest{Message: github.String("No")}
	_, _, err = grace.DismissReview(ctx, "acme", "fleet", number, id, message)
	refusal(t, err, 422, "")
	_, _, err = rhea.DismissReview(ctx, "acme", "fleet", number, approval, message)
	refusal(t, err, 403, "write access")
	_, _, err = grace.DismissReview(ctx, "acme", "fleet", number, 99, message)
	refusal(t, err, 404, "")
	_, _, err = grace.GetReview(ctx, "acme", "fleet", 99, id)
	refusal(t, err, 404, "")
}

func TestAPendingReviewIsSeenByItsAuthorAlone(t *testing.T) {
	ctx := context.Background()
	w := start(t, nil)
	number, _ := w.propose("ada", "new", "7.6.1")
	grace := w.client("grace")
	got := must[*github.PullRequestReview](t)(grace.PullRequests.CreateReview(ctx, "acme", "fleet", number, &github.PullRequestReviewRequest{Body: github.String("Draft")}))
	if got.GetState() != "PENDING" {
		t.Errorf("state %s", got.GetState())
	}
	if mine := must[[]*github.PullRequestReview](t)(grace.PullRequests.ListReviews(ctx, "acme", "fleet", number, nil)); len(mine) != 1 {
		t.Errorf("grace sees %d reviews", len(mine))
	}
	if others := w.reviews(number); len(others) != 0 {
		t.Errorf("ada sees %d reviews", len(others))
	}
}

func TestWhatABranchAsksForBeforeAMerge(t *testing.T) {
	const one = "At least 1 approving review is required"
	for name, c := range map[string]struct {
		rule    githubtest.Protection
		prepare func(w *world, number int, sha string)
		by      string
		want    string // "" for merged
	}{
		"nothing was approved": {githubtest.Protection{Approvals: 1}, nil, "grace", one},
		"one approval is enough": {githubtest.Protection{Approvals: 1}, func(w *world, n int, _ string) {
			w.approve("grace", n)
		}, "ada", ""},
		"an approval without write access does not count": {githubtest.Protection{Approvals: 1}, func(w *world, n int, _ string) {
			w.approve("rhea", n)
		}, "ada", one},
		"an approval of somebody who has lost access does not count": {githubtest.Protection{Approvals: 1}, func(w *world, n int, _ string) {
			w.approve("grace", n)
			w.ok(w.Grant(fleet, "grace", githubtest.Read))
		}, "ada", one},
		"two are wanted and one came": {githubtest.Protection{Approvals: 2}, func(w *world, n int, _ string) {
			w.approve("grace", n)
		}, "ada", "At least 2 approving reviews are required"},
		"the same person twice is one": {githubtest.Protection{Approvals: 2}, func(w *world, n int, _ string) {
			w.approve("grace", n)
			w.approve("grace", n)
		}, "ada", "At least 2 approving reviews are required"},
		"changes were requested": {githubtest.Protection{Approvals: 1}, func(w *world, n int, _ string) {
			w.approve("grace", n)
			_, err := w.As("olga").Review(fleet, n, "REQUEST_CHANGES", "No")
			w.ok(err)
		}, "ada", "Changes have been requested"},
		"who requested changes approves later": {githubtest.Protection{Approvals: 1}, func(w *world, n int, _ string) {
			_, err := w.As("grace").Review(fleet, n, "REQUEST_CHANGES", "No")
			w.ok(err)
			w.approve("grace", n)
		}, "ada", ""},
		"a comment takes no approval back": {githubtest.Protection{Approvals: 1}, func(w *world, n int, _ string) {
			w.approve("grace", n)
			_, err := w.As("grace").Review(fleet, n, "COMMENT", "By the way")
			w.ok(err)
		}, "ada", ""},
		"the last pusher has approved": {githubtest.Protection{Approvals: 1, LastPushApproval: true}, func(w *world, n int, _ string) {
			_, err := w.As("grace").Push(fleet, "new", githubtest.Change{Write: githubtest.Files{"x": "y"}})
			w.ok(err)
			w.approve("grace", n)
		}, "ada", "someone other than the last pusher"},
		"a check is missing": {githubtest.Protection{Checks: []string{"wavegate"}}, nil, "ada", `Required status check "wavegate" is expected`},
		"a check has failed": {githubtest.Protection{Checks: []string{"wavegate"}}, func(w *world, _ int, sha string) {
			w.ok(w.As("ada").SetStatus(fleet, sha, "wavegate", "failure", ""))
		}, "ada", `Required status check "wavegate" is expected`},
		"a check has succeeded": {githubtest.Protection{Checks: []string{"wavegate"}}, func(w *world, _ int, sha string) {
			w.ok(w.As("ada").SetStatus(fleet, sha, "wavegate", "failure", ""))
			w.ok(w.As("ada").SetStatus(fleet, sha, "wavegate", "success", ""))
		}, "ada", ""},
		"an administrator bypasses":       {githubtest.Protection{Approvals: 1}, nil, "olga", ""},
		"an administrator is bound":       {githubtest.Protection{Approvals: 1, Admins: true}, nil, "olga", one},
		"who may only read cannot merge":  {githubtest.Protection{}, nil, "rhea", "write access"},
		"without a rule all writers may":  {githubtest.Protection{}, nil, "ada", ""},
		"administrators may without rule": {githubtest.Protection{}, nil, "olga", ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t, nil)
			w.ok(w.Protect(fleet, "main", &c.rule))
			number, sha := w.propose("ada", "new", "7.6.1")
			if c.prepare != nil {
				c.prepare(w, number, sha)
			}
			wantState := "clean"
			if c.want != "" && c.by != "rhea" || c.by == "olga" && c.rule.Approvals > 0 {
				wantState = "blocked"
			}
			if got := w.pull(number).GetMergeableState(); got != wantState {
				t.Errorf("mergeable state %q, want %q", got, wantState)
			}
			_, err := w.As(c.by).Merge(fleet, number, githubtest.MergeCommit)
			if c.want == "" {
				w.ok(err)
			} else if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("merging: %v, want %q", err, c.want)
			}
			if got := w.pull(number).GetMerged(); got != (c.want == "") {
				t.Errorf("merged: %v", got)
			}
		})
	}
}

func (w *world) approve(login string, number int) {
	w.t.Helper()
	_, err := w.As(login).Approve(fleet, number)
	w.ok(err)
}
