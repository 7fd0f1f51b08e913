package main

import (
	"context"
	"log/slog"

	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
	"github.com/wavegate-dev/wavegate/reconciler/report"
)

// logReporter writes what happens to the log: the milestones, and with verbose
// each cluster's steps.
type logReporter struct {
	log     *slog.Logger
	verbose bool
}

// Report implements reconciler.Reporter.
func (l *logReporter) Report(_ context.Context, c *reconciler.Cycle) error {
	for i := range c.Events {
		e := &c.Events[i]
		if !l.verbose && !milestone(e.Kind) {
			continue
		}
		attrs := []any{}
		for _, a := range []struct{ k, v string }{
			{"release", e.Release},
			{"cohort", e.Cohort},
			{"product", e.Product},
			{"cluster", e.Cluster},
			{"commit", e.Commit},
			{"reason", e.Reason},
			{"by", e.By},
		} {
			if a.v != "" {
				attrs = append(attrs, a.k, a.v)
			}
		}
		l.log.Info("event", append([]any{"what", report.What(e)}, attrs...)...)
	}
	for id, why := range c.Refused {
		l.log.Warn("command refused", "command", id, "reason", why)
	}
	return nil
}

// milestone tells what somebody who reads the log wants to see.
func milestone(k plan.EventKind) bool {
	switch k {
	case plan.ClusterStepped, plan.Decided, plan.SoakCredited, plan.DurationLearnt, plan.BaselineConfirmed, plan.ClusterJoined, plan.CommandRefused:
		return false
	default:
		return true
	}
}
