package github

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	gh "github.com/google/go-github/v62/github"

	"github.com/wavegate-dev/wavegate/internal/githubtest"
	"github.com/wavegate-dev/wavegate/reconciler/admission"
)

func TestAProposalIsMadeOnceAndTakesEffectWhenPeopleApprove(t *testing.T) {
	w := start(t, nil)
	c := w.client()
	base := w.commit("main").SHA
	p := Proposal{
		Branch: "wavegate/kafka-prod", Base: base, Message: "kafka 7.6.1 to prod",
		Files: map[string][]byte{"cohorts/20-prod.yaml": []byte("kafka: 7.6.1\n"), "cohorts/10-canary.yaml": nil},
	}
	sha, err := c.Propose(t.Context(), p)
	w.ok(err)
	pr, err := c.OpenPull(t.Context(), NewPull{Title: "Prod", Head: p.Branch, Base: "main"})
	w.ok(err)
	if pr.HeadSHA != sha || pr.Author != "wavegate" {
		t.Fatalf("opened %+v", pr)
	}
	files := w.git("ls-tree", "-r", "--name-only", sha)
	if files != "cohorts/20-prod.yaml\nfleet.yaml" {
		t.Errorf("files %q", files)
	}
	w.approve("grace", pr.Number)

	// The same again leaves the commit, and with it the approval.
	w.writes()
	again, err := c.Propose(t.Context(), p)
	w.ok(err)
	if n := w.writes(); again != sha || n != 0 {
		t.Errorf("proposed as %s, then as %s with %d writes", sha, again, n)
	}
	mustBe(t, w.verdict(w.merge("ada", pr.Number, githubtest.Squash), one), admission.Approved, "grace")

	// Something else replaces what was on the branch.
	p.Base, p.Files = w.commit("main").SHA, map[string][]byte{"fleet.yaml": []byte("kind: Fleet\nx: 1\n")}
	other, err := c.Propose(t.Context(), p)
	w.ok(err)
	if k := w.commit(other); len(k.Parents) != 1 || k.Parents[0] != p.Base || w.git("rev-parse", "refs/heads/"+p.Branch) != other {
		t.Errorf("replaced by %+v", k)
	}
	p.Files = map[string][]byte{"fleet.yaml": []byte("kind: Fleet\n")}
	if _, err := c.Propose(t.Context(), p); err == nil || !strings.Contains(err.Error(), "would change nothing") {
		t.Errorf("nothing was proposed: %v", err)
	}
	for range 2 {
		w.ok(c.DropBranch(t.Context(), p.Branch))
	}
	if head, err := c.head(t.Context(), p.Branch); err != nil || head != "" {
		t.Errorf("the branch is at %s, %v", head, err)
	}
}

func TestAnAppPointsAtLines(t *testing.T) {
	w, app := startWithApp(t)
	n := w.propose("ada", "new", "7.6.1")
	sha := w.pull(n).GetHead().GetSHA()
	k := Check{Name: "wavegate/plan", State: Failure, Title: "3 errors", Summary: "No", URL: "https://wavegate.example.com/"}
	for i := range 120 {
		k.Notes = append(k.Notes, Note{Path: "fleet.yaml", Line: i, Problem: i%2 == 0, Message: fmt.Sprint("error ", i)})
	}
	if err := w.client().SetCheck(t.Context(), sha, k); !errors.Is(err, ErrNoChecks) {
		t.Errorf("with a token: %v", err)
	}
	w.ok(app.SetCheck(t.Context(), sha, k))
	runs, _, err := app.api.Checks.ListCheckRunsForRef(t.Context(), "acme", "fleet", sha, nil)
	w.ok(err)
	if len(runs.CheckRuns) != 1 || runs.CheckRuns[0].GetConclusion() != "failure" || runs.CheckRuns[0].GetOutput().GetAnnotationsCount() != 120 {
		t.Fatalf("checks %+v", runs.CheckRuns)
	}
	writes := func() int {
		return w.Count("POST", "/repos/{owner}/{repo}/check-runs") + w.Count("PATCH", "/repos/{owner}/{repo}/check-runs/{check_run_id}")
	}
	if got := writes(); got != 3 {
		t.Errorf("%d requests for 120 notes, want 3: 50 at a time", got)
	}
	w.ok(w.appClient(70).SetCheck(t.Context(), sha, k))
	if got := writes(); got != 3 {
		t.Errorf("a check that is there is written again: %d requests", got)
	}
	notes, _, err := app.api.Checks.ListCheckRunAnnotations(t.Context(), "acme", "fleet", runs.CheckRuns[0].GetID(), &gh.ListOptions{PerPage: 100})
	w.ok(err)
	if notes[0].GetStartLine() != 1 || notes[2].GetStartLine() != 2 || notes[2].GetAnnotationLevel() != "failure" || notes[1].GetAnnotationLevel() != "notice" {
		t.Errorf("notes %+v", notes[:3])
	}
	w.ok(app.SetCheck(t.Context(), sha, Check{Name: "wavegate/plan", State: Pending, Title: "Planning", Summary: "Soon"}))
}
