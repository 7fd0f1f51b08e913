package console

import (
	"strings"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/internal/githubtest"
)

// TestWhoMovesTheClockLooksByHand tells of a release without a goroutine of the
// console's.
func TestWhoMovesTheClockLooksByHand(t *testing.T) {
	w := start(t)
	w.console.cfg.Preview, w.console.cfg.Poll = w.preview, 10*time.Minute
	ctx := t.Context()
	w.cycle()
	if !w.console.Look(ctx) {
		t.Fatal("the first cycle is not looked at")
	}
	if w.console.Look(ctx) {
		t.Error("it looks again although nothing has happened and no time has passed")
	}
	n := w.propose("canary-7.6.1", githubtest.Files{"cohorts/10-canary.yaml": canary("7.6.1")})
	w.console.Wake()
	if !w.console.Look(ctx) {
		t.Error("it does not look when it is asked to")
	}
	w.comment(n, "7.6.1")
	w.clock.advance(11 * time.Minute)
	if !w.console.Look(ctx) {
		t.Error("it does not look once in a poll")
	}
	_, err := w.As("grace").Approve(repo, n)
	w.ok(err)
	sha := w.merge(n)
	w.cycle()
	w.console.Look(ctx)
	if got := w.status(sha, StatusRollout); !strings.Contains(got, "canary") {
		t.Errorf("after the merge the commit says %q", got)
	}
	heal := w.Break(githubtest.Fault{Effect: githubtest.Status(401)})
	w.clock.advance(11 * time.Minute)
	w.console.Look(ctx)
	w.cycle()
	if len(w.reports) != 1 {
		t.Fatalf("GitHub refuses to answer, and the reports were %v", w.reports)
	}
	heal()
	w.clock.advance(11 * time.Minute)
	w.console.Look(ctx)
	w.cycle()
	if len(w.reports) != 1 {
		t.Errorf("GitHub answers again, and the reports were %v", w.reports)
	}
}
