package console

import (
	"context"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/internal/githubtest"
)

// promoting lets the console promote.
func (w *world) promoting() {
	w.console.cfg.Promotions = true
	w.console.cfg.Tree = func(ctx context.Context, commit string) (fs.FS, error) { return w.source.Tree(ctx, commit) }
}

// settled is a world in which the canary has finished and soaked 7.6.1.
func settled(t *testing.T) *world {
	t.Helper()
	w := start(t)
	w.release("7.6.1")
	w.run(45 * time.Minute)
	w.promoting()
	return w
}

// promotions are the pull requests of the console.
func (w *world) promotions() []githubtest.PullRequest {
	w.t.Helper()
	list, err := w.Pulls(repo)
	w.ok(err)
	return slices.DeleteFunc(list, func(p githubtest.PullRequest) bool { return p.Author != "wavegate" })
}

// promotion is the only pull request of the console that is open.
func (w *world) promotion() githubtest.PullRequest {
	w.t.Helper()
	list := slices.DeleteFunc(w.promotions(), func(p githubtest.PullRequest) bool { return p.State != "open" })
	if len(list) != 1 {
		w.t.Fatalf("want one open promotion, got %+v", list)
	}
	return list[0]
}

func TestThePromotionIsThereWhenTheCohortBeforeHasFinished(t *testing.T) {
	w := start(t)
	w.promoting()
	canaryPull, _ := w.release("7.6.1")
	w.run(5 * time.Minute)
	w.look()
	if got := w.promotions(); len(got) != 0 {
		t.Fatalf("promotions while the canary is under way: %+v", got)
	}
	w.run(40 * time.Minute)
	w.look()
	p := w.promotion()
	if p.Title != "Promote kafka 7.6.1 to prod" || p.Head != "wavegate/promote/kafka/prod" || p.Base != "main" {
		t.Errorf("promotion %+v", p)
	}
	w.says(p.Body, "`7.6.0` → `7.6.1`", "2 clusters", "canary", "/acme/fleet/pull/"+number(canaryPull))
	if want := []string{"promotion", "wavegate"}; !slices.Equal(slices.Sorted(slices.Values(p.Labels)), want) {
		t.Errorf("labels %q", p.Labels)
	}
	if got := string((*w.tree(p.HeadSHA))["cohorts/20-prod.yaml"].Data); got != prod("7.6.1") {
		t.Errorf("the file is\n%s", got)
	}
	if got := w.git("diff", "--name-only", "main", p.HeadSHA); got != "cohorts/20-prod.yaml\n" {
		t.Errorf("the promotion changes %q", got)
	}
	w.look()
	w.comment(p.Number, "kafka 7.6.0 → 7.6.1 in prod: 2 clusters")
	// An approval and a merge set it off.
	_, err := w.As("grace").Approve(repo, p.Number)
	w.ok(err)
	sha := w.merge(p.Number)
	w.look() // before the loop has seen it
	w.run(2 * time.Minute)
	w.look()
	w.says(w.status(sha, StatusRollout), "pending: rolling in prod")
	w.comment(p.Number, "kafka 7.6.1 in prod: rolling")
	if got := w.promotions(); len(got) != 1 {
		t.Errorf("promotions %+v", got)
	}
}

func TestAPromotionIsMergedByGitHubOnceItsRulesAreMet(t *testing.T) {
	w := settled(t)
	w.console.cfg.AutoMerge = true
	w.ok(w.AllowAutoMerge(repo))
	w.ok(w.Protect(repo, "main", &githubtest.Protection{Approvals: 1, Checks: []string{StatusPlan}}))
	w.look()
	p := w.promotion()
	w.look()
	w.look()
	p, err := w.Pull(repo, p.Number)
	w.ok(err)
	w.says(p.Body, "GitHub merges it once it is approved.")
	if p.State != "open" {
		t.Fatalf("it was merged before anybody approved: %+v", p)
	}
	before := w.Count("POST", "/graphql")
	w.look()
	if got := w.Count("POST", "/graphql"); got != before {
		t.Errorf("asked again: %d, before %d", got, before)
	}
	_, err = w.As("grace").Approve(repo, p.Number)
	w.ok(err)
	w.run(2 * time.Minute)
	p, err = w.Pull(repo, p.Number)
	w.ok(err)
	if p.State != "merged" || p.MergeSHA != w.inForce() {
		t.Errorf("%+v; in force is %s", p, w.inForce())
	}
	w.comment(p.Number, "kafka 7.6.1 in prod: rolling")
}

func TestAPromotionThatNobodyWouldReviewIsNotMergedByItself(t *testing.T) {
	for name, x := range map[string]struct {
		allow func(w *world)
		says  string
	}{
		"the branch is not protected": {func(w *world) { w.ok(w.AllowAutoMerge(repo)) }, "protect the branch"},
		"its rules ask for checks alone": {func(w *world) {
			w.ok(w.AllowAutoMerge(repo))
			w.ok(w.Protect(repo, "main", &githubtest.Protection{Checks: []string{StatusPlan}}))
		}, "protect the branch"},
		"the repository does not allow it": {func(w *world) {
			w.ok(w.Protect(repo, "main", &githubtest.Protection{Approvals: 1}))
		}, "Allow auto-merge"},
	} {
		t.Run(name, func(t *testing.T) {
			w := settled(t)
			w.console.cfg.AutoMerge = true
			x.allow(w)
			w.look()
			w.look()
			p := w.promotion()
			w.says(p.Body, "!GitHub merges it")
			w.says(w.log.String(), "has to be merged by hand", x.says)
		})
	}
}

