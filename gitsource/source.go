package gitsource

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/storage"
	"github.com/go-git/go-git/v5/storage/filesystem"
	"github.com/go-git/go-git/v5/storage/memory"

	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/admission"
)

// Source is one branch of a git repository. It is safe for concurrent use;
// fetches wait for each other.
type Source struct {
	cfg    Config
	remote *remote

	fetching sync.Mutex // one fetch at a time

	mu       sync.Mutex
	store    storage.Storer
	head     plumbing.Hash
	verified map[plumbing.Hash]struct{} // trees and blobs that are known to be there
}

var _ reconciler.Source = (*Source)(nil)

// headRef is where the cache keeps the branch.
const headRef = plumbing.ReferenceName("refs/wavegate/head")

// New returns a source that has not fetched yet, with what its cache holds.
func New(cfg Config) (*Source, error) {
	if cfg.Branch == "" {
		cfg.Branch = "main"
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
	store, err := s.newStore("repo")
	if err != nil {
		return err
	}
	s.use(store, plumbing.ZeroHash)
	ref, err := store.Reference(headRef)
	if err != nil {
		if !errors.Is(err, plumbing.ErrReferenceNotFound) {
			return s.discard("its head cannot be read")
		}
		return nil
	}
	if err := s.verify(store, ref.Hash()); err != nil {
		return s.discard(err.Error())
	}
	s.head = ref.Hash()
	return nil
}

// discard throws the cache away.
func (s *Source) discard(why string) error {
	if s.cfg.Notice != nil {
		s.cfg.Notice("git cache is damaged and is fetched anew: " + why)
	}
	if s.cfg.Dir != "" {
		if err := os.RemoveAll(filepath.Join(s.cfg.Dir, "repo")); err != nil {
			return fmt.Errorf("remove damaged git cache: %w", err)
		}
	}
	store, err := s.newStore("repo")
	if err != nil {
		return err
	}
	s.use(store, plumbing.ZeroHash)
	return nil
}

// newStore makes an empty store, or opens the one of that name.
func (s *Source) newStore(name string) (storage.Storer, error) {
	if s.cfg.Dir == "" {
		return memory.NewStorage(), nil
	}
	dir := filepath.Join(s.cfg.Dir, name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("create git cache: %w", err)
	}
	store := filesystem.NewStorage(osfs.New(dir, osfs.WithBoundOS()), cache.NewObjectLRU(16*cache.MiByte))
	if err := store.Init(); err != nil {
		return nil, fmt.Errorf("create git cache: %w", err)
	}
	return store, nil
}

func (s *Source) use(store storage.Storer, head plumbing.Hash) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.store, s.head, s.verified = store, head, map[plumbing.Hash]struct{}{}
}

func (s *Source) current() (storage.Storer, plumbing.Hash) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.store, s.head
}

// Fetch brings the branch up to date and returns its newest commit, of which
// every object is there. After an error, what was there before still is.
func (s *Source) Fetch(ctx context.Context) (string, error) {
	s.fetching.Lock()
	defer s.fetching.Unlock()
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Limits.Timeout)
	defer cancel()
	store, have := s.current()
	if have.IsZero() {
		head, err := s.refetch(ctx, 1)
		return head.String(), err
	}
	head, err := s.remote.download(ctx, pull{into: store, have: have})
	if err != nil {
		return "", err
	}
	if err := s.verify(store, head); err != nil {
		// The server left an object out: see the trap in the package comment.
		fresh, err := s.refetch(ctx, 1)
		return fresh.String(), err
	}
	return head.String(), s.keep(store, head)
}

// keep remembers the branch's head.
func (s *Source) keep(store storage.Storer, head plumbing.Hash) error {
	if err := store.SetReference(plumbing.NewHashReference(headRef, head)); err != nil {
		return fmt.Errorf("write git cache: %w", err)
	}
	s.mu.Lock()
	s.head = head
	s.mu.Unlock()
	return nil
}

// refetch fetches into a new store and puts it in the place of the old one.
func (s *Source) refetch(ctx context.Context, depth int) (plumbing.Hash, error) {
	if s.cfg.Dir != "" {
		if err := os.RemoveAll(filepath.Join(s.cfg.Dir, "new")); err != nil {
			return plumbing.ZeroHash, fmt.Errorf("clear git cache: %w", err)
		}
	}
	store, err := s.newStore("new")
	if err != nil {
		return plumbing.ZeroHash, err
	}
	head, err := s.remote.download(ctx, pull{into: store, depth: depth})
	if err != nil {
		return plumbing.ZeroHash, err
	}
	if err := s.verifyWith(store, head, map[plumbing.Hash]struct{}{}); err != nil {
		return plumbing.ZeroHash, fmt.Errorf("fetch: %s sends an incomplete commit: %w", redact(s.cfg.URL), err)
	}
	if err := store.SetReference(plumbing.NewHashReference(headRef, head)); err != nil {
		return plumbing.ZeroHash, fmt.Errorf("write git cache: %w", err)
	}
	if s.cfg.Dir != "" {
		if store, err = s.swap(); err != nil {
			return plumbing.ZeroHash, err
		}
	}
	s.use(store, head)
	return head, nil
}

// swap puts the new store on disk in the place of the old one. A crash in
// between leaves no cache, which is the same as an empty one.
func (s *Source) swap() (storage.Storer, error) {
	repo, fresh := filepath.Join(s.cfg.Dir, "repo"), filepath.Join(s.cfg.Dir, "new")
	if err := os.RemoveAll(repo); err != nil {
		return nil, fmt.Errorf("replace git cache: %w", err)
	}
	if err := os.Rename(fresh, repo); err != nil {
		return nil, fmt.Errorf("replace git cache: %w", err)
	}
	return s.newStore("repo")
}

// Tree returns the files of a commit.
func (s *Source) Tree(_ context.Context, commit string) (fs.FS, error) {
	store, _ := s.current()
	c, err := object.GetCommit(store, plumbing.NewHash(commit))
	if err != nil {
		return nil, fmt.Errorf("read commit %s: %w", commit, err)
	}
	return newTree(store, c.TreeHash, s.cfg.Path, s.cfg.Limits.FileBytes)
}

// Changes returns which files differ between two commits, by path. An empty
// from stands for an empty tree.
func (s *Source) Changes(_ context.Context, from, to string) ([]admission.Change, error) {
	store, _ := s.current()
	var a *object.Tree
	if from != "" {
		c, err := object.GetCommit(store, plumbing.NewHash(from))
		if err != nil {
			return nil, fmt.Errorf("read commit %s: %w", from, err)
		}
		if a, err = c.Tree(); err != nil {
			return nil, fmt.Errorf("read tree of commit %s: %w", from, err)
		}
	}
	c, err := object.GetCommit(store, plumbing.NewHash(to))
	if err != nil {
		return nil, fmt.Errorf("read commit %s: %w", to, err)
	}
	b, err := c.Tree()
	if err != nil {
		return nil, fmt.Errorf("read tree of commit %s: %w", to, err)
	}
	return diff(a, b)
}
