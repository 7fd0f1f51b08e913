package main

import (
	"bytes"
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// product is a small repository: two brakes, and a simulation that looks at one
// of them only.
var product = map[string]string{
	"go.mod": "module example.com/product\n\ngo 1.26\n",
	"internal/brake/brake.go": "package brake\n\n" +
		"func Front() bool { return true }\n\n" +
		"func Rear() bool { return true }\n\n" +
		"func Horn() string { return \"beep\" }\n",
	"internal/simulation/simulation_test.go": `package simulation

import (
	"flag"
	"testing"

	"example.com/product/internal/brake"
)

var seeds, from = flag.Int("seeds", 1, ""), flag.Int("from", 1, "")

func TestSimulation(t *testing.T) {
	for seed := *from; seed < *from+*seeds; seed++ {
		if seed == 3 && !brake.Front() {
			t.Fatalf("LAW 5 broken after 12 steps at seed %d: it rolls on", seed)
		}
		if brake.Horn() == "" {
			panic("no horn")
		}
	}
}
`,
}

func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestMutationsAreCaughtOrSurvive(t *testing.T) {
	front := mutation{
		name: "no-front-brake", law: 5, why: "who needs it", file: "internal/brake/brake.go",
		old: "func Front() bool { return true }", new: "func Front() bool { return false }",
	}
	rear := mutation{
		name: "no-rear-brake", law: 6, why: "there is another one", file: "internal/brake/brake.go",
		old: "func Rear() bool { return true }", new: "func Rear() bool { return false }",
	}
	horn := mutation{
		name: "no-horn", law: 7, why: "it is loud", file: "internal/brake/brake.go",
		old: `return "beep"`, new: `return ""`,
	}
	stale := mutation{name: "no-clutch", law: 1, why: "automatic", file: "internal/brake/brake.go", old: "func Clutch", new: "func"}
	broken := mutation{name: "no-sense", law: 1, why: "typing", file: "internal/brake/brake.go", old: "return \"beep\"", new: "return beep"}
	hidden := mutation{name: "no-front-brake-in-time", law: 5, why: "late", file: front.file, old: front.old, new: front.new}

	for _, c := range []struct {
		story   string
		mutants []mutation
		seeds   int
		table   []string // what each line begins with, and what it contains after a bar
		err     string
	}{
		{"one that the simulation sees is caught, with law, seed and steps", []mutation{front}, 10, []string{"no-front-brake  |  5            3     12 |it rolls on"}, ""},
		{"one that it does not see survives, and the run fails", []mutation{front, rear}, 10, []string{"no-rear-brake|none|SURVIVED", "survived: no-rear-brake (law 6)|there is another one"}, "1 mutations survived"},
		{"one that needs more seeds than there are survives", []mutation{hidden}, 2, []string{"no-front-brake-in-time|SURVIVED"}, "1 mutations survived"},
		{"one that crashes is caught by no law", []mutation{horn}, 10, []string{"no-horn|panic: no horn"}, ""},
		{"one whose text is gone makes the catalogue stale", []mutation{stale}, 10, nil, "the catalogue is stale"},
		{"one that does not compile is an error", []mutation{broken}, 10, nil, "undefined: beep"},
	} {
		t.Run(c.story, func(t *testing.T) {
			dir := write(t, product)
			var out bytes.Buffer
			r := &runner{options: options{root: dir, seeds: c.seeds, limit: time.Minute, parallel: 1}, now: time.Now, out: &out}
			err := r.run(context.Background(), c.mutants)
			switch {
			case c.err == "" && err != nil:
				t.Errorf("it fails: %v", err)
			case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)):
				t.Errorf("want an error about %q, got %v", c.err, err)
			}
			for _, want := range c.table {
				parts := strings.Split(want, "|")
				if !slices.ContainsFunc(strings.Split(out.String(), "\n"), func(line string) bool {
					return strings.HasPrefix(line, parts[0]) && !slices.ContainsFunc(parts[1:], func(p string) bool { return !strings.Contains(line, p) })
				}) {
					t.Errorf("no line with %q in\n%s", parts, out.String())
				}
			}
		})
	}
}

func TestASimulationThatFailsAnywayJudgesNothing(t *testing.T) {
	unsound := maps.Clone(product)
	for name, text := range unsound {
		unsound[name] = strings.Replace(text, "!brake.Front()", "brake.Front()", 1)
	}
	dir := write(t, unsound)
	r := &runner{options: options{root: dir, seeds: 5, limit: time.Minute, parallel: 1}, now: time.Now, out: new(bytes.Buffer)}
	if err := r.run(context.Background(), nil); err == nil || !strings.Contains(err.Error(), "fails without any mutation, at seed 3") {
		t.Errorf("got %v", err)
	}
}

func TestATextThatIsFoundTwiceIsStale(t *testing.T) {
	tree := fstest.MapFS{"a.go": {Data: []byte("x := 1\nx := 1\n")}}
	m := mutation{name: "twice", file: "a.go", old: "x := 1", new: "x := 2"}
	if _, err := m.apply(tree); err == nil || !strings.Contains(err.Error(), "found 2 times in a.go") {
		t.Errorf("got %v", err)
	}
}

func TestChangesOfOneFileAddUp(t *testing.T) {
	tree := fstest.MapFS{"a.go": {Data: []byte("a b c")}}
	m := mutation{name: "two", file: "a.go", old: "a", new: "x", more: []edit{{"a.go", "c", "z"}}}
	changed, err := m.apply(tree)
	if err != nil || string(changed["a.go"]) != "x b z" {
		t.Errorf("got %q, %v", changed["a.go"], err)
	}
}

func TestASampleIsDrawnByItsText(t *testing.T) {
	names := func(ms []mutation) (out []string) {
		for _, m := range ms {
			out = append(out, m.name)
		}
		return out
	}
	all := catalogue()
	monday, again, tuesday := names(shuffled(all, "monday")), names(shuffled(all, "monday")), names(shuffled(all, "tuesday"))
	if !slices.Equal(monday, again) {
		t.Error("the same text draws another sample")
	}
	if slices.Equal(monday[:10], tuesday[:10]) {
		t.Error("another text draws the same sample")
	}
	sorted := names(all)
	slices.Sort(sorted)
	slices.Sort(tuesday)
	if !slices.Equal(sorted, tuesday) {
		t.Error("a mutation was lost")
	}
}

func TestNamesThatAreNotThereAreRefused(t *testing.T) {
	if _, err := choose(catalogue(), []string{"no-such-bug"}, false); err == nil || !strings.Contains(err.Error(), "-list") {
		t.Errorf("got %v", err)
	}
	got, err := choose(catalogue(), []string{"label-limit-off-by-one"}, false)
	if err != nil || len(got) != 1 || got[0].law != 4 {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestWhatIsOpenIsAskedForApart(t *testing.T) {
	all := []mutation{{name: "seen"}, {name: "unseen", open: "nobody looks there"}}
	must, err := choose(all, nil, false)
	if err != nil || len(must) != 1 || must[0].name != "seen" {
		t.Errorf("got %v, %v", must, err)
	}
	open, err := choose(all, nil, true)
	if err != nil || len(open) != 1 || open[0].name != "unseen" {
		t.Errorf("got %v, %v", open, err)
	}
	if named, err := choose(all, []string{"unseen"}, false); err != nil || len(named) != 1 {
		t.Errorf("got %v, %v", named, err)
	}
}
