package console

import (
	"net/http"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/internal/github"
	"github.com/wavegate-dev/wavegate/internal/githubtest"
)

func TestARolloutIsToldFromTheMergeToItsEnd(t *testing.T) {
	w := start(t)
	n, sha := w.release("7.6.1")
	w.run(2 * time.Minute)
	if got := w.status(sha, StatusRollout); got != "pending: rolling in canary, wave 1 of 2" {
		t.Errorf("status %q", got)
	}
	w.comment(n, "kafka 7.6.1 in canary: rolling", "In flight")
	w.run(8 * time.Minute)
	if got := w.status(sha, StatusRollout); got != "pending: soaking in canary, wave 1 of 2" {
		t.Errorf("status %q", got)
	}
	w.run(40 * time.Minute)
	if got := w.status(sha, StatusRollout); got != "success: Finished and soaked in canary" {
		t.Errorf("status %q", got)
	}
	w.comment(n, "kafka 7.6.1 in canary: finished", "Finished and soaked")
}

func TestAPauseIsSaidAtOnceWithItsReasonFirst(t *testing.T) {
	w := start(t)
	n, sha := w.release("7.6.1")
	w.run(3 * time.Minute)
	w.ok(w.fleet.Alert("c1", "under-replicated", time.Hour))
	w.ok(w.fleet.Alert("c2", "under-replicated", time.Hour))
	w.run(2 * time.Minute)
	w.comment(n, "paused", "Paused since", "/wavegate resume")
	w.says(w.status(sha, StatusRollout), "failure: Paused: ")
}

func TestNothingIsWrittenWhenNothingNewIsToBeSaid(t *testing.T) {
	w := start(t)
	n, _ := w.release("7.6.1")
	w.run(50 * time.Minute)
	w.writes()
	w.run(time.Hour)
	if got := w.writes(); got != 0 {
		t.Errorf("%d writes in an hour in which nothing happened", got)
	}
	w.restart()
	w.run(time.Hour)
	if got := w.writes(); got != 0 {
		t.Errorf("%d writes after a restart", got)
	}
	w.comment(n, "finished")
}

func TestWhatOnlyCountsUpIsEditedTwiceAMinuteAtMost(t *testing.T) {
	w := start(t)
	w.release("7.6.1")
	w.run(time.Minute)
	w.writes()
	for range 60 { // cycles of two seconds
		w.clock.advance(2 * time.Second)
		_, err := w.loop.RunOnce(t.Context())
		w.ok(err)
		w.pass()
	}
	if got := w.writes(); got == 0 || got > 5 {
		t.Errorf("%d writes in two minutes of a rollout; want some, and no more than one in half a minute", got)
	}
}

func TestAMergeWithoutApprovalIsToldWhatToDo(t *testing.T) {
	w := start(t)
	n := w.propose("canary", githubtest.Files{"cohorts/10-canary.yaml": canary("7.6.1")})
	sha := w.merge(n)
	w.run(2 * time.Minute)
	w.says(w.status(sha, StatusRollout), "failure: Not admitted: ")
	w.comment(n, "Not admitted", "What to do", "stays in force")
	// The approval comes late.
	_, err := w.As("grace").Approve(repo, n)
	w.ok(err)
	w.run(2 * time.Minute)
	w.says(w.status(sha, StatusRollout), "pending: rolling in canary")
	w.comment(n, "kafka 7.6.1 in canary", "!Not admitted")
}

// onCommit are the comments on a commit itself.
func (w *world) onCommit(sha string) []string {
	w.t.Helper()
	list, err := w.CommitComments(repo, sha)
	w.ok(err)
	var out []string
	for _, k := range list {
		out = append(out, k.Body)
	}
	return out
}

