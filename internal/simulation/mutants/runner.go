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

	mu        sync.Mutex
	survivors []string
	failed    error
}

func (r *runner) run(ctx context.Context, chosen []mutation) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	began := r.now()
	if r.sample > 0 {
		chosen = shuffled(chosen, r.by)
		fmt.Fprintf(r.out, "a sample of %d mutations, as many as fit into %s, drawn by %q\n", len(chosen), r.sample, r.by)
	}
	if err := r.sound(ctx); err != nil {
		return err
	}
	fmt.Fprintf(r.out, "%-42s %-6s %5s %6s %7s %7s  %s\n", "mutation", "law", "seed", "steps", "build", "search", "what was found")
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
	fmt.Fprintf(r.out, "%d mutations in %s, %d caught, %d survived\n", done, r.now().Sub(began).Round(time.Second), done-len(r.survivors), len(r.survivors))
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
// else it would find it in every mutation, too.
func (r *runner) sound(ctx context.Context) error {
	if r.unit {
		return nil
	}
	f, err := r.judge(ctx, nil, []string{simulation})
	switch {
	case err != nil:
		return err
	case f.caught:
		return fmt.Errorf("the simulation fails without any mutation, at seed %d after %d steps: law %d: %s", f.seed, f.steps, f.law, f.what)
	}
	fmt.Fprintf(r.out, "without a mutation nothing is found (%s)\n", f.search.Round(time.Second))
	return nil
}

// one plants a mutation and prints what became of it.
func (r *runner) one(ctx context.Context, m mutation) error {
	changed, err := m.apply(os.DirFS(r.root))
	if err != nil {
		return err
	}
	packages := []string{simulation}
	if r.unit {
		packages = packages[:0]
		for file := range changed {
			packages = append(packages, path.Dir(file))
		}
		packages = append(packages, "reconciler/plan", "reconciler")
		slices.Sort(packages)
		packages = slices.Compact(packages)
	}
	f, err := r.judge(ctx, changed, packages)
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

// judge builds and runs the tests of packages with changed files, until the first
// that fail.
func (r *runner) judge(ctx context.Context, changed map[string][]byte, packages []string) (finding, error) {
	dir, err := os.MkdirTemp("", "wavegate-mutant-")
	if err != nil {
		return finding{}, fmt.Errorf("make a folder for the build: %w", err)
	}
	defer os.RemoveAll(dir)
	j := &judge{root: r.root, dir: dir, now: r.now}
	var f finding
	for _, pkg := range packages {
		began := r.now()
		binary, err := j.build(ctx, pkg, changed)
		if err != nil {
			return f, err
		}
		build := f.build + r.now().Sub(began)
		args := append([]string{"-test.short"}, quietRapid(r.root, pkg)...)
		if !r.unit {
			args = []string{"-test.run", "^TestSimulation$", "-seeds", strconv.Itoa(r.seeds), "-from", "1"}
		}
		f, err = j.run(ctx, pkg, binary, r.limit, args...)
		f.build = build
		if err != nil || f.caught {
			return f, err
		}
	}
	return f, nil
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
	law, seed, steps := "-", "-", "-"
	switch {
	case !f.caught:
		law = "none"
	case f.law != 0:
		seed, steps = strconv.Itoa(f.seed), strconv.Itoa(f.steps)
		if law = strconv.Itoa(f.law); f.law != m.law {
			law += fmt.Sprintf(" (%d)", m.law)
		}
	}
	what := f.what
	switch {
	case f.late:
		what = "SURVIVED until the time was over"
	case !f.caught:
		what = "SURVIVED"
	}
	return fmt.Sprintf("%-42s %-6s %5s %6s %6.1fs %6.1fs  %s", m.name, law, seed, steps, f.build.Seconds(), f.search.Seconds(), what)
}
