package gitsource

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-git/go-git/v5/plumbing"
)

// deeper is how many commits of history are fetched when one does not do.
const deeper = 64

// isName reports whether a text is the full name of a commit.
func isName(commit string) bool {
	h := plumbing.NewHash(commit)
	return !h.IsZero() && h.String() == commit
}

// need returns a vault in which a commit is complete, after fetching it when it
// is not there.
func (s *Source) need(ctx context.Context, commit string) (*vault, error) {
	if !isName(commit) {
		return nil, fmt.Errorf("read commit %q: that is no commit's full name", commit)
	}
	hash := plumbing.NewHash(commit)
	v, _ := s.current()
	if v.complete(hash) == nil {
		return v, nil
	}
	s.fetching.Lock()
	defer s.fetching.Unlock()
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Limits.Timeout)
	defer cancel()
	return s.bring(ctx, hash)
}

// bring fetches a commit that is not there: by its name where the server allows
// it, else as part of the branch's history.
func (s *Source) bring(ctx context.Context, commit plumbing.Hash) (*vault, error) {
	v, head := s.current()
	if v.complete(commit) == nil {
		return v, nil // another call was faster
	}
	if head.IsZero() {
		return nil, fmt.Errorf("read commit %s: nothing has been fetched yet", short(commit.String()))
	}
	if v.complete(head) != nil {
		s.notice(lostFiles)
		if _, err := s.refetch(ctx, 1); err != nil {
			return nil, err
		}
		if v, head = s.current(); v.complete(commit) == nil {
			return v, nil
		}
	}
	// With what is there already, and then without: see the trap in the package
	// comment.
	for _, have := range []plumbing.Hash{head, plumbing.ZeroHash} {
		_, err := s.remote.download(ctx, pull{into: v, have: have, want: commit, depth: 1})
		if ctx.Err() != nil {
			return nil, err
		}
		if err == nil && v.complete(commit) == nil {
			return v, nil
		}
		if err != nil {
			break // it is not on the server, or not to be had by its name
		}
	}
	for depth := min(deeper, s.cfg.Limits.Depth); ; depth = min(depth*8, s.cfg.Limits.Depth) {
		if err := s.deepen(ctx, depth); err != nil {
			return nil, err
		}
		v, _ = s.current()
		err := v.complete(commit)
		if err == nil {
			return v, nil
		}
		if _, known := v.EncodedObject(plumbing.CommitObject, commit); known == nil {
			if _, err := s.refetch(ctx, depth); err != nil {
				return nil, err
			}
			if v, _ = s.current(); v.complete(commit) == nil {
				return v, nil
			}
		}
		if ends, err := wholeHistory(v); err != nil || ends || depth >= s.cfg.Limits.Depth {
			return nil, errors.Join(err, fmt.Errorf("read commit %s: it is not among the last %d commits of branch %s", short(commit.String()), depth, s.cfg.Branch))
		}
	}
}

// deepen fetches the branch's history to a depth.
func (s *Source) deepen(ctx context.Context, depth int) error {
	v, head := s.current()
	_, err := s.remote.download(ctx, pull{into: v, have: head, depth: depth})
	return err
}

// wholeHistory reports whether the history ends nowhere but at its beginning.
func wholeHistory(v *vault) (bool, error) {
	ends, err := v.Shallow()
	if err != nil {
		return false, fmt.Errorf("read git cache: %w", err)
	}
	return len(ends) == 0, nil
}
