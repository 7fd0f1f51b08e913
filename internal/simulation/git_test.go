package simulation_test

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"maps"
	"slices"
	"testing/fstest"

	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/admission"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// repository is the fleet repository and what GitHub knows of its commits.
type repository struct {
	commits map[string]*commit
	branch  []string // oldest first
	made    int
}

type commit struct {
	sha      string
	parent   string
	wish     *wish
	files    map[string]string
	tree     string
	approved bool
	what     string
}

// push puts a commit on top of the branch.
func (r *repository) push(w *wish, approved bool, what string) *commit {
	r.made++
	c := &commit{sha: fmt.Sprintf("%07x%033d", 0xc000000+r.made, 0), wish: w, files: w.files(), approved: approved, what: what}
	if n := len(r.branch); n > 0 {
		c.parent = r.branch[n-1]
	}
	c.tree = hashOf(c.files)
	r.commits[c.sha] = c
	r.branch = append(r.branch, c.sha)
	return c
}

func hashOf(files map[string]string) string {
	h := fnv.New128a()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(h, "%s\x00%s\x00", name, files[name])
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

func (r *repository) head() *commit { return r.commits[r.branch[len(r.branch)-1]] }

// remote is the repository as an instance of the service reaches it.
type remote struct {
	w  *world
	in *instance
}

var errDown = errors.New("connection refused by the simulated network")

func (r remote) up() error {
	switch {
	case r.in.dead:
		return errCrashed
	case r.w.now.Before(r.w.gitDown):
		return errDown
	}
	return nil
}

func (r remote) Fetch(context.Context) (string, error) {
	if err := r.up(); err != nil {
		return "", err
	}
	return r.w.repo.head().sha, nil
}

func (r remote) Log(_ context.Context, base, head string) ([]admission.Commit, error) {
	if err := r.up(); err != nil {
		return nil, err
	}
	branch := r.w.repo.branch
	to := slices.Index(branch, head)
	if to < 0 {
		return nil, fmt.Errorf("there is no commit %s", head)
	}
	from := to - 1
	if base != "" {
		if from = slices.Index(branch, base); from < 0 {
			return nil, fmt.Errorf("find %s: %w", base, reconciler.ErrUnrelated)
		}
	}
	var out []admission.Commit
	for _, sha := range branch[from+1 : to+1] {
		c := r.w.repo.commits[sha]
		a := admission.Commit{SHA: sha, Tree: c.tree, When: r.w.now, Message: c.what}
		if c.parent != "" {
			a.Parents = []string{c.parent}
		}
		out = append(out, a)
	}
	return out, nil
}

func (r remote) Changes(_ context.Context, from, to string) ([]admission.Change, error) {
	if err := r.up(); err != nil {
		return nil, err
	}
	return changes(r.w.repo.commits[from], r.w.repo.commits[to]), nil
}

func changes(from, to *commit) []admission.Change {
	a, b := map[string]string{}, map[string]string{}
	if from != nil {
		a = from.files
	}
	if to != nil {
		b = to.files
	}
	var out []admission.Change
	for _, name := range slices.Sorted(maps.Keys(union(a, b))) {
		if a[name] != b[name] {
			out = append(out, admission.Change{Path: name, Before: a[name], After: b[name]})
		}
	}
	return out
}

func union(a, b map[string]string) map[string]bool {
	out := map[string]bool{}
	for k := range a {
		out[k] = true
	}
	for k := range b {
		out[k] = true
	}
	return out
}

// hashed is the identity of a file's content, by which the loader remembers it.
type hashed string

func (h hashed) ContentHash() string { return string(h) }

func (r remote) Tree(_ context.Context, sha string) (fs.FS, error) {
	// Git's objects stay in the service's cache: a server that is down does not
	// matter for a commit that was fetched.
	if r.in.dead {
		return nil, errCrashed
	}
	c := r.w.repo.commits[sha]
	if c == nil {
		return nil, fmt.Errorf("there is no commit %s", sha)
	}
	tree := fstest.MapFS{}
	for name, text := range c.files {
		if text != "" {
			tree[name] = &fstest.MapFile{Data: []byte(text), Mode: 0o444, Sys: hashed(hashOf(map[string]string{name: text}))}
		}
	}
	return tree, nil
}

// Approve answers what GitHub would.
func (r remote) Approve(_ context.Context, c admission.Commit, _ fleet.Approvals) (admission.Evidence, error) {
	switch {
	case r.in.dead:
		return admission.Evidence{}, errCrashed
	case r.w.now.Before(r.w.githubDown):
		return admission.Evidence{}, errDown
	case r.w.repo.commits[c.SHA].approved:
		return admission.Evidence{Verdict: admission.Approved, Reason: "approved by user:ann", By: []string{"user:ann"}}, nil
	default:
		return admission.Evidence{Verdict: admission.Refused, Reason: "no approved pull request brought it"}, nil
	}
}
