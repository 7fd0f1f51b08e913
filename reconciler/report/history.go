package report

import (
	"strconv"
	"strings"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// History is what has happened to a cluster, or to the fleet.
type History struct {
	At     time.Time    `json:"at"`
	Events []plan.Event `json:"events"`
}

// Text renders the history for a terminal, in the order of its events.
func (h *History) Text(p Paint) string {
	var b strings.Builder
	t := table{indent: "  "}
	for i := range h.Events {
		e := &h.Events[i]
		t.row(cell{e.At.UTC().Format("2006-01-02 15:04:05"), Dim}, cell{e.Cluster, Strong}, cell{What(e), eventRole(e.Kind)}, cell{clean(detail(e)), Dim})
	}
	t.write(&b, p)
	return b.String()
}

// What says in a few words what an event is.
func What(e *plan.Event) string {
	switch e.Kind {
	case plan.ClusterStarted:
		return "started " + arrow(e)
	case plan.ClusterStepped:
		return "replica " + strconv.Itoa(e.Ordinal) + " → " + e.To.String()
	case plan.ClusterFinished:
		return "finished " + e.To.String()
	case plan.RolloutStarted:
		return "rollout of " + e.To.String() + " in " + e.Cohort + " started"
	case plan.WaveOpened, plan.WaveFinished, plan.WaveSoaked:
		return strings.Replace(string(e.Kind), "wave-", "wave "+strconv.Itoa(e.Wave+1)+" ", 1)
	case plan.TargetSet:
		return "target of " + e.Cohort + " " + arrow(e)
	case plan.Decided:
		return e.Verdict
	case plan.DriftFound:
		return "drift: " + e.Gate
	case plan.DriftGone:
		return "drift gone: " + e.Gate
	default:
		return strings.ReplaceAll(strings.TrimPrefix(string(e.Kind), "cluster-"), "-", " ")
	}
}

func arrow(e *plan.Event) string {
	if e.From.IsZero() || e.From == e.To {
		return e.To.String()
	}
	return e.From.String() + " → " + e.To.String()
}

func detail(e *plan.Event) string {
	var parts []string
	add := func(s string) {
		if s != "" {
			parts = append(parts, s)
		}
	}
	add(e.Reason)
	if e.By != "" {
		add("by " + e.By)
	}
	if e.Kind != plan.Decided && e.Commit != "" {
		add("commit " + short(e.Commit))
	}
	return strings.Join(parts, ", ")
}

func eventRole(k plan.EventKind) Role {
	switch k {
	case plan.ClusterFailed, plan.Paused, plan.CommitRefused, plan.ClusterHeld:
		return Bad
	case plan.ClusterFinished, plan.RolloutFinished, plan.ReleaseCompleted, plan.Resumed, plan.WaveSoaked:
		return Good
	case plan.DriftFound:
		return Warn
	default:
		return Plain
	}
}
