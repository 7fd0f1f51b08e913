package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// AutoMerge asks GitHub to merge a pull request by itself as soon as the rules of
// its branch are met; whether and when they are is for GitHub. It fails when the
// repository does not allow that, and when the branch's rules ask for no review: it
// would be merged before anybody has seen it.
func (c *Client) AutoMerge(ctx context.Context, p Pull) error {
	if err := c.autoMerge(ctx, p); err != nil {
		return fmt.Errorf("let GitHub merge pull request %d: %w", p.Number, err)
	}
	return nil
}

func (c *Client) autoMerge(ctx context.Context, p Pull) error {
	var now struct {
		Repository struct {
			Allowed bool   `json:"autoMergeAllowed"`
			Method  string `json:"viewerDefaultMergeMethod"`
		} `json:"repository"`
		Pull struct {
			Review string `json:"reviewDecision"` // empty when no rule asks for one
		} `json:"node"`
	}
	err := c.graph(ctx, `query($owner: String!, $name: String!, $id: ID!) {
  repository(owner: $owner, name: $name) { autoMergeAllowed viewerDefaultMergeMethod }
  node(id: $id) { ... on PullRequest { reviewDecision } }
}`, map[string]any{"owner": c.owner, "name": c.repo, "id": p.node}, &now)
	switch {
	case err != nil:
		return err
	case !now.Repository.Allowed:
		return errors.New("the repository does not allow it: turn on \"Allow auto-merge\" in its settings")
	case now.Pull.Review == "":
		return errors.New("no rule of its branch asks for a review, so it would be merged at once: protect the branch")
	}
	return c.graph(ctx, `mutation($id: ID!, $method: PullRequestMergeMethod!) {
  enablePullRequestAutoMerge(input: {pullRequestId: $id, mergeMethod: $method}) { clientMutationId }
}`, map[string]any{"id": p.node, "method": now.Repository.Method}, nil)
}

// graph asks GitHub's GraphQL API, for what the other one cannot do.
func (c *Client) graph(ctx context.Context, query string, variables map[string]any, data any) error {
	// Beside /api/v3/ at an Enterprise Server, at the root of api.github.com.
	req, err := c.api.NewRequest(http.MethodPost, "../graphql", map[string]any{"query": query, "variables": variables})
	if err != nil {
		return fmt.Errorf("ask GraphQL: %w", err)
	}
	answer := struct {
		Data   any `json:"data"`
		Errors []struct {
			Message string `json:"message"`
		} `json:"errors"`
	}{Data: data}
	if _, err := c.api.Do(ctx, req, &answer); err != nil {
		return failed(err, "ask GraphQL")
	}
	if len(answer.Errors) > 0 {
		said := make([]string, len(answer.Errors))
		for i, e := range answer.Errors {
			said[i] = e.Message
		}
		return fmt.Errorf("GitHub refuses: %s", line(strings.Join(said, "; ")))
	}
	return nil
}
