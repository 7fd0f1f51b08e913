package github

import (
	"context"
	"time"

	gh "github.com/google/go-github/v62/github"
)

// Pull is a pull request.
type Pull struct {
	Number      int
	Title, Body string
	Author      string
	Open, Draft bool
	// Merged is when it was merged; zero when it was not.
	Merged time.Time
	// Head is its branch and HeadSHA its newest commit. HeadRepo is where the branch
	// is, acme/fleet; empty when that was deleted.
	Head, HeadSHA, HeadRepo string
	// Base is the branch that it is for.
	Base string
	// MergeCommit is the newest commit that its merge brought to the base; empty
	// when it was not merged.
	MergeCommit      string
	Labels           []string
	Created, Updated time.Time
	URL              string
	// AutoMerge tells that GitHub merges it when the rules of its branch are met.
	AutoMerge bool

	node string // its name in GraphQL
}

func pull(p *gh.PullRequest) Pull {
	out := Pull{
		Number: p.GetNumber(), Title: p.GetTitle(), Body: p.GetBody(), Author: p.GetUser().GetLogin(),
		Open: p.GetState() == "open", Draft: p.GetDraft(), Merged: p.GetMergedAt().Time,
		Head: p.GetHead().GetRef(), HeadSHA: p.GetHead().GetSHA(), HeadRepo: p.GetHead().GetRepo().GetFullName(),
		AutoMerge: p.AutoMerge != nil, node: p.GetNodeID(),
		Base: p.GetBase().GetRef(), Created: p.GetCreatedAt().Time, Updated: p.GetUpdatedAt().Time, URL: p.GetHTMLURL(),
	}
	if !out.Merged.IsZero() { // else it is a trial merge, which says nothing
		out.MergeCommit = p.GetMergeCommitSHA()
	}
	for _, l := range p.Labels {
		out.Labels = append(out.Labels, l.GetName())
	}
	return out
}

// PullQuery says which pull requests are looked for; what is empty does not matter.
type PullQuery struct {
	// Base is the branch that they are for.
	Base string
	// Head is their branch, in the repository itself.
	Head string
	// All includes those that are closed.
	All bool
	// Since leaves out what has not changed since.
	Since time.Time
}

// Pulls lists pull requests, those that changed last first.
func (c *Client) Pulls(ctx context.Context, q PullQuery) ([]Pull, error) {
	opts := &gh.PullRequestListOptions{Base: q.Base, State: "open", Sort: "updated", Direction: "desc"}
	if q.All {
		opts.State = "all"
	}
	if q.Head != "" {
		opts.Head = c.owner + ":" + q.Head
	}
	var out []Pull
	_, err := every(func(page gh.ListOptions) ([]*gh.PullRequest, *gh.Response, error) {
		opts.ListOptions = page
		list, resp, err := c.api.PullRequests.List(ctx, c.owner, c.repo, opts)
		if err != nil {
			return nil, resp, err
		}
		for _, p := range list {
			if p.GetUpdatedAt().Before(q.Since) {
				resp.NextPage = 0 // the rest changed even longer ago
				break
			}
			out = append(out, pull(p))
		}
		return nil, resp, nil
	})
	if err != nil {
		return nil, failed(err, "list pull requests")
	}
	return out, nil
}

// Pull reads a pull request.
func (c *Client) Pull(ctx context.Context, number int) (Pull, error) {
	p, _, err := c.api.PullRequests.Get(ctx, c.owner, c.repo, number)
	if err != nil {
		return Pull{}, failed(err, "read pull request %d", number)
	}
	return pull(p), nil
}

// PullsWith lists the pull requests that contain a commit or have brought it to
// the default branch.
func (c *Client) PullsWith(ctx context.Context, sha string) ([]Pull, error) {
	list, err := every(func(opts gh.ListOptions) ([]*gh.PullRequest, *gh.Response, error) {
		return c.api.PullRequests.ListPullRequestsWithCommit(ctx, c.owner, c.repo, sha, &opts)
	})
	if err != nil {
		return nil, failed(err, "list pull requests of commit %s", short(sha))
	}
	out := make([]Pull, len(list))
	for i, p := range list {
		out[i] = pull(p)
	}
	return out, nil
}

// NewPull is a pull request that is to be opened.
type NewPull struct {
	Title, Body string
	// Head is a branch of the repository, Base the one that it is for.
	Head, Base string
	Labels     []string
}

// OpenPull opens a pull request, or brings the open one between the two branches
// up to date: there is never a second one.
func (c *Client) OpenPull(ctx context.Context, n NewPull) (Pull, error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	list, err := c.Pulls(ctx, PullQuery{Base: n.Base, Head: n.Head})
	if err != nil {
		return Pull{}, err
	}
	var p Pull
	if len(list) > 0 {
		if p, err = c.editPull(ctx, list[0], n.Title, n.Body); err != nil {
			return Pull{}, err
		}
	} else {
		made, _, err := c.api.PullRequests.Create(ctx, c.owner, c.repo, &gh.NewPullRequest{Title: &n.Title, Body: &n.Body, Head: &n.Head, Base: &n.Base})
		if err != nil {
			return Pull{}, failed(err, "open pull request from %s", n.Head)
		}
		p = pull(made)
	}
	p.Labels, err = c.addLabels(ctx, p.Number, p.Labels, n.Labels)
	return p, err
}

// EditPull changes the title and the body of a pull request, unless they are so
// already.
func (c *Client) EditPull(ctx context.Context, number int, title, body string) (Pull, error) {
	p, err := c.Pull(ctx, number)
	if err != nil {
		return Pull{}, err
	}
	return c.editPull(ctx, p, title, body)
}

func (c *Client) editPull(ctx context.Context, p Pull, title, body string) (Pull, error) {
	if p.Title == title && sameText(p.Body, body) {
		return p, nil
	}
	edited, _, err := c.api.PullRequests.Edit(ctx, c.owner, c.repo, p.Number, &gh.PullRequest{Title: &title, Body: &body})
	if err != nil {
		return Pull{}, failed(err, "edit pull request %d", p.Number)
	}
	return pull(edited), nil
}

// ClosePull closes a pull request without merging it. One that is closed stays so.
func (c *Client) ClosePull(ctx context.Context, number int) error {
	p, err := c.Pull(ctx, number)
	if err != nil || !p.Open {
		return err
	}
	if _, _, err := c.api.PullRequests.Edit(ctx, c.owner, c.repo, number, &gh.PullRequest{State: gh.String("closed")}); err != nil {
		return failed(err, "close pull request %d", number)
	}
	return nil
}

// addLabels puts labels on an issue or a pull request that has others.
func (c *Client) addLabels(ctx context.Context, number int, has, want []string) ([]string, error) {
	var missing []string
	for _, l := range want {
		if !contains(has, l) {
			missing = append(missing, l)
		}
	}
	if len(missing) == 0 {
		return has, nil
	}
	if _, _, err := c.api.Issues.AddLabelsToIssue(ctx, c.owner, c.repo, number, missing); err != nil {
		return has, failed(err, "label %d", number)
	}
	return append(has, missing...), nil
}

func contains(list []string, s string) bool {
	for _, have := range list {
		if same(have, s) {
			return true
		}
	}
	return false
}
