package plan_test

import (
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// The start is recorded and its data plane does not show it; then a newer version
// takes the place of the rollout. Nobody knows whether the cluster moves: it counts.
func TestWhatASupersededRolloutHasStartedCountsUntilItIsSeen(t *testing.T) {
	s := plan.NewState()
	at := epoch.Add(time.Hour)
	apply := func(kind plan.EventKind, e plan.Event) {
		e.Kind, e.At, e.Release, e.Product, e.Cohort = kind, at, "r", "kafka", "canary"
		s.Apply(e)
	}
	apply(plan.RolloutStarted, plan.Event{To: v("7.6.1"), Members: []string{"a", "b", "c"}, Waves: []int{3}})
	apply(plan.ClusterStarted, plan.Event{Cluster: "a"})
	apply(plan.ClusterStarted, plan.Event{Cluster: "b"})
	apply(plan.ClusterFinished, plan.Event{Cluster: "b"})
	apply(plan.RolloutSuperseded, plan.Event{})
	if len(s.Unseen) != 1 || !s.Unseen["a"].Equal(at) {
		t.Fatalf("unseen are %v, want a since its start", s.Unseen)
	}
	apply(plan.RolloutStarted, plan.Event{To: v("7.6.2"), Members: []string{"a", "b", "c"}, Waves: []int{3}})
	apply(plan.ClusterStarted, plan.Event{Cluster: "a"})
	if len(s.Unseen) != 0 {
		t.Errorf("unseen are %v after a was started again", s.Unseen)
	}
}
