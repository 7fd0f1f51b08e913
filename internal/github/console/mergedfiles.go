package console

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"path"
	"slices"
)

// MergedFiles returns the files that merging head into base would give, for
// [Config].Preview: those that head has changed since ancestor, the newest commit
// that both have in their history, are head's, and all others are base's. A file
// that both have changed, differently, is head's too: git may merge it line by
// line or not at all, and which is for GitHub to say.
func MergedFiles(ancestor, base, head fs.FS) fs.FS { return &mergedFiles{ancestor, base, head} }

type mergedFiles struct{ ancestor, base, head fs.FS }

// of returns the tree that a file is taken from.
func (m *mergedFiles) of(name string) (fs.FS, error) {
	before, err := contentOf(m.ancestor, name)
	if err != nil {
		return nil, err
	}
	after, err := contentOf(m.head, name)
	if err != nil || before != after {
		return m.head, err
	}
	return m.base, nil
}

// Open implements fs.FS.
func (m *mergedFiles) Open(name string) (fs.File, error) {
	if info, err := fs.Stat(m.base, name); err == nil && info.IsDir() {
		return m.base.Open(name)
	}
	tree, err := m.of(name)
	if err != nil {
		return nil, err
	}
	return tree.Open(name)
}

// ReadDir implements fs.ReadDirFS.
func (m *mergedFiles) ReadDir(name string) ([]fs.DirEntry, error) {
	found := map[string]fs.DirEntry{}
	missing := 0
	for _, tree := range []fs.FS{m.base, m.head} {
		list, err := fs.ReadDir(tree, name)
		if errors.Is(err, fs.ErrNotExist) {
			missing++
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, d := range list {
			if d.IsDir() {
				found[d.Name()] = d
				continue
			}
			from, err := m.of(path.Join(name, d.Name()))
			if err != nil {
				return nil, err
			}
			if from == tree {
				found[d.Name()] = d
			}
		}
	}
	if missing == 2 {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrNotExist}
	}
	out := make([]fs.DirEntry, 0, len(found))
	for _, d := range found {
		out = append(out, d)
	}
	slices.SortFunc(out, func(a, b fs.DirEntry) int {
		if a.Name() < b.Name() {
			return -1
		}
		return 1
	})
	return out, nil
}

// contentOf identifies what is in a file, empty where there is none.
func contentOf(tree fs.FS, name string) (string, error) {
	info, err := fs.Stat(tree, name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", nil
	case err != nil:
		return "", err
	case info.IsDir():
		return "folder", nil
	}
	if h, ok := info.Sys().(interface{ ContentHash() string }); ok {
		if hash := h.ContentHash(); hash != "" {
			return "hash " + hash, nil
		}
	}
	data, err := fs.ReadFile(tree, name)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(data)
	return "sum " + hex.EncodeToString(sum[:]), nil
}
