package console

import (
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/internal/githubtest"
)

func TestAnAbortPausesAndOpensThePullRequestThatGoesBack(t *testing.T) {
	w := start(t)
	w.promoting()
	n, sha := w.release("7.6.1")
	w.run(2 * time.Minute)
	id := w.say("ada", n, "/wavegate abort")
	w.run(2 * time.Minute)
	p := w.promotion()
	if p.Title != "Go back to kafka 7.6.0 in canary" || p.Head != "wavegate/abort/canary" {
		t.Fatalf("pull request %+v", p)
	}
	if got := string((*w.tree(p.HeadSHA))["cohorts/10-canary.yaml"].Data); got != canary("7.6.0") {
		t.Errorf("the file is\n%s", got)
	}
	w.comment(n, "Paused since", "aborted by", "approve and merge pull request "+number(p.Number), "then say /wavegate resume")
	w.says(w.status(sha, StatusRollout), "failure: Paused: aborted by user:ada")
	if got := w.reactions(id); got != "+1 eyes" {
		t.Errorf("reactions %q", got)
	}
	w.look()
	w.comment(p.Number, "kafka 7.6.1 → 7.6.0 in canary")
	// What was aborted halts the way back too, until it is resumed; that can be said
	// on either pull request.
	_, err := w.As("grace").Approve(repo, p.Number)
	w.ok(err)
	back := w.merge(p.Number)
	w.run(2 * time.Minute)
	w.says(w.status(sha, StatusRollout), "failure: Superseded by kafka", "and still paused")
	resume := w.say("grace", p.Number, "/wavegate resume")
	w.run(20 * time.Minute)
	if got := w.reactions(resume); got != "+1 eyes" {
		t.Errorf("reactions %q", got)
	}
	w.says(w.status(sha, StatusRollout), "success: Superseded by kafka")
	w.run(40 * time.Minute)
	w.says(w.status(back, StatusRollout), "success: Finished and soaked in canary")
}

func TestAnAbortTwiceIsOnePullRequest(t *testing.T) {
	w := start(t)
	w.promoting()
	n, _ := w.release("7.6.1")
	w.run(2 * time.Minute)
	w.say("ada", n, "/wavegate abort")
	w.run(2 * time.Minute)
	w.say("grace", n, "/wavegate abort")
	w.run(2 * time.Minute)
	w.promotion()
	w.comment(n, "aborted by user:ada", "!aborted by user:grace") // the first reason stays
	if got := len(w.ledger.taken); got != 1 {
		t.Errorf("paused %d times", got)
	}
}

func TestAnAbortWhereNothingMovesIsRefused(t *testing.T) {
	w := start(t)
	w.promoting()
	n := w.propose("words", githubtest.Files{"README.md": "# Fleet\n"})
	id := w.say("ada", n, "/wavegate abort")
	w.run(time.Minute)
	if got := w.reactions(id); got != "confused eyes" {
		t.Errorf("reactions %q", got)
	}
	w.comment(n, nothingMoves)
}
