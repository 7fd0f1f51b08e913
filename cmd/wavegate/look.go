package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/wavegate-dev/wavegate/internal/sqlite"
	"github.com/wavegate-dev/wavegate/internal/web"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
	"github.com/wavegate-dev/wavegate/reconciler/report"
)

func (c *cli) status() *cobra.Command {
	var state string
	cmd := &cobra.Command{
		Use: "status", Short: "How the fleet stands: releases, what is in flight, what waits and why", GroupID: "look",
		Args: exactly(0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			w, err := openWorld(cmd.Context(), stateDir(state))
			if err != nil {
				return err
			}
			return c.print(report.NewStatus(w.reportInput(w.decide())))
		},
	}
	stateFlag(cmd, &state)
	c.outputFlag(cmd)
	return cmd
}

func (c *cli) drift() *cobra.Command {
	var state string
	var code, post bool
	cmd := &cobra.Command{
		Use: "drift", Short: "What differs from the desired state without a rollout that explains it", GroupID: "look",
		Long: `Lists every cluster that differs from the desired state without a rollout that
explains it, since when, and which versions run where.

With --post the running service also posts it as the issue that it keeps at GitHub,
now instead of when the Fleet's schedule says; only the service has the credentials
for that.`,
		Args: exactly(0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			w, err := openWorld(cmd.Context(), stateDir(state))
			if err != nil {
				return err
			}
			since, err := driftSince(cmd.Context(), w.dir)
			if err != nil {
				return err
			}
			d := report.NewDrift(w.reportInput(w.decide()), func(cluster string) time.Time { return since[cluster] })
			if err := c.print(d); err != nil {
				return err
			}
			if post {
				if err := c.postDrift(cmd.Context(), w.dir); err != nil {
					return err
				}
			}
			if code && len(d.Items) > 0 {
				return errFound
			}
			return nil
		},
	}
	stateFlag(cmd, &state)
	c.outputFlag(cmd)
	cmd.Flags().BoolVar(&code, "exit-code", false, "exit with 3 when there is drift")
	cmd.Flags().BoolVar(&post, "post", false, "post it at GitHub now, through the running service")
	return cmd
}

// postDrift has the running service post the report. Where it is goes to standard
// error, so that the report itself can be piped.
func (c *cli) postDrift(ctx context.Context, dir stateDir) error {
	ctx, cancel := context.WithTimeout(ctx, postPatience)
	defer cancel()
	said, err := web.PostDrift(ctx, dir.socket())
	switch {
	case errors.Is(err, web.ErrNotRunning):
		return fmt.Errorf("post drift report: no service runs in %s, and only it can post: start `wavegate run`", dir)
	case err != nil:
		return fmt.Errorf("post drift report: %w", err)
	}
	if _, err := fmt.Fprintf(c.stderr, "posted: %s\n", said); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return nil
}

// postPatience is how long a post may take: a cycle, and some requests to GitHub.
const postPatience = 2 * time.Minute

// driftSince asks the journal since when clusters drift.
func driftSince(ctx context.Context, dir stateDir) (map[string]time.Time, error) {
	store, err := dir.open(ctx, sqlite.Read)
	if err != nil {
		return nil, err
	}
	defer func() { _ = store.Close() }()
	since := map[string]time.Time{}
	for e, err := range store.Events(ctx, sqlite.Filter{Kinds: []plan.EventKind{plan.DriftFound, plan.DriftGone}}) {
		if err != nil {
			return nil, err
		}
		if e.Kind == plan.DriftGone {
			delete(since, e.Cluster)
		} else if _, known := since[e.Cluster]; !known {
			since[e.Cluster] = e.At
		}
	}
	return since, nil
}

