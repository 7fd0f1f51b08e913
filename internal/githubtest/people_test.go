package githubtest_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/google/go-github/v62/github"

	"github.com/wavegate-dev/wavegate/internal/githubtest"
)

func TestWhatSomebodyMayDo(t *testing.T) {
	ctx := context.Background()
	w := start(t, nil)
	w.ok(w.AddPrivateRepo("acme/secret", githubtest.Files{"a": "b"}))
	w.ok(w.AddTeam("acme/sre", "tess"))
	w.ok(w.GrantTeam(fleet, "acme/sre", githubtest.Write))
	w.ok(w.Invite("acme/sre", "ivan"))
	w.ok(w.Grant(fleet, "tom", githubtest.Triage))
	w.ok(w.Grant(fleet, "mia", githubtest.Maintain))
	w.ok(w.Grant("acme/secret", "olga", githubtest.Admin))
	w.AddUser("stranger")
	level := func(repo, login string) string {
		t.Helper()
		p := must[*github.RepositoryPermissionLevel](t)(w.client("olga").Repositories.GetPermissionLevel(ctx, "acme", repo, login))
		return p.GetPermission() + " " + p.GetUser().GetRoleName()
	}
	for login, want := range map[string]string{
		"olga": "admin admin", "mia": "write maintain", "ada": "write write", "tom": "read triage", "rhea": "read read",
		"stranger": "read read", // anybody may read what is public
		"tess":     "write write", "ivan": "read read",
	} {
		if got := level("fleet", login); got != want {
			t.Errorf("%s: %s, want %s", login, got, want)
		}
	}
	if got := level("secret", "stranger"); got != "none none" {
		t.Errorf("a stranger in a private repository: %s", got)
	}
	w.ok(w.LeaveTeam("acme/sre", "tess"))
	if got := level("fleet", "tess"); got != "read read" {
		t.Errorf("after she has left the team: %s", got)
	}
	_, _, err := w.client("olga").Repositories.GetPermissionLevel(ctx, "acme", "fleet", "nobody")
	refusal(t, err, 404, "nobody is not a user")
	_, _, err = w.client("rhea").Repositories.GetPermissionLevel(ctx, "acme", "fleet", "ada")
	refusal(t, err, 403, "push access")
	_, _, err = w.client("stranger").Repositories.Get(ctx, "acme", "secret")
	refusal(t, err, 404, "")
}

func TestWhoIsInATeam(t *testing.T) {
	ctx := context.Background()
	w := start(t, nil)
	w.ok(w.AddTeam("acme/sre", "tess"))
	w.ok(w.Invite("acme/sre", "ivan"))
	ada := w.client("ada")
	for login, want := range map[string]string{"tess": "active", "ivan": "pending"} {
		if got := must[*github.Membership](t)(ada.Teams.GetTeamMembershipBySlug(ctx, "acme", "sre", login)); got.GetState() != want {
			t.Errorf("%s: %s, want %s", login, got.GetState(), want)
		}
	}
	for _, c := range [][2]string{{"sre", "rhea"}, {"sre", "nobody"}, {"nothing", "tess"}} {
		_, _, err := ada.Teams.GetTeamMembershipBySlug(ctx, "acme", c[0], c[1])
		refusal(t, err, 404, "")
	}
	if got := must[[]*github.User](t)(ada.Teams.ListTeamMembersBySlug(ctx, "acme", "sre", nil)); len(got) != 1 || got[0].GetLogin() != "tess" {
		t.Errorf("members %+v", got)
	}
}

func TestWhatADeletedUserDidIsNobodys(t *testing.T) {
	ctx := context.Background()
	w := start(t, nil)
	number, _ := w.propose("ada", "new", "7.6.1")
	w.approve("grace", number)
	_, err := w.As("grace").Comment(fleet, number, "Good.")
	w.ok(err)
	old := w.client("grace")
	w.DeleteUser("grace")
	w.DeleteUser("ada")
	olga := w.client("olga")
	reviews := must[[]*github.PullRequestReview](t)(olga.PullRequests.ListReviews(ctx, "acme", "fleet", number, nil))
	comments := must[[]*github.IssueComment](t)(olga.Issues.ListComments(ctx, "acme", "fleet", number, nil))
	pr := must[*github.PullRequest](t)(olga.PullRequests.Get(ctx, "acme", "fleet", number))
	if reviews[0].User != nil || comments[0].User != nil || pr.GetUser().GetLogin() != "ghost" {
		t.Errorf("review by %v, comment by %v, pull request by %v", reviews[0].User, comments[0].User, pr.User)
	}
	_, _, err = old.Users.Get(ctx, "")
	refusal(t, err, 401, "Bad credentials")
	_, _, err = olga.Users.Get(ctx, "grace")
	refusal(t, err, 404, "")
}

