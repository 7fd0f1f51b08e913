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

	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/admission"
)

// errShallow tells that history ends before the answer was found.
var errShallow = errors.New("history is not deep enough")

// Log returns the commits after base up to head along the first parents, oldest
// first; with an empty base, head alone. All of them are complete, and so is
// base. It fetches history deeper until it finds base, up to the limit, and wraps
// reconciler.ErrUnrelated when base is not there.
func (s *Source) Log(ctx context.Context, base, head string) ([]admission.Commit, error) {
	if base != "" && !isName(base) {
		return nil, fmt.Errorf("read commit %q: that is no commit's full name", base)
	}
	v, err := s.need(ctx, head)
	if err != nil {
		return nil, err
	}
	commits, err := s.chain(v, base, head)
	if !errors.Is(err, errShallow) {
		return commits, err
	}
	s.fetching.Lock()
	defer s.fetching.Unlock()
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Limits.Timeout)
	defer cancel()
	if s.apart == [2]string{base, head} {
		return nil, s.tooFar(base)
	}
	limit := s.cfg.Limits.Depth
	for depth := min(deeper, limit); ; depth = min(depth*8, limit) {
		if err := s.deepen(ctx, depth); err != nil {
			return nil, err
		}
		v, _ = s.current()
		commits, err := s.chain(v, base, head)
		if missing(err) {
			// The server left an object out: see the trap in the package comment.
			if _, err := s.refetch(ctx, depth); err != nil {
				return nil, err
			}
			v, _ = s.current()
			commits, err = s.chain(v, base, head)
		}
		switch {
		case !errors.Is(err, errShallow):
			return commits, err
		case depth == limit:
			s.apart = [2]string{base, head}
			return nil, s.tooFar(base)
		}
	}
}

func (s *Source) tooFar(base string) error {
	return fmt.Errorf("commit %s is not among the last %d of branch %s: %w", short(base), s.cfg.Limits.Depth, s.cfg.Branch, reconciler.ErrUnrelated)
}

// chain returns the commits after base up to head, oldest first, when all that
// they hold is there. It returns errShallow when history ends before base, and
// an error for which missing is true when the chain has a gap in its files.
func (s *Source) chain(v *vault, base, head string) ([]admission.Commit, error) {
	hashes, err := walk(v, plumbing.NewHash(base), plumbing.NewHash(head), s.cfg.Limits.Depth)
	if err != nil {
		return nil, err
	}
	out := make([]admission.Commit, 0, len(hashes))
	for _, h := range hashes {
		if err := v.complete(h); err != nil {
			return nil, gap(err)
		}
		c, err := describe(v, h)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	if base != "" {
		if err := v.complete(plumbing.NewHash(base)); err != nil {
			return nil, gap(err)
		}
	}
	slices.Reverse(out)
	return out, nil
}

// gap makes an object that is missing a reason to fetch deeper.
func gap(err error) error {
	if missing(err) {
		return fmt.Errorf("%w: %w", errShallow, err)
	}
	return err
}

// walk follows the first parents from head to base and returns the commits on
// the way, base not among them.
func walk(v *vault, base, head plumbing.Hash, limit int) ([]plumbing.Hash, error) {
	var out []plumbing.Hash
	seen := map[plumbing.Hash]bool{}
	for at := head; at != base; {
		c, err := object.GetCommit(v, at)
		switch {
		case missing(err) && len(out) > 0:
			if forked(v, base, seen, limit) {
				return nil, fmt.Errorf("commit %s is not in the history of commit %s: %w", short(base.String()), short(head.String()), reconciler.ErrUnrelated)
			}
			return nil, errShallow
		case err != nil:
			return nil, fmt.Errorf("read commit %s: %w", short(at.String()), err)
		}
		out, seen[at] = append(out, at), true
		switch {
		case base.IsZero():
			return out, nil
		case len(out) > limit:
			return nil, fmt.Errorf("commit %s is not among the last %d before commit %s: %w", short(base.String()), limit, short(head.String()), reconciler.ErrUnrelated)
		case len(c.ParentHashes) == 0:
			return nil, fmt.Errorf("commit %s is not in the history of commit %s: %w", short(base.String()), short(head.String()), reconciler.ErrUnrelated)
		}
		at = c.ParentHashes[0]
	}
	return out, nil
}

// forked reports whether the history of base joins the commits that were seen:
// then base is not before them, and no deeper history can show that it is.
func forked(v *vault, base plumbing.Hash, seen map[plumbing.Hash]bool, limit int) bool {
	for range limit {
		c, err := object.GetCommit(v, base)
		if err != nil || len(c.ParentHashes) == 0 {
			return false
		}
		if base = c.ParentHashes[0]; seen[base] {
			return true
		}
	}
	return false
}

func describe(v *vault, h plumbing.Hash) (admission.Commit, error) {
	c, err := object.GetCommit(v, h)
	if err != nil {
		return admission.Commit{}, fmt.Errorf("read commit %s: %w", short(h.String()), err)
	}
	raw, err := v.content(plumbing.CommitObject, h)
	if err != nil {
		return admission.Commit{}, fmt.Errorf("read commit %s: %w", short(h.String()), err)
	}
	out := admission.Commit{
		SHA: h.String(), Tree: c.TreeHash.String(), Message: c.Message,
		Author:    admission.Person{Name: c.Author.Name, Email: c.Author.Email},
		Committer: admission.Person{Name: c.Committer.Name, Email: c.Committer.Email},
		When:      c.Committer.When.UTC(),
	}
	for _, p := range c.ParentHashes {
		out.Parents = append(out.Parents, p.String())
	}
	out.Payload, out.Signature = signed(raw)
	return out, nil
}

// signed takes the signature out of a commit as git stores it: the payload is
// every byte of the commit but the headers with signatures. Encoding the commit
// anew would lose headers that the library does not know.
func signed(raw []byte) (payload []byte, signature string) {
	var kept, sig bytes.Buffer
	var into io.Writer = &kept
	rest := raw
	for len(rest) > 0 {
		end := bytes.IndexByte(rest, '\n') + 1
		if end == 0 {
			end = len(rest)
		}
		line := rest[:end]
		if line[0] == '\n' {
			break // the message follows
		}
		rest = rest[end:]
		switch text, isSig := bytes.CutPrefix(line, []byte("gpgsig ")); {
		case line[0] == ' ' && into == &sig:
			sig.Write(line[1:])
			continue
		case line[0] == ' ':
		case isSig:
			into, line = &sig, text
		case bytes.HasPrefix(line, []byte("gpgsig")):
			into = io.Discard // a signature of the same commit under another hash
		default:
			into = &kept
		}
		_, _ = into.Write(line) // none of them fails
	}
	kept.Write(rest)
	return kept.Bytes(), sig.String()
}

func short(sha string) string { return sha[:min(7, len(sha))] }
