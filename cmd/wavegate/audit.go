package main

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/wavegate-dev/wavegate/internal/sqlite"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
	"github.com/wavegate-dev/wavegate/reconciler/report"
)

const auditHelp = `Lists what people have decided, and what was decided in their place: who approved,
paused, resumed, retried, skipped or drilled what, when, by which way (a comment, a
command line, the file, a signal, ...), and whom Wavegate has refused.

"wavegate" is the service itself: a release whose failure budget was spent, say.`

func (c *cli) audit() *cobra.Command {
	var state, since, until string
	var f report.AuditFilter
	cmd := &cobra.Command{
		Use: "audit", Short: "Who has approved, paused, resumed, retried, skipped or drilled what, when, by which way", GroupID: "look",
		Long: auditHelp,
		Example: `  wavegate audit --since -7d
  wavegate audit --by ann --release kafka-7.6.1-84ade82
  wavegate audit --since 2026-11-01 --until 2026-12-01 -o jsonl > november.jsonl`,
		Args: exactly(0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			now := time.Now()
			filter := sqlite.Filter{Kinds: report.AuditKinds}
			for _, x := range []struct {
				flag string
				to   *time.Time
			}{{since, &filter.Since}, {until, &filter.Until}} {
				if x.flag == "" {
					continue
				}
				t, err := parseTime(x.flag, now)
				if err != nil {
					return err
				}
				*x.to = t
			}
			store, err := stateDir(state).open(cmd.Context(), sqlite.Read)
			if err != nil {
				return err
			}
			defer func() { _ = store.Close() }()
			var events []plan.Event
			for e, err := range store.Events(cmd.Context(), filter) {
				if err != nil {
					return err
				}
				e.Rules = nil
				events = append(events, e)
			}
			return c.printAudit(report.NewAudit(events, f))
		},
	}
	stateFlag(cmd, &state)
	c.outputFlag(cmd, "jsonl")
	cmd.Flags().StringVar(&since, "since", "", "from when: a time, or -30d; all without it")
	cmd.Flags().StringVar(&until, "until", "", "until when")
	cmd.Flags().StringVar(&f.By, "by", "", "only what this person has decided, with others or alone")
	cmd.Flags().StringVar(&f.Release, "release", "", "only what was decided about this release, and the commits that have moved it")
	return cmd
}

// printAudit knows JSON lines besides the usual forms: an audit is exported.
func (c *cli) printAudit(a *report.Audit) error {
	if c.output != "jsonl" {
		return c.print(a)
	}
	for i := range a.Items {
		line, err := json.Marshal(&a.Items[i])
		if err != nil {
			return fmt.Errorf("encode output: %w", err)
		}
		if _, err := fmt.Fprintf(c.stdout, "%s\n", line); err != nil {
			return err
		}
	}
	return nil
}