func TestTooManyWritesInAMinute(t *testing.T) {
	ctx := context.Background()
	w := start(t, func(cfg *githubtest.Config) { cfg.Writes = 3 })
	number, err := w.As("ada").OpenIssue(fleet, "Noise", "")
	w.ok(err)
	// A client of go-github asks no more by itself once it was stopped, so each
	// request has its own.
	say := func() error {
		_, _, err := w.client("ada").Issues.CreateComment(ctx, "acme", "fleet", number, &github.IssueComment{Body: github.String("x")})
		return err
	}
	for range 3 {
		w.ok(say())
	}
	var limited *github.AbuseRateLimitError
	if err := say(); !errors.As(err, &limited) || limited.GetRetryAfter() <= 0 || limited.GetRetryAfter() > time.Minute {
		t.Fatalf("the fourth comment: %v", err)
	}
	must[*github.Issue](t)(w.client("ada").Issues.Get(ctx, "acme", "fleet", number)) // reading goes on
	w.clock.advance(limited.GetRetryAfter())
	w.ok(say())
}

func TestMergeabilityIsFoundOutMeanwhile(t *testing.T) {
	w := start(t, func(cfg *githubtest.Config) { cfg.LazyMerges = true })
	number, _ := w.propose("ada", "new", "7.6.1")
	for _, step := range []string{"at first", "after a push"} {
		if pr := w.pull(number); pr.Mergeable != nil || pr.GetMergeableState() != "unknown" {
			t.Errorf("%s: %v, %s", step, pr.Mergeable, pr.GetMergeableState())
		}
		if pr := w.pull(number); pr.Mergeable == nil || !pr.GetMergeable() {
			t.Errorf("%s, asked again: %v", step, pr.Mergeable)
		}
		_, err := w.As("ada").Push(fleet, "new", githubtest.Change{Write: githubtest.Files{step: "y"}})
		w.ok(err)
	}
}

func TestAFileIsDownloaded(t *testing.T) {
	ctx := context.Background()
	w := start(t, nil)
	w.ok(w.AddPrivateRepo("acme/secret", githubtest.Files{"a": "b"}))
	w.ok(w.Grant("acme/secret", "ada", githubtest.Read))
	for repo, file := range map[string]string{"fleet": "cohorts/10-canary.yaml", "secret": "a"} {
		body, _, err := w.client("ada").Repositories.DownloadContents(ctx, "acme", repo, file, nil)
		w.ok(err)
		data, err := io.ReadAll(body)
		w.ok(err)
		w.ok(body.Close())
		if want := map[string]string{"fleet": "kafka: 7.6.0\n", "secret": "b"}[repo]; string(data) != want {
			t.Errorf("%s of %s: %q", file, repo, data)
		}
	}
	for _, path := range []string{"/acme/secret/raw/main/a", "/acme/fleet/raw/main/nothing", "/acme/fleet/raw/nowhere/a", "/acme/fleet/raw/main/../../x"} {
		if status, _ := w.page(path); status != 404 {
			t.Errorf("%s: %d", path, status)
		}
	}
}

func TestWhatTestsLookAt(t *testing.T) {
	w := start(t, nil)
	number, sha := w.propose("ada", "new", "7.6.1")
	_, err := w.As("grace").Comment(fleet, number, "Good.")
	w.ok(err)
	w.ok(w.As("ada").SetStatus(fleet, sha, "wavegate", "pending", "Waiting"))
	w.ok(w.As("ada").SetStatus(fleet, sha, "wavegate", "success", "Done"))
	merge, err := w.As("grace").Merge(fleet, number, githubtest.Squash)
	w.ok(err)
	pull, err := w.Pull(fleet, number)
	w.ok(err)
	if pull.State != "merged" || pull.MergedBy != "grace" || pull.MergeSHA != merge || pull.HeadSHA != sha || pull.CommentCount != 1 || pull.Head != "new" {
		t.Errorf("pull request %+v", pull)
	}
	w.approve("olga", number) // GitHub takes that after the merge as well
	reviews, err := w.Reviews(fleet, number)
	w.ok(err)
	if len(reviews) != 1 || reviews[0].User != "olga" || reviews[0].State != "APPROVED" || reviews[0].CommitID != sha {
		t.Errorf("reviews %+v", reviews)
	}
	pulls, err := w.Pulls(fleet)
	w.ok(err)
	comments, err := w.Comments(fleet, number)
	w.ok(err)
	statuses, err := w.Statuses(fleet, "new")
	w.ok(err)
	if len(pulls) != 1 || len(comments) != 1 || comments[0].Body != "Good." || len(statuses) != 1 || statuses[0].Description != "Done" {
		t.Errorf("pull requests %+v, comments %+v, statuses %+v", pulls, comments, statuses)
	}
	main, err := w.Branch(fleet, "main")
	w.ok(err)
	log, err := w.Log(fleet, "main")
	w.ok(err)
	if main != merge || len(log) != 2 || log[0] != merge {
		t.Errorf("main at %s, log %v", main, log)
	}
	if _, err := w.Pull(fleet, 9); err == nil {
		t.Error("a pull request was found that is not there")
	}
}
