package console

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"time"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/wavegate-dev/wavegate/reconciler/admission"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// edit is a fleet repository in which one version is another one.
type edit struct {
	file          string
	before, after []byte
}

// moveVersion sets the version of a product in a cohort. It replaces the text of
// exactly that version, so that comments and layout stay, and fails unless the
// result is a valid fleet repository that differs in this version and in nothing
// else.
func moveVersion(tree fs.FS, cohort, product string, to fleet.Version) (*edit, error) {
	from, problems := fleet.Load(tree)
	if len(problems) > 0 {
		return nil, fmt.Errorf("edit version: the fleet repository is not valid: %w", problems[0])
	}
	e, err := findVersion(tree, cohort, product, to.String())
	if err != nil {
		return nil, fmt.Errorf("edit version of %s in cohort %s: %w", product, cohort, err)
	}
	result, problems := fleet.Load(&overlay{tree, e.file, e.after})
	if len(problems) > 0 {
		return nil, fmt.Errorf("edit version of %s in cohort %s: the result is not valid: %w", product, cohort, problems[0])
	}
	moves := admission.Moves(from, result)
	if len(moves) != 1 || moves[0].Product != product || moves[0].Cohort != cohort || moves[0].To != to {
		return nil, fmt.Errorf("edit version of %s in cohort %s: %s would change more than that, or something else; edit it by hand", product, cohort, e.file)
	}
	return e, nil
}

func findVersion(tree fs.FS, cohort, product, to string) (*edit, error) {
	var found *edit
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case name != "." && strings.HasPrefix(d.Name(), "."):
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case d.IsDir() || path.Ext(name) != ".yaml" && path.Ext(name) != ".yml":
			return nil
		}
		text, err := fs.ReadFile(tree, name)
		if err != nil || !bytes.Contains(text, []byte("Cohort")) {
			return err
		}
		after, err := replaceVersion(text, cohort, product, to)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if after == nil {
			return nil
		}
		if found != nil {
			return fmt.Errorf("it is in %s and in %s", found.file, name)
		}
		found = &edit{name, text, after}
		return nil
	})
	if err == nil && found == nil {
		err = errors.New("no file has it")
	}
	return found, err
}

// replaceVersion returns the text of a file with another version, or nil when the
// file does not have it.
func replaceVersion(text []byte, cohort, product, to string) ([]byte, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var at *yaml.Node
	for {
		var doc yaml.Node
		if err := decoder.Decode(&doc); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("parse: %w", err)
		}
		if len(doc.Content) != 1 {
			continue
		}
		root := doc.Content[0]
		if kind, name := child(root, "kind"), child(root, "metadata", "name"); kind == nil || kind.Value != "Cohort" || name == nil || name.Value != cohort {
			continue
		}
		node := child(root, "spec", "versions", product)
		switch {
		case node == nil:
			continue
		case at != nil:
			return nil, errors.New("it is there twice")
		}
		at = node
	}
	if at == nil {
		return nil, nil
	}
	if at.Kind != yaml.ScalarNode || at.Anchor != "" {
		return nil, fmt.Errorf("line %d: it is an alias or an anchor; edit it by hand", at.Line)
	}
	start, err := offset(text, at.Line, at.Column)
	if err != nil {
		return nil, err
	}
	old, fresh, err := spell(at, to)
	if err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(text[start:], []byte(old)) {
		return nil, fmt.Errorf("line %d: it is written in an unusual way; edit it by hand", at.Line)
	}
	out := make([]byte, 0, len(text)+len(fresh))
	out = append(out, text[:start]...)
	out = append(out, fresh...)
	return append(out, text[start+len(old):]...), nil
}

// child follows keys through mappings.
func child(n *yaml.Node, keys ...string) *yaml.Node {
	for _, key := range keys {
		if n == nil || n.Kind != yaml.MappingNode {
			return nil
		}
		var next *yaml.Node
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Kind == yaml.ScalarNode && n.Content[i].Value == key {
				next = n.Content[i+1]
			}
		}
		n = next
	}
	return n
}

// spell returns how the old version is written and how the new one is, in the same
// style where that means the same text.
func spell(n *yaml.Node, to string) (old, fresh string, err error) {
	if to == "" || strings.ContainsAny(to, "\"'\\\n\r\t ") {
		return "", "", fmt.Errorf("%q is no version", to)
	}
	switch n.Style &^ yaml.TaggedStyle {
	case yaml.DoubleQuotedStyle:
		return `"` + n.Value + `"`, `"` + to + `"`, nil
	case yaml.SingleQuotedStyle:
		return "'" + n.Value + "'", "'" + to + "'", nil
	case 0:
		var plain yaml.Node
		if err := yaml.Unmarshal([]byte("v: "+to+" # end"), &plain); err == nil && len(plain.Content) == 1 {
			if v := child(plain.Content[0], "v"); v != nil && v.Kind == yaml.ScalarNode && v.Tag == "!!str" && v.Value == to && !strings.ContainsAny(to, ",[]{}") {
				return n.Value, to, nil
			}
		}
		return n.Value, `"` + to + `"`, nil
	default:
		return "", "", fmt.Errorf("line %d: it is written over several lines; edit it by hand", n.Line)
	}
}

// offset is where a line and a column are, both counted from one; a column is a
// character.
func offset(text []byte, line, column int) (int, error) {
	at := 0
	for range line - 1 {
		next := bytes.IndexByte(text[at:], '\n')
		if next < 0 {
			return 0, fmt.Errorf("line %d is not there", line)
		}
		at += next + 1
	}
	for range column - 1 {
		if at >= len(text) {
			return 0, fmt.Errorf("line %d has no column %d", line, column)
		}
		_, size := utf8.DecodeRune(text[at:])
		at += size
	}
	return at, nil
}

// overlay is a tree in which one file is another one.
type overlay struct {
	fs.FS
	name string
	text []byte
}

func (o *overlay) Open(name string) (fs.File, error) {
	if name == o.name {
		return &overlaid{overlayInfo{path.Base(name), int64(len(o.text))}, bytes.NewReader(o.text)}, nil
	}
	return o.FS.Open(name)
}

// ReadDir lists a folder; what it says of the file that is another one is that
// one's.
func (o *overlay) ReadDir(name string) ([]fs.DirEntry, error) {
	list, err := fs.ReadDir(o.FS, name)
	if path.Dir(o.name) == path.Clean(name) {
		for i := range list {
			if list[i].Name() == path.Base(o.name) {
				list[i] = fs.FileInfoToDirEntry(overlayInfo{list[i].Name(), int64(len(o.text))})
			}
		}
	}
	return list, err
}

type overlaid struct {
	overlayInfo
	*bytes.Reader
}

func (f *overlaid) Stat() (fs.FileInfo, error) { return f.overlayInfo, nil }
func (f *overlaid) Close() error               { return nil }
func (f *overlaid) Size() int64                { return f.size }

type overlayInfo struct {
	name string
	size int64
}

func (i overlayInfo) Name() string     { return i.name }
func (i overlayInfo) Size() int64      { return i.size }
func (overlayInfo) Mode() fs.FileMode  { return 0o444 }
func (overlayInfo) ModTime() time.Time { return time.Time{} }
func (overlayInfo) IsDir() bool        { return false }
func (overlayInfo) Sys() any           { return nil }
