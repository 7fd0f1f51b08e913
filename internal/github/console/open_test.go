package console

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/internal/github"
	"github.com/wavegate-dev/wavegate/internal/githubtest"
	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/admission"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
	"github.com/wavegate-dev/wavegate/reconciler/report"
	"github.com/wavegate-dev/wavegate/reconciler/simulate"
)

// preview makes a plan as the program does: the files at head, against what is in
// force, on the fleet as it was last observed.
func (w *world) preview(_ context.Context, head, base string) (*report.Preview, fleet.Problems, error) {
	ancestor := strings.TrimSpace(w.git("merge-base", base, head))
	spec, problems := fleet.Load(MergedFiles(w.tree(ancestor), w.tree(base), w.tree(head)))
	if len(problems) > 0 {
		return nil, problems, nil
	}
	v := &report.Preview{From: base, To: head}
	w.loop.View(func(c *reconciler.Cycle) {
		v.At = c.At
		if from, _ := fleet.Load(w.tree(base)); from != nil {
			x, err := json.Marshal(from)
			w.ok(err)
			y, err := json.Marshal(spec)
			w.ok(err)
			v.Unchanged = string(x) == string(y)
		}
		force := admission.InForce{Commit: base, Tree: base, Spec: c.Spec}
		result := admission.Judge(admission.Input{InForce: force, Commits: []admission.Candidate{{
			Commit: admission.Commit{SHA: head, Tree: head}, Spec: spec, Evidence: admission.Evidence{Verdict: admission.Approved},
		}}})
		if result.Frozen != nil {
			v.Refused = result.Frozen.Reason
		}
		state, err := w.ledger.Load(context.Background())
		w.ok(err)
		events := plan.Targets(state, spec, head, false, c.At)
		v.Moves = report.NewMoves(events)
		for _, e := range events {
			state.Apply(e)
		}
		policy, err := plan.Compile(spec)
		w.ok(err)
		v.Run = simulate.Run(simulate.Config{Horizon: 24 * time.Hour, Input: plan.Input{
			Now: c.At, Policy: policy, Fleet: c.Fleet.Clone(), State: state, Signals: c.Signals, DataPlanes: c.DataPlanes,
		}})
	})
	return v, nil, nil
}

// look lets the console look at open pull requests once.
func (w *world) look() {
	w.t.Helper()
	if w.console.cfg.Preview == nil {
		w.console.cfg.Preview = w.preview
	}
	_, err := w.console.lookAtOpen(w.t.Context())
	w.ok(err)
}

func (w *world) head(number int) string {
	w.t.Helper()
	p, err := w.Pull(repo, number)
	w.ok(err)
	return p.HeadSHA
}

func TestAnOpenPullRequestSaysWhatItWouldDo(t *testing.T) {
	w := start(t)
	n := w.propose("canary", githubtest.Files{"cohorts/10-canary.yaml": canary("7.6.1")})
	w.look()
	if got := w.status(w.head(n), StatusPlan); got != "success: kafka 7.6.1 in canary: 2 clusters" {
		t.Errorf("status %q", got)
	}
	w.comment(n, "kafka", "2 clusters in 2 waves", "**Approval:** 1 needed, from anyone with write access")
	// A new push edits the comment.
	_, err := w.As("ada").Push(repo, "canary", githubtest.Change{Write: githubtest.Files{"cohorts/10-canary.yaml": canary("7.6.2")}, Message: "newer"})
	w.ok(err)
	w.look()
	if got := w.status(w.head(n), StatusPlan); got != "success: kafka 7.6.2 in canary: 2 clusters" {
		t.Errorf("status %q", got)
	}
	w.comment(n, "7.6.2", "!7.6.1")
}

func TestThePlanCountsApprovalsAndSaysWhichDoNotCount(t *testing.T) {
	w := start(t)
	var err error
	w.console.cfg.Approver, err = github.NewApprover(github.ApproverConfig{Client: w.console.cfg.Client, Branch: "main"})
	w.ok(err)
	n := w.propose("canary", githubtest.Files{"cohorts/10-canary.yaml": canary("7.6.1")})
	w.look()
	w.comment(n, "**Approval:** 0 of 1 given. **1 more needed**, from anyone with write access", "!Does not count")
	_, err = w.As("mallory").Approve(repo, n)
	w.ok(err)
	w.look()
	w.comment(n, "0 of 1 given", "| `mallory` | has no write access |")
	_, err = w.As("grace").Approve(repo, n)
	w.ok(err)
	w.look()
	w.comment(n, "1 of 1 given, by `grace`", "!more needed")
	w.look()
	w.writes()
	w.look()
	if got := w.writes(); got != 0 {
		t.Errorf("%d writes although nobody has said anything", got)
	}
	// A push makes the approval one of an older head.
	_, err = w.As("ada").Push(repo, "canary", githubtest.Change{Write: githubtest.Files{"cohorts/10-canary.yaml": canary("7.6.2")}, Message: "newer"})
	w.ok(err)
	w.look()
	w.comment(n, "0 of 1 given", "| `grace` | approved an older head, ")
	_, err = w.As("grace").Approve(repo, n)
	w.ok(err)
	_, err = w.As("olga").Review(repo, n, "REQUEST_CHANGES", "Not today")
	w.ok(err)
	w.look()
	w.comment(n, "Changes are requested by `olga`", "1 of 1 given, by `grace`")
	// Nothing at the pull request changes when somebody loses access.
	w.ok(w.Grant(repo, "grace", githubtest.Read))
	w.clock.advance(reviewsPause)
	w.look()
	w.comment(n, "0 of 1 given", "| `grace` | has no write access |")
}

