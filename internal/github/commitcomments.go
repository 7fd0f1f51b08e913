package github

import (
	"context"

	gh "github.com/google/go-github/v62/github"
)

// SayOnCommit writes a comment on a commit itself, once: a comment of the client's
// own account that begins with the same marker is left as it is. It returns
// whether it wrote one.
func (c *Client) SayOnCommit(ctx context.Context, sha, body string) (written bool, err error) {
	marker, err := markerOf(body)
	if err != nil {
		return false, err
	}
	c.writing.Lock()
	defer c.writing.Unlock()
	self, err := c.Self(ctx)
	if err != nil {
		return false, err
	}
	list, err := every(func(page gh.ListOptions) ([]*gh.RepositoryComment, *gh.Response, error) {
		return c.api.Repositories.ListCommitComments(ctx, c.owner, c.repo, sha, &page)
	})
	if err != nil {
		return false, failed(err, "list comments on commit %s", short(sha))
	}
	for _, k := range list {
		if same(k.GetUser().GetLogin(), self) && firstLine(k.GetBody()) == marker {
			return false, nil
		}
	}
	if _, _, err := c.api.Repositories.CreateComment(ctx, c.owner, c.repo, sha, &gh.RepositoryComment{Body: &body}); err != nil {
		return false, failed(err, "comment on commit %s", short(sha))
	}
	return true, nil
}
