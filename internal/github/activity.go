package github

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	gh "github.com/google/go-github/v62/github"
)

// The kinds of movements that GitHub records.
const (
	pullMerged   = "pr_merge"
	queueMerged  = "merge_queue_merge"
	forcedPush   = "force_push"
	branchPushed = "push"

	branchCreated = "branch_creation"
)

// movement is a branch going from one commit to another. go-github does not know
// this endpoint.
type movement struct {
	Before string    `json:"before"`
	After  string    `json:"after"`
	Type   string    `json:"activity_type"`
	At     time.Time `json:"timestamp"`
	Actor  *gh.User  `json:"actor"` // nil when nobody knows
}

// merges says whether a pull request or the merge queue moved the branch.
func (m *movement) merges() bool { return m.Type == pullMerged || m.Type == queueMerged }

// maxMovements is how many pages of a branch's movements are read.
const maxMovements = 20

// movements reads how a branch moved, the newest first, until enough says that
// it has seen enough.
func (c *Client) movements(ctx context.Context, owner, repo, branch string, enough func(movement) bool) error {
	query := url.Values{"ref": {"refs/heads/" + branch}, "per_page": {fmt.Sprint(pageSize)}}
	for range maxMovements {
		req, err := c.api.NewRequest(http.MethodGet, fmt.Sprintf("repos/%s/%s/activity?%s", owner, repo, query.Encode()), nil)
		if err != nil {
			return fmt.Errorf("read activity of branch %s: %w", branch, err)
		}
		var page []movement
		resp, err := c.api.Do(ctx, req, &page)
		if err != nil {
			return failed(err, "read activity of branch %s", branch)
		}
		for _, m := range page {
			if enough(m) {
				return nil
			}
		}
		if resp.After == "" {
			return nil
		}
		query.Set("after", resp.After)
	}
	return nil
}
