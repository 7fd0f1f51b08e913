package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/wavegate-dev/wavegate/internal/sqlite"
	"github.com/wavegate-dev/wavegate/internal/web"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
	"github.com/wavegate-dev/wavegate/reconciler/report"
)

const drillHelp = `Halts a release on purpose, or everything when none is named, through the running
service; measures how long it took from the command until nothing moved any more and
how many replicas were touched after it; resumes; and writes the figures into the
journal.

It lifts no other pause than its own, and does not begin where something is paused
already. Failures are not accepted by it: a release that runs out of budget during a
drill stays paused.

When it is interrupted, what it has paused stays paused; it says how to go on, and
so does the reason of the pause.

Exits with 3 when it did not come to a standstill in time.`

// drillFlags are the flags of `wavegate drill`.
type drillFlags struct {
	state, by         string
	yes, dryRun, list bool
	patience          time.Duration
}

func (c *cli) drill() *cobra.Command {
	var f drillFlags
	cmd := &cobra.Command{
		Use: "drill [RELEASE]", Short: "Halt a release on purpose, measure how long it takes, and resume", Long: drillHelp, GroupID: "run",
		Example: `  wavegate drill --dry-run
  wavegate drill kafka-7.6.1-84ade82
  wavegate drill --yes -o json
  wavegate drill --list`,
		Args: atMost(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			release := strings.Join(args, "")
			if f.list {
				return c.listDrills(cmd.Context(), stateDir(f.state), release)
			}
			return c.runDrill(cmd.Context(), &f, release)
		},
	}
	stateFlag(cmd, &f.state)
	c.outputFlag(cmd)
	cmd.Flags().StringVar(&f.by, "by", operator(), "who drills; the journal keeps it")
	cmd.Flags().BoolVarP(&f.yes, "yes", "y", false, "do not ask")
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "say what would be halted, and halt nothing")
	cmd.Flags().BoolVar(&f.list, "list", false, "show past drills")
	cmd.Flags().DurationVar(&f.patience, "timeout", 2*time.Minute, "how long to wait for a standstill before going on all the same")
	return cmd
}

func (c *cli) listDrills(ctx context.Context, dir stateDir, release string) error {
	store, err := dir.open(ctx, sqlite.Read)
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	var events []plan.Event
	for e, err := range store.Events(ctx, sqlite.Filter{Kinds: []plan.EventKind{plan.DrillRecorded}, Release: release}) {
		if err != nil {
			return err
		}
		events = append(events, e)
	}
	return c.print(report.NewDrills(events))
}

func (c *cli) runDrill(ctx context.Context, f *drillFlags, release string) error {
	dir := stateDir(f.state)
	before, err := web.Fetch(ctx, dir.socket())
	if err != nil {
		return fmt.Errorf("drill: %w: a drill measures the running service", err)
	}
	if err := mayDrill(dir, before.State, release); err != nil {
		return fmt.Errorf("drill: %w", err)
	}
	flying := flyingOf(before, release)
	if f.dryRun {
		return c.say("would halt %s: %s in flight; nothing was touched\n", object(release), clusterCount(len(flying)))
	}
	if err := c.confirm(f, fmt.Sprintf("This halts %s (%s in flight) and resumes it when nothing moves any more. Go on?", object(release), clusterCount(len(flying)))); err != nil {
		return err
	}
	store, err := dir.open(ctx, sqlite.Inbox)
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	d := &drill{
		dir: dir, store: store, release: release, by: f.by, before: before, flying: flying,
		patience: f.patience, now: time.Now, measured: plan.DrillResult{InFlight: len(flying)},
	}
	if d.name, err = drillName(); err != nil {
		return err
	}
	if err := d.run(ctx); err != nil {
		return err
	}
	if err := c.print(report.NewDrills([]plan.Event{d.record})); err != nil {
		return err
	}
	if d.notResumed != "" {
		return fmt.Errorf("drill: %s was not resumed: %s", object(release), d.notResumed)
	}
	if d.measured.Unfinished != "" {
		return errFound
	}
	return nil
}

// mayDrill says why a drill must not begin.
func mayDrill(dir stateDir, state *plan.State, release string) error {
	hand, err := dir.brake()
	if err != nil {
		return err
	}
	if pull, yes := hand.Pulled(); yes {
		return fmt.Errorf("everything is paused already: %s", pull.Reason)
	}
	if p := state.Paused; p != nil {
		return fmt.Errorf("everything is paused already: %s", report.Clean(p.Reason))
	}
	if release == "" {
		return nil
	}
	r := state.Releases[release]
	switch {
	case r == nil:
		return fmt.Errorf("no release %q; see `wavegate status`", release)
	case r.Paused != nil:
		return fmt.Errorf("%s is paused already: %s", release, report.Clean(r.Paused.Reason))
	default:
		return nil
	}
}

// confirm asks at a terminal; elsewhere --yes has to be said.
func (c *cli) confirm(f *drillFlags, question string) error {
	if f.yes {
		return nil
	}
	file, ok := c.stdin.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return usagef("a drill halts what is under way: say --yes where nobody can be asked, or --dry-run")
	}
	if _, err := fmt.Fprintf(c.stderr, "%s [y/N] ", question); err != nil {
		return err
	}
	answer, err := bufio.NewReader(file).ReadString('\n')
	if err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	if a := strings.ToLower(strings.TrimSpace(answer)); a != "y" && a != "yes" {
		return errors.New("nothing was halted")
	}
	return nil
}

func drillName() (string, error) {
	var b [6]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", fmt.Errorf("name drill: %w", err)
	}
	return hex.EncodeToString(b[:]), nil
}

func object(release string) string {
	if release == "" {
		return "everything"
	}
	return release
}

func clusterCount(n int) string {
	if n == 1 {
		return "1 cluster"
	}
	return fmt.Sprintf("%d clusters", n)
}

// resumeLine is the command line that lifts a pause of a release, or of everything.
func resumeLine(release string) string { return strings.TrimSpace("wavegate resume " + release) }
