package main

import (
	"os"
	"path"
	"testing"
)

// TestEveryMutationCompiles checks the types of each mutated package. Nothing is
// built but what it imports, which the build cache has.
func TestEveryMutationCompiles(t *testing.T) {
	packages := map[string]bool{}
	for _, m := range catalogue() {
		for _, e := range m.edits() {
			packages[path.Dir(e.file)] = true
		}
	}
	c, err := newCompiler(t.Context(), root, packages)
	if err != nil {
		t.Fatal(err)
	}
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
	c, err := newCompiler(t.Context(), root, map[string]bool{path.Dir(file): true})
	if err != nil {
		t.Fatal(err)
	}
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
