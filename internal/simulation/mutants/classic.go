package main

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// classic makes mutations by rule instead of by thought: conditions are negated,
// comparisons are off by one, "and" becomes "or", statements are left out. Many
// change nothing that matters; whoever reads the survivors decides. What does not
// compile is left out.
func classic(ctx context.Context, root string, files []string) ([]mutation, error) {
	packages := map[string]bool{}
	for _, file := range files {
		packages[path.Dir(file)] = true
	}
	compiler, err := newCompiler(ctx, root, packages)
	if err != nil {
		return nil, err
	}
	var out []mutation
	for _, file := range files {
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(file)))
		if err != nil {
			return nil, fmt.Errorf("read file to mutate: %w", err)
		}
		fset := token.NewFileSet()
		parsed, err := parser.ParseFile(fset, file, text, parser.SkipObjectResolution)
		if err != nil {
			return nil, fmt.Errorf("parse file to mutate: %w", err)
		}
		p := &planter{fset: fset, file: file, text: text}
		ast.Inspect(parsed, p.visit)
		for _, m := range p.out {
			if compiler.check(path.Dir(file), m.made) == nil {
				out = append(out, m)
			}
		}
	}
	return out, nil
}

// planter collects the mutations of one file.
type planter struct {
	fset *token.FileSet
	file string
	text []byte
	out  []mutation
}

// offByOne are the operators that are easily mistaken for each other.
var offByOne = map[token.Token]token.Token{
	token.LSS: token.LEQ, token.LEQ: token.LSS, token.GTR: token.GEQ, token.GEQ: token.GTR,
	token.LAND: token.LOR, token.LOR: token.LAND, token.EQL: token.NEQ, token.NEQ: token.EQL,
}

func (p *planter) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.IfStmt:
		p.replace(n.Cond.Pos(), n.Cond.End(), "!("+p.source(n.Cond)+")", "negate")
	case *ast.BinaryExpr:
		if to, ok := offByOne[n.Op]; ok {
			p.replace(n.OpPos, n.OpPos+token.Pos(len(n.Op.String())), to.String(), p.source(n)+" with "+to.String())
		}
	case *ast.CaseClause:
		for _, cond := range n.List {
			switch cond.(type) {
			case *ast.BinaryExpr, *ast.UnaryExpr, *ast.CallExpr:
				p.replace(cond.Pos(), cond.End(), "false && ("+p.source(cond)+")", "no case "+p.source(cond))
			}
		}
		p.drop(n.Body)
	case *ast.BlockStmt:
		p.drop(n.List)
	}
	return true
}

// drop leaves out statements one by one.
func (p *planter) drop(statements []ast.Stmt) {
	for _, s := range statements {
		switch s := s.(type) {
		case *ast.ExprStmt, *ast.IncDecStmt, *ast.BranchStmt, *ast.ReturnStmt, *ast.IfStmt, *ast.RangeStmt:
			p.replace(s.Pos(), s.End(), "", "drop "+p.source(s))
		case *ast.AssignStmt:
			if s.Tok != token.DEFINE {
				p.replace(s.Pos(), s.End(), "", "drop "+p.source(s))
			}
		}
	}
}

func (p *planter) source(n ast.Node) string {
	return string(p.text[p.offset(n.Pos()):p.offset(n.End())])
}

func (p *planter) offset(pos token.Pos) int { return p.fset.Position(pos).Offset }

func (p *planter) replace(from, to token.Pos, with, why string) {
	mutated := string(p.text[:p.offset(from)]) + with + string(p.text[p.offset(to):])
	at := p.fset.Position(from)
	first, _, more := strings.Cut(why, "\n")
	if more {
		first += " ..."
	}
	p.out = append(p.out, mutation{
		name: fmt.Sprintf("%s:%d:%d", path.Base(p.file), at.Line, at.Column), why: first,
		file: p.file, made: map[string][]byte{p.file: []byte(mutated)},
	})
}
