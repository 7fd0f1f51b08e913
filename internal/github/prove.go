package github

import (
	"context"
	"fmt"
	"slices"
	"strings"

	gh "github.com/google/go-github/v62/github"

	"github.com/wavegate-dev/wavegate/reconciler/admission"
)

// prove says why a commit is not what was reviewed; "" when it is. The commit's
// parents and tree come from git.
func (a *Approver) prove(ctx context.Context, c *admission.Commit, pr *gh.PullRequest, m *movement, commits []commit) (refused string, err error) {
	head, number := pr.GetHead().GetSHA(), pr.GetNumber()
	// GitHub does not promise an order.
	at := slices.IndexFunc(commits, func(k commit) bool { return k.sha == head })
	if at < 0 {
		return "", open("GitHub does not list %s, the head of pull request #%d, among its commits; if this stays so, "+way, short(head), number)
	}
	// The queue may bring more than one pull request at a time, others do not.
	alone := m.Type != queueMerged
	last := c.SHA == pr.GetMergeCommitSHA()
	switch {
	case len(c.Parents) == 2 && last:
		if c.Parents[1] != head {
			return fmt.Sprintf("it merges %s, which is not %s, the head of pull request #%d", short(c.Parents[1]), short(head), number), nil
		}
		if alone && c.Parents[0] != m.Before {
			return mixed(number), nil
		}
		return a.proveWhole(ctx, c, number, commits[at])
	case len(c.Parents) == 1 && last && (!alone || c.Parents[0] == m.Before):
		refused, err := a.proveWhole(ctx, c, number, commits[at])
		if err != nil || refused == "" || alone {
			return refused, err
		}
		// Of what the queue brought, it may also be the last commit of a rebase.
		if step, err := a.proveStep(ctx, c, pr, m, commits); err != nil || step == "" {
			return step, err
		}
		return refused, nil
	case len(c.Parents) == 1:
		return a.proveStep(ctx, c, pr, m, commits)
	default:
		return mixed(number), nil
	}
}

func mixed(number int) string {
	return fmt.Sprintf("it came to the branch together with pull request #%d, which did not contain it", number)
}

// proveWhole proves a merge commit, or a commit that all of a pull request was
// squashed into.
func (a *Approver) proveWhole(ctx context.Context, c *admission.Commit, number int, head commit) (refused string, err error) {
	client := a.client
	cmp, _, err := client.api.Repositories.CompareCommits(ctx, client.owner, client.repo, c.Parents[0], head.sha, &gh.ListOptions{PerPage: 1})
	if err != nil {
		return "", failed(err, "compare %s with the head of pull request %d", short(c.Parents[0]), number)
	}
	base, ours := cmp.GetMergeBaseCommit().GetCommit().GetTree().GetSHA(), cmp.GetBaseCommit()
	if base == "" || ours.GetSHA() != c.Parents[0] {
		return "", fmt.Errorf("compare %s with the head of pull request %d: GitHub's answer lacks what was compared", short(c.Parents[0]), number)
	}
	return a.proveTree(ctx, number, merge{base: base, ours: ours.GetCommit().GetTree().GetSHA(), theirs: head.tree, result: c.Tree})
}

// proveStep proves one commit of a rebase against the one it was made of.
func (a *Approver) proveStep(ctx context.Context, c *admission.Commit, pr *gh.PullRequest, m *movement, commits []commit) (refused string, err error) {
	number, n := pr.GetNumber(), len(commits)
	reviewed := straight(commits, pr.GetHead().GetSHA())
	if len(reviewed) != n {
		return fmt.Sprintf("the commits of pull request #%d are not in a line; merge it in another way than by a rebase", number), nil
	}
	line, err := a.client.history(ctx, pr.GetMergeCommitSHA(), n)
	if err != nil {
		return "", err
	}
	if len(line) < n {
		return mixed(number), nil
	}
	at := -1 // of the commit, counted from the newest
	for i, k := range line {
		if len(k.parents) != 1 || (i+1 < n && k.parents[0] != line[i+1].sha) {
			return mixed(number), nil
		}
		if k.sha == c.SHA {
			at = i
		}
	}
	if at < 0 || (m.Type != queueMerged && line[n-1].parents[0] != m.Before) {
		return mixed(number), nil
	}
	from := reviewed[at]
	before, err := a.client.commit(ctx, from.parents[0])
	if err != nil {
		return "", err
	}
	ours, err := a.client.commit(ctx, c.Parents[0])
	if err != nil {
		return "", err
	}
	return a.proveTree(ctx, number, merge{base: before.tree, ours: ours.tree, theirs: from.tree, result: c.Tree})
}

// straight puts the commits of a pull request into their line, the newest first. It
// ends at a merge.
func straight(commits []commit, head string) []commit {
	var line []commit
	for len(line) < len(commits) {
		at := slices.IndexFunc(commits, func(k commit) bool { return k.sha == head })
		if at < 0 || len(commits[at].parents) != 1 {
			break
		}
		line = append(line, commits[at])
		head = commits[at].parents[0]
	}
	return line
}

func (a *Approver) proveTree(ctx context.Context, number int, m merge) (refused string, err error) {
	p := &proof{client: a.client, trees: map[string]map[string]treeEntry{}}
	wrong, err := p.differ(ctx, "", m)
	if err != nil || len(wrong) == 0 {
		return "", err
	}
	const show = 3
	files := wrong[:min(len(wrong), show)]
	more := ""
	if len(wrong) > show {
		more = fmt.Sprintf(" and %d more", len(wrong)-show)
	}
	return fmt.Sprintf("in %s%s it is not what was reviewed in pull request #%d: bring the branch of a new pull request up to date before it is approved",
		strings.Join(files, ", "), more, number), nil
}