func TestAPromotionIsMadeOnceAlsoAfterARestart(t *testing.T) {
	w := settled(t)
	w.look()
	first := w.promotion()
	w.look()
	w.writes()
	w.restart()
	w.promoting()
	w.run(time.Minute)
	w.look()
	if got := w.writes(); got != 0 {
		t.Errorf("%d writes after a restart", got)
	}
	if p := w.promotion(); p.HeadSHA != first.HeadSHA || p.Number != first.Number {
		t.Errorf("promotion %+v, want %+v", p, first)
	}
}

func TestAPromotionThatSomebodyClosedIsNotOpenedAgain(t *testing.T) {
	w := settled(t)
	w.look()
	w.ok(w.As("ada").Close(repo, w.promotion().Number))
	w.look()
	w.restart()
	w.promoting()
	w.run(time.Minute)
	w.look()
	if got := w.promotions(); len(got) != 1 || got[0].State != "closed" {
		t.Errorf("promotions %+v", got)
	}
	// The next version is another matter.
	w.release("7.6.2")
	w.run(45 * time.Minute)
	w.look()
	if p := w.promotion(); p.Title != "Promote kafka 7.6.2 to prod" {
		t.Errorf("promotion %+v", p)
	}
}

func TestAPromotionIsClosedWithTheReasonWhenItIsSuperseded(t *testing.T) {
	w := settled(t)
	w.look()
	n := w.promotion().Number
	w.release("7.6.2")
	w.run(2 * time.Minute)
	w.look()
	p, err := w.Pull(repo, n)
	w.ok(err)
	if p.State != "closed" {
		t.Fatalf("promotion %+v", p)
	}
	list := w.own(n)
	w.says(list[len(list)-1], "Closed: the cohorts before it move to 7.6.2 now", "prod stays as it is")
	w.run(45 * time.Minute)
	w.look()
	next := w.promotion()
	if next.Title != "Promote kafka 7.6.2 to prod" || next.Number == n {
		t.Errorf("promotion %+v", next)
	}
	if got := string((*w.tree(next.HeadSHA))["cohorts/20-prod.yaml"].Data); got != prod("7.6.2") {
		t.Errorf("the file is\n%s", got)
	}
}

func TestAPromotionIsClosedWhenSomebodyElseHasMovedTheCohort(t *testing.T) {
	w := settled(t)
	w.look()
	n := w.promotion().Number
	by := w.propose("by-hand", githubtest.Files{"cohorts/20-prod.yaml": prod("7.6.1")})
	_, err := w.As("grace").Approve(repo, by)
	w.ok(err)
	w.merge(by)
	w.run(time.Minute)
	w.look()
	p, err := w.Pull(repo, n)
	w.ok(err)
	list := w.own(n)
	if p.State != "closed" {
		t.Fatalf("promotion %+v", p)
	}
	w.says(list[len(list)-1], "Closed: prod moves to 7.6.1 already")
}

func TestAPromotionFollowsAFileThatChanged(t *testing.T) {
	w := settled(t)
	w.look()
	before := w.promotion()
	changed := strings.Replace(prod("7.6.0"), "# the customers", "# all customers", 1)
	by := w.propose("words", githubtest.Files{"cohorts/20-prod.yaml": changed})
	_, err := w.As("grace").Approve(repo, by)
	w.ok(err)
	w.merge(by)
	w.run(time.Minute)
	w.look()
	after := w.promotion()
	if after.Number != before.Number || after.HeadSHA == before.HeadSHA {
		t.Errorf("promotion %+v, before %+v", after, before)
	}
	if got, want := string((*w.tree(after.HeadSHA))["cohorts/20-prod.yaml"].Data), strings.Replace(changed, "7.6.0", "7.6.1", 1); got != want {
		t.Errorf("the file is\n%s", got)
	}
}

func TestNothingIsPromotedWhileTheReleaseIsPaused(t *testing.T) {
	w := settled(t)
	n := w.promotions()
	w.say("ada", 2, "/wavegate pause")
	w.run(2 * time.Minute)
	w.look()
	if got := w.promotions(); len(got) != len(n) {
		t.Errorf("promotions %+v", got)
	}
}

func TestTheBranchOfSomebodyElseIsNotClosed(t *testing.T) {
	w := start(t)
	w.promoting()
	n := w.propose("wavegate/promote/kafka/prod", githubtest.Files{"cohorts/20-prod.yaml": prod("7.6.1")})
	w.look()
	p, err := w.Pull(repo, n)
	w.ok(err)
	if p.State != "open" {
		t.Errorf("pull request %+v", p)
	}
}

func TestAPromotionThatTheConsoleClosedMayComeBack(t *testing.T) {
	w := settled(t)
	w.look()
	first := w.promotion().Number
	w.release("7.6.2")
	w.run(2 * time.Minute)
	w.look()
	back := w.propose("back", githubtest.Files{"cohorts/10-canary.yaml": canary("7.6.1")})
	_, err := w.As("grace").Approve(repo, back)
	w.ok(err)
	w.merge(back)
	w.run(45 * time.Minute)
	w.look()
	if p := w.promotion(); p.Title != "Promote kafka 7.6.1 to prod" || p.Number == first {
		t.Errorf("promotion %+v", p)
	}
}

func TestACohortThatIsAheadIsNotPromotedBack(t *testing.T) {
	w := settled(t)
	n := w.propose("ahead", githubtest.Files{"cohorts/20-prod.yaml": prod("7.6.2")})
	_, err := w.As("grace").Approve(repo, n)
	w.ok(err)
	w.merge(n)
	w.run(time.Minute)
	w.look()
	if got := w.promotions(); len(got) != 0 {
		t.Errorf("promotions %+v", got)
	}
}
