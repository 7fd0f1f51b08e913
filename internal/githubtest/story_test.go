package githubtest_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/go-github/v62/github"

	"github.com/wavegate-dev/wavegate/internal/githubtest"
)

const fleet = "acme/fleet"

// clock goes on by a second whenever it is read.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) read() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(time.Second)
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// world is a server with a repository and four people: Ada and Grace write,
// Olga owns, Rhea reads.
type world struct {
	*githubtest.Server
	t     *testing.T
	clock *clock
}

func start(t *testing.T, change func(*githubtest.Config)) *world {
	t.Helper()
	w := &world{t: t, clock: &clock{now: time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)}}
	cfg := githubtest.Config{
		Dir: t.TempDir(), Now: w.clock.read,
		OnViolation: func(err error) { t.Errorf("GitHub's document is violated: %v", err) },
	}
	if change != nil {
		change(&cfg)
	}
	var err error
	if w.Server, err = githubtest.Start(cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	w.ok(w.AddRepo(fleet, githubtest.Files{"fleet.yaml": "kind: Fleet\n", "cohorts/10-canary.yaml": "kafka: 7.6.0\n"}))
	for login, p := range map[string]githubtest.Permission{
		"ada": githubtest.Write, "grace": githubtest.Write, "olga": githubtest.Admin, "rhea": githubtest.Read,
	} {
		w.ok(w.Grant(fleet, login, p))
	}
	return w
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// client is go-github with a user's token.
func (w *world) client(login string) *github.Client {
	w.t.Helper()
	return w.clientFor(w.Token(login))
}

func (w *world) clientFor(token string) *github.Client {
	w.t.Helper()
	c, err := github.NewClient(&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).WithAuthToken(token).WithEnterpriseURLs(w.URL, w.URL)
	w.ok(err)
	return c
}

// propose pushes a change of the canary's version and opens a pull request.
func (w *world) propose(login, branch, version string) (number int, sha string) {
	w.t.Helper()
	sha, err := w.As(login).Push(fleet, branch, githubtest.Change{
		Write: githubtest.Files{"cohorts/10-canary.yaml": "kafka: " + version + "\n"}, Message: "kafka " + version,
	})
	w.ok(err)
	number, err = w.As(login).OpenPull(fleet, branch, "main", "Canary to "+version, "Because it is new.")
	w.ok(err)
	return number, sha
}

func must[T any](t *testing.T) func(T, *github.Response, error) T {
	return func(v T, _ *github.Response, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

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
