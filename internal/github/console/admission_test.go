package console

import (
	"strings"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/internal/githubtest"
	"github.com/wavegate-dev/wavegate/reconciler"
)

// inForce is the commit in force.
func (w *world) inForce() (commit string) {
	w.t.Helper()
	w.loop.View(func(c *reconciler.Cycle) { commit = c.State.InForce.Commit })
	return commit
}

// TestWhichMergesTakeEffect plays what people do at GitHub to a real loop, and asks
// which commit is in force at the end: the one that the story returns, or the one
// from before it.
func TestWhichMergesTakeEffect(t *testing.T) {
	lax := githubtest.Files{"fleet.yaml": strings.Replace(files["fleet.yaml"], "required: 1", "required: 0", 1)}
	approved := func(w *world, n int, m githubtest.Method) string {
		_, err := w.As("grace").Approve(repo, n)
		w.ok(err)
		sha, err := w.As("ada").Merge(repo, n, m)
		w.ok(err)
		return sha
	}
	for _, tt := range []struct {
		name   string
		tell   func(w *world) (sha string)
		admits bool
		says   string // of the status of that commit
	}{
		{"a squash of what was approved", func(w *world) string {
			return approved(w, w.propose("c", githubtest.Files{"cohorts/10-canary.yaml": canary("7.6.1")}), githubtest.Squash)
		}, true, "pending: rolling in canary"},
		{"a rebase of what was approved", func(w *world) string {
			return approved(w, w.propose("c", githubtest.Files{"cohorts/10-canary.yaml": canary("7.6.1")}), githubtest.Rebase)
		}, true, "pending: rolling in canary"},
		{"the policy asks for less in the same pull request, and nobody has approved", func(w *world) string {
			return w.merge(w.propose("lax", lax))
		}, false, "0 of 1 approvals"},
		{"the policy names its author's team in the same pull request", func(w *world) string {
			w.ok(w.AddTeam("acme/insiders", "grace"))
			n := w.propose("mine", githubtest.Files{"fleet.yaml": strings.Replace(files["fleet.yaml"], "required: 1", `required: 1, by: ["user:mallory"]`, 1)})
			_, err := w.As("mallory").Approve(repo, n)
			w.ok(err)
			return w.merge(n)
		}, false, "mallory has no write access"},
		{"CODEOWNERS alone is changed, and nobody has approved", func(w *world) string {
			return w.merge(w.propose("owners", githubtest.Files{".github/CODEOWNERS": "* @ada\n"}))
		}, false, "0 of 1 approvals"},
		{"CODEOWNERS is changed, and that was approved", func(w *world) string {
			return approved(w, w.propose("owners", githubtest.Files{".github/CODEOWNERS": "* @ada\n"}), githubtest.MergeCommit)
		}, true, "success: In force"},
		{"what was not approved is taken back, and nobody has approved that", func(w *world) string {
			w.merge(w.propose("c", githubtest.Files{"cohorts/10-canary.yaml": canary("7.6.1")}))
			w.run(2 * time.Minute)
			return w.merge(w.propose("back", githubtest.Files{"cohorts/10-canary.yaml": canary("7.6.0")}))
		}, true, "success: In force"},
		{"what is in force is taken back, and nobody has approved that", func(w *world) string {
			w.release("7.6.1")
			w.run(2 * time.Minute)
			return w.merge(w.propose("back", githubtest.Files{"cohorts/10-canary.yaml": canary("7.6.0")}))
		}, false, "0 of 1 approvals"},
		{"what is in force is taken back, and that was approved", func(w *world) string {
			w.release("7.6.1")
			w.run(2 * time.Minute)
			return approved(w, w.propose("back", githubtest.Files{"cohorts/10-canary.yaml": canary("7.6.0")}), githubtest.MergeCommit)
		}, true, "pending: "},
		{"an approved change comes after one that was not", func(w *world) string {
			w.merge(w.propose("lax", lax))
			w.run(2 * time.Minute)
			return approved(w, w.propose("c", githubtest.Files{"cohorts/10-canary.yaml": canary("7.6.1")}), githubtest.Squash)
		}, false, "Waits: it contains changes of"},
		{"who approved has lost access before the loop looked", func(w *world) string {
			sha := approved(w, w.propose("c", githubtest.Files{"cohorts/10-canary.yaml": canary("7.6.1")}), githubtest.Squash)
			w.ok(w.Grant(repo, "grace", githubtest.Read))
			return sha
		}, false, "grace has no write access"},
		{"who approved has lost access since, and the loop has begun anew", func(w *world) string {
			sha := approved(w, w.propose("c", githubtest.Files{"cohorts/10-canary.yaml": canary("7.6.1")}), githubtest.Squash)
			w.run(2 * time.Minute)
			w.ok(w.Grant(repo, "grace", githubtest.Read))
			w.restart()
			return sha
		}, true, "pending: rolling in canary"},
		{"an administrator goes around the protection of the branch", func(w *world) string {
			w.ok(w.Protect(repo, "main", &githubtest.Protection{Approvals: 1}))
			n := w.propose("c", githubtest.Files{"cohorts/10-canary.yaml": canary("7.6.1")})
			sha, err := w.As("olga").Merge(repo, n, githubtest.MergeCommit)
			w.ok(err)
			return sha
		}, false, "0 of 1 approvals"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := start(t)
			sha := tt.tell(w)
			w.run(2 * time.Minute)
			if got := w.inForce(); (got == sha) != tt.admits {
				t.Errorf("in force is %s; the story ends with %s", got, sha)
			}
			status := w.status(sha, StatusRollout)
			if !strings.Contains(status, tt.says) && !strings.Contains(strings.Join(w.said(sha), "\n"), tt.says) {
				t.Errorf("it is said: %s\n%s", status, strings.Join(w.said(sha), "\n"))
			}
		})
	}
}

// said are the comments of the console on the pull request of a commit.
func (w *world) said(sha string) []string {
	w.t.Helper()
	n, err := w.console.pullOf(w.t.Context(), sha)
	w.ok(err)
	return w.own(n)
}
