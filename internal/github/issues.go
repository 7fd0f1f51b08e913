package github

import (
	"context"
	"fmt"
	"time"

	gh "github.com/google/go-github/v62/github"
)

// Issue is an issue that is no pull request.
type Issue struct {
	Number           int
	Title, Body      string
	Author           string
	Open             bool
	Labels           []string
	Created, Updated time.Time
	URL              string
}

func issue(i *gh.Issue) Issue {
	out := Issue{
		Number: i.GetNumber(), Title: i.GetTitle(), Body: i.GetBody(), Author: i.GetUser().GetLogin(), Open: i.GetState() == "open",
		Created: i.GetCreatedAt().Time, Updated: i.GetUpdatedAt().Time, URL: i.GetHTMLURL(),
	}
	for _, l := range i.Labels {
		out.Labels = append(out.Labels, l.GetName())
	}
	return out
}

// NewIssue is an issue that is kept up to date.
type NewIssue struct {
	// Marker is a word that is hidden in the body, by which the issue is found
	// again.
	Marker      string
	Title, Body string
	Labels      []string
}

// Keep keeps one issue up to date: it opens it, opens it again when it was closed,
// and edits it when it says something else. Only issues of the client's own account
// are looked at.
func (c *Client) Keep(ctx context.Context, n NewIssue) (Issue, error) {
	text, err := mark(n.Marker, n.Body)
	if err != nil {
		return Issue{}, fmt.Errorf("write issue %s: %w", n.Marker, err)
	}
	c.writing.Lock()
	defer c.writing.Unlock()
	now, err := c.kept(ctx, n.Marker)
	if err != nil {
		return Issue{}, err
	}
	if now == nil {
		fresh := &gh.IssueRequest{Title: &n.Title, Body: &text}
		if len(n.Labels) > 0 {
			fresh.Labels = &n.Labels
		}
		made, _, err := c.api.Issues.Create(ctx, c.owner, c.repo, fresh)
		if err != nil {
			return Issue{}, failed(err, "open issue %s", n.Marker)
		}
		return issue(made), nil
	}
	if now.Open && now.Title == n.Title && sameText(now.Body, text) {
		return *now, nil
	}
	edited, _, err := c.api.Issues.Edit(ctx, c.owner, c.repo, now.Number, &gh.IssueRequest{Title: &n.Title, Body: &text, State: gh.String("open")})
	if err != nil {
		return Issue{}, failed(err, "edit issue %d", now.Number)
	}
	return issue(edited), nil
}

// Kept returns the issue that Keep keeps up to date, or nil.
func (c *Client) Kept(ctx context.Context, marker string) (*Issue, error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	return c.kept(ctx, marker)
}

// kept finds an issue: an open one rather than one that is closed, an older one
// rather than a newer one.
func (c *Client) kept(ctx context.Context, marker string) (*Issue, error) {
	self, err := c.Self(ctx)
	if err != nil {
		return nil, err
	}
	list, err := every(func(page gh.ListOptions) ([]*gh.Issue, *gh.Response, error) {
		return c.api.Issues.ListByRepo(ctx, c.owner, c.repo, &gh.IssueListByRepoOptions{
			State: "all", Creator: self, Sort: "created", Direction: "asc", ListOptions: page,
		})
	})
	if err != nil {
		return nil, failed(err, "list issues")
	}
	var found *Issue
	for _, i := range list {
		if i.IsPullRequest() || !same(i.GetUser().GetLogin(), self) || !marked(marker, i.GetBody()) {
			continue
		}
		if one := issue(i); found == nil || (one.Open && !found.Open) {
			found = &one
		}
	}
	return found, nil
}

// CloseIssue closes an issue; as not planned when it is not done. One that is
// closed stays so.
func (c *Client) CloseIssue(ctx context.Context, number int, done bool) error {
	i, _, err := c.api.Issues.Get(ctx, c.owner, c.repo, number)
	if err != nil {
		return failed(err, "read issue %d", number)
	}
	if i.GetState() == "closed" {
		return nil
	}
	reason := "completed"
	if !done {
		reason = "not_planned"
	}
	if _, _, err := c.api.Issues.Edit(ctx, c.owner, c.repo, number, &gh.IssueRequest{State: gh.String("closed"), StateReason: &reason}); err != nil {
		return failed(err, "close issue %d", number)
	}
	return nil
}
