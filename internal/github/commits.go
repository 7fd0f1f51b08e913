package github

import (
	"context"
	"fmt"

	gh "github.com/google/go-github/v62/github"
)

// maxPullCommits is how many commits of a pull request GitHub lists.
const maxPullCommits = 250

// commit is what a proof needs of a commit.
type commit struct {
	sha, tree string
	parents   []string
	// people are the accounts of its author and its committer; nil where GitHub
	// knows none.
	author, committer *gh.User
}

// commit reads one commit.
func (c *Client) commit(ctx context.Context, sha string) (commit, error) {
	k, _, err := c.api.Git.GetCommit(ctx, c.owner, c.repo, sha)
	if err != nil {
		return commit{}, failed(err, "read commit %s", short(sha))
	}
	out := commit{sha: k.GetSHA(), tree: k.GetTree().GetSHA(), parents: shas(k.Parents)}
	if out.sha != sha || out.tree == "" {
		return commit{}, fmt.Errorf("read commit %s: GitHub answered with another one, %q", short(sha), out.sha)
	}
	return out, nil
}

// pullCommits lists the commits of a pull request, the oldest first.
func (c *Client) pullCommits(ctx context.Context, number int) ([]commit, error) {
	list, err := every(func(opts gh.ListOptions) ([]*gh.RepositoryCommit, *gh.Response, error) {
		return c.api.PullRequests.ListCommits(ctx, c.owner, c.repo, number, &opts)
	})
	if err != nil {
		return nil, failed(err, "list commits of pull request %d", number)
	}
	return commits(list), nil
}

// history lists a commit and n-1 of its ancestors, the newest first.
func (c *Client) history(ctx context.Context, sha string, n int) ([]commit, error) {
	var out []commit
	opts := gh.CommitsListOptions{SHA: sha, ListOptions: gh.ListOptions{PerPage: min(n, pageSize)}}
	for len(out) < n {
		list, resp, err := c.api.Repositories.ListCommits(ctx, c.owner, c.repo, &opts)
		if err != nil {
			return nil, failed(err, "list commits before %s", short(sha))
		}
		out = append(out, commits(list)...)
		if resp.NextPage == 0 {
			break
		}
		opts.Page = resp.NextPage
	}
	return out[:min(n, len(out))], nil
}

func commits(list []*gh.RepositoryCommit) []commit {
	out := make([]commit, len(list))
	for i, k := range list {
		out[i] = commit{
			sha: k.GetSHA(), tree: k.GetCommit().GetTree().GetSHA(), parents: shas(k.Parents),
			author: k.Author, committer: k.Committer,
		}
	}
	return out
}

func shas(list []*gh.Commit) []string {
	out := make([]string, len(list))
	for i, k := range list {
		out[i] = k.GetSHA()
	}
	return out
}
