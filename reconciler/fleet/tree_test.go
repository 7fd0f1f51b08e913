package fleet_test

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

const head = "apiVersion: wavegate.dev/v1alpha1\nkind: "

// smallTree is the least that loads.
func smallTree() fstest.MapFS {
	return fstest.MapFS{
		"fleet.yaml":   {Data: []byte(head + "Fleet\nmetadata: {name: acme}\nspec: {order: [all]}\n")},
		"product.yaml": {Data: []byte(head + "Product\nmetadata: {name: kafka}\nspec: {image: kafka, workload: {kind: StatefulSet}}\n")},
		"cohort.yaml":  {Data: []byte(head + "Cohort\nmetadata: {name: all}\nspec: {selector: {}, versions: {kafka: 7.6.1}}\n")},
	}
}

func mustLoad(t *testing.T, tree fs.FS) *fleet.Spec {
	t.Helper()
	spec, problems := fleet.Load(tree)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return spec
}

func mustRefuse(t *testing.T, tree fs.FS, want string) fleet.Problems {
	t.Helper()
	spec, problems := fleet.Load(tree)
	if spec != nil || !strings.Contains(problems.Error(), want) {
		t.Fatalf("want a problem with %q, got:\n%v", want, problems)
	}
	return problems
}

func TestWhatIsNotSaidIsFilledIn(t *testing.T) {
	spec := mustLoad(t, smallTree())
	product, ok := spec.Product("kafka")
	if !ok {
		t.Fatal("the product is not there")
	}
	p := product.Spec
	if p.ProgressDeadline.String() != "1h" || p.Settle.String() != "30s" || p.Workload.Container != "kafka" || p.Versions.Downgrade != fleet.DowngradeDeny {
		t.Errorf("product: %+v", p)
	}
	cohort, ok := spec.Cohort("all")
	if !ok {
		t.Fatal("the cohort is not there")
	}
	c := cohort.Spec
	if len(c.Waves) != 1 || c.Waves[0].Size.String() != "100%" || c.LateJoiners != fleet.LateAppend || !c.MaxFailures.IsZero() {
		t.Errorf("cohort: %+v", c)
	}
	if got, want := cohort.Position.String(), "cohort.yaml:3:18"; got != want {
		t.Errorf("the cohort is at %s, want %s", got, want)
	}
	if _, ok := spec.Product("kafak"); ok {
		t.Error("a product that is not there was found")
	}
}

func TestCohortsComeInTheOrderOfTheTrain(t *testing.T) {
	tree := smallTree()
	tree["fleet.yaml"].Data = []byte(head + "Fleet\nmetadata: {name: acme}\nspec: {order: [z, [m, a], b]}\n")
	delete(tree, "cohort.yaml")
	for _, name := range []string{"a", "b", "m", "z"} {
		tree[name+".YML"] = &fstest.MapFile{Data: []byte(head + "Cohort\nmetadata: {name: " + name + "}\nspec: {selector: {matchLabels: {tier: " + name + "}}, versions: {kafka: 7.6.1}}\n")}
	}
	spec := mustLoad(t, tree)
	var got []string
	for _, c := range spec.Cohorts {
		got = append(got, c.Name)
	}
	if want := []string{"z", "m", "a", "b"}; !reflect.DeepEqual(got, want) {
		t.Errorf("want %v, got %v", want, got)
	}
	if want := [][]string{{"z"}, {"m", "a"}, {"b"}}; !reflect.DeepEqual(spec.Stages(), want) {
		t.Errorf("want %v, got %v", want, spec.Stages())
	}
}

