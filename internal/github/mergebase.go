package github

import (
	"context"
	"fmt"

	gh "github.com/google/go-github/v62/github"
)

// MergeBase returns the newest commit that two commits both have in their history.
func (c *Client) MergeBase(ctx context.Context, base, head string) (sha string, err error) {
	cmp, _, err := c.api.Repositories.CompareCommits(ctx, c.owner, c.repo, base, head, &gh.ListOptions{PerPage: 1})
	if err != nil {
		return "", failed(err, "compare %s with %s", short(base), short(head))
	}
	if sha = cmp.GetMergeBaseCommit().GetSHA(); sha == "" {
		return "", fmt.Errorf("compare %s with %s: GitHub's answer has no commit that both come from", short(base), short(head))
	}
	return sha, nil
}
