package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr, time.Now)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

// options are what the command line says.
type options struct {
	root     string
	seeds    int
	limit    time.Duration
	sample   time.Duration
	by       string
	unit     bool
	list     bool
	classic  bool
	open     bool
	parallel int
	names    []string
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	set := flag.NewFlagSet("mutants", flag.ContinueOnError)
	set.SetOutput(stderr)
	set.StringVar(&o.root, "root", ".", "the repository's folder")
	set.IntVar(&o.seeds, "seeds", 60, "how many seeds a mutation may survive")
	set.DurationVar(&o.limit, "time", 2*time.Minute, "how long a mutation may survive")
	set.DurationVar(&o.sample, "sample", 0, "run as many as fit into this time, drawn by -by; all of them without it")
	set.StringVar(&o.by, "by", "", "what a sample is drawn by: a date, a commit")
	set.BoolVar(&o.unit, "unit", false, "ask the unit tests of the changed packages instead of the simulation")
	set.BoolVar(&o.list, "list", false, "list the mutations and run none")
	set.BoolVar(&o.open, "open", false, "try those that are known to survive, instead of the others")
	set.BoolVar(&o.classic, "classic", false, "the names are files: mutate them by rule, instead of the catalogue")
	set.IntVar(&o.parallel, "parallel", max(1, runtime.NumCPU()), "how many are built and run at once")
	set.Usage = func() {
		fmt.Fprintln(stderr, "usage: go run ./internal/simulation/mutants [flags] [name...]")
		fmt.Fprintln(stderr, "       go run ./internal/simulation/mutants -classic [flags] file...")
		fmt.Fprintln(stderr, "Plants known bugs, one at a time, and lets the simulation look for them.")
		set.PrintDefaults()
	}
	if err := set.Parse(args); err != nil {
		return o, err
	}
	o.names = set.Args()
	if o.seeds < 1 || o.parallel < 1 || o.limit <= 0 || o.sample < 0 {
		return o, errors.New("-seeds, -parallel and -time must be positive, -sample not negative")
	}
	return o, nil
}

// run is the whole of the command.
func run(ctx context.Context, args []string, stdout, stderr io.Writer, now func() time.Time) error {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	var chosen []mutation
	if o.classic {
		chosen, err = classic(ctx, o.root, o.names)
	} else {
		chosen, err = choose(catalogue(), o.names, o.open)
	}
	if err != nil {
		return err
	}
	if o.list {
		list(stdout, chosen)
		return nil
	}
	r := &runner{options: o, now: now, out: stdout}
	return r.run(ctx, chosen)
}

// choose returns the mutations of the given names, or all without any: those that
// the simulation must catch, or those that are open.
func choose(all []mutation, names []string, open bool) ([]mutation, error) {
	var chosen []mutation
	if len(names) == 0 {
		for _, m := range all {
			if (m.open != "") == open {
				chosen = append(chosen, m)
			}
		}
		return chosen, nil
	}
	for _, name := range names {
		i := slices.IndexFunc(all, func(m mutation) bool { return m.name == name })
		if i < 0 {
			return nil, fmt.Errorf("there is no mutation %q; -list shows those that there are", name)
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}

func list(w io.Writer, mutations []mutation) {
	for i := range mutations {
		m := &mutations[i]
		fmt.Fprintf(w, "%-40s law %-2d  %s: %s\n", m.name, m.law, m.file, m.why)
		if m.open != "" {
			fmt.Fprintf(w, "%-40s open: %s\n", "", m.open)
		}
	}
	fmt.Fprintf(w, "%d mutations\n", len(mutations))
}