func TestWhatNoPullRequestBroughtIsToldWhatToDoOnce(t *testing.T) {
	for name, x := range map[string]struct {
		bring func(w *world) string
		says  string
	}{
		"a push": {func(w *world) string {
			sha, err := w.As("ada").Push(repo, "main", githubtest.Change{Write: githubtest.Files{"cohorts/10-canary.yaml": canary("7.6.1")}, Message: "in a hurry"})
			w.ok(err)
			return sha
		}, "git revert "},
		"a force-push": {func(w *world) string {
			log, err := w.Log(repo, "main")
			w.ok(err)
			sha, err := w.As("olga").ForcePush(repo, "main", log[len(log)-1], githubtest.Change{Write: githubtest.Files{"cohorts/10-canary.yaml": canary("7.6.1")}})
			w.ok(err)
			return sha
		}, "put the branch back to the commit in force"},
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t)
			sha := x.bring(w)
			w.run(2 * time.Minute)
			w.says(w.status(sha, StatusRollout), "failure: Not admitted: ")
			got := w.onCommit(sha)
			if len(got) != 1 {
				t.Fatalf("comments %q", got)
			}
			w.says(got[0], "**Why:** ", "stays in force", x.says)
			w.run(10 * time.Minute)
			w.restart()
			w.run(2 * time.Minute)
			if got := w.onCommit(sha); len(got) != 1 {
				t.Errorf("after a restart: comments %q", got)
			}
		})
	}
}

func TestACommentOfSomebodyElseOnACommitIsNotTakenForOnesOwn(t *testing.T) {
	w := start(t)
	sha, err := w.As("ada").Push(repo, "main", githubtest.Change{Write: githubtest.Files{"cohorts/10-canary.yaml": canary("7.6.1")}, Message: "in a hurry"})
	w.ok(err)
	token := w.Token("mallory")
	mallory, err := github.New(github.Config{
		BaseURL: w.URL, Owner: "acme", Repo: "fleet", Now: w.clock.read, Token: func() (string, error) { return token, nil },
		Transport: &http.Transport{DisableKeepAlives: true},
	})
	w.ok(err)
	_, err = mallory.SayOnCommit(t.Context(), sha, markerLine(markerCommit+sha)+"\nAll is well")
	w.ok(err)
	w.run(2 * time.Minute)
	if got := w.onCommit(sha); len(got) != 2 {
		t.Errorf("comments %q", got)
	}
}

func TestACommitThatMovesNothingIsNotCommentedOn(t *testing.T) {
	w := start(t)
	n := w.propose("words", githubtest.Files{"README.md": "# Fleet\n"})
	sha := w.merge(n)
	w.run(2 * time.Minute)
	if got := w.status(sha, StatusRollout); got != "success: In force; moves no version" {
		t.Errorf("status %q", got)
	}
	if got := w.own(n); len(got) != 0 {
		t.Errorf("comments %q", got)
	}
}

func TestANewVersionSupersedesTheOneUnderWay(t *testing.T) {
	w := start(t)
	n, sha := w.release("7.6.1")
	w.run(2 * time.Minute)
	w.release("7.6.2")
	w.run(2 * time.Minute)
	w.comment(n, "superseded")
	w.says(w.status(sha, StatusRollout), "success: Superseded by kafka", "7.6.2")
}

func TestACommentOfSomebodyElseWithTheMarkerIsLeftAlone(t *testing.T) {
	w := start(t)
	n := w.propose("canary", githubtest.Files{"cohorts/10-canary.yaml": canary("7.6.1")})
	w.say("mallory", n, "<!-- wavegate:pull:"+number(n)+" -->\nAll is well")
	_, err := w.As("grace").Approve(repo, n)
	w.ok(err)
	w.merge(n)
	w.run(2 * time.Minute)
	w.comment(n, "kafka 7.6.1 in canary")
}

func TestGitHubBeingDownIsReportedOnceAndDelaysNothing(t *testing.T) {
	w := start(t)
	n, sha := w.release("7.6.1")
	w.cycle()
	heal := w.Break(githubtest.Fault{Effect: githubtest.Status(503)})
	_, err := w.console.lookAtMerged(t.Context())
	if err == nil {
		t.Fatal("the fault was not noticed")
	}
	w.console.note(workLiving, err)
	for range 2 {
		w.cycle()
		_, err := w.console.lookAtMerged(t.Context())
		w.console.note(workLiving, err)
	}
	if len(w.reports) != 1 {
		t.Errorf("reported %d times: %v", len(w.reports), w.reports)
	}
	heal()
	w.run(time.Minute)
	w.console.note(workLiving, nil)
	w.comment(n, "kafka 7.6.1 in canary")
	w.says(w.status(sha, StatusRollout), "pending: ")
	w.says(w.log.String(), "GitHub answers again")
}
