package github

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"

	gh "github.com/google/go-github/v62/github"
)

// Proposal is a branch with one commit on top of another branch, from which a pull
// request can be opened.
type Proposal struct {
	// Branch is its name, Base the commit that it stands on.
	Branch, Base string
	// Files are new contents by path; nil removes a file.
	Files   map[string][]byte
	Message string
}

// Propose makes a branch be what is proposed and returns its commit. What was on
// the branch before is replaced, so it must be one that is Wavegate's own. A branch
// that has these contents on this base already is left alone, so that approvals
// stay.
func (c *Client) Propose(ctx context.Context, p Proposal) (sha string, err error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	base, err := c.commit(ctx, p.Base)
	if err != nil {
		return "", err
	}
	head, err := c.head(ctx, p.Branch)
	if err != nil {
		return "", err
	}
	tree, err := c.writeTree(ctx, base.tree, p.Files)
	if err != nil {
		return "", err
	}
	if tree == base.tree {
		return "", fmt.Errorf("propose branch %s: it would change nothing", p.Branch)
	}
	if head != "" {
		now, err := c.commit(ctx, head)
		if err != nil {
			return "", err
		}
		if now.tree == tree && slices.Equal(now.parents, []string{p.Base}) {
			return head, nil
		}
	}
	made, _, err := c.api.Git.CreateCommit(ctx, c.owner, c.repo, &gh.Commit{
		Message: &p.Message, Tree: &gh.Tree{SHA: &tree}, Parents: []*gh.Commit{{SHA: &p.Base}},
	}, nil)
	if err != nil {
		return "", failed(err, "commit to branch %s", p.Branch)
	}
	ref := &gh.Reference{Ref: gh.String("refs/heads/" + p.Branch), Object: &gh.GitObject{SHA: made.SHA}}
	if head == "" {
		_, _, err = c.api.Git.CreateRef(ctx, c.owner, c.repo, ref)
	} else {
		_, _, err = c.api.Git.UpdateRef(ctx, c.owner, c.repo, ref, true)
	}
	if err != nil {
		return "", failed(err, "move branch %s", p.Branch)
	}
	return made.GetSHA(), nil
}

// head is the commit of a branch; "" when there is no such branch.
func (c *Client) head(ctx context.Context, branch string) (string, error) {
	ref, _, err := c.api.Git.GetRef(ctx, c.owner, c.repo, "refs/heads/"+branch)
	if err == nil {
		return ref.GetObject().GetSHA(), nil
	}
	if err = failed(err, "read branch %s", branch); missing(err) {
		return "", nil
	}
	return "", err
}

// writeTree changes files of a tree. Git names a tree by its contents, so that
// writing the same twice is no harm.
func (c *Client) writeTree(ctx context.Context, base string, files map[string][]byte) (string, error) {
	entries := make([]*gh.TreeEntry, 0, len(files))
	for _, path := range slices.Sorted(maps.Keys(files)) {
		e := &gh.TreeEntry{Path: &path, Mode: gh.String("100644"), Type: gh.String("blob")}
		if content := files[path]; content != nil { // without a content it is removed
			e.Content = gh.String(string(content))
		}
		entries = append(entries, e)
	}
	if len(entries) == 0 {
		return "", errors.New("write tree: there are no files")
	}
	tree, _, err := c.api.Git.CreateTree(ctx, c.owner, c.repo, base, entries)
	if err != nil {
		return "", failed(err, "write tree")
	}
	return tree.GetSHA(), nil
}

// DropBranch deletes a branch, if it is there.
func (c *Client) DropBranch(ctx context.Context, branch string) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	if head, err := c.head(ctx, branch); err != nil || head == "" {
		return err
	}
	if _, err := c.api.Git.DeleteRef(ctx, c.owner, c.repo, "refs/heads/"+branch); err != nil {
		// GitHub says of a branch that has gone meanwhile that it cannot be processed.
		if err = failed(err, "delete branch %s", branch); !missing(err) && status(err) != http.StatusUnprocessableEntity {
			return err
		}
	}
	return nil
}