func TestFilesThatAreNotPartOfTheFleet(t *testing.T) {
	for name, c := range map[string]struct {
		path string
		file fstest.MapFile
		want string // "" when it is passed over
	}{
		"a workflow in a folder with a dot is passed over": {".github/workflows/ci.yaml", fstest.MapFile{Data: []byte("on: push")}, ""},
		"a file whose name has a dot in front":             {".golangci.yaml", fstest.MapFile{Data: []byte("a: b")}, ""},
		"a file that is no YAML":                           {"README.md", fstest.MapFile{Data: []byte("a: [")}, ""},
		"a symbolic link out of the tree":                  {"extra.yaml", fstest.MapFile{Data: []byte("../../secret.yaml"), Mode: fs.ModeSymlink}, "extra.yaml: is a symbolic link, which is never followed; put the file itself here"},
		"a symbolic link to a folder":                      {"windows", fstest.MapFile{Data: []byte("/etc"), Mode: fs.ModeSymlink}, "windows: is a symbolic link"},
		"a submodule":                                      {"shared", fstest.MapFile{Mode: fs.ModeIrregular}, "shared: is a submodule"},
		"a pipe":                                           {"pipe.yaml", fstest.MapFile{Mode: fs.ModeNamedPipe}, "pipe.yaml: is no plain file"},
		"a name with an escape sequence":                   {"a\x1b[2J.yaml", fstest.MapFile{Data: []byte("a: b")}, `"a\x1b[2J.yaml": the file's name has the character U+001B`},
		"bytes that are no text":                           {"bin.yaml", fstest.MapFile{Data: []byte("a: \xff")}, "bin.yaml:1:4: has the byte 0xff, which is not valid UTF-8"},
		"a NUL":                                            {"nul.yaml", fstest.MapFile{Data: []byte("a: b\n\x00")}, "nul.yaml:2:1: has the character U+0000"},
		"UTF-16":                                           {"wide.yaml", fstest.MapFile{Data: []byte("\xff\xfea\x00")}, "wide.yaml:1:1: is UTF-16; save it as UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			tree := smallTree()
			tree[c.path] = &c.file
			if c.want == "" {
				mustLoad(t, tree)
			} else {
				_ = mustRefuse(t, tree, c.want)
			}
		})
	}
}

func TestAFileThatIsTooMuchIsRefused(t *testing.T) {
	const most = 1<<20 - 100
	wide := func(format string) string {
		var b strings.Builder
		for i := 0; b.Len() < most; i++ {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	for name, c := range map[string]struct{ data, want string }{
		"a file of more than 1 MiB":          {strings.Repeat("#\n", 1<<20), "has more than 1048576 bytes; split it"},
		"10,000 open brackets":               {strings.Repeat("[", 10_000), "a.yaml"},
		"9,000 levels of brackets":           {"a: " + strings.Repeat("[", 9_000) + strings.Repeat("]", 9_000), "is nested more than 32 levels deep"},
		"a million open brackets":            {strings.Repeat("[", most), "exceeded max depth"},
		"9,000 levels of dashes":             {"a: \n  " + strings.Repeat("- ", 9_000), "is nested more than 32 levels deep"},
		"a map as wide as the file":          {wide("k%d: 1\n"), "entries, more than 10000"},
		"a list as long as the file":         {"a:\n" + wide("- %d\n"), "entries, more than 10000"},
		"20,000 aliases of a long text":      {"a: &a " + strings.Repeat("x", 100_000) + "\nb:\n" + strings.Repeat("- *a\n", 20_000), "entries, more than 10000"},
		"100 aliases of a long text":         {"a: &a " + strings.Repeat("x", 100_000) + "\nb:\n" + strings.Repeat("- *a\n", 100), "more than 16 aliases"},
		"aliases that double at each level":  {"a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]\n", "an alias within an anchored value"},
		"an alias of what encloses it":       {"a: &a [*a]\n", "a.yaml"},
		"a reason that fills a screen":       {head + "Pin\nmetadata: {name: a}\nspec: {clusters: [a], owner: user:a, expires: 2026-12-15, reason: " + strings.Repeat("x", 4_097) + "}\n", "spec.reason: has 4097 bytes, more than 4096; keep it short"},
		"more than 1,000 documents":          {strings.Repeat("---\na: b\n", 1_001), "the file has more than 1000 documents"},
		"300 problems, of which 200 suffice": {head + "Pin\nmetadata: {name: a}\nspec:\n" + strings.Repeat("  x: y\n", 300), "there are more problems in this file"},
	} {
		t.Run(name, func(t *testing.T) {
			_ = mustRefuse(t, fstest.MapFS{"a.yaml": {Data: []byte(c.data)}}, c.want)
		})
	}
}

func TestATreeThatIsTooMuchIsRefused(t *testing.T) {
	tree := smallTree()
	for name, c := range map[string]struct {
		limits fleet.LoaderConfig
		want   string
	}{
		"too many files":          {fleet.LoaderConfig{MaxFiles: 2}, "there are more than 2 YAML files"},
		"too many bytes together": {fleet.LoaderConfig{MaxTotalBytes: 100}, "have more than 100 bytes"},
		"one file too large":      {fleet.LoaderConfig{MaxFileBytes: 50}, "cohort.yaml: has more than 50 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			spec, problems := fleet.NewLoader(c.limits).Load(tree)
			if spec != nil || !strings.Contains(problems.Error(), c.want) {
				t.Errorf("want %q, got %v", c.want, problems)
			}
		})
	}
}

// growingFS tells the size 0 of every file.
type growingFS struct{ fstest.MapFS }

func (f growingFS) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := f.MapFS.ReadDir(name)
	for i, e := range entries {
		entries[i] = emptyEntry{e}
	}
	return entries, err
}

