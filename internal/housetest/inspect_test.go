package housetest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// inspect reads all Go files of a tree and returns what is against the rules,
// each as "file:line: what is wrong", sorted by file.
func inspect(tree fs.FS) ([]string, error) {
	var findings []string
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata"):
			return fs.SkipDir
		case d.IsDir():
			if vague(d.Name()) {
				findings = append(findings, name+": the name says nothing; name it after its topic")
			}
			return nil
		case path.Ext(name) != ".go":
			return nil
		}
		source, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		found, err := inspectFile(name, source)
		findings = append(findings, found...)
		return err
	})
	return findings, err
}

func vague(name string) bool {
	return slices.Contains(vagueNames, strings.TrimSuffix(strings.TrimSuffix(name, ".go"), "_test"))
}

func inspectFile(name string, source []byte) ([]string, error) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, name, source, 0)
	if err != nil {
		return nil, fmt.Errorf("parse %s: %w", name, err)
	}
	var findings []string
	report := func(at token.Pos, format string, args ...any) {
		findings = append(findings, fmt.Sprintf("%s:%d: ", name, files.Position(at).Line)+fmt.Sprintf(format, args...))
	}
	if vague(path.Base(name)) {
		report(file.Package, "the file's name says nothing; name it after its topic")
	}
	if strings.HasSuffix(name, "_test.go") {
		return findings, nil // tests may use what they need
	}
	pkg := path.Dir(name)
	imported := map[string]string{} // the name in this file -> import path
	for _, spec := range file.Imports {
		to, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, fmt.Errorf("parse %s: import %s: %w", name, spec.Path.Value, err)
		}
		local := path.Base(to)
		if spec.Name != nil {
			local = spec.Name.Name
		}
		imported[local] = to
		if why := importFault(pkg, to); why != "" {
			report(spec.Pos(), "%s must not import %s: %s", pkg, to, why)
		}
		if local == "." {
			report(spec.Pos(), "a dot import hides where names come from")
		}
	}
	for _, decl := range file.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
			report(f.Pos(), "no init functions: work is done when it is asked for")
		}
	}
	if slices.Contains(pure, pkg) {
		inspectNames(file, imported, report)
	}
	return findings, nil
}

// importFault says why a package must not import another one, or returns "".
func importFault(pkg, to string) string {
	if own, ok := strings.CutPrefix(to, module+"/"); ok {
		return mayImport(pkg, own)
	}
	if !slices.Contains(pure, pkg) {
		return ""
	}
	for banned, why := range standardNotForPure {
		if within(to, banned) {
			return why
		}
	}
	first, _, _ := strings.Cut(to, "/")
	if strings.Contains(first, ".") && !slices.ContainsFunc(modulesForPure, func(m string) bool { return within(to, m) }) {
		return "not among the modules that the pure core may use"
	}
	return ""
}

// inspectNames reports names of other packages that the pure core must not
// mention. An identifier that the parser resolved is a variable that shadows
// the package, which is something else.
func inspectNames(file *ast.File, imported map[string]string, report func(token.Pos, string, ...any)) {
	ast.Inspect(file, func(n ast.Node) bool {
		selector, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		//nolint:staticcheck // Obj is deprecated for types; to tell a package from a local variable it is exact.
		if x, ok := selector.X.(*ast.Ident); ok && x.Obj == nil {
			from := imported[x.Name]
			if why, ok := notForPure[from][selector.Sel.Name]; ok {
				report(selector.Pos(), "the pure core must not use %s.%s: %s", from, selector.Sel.Name, why)
			}
		}
		return true
	})
}
