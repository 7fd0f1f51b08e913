package fleet_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"testing"
	"testing/fstest"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// gitTree is a tree whose files know the hash of their content, as those of a
// git commit do, and which counts what is opened.
type gitTree struct {
	fstest.MapFS
	opened map[string]int
}

func newGitTree(files fstest.MapFS) gitTree {
	for _, f := range files {
		f.Sys = blob(hashOf(f.Data))
	}
	return gitTree{files, map[string]int{}}
}

type blob string

func (b blob) ContentHash() string { return string(b) }

func hashOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func (g gitTree) Open(name string) (fs.File, error) {
	f, err := g.MapFS.Open(name)
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err == nil && !info.IsDir() {
		g.opened[name]++
	}
	return f, nil
}

func (g gitTree) ReadFile(name string) ([]byte, error) {
	g.opened[name]++
	return g.MapFS.ReadFile(name)
}

func TestOnlyWhatHasChangedIsReadAgain(t *testing.T) {
	loader := fleet.NewLoader(fleet.LoaderConfig{})
	load := func(files fstest.MapFS) map[string]int {
		t.Helper()
		tree := newGitTree(files)
		if _, problems := loader.Load(tree); len(problems) > 0 {
			t.Fatal(problems)
		}
		return tree.opened
	}
	if opened := load(manyFiles(20)); len(opened) != 20 {
		t.Fatalf("the first load opens all 20 files, not %d", len(opened))
	}
	if opened := load(manyFiles(20)); len(opened) != 0 {
		t.Errorf("nothing has changed, but these were opened: %v", opened)
	}
	moved := manyFiles(20)
	moved["elsewhere.yaml"] = moved["pins/00007.yaml"]
	delete(moved, "pins/00007.yaml")
	if opened := load(moved); len(opened) != 0 {
		t.Errorf("a file that moves brings nothing new, but these were opened: %v", opened)
	}
	changed := manyFiles(20)
	changed["pins/00007.yaml"].Data = append(changed["pins/00007.yaml"].Data, "# changed\n"...)
	if opened := load(changed); len(opened) != 1 || opened["pins/00007.yaml"] != 1 {
		t.Errorf("one file has changed, but these were opened: %v", opened)
	}
}

func TestAMovedFileIsReportedWhereItLiesNow(t *testing.T) {
	loader := fleet.NewLoader(fleet.LoaderConfig{})
	bad := &fstest.MapFile{Data: []byte("a: [")}
	for _, name := range []string{"one.yaml", "two.yaml"} {
		_, problems := loader.Load(newGitTree(fstest.MapFS{name: bad}))
		if len(problems) != 1 || problems[0].File != name {
			t.Errorf("want a problem in %s, got %v", name, problems)
		}
	}
}

// manyFiles is a repository of n files: a fleet, four products, five cohorts,
// and pins and windows.
func manyFiles(n int) fstest.MapFS {
	tree := fstest.MapFS{}
	put := func(name, text string) { tree[name] = &fstest.MapFile{Data: []byte(text)} }
	put("fleet.yaml", head+"Fleet\nmetadata: {name: acme}\nspec:\n  order: [c0, c1, c2, [c3, c4]]\n  limits:\n    - {maxConcurrency: 25}\n    - {label: region, maxConcurrency: 5}\n")
	for i := range 4 {
		put(fmt.Sprintf("products/p%d.yaml", i), fmt.Sprintf(head+"Product\nmetadata:\n  name: p%d\nspec:\n  image: registry.example.com/p%d\n  workload:\n    kind: StatefulSet\n    selector: {matchLabels: {app: p%d}}\n  monitors:\n    - name: latency\n      prometheus: {alert: LatencyHigh, clusterLabel: cluster}\n", i, i, i))
	}
	for i := range 5 {
		put(fmt.Sprintf("cohorts/c%d.yaml", i), fmt.Sprintf(head+"Cohort\nmetadata:\n  name: c%d\nspec:\n  selector: {matchLabels: {tier: t%d}}\n  versions:\n    p0: 7.6.1\n    p1: 0.29.0\n  waves:\n    - {size: 1, soak: 2h}\n    - {size: 10%%, soak: 4h}\n    - {size: 100%%, maxConcurrency: 25}\n  maxFailures: 2\n", i, i))
	}
	for i := 0; len(tree) < n; i++ {
		if i%2 == 0 {
			put(fmt.Sprintf("windows/%05d.yaml", i), fmt.Sprintf(head+"Window\nmetadata:\n  name: w%d\nspec:\n  type: blackout\n  schedule: \"%d 18 * * FRI\"\n  duration: 62h\n  timeZone: Europe/Berlin\n  selector: {matchLabels: {customer: customer-%d}}\n  reason: the weekend of customer %d\n", i, i%60, i, i))
			continue
		}
		put(fmt.Sprintf("pins/%05d.yaml", i), fmt.Sprintf(head+"Pin\nmetadata:\n  name: pin-%d\nspec:\n  clusters:\n    - lkc-%d-a\n    - lkc-%d-b\n  owner: team:acme/kafka-sre\n  reason: audit of customer %d\n  expires: \"2026-12-15\"\n", i, i, i, i))
	}
	return tree
}

func BenchmarkLoadFromScratch(b *testing.B) {
	tree := newGitTree(manyFiles(2_000))
	for b.Loop() {
		if _, problems := fleet.NewLoader(fleet.LoaderConfig{}).Load(tree); len(problems) > 0 {
			b.Fatal(problems)
		}
	}
}

func BenchmarkLoadAfterOneFileChanged(b *testing.B) {
	loader := fleet.NewLoader(fleet.LoaderConfig{})
	tree := newGitTree(manyFiles(2_000))
	if _, problems := loader.Load(tree); len(problems) > 0 {
		b.Fatal(problems)
	}
	file := tree.MapFS["pins/00007.yaml"]
	text := string(file.Data)
	i := 0
	for b.Loop() {
		i++
		file.Data = fmt.Appendf(nil, "%s# change %d\n", text, i)
		file.Sys = blob(hashOf(file.Data))
		if _, problems := loader.Load(tree); len(problems) > 0 {
			b.Fatal(problems)
		}
	}
}
