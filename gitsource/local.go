package gitsource

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// Local reads commits of a repository on this machine, without fetching.
type Local struct {
	repo  *git.Repository // nil for a cache
	vault *vault
}

// OpenLocal opens the repository that a folder belongs to.
func OpenLocal(dir string) (*Local, error) {
	repo, err := git.PlainOpenWithOptions(dir, &git.PlainOpenOptions{DetectDotGit: true, EnableDotGitCommonDir: true})
	if err != nil {
		return nil, fmt.Errorf("open git repository %s: %w", dir, err)
	}
	return &Local{repo: repo, vault: newVault(repo.Storer, "")}, nil
}

// OpenCache opens the cache that a Source keeps in a folder.
func OpenCache(dir string) (*Local, error) {
	repo := filepath.Join(dir, "repo")
	if _, err := os.Stat(repo); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open git cache %s: nothing has been fetched yet", dir)
	}
	return &Local{vault: newVault(storeIn(repo), repo)}, nil
}

// Resolve returns the commit that a revision names: a branch, a tag, a commit,
// HEAD~1.
func (l *Local) Resolve(rev string) (string, error) {
	if l.repo == nil {
		return rev, nil
	}
	h, err := l.repo.ResolveRevision(plumbing.Revision(rev))
	if err != nil {
		return "", fmt.Errorf("find revision %q: %w", rev, err)
	}
	return h.String(), nil
}

// Tree returns the files of a commit below a folder.
func (l *Local) Tree(commit, sub string) (fs.FS, error) {
	c, err := object.GetCommit(l.vault, plumbing.NewHash(commit))
	if err != nil {
		return nil, fmt.Errorf("read commit %s: %w", short(commit), err)
	}
	return newTree(l.vault, c.TreeHash, sub, Limits{}.withDefaults().FileBytes), nil
}
