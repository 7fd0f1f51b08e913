package console

import (
	"strings"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/internal/github"
	"github.com/wavegate-dev/wavegate/internal/githubtest"
)

func TestAPauseAndAResumeInAComment(t *testing.T) {
	w := start(t)
	n, sha := w.release("7.6.1")
	w.run(2 * time.Minute)
	pause := w.say("grace", n, "/wavegate pause the dashboards look *odd*, @mallory")
	w.run(90 * time.Second)
	w.comment(n, "Paused since", `the dashboards look \*odd\*`, "by user:grace", "@&#8203;mallory")
	w.says(w.status(sha, StatusRollout), "failure: Paused: the dashboards look")
	if got := w.reactions(pause); got != "+1 eyes" {
		t.Errorf("reactions to the pause: %q", got)
	}
	resume := w.say("ada", n, "/wavegate resume")
	w.run(90 * time.Second)
	w.comment(n, "!Paused since", "/wavegate resume", "resumed")
	if got := w.reactions(resume); got != "+1 eyes" {
		t.Errorf("reactions to the resume: %q", got)
	}
	if got := len(w.ledger.taken); got != 2 {
		t.Errorf("%d commands were handed over, want 2: %+v", got, w.ledger.taken)
	}
	if by := w.ledger.taken[0].By; by != "user:grace" {
		t.Errorf("the pause is by %q", by)
	}
}

func TestCommandsOfThoseWhoMayNotAreLeftAlone(t *testing.T) {
	for name, give := range map[string]func(w *world, n int) int64{
		"an outsider": func(w *world, n int) int64 { return w.say("mallory", n, "/wavegate pause") },
		"a comment that was edited into a command": func(w *world, n int) int64 {
			id := w.say("ada", n, "Looks good")
			w.clock.advance(2 * time.Second)
			w.ok(w.As("ada").EditComment(repo, id, "/wavegate pause"))
			return id
		},
		"somebody whose access has ended": func(w *world, n int) int64 {
			id := w.say("ada", n, "/wavegate pause")
			w.ok(w.Grant(repo, "ada", githubtest.None))
			return id
		},
		"Wavegate itself": func(w *world, n int) int64 { return w.say("wavegate", n, "/wavegate pause") },
		"a command in a quote": func(w *world, n int) int64 {
			return w.say("ada", n, "> /wavegate pause\n\nDo not do this.")
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t)
			n, _ := w.release("7.6.1")
			w.run(time.Minute)
			id := give(w, n)
			w.run(2 * time.Minute)
			if len(w.ledger.taken) != 0 {
				t.Errorf("handed over: %+v", w.ledger.taken)
			}
			if got := w.reactions(id); got != "" {
				t.Errorf("reactions %q", got)
			}
		})
	}
}

func TestACommandIsObeyedOnceAlsoAfterARestart(t *testing.T) {
	w := start(t)
	n, _ := w.release("7.6.1")
	w.run(2 * time.Minute)
	w.say("ada", n, "/wavegate pause")
	w.run(2 * time.Minute)
	w.say("ada", n, "/wavegate resume")
	w.run(2 * time.Minute)
	w.restart()
	w.run(3 * time.Minute)
	if got := len(w.ledger.taken); got != 2 {
		t.Errorf("%d commands were handed over, want 2: %+v", got, w.ledger.taken)
	}
}

func TestACommandThatWasGivenWhileNobodyListenedIsObeyed(t *testing.T) {
	w := start(t)
	n, _ := w.release("7.6.1")
	w.run(2 * time.Minute)
	w.say("ada", n, "/wavegate resume it, I was late") // older than anybody looks back
	w.clock.advance(2 * time.Hour)
	w.say("ada", n, "/wavegate pause")
	w.clock.advance(10 * time.Minute)
	w.restart()
	w.run(2 * time.Minute)
	if got := w.ledger.taken; len(got) != 1 || got[0].Kind != "pause" {
		t.Errorf("handed over: %+v", got)
	}
	w.comment(n, "Paused since")
}

func TestAResumeThatARestartInterruptedIsNotGivenTwice(t *testing.T) {
	w := start(t)
	n, _ := w.release("7.6.1")
	w.run(2 * time.Minute)
	w.say("ada", n, "/wavegate pause")
	w.run(2 * time.Minute)
	resume := w.say("ada", n, "/wavegate resume")
	pause := w.say("ada", n, "/wavegate pause again")
	for _, id := range []int64{resume, pause} { // the process before ended here
		w.ok(w.client().React(t.Context(), id, github.Eyes))
	}
	w.restart()
	w.run(2 * time.Minute)
	if got := w.ledger.taken; len(got) != 2 || got[1].Kind != "pause" || got[1].Reason != "again" {
		t.Errorf("handed over: %+v", got)
	}
	if got := w.reactions(resume); got != "confused eyes" {
		t.Errorf("reactions to the resume: %q", got)
	}
	w.comment(n, "Wavegate was restarted", "give it again")
}

