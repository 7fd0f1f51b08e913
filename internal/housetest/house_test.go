package housetest

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"
)

const root = "../.."

func TestEveryPackageKeepsTheRulesOfTheHouse(t *testing.T) {
	findings, err := inspect(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range findings {
		t.Error(f)
	}
}

func TestEveryPurePackageIsThere(t *testing.T) {
	for _, pkg := range pure {
		if files, err := filepath.Glob(filepath.Join(root, pkg, "*.go")); err != nil || len(files) == 0 {
			t.Errorf("%s has no Go files (%v): a rule about it would find nothing", pkg, err)
		}
	}
}

func TestNothingElseLiesAtTheTopLevel(t *testing.T) {
	for _, f := range strangers(topLevelNames(t)) {
		t.Error(f)
	}
}

func TestAStrangerAtTheTopLevelIsFound(t *testing.T) {
	got := strangers([]string{"cmd", "pkg", "go.mod", "docs", "Makefile"})
	if len(got) != 3 {
		t.Errorf("want pkg, docs and Makefile to be found, got %q", got)
	}
}

// TestBrokenTreesAreFound runs the rules on the trees in testdata. Each archive
// has, after its files, a file "want" with the findings that it must give: the
// beginning of each line, and no other line.
func TestBrokenTreesAreFound(t *testing.T) {
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("find testdata: %v, %d archives", err, len(archives))
	}
	for _, name := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			tree, want := fstest.MapFS{}, []string(nil)
			for _, f := range archive.Files {
				if f.Name == "want" {
					want = strings.Split(strings.TrimSpace(string(f.Data)), "\n")
					continue
				}
				tree[f.Name] = &fstest.MapFile{Data: f.Data}
			}
			want = slices.DeleteFunc(want, func(s string) bool { return s == "" })
			got, err := inspect(tree)
			if err != nil {
				t.Fatal(err)
			}
			same := slices.EqualFunc(got, want, func(g, w string) bool { return strings.HasPrefix(g, w) })
			if !same {
				t.Errorf("got:\n  %s\nwant:\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
			}
		})
	}
}

func strangers(names []string) []string {
	var findings []string
	for _, name := range names {
		if !slices.Contains(topLevel, name) {
			findings = append(findings, name+" does not belong at the top level; it is kept to what package housetest lists")
		}
	}
	return findings
}

// topLevelNames asks git what lies at the top level, so that a built binary or
// an editor's folder that git ignores is no stranger. A source archive without
// git is read as it is.
func topLevelNames(t *testing.T) []string {
	t.Helper()
	var names []string
	if _, err := os.Stat(filepath.Join(root, ".git")); err == nil {
		cmd := exec.CommandContext(t.Context(), "git", "-C", root, "ls-files", "-z", "-co", "--exclude-standard")
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("list files: %v", err)
		}
		for file := range bytes.SplitSeq(bytes.TrimRight(out, "\x00"), []byte{0}) {
			first, _, _ := strings.Cut(string(file), "/")
			names = append(names, first)
		}
	} else {
		entries, err := os.ReadDir(root)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
