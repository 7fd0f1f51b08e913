package fleet_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// TestProblems loads the broken repositories in testdata/problems. The file
// "want" of each archive has all problems, one a line.
func TestProblems(t *testing.T) {
	archives, err := filepath.Glob("testdata/problems/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("find archives: %v, %d found", err, len(archives))
	}
	for _, name := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			tree, want := fstest.MapFS{}, -1
			for i, f := range archive.Files {
				if f.Name == "want" {
					want = i
					continue
				}
				tree[f.Name] = &fstest.MapFile{Data: f.Data}
			}
			if want < 0 {
				t.Fatal("the archive has no file want")
			}
			spec, problems := fleet.Load(tree)
			if spec != nil || len(problems) == 0 {
				t.Fatal("the repository was accepted")
			}
			got := problems.Error() + "\n"
			if *update {
				archive.Files[want].Data = []byte(got)
				if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			gotLines, wantLines := strings.Split(got, "\n"), strings.Split(string(archive.Files[want].Data), "\n")
			for _, line := range gotLines {
				if !slices.Contains(wantLines, line) {
					t.Errorf("unexpected: %s", line)
				}
			}
			for _, line := range wantLines {
				if !slices.Contains(gotLines, line) {
					t.Errorf("missing:    %s", line)
				}
			}
			if got != string(archive.Files[want].Data) && !t.Failed() {
				t.Errorf("the order differs; got:\n%s", got)
			}
		})
	}
}
