package fleet

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// lfsPrefix is how a pointer file of git-LFS begins.
const lfsPrefix = "version https://git-lfs.github.com/spec/"

// reader walks one tree.
type reader struct {
	loader   *Loader
	fsys     fs.FS
	files    []sourceFile
	bytes    int64
	problems []Problem
	// lost tells that documents may exist that were not read.
	lost bool
}

// sourceFile is a parsed file and where it lies in this tree.
type sourceFile struct {
	name   string
	parsed *parsedFile
}

func (r *reader) readAll() {
	err := fs.WalkDir(r.fsys, ".", r.visit)
	if err != nil {
		r.refuse(".", "", "cannot read the fleet repository: %v", err)
	}
}

func (r *reader) refuse(name, hint, format string, args ...any) {
	r.lost = true
	r.problems = append(r.problems, Problem{
		Position: Position{File: showPath(name)}, Message: fmt.Sprintf(format, args...), Hint: hint,
	})
}

func (r *reader) visit(name string, entry fs.DirEntry, err error) error {
	if err != nil {
		hint := ""
		if name == "." && errors.Is(err, fs.ErrNotExist) {
			hint = "check the path of the fleet's folder in the repository"
		}
		r.refuse(name, hint, "cannot be read: %v", reason(err))
		if entry != nil && entry.IsDir() || name == "." {
			return fs.SkipDir
		}
		return nil
	}
	if name != "." && strings.HasPrefix(path.Base(name), ".") {
		if entry.IsDir() {
			return fs.SkipDir
		}
		return nil
	}
	if !fs.ValidPath(name) {
		r.refuse(name, "use names without .. and without a leading slash", "lies outside of the repository")
		return skipIfDir(entry)
	}
	if i := strings.IndexFunc(name, func(c rune) bool { return !unicode.IsPrint(c) || c == utf8.RuneError }); i >= 0 {
		c, _ := utf8.DecodeRuneInString(name[i:])
		r.refuse(name, "rename it", "the file's name has %s", describe(c))
		return skipIfDir(entry)
	}
	if entry.IsDir() {
		return nil
	}
	switch mode := entry.Type(); {
	case mode&fs.ModeSymlink != 0:
		r.refuse(name, "put the file itself here, or begin its name with a dot when it is not part of the fleet", "is a symbolic link, which is never followed")
		return nil
	case mode&fs.ModeIrregular != 0:
		r.refuse(name, "put the files themselves into the repository", "is a submodule or another irregular file, which is never followed")
		return nil
	case !mode.IsRegular():
		r.refuse(name, "only plain files are read", "is no plain file (%v)", mode)
		return nil
	}
	if !isYAML(name) {
		return nil
	}
	return r.read(name, entry)
}

func skipIfDir(entry fs.DirEntry) error {
	if entry.IsDir() {
		return fs.SkipDir
	}
	return nil
}

// isYAML also takes .YAML: a blackout must not be overlooked for its capitals.
func isYAML(name string) bool {
	ext := strings.ToLower(path.Ext(name))
	return ext == ".yaml" || ext == ".yml"
}

func (r *reader) read(name string, entry fs.DirEntry) error {
	limits := r.loader.limits
	if len(r.files) >= limits.MaxFiles {
		r.refuse(".", "put several documents into one file", "there are more than %d YAML files", limits.MaxFiles)
		return fs.SkipAll
	}
	info, err := entry.Info()
	if err != nil {
		r.refuse(name, "", "cannot be read: %v", reason(err))
		return nil
	}
	if info.Size() > limits.MaxFileBytes {
		r.tooLarge(name)
		return nil
	}
	if r.bytes += info.Size(); r.bytes > limits.MaxTotalBytes {
		return r.tooMuch()
	}
	key := ""
	if hasher, ok := info.Sys().(interface{ ContentHash() string }); ok && hasher.ContentHash() != "" {
		key = "content " + hasher.ContentHash()
		if p, ok := r.loader.recall(key); ok {
			r.files = append(r.files, sourceFile{name, p})
			return nil
		}
	}
	data, err := readAtMost(r.fsys, name, limits.MaxFileBytes)
	if err != nil {
		r.refuse(name, "", "cannot be read: %v", reason(err))
		return nil
	}
	if int64(len(data)) > limits.MaxFileBytes {
		r.tooLarge(name)
		return nil
	}
	// A file may have grown since its size was told.
	if r.bytes += max(0, int64(len(data))-info.Size()); r.bytes > limits.MaxTotalBytes {
		return r.tooMuch()
	}
	if key == "" {
		sum := sha256.Sum256(data)
		key = "sha256 " + hex.EncodeToString(sum[:])
	}
	p, ok := r.loader.recall(key)
	if !ok {
		p = r.loader.parse(data)
		r.loader.kept[key] = p
	}
	r.files = append(r.files, sourceFile{name, p})
	return nil
}

// tooMuch ends the walk.
func (r *reader) tooMuch() error {
	r.refuse(".", "keep to the fleet's own files", "all YAML files together have more than %d bytes", r.loader.limits.MaxTotalBytes)
	return fs.SkipAll
}

func (r *reader) tooLarge(name string) {
	r.refuse(name, "split it into several files", "has more than %d bytes", r.loader.limits.MaxFileBytes)
}

func readAtMost(fsys fs.FS, name string, limit int64) (data []byte, err error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", name, err)
	}
	defer func() {
		if cerr := f.Close(); err == nil && cerr != nil {
			err = fmt.Errorf("close %s: %w", name, cerr)
		}
	}()
	data, err = io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return data, nil
}

// reason leaves out the path that a PathError repeats.
func reason(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}

// showPath keeps a hostile file name from acting on what prints it.
func showPath(name string) string {
	for _, c := range name {
		if !unicode.IsPrint(c) || c == utf8.RuneError {
			return quote(name)
		}
	}
	return name
}
