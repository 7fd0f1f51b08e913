package console

import (
	"strings"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/internal/githubtest"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

func TestAnEmergencyIsOneStoryInAllCohorts(t *testing.T) {
	w := start(t)
	n := w.propose("cve", githubtest.Files{"emergencies/cve.yaml": `apiVersion: wavegate.dev/v1alpha1
kind: Emergency
metadata: {name: cve-2026-1}
spec: {product: kafka, version: 7.6.1, reason: "CVE-2026-1", approvals: 1, skip: [soak], expires: "2026-12-01T00:00"}
`})
	_, err := w.As("grace").Approve(repo, n)
	w.ok(err)
	sha := w.merge(n)
	w.run(2 * time.Minute)
	w.says(w.status(sha, StatusRollout), "pending: Under way: finished in 0 of 2 cohorts")
	w.comment(n, "kafka 7.6.1", "canary", "prod", "emergency")
	w.run(time.Hour)
	w.says(w.status(sha, StatusRollout), "success: Finished and soaked in 2 cohorts")
}

func TestEachProductOfAPullRequestHasItsOwnComment(t *testing.T) {
	w := start(t)
	both := func(version string) githubtest.Files {
		return githubtest.Files{
			"products/ksqldb.yaml":   strings.ReplaceAll(files["products/kafka.yaml"], "kafka", "ksqldb"),
			"cohorts/10-canary.yaml": strings.Replace(canary("7.6."+version), "versions: {", "versions: {ksqldb: 0.29."+version+", ", 1),
		}
	}
	for _, version := range []string{"0", "1"} {
		n := w.propose("both-"+version, both(version))
		_, err := w.As("grace").Approve(repo, n)
		w.ok(err)
		sha := w.merge(n)
		w.run(3 * time.Minute)
		if version == "0" {
			continue
		}
		list := w.own(n)
		if len(list) != 2 {
			t.Fatalf("comments %q", list)
		}
		all := list[0] + list[1]
		w.says(all, "kafka 7.6.1 in canary", "ksqldb 0.29.1 in canary")
		if w.status(sha, StatusRollout) == "" {
			t.Error("the commit has no status")
		}
		w.restart()
		w.writes()
		w.run(time.Minute)
		if got := w.own(n); len(got) != 2 {
			t.Errorf("after a restart: comments %q", got)
		}
	}
}

func TestAPullRequestThatIsLockedKeepsNothingElseFromBeingSaid(t *testing.T) {
	w := start(t)
	n, sha := w.release("7.6.1")
	heal := w.Break(githubtest.Fault{
		Method: "POST", Path: "/repos/acme/fleet/issues/" + number(n) + "/comments", Effect: githubtest.Status(403),
	})
	w.run(2 * time.Minute)
	w.says(w.status(sha, StatusRollout), "pending: ")
	other := w.propose("prod", githubtest.Files{"cohorts/20-prod.yaml": strings.Replace(prod("7.6.0"), "100%", "1", 1)})
	refused := w.merge(other) // nobody has approved it
	w.run(2 * time.Minute)
	w.says(w.status(refused, StatusRollout), "failure: Not admitted")
	w.comment(other, "Not admitted")
	if got := strings.Count(w.log.String(), "GitHub refuses what is said of a commit"); got != 1 {
		t.Errorf("logged %d times:\n%s", got, w.log.String())
	}
	heal()
	w.run(refusedPause + time.Minute)
	w.comment(n, "kafka 7.6.1 in canary")
}

func TestAFileThatCannotBeEditedKeepsNothingElseFromBeingSaid(t *testing.T) {
	w := start(t)
	odd := strings.Replace(prod("7.6.0"), `"7.6.0"`, `"7.6.\x30"`, 1)
	first := w.propose("odd", githubtest.Files{"cohorts/20-prod.yaml": odd})
	_, err := w.As("grace").Approve(repo, first)
	w.ok(err)
	w.merge(first)
	w.run(time.Minute)
	w.release("7.6.1")
	w.run(45 * time.Minute)
	w.promoting()
	n := w.propose("words", githubtest.Files{"README.md": "# Fleet\n"})
	w.look()
	w.look()
	w.says(w.status(w.head(n), StatusPlan), "success: No version moves")
	if got := w.promotions(); len(got) != 0 {
		t.Errorf("promotions %+v", got)
	}
	if got := strings.Count(w.log.String(), "promotion cannot be proposed"); got != 1 || !strings.Contains(w.log.String(), "by hand") {
		t.Errorf("logged %d times:\n%s", got, w.log.String())
	}
}

func TestARebaseOfSeveralCommitsIsOneStory(t *testing.T) {
	w := start(t)
	_, err := w.As("ada").Push(repo, "canary", githubtest.Change{Write: githubtest.Files{"README.md": "# Why 7.6.1\n"}, Message: "why"})
	w.ok(err)
	n := w.propose("canary", githubtest.Files{"cohorts/10-canary.yaml": canary("7.6.1")})
	_, err = w.As("grace").Approve(repo, n)
	w.ok(err)
	_, err = w.As("ada").Merge(repo, n, githubtest.Rebase)
	w.ok(err)
	w.run(2 * time.Minute)
	w.comment(n, "kafka 7.6.1 in canary: rolling")
}

func TestOfSeveralCommitsThatMoveNothingTheLastOneSpeaks(t *testing.T) {
	w := start(t)
	_, err := w.As("ada").Push(repo, "two", githubtest.Change{
		Write: githubtest.Files{"cohorts/20-prod.yaml": strings.Replace(prod("7.6.0"), "100%", "1", 1)}, Message: "one by one",
	})
	w.ok(err)
	n := w.propose("two", githubtest.Files{"cohorts/10-canary.yaml": canary("7.6.1")})
	sha, err := w.As("ada").Merge(repo, n, githubtest.Rebase) // nobody has approved it
	w.ok(err)
	w.run(2 * time.Minute)
	w.comment(n, "Not admitted", "Commit `"+sha[:7]+"` moves nothing")
}

func TestAPauseIsSaidInTheCycleInWhichItCame(t *testing.T) {
	w := start(t)
	n, sha := w.release("7.6.1")
	w.run(2 * time.Minute)
	_, err := w.ledger.submit(t.Context(), plan.Command{Kind: plan.CommandPause, Release: w.console.newest().status.Releases[0].ID, Reason: "lunch"})
	w.ok(err)
	w.clock.advance(2 * time.Second)
	_, err = w.loop.RunOnce(t.Context())
	w.ok(err)
	w.pass()
	w.comment(n, "Paused since", "lunch")
	w.says(w.status(sha, StatusRollout), "failure: Paused: lunch")
}
