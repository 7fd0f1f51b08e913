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
	"github.com/go-git/go-git/v5/storage"

	"github.com/wavegate-dev/wavegate/reconciler/admission"
)

// tree is the files of a commit as an fs.FS. Links appear as links and
// submodules as irregular files: neither is followed.
type tree struct {
	store storage.Storer
	limit int64

	mu   sync.Mutex
	dirs map[string]*object.Tree // by path
}

var (
	_ fs.ReadDirFS  = (*tree)(nil)
	_ fs.ReadFileFS = (*tree)(nil)
	_ fs.StatFS     = (*tree)(nil)
)

func newTree(store storage.Storer, hash plumbing.Hash, sub string, limit int64) (*tree, error) {
	root, err := object.GetTree(store, hash)
	if err != nil {
		return nil, fmt.Errorf("read tree %s: %w", short(hash.String()), err)
	}
	t := &tree{store: store, limit: limit, dirs: map[string]*object.Tree{".": root}}
	if sub = path.Clean(sub); sub == "." || sub == "" {
		return t, nil
	}
	dir, err := t.dir(sub)
	if err != nil {
		return nil, fmt.Errorf("read folder %s: %w", sub, err)
	}
	return &tree{store: store, limit: limit, dirs: map[string]*object.Tree{".": dir}}, nil
}

func (t *tree) dir(name string) (*object.Tree, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.dirLocked(name)
}

func (t *tree) dirLocked(name string) (*object.Tree, error) {
	if d, ok := t.dirs[name]; ok {
		return d, nil
	}
	parent, err := t.dirLocked(path.Dir(name))
	if err != nil {
		return nil, err
	}
	e, ok := entry(parent, path.Base(name))
	if !ok || e.Mode != filemode.Dir {
		return nil, fs.ErrNotExist
	}
	d, err := object.GetTree(t.store, e.Hash)
	if err != nil {
		return nil, fmt.Errorf("read tree %s: %w", short(e.Hash.String()), err)
	}
	t.dirs[name] = d
	return d, nil
}

func entry(d *object.Tree, name string) (object.TreeEntry, bool) {
	for _, e := range d.Entries {
		if e.Name == name {
			return e, true
		}
	}
	return object.TreeEntry{}, false
}

func (t *tree) find(op, name string) (info, error) {
	if !fs.ValidPath(name) {
		return info{}, &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	if name == "." {
		return info{tree: t, entry: object.TreeEntry{Name: ".", Mode: filemode.Dir}}, nil
	}
	d, err := t.dir(path.Dir(name))
	if err != nil {
		return info{}, &fs.PathError{Op: op, Path: name, Err: err}
	}
	e, ok := entry(d, path.Base(name))
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
	d, err := t.dir(name)
	if err != nil {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: err}
	}
	out := make([]fs.DirEntry, 0, len(d.Entries))
	for _, e := range d.Entries {
		out = append(out, info{tree: t, entry: e})
	}
	slices.SortFunc(out, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
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
	obj, err := t.store.EncodedObject(plumbing.BlobObject, i.entry.Hash)
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: name, Err: err}
	}
	if obj.Size() > t.limit {
		return nil, &fs.PathError{Op: "read", Path: name, Err: fmt.Errorf("%d bytes, %d are allowed", obj.Size(), t.limit)}
	}
	r, err := obj.Reader()
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: name, Err: err}
	}
	defer func() { _ = r.Close() }()
	data, err := io.ReadAll(io.LimitReader(r, t.limit+1))
	if err != nil {
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
	n, err := i.tree.store.EncodedObjectSize(i.entry.Hash)
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
