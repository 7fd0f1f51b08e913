package githubtest_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-github/v62/github"

	"github.com/wavegate-dev/wavegate/internal/githubtest"
)

// Whatever people do in whatever order, the server tells one story: heads are
// where branches are, movements join, what is merged is in the base, and every
// answer and webhook keeps to GitHub's document.
func TestWhateverHappensTheStoryHolds(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := start(t, nil)
			w.ok(w.Fork(fleet, "mallory"))
			r := w.receive("secret")
			c := &chaos{world: w, rand: rand.New(rand.NewPCG(seed, 1))}
			for range 60 {
				c.step()
			}
			c.check()
			if len(r.since(w)) < 10 {
				t.Error("hardly anything was told")
			}
		})
	}
}

type chaos struct {
	*world
	rand *rand.Rand
	n    int
}

func pick[T any](c *chaos, list ...T) T { return list[c.rand.IntN(len(list))] }

// step does something that somebody might do. Refusals are fine, other errors are not.
func (c *chaos) step() {
	c.t.Helper()
	c.n++
	who := pick(c, "ada", "grace", "olga", "rhea", "mallory")
	h := c.As(who)
	repo, branch := fleet, pick(c, "a", "b", "c")
	if who == "mallory" {
		repo = "mallory/fleet"
	}
	number := 1 + c.rand.IntN(4)
	change := githubtest.Change{Write: githubtest.Files{pick(c, "x", "y", "z"): fmt.Sprint(c.n)}, Message: fmt.Sprint("Step ", c.n)}
	var err error
	switch c.rand.IntN(14) {
	case 0, 1, 2:
		_, err = h.Push(repo, branch, change)
	case 3:
		_, err = h.ForcePush(repo, branch, "main", change)
	case 4, 5, 6:
		head := branch
		if who == "mallory" {
			head = "mallory:" + branch
		}
		_, err = h.OpenPull(fleet, head, "main", "From "+head, "")
	case 7, 8:
		_, err = h.Review(fleet, number, pick(c, "APPROVE", "REQUEST_CHANGES", "COMMENT"), "Because")
	case 9:
		_, err = h.Merge(fleet, number, pick(c, githubtest.MergeCommit, githubtest.Squash, githubtest.Rebase))
	case 10:
		err = pick(c, h.Close, h.Reopen)(fleet, number)
	case 11:
		err = h.DeleteBranch(repo, branch)
	case 12:
		err = c.Protect(fleet, "main", pick(c, nil, &githubtest.Protection{Approvals: 1, DismissStale: true}, &githubtest.Protection{Admins: true}))
	case 13:
		_, err = h.Comment(fleet, number, "Step "+fmt.Sprint(c.n))
	}
	var refusal *githubtest.Error
	if err != nil && !errors.As(err, &refusal) {
		c.t.Fatalf("step %d: %v", c.n, err)
	}
}

func (c *chaos) check() {
	c.t.Helper()
	ctx, ada := context.Background(), c.client("ada")
	for _, repo := range []string{"acme", "mallory"} {
		at := map[string]string{}
		path := fmt.Sprintf("repos/%s/fleet/activity?direction=asc&per_page=100", repo)
		for _, m := range fetch[[]movement](c.t, ada, "GET", path, nil) {
			before, known := at[m.Ref]
			if !known && m.Type == "branch_creation" {
				before = none
			}
			if (known || m.Type == "branch_creation") && m.Before != before {
				c.t.Errorf("%s of %s begins at %s, it was at %s", m.Ref, repo, m.Before, before)
			}
			at[m.Ref] = m.After
		}
		for ref, sha := range at {
			now, err := c.Branch(repo+"/fleet", ref[len("refs/heads/"):])
			c.ok(err)
			if sha == none {
				sha = ""
			}
			if now != sha {
				c.t.Errorf("%s of %s is at %s, its activity ends at %s", ref, repo, now, sha)
			}
		}
	}
	opts := &github.PullRequestListOptions{State: "all", ListOptions: github.ListOptions{PerPage: 100}}
	for _, listed := range must[[]*github.PullRequest](c.t)(ada.PullRequests.List(ctx, "acme", "fleet", opts)) {
		n := listed.GetNumber()
		pr := c.pull(n)
		head, err := c.Branch(pr.GetHead().GetRepo().GetFullName(), pr.GetHead().GetRef())
		c.ok(err)
		if pr.GetState() == "open" && pr.GetHead().GetSHA() != head {
			c.t.Errorf("pull request %d is at %s, its branch at %s", n, pr.GetHead().GetSHA(), head)
		}
		if pr.GetMerged() {
			got := must[*github.CommitsComparison](c.t)(ada.Repositories.CompareCommits(ctx, "acme", "fleet", pr.GetMergeCommitSHA(), "main", nil))
			if pr.GetState() != "closed" || got.GetBehindBy() != 0 && c.straight() {
				c.t.Errorf("pull request %d is merged as %s, which is not in main: %s", n, pr.GetMergeCommitSHA(), got.GetStatus())
			}
			pulls := must[[]*github.PullRequest](c.t)(ada.PullRequests.ListPullRequestsWithCommit(ctx, "acme", "fleet", pr.GetMergeCommitSHA(), nil))
			found := false
			for _, p := range pulls {
				found = found || p.GetNumber() == n
			}
			if !found {
				c.t.Errorf("pull request %d is not known for its merge commit", n)
			}
		}
		for _, v := range c.reviews(n) {
			if v.GetUser().GetLogin() == pr.GetUser().GetLogin() && v.GetState() != "COMMENTED" {
				c.t.Errorf("%s has reviewed their own pull request %d: %s", v.GetUser().GetLogin(), n, v.GetState())
			}
		}
		must[[]*github.CommitFile](c.t)(ada.PullRequests.ListFiles(ctx, "acme", "fleet", n, nil))
		must[[]*github.RepositoryCommit](c.t)(ada.PullRequests.ListCommits(ctx, "acme", "fleet", n, nil))
		must[[]*github.IssueComment](c.t)(ada.Issues.ListComments(ctx, "acme", "fleet", n, nil))
		if status, _ := c.page(fmt.Sprintf("/acme/fleet/pull/%d", n)); status != 200 {
			c.t.Errorf("page of pull request %d: %d", n, status)
		}
	}
}

// straight says whether nobody has rewritten main, which nobody does here.
func (c *chaos) straight() bool { return len(c.activity("&ref=main&activity_type=force_push")) == 0 }