func TestACommandThatMakesNoSenseIsRefusedWithTheReason(t *testing.T) {
	w := start(t)
	n, _ := w.release("7.6.1")
	w.run(2 * time.Minute)
	for _, k := range []struct{ says, why string }{
		{"/wavegate resume", "it is not paused"},
		{"/wavegate retry nobody", `no data plane has a cluster "nobody"`},
		{"/wavegate retry", "say /wavegate retry CLUSTER"},
		{"/wavegate skip c1", "say /wavegate skip CLUSTER REASON"},
		{"/wavegate dance", "there is no such command"},
		{"/wavegate abort", "revert the pull request"}, // without the files
		{"/wavegate explain", "say /wavegate explain CLUSTER"},
		{"/wavegate explain nobody", "explain nobody: no data plane has a cluster of that name"},
	} {
		id := w.say("ada", n, k.says)
		w.run(90 * time.Second)
		if got := w.reactions(id); got != "confused eyes" {
			t.Errorf("%s: reactions %q", k.says, got)
		}
		w.comment(n, "**refused:** "+k.why)
	}
}

func TestAFailedClusterIsSkippedInAComment(t *testing.T) {
	w := start(t)
	w.ok(w.fleet.Spoil(badVersion))
	n, _ := w.release("7.6.1")
	w.run(30 * time.Minute)
	w.comment(n, "Paused since", "/wavegate retry c", "/wavegate skip c")
	cluster := "c1"
	if !strings.Contains(w.own(n)[0], "/wavegate skip c1") {
		cluster = "c2"
	}
	id := w.say("ada", n, "/wavegate skip "+cluster+" it is due to be deleted")
	w.run(2 * time.Minute)
	if got := w.reactions(id); got != "+1 eyes" {
		t.Errorf("reactions %q", got)
	}
	if got := w.ledger.taken; len(got) != 1 || got[0].Cluster != cluster || got[0].Reason != "it is due to be deleted" {
		t.Errorf("handed over: %+v", got)
	}
}

func TestAClusterIsExplained(t *testing.T) {
	w := start(t)
	n, _ := w.release("7.6.1")
	w.run(2 * time.Minute)
	id := w.say("ada", n, "/wavegate explain p1")
	w.run(90 * time.Second)
	w.comment(n, "Explained: p1", "in force")
	if got := w.reactions(id); got != "+1 eyes" {
		t.Errorf("reactions %q", got)
	}
}

func TestHelpAndStatusAreAnsweredAnywhere(t *testing.T) {
	w := start(t)
	issue, err := w.As("ada").OpenIssue(repo, "What is this?", "")
	w.ok(err)
	w.run(time.Minute)
	w.say("ada", issue, "/wavegate help")
	w.run(time.Minute)
	w.comment(issue, "### Commands")
	w.say("ada", issue, "/wavegate status")
	w.say("ada", issue, "/wavegate pause")
	w.run(time.Minute)
	list := w.own(issue)
	if len(list) != 3 {
		t.Fatalf("comments %q", list)
	}
	w.says(list[1], "4 clusters")
	w.says(list[2], "this pull request moves no version that is under way")
}

func TestACommandIsObeyedOnceAlthoughTheAnswerOfGitHubIsLost(t *testing.T) {
	w := start(t)
	n, _ := w.release("7.6.1")
	w.run(2 * time.Minute)
	w.say("ada", n, "/wavegate pause")
	w.run(2 * time.Minute)
	id := w.say("ada", n, "/wavegate resume")
	w.Break(githubtest.Fault{
		Method: "POST", Path: "/repos/{owner}/{repo}/issues/comments/{comment_id}/reactions", Times: 1, Effect: githubtest.Lost{},
	})
	w.cycle()
	_, _ = w.console.lookAtMerged(t.Context()) // whether the client tries again by itself is its own affair
	w.run(2 * time.Minute)
	if got := len(w.ledger.taken); got != 2 {
		t.Errorf("%d commands were handed over, want 2: %+v", got, w.ledger.taken)
	}
	if got := w.reactions(id); got != "+1 eyes" {
		t.Errorf("reactions %q", got)
	}
}