func TestThePlanBecomesTheRolloutWhenItIsMerged(t *testing.T) {
	w := start(t)
	n := w.propose("canary", githubtest.Files{"cohorts/10-canary.yaml": canary("7.6.1")})
	w.look()
	w.comment(n, "plan of")
	_, err := w.As("grace").Approve(repo, n)
	w.ok(err)
	w.merge(n)
	w.run(2 * time.Minute)
	w.look()
	w.comment(n, "kafka 7.6.1 in canary: rolling", "!plan of")
}

func TestAPlanThatComesLateDoesNotReplaceTheRollout(t *testing.T) {
	w := start(t)
	n := w.propose("canary", githubtest.Files{"cohorts/10-canary.yaml": canary("7.6.1")})
	w.look()
	late, err := w.client().Pull(t.Context(), n) // as it was when the plan was begun
	w.ok(err)
	_, err = w.As("grace").Approve(repo, n)
	w.ok(err)
	w.merge(n)
	w.run(2 * time.Minute)
	late.HeadSHA = w.head(n)
	_, _, err = w.console.planOf(t.Context(), w.console.newest(), &late, nil)
	w.ok(err)
	w.comment(n, "kafka 7.6.1 in canary: rolling", "!plan of")
}

func TestWhatIsWrongIsSaidWithFileAndLine(t *testing.T) {
	w := start(t)
	n := w.propose("canary", githubtest.Files{"cohorts/10-canary.yaml": canary("7.6.1") + "  colour: blue\n"})
	w.look()
	w.says(w.status(w.head(n), StatusPlan), "failure: cohorts/10-canary.yaml:8:", "colour")
	w.comment(n, "Not valid: 1 problem", "cohorts/10-canary.yaml:8", "/acme/fleet/blob/"+w.head(n)+"/cohorts/10-canary.yaml#L8")
}

func TestAnAppPointsAtEveryLineThatIsWrong(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	// The library for apps signs with the time of the wall clock.
	w := startAt(t, time.Now().Add(-time.Minute), &githubtest.App{ID: 7, InstallationID: 70, Slug: "wavegate", Account: "acme", Key: &key.PublicKey})
	secret := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	w.console.cfg.Client, err = github.New(github.Config{
		BaseURL: w.URL, Owner: "acme", Repo: "fleet", Now: w.clock.read, Transport: &http.Transport{DisableKeepAlives: true},
		App: &github.App{ID: 7, InstallationID: 70, PrivateKey: func() ([]byte, error) { return secret, nil }},
	})
	w.ok(err)
	wrong := canary("7.6.1")
	line := strings.Count(wrong, "\n") + 1
	const lines = 70
	for i := range lines {
		wrong += "  colour" + number(i) + ": blue\n"
	}
	n := w.propose("canary", githubtest.Files{"cohorts/10-canary.yaml": wrong})
	var problems int
	w.console.cfg.Preview = func(ctx context.Context, head, base string) (*report.Preview, fleet.Problems, error) {
		v, p, err := w.preview(ctx, head, base)
		problems = len(p)
		return v, p, err
	}
	w.look()
	if problems < lines {
		t.Fatalf("%d problems, want %d at least", problems, lines)
	}
	notes, err := w.Annotations(repo, w.head(n), "wavegate/files")
	w.ok(err)
	if len(notes) != problems {
		t.Fatalf("%d notes of %d problems", len(notes), problems)
	}
	if got := notes[lines-1]; got.Path != "cohorts/10-canary.yaml" || got.Line != line+lines-1 || got.Level != "failure" || !strings.Contains(got.Message, "colour69") {
		t.Errorf("the last note is %+v, want line %d", got, line+lines-1)
	}
	// A review makes the plan anew, and the notes stay as they are.
	checks := func() int { return w.Count("POST", "/repos/{owner}/{repo}/check-runs") }
	before := checks()
	_, err = w.As("grace").Approve(repo, n)
	w.ok(err)
	w.console.plans = newPlanning()
	w.look()
	if got := checks(); got != before {
		t.Errorf("%d checks, want %d", got, before)
	}
}

