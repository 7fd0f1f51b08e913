package gitsource

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/storage"

	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/admission"
)

// errShallow tells that history ends before the answer was found.
var errShallow = errors.New("history is not deep enough")

// Log returns the commits after base up to head along the first parents, oldest
// first; with an empty base, head alone. It fetches history deeper until it
// finds base, up to the limit, and wraps reconciler.ErrUnrelated when base is
// not there.
func (s *Source) Log(ctx context.Context, base, head string) ([]admission.Commit, error) {
	store, _ := s.current()
	commits, err := walk(store, base, head, s.cfg.Limits.Depth)
	if !errors.Is(err, errShallow) {
		return commits, err
	}
	s.fetching.Lock()
	defer s.fetching.Unlock()
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Limits.Timeout)
	defer cancel()
	for depth := 64; errors.Is(err, errShallow); depth *= 8 {
		if depth > s.cfg.Limits.Depth {
			depth = s.cfg.Limits.Depth
		}
		if _, ferr := s.refetch(ctx, depth); ferr != nil {
			return nil, ferr
		}
		store, _ = s.current()
		commits, err = walk(store, base, head, s.cfg.Limits.Depth)
		if errors.Is(err, errShallow) && depth == s.cfg.Limits.Depth {
			return nil, fmt.Errorf("commit %s is not among the last %d of the branch: %w", short(base), depth, reconciler.ErrUnrelated)
		}
	}
	return commits, err
}

// walk follows the first parents from head to base.
func walk(store storage.Storer, base, head string, limit int) ([]admission.Commit, error) {
	var out []admission.Commit
	at := plumbing.NewHash(head)
	ends := map[plumbing.Hash]bool{}
	shallows, err := store.Shallow()
	if err != nil {
		return nil, fmt.Errorf("read git cache: %w", err)
	}
	for _, h := range shallows {
		ends[h] = true
	}
	for at.String() != base {
		c, err := object.GetCommit(store, at)
		switch {
		case errors.Is(err, plumbing.ErrObjectNotFound) && len(out) > 0:
			return nil, errShallow
		case err != nil:
			return nil, fmt.Errorf("read commit %s: %w", short(at.String()), err)
		}
		commit, err := describe(store, c)
		if err != nil {
			return nil, err
		}
		out = append(out, commit)
		switch {
		case base == "":
			return out, nil
		case len(out) > limit:
			return nil, fmt.Errorf("commit %s is not among the last %d of the branch: %w", short(base), limit, reconciler.ErrUnrelated)
		case len(c.ParentHashes) == 0:
			return nil, fmt.Errorf("commit %s is not in the history of the branch: %w", short(base), reconciler.ErrUnrelated)
		case ends[at] && c.ParentHashes[0].String() != base:
			return nil, errShallow
		}
		at = c.ParentHashes[0]
	}
	slices.Reverse(out)
	return out, nil
}

func describe(store storage.Storer, c *object.Commit) (admission.Commit, error) {
	out := admission.Commit{
		SHA: c.Hash.String(), Tree: c.TreeHash.String(), Message: c.Message,
		Author:    admission.Person{Name: c.Author.Name, Email: c.Author.Email},
		Committer: admission.Person{Name: c.Committer.Name, Email: c.Committer.Email},
		When:      c.Committer.When.UTC(),
	}
	for _, p := range c.ParentHashes {
		out.Parents = append(out.Parents, p.String())
	}
	var err error
	out.Payload, out.Signature, err = signed(store, c.Hash)
	return out, err
}

// signed takes the signature out of a commit as git stores it: the payload is
// every byte of the commit but the gpgsig header. Encoding the commit anew would
// lose headers that the library does not know.
func signed(store storage.Storer, h plumbing.Hash) (payload []byte, signature string, err error) {
	obj, err := store.EncodedObject(plumbing.CommitObject, h)
	if err != nil {
		return nil, "", fmt.Errorf("read commit %s: %w", short(h.String()), err)
	}
	r, err := obj.Reader()
	if err != nil {
		return nil, "", fmt.Errorf("read commit %s: %w", short(h.String()), err)
	}
	defer func() { _ = r.Close() }()
	raw, err := io.ReadAll(io.LimitReader(r, 4<<20))
	if err != nil {
		return nil, "", fmt.Errorf("read commit %s: %w", short(h.String()), err)
	}
	header, body, _ := bytes.Cut(raw, []byte("\n\n"))
	var kept, sig bytes.Buffer
	inSig := false
	for line := range bytes.Lines(append(header, '\n')) {
		switch {
		case bytes.HasPrefix(line, []byte("gpgsig ")):
			inSig = true
			sig.Write(line[len("gpgsig "):])
		case inSig && line[0] == ' ':
			sig.Write(line[1:])
		default:
			inSig = false
			kept.Write(line)
		}
	}
	kept.WriteByte('\n')
	kept.Write(body)
	return kept.Bytes(), sig.String(), nil
}

func short(sha string) string { return sha[:min(7, len(sha))] }
