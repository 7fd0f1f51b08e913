package kube

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// The annotations that Wavegate writes. MarkAnnotation is what it reads back; the
// others say the same to people who look at the workload.
const (
	annotationPrefix = "wavegate.dev/"

	// MarkAnnotation holds the plan.Mark of the cluster as JSON.
	MarkAnnotation = annotationPrefix + "mark"
	// ReleaseAnnotation and CommitAnnotation name what is being applied.
	ReleaseAnnotation = annotationPrefix + "release"
	CommitAnnotation  = annotationPrefix + "commit"
	// FromAnnotation is the version that the cluster ran before.
	FromAnnotation = annotationPrefix + "from"
	// NextAnnotation names the pod that is being replaced or comes next.
	NextAnnotation = annotationPrefix + "next"
	// SinceAnnotation is when the newest write was decided on.
	SinceAnnotation = annotationPrefix + "since"
	// StateAnnotation is a word for what goes on: starting, rolling, finished, or
	// why it waits, such as window-closed or release-paused.
	StateAnnotation = annotationPrefix + "state"
	// ReasonAnnotation says the same in a sentence.
	ReasonAnnotation = annotationPrefix + "reason"
	// StrategyAnnotation is there while pods are replaced by evicting them after
	// a redirect half way. It holds the update strategy to go back to.
	StrategyAnnotation = annotationPrefix + "update-strategy"

	// ConfirmAnnotation is set by people to "true" on a workload that Argo CD or
	// Flux also manages, once that tool leaves image and partition alone.
	ConfirmAnnotation = annotationPrefix + "take-over"
)

// keptAnnotations keeps ours, and those that tell of another owner.
func keptAnnotations(all map[string]string) map[string]string {
	var out map[string]string
	for k, v := range all {
		if strings.HasPrefix(k, annotationPrefix) || ownerAnnotations[k] {
			if out == nil {
				out = map[string]string{}
			}
			out[k] = v
		}
	}
	return out
}

// markOf reads the mark. One that cannot be read is an error: nobody knows what
// it says, and it may say that the cluster is paused.
func markOf(annotations map[string]string) (plan.Mark, error) {
	text := annotations[MarkAnnotation]
	if text == "" {
		return plan.Mark{}, nil
	}
	var m plan.Mark
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		return plan.Mark{}, fmt.Errorf("read annotation %s: %w; mend it, or remove it if nothing is paused", MarkAnnotation, err)
	}
	return m, nil
}

// note is what a write leaves on the workload.
type note struct {
	mark   plan.Mark
	from   string
	next   string
	state  string
	reason string
	at     time.Time
}

// annotations renders a note. An empty mark leaves nothing.
func (n note) annotations() (map[string]string, error) {
	if n.mark.IsZero() {
		return nil, nil
	}
	text, err := json.Marshal(n.mark)
	if err != nil {
		return nil, fmt.Errorf("encode mark: %w", err)
	}
	out := map[string]string{MarkAnnotation: string(text), SinceAnnotation: n.at.UTC().Format(time.RFC3339)}
	reason := n.reason
	for _, r := range []string{n.mark.Failed, n.mark.Paused, n.mark.AllPaused} {
		if r != "" {
			reason = r
		}
	}
	for k, v := range map[string]string{
		ReleaseAnnotation: n.mark.Release, CommitAnnotation: n.mark.Commit,
		FromAnnotation: n.from, NextAnnotation: n.next, StateAnnotation: n.state, ReasonAnnotation: reason,
	} {
		if v != "" {
			out[k] = v
		}
	}
	return out, nil
}
