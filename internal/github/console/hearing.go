package console

import (
	"slices"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
	"github.com/wavegate-dev/wavegate/reconciler/report"
)

// hearing is what the goroutine of commands wants to know of the cycles to come,
// and what they have answered. It is guarded by the console's lock.
type hearing struct {
	refused map[int64]string // commands that made no sense
	obeyed  []obeyed         // the newest last
	// asked are clusters that somebody wants explained; explained is the answer.
	asked     map[string]bool
	explained map[string]explained
	// driftAsked asks for the drift report, drift is the answer.
	driftAsked bool
	drift      *report.Drift
	// driftFor are those who wait for the drift report of the next cycle.
	driftFor []chan<- *report.Drift
}

// obeyed is a command that took effect.
type obeyed struct {
	at               time.Time
	kind             plan.CommandKind
	release, cluster string
	by               string
}

type explained struct {
	explanation *report.Explanation
	why         string // there is none
}

// The bounds of what is remembered. A command is answered within a few cycles.
const (
	maxObeyed  = 256
	maxRefused = 1024
)

func newHearing() hearing {
	return hearing{refused: map[int64]string{}, asked: map[string]bool{}, explained: map[string]explained{}}
}

// hear takes what a cycle says of commands. It returns whether that is anything.
func (h *hearing) hear(cycle *reconciler.Cycle, in report.Input) bool {
	news := len(cycle.Refused) > 0 || len(h.asked) > 0
	if len(h.refused) > maxRefused {
		clear(h.refused)
	}
	for id, why := range cycle.Refused {
		h.refused[id] = why
	}
	for i := range cycle.Events {
		e := &cycle.Events[i]
		if kind := commandOf(e.Kind); kind != "" && e.By != "" {
			h.obeyed = append(h.obeyed, obeyed{e.At, kind, e.Release, e.Cluster, e.By})
			news = true
		}
	}
	if n := len(h.obeyed) - maxObeyed; n > 0 {
		h.obeyed = slices.Delete(h.obeyed, 0, n)
	}
	for cluster := range h.asked {
		x, err := report.NewExplanation(in, cluster)
		if err != nil {
			h.explained[cluster] = explained{why: err.Error()}
		} else {
			h.explained[cluster] = explained{explanation: x}
		}
	}
	clear(h.asked)
	if h.driftAsked {
		h.driftAsked, h.drift, news = false, report.NewDrift(in, nil), true
		h.drift.Pins = slices.Clone(h.drift.Pins)
	}
	for _, answer := range h.driftFor {
		d := report.NewDrift(in, nil)
		d.Pins = slices.Clone(d.Pins)
		answer <- d // there is room for one, and there is no other
	}
	h.driftFor = nil
	return news
}

func commandOf(k plan.EventKind) plan.CommandKind {
	switch k {
	case plan.Paused:
		return plan.CommandPause
	case plan.Resumed:
		return plan.CommandResume
	case plan.ClusterRetried, plan.ClusterJoined:
		return plan.CommandRetry
	case plan.ClusterSkipped:
		return plan.CommandSkip
	default:
		return ""
	}
}

// slack is how much earlier than a command the cycle may have begun that obeyed
// it.
const slack = time.Minute

// outcome says whether a command took effect, or why it did not.
func (h *hearing) outcome(x *order) (done bool, why string) {
	if why, refused := h.refused[x.id]; refused {
		return false, why
	}
	for _, o := range h.obeyed {
		if o.kind == x.Kind && o.by == x.By && o.cluster == x.Cluster && (o.release == x.Release || x.Cluster != "") &&
			!o.at.Before(x.At.Add(-slack)) {
			return true, ""
		}
	}
	return false, ""
}
