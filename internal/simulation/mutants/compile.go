package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
	"slices"
)

// module is where the packages of the repository are imported from.
const module = "github.com/wavegate-dev/wavegate/"

// compiler checks the types of a changed package, with the export data of what it
// imports: nothing is built but that, which the build cache has.
type compiler struct {
	root     string
	fset     *token.FileSet
	importer types.Importer
	files    map[string][]string // of a package of the repository
}

// newCompiler returns one for packages of the repository at root, named by their
// folders.
func newCompiler(ctx context.Context, root string, packages map[string]bool) (*compiler, error) {
	args := []string{"list", "-deps", "-export", "-json=ImportPath,Export,GoFiles"}
	for pkg := range packages {
		args = append(args, "./"+pkg)
	}
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("list packages: %w\n%s", err, stderr.String())
	}
	c := &compiler{root: root, fset: token.NewFileSet(), files: map[string][]string{}}
	exports := map[string]string{}
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			ImportPath, Export string
			GoFiles            []string
		}
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("read the list of packages: %w", err)
		}
		exports[p.ImportPath], c.files[p.ImportPath] = p.Export, p.GoFiles
	}
	c.importer = importer.ForCompiler(c.fset, "gc", func(pkg string) (io.ReadCloser, error) { return os.Open(exports[pkg]) })
	return c, nil
}

// check returns what is wrong with a package when some of its files are changed.
func (c *compiler) check(pkg string, changed map[string][]byte) error {
	var files []*ast.File
	names := slices.Clone(c.files[module+pkg])
	for file := range changed {
		if name := path.Base(file); path.Dir(file) == pkg && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, name := range names {
		file := path.Join(pkg, name)
		text, ok := changed[file]
		if !ok {
			var err error
			if text, err = os.ReadFile(filepath.Join(c.root, filepath.FromSlash(file))); err != nil {
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