type emptyEntry struct{ fs.DirEntry }

func (e emptyEntry) Info() (fs.FileInfo, error) {
	info, err := e.DirEntry.Info()
	return emptyInfo{info}, err
}

type emptyInfo struct{ fs.FileInfo }

func (emptyInfo) Size() int64 { return 0 }

func TestFilesThatAreLargerThanTheySayAreCounted(t *testing.T) {
	for _, limits := range []fleet.LoaderConfig{{MaxTotalBytes: 100}, {MaxFileBytes: 50}} {
		spec, problems := fleet.NewLoader(limits).Load(growingFS{smallTree()})
		if spec != nil || !strings.Contains(problems.Error(), "bytes") {
			t.Errorf("%+v: want too many bytes, got %v", limits, problems)
		}
	}
}

// brokenFS fails to open what it is told to.
type brokenFS struct {
	fs.FS
	path string
}

var errDisk = errors.New("the disk is gone")

func (f brokenFS) Open(name string) (fs.File, error) {
	if name == f.path {
		return nil, &fs.PathError{Op: "open", Path: name, Err: errDisk}
	}
	return f.FS.Open(name)
}

func TestWhatCannotBeReadIsNotTakenForAbsent(t *testing.T) {
	for path, want := range map[string]string{
		"cohort.yaml": "cohort.yaml: cannot be read: the disk is gone",
		".":           ".: cannot be read: the disk is gone",
	} {
		problems := mustRefuse(t, brokenFS{smallTree(), path}, want)
		if len(problems) != 1 {
			t.Errorf("want nothing said about what may be missing because of it, got:\n%v", problems)
		}
	}
	missing, err := fs.Sub(smallTree(), "fleets/acme")
	if err != nil {
		t.Fatal(err)
	}
	_ = mustRefuse(t, missing, "check the path of the fleet's folder")
}

func TestALoadDoesNotDependOnTheOneBefore(t *testing.T) {
	loader := fleet.NewLoader(fleet.LoaderConfig{})
	good, bad := smallTree(), smallTree()
	bad["cohort.yaml"] = &fstest.MapFile{Data: []byte(head + "Cohort\nmetadata: {name: all}\nspec: {selector: {}, versions: {kafka: 3.10}}\n")}
	bad["copy.yaml"] = bad["product.yaml"]
	for range 3 {
		for _, tree := range []fstest.MapFS{good, bad, {}} {
			spec, problems := loader.Load(maps.Clone(tree))
			want, wantProblems := fleet.Load(tree)
			if !reflect.DeepEqual(spec, want) || !reflect.DeepEqual(problems, wantProblems) {
				t.Fatalf("got %v and %v, want %v and %v", spec, problems, want, wantProblems)
			}
		}
	}
}
