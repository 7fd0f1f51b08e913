package gitsource

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"

	"github.com/wavegate-dev/wavegate/reconciler/admission"
)

// maxTreeDepth bounds how deep folders may be nested.
const maxTreeDepth = 200

// tree is the files of a commit as an fs.FS. Links appear as links and
// submodules as irregular files: neither is followed.
type tree struct {
	vault  *vault
	limit  int64 // of a file that is read, in bytes
	broken error // why there is no root

	mu      sync.Mutex
	folders map[string]*folder // by path
}

var (
	_ fs.ReadDirFS  = (*tree)(nil)
	_ fs.ReadFileFS = (*tree)(nil)
	_ fs.StatFS     = (*tree)(nil)
)

// newTree returns what lies in a folder of a tree. When there is no such folder,
// or a tree is not as git makes it, that is told to whoever reads the root: it is
// a mistake in the repository, which a later commit may mend.
func newTree(v *vault, hash plumbing.Hash, sub string, limit int64) *tree {
	whole := &tree{vault: v, limit: limit, folders: map[string]*folder{}}
	root, err := readFolder(v, hash)
	if err != nil {
		whole.broken = err
		return whole
	}
	whole.folders["."] = root
	if sub = path.Clean(sub); sub == "." {
		return whole
	}
	part := &tree{vault: v, limit: limit, folders: map[string]*folder{}}
	if part.folders["."], part.broken = whole.folder(sub); errors.Is(part.broken, fs.ErrNotExist) {
		part.broken = fmt.Errorf("there is no folder %s in the repository: %w", sub, fs.ErrNotExist)
	}
	return part
}

// folder returns a folder by its path; links are not followed.
func (t *tree) folder(name string) (*folder, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.broken != nil {
		return nil, t.broken
	}
	at := t.folders["."]
	if f, ok := t.folders[name]; ok {
		return f, nil
	}
	parts := strings.Split(name, "/")
	if len(parts) > maxTreeDepth {
		return nil, fmt.Errorf("folders are nested more than %d deep", maxTreeDepth)
	}
	for i, part := range parts {
		e, ok := at.find(part)
		if !ok || e.Mode != filemode.Dir {
			return nil, fs.ErrNotExist
		}
		sub := strings.Join(parts[:i+1], "/")
		next, ok := t.folders[sub]
		if !ok {
			var err error
			if next, err = readFolder(t.vault, e.Hash); err != nil {
				return nil, err
			}
			t.folders[sub] = next
		}
		at = next
	}
	return at, nil
}

// folder is what lies in a folder, by name.
type folder struct{ entries []object.TreeEntry }

func readFolder(v *vault, hash plumbing.Hash) (*folder, error) {
	t, err := object.GetTree(v, hash)
	if err != nil {
		v.suspect(err)
		return nil, fmt.Errorf("read tree %s: %w", short(hash.String()), err)
	}
	// Git sorts folders as if their names ended with a slash.
	entries := slices.SortedFunc(slices.Values(t.Entries), func(a, b object.TreeEntry) int { return strings.Compare(a.Name, b.Name) })
	for i, e := range entries {
		if e.Name == "" || e.Name == "." || e.Name == ".." || strings.Contains(e.Name, "/") {
			return nil, fmt.Errorf("read tree %s: %q is no name for a file", short(hash.String()), e.Name)
		}
		if i > 0 && entries[i-1].Name == e.Name {
			return nil, fmt.Errorf("read tree %s: it has two entries with the name %q", short(hash.String()), e.Name)
		}
	}
	return &folder{entries}, nil
}

func (f *folder) find(name string) (object.TreeEntry, bool) {
	i, ok := slices.BinarySearchFunc(f.entries, name, func(e object.TreeEntry, name string) int { return strings.Compare(e.Name, name) })
	if !ok {
		return object.TreeEntry{}, false
	}
	return f.entries[i], true
}

func (t *tree) find(op, name string) (info, error) {
	if !fs.ValidPath(name) {
		return info{}, &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	parent, err := t.folder(path.Dir(name))
	if err != nil {
		return info{}, &fs.PathError{Op: op, Path: name, Err: err}
	}
	if name == "." {
		return info{tree: t, entry: object.TreeEntry{Name: ".", Mode: filemode.Dir}}, nil
	}
	e, ok := parent.find(path.Base(name))
	if !ok {
		return info{}, &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
	}
	return info{tree: t, entry: e}, nil
}

// Stat implements fs.StatFS. It follows no link.
func (t *tree) Stat(name string) (fs.FileInfo, error) { return t.find("stat", name) }

// ReadDir implements fs.ReadDirFS.
func (t *tree) ReadDir(name string) ([]fs.DirEntry, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrInvalid}
	}
	f, err := t.folder(name)
	if err != nil {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: err}
	}
	out := make([]fs.DirEntry, 0, len(f.entries))
	for _, e := range f.entries {
		out = append(out, info{tree: t, entry: e})
	}
	return out, nil
}

