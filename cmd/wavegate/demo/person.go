package demo

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	gh "github.com/google/go-github/v62/github"
)

// person is one of the story's people. They act by GitHub's API, each with a token
// of their own, as their browser would.
type person struct {
	login string
	api   *gh.Client
}

func newPerson(login, address, token string, transport http.RoundTripper) (*person, error) {
	api, err := gh.NewClient(&http.Client{Transport: transport}).WithAuthToken(token).WithEnterpriseURLs(address, address)
	if err != nil {
		return nil, fmt.Errorf("configure %s: %w", login, err)
	}
	return &person{login, api}, nil
}

// name is how the story calls a person.
func (p *person) name() string { return strings.ToUpper(p.login[:1]) + p.login[1:] }

// propose commits files to a new branch and opens a pull request.
func (p *person) propose(ctx context.Context, branch, title, body string, files map[string]string) (number int, err error) {
	main, _, err := p.api.Git.GetRef(ctx, owner, name, "heads/"+mainBranch)
	if err != nil {
		return 0, fmt.Errorf("read branch as %s: %w", p.login, err)
	}
	parent, _, err := p.api.Git.GetCommit(ctx, owner, name, main.GetObject().GetSHA())
	if err != nil {
		return 0, fmt.Errorf("read commit as %s: %w", p.login, err)
	}
	var entries []*gh.TreeEntry
	for _, path := range slices.Sorted(maps.Keys(files)) {
		entries = append(entries, &gh.TreeEntry{
			Path: gh.String(path), Mode: gh.String("100644"), Type: gh.String("blob"), Content: gh.String(files[path]),
		})
	}
	tree, _, err := p.api.Git.CreateTree(ctx, owner, name, parent.GetTree().GetSHA(), entries)
	if err != nil {
		return 0, fmt.Errorf("write files as %s: %w", p.login, err)
	}
	commit, _, err := p.api.Git.CreateCommit(ctx, owner, name, &gh.Commit{
		Message: gh.String(title), Tree: tree, Parents: []*gh.Commit{{SHA: parent.SHA}},
	}, nil)
	if err != nil {
		return 0, fmt.Errorf("write commit as %s: %w", p.login, err)
	}
	if _, _, err := p.api.Git.CreateRef(ctx, owner, name, &gh.Reference{
		Ref: gh.String("refs/heads/" + branch), Object: &gh.GitObject{SHA: commit.SHA},
	}); err != nil {
		return 0, fmt.Errorf("push branch as %s: %w", p.login, err)
	}
	pull, _, err := p.api.PullRequests.Create(ctx, owner, name, &gh.NewPullRequest{
		Title: gh.String(title), Body: gh.String(body), Head: gh.String(branch), Base: gh.String(mainBranch),
	})
	if err != nil {
		return 0, fmt.Errorf("open pull request as %s: %w", p.login, err)
	}
	return pull.GetNumber(), nil
}

// approve approves the head of a pull request.
func (p *person) approve(ctx context.Context, number int, text string) error {
	if _, _, err := p.api.PullRequests.CreateReview(ctx, owner, name, number, &gh.PullRequestReviewRequest{
		Event: gh.String("APPROVE"), Body: gh.String(text),
	}); err != nil {
		return fmt.Errorf("approve pull request %d as %s: %w", number, p.login, err)
	}
	return nil
}

// merge merges a pull request and deletes its branch.
func (p *person) merge(ctx context.Context, number int) error {
	pull, _, err := p.api.PullRequests.Get(ctx, owner, name, number)
	if err != nil {
		return fmt.Errorf("read pull request %d as %s: %w", number, p.login, err)
	}
	head := pull.GetHead()
	if _, _, err := p.api.PullRequests.Merge(ctx, owner, name, number, "", &gh.PullRequestOptions{
		SHA: head.GetSHA(), MergeMethod: "squash",
	}); err != nil {
		return fmt.Errorf("merge pull request %d as %s: %w", number, p.login, err)
	}
	if _, err := p.api.Git.DeleteRef(ctx, owner, name, "heads/"+head.GetRef()); err != nil {
		return fmt.Errorf("delete branch %s as %s: %w", head.GetRef(), p.login, err)
	}
	return nil
}

// say comments on a pull request.
func (p *person) say(ctx context.Context, number int, text string) error {
	if _, _, err := p.api.Issues.CreateComment(ctx, owner, name, number, &gh.IssueComment{Body: gh.String(text)}); err != nil {
		return fmt.Errorf("comment on pull request %d as %s: %w", number, p.login, err)
	}
	return nil
}
