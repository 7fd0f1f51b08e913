package plan_test

import (
	"strings"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// words makes the world's data plane keep the word that actions leave.
func (w *world) words() {
	for _, m := range w.clusters {
		m.State = "finished"
	}
}

func TestAClusterThatKeepsAWordIsToldWhenItIsUntrue(t *testing.T) {
	w := smallWorld(t)
	w.words()
	w.setVersion("c1", "canary", "7.6.1")
	w.until("canary-0 is half way", time.Hour, func() bool { return w.touches("canary-0") == 1 })
	if got := w.clusters["canary-0"].State; got != "rolling" {
		t.Errorf("half way the word is %q", got)
	}
	w.obey(plan.Command{Kind: plan.CommandPause, Reason: "doubts"})
	w.run(2 * time.Minute)
	if got := w.clusters["canary-0"].State; got != "everything-paused" {
		t.Errorf("halted, the word is %q", got)
	}
	w.obey(plan.Command{Kind: plan.CommandResume})
	w.until("the canaries have finished", 6*time.Hour, func() bool { return w.phase("kafka", "canary") == plan.PhaseFinished })
	w.run(2 * time.Minute)
	if got := w.clusters["canary-0"].State; got != "finished" {
		t.Errorf("at the end the word is %q", got)
	}
	if n := len(w.plan.Actions); n > 0 {
		t.Errorf("at rest there are %d actions: %v", n, w.plan.Actions)
	}
}

func TestAClusterThatAnotherToolWouldSetBackIsNotStarted(t *testing.T) {
	w := smallWorld(t)
	w.clusters["canary-0"].Owner = "Argo CD application kafka-eu"
	w.setVersion("c1", "canary", "7.6.1")
	w.run(10 * time.Minute)
	d := w.decision("canary-0")
	if d.Verdict != plan.Waiting || d.Reason != plan.OwnedByAnotherTool || !strings.Contains(w.reason("canary-0"), "Argo CD application kafka-eu") {
		t.Errorf("%s: %s", d.Verdict, w.reason("canary-0"))
	}
	if w.touches("canary-0") > 0 {
		t.Error("it was touched")
	}
}

func TestDriftNamesWhoChangedTheVersion(t *testing.T) {
	w := smallWorld(t)
	w.setVersion("c1", "canary", "7.6.1")
	w.until("the canaries have finished", 6*time.Hour, func() bool { return w.phase("kafka", "canary") == plan.PhaseFinished })
	m := w.clusters["canary-0"]
	m.Version, m.Target, m.ChangedBy = v("7.6.0"), v("7.6.0"), "kubectl-edit"
	w.run(time.Minute)
	if got := w.reason("canary-0"); !strings.Contains(got, "set by kubectl-edit") {
		t.Errorf("the drift says: %s", got)
	}
}
