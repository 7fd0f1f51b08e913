package github

import (
	"context"

	gh "github.com/google/go-github/v62/github"
)

// State is that of a commit's status.
type State string

// The states.
const (
	Pending State = "pending"
	Success State = "success"
	Failure State = "failure"
	Error   State = "error"
)

// Status is what is said of a commit in one context, wavegate/plan for instance.
type Status struct {
	Context string
	State   State
	// Description is cut to the 140 characters that GitHub takes.
	Description string
	// URL leads to more; empty for none.
	URL string
}

// Statuses lists what is said of a commit, the newest of each context.
func (c *Client) Statuses(ctx context.Context, sha string) ([]Status, error) {
	list, err := every(func(opts gh.ListOptions) ([]*gh.RepoStatus, *gh.Response, error) {
		combined, resp, err := c.api.Repositories.GetCombinedStatus(ctx, c.owner, c.repo, sha, &opts)
		if err != nil {
			return nil, resp, err
		}
		return combined.Statuses, resp, nil
	})
	if err != nil {
		return nil, failed(err, "list statuses of commit %s", short(sha))
	}
	out := make([]Status, len(list))
	for i, s := range list {
		out[i] = Status{Context: s.GetContext(), State: State(s.GetState()), Description: s.GetDescription(), URL: s.GetTargetURL()}
	}
	return out, nil
}

// SetStatus says something of a commit, unless it is said already.
func (c *Client) SetStatus(ctx context.Context, sha string, s Status) error {
	s.Description = cut(s.Description, 140)
	now, err := c.Statuses(ctx, sha)
	if err != nil {
		return err
	}
	for _, old := range now {
		if old == s {
			return nil
		}
	}
	status := &gh.RepoStatus{Context: &s.Context, State: gh.String(string(s.State)), Description: &s.Description}
	if s.URL != "" {
		status.TargetURL = &s.URL
	}
	if _, _, err := c.api.Repositories.CreateStatus(ctx, c.owner, c.repo, sha, status); err != nil {
		return failed(err, "set status %s of commit %s", s.Context, short(sha))
	}
	return nil
}

// cut shortens a text to a number of characters and shows that it did.
func cut(text string, most int) string {
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	return string(runes[:most-1]) + "…"
}