func (c *cli) explain() *cobra.Command {
	var state, at string
	cmd := &cobra.Command{
		Use: "explain CLUSTER", Short: "Every gate for one cluster, with its reason, now or at another time", GroupID: "look",
		Long: `Says what is decided for a cluster and why: every gate in its order, open or
closed, with the reason.

With --at in the past it says what the journal has: the decision that was in
force then and what had happened. With --at in the future it decides for that
moment, if nothing but the time changes.`,
		Example: `  wavegate explain lkc-7q2xk
  wavegate explain lkc-7q2xk --at 2026-11-24T14:03
  wavegate explain lkc-7q2xk --at -2h`,
		Args: exactly(1, "a cluster"),
		RunE: func(cmd *cobra.Command, args []string) error {
			w, err := openWorld(cmd.Context(), stateDir(state))
			if err != nil {
				return err
			}
			p := w.decide()
			if at == "" {
				return c.printExplanation(w, p, args[0])
			}
			moment, err := parseTime(at, w.now)
			if err != nil {
				return err
			}
			if moment.After(w.now) {
				w.now = moment
				w.signals.Sources = freshAt(w.signals.Sources, moment)
				return c.printExplanation(w, w.decide(), args[0])
			}
			m, err := momentOf(cmd.Context(), w, p, args[0], moment)
			if err != nil {
				return err
			}
			return c.print(m)
		},
	}
	stateFlag(cmd, &state)
	c.outputFlag(cmd)
	cmd.Flags().StringVar(&at, "at", "", "another time: 2026-11-24T14:03 (UTC), RFC 3339, or -2h, +3d from now")
	return cmd
}

func (c *cli) printExplanation(w *world, p *plan.Plan, cluster string) error {
	x, err := report.NewExplanation(w.reportInput(p), cluster)
	if err != nil {
		return err
	}
	return c.print(x)
}

// freshAt makes monitors that answer now answer at another time: the question is
// what the calendar says, not how old an answer would be.
func freshAt(sources map[plan.MonitorKey]plan.MonitorState, at time.Time) map[plan.MonitorKey]plan.MonitorState {
	out := map[plan.MonitorKey]plan.MonitorState{}
	for k, s := range sources {
		if s.Unknown == "" {
			s.AsOf = at
		}
		out[k] = s
	}
	return out
}

// momentOf asks the journal about the past.
func momentOf(ctx context.Context, w *world, p *plan.Plan, cluster string, at time.Time) (*report.Moment, error) {
	store, err := w.dir.open(ctx, sqlite.Read)
	if err != nil {
		return nil, err
	}
	defer func() { _ = store.Close() }()
	product, cohort := w.placeOf(p, cluster)
	events, err := store.At(ctx, cluster, product, cohort, at)
	if err != nil {
		return nil, err
	}
	m := &report.Moment{At: at, Cluster: cluster}
	for i := range events {
		if events[i].Kind == plan.Decided && m.Last == nil {
			m.Last = &events[i]
			continue
		}
		m.Before = append(m.Before, events[i])
	}
	return m, nil
}

// placeOf returns the product and the cohort of a cluster, as far as they are
// known now.
func (w *world) placeOf(p *plan.Plan, cluster string) (product, cohort string) {
	row, ok := w.fleet.Find(cluster)
	if !ok {
		return "", ""
	}
	return w.fleet.Cluster(row).Product, p.Cohort(row)
}

func (c *cli) history() *cobra.Command {
	var state, since string
	var limit int
	cmd := &cobra.Command{
		Use: "history CLUSTER", Short: "What has happened to a cluster", GroupID: "look",
		Args: exactly(1, "a cluster"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			dir := stateDir(state)
			from, err := parseTime(since, time.Now())
			if err != nil {
				return err
			}
			store, err := dir.open(ctx, sqlite.Read)
			if err != nil {
				return err
			}
			defer func() { _ = store.Close() }()
			page, err := store.History(ctx, sqlite.HistoryQuery{Cluster: args[0], Since: from, Limit: limit})
			if err != nil {
				return err
			}
			h := &report.History{At: time.Now().UTC(), Events: []plan.Event{}}
			for i := len(page.Events) - 1; i >= 0; i-- {
				h.Events = append(h.Events, page.Events[i])
			}
			return c.print(h)
		},
	}
	stateFlag(cmd, &state)
	c.outputFlag(cmd)
	cmd.Flags().StringVar(&since, "since", "-180d", "from when: a time, or -30d")
	cmd.Flags().IntVar(&limit, "limit", 200, "the newest so many")
	return cmd
}
