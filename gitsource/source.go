package gitsource

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sync"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"

	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/admission"
)

// Source is one branch of a git repository. It is safe for concurrent use;
// fetches wait for each other.
type Source struct {
	cfg    Config
	remote *remote

	fetching sync.Mutex // one fetch at a time
	steps    int        // fetches into the same vault
	apart    [2]string  // base and head that were found unrelated

	mu    sync.Mutex
	vault *vault
	head  plumbing.Hash
}

var _ reconciler.Source = (*Source)(nil)

// headRef is where the cache keeps the branch.
const headRef = plumbing.ReferenceName("refs/wavegate/head")

const lostFiles = "the git cache is damaged and is fetched anew: a file of it cannot be read any more"

// maxSteps is after how many fetches everything is fetched anew: each leaves a
// pack behind, and many packs are slow to look into.
const maxSteps = 50

// New returns a source that has not fetched yet, with what its cache holds.
func New(cfg Config) (*Source, error) {
	if cfg.Branch == "" {
		cfg.Branch = "main"
	}
	if cfg.Path = path.Clean(cfg.Path); !fs.ValidPath(cfg.Path) {
		return nil, fmt.Errorf("configure git: folder %q is not one within the repository; it has neither a leading slash nor .. in it", cfg.Path)
	}
	cfg.Limits = cfg.Limits.withDefaults()
	s := &Source{cfg: cfg}
	r, err := newRemote(&s.cfg)
	if err != nil {
		return nil, err
	}
	s.remote = r
	return s, s.openCache()
}

// openCache takes up what an earlier process has fetched, or begins anew when
// that is damaged.
func (s *Source) openCache() error {
	v, err := openVault(s.folder("repo"))
	if err != nil {
		return err
	}
	s.use(v, plumbing.ZeroHash)
	ref, err := v.Reference(headRef)
	switch {
	case errors.Is(err, plumbing.ErrReferenceNotFound) && len(v.packs("*")) == 0:
		return nil
	case err != nil:
		return s.discard(errors.New("its head cannot be read"))
	}
	if err := v.sound(); err != nil {
		return s.discard(err)
	}
	if err := v.complete(ref.Hash()); err != nil {
		return s.discard(err)
	}
	s.steps = len(v.packs("pack-*.pack"))
	s.use(v, ref.Hash())
	return nil
}

// discard throws the cache away.
func (s *Source) discard(why error) error {
	s.notice("the git cache is damaged and is fetched anew: " + why.Error())
	if s.cfg.Dir != "" {
		if err := os.RemoveAll(s.folder("repo")); err != nil {
			return fmt.Errorf("remove damaged git cache: %w", err)
		}
	}
	v, err := openVault(s.folder("repo"))
	if err != nil {
		return err
	}
	s.use(v, plumbing.ZeroHash)
	return nil
}

func (s *Source) notice(text string) {
	if s.cfg.Notice != nil {
		s.cfg.Notice(text)
	}
}

// folder returns where a vault lies; nowhere when it is in memory.
func (s *Source) folder(name string) string {
	if s.cfg.Dir == "" {
		return ""
	}
	return filepath.Join(s.cfg.Dir, name)
}

func (s *Source) use(v *vault, head plumbing.Hash) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.vault, s.head = v, head
}

func (s *Source) current() (*vault, plumbing.Hash) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.vault, s.head
}

