package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"
)

// simulation is the package that judges.
const simulation = "internal/simulation"

// runner runs mutations and prints the table as it goes.
type runner struct {
	options
	now func() time.Time
	out io.Writer

	dir    string // for what is built
	field  *field
	builds map[string]*build // of the field, by package

	mu        sync.Mutex
	survivors []string
	failed    error
}

// build is a test binary that is linked once, by whoever asks first.
type build struct {
	once   sync.Once
	binary string
	err    error
}

func (r *runner) run(ctx context.Context, chosen []mutation) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	began := r.now()
	if r.dir, err = os.MkdirTemp("", "wavegate-mutants-"); err != nil {
		return fmt.Errorf("make a folder for what is built: %w", err)
	}
	defer os.RemoveAll(r.dir)
	if r.field, err = plant(os.DirFS(r.root), chosen); err != nil {
		return err
	}
	r.builds = map[string]*build{}
	if r.sample > 0 {
		chosen = shuffled(chosen, r.by)
		fmt.Fprintf(r.out, "a sample of %d mutations, as many as fit into %s, drawn by %q\n", len(chosen), r.sample, r.by)
	}
	if err := r.sound(ctx); err != nil {
		return err
	}
	fmt.Fprintf(r.out, "%-42s %-8s %5s %6s %7s  %s\n", "mutation", "law", "seed", "steps", "took", "what was found")
	next := make(chan mutation)
	var workers sync.WaitGroup
	for range r.parallel {
		workers.Go(func() {
			for m := range next {
				if err := r.one(ctx, m); err != nil {
					r.fail(err)
					cancel()
				}
			}
		})
	}
	done := 0
	for _, m := range chosen {
		if ctx.Err() != nil || (r.sample > 0 && r.now().Sub(began) > r.sample) {
			break
		}
		next <- m
		done++
	}
	close(next)
	workers.Wait()
	if r.failed != nil {
		return r.failed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return r.sum(done, r.now().Sub(began))
}

// sum prints the end of the table. Survivors are an error.
func (r *runner) sum(done int, took time.Duration) error {
	fmt.Fprintf(r.out, "%d mutations in %s, %d caught, %d survived\n", done, took.Round(time.Second), done-len(r.survivors), len(r.survivors))
	if len(r.survivors) == 0 {
		return nil
	}
	slices.Sort(r.survivors)
	for _, s := range r.survivors {
		fmt.Fprintln(r.out, "survived:", s)
	}
	return fmt.Errorf("%d mutations survived: the simulation has a hole", len(r.survivors))
}

func (r *runner) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failed == nil {
		r.failed = err
	}
}

// sound makes sure that the simulation finds nothing in the product as it is:
// else it would find it in every mutation, too. All that are planted are asleep.
func (r *runner) sound(ctx context.Context) error {
	if r.unit {
		return nil
	}
	began := r.now()
	binary, err := r.planted(ctx, simulation)
	if err != nil {
		return err
	}
	linked := r.now()
	f, err := r.search(ctx, simulation, binary, 0)
	switch {
	case err != nil:
		return err
	case f.caught:
		return fmt.Errorf("the simulation fails without any mutation, at seed %d after %d steps: law %d: %s", f.seed, f.steps, f.law, f.what)
	}
	fmt.Fprintf(r.out, "%d of the mutations are in one binary, which was built in %s; without any of them awake nothing is found in %s\n",
		len(r.field.numbers), linked.Sub(began).Round(time.Second), f.took.Round(time.Second))
	return nil
}

// one wakes a mutation and prints what became of it.
func (r *runner) one(ctx context.Context, m mutation) error {
	packages := []string{simulation}
	if r.unit {
		packages = []string{"reconciler/plan", "reconciler"}
		for _, e := range m.edits() {
			packages = append([]string{path.Dir(e.file)}, packages...)
		}
	}
	f, err := r.judge(ctx, &m, packages)
	if err != nil {
		return fmt.Errorf("try mutation %s: %w", m.name, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	fmt.Fprintln(r.out, row(&m, &f))
	if !f.caught {
		r.survivors = append(r.survivors, fmt.Sprintf("%s (law %d): %s", m.name, m.law, m.why))
	}
	return nil
}

// judge runs the tests of packages with a mutation, until the first that fail.
func (r *runner) judge(ctx context.Context, m *mutation, packages []string) (f finding, err error) {
	asked := map[string]bool{}
	for _, pkg := range packages {
		if asked[pkg] {
			continue
		}
		asked[pkg] = true
		var binary string
		number, isPlanted := r.field.numbers[m.name]
		if isPlanted {
			binary, err = r.planted(ctx, pkg)
		} else {
			binary, err = r.alone(ctx, m, pkg)
		}
		if err != nil {
			return f, err
		}
		if f, err = r.search(ctx, pkg, binary, number); err != nil || f.caught {
			return f, err
		}
	}
	return f, nil
}

// planted returns the test binary of a package in which all planted mutations are.
func (r *runner) planted(ctx context.Context, pkg string) (string, error) {
	r.mu.Lock()
	b := r.builds[pkg]
	if b == nil {
		b = &build{}
		r.builds[pkg] = b
	}
	r.mu.Unlock()
	b.once.Do(func() { b.binary, b.err = link(ctx, r.root, r.dir, pkg, "planted", r.field.files) })
	return b.binary, b.err
}

// alone returns the test binary of a package with one mutation.
func (r *runner) alone(ctx context.Context, m *mutation, pkg string) (string, error) {
	changed, err := m.apply(os.DirFS(r.root))
	if err != nil {
		return "", err
	}
	return link(ctx, r.root, r.dir, pkg, m.name, changed)
}

// search runs a test binary with one mutation awake.
func (r *runner) search(ctx context.Context, pkg, binary string, number int) (finding, error) {
	args := append([]string{"-test.short"}, quietRapid(r.root, pkg)...)
	if !r.unit {
		args = []string{"-test.run", "^TestSimulation$", "-seeds", strconv.Itoa(r.seeds), "-from", "1"}
	}
	t := trial{dir: filepath.Join(r.root, filepath.FromSlash(pkg)), binary: binary, number: number, limit: r.limit, args: args}
	return t.run(ctx, r.now)
}

// quietRapid keeps property tests, which are about to fail, from writing into the
// repository how.
func quietRapid(root, pkg string) []string {
	tests, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(pkg), "*_test.go"))
	if err != nil {
		return nil
	}
	for _, file := range tests {
		if text, err := os.ReadFile(file); err == nil && bytes.Contains(text, []byte(`"pgregory.net/rapid"`)) {
			return []string{"-rapid.nofailfile"}
		}
	}
	return nil
}

// row is a line of the table.
func row(m *mutation, f *finding) string {
	law, seed, steps, what := "-", "-", "-", f.what
	switch {
	case f.late:
		law, what = "none", "SURVIVED until the time was over"
	case !f.caught:
		law, what = "none", "SURVIVED"
	case f.law != 0:
		seed, steps = strconv.Itoa(f.seed), strconv.Itoa(f.steps)
		if law = strconv.Itoa(f.law); f.law != m.law {
			law += fmt.Sprintf(" for %d", m.law)
		}
	}
	return fmt.Sprintf("%-42s %-8s %5s %6s %6.1fs  %s", m.name, law, seed, steps, f.took.Seconds(), what)
}
