package gitsource

import (
	"bytes"
	"crypto/sha1" // it is git's own checksum
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// complete returns nil when a commit and every file and folder of it are there.
// What was found once is not looked for again, so that a new commit costs only
// what it changes.
func (v *vault) complete(commit plumbing.Hash) error {
	v.checking.Lock()
	defer v.checking.Unlock()
	c, err := object.GetCommit(v, commit)
	if err != nil {
		return fmt.Errorf("read commit %s: %w", short(commit.String()), err)
	}
	// A list instead of a recursion: how deep folders are nested is up to
	// whoever may push.
	var walked []plumbing.Hash
	for open := []plumbing.Hash{c.TreeHash}; len(open) > 0; {
		hash := open[len(open)-1]
		open = open[:len(open)-1]
		if _, ok := v.verified[hash]; ok {
			continue
		}
		t, err := object.GetTree(v, hash)
		if err != nil {
			return fmt.Errorf("read tree %s: %w", short(hash.String()), err)
		}
		walked = append(walked, hash)
		for _, e := range t.Entries {
			if _, ok := v.verified[e.Hash]; ok || e.Mode == filemode.Submodule {
				continue
			}
			if e.Mode == filemode.Dir {
				open = append(open, e.Hash)
				continue
			}
			if err := v.HasEncodedObject(e.Hash); err != nil {
				return fmt.Errorf("read file %q: %w", e.Name, err)
			}
			v.verified[e.Hash] = struct{}{}
		}
	}
	// Only now, when nothing below is missing, may a tree stand for what is
	// below it.
	for _, hash := range walked {
		v.verified[hash] = struct{}{}
	}
	return nil
}

// sound reports whether the packs on disk are as they were written. A machine
// that lost its power may leave files of which a part is missing.
func (v *vault) sound() error {
	packs := v.packs("pack-*.pack")
	for _, name := range packs {
		sum, err := checksum(name)
		if err != nil {
			return err
		}
		if want := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(name), "pack-"), ".pack"); want != fmt.Sprintf("%x", sum) {
			return fmt.Errorf("%s is not what was written", filepath.Base(name))
		}
		if _, err := checksum(strings.TrimSuffix(name, ".pack") + ".idx"); err != nil {
			return err
		}
	}
	return nil
}

// checksum returns the checksum at the end of a file of git's, when it is right.
func checksum(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() < sha1.Size {
		return nil, fmt.Errorf("%s is cut off", filepath.Base(name))
	}
	h := sha1.New()
	if _, err := io.Copy(h, io.LimitReader(f, info.Size()-sha1.Size)); err != nil {
		return nil, err
	}
	end := make([]byte, sha1.Size)
	if _, err := io.ReadFull(f, end); err != nil {
		return nil, err
	}
	if !bytes.Equal(end, h.Sum(nil)) {
		return nil, fmt.Errorf("%s is damaged", filepath.Base(name))
	}
	return end, nil
}

// suspect notes that something that was there cannot be read. The next fetch
// then begins anew.
func (v *vault) suspect(err error) {
	if err != nil {
		v.damaged.Store(true)
	}
}

// missing reports whether an error says that an object is not there.
func missing(err error) bool { return errors.Is(err, plumbing.ErrObjectNotFound) }
