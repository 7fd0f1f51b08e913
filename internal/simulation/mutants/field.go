package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

// selector names the environment variable that says which mutation is awake.
const selector = "WAVEGATE_MUTANT"

// field holds many mutations at once, asleep: one build for all of them. A function
// that has mutations begins with their bodies, each behind a question whether it is
// awake, and ends with its own.
type field struct {
	// files are the changed files, by their path in the repository.
	files map[string][]byte
	// numbers are those of the mutations in it, by name. Number 0 is none.
	numbers map[string]int
}

// plant makes a field of all mutations that change nothing but the bodies of
// functions and the values of variables. The others need a build of their own.
func plant(root fs.FS, mutations []mutation) (*field, error) {
	out := &field{files: map[string][]byte{}, numbers: map[string]int{}}
	sources := map[string]*source{}
	for i := range mutations {
		m := &mutations[i]
		changed, err := m.apply(root)
		if err != nil {
			return nil, err
		}
		if _, twice := out.numbers[m.name]; !twice && sow(root, sources, i+1, changed) {
			out.numbers[m.name] = i + 1
		}
	}
	packages := map[string]string{}
	for _, file := range slices.Sorted(maps.Keys(sources)) {
		s := sources[file]
		if len(s.insert) > 0 {
			out.files[file] = s.render()
			packages[path.Dir(file)] = s.parsed.Name.Name
		}
	}
	for dir, name := range packages {
		out.files[path.Join(dir, "zz_awake.go")] = fmt.Appendf(nil,
			"package %s\n\nimport (\n\t\"os\"\n\t\"strconv\"\n)\n\nvar awakeMutant, _ = strconv.Atoi(os.Getenv(%q))\n", name, selector)
	}
	return out, nil
}

// source is an original file and what is put into it.
type source struct {
	text   string
	parsed *ast.File
	insert map[int][]string // by offset
	tail   []string
}

func parseSource(file string, text []byte) (*source, error) {
	parsed, err := parser.ParseFile(token.NewFileSet(), file, text, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	return &source{text: string(text), parsed: parsed, insert: map[int][]string{}}, nil
}

// at is the offset of a position: the file set holds one file, which begins at 1.
func (s *source) at(p token.Pos) int { return int(p) - int(s.parsed.FileStart) }

func (s *source) between(from, to token.Pos) string { return s.text[s.at(from):s.at(to)] }

// sow puts one mutation into the sources, or leaves them as they are and returns
// false when it cannot be put to sleep.
func sow(root fs.FS, sources map[string]*source, number int, changed map[string][]byte) bool {
	type place struct {
		in   *source
		at   int // -1: at the end
		text string
	}
	var places []place
	for file, text := range changed {
		if sources[file] == nil {
			original, err := fs.ReadFile(root, file)
			if err != nil {
				return false
			}
			if sources[file], err = parseSource(file, original); err != nil {
				return false
			}
		}
		before := sources[file]
		after, err := parseSource(file, text)
		if err != nil || len(after.parsed.Decls) != len(before.parsed.Decls) {
			return false
		}
		for i, d := range after.parsed.Decls {
			was := before.parsed.Decls[i]
			if after.between(d.Pos(), d.End()) == before.between(was.Pos(), was.End()) {
				continue
			}
			if at, asleep, ok := putToSleep(number, before, was, after, d); ok {
				places = append(places, place{before, at, asleep})
			} else {
				return false
			}
		}
	}
	for _, p := range places {
		if p.at < 0 {
			p.in.tail = append(p.in.tail, p.text)
			p.in.insert[len(p.in.text)] = p.in.tail
		} else {
			p.in.insert[p.at] = append(p.in.insert[p.at], p.text)
		}
	}
	return len(places) > 0
}

// putToSleep writes what a declaration has become behind a question, and says where
// in the original it belongs.
func putToSleep(number int, before *source, was ast.Decl, after *source, is ast.Decl) (at int, text string, ok bool) {
	switch is := is.(type) {
	case *ast.FuncDecl:
		old, isFunc := was.(*ast.FuncDecl)
		if !isFunc || old.Body == nil || is.Body == nil || before.between(old.Pos(), old.Body.Lbrace) != after.between(is.Pos(), is.Body.Lbrace) {
			return 0, "", false
		}
		end := ""
		if is.Type.Results == nil {
			end = "\nreturn\n"
		}
		body := after.between(is.Body.Lbrace+1, is.Body.Rbrace)
		return before.at(old.Body.Lbrace) + 1, fmt.Sprintf("\nif awakeMutant == %d {%s%s}\n", number, body, end), true
	case *ast.GenDecl:
		if is.Tok != token.VAR || len(is.Specs) != 1 {
			return 0, "", false
		}
		v, isValue := is.Specs[0].(*ast.ValueSpec)
		if !isValue || len(v.Names) != 1 || len(v.Values) != 1 {
			return 0, "", false
		}
		name := v.Names[0].Name
		return -1, fmt.Sprintf("\nvar %s_%d = %s\n\nfunc init() {\n\tif awakeMutant == %d {\n\t\t%s = %s_%d\n\t}\n}\n",
			name, number, after.between(v.Values[0].Pos(), v.Values[0].End()), number, name, name, number), true
	default:
		return 0, "", false
	}
}

func (s *source) render() []byte {
	var b strings.Builder
	last := 0
	for _, at := range slices.Sorted(maps.Keys(s.insert)) {
		b.WriteString(s.text[last:at])
		for _, text := range s.insert[at] {
			b.WriteString(text)
		}
		last = at
	}
	b.WriteString(s.text[last:])
	return []byte(b.String())
}
