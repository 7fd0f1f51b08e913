package main

import (
	"go/parser"
	"go/token"
	"os"
	"testing"
)

const root = "../../.."

func TestTheCatalogueIsNotStale(t *testing.T) {
	all := catalogue()
	if must, _ := choose(all, nil, false); len(must) < 60 {
		t.Errorf("the catalogue has %d mutations that must be caught; at least 60 are wanted", len(must))
	}
	names := map[string]bool{}
	for i := range all {
		m := &all[i]
		t.Run(m.name, func(t *testing.T) {
			if names[m.name] || m.name == "" {
				t.Errorf("the name is empty or used twice")
			}
			names[m.name] = true
			if m.law < 1 || m.law > 23 || m.why == "" {
				t.Errorf("law %d, why %q: name the law that it breaks, and why somebody could make the mistake", m.law, m.why)
			}
			changed, err := m.apply(os.DirFS(root))
			if err != nil {
				t.Fatal(err)
			}
			for file, text := range changed {
				if _, err := parser.ParseFile(token.NewFileSet(), file, text, parser.SkipObjectResolution); err != nil {
					t.Errorf("the mutated file is no Go: %v", err)
				}
			}
		})
	}
}
