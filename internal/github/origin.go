package github

import (
	"context"
	"fmt"
	"net/http"
	"time"

	gh "github.com/google/go-github/v62/github"

	"github.com/wavegate-dev/wavegate/reconciler/admission"
)

// origin finds out how a commit came to the branch. The error is an openError
// when GitHub does not know yet.
func (a *Approver) origin(ctx context.Context, c *admission.Commit) (*origin, error) {
	if o := a.known.get(c.SHA); o != nil {
		return o, nil
	}
	pulls, err := a.pullsOf(ctx, c.SHA)
	if err != nil {
		return nil, err
	}
	if len(pulls) == 0 {
		return a.withoutPull(ctx, c)
	}
	// More than one is rare: a pull request into the branch may contain another.
	var first *origin
	for _, pr := range pulls {
		o, err := a.trace(ctx, c, pr)
		if err != nil {
			return nil, err
		}
		if o.refused == "" {
			first = o
			break
		}
		if first == nil {
			first = o
		}
	}
	a.known.put(c.SHA, first)
	return first, nil
}

// pullsOf lists the pull requests that were merged into the branch with a commit.
func (a *Approver) pullsOf(ctx context.Context, sha string) ([]*gh.PullRequest, error) {
	c := a.client
	all, err := every(func(opts gh.ListOptions) ([]*gh.PullRequest, *gh.Response, error) {
		return c.api.PullRequests.ListPullRequestsWithCommit(ctx, c.owner, c.repo, sha, &opts)
	})
	switch code := status(err); {
	case code == http.StatusUnprocessableEntity:
		return nil, open("GitHub does not know the commit yet")
	case err != nil:
		return nil, failed(err, "find pull request of the commit")
	}
	id, err := c.id(ctx)
	if err != nil {
		return nil, err
	}
	var merged []*gh.PullRequest
	for _, pr := range all {
		if pr.MergedAt != nil && pr.GetBase().GetRef() == a.branch && pr.GetBase().GetRepo().GetID() == id {
			merged = append(merged, pr)
		}
	}
	return merged, nil
}

// withoutPull says why a commit is refused that no pull request brought. GitHub
// may still find one, so that nothing of it is kept.
func (a *Approver) withoutPull(ctx context.Context, c *admission.Commit) (*origin, error) {
	age := a.client.now().Sub(c.When)
	if age >= 0 && age < a.settle {
		return nil, open("it is so new that GitHub may not know its pull request yet")
	}
	merged := false
	how := "it did not come by a merged pull request that people could approve"
	err := a.client.movements(ctx, a.client.owner, a.client.repo, a.branch, func(m movement) bool {
		if m.After != c.SHA {
			return m.At.Before(c.When.Add(-time.Hour)) // it moved there after it was made
		}
		by := ""
		if login := m.Actor.GetLogin(); login != "" {
			by = " by " + login
		}
		merged = m.merges()
		switch m.Type {
		case forcedPush:
			how = "it was forced onto " + a.branch + by + ", not merged by a pull request that people could approve"
		case branchPushed:
			how = "it was pushed to " + a.branch + by + ", not merged by a pull request that people could approve"
		}
		return true
	})
	switch {
	case err != nil:
		return nil, err
	case merged:
		return nil, open("GitHub does not say which pull request brought it; if this stays so, " + way)
	}
	return &origin{refused: how}, nil
}

// trace proves that a pull request brought a commit, and that it brought what was
// reviewed.
func (a *Approver) trace(ctx context.Context, c *admission.Commit, pr *gh.PullRequest) (*origin, error) {
	o := &origin{pull: pr.GetNumber(), head: pr.GetHead().GetSHA(), link: pr.GetHTMLURL()}
	m, err := a.merging(ctx, pr)
	if err != nil {
		return nil, err
	}
	if !m.merges() {
		how := "pushed"
		if m.Type == forcedPush {
			how = "forced"
		}
		o.refused = fmt.Sprintf("the commits of pull request #%d were %s to %s by %s instead of being merged there", o.pull, how, a.branch, name(m.Actor))
		return o, nil
	}
	commits, err := a.client.pullCommits(ctx, o.pull)
	if err != nil {
		return nil, err
	}
	if len(commits) >= maxPullCommits {
		o.refused = fmt.Sprintf("pull request #%d has %d commits or more, and GitHub lists no more than that; split it", o.pull, maxPullCommits)
		return o, nil
	}
	if o.refused, err = a.prove(ctx, c, pr, m, commits); err != nil || o.refused != "" {
		return o, err
	}
	o.involved, err = a.involved(ctx, pr, commits)
	return o, err
}

// merging finds the movement of the branch that merged a pull request.
func (a *Approver) merging(ctx context.Context, pr *gh.PullRequest) (*movement, error) {
	var found *movement
	sha, at := pr.GetMergeCommitSHA(), pr.GetMergedAt().Time
	var others []movement // that may have brought it together with other commits
	err := a.client.movements(ctx, a.client.owner, a.client.repo, a.branch, func(m movement) bool {
		switch {
		case m.After == sha && (m.merges() || found == nil):
			found = &m
		case m.Type == queueMerged, m.At.Sub(at).Abs() < 5*time.Minute:
			others = append(others, m)
		}
		return (found != nil && found.merges()) || m.At.Before(at.Add(-time.Hour))
	})
	if err != nil || (found != nil && found.merges()) {
		return found, err
	}
	// The queue may bring several pull requests with one movement, and a push
	// anything.
	for _, m := range others {
		in, err := a.client.between(ctx, m.Before, m.After, sha)
		if err != nil {
			return nil, err
		}
		if in {
			return &m, nil
		}
	}
	if found == nil {
		return nil, open("GitHub has no record of how pull request #%d came to %s; if this stays so, "+way, pr.GetNumber(), a.branch)
	}
	return found, nil
}

// between says whether a commit is after one commit and up to another, along the
// first parents.
func (c *Client) between(ctx context.Context, before, after, sha string) (bool, error) {
	const most = 100 // the queue merges fewer at a time
	for range most {
		switch after {
		case sha:
			return true, nil
		case before, "":
			return false, nil
		}
		commit, err := c.commit(ctx, after)
		if err != nil {
			return false, err
		}
		after = ""
		if len(commit.parents) > 0 {
			after = commit.parents[0]
		}
	}
	return false, nil
}

// way is the way out of what will never be known.
const way = "revert it and merge it again by a new pull request"

func name(u *gh.User) string {
	if login := u.GetLogin(); login != "" {
		return login
	}
	return "somebody unknown"
}
