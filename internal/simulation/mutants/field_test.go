package main

import (
	"os"
	"path"
	"testing"
)

// TestMutationsThatSleepTogetherCompileTogether: nearly all of the catalogue fits
// into one build.
func TestMutationsThatSleepTogetherCompileTogether(t *testing.T) {
	all := catalogue()
	f, err := plant(os.DirFS(root), all)
	if err != nil {
		t.Fatal(err)
	}
	if 10*len(f.numbers) < 9*len(all) {
		t.Errorf("%d of %d mutations are planted: a run needs a build for each of the others", len(f.numbers), len(all))
	}
	packages := map[string]bool{}
	for file := range f.files {
		packages[path.Dir(file)] = true
	}
	c, err := newCompiler(t.Context(), root, packages)
	if err != nil {
		t.Fatal(err)
	}
	for pkg := range packages {
		if err := c.check(pkg, f.files); err != nil {
			t.Errorf("%s does not compile: %v", pkg, err)
		}
	}
}