// ReadFile implements fs.ReadFileFS.
func (t *tree) ReadFile(name string) ([]byte, error) {
	i, err := t.find("read", name)
	if err != nil {
		return nil, err
	}
	if !i.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "read", Path: name, Err: errors.New("not a regular file")}
	}
	size, err := t.vault.EncodedObjectSize(i.entry.Hash)
	if err != nil {
		t.vault.suspect(err)
		return nil, &fs.PathError{Op: "read", Path: name, Err: err}
	}
	if size > t.limit {
		return nil, &fs.PathError{Op: "read", Path: name, Err: fmt.Errorf("%d bytes, %d are allowed", size, t.limit)}
	}
	data, err := t.vault.content(plumbing.BlobObject, i.entry.Hash)
	if err != nil {
		t.vault.suspect(err)
		return nil, &fs.PathError{Op: "read", Path: name, Err: err}
	}
	return data, nil
}

// Open implements fs.FS.
func (t *tree) Open(name string) (fs.File, error) {
	i, err := t.find("open", name)
	if err != nil {
		return nil, err
	}
	if i.IsDir() {
		entries, err := t.ReadDir(name)
		return &openDir{info: i, entries: entries}, err
	}
	data, err := t.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return &openFile{info: i, Reader: bytes.NewReader(data)}, nil
}

// info describes an entry. Its size is looked up when it is asked for.
type info struct {
	tree  *tree
	entry object.TreeEntry
}

var (
	_ fs.FileInfo = info{}
	_ fs.DirEntry = info{}
)

func (i info) Name() string               { return i.entry.Name }
func (i info) IsDir() bool                { return i.entry.Mode == filemode.Dir }
func (i info) ModTime() time.Time         { return time.Time{} }
func (i info) Type() fs.FileMode          { return i.Mode().Type() }
func (i info) Info() (fs.FileInfo, error) { return i, nil }
func (i info) Sys() any                   { return content{i.entry} }

func (i info) Mode() fs.FileMode {
	switch i.entry.Mode {
	case filemode.Dir:
		return fs.ModeDir | 0o555
	case filemode.Regular, filemode.Deprecated:
		return 0o444
	case filemode.Executable:
		return 0o555
	case filemode.Symlink:
		return fs.ModeSymlink | 0o444
	default:
		return fs.ModeIrregular
	}
}

func (i info) Size() int64 {
	if !i.Mode().IsRegular() {
		return 0
	}
	n, err := i.tree.vault.EncodedObjectSize(i.entry.Hash)
	if err != nil {
		return 0
	}
	return n
}

// content identifies what a file holds.
type content struct{ entry object.TreeEntry }

// ContentHash is the same for two files exactly when they hold the same.
func (c content) ContentHash() string { return c.entry.Hash.String() + c.entry.Mode.String() }

type openFile struct {
	info info
	*bytes.Reader
}

func (f *openFile) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *openFile) Close() error               { return nil }

type openDir struct {
	info    info
	entries []fs.DirEntry
}

func (d *openDir) Stat() (fs.FileInfo, error) { return d.info, nil }
func (d *openDir) Close() error               { return nil }

func (d *openDir) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.info.Name(), Err: errors.New("is a folder")}
}

func (d *openDir) ReadDir(n int) ([]fs.DirEntry, error) {
	if n <= 0 {
		out := d.entries
		d.entries = nil
		return out, nil
	}
	if len(d.entries) == 0 {
		return nil, io.EOF
	}
	n = min(n, len(d.entries))
	out := d.entries[:n]
	d.entries = d.entries[n:]
	return out, nil
}

// diff compares two trees by hash and returns the files that differ, by path.
func diff(a, b *object.Tree) ([]admission.Change, error) {
	changes, err := object.DiffTree(a, b)
	if err != nil {
		return nil, fmt.Errorf("compare trees: %w", err)
	}
	out := make([]admission.Change, 0, len(changes))
	for _, c := range changes {
		ch := admission.Change{}
		if c.From.Name != "" {
			ch.Path, ch.Before = c.From.Name, content{c.From.TreeEntry}.ContentHash()
		}
		if c.To.Name != "" {
			ch.Path, ch.After = c.To.Name, content{c.To.TreeEntry}.ContentHash()
		}
		out = append(out, ch)
	}
	slices.SortFunc(out, func(a, b admission.Change) int { return strings.Compare(a.Path, b.Path) })
	return out, nil
}