func TestWhatWouldBeRefusedFails(t *testing.T) {
	w := start(t)
	n := w.propose("both", githubtest.Files{"cohorts/10-canary.yaml": canary("7.6.1"), "cohorts/20-prod.yaml": prod("7.6.1")})
	w.look()
	w.says(w.status(w.head(n), StatusPlan), "failure: Would be refused: ")
	w.comment(n, "It would be refused")
}

func TestAPullRequestThatMovesNothingHasAStatusAndNoComment(t *testing.T) {
	w := start(t)
	n := w.propose("words", githubtest.Files{"README.md": "# Fleet\n"})
	w.look()
	if got := w.status(w.head(n), StatusPlan); got != "success: No version moves" {
		t.Errorf("status %q", got)
	}
	if got := w.own(n); len(got) != 0 {
		t.Errorf("comments %q", got)
	}
}

func TestAPullRequestThatDoesNotMoveAnyVersionAnyMoreIsSaidSo(t *testing.T) {
	w := start(t)
	n := w.propose("canary", githubtest.Files{"cohorts/10-canary.yaml": canary("7.6.1")})
	w.look()
	_, err := w.As("ada").Push(repo, "canary", githubtest.Change{Write: githubtest.Files{"cohorts/10-canary.yaml": canary("7.6.0")}, Message: "rather not"})
	w.ok(err)
	w.look()
	w.comment(n, "No version moves")
}

func TestAPlanIsMadeAgainOnlyWhenSomethingChanged(t *testing.T) {
	w := start(t)
	w.propose("prod", githubtest.Files{"cohorts/20-prod.yaml": prod("7.6.1")})
	made := 0
	w.console.cfg.Preview = func(ctx context.Context, head, base string) (*report.Preview, fleet.Problems, error) {
		made++
		return w.preview(ctx, head, base)
	}
	w.look()
	w.look()
	if made != 1 {
		t.Errorf("made %d times, want once", made)
	}
	w.release("7.6.1") // another commit is in force
	w.run(time.Minute)
	w.look()
	if made != 2 {
		t.Errorf("made %d times, want twice", made)
	}
	w.writes()
	w.restart()
	w.run(time.Minute)
	before := w.writes()
	w.look()
	if got := w.writes(); got != 0 {
		t.Errorf("%d writes after a restart (and %d for the rollout)", got, before)
	}
}

func TestManyPullRequestsAreLookedAtInTurns(t *testing.T) {
	w := start(t)
	for i := range maxPlans + 2 {
		w.propose("words-"+number(i), githubtest.Files{"README.md": "# Fleet " + number(i) + "\n"})
	}
	made := 0
	w.console.cfg.Preview = func(context.Context, string, string) (*report.Preview, fleet.Problems, error) {
		made++
		return &report.Preview{}, nil, nil
	}
	for _, want := range []int{maxPlans, maxPlans + 2, maxPlans + 2} {
		if w.look(); made != want {
			t.Errorf("made %d plans, want %d", made, want)
		}
	}
}

func TestAPlanThatCannotBeMadeIsTriedAgain(t *testing.T) {
	w := start(t)
	n := w.propose("canary", githubtest.Files{"cohorts/10-canary.yaml": canary("7.6.1")})
	broken := errors.New("fetch head: no route to host")
	w.console.cfg.Preview = func(ctx context.Context, head, base string) (*report.Preview, fleet.Problems, error) {
		if broken != nil {
			return nil, nil, broken
		}
		return w.preview(ctx, head, base)
	}
	w.look()
	w.says(w.status(w.head(n), StatusPlan), "error: The plan cannot be made now")
	if !strings.Contains(w.log.String(), "no route to host") {
		t.Error("the log does not say why")
	}
	broken = nil
	w.look()
	w.says(w.status(w.head(n), StatusPlan), "error: ")
	w.clock.advance(planPause)
	w.look()
	w.says(w.status(w.head(n), StatusPlan), "success: ")
}

func TestAnIdleHourCostsNextToNothing(t *testing.T) {
	w := settled(t)
	w.propose("words", githubtest.Files{"README.md": "# Fleet\n"})
	w.look()
	w.run(time.Minute)
	w.look()
	w.Forget()
	for range 240 { // a look of both goroutines every 15 seconds
		w.clock.advance(15 * time.Second)
		_, err := w.loop.RunOnce(t.Context())
		w.ok(err)
		w.pass()
		w.look()
	}
	asked := map[string]int{}
	for _, r := range w.Requests() {
		if r.User == "wavegate" && strings.HasPrefix(r.Path, "/repos/") && r.Status != 304 {
			asked[r.Method+" "+r.Operation]++
		}
	}
	total := 0
	for _, n := range asked {
		total += n
	}
	t.Logf("%d requests count, of %d", total, len(w.Requests()))
	if total > 20 {
		t.Errorf("%d requests that count in an hour in which nothing happened: %v", total, asked)
	}
}
