package proof

import (
	"fmt"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// found writes down that an entry breaks a law.
func (c *Checker) found(e *plan.Event, law Law, format string, args ...any) {
	if len(c.out.Violations) >= maxViolations {
		c.out.Dropped++
		return
	}
	c.out.Violations = append(c.out.Violations, Violation{
		Seq: e.Seq, At: e.At, Law: law, Cluster: e.Cluster, Release: e.Release, Commit: e.Commit, Story: fmt.Sprintf(format, args...),
	})
}

func (c *Checker) unjudged(why string) { c.out.Unjudged[why]++ }

// did says what an entry has done to its cluster.
func did(e *plan.Event) string {
	switch e.Kind {
	case plan.ClusterStepped:
		return fmt.Sprintf("replica %d of %s was released for %s", e.Ordinal, e.Cluster, e.To)
	case plan.ClusterContinued:
		return e.Cluster + " was let go on to " + e.To.String()
	default:
		return e.Cluster + " was started on " + e.To.String()
	}
}

func (p *pause) String() string {
	s := fmt.Sprintf("since %s (entry %d)", p.at.UTC().Format("2006-01-02 15:04:05 UTC"), p.seq)
	if p.by != "" {
		s += " by " + p.by
	}
	if p.reason != "" {
		s += ": " + p.reason
	}
	return s
}

func short(commit string) string {
	if commit == "" {
		return "(none)"
	}
	return commit[:min(7, len(commit))]
}

func span(d time.Duration) string { return d.Round(time.Second).String() }
