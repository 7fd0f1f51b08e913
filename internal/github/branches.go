package github

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
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
// stay; on another base it becomes another commit, which nobody has approved yet.
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
	if head != "" {
		is, err := c.proposed(ctx, p, head)
		if err != nil || is {
			return head, err
		}
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

// proposed says whether a branch is certainly what is proposed, from reading alone:
// a proposal that is made in every cycle must not write in every cycle.
func (c *Client) proposed(ctx context.Context, p Proposal, head string) (bool, error) {
	now, err := c.commit(ctx, head)
	if err != nil || !slices.Equal(now.parents, []string{p.Base}) {
		return false, err
	}
	cmp, _, err := c.api.Repositories.CompareCommits(ctx, c.owner, c.repo, p.Base, head, &gh.ListOptions{PerPage: pageSize})
	if err != nil {
		return false, failed(err, "compare branch %s with its base", p.Branch)
	}
	if len(cmp.Files) != len(p.Files) {
		return false, nil
	}
	for _, f := range cmp.Files {
		content, wanted := p.Files[f.GetFilename()]
		switch {
		case !wanted:
			return false, nil
		case content == nil && f.GetStatus() != "removed":
			return false, nil
		case content != nil && (f.GetSHA() != blobID(content) || (f.GetStatus() != "added" && f.GetStatus() != "modified")):
			return false, nil
		}
	}
	return true, nil
}

// blobID is the name that git gives a content.
func blobID(content []byte) string {
	h := sha1.New() //nolint:gosec // it is how git names things
	fmt.Fprintf(h, "blob %d\x00", len(content))
	h.Write(content)
	return hex.EncodeToString(h.Sum(nil))
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