// Fetch brings the branch up to date and returns its newest commit, of which
// every object is there. After an error, what was there before still is.
func (s *Source) Fetch(ctx context.Context) (string, error) {
	s.fetching.Lock()
	defer s.fetching.Unlock()
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Limits.Timeout)
	defer cancel()
	v, have := s.current()
	if v.damaged.Load() {
		s.notice(lostFiles)
		have = plumbing.ZeroHash
	}
	if have.IsZero() {
		return s.refetch(ctx, 1)
	}
	head, err := s.remote.download(ctx, pull{into: v, have: have})
	switch {
	case errors.Is(err, errTooMany):
		return s.refetch(ctx, 1)
	case err != nil:
		return "", err
	case head == have && v.complete(head) != nil:
		s.notice(lostFiles)
		return s.refetch(ctx, 1)
	case v.complete(head) != nil:
		// The server left an object out: see the trap in the package comment.
		return s.refetch(ctx, 1)
	}
	if head == have {
		return head.String(), nil
	}
	if err := v.SetReference(plumbing.NewHashReference(headRef, head)); err != nil {
		return "", fmt.Errorf("write git cache: %w", err)
	}
	s.use(v, head)
	if s.steps++; s.steps > maxSteps {
		if fresh, err := s.refetch(ctx, min(deeper, s.cfg.Limits.Depth)); err == nil {
			return fresh, nil
		} // else what is there does as well, and the next fetch tries again
	}
	return head.String(), nil
}

// refetch fetches so many commits into a new vault and puts it in the place of
// the old one.
func (s *Source) refetch(ctx context.Context, depth int) (string, error) {
	if s.cfg.Dir != "" {
		if err := os.RemoveAll(s.folder("new")); err != nil {
			return "", fmt.Errorf("clear git cache: %w", err)
		}
	}
	v, err := openVault(s.folder("new"))
	if err != nil {
		return "", err
	}
	head, err := s.remote.download(ctx, pull{into: v, depth: depth})
	if err != nil {
		return "", err
	}
	if err := v.complete(head); err != nil {
		return "", fmt.Errorf("fetch: %s sends commit %s incomplete: %w", redact(s.cfg.URL), short(head.String()), err)
	}
	if err := v.SetReference(plumbing.NewHashReference(headRef, head)); err != nil {
		return "", fmt.Errorf("write git cache: %w", err)
	}
	if s.cfg.Dir != "" {
		if v, err = s.swap(); err != nil {
			return "", err
		}
	}
	s.steps = 1
	s.use(v, head)
	return head.String(), nil
}

// swap puts the new vault on disk in the place of the old one. A crash in
// between leaves no cache, which is the same as an empty one.
func (s *Source) swap() (*vault, error) {
	repo, fresh := s.folder("repo"), s.folder("new")
	if err := os.RemoveAll(repo); err != nil {
		return nil, fmt.Errorf("replace git cache: %w", err)
	}
	if err := os.Rename(fresh, repo); err != nil {
		return nil, fmt.Errorf("replace git cache: %w", err)
	}
	return openVault(repo)
}

// Tree returns the files of a commit. It fetches the commit when it is not
// there, from the branch's history or by its name.
func (s *Source) Tree(ctx context.Context, commit string) (fs.FS, error) {
	v, err := s.need(ctx, commit)
	if err != nil {
		return nil, err
	}
	c, err := object.GetCommit(v, plumbing.NewHash(commit))
	if err != nil {
		return nil, fmt.Errorf("read commit %s: %w", short(commit), err)
	}
	return newTree(v, c.TreeHash, s.cfg.Path, s.cfg.Limits.FileBytes), nil
}

// Changes returns which files differ between two commits, by path, in the whole
// repository. An empty from stands for an empty tree. A commit that is not there
// is fetched.
func (s *Source) Changes(ctx context.Context, from, to string) ([]admission.Change, error) {
	if from != "" {
		if _, err := s.need(ctx, from); err != nil {
			return nil, err
		}
	}
	v, err := s.need(ctx, to)
	if err != nil {
		return nil, err
	}
	a := &object.Tree{}
	if from != "" {
		if a, err = treeOf(v, from); err != nil {
			return nil, err
		}
	}
	b, err := treeOf(v, to)
	if err != nil {
		return nil, err
	}
	return diff(a, b)
}

func treeOf(v *vault, commit string) (*object.Tree, error) {
	c, err := object.GetCommit(v, plumbing.NewHash(commit))
	if err != nil {
		return nil, fmt.Errorf("read commit %s: %w", short(commit), err)
	}
	t, err := c.Tree()
	if err != nil {
		return nil, fmt.Errorf("read tree of commit %s: %w", short(commit), err)
	}
	return t, nil
}
