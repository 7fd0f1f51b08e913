package main

import (
	"context"
	"fmt"
	"os"
	"os/user"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/wavegate-dev/wavegate/internal/sqlite"
	"github.com/wavegate-dev/wavegate/internal/web"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

func (c *cli) pause() *cobra.Command {
	return c.steer(plan.CommandPause, "pause [RELEASE]", "Stop a release, or everything", `Stops a release, or everything when no release is named. Nothing more is
started and no replica more is touched, in any data plane, until you resume.

The command is put into the inbox of the running service, which takes it up at
once. The state folder decides who may: whoever can write to it.

`+brakeHelp, atMost(1))
}

func (c *cli) resume() *cobra.Command {
	return c.steer(plan.CommandResume, "resume [RELEASE]", "Go on with a release, or with everything", `Lifts a pause. The failures that a release has had so far are accepted: it
pauses again with the next one beyond its budget.`, atMost(1))
}

func (c *cli) retry() *cobra.Command {
	return c.steer(plan.CommandRetry, "retry CLUSTER", "Try a cluster again that failed or was skipped", "Lets a cluster that failed, was skipped or joined late go on.", exactly(1, "a cluster"))
}

func (c *cli) skip() *cobra.Command {
	return c.steer(plan.CommandSkip, "skip CLUSTER", "Leave a cluster out of its rollout", `Leaves a cluster out of its rollout, so that the wave can finish without it.
It stays where it is, also when it is half way.`, exactly(1, "a cluster"))
}

// steer makes a command that asks the running service for something.
func (c *cli) steer(kind plan.CommandKind, use, short, long string, args cobra.PositionalArgs) *cobra.Command {
	var state, reason, by string
	cmd := &cobra.Command{
		Use: use, Short: short, Long: long, Args: args, GroupID: "run",
		RunE: func(cmd *cobra.Command, args []string) error {
			what := plan.Command{At: time.Now().UTC(), Kind: kind, Reason: reason, By: by, Via: plan.ViaCLI}
			if len(args) == 1 {
				switch kind {
				case plan.CommandRetry, plan.CommandSkip:
					what.Cluster = args[0]
				default:
					what.Release = args[0]
				}
			}
			return c.submit(cmd.Context(), stateDir(state), what)
		},
	}
	stateFlag(cmd, &state)
	cmd.Flags().StringVar(&reason, "reason", "", "why; the journal keeps it")
	cmd.Flags().StringVar(&by, "by", operator(), "who asks; the journal keeps it")
	return cmd
}

func (c *cli) submit(ctx context.Context, dir stateDir, what plan.Command) error {
	if _, err := os.Stat(dir.ledger()); err != nil {
		return fmt.Errorf("no ledger in %s: start `wavegate run --state %s` first, or name its folder with --state", dir, dir)
	}
	if what.Kind == plan.CommandResume {
		hand, err := dir.brake()
		if err != nil {
			return err
		}
		if pull, yes := hand.Pulled(); yes && pull.Lasts != "" {
			return fmt.Errorf("resume: %s", pull.Lasts)
		}
	}
	store, err := dir.open(ctx, sqlite.Inbox)
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	if _, err := store.Submit(ctx, what); err != nil {
		return fmt.Errorf("submit command: %w", err)
	}
	when := "at once"
	if err := web.Hurry(ctx, dir.socket()); err != nil {
		when = "in the next cycle of the service"
	}
	object := what.Release + what.Cluster
	if object == "" {
		object = "everything"
	}
	_, err = fmt.Fprintf(c.stdout, "%s %s: takes effect %s\n", what.Kind, object, when)
	return err
}

// operator is who sits at this terminal.
func operator() string {
	u, err := user.Current()
	if err != nil {
		return "unknown"
	}
	return "user:" + strings.TrimSpace(u.Username)
}
