package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"testing"
)

// module is where the packages of the repository are imported from.
const module = "github.com/wavegate-dev/wavegate/"

// TestEveryMutationCompiles checks the types of each mutated package. Nothing is
// built but what it imports, which the build cache has.
func TestEveryMutationCompiles(t *testing.T) {
	packages := map[string]bool{}
	for _, m := range catalogue() {
		for _, e := range m.edits() {
			packages[path.Dir(e.file)] = true
		}
	}
	c := newCompiler(t, packages)
	for _, m := range catalogue() {
		t.Run(m.name, func(t *testing.T) {
			changed, err := m.apply(os.DirFS(root))
			if err != nil {
				t.Fatal(err)
			}
			for file := range changed {
				if err := c.check(path.Dir(file), changed); err != nil {
					t.Errorf("%s does not compile: %v", path.Dir(file), err)
				}
			}
		})
	}
}

// TestAMutationThatDoesNotCompileIsFound makes sure that the check above finds
// something when there is something.
func TestAMutationThatDoesNotCompileIsFound(t *testing.T) {
	const file = "reconciler/plan/limits.go"
	c := newCompiler(t, map[string]bool{path.Dir(file): true})
	if err := c.check(path.Dir(file), nil); err != nil {
		t.Fatalf("the package as it is does not compile: %v", err)
	}
	m := mutation{name: "broken", file: file, old: "u.total++", new: "u.sum++"}
	changed, err := m.apply(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.check(path.Dir(file), changed); err == nil {
		t.Error("a field that does not exist compiles")
	}
}

// compiler checks types with the export data of what is imported.
type compiler struct {
	fset     *token.FileSet
	importer types.Importer
	files    map[string][]string // of a package of the repository
}

func newCompiler(t *testing.T, packages map[string]bool) *compiler {
	t.Helper()
	args := []string{"list", "-deps", "-export", "-json=ImportPath,Export,GoFiles"}
	for pkg := range packages {
		args = append(args, "./"+pkg)
	}
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("list packages: %v\n%s", err, stderr.String())
	}
	c := &compiler{fset: token.NewFileSet(), files: map[string][]string{}}
	exports := map[string]string{}
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			ImportPath, Export string
			GoFiles            []string
		}
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("read the list of packages: %v", err)
		}
		exports[p.ImportPath], c.files[p.ImportPath] = p.Export, p.GoFiles
	}
	c.importer = importer.ForCompiler(c.fset, "gc", func(pkg string) (io.ReadCloser, error) { return os.Open(exports[pkg]) })
	return c
}

func (c *compiler) check(pkg string, changed map[string][]byte) error {
	var files []*ast.File
	for _, name := range c.files[module+pkg] {
		file := path.Join(pkg, name)
		text, ok := changed[file]
		if !ok {
			var err error
			if text, err = os.ReadFile(filepath.Join(root, filepath.FromSlash(file))); err != nil {
				return err
			}
		}
		parsed, err := parser.ParseFile(c.fset, file, text, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		files = append(files, parsed)
	}
	conf := types.Config{Importer: c.importer}
	_, err := conf.Check(module+pkg, c.fset, files, nil)
	return err
}
