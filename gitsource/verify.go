package gitsource

import (
	"fmt"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/storage"
)

// maxTreeDepth bounds how deep folders may be nested.
const maxTreeDepth = 200

// verify makes sure that every object of a commit's tree is there.
func (s *Source) verify(store storage.Storer, commit plumbing.Hash) error {
	s.mu.Lock()
	verified := s.verified
	s.mu.Unlock()
	return s.verifyWith(store, commit, verified)
}

func (s *Source) verifyWith(store storage.Storer, commit plumbing.Hash, verified map[plumbing.Hash]struct{}) error {
	c, err := object.GetCommit(store, commit)
	if err != nil {
		return fmt.Errorf("read commit %s: %w", short(commit.String()), err)
	}
	return verifyTree(store, c.TreeHash, verified, 0)
}

func verifyTree(store storage.Storer, tree plumbing.Hash, verified map[plumbing.Hash]struct{}, depth int) error {
	if _, ok := verified[tree]; ok {
		return nil
	}
	if depth > maxTreeDepth {
		return fmt.Errorf("folders are nested more than %d deep", maxTreeDepth)
	}
	t, err := object.GetTree(store, tree)
	if err != nil {
		return fmt.Errorf("read tree %s: %w", short(tree.String()), err)
	}
	for _, e := range t.Entries {
		if _, ok := verified[e.Hash]; ok || e.Mode == filemode.Submodule {
			continue
		}
		if e.Mode == filemode.Dir {
			if err := verifyTree(store, e.Hash, verified, depth+1); err != nil {
				return err
			}
			continue
		}
		if err := store.HasEncodedObject(e.Hash); err != nil {
			return fmt.Errorf("read file %s: %w", e.Name, err)
		}
		verified[e.Hash] = struct{}{}
	}
	verified[tree] = struct{}{}
	return nil
}
