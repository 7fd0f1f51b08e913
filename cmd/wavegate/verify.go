package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/wavegate-dev/wavegate/internal/sqlite"
	"github.com/wavegate-dev/wavegate/reconciler/proof"
	"github.com/wavegate-dev/wavegate/reconciler/report"
)

const verifyHelp = `Judges a journal after the fact, from nothing but the journal: a ledger.db, or what
'wavegate journal export' has written. It needs no service and no network, and may
run beside a service. Without a name it judges the journal of the state folder.

  chain        each entry is as it was recorded, and none is missing
  traced       each change belongs to a target that an admitted commit has set
  in-force     each start belongs to a target that moves clusters
  one-cohort   its commit moves one cohort at most
  order        what is stepped was started, what has failed was retried, ...
  paused       nothing was started or stepped while it was paused
  resumed      whoever resumed is named
  predecessor  earlier cohorts had finished and soaked the version
  wave         earlier waves had finished and soaked
  soak         each soak took as long as it has to
  budget       a release with too many failures stood still
  window       nothing was started in a blackout or outside of maintenance
  pin          what was pinned stayed as it was
  version      the product's policy allows each step
  limit        no more were in flight than may be

It does not ask the planner: it is a second pair of eyes. What the journal does not
hold enough for is counted as not judged. No journal can tell whether monitors were
quiet and replicas ready.

The chain shows changes by mistake or by somebody who does not know of it. Who can
write the file and computes the chain anew is found by comparing its head with a
copy kept elsewhere.

Exits with 3 when something is wrong.`

func (c *cli) verify() *cobra.Command {
	var state string
	cmd := &cobra.Command{
		Use: "verify [JOURNAL]", Short: "Judge the journal: nothing was edited, and nothing was done that must not be", GroupID: "look",
		Long: verifyHelp,
		Example: `  wavegate verify
  wavegate verify /backup/ledger.db
  wavegate journal export | wavegate verify -`,
		Args: atMost(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			path := stateDir(state).ledger()
			if len(args) == 1 {
				path = args[0]
			}
			v, err := c.judge(cmd.Context(), path)
			if err != nil {
				return err
			}
			if err := c.print(v); err != nil {
				return err
			}
			if len(v.Violations) > 0 {
				return errFound
			}
			return nil
		},
	}
	stateFlag(cmd, &state)
	c.outputFlag(cmd)
	return cmd
}

// judge replays a journal for a checker. "-" is what comes in.
func (c *cli) judge(ctx context.Context, path string) (*report.Verification, error) {
	checker := proof.New()
	head, err := replay(ctx, path, c.stdin, checker)
	if err != nil {
		return nil, fmt.Errorf("verify %s: %w", path, err)
	}
	return &report.Verification{Journal: path, Head: fmt.Sprintf("%x", head.Link), Result: checker.Result()}, nil
}

func replay(ctx context.Context, path string, stdin io.Reader, v sqlite.Visitor) (sqlite.Head, error) {
	if path == "-" {
		return sqlite.ReplayExport(stdin, v)
	}
	f, err := os.Open(path)
	if err != nil {
		return sqlite.Head{}, err
	}
	defer func() { _ = f.Close() }()
	r := bufio.NewReader(f)
	if begin, _ := r.Peek(64); sqlite.IsExport(begin) {
		return sqlite.ReplayExport(r, v)
	}
	store, err := sqlite.Open(ctx, sqlite.Config{Path: path, Access: sqlite.Read})
	if err != nil {
		return sqlite.Head{}, err
	}
	defer func() { _ = store.Close() }()
	return store.Replay(ctx, v)
}

func (c *cli) journal() *cobra.Command {
	cmd := &cobra.Command{Use: "journal", Short: "Write out what has happened", GroupID: "look", Args: exactly(0, "")}
	var state string
	export := &cobra.Command{
		Use: "export", Short: "Write the whole journal as JSON lines", Args: exactly(0, ""),
		Long: `Writes the whole journal as JSON lines: a line about the journal, and one for each
entry with its link of the chain. 'wavegate verify FILE' judges it elsewhere.`,
		Example: `  wavegate journal export > journal.jsonl
  wavegate journal export | jq -r 'select(.kind == "paused") | [.at, .release, .more.reason] | @tsv'`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			store, err := stateDir(state).open(cmd.Context(), sqlite.Read)
			if err != nil {
				return err
			}
			defer func() { _ = store.Close() }()
			return store.Export(cmd.Context(), c.stdout)
		},
	}
	stateFlag(export, &state)
	cmd.AddCommand(export)
	return cmd
}
