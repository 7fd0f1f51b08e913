package gitsource

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"github.com/go-git/go-git/v5/plumbing/storer"
	"github.com/go-git/go-git/v5/storage"
	"github.com/go-git/go-git/v5/storage/filesystem"
	"github.com/go-git/go-git/v5/storage/memory"
)

// vault holds git objects, in memory or in a folder. The library's stores are
// not safe for several goroutines, not even for reading; a vault is, also while
// a fetch writes into it.
type vault struct {
	storage.Storer
	mu  sync.Mutex
	dir string // empty in memory

	checking sync.Mutex
	verified map[plumbing.Hash]struct{} // trees and blobs that are known to be there

	// damaged tells that an object that was there cannot be read any more.
	damaged atomic.Bool
}

// openVault opens the vault in a folder, or makes one there; without a folder, in
// memory.
func openVault(dir string) (*vault, error) {
	if dir == "" {
		return newVault(memory.NewStorage(), ""), nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("create git cache: %w", err)
	}
	store := storeIn(dir)
	if err := store.Init(); err != nil {
		return nil, fmt.Errorf("create git cache: %w", err)
	}
	v := newVault(store, dir)
	v.sweep()
	return v, nil
}

func newVault(store storage.Storer, dir string) *vault {
	return &vault{Storer: store, dir: dir, verified: map[plumbing.Hash]struct{}{}}
}

// storeIn returns the store in a folder and writes nothing there.
func storeIn(dir string) *filesystem.Storage {
	return filesystem.NewStorage(osfs.New(dir), cache.NewObjectLRU(16*cache.MiByte))
}

// sweep removes what an interrupted fetch has left behind.
func (v *vault) sweep() {
	for _, name := range v.packs("tmp_pack_*") {
		_ = os.Remove(name) // it only takes room
	}
}

func (v *vault) packs(pattern string) []string {
	if v.dir == "" {
		return nil
	}
	names, err := filepath.Glob(filepath.Join(v.dir, "objects", "pack", pattern))
	if err != nil {
		return nil
	}
	return names
}

// add stores the objects of a pack. Readers wait only while it is entered, not
// while it arrives.
func (v *vault) add(pack io.Reader) error {
	writer, ok := v.Storer.(storer.PackfileWriter)
	if !ok {
		parser, err := packfile.NewParserWithStorage(packfile.NewScanner(pack), v)
		if err != nil {
			return err
		}
		_, err = parser.Parse()
		return err
	}
	v.mu.Lock()
	w, err := writer.PackfileWriter()
	v.mu.Unlock()
	if err != nil {
		return fmt.Errorf("write git cache: %w", err)
	}
	_, err = io.Copy(w, pack)
	v.mu.Lock()
	defer v.mu.Unlock()
	if err = errors.Join(err, w.Close()); err != nil {
		v.sweep()
	}
	return err
}

// EncodedObject returns an object that is wholly in memory.
func (v *vault) EncodedObject(t plumbing.ObjectType, h plumbing.Hash) (plumbing.EncodedObject, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	o, err := v.Storer.EncodedObject(t, h)
	if err != nil {
		return nil, err
	}
	if _, ok := o.(*plumbing.MemoryObject); ok {
		return o, nil
	}
	r, err := o.Reader()
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	m := &plumbing.MemoryObject{}
	m.SetType(o.Type())
	if _, err := io.Copy(m, r); err != nil {
		return nil, err
	}
	return m, nil
}

// content returns what an object holds.
func (v *vault) content(t plumbing.ObjectType, h plumbing.Hash) ([]byte, error) {
	o, err := v.EncodedObject(t, h)
	if err != nil {
		return nil, err
	}
	r, err := o.Reader()
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	return io.ReadAll(r)
}

// HasEncodedObject returns nil when an object is there.
func (v *vault) HasEncodedObject(h plumbing.Hash) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.Storer.HasEncodedObject(h)
}

// EncodedObjectSize returns the size of an object's content in bytes.
func (v *vault) EncodedObjectSize(h plumbing.Hash) (int64, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.Storer.EncodedObjectSize(h)
}

// SetEncodedObject stores an object.
func (v *vault) SetEncodedObject(o plumbing.EncodedObject) (plumbing.Hash, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.Storer.SetEncodedObject(o)
}

// Shallow returns the commits at which history ends.
func (v *vault) Shallow() ([]plumbing.Hash, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.Storer.Shallow()
}

// SetShallow stores at which commits history ends.
func (v *vault) SetShallow(commits []plumbing.Hash) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.Storer.SetShallow(commits)
}

// Reference returns a reference.
func (v *vault) Reference(name plumbing.ReferenceName) (*plumbing.Reference, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.Storer.Reference(name)
}

// SetReference stores a reference.
func (v *vault) SetReference(ref *plumbing.Reference) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.Storer.SetReference(ref)
}
