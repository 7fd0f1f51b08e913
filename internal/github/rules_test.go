package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	gh "github.com/google/go-github/v62/github"

	"github.com/wavegate-dev/wavegate/internal/githubtest"
	"github.com/wavegate-dev/wavegate/reconciler/admission"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// story is how a commit came to main, and what is to be said of it.
type story struct {
	name    string
	tell    func(w *world) (sha string)
	policy  fleet.Approvals
	verdict admission.Verdict
	says    []string
}

// stories are run one by one in a world of their own.
func stories(t *testing.T, list []story) {
	for _, s := range list {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			w := start(t, nil)
			sha := s.tell(w)
			e := w.verdict(sha, s.policy)
			mustBe(t, e, s.verdict, s.says...)
			// Nothing that was remembered plays a part.
			again := w.verdict(sha, s.policy)
			if again.Verdict != e.Verdict || again.Reason != e.Reason {
				t.Errorf("a second approver says %d %q, the first %d %q", again.Verdict, again.Reason, e.Verdict, e.Reason)
			}
		})
	}
}

// proposed is a pull request by ada that grace merges after something happened.
func proposed(happens func(w *world, number int)) func(*world) string {
	return func(w *world) string {
		number := w.propose("ada", "new", "7.6.1")
		if happens != nil {
			happens(w, number)
		}
		return w.merge("olga", number, githubtest.MergeCommit)
	}
}

var (
	two   = fleet.Approvals{Required: 2}
	named = fleet.Approvals{Required: 1, By: []string{"team:acme/kafka-sre", "user:rhea"}}
)

func TestWhoseApprovalCounts(t *testing.T) {
	stories(t, []story{
		{"nobody has approved", proposed(nil), one, admission.Refused, []string{"0 of 1 approvals", "who may give one: people with write access, if they had no part in it"}},
		{"no approval is asked for", proposed(nil), fleet.Approvals{}, admission.Approved, []string{"needs no approval"}},
		{"an older head was approved", proposed(func(w *world, n int) {
			w.approve("grace", n)
			w.push("ada", "new", "7.6.2")
		}), one, admission.Refused, []string{"grace approved an older head"}},
		{"an older head was approved, and the newest by somebody else", proposed(func(w *world, n int) {
			w.approve("grace", n)
			w.push("ada", "new", "7.6.2")
			w.approve("joan", n)
		}), one, admission.Approved, []string{"approved by joan"}},
		{"the approval was dismissed", proposed(func(w *world, n int) {
			w.ok(w.As("olga").Dismiss(repo, n, w.approve("grace", n), "No"))
		}), one, admission.Refused, []string{"grace approved, but that was dismissed"}},
		{"it was dismissed and given again", proposed(func(w *world, n int) {
			w.ok(w.As("olga").Dismiss(repo, n, w.approve("grace", n), "No"))
			w.approve("grace", n)
		}), one, admission.Approved, nil},
		{"who pushed last has approved", proposed(func(w *world, n int) {
			w.push("grace", "new", "7.6.2")
			w.approve("grace", n)
		}), one, admission.Refused, []string{"grace pushed to it"}},
		{"who pushed before has approved", proposed(func(w *world, n int) {
			w.push("grace", "new", "7.6.2")
			w.push("ada", "new", "7.6.3")
			w.approve("grace", n)
		}), one, admission.Refused, []string{"grace pushed to it"}},
		{"who wrote a commit that somebody else pushed has approved", func(w *world) string {
			w.push("joan", "joans", "7.6.1")
			w.ok(w.As("ada").MoveBranch(repo, "new", "joans"))
			n, err := w.As("ada").OpenPull(repo, "new", "main", "Canary", "")
			w.ok(err)
			w.approve("joan", n)
			return w.merge("grace", n, githubtest.MergeCommit)
		}, one, admission.Refused, []string{"joan wrote a commit of it"}},
		{"who committed what somebody else wrote and pushed has approved", func(w *world) string {
			tree := w.git("rev-parse", w.push("ada", "files", "7.6.1")+"^{tree}")
			w.git("update-ref", "refs/heads/trial", w.git("-c", "committer.name=joan", "-c", "committer.email=joan@example.com",
				"-c", "author.name=ada", "-c", "author.email=ada@example.com", "commit-tree", "-m", "kafka", "-p", "main", tree))
			w.ok(w.As("ada").MoveBranch(repo, "new", "trial"))
			n, err := w.As("ada").OpenPull(repo, "new", "main", "Canary", "")
			w.ok(err)
			w.approve("joan", n)
			return w.merge("grace", n, githubtest.MergeCommit)
		}, one, admission.Refused, []string{"joan committed to it"}},
		{"two people approve", proposed(func(w *world, n int) {
			w.approve("grace", n)
			w.approve("joan", n)
		}), two, admission.Approved, []string{"approved by grace, joan"}},
		{"two are asked for, and one approves twice", proposed(func(w *world, n int) {
			w.approve("grace", n)
			w.approve("grace", n)
		}), two, admission.Refused, []string{"1 of 2 approvals"}},
		{"who approved asks for changes later", proposed(func(w *world, n int) {
			w.approve("grace", n)
			_, err := w.As("grace").Review(repo, n, "REQUEST_CHANGES", "Wait")
			w.ok(err)
		}), one, admission.Refused, []string{"changes are requested by grace"}},
		{"somebody else asks for changes", proposed(func(w *world, n int) {
			_, err := w.As("joan").Review(repo, n, "REQUEST_CHANGES", "Wait")
			w.ok(err)
			w.approve("grace", n)
		}), one, admission.Refused, []string{"changes are requested by joan"}},
		{"somebody without a say asks for changes", proposed(func(w *world, n int) {
			_, err := w.As("rhea").Review(repo, n, "REQUEST_CHANGES", "Wait")
			w.ok(err)
			w.approve("grace", n)
		}), one, admission.Approved, nil},
		{"who asked for changes approves later", proposed(func(w *world, n int) {
			_, err := w.As("grace").Review(repo, n, "REQUEST_CHANGES", "Wait")
			w.ok(err)
			w.approve("grace", n)
		}), one, admission.Approved, nil},
		{"a comment takes nothing back", proposed(func(w *world, n int) {
			w.approve("grace", n)
			_, err := w.As("grace").Review(repo, n, "COMMENT", "By the way")
			w.ok(err)
		}), one, admission.Approved, nil},
		{"who may only read has approved", proposed(func(w *world, n int) {
			w.approve("rhea", n)
		}), one, admission.Refused, []string{"rhea has no write access"}},
		{"who approved has lost access since", proposed(func(w *world, n int) {
			w.approve("grace", n)
			w.ok(w.Grant(repo, "grace", githubtest.Read))
		}), one, admission.Refused, []string{"grace has no write access"}},
		{"who approved is no user any more", proposed(func(w *world, n int) {
			w.approve("grace", n)
			w.DeleteUser("grace")
		}), one, admission.Refused, []string{"0 of 1"}},
		{"the policy names who may only read", proposed(func(w *world, n int) {
			w.ok(w.AddTeam("acme/kafka-sre", "joan"))
			w.approve("rhea", n)
		}), named, admission.Approved, []string{"approved by rhea"}},
		{"the policy names a team", proposed(func(w *world, n int) {
			w.ok(w.AddTeam("acme/kafka-sre", "joan"))
			w.approve("joan", n)
		}), named, admission.Approved, []string{"approved by joan"}},
		{"who approved may write, but is not named", proposed(func(w *world, n int) {
			w.ok(w.AddTeam("acme/kafka-sre", "joan"))
			w.approve("grace", n)
		}), named, admission.Refused, []string{"grace is not among those who may approve", "team:acme/kafka-sre"}},
		{"who approved was only invited to the team", proposed(func(w *world, n int) {
			w.ok(w.AddTeam("acme/kafka-sre", "joan"))
			w.ok(w.Invite("acme/kafka-sre", "grace"))
			w.approve("grace", n)
		}), named, admission.Refused, []string{"grace is not among"}},
		{"who approved has left the team since", proposed(func(w *world, n int) {
			w.ok(w.AddTeam("acme/kafka-sre", "joan", "grace"))
			w.approve("grace", n)
			w.ok(w.LeaveTeam("acme/kafka-sre", "grace"))
		}), named, admission.Refused, []string{"grace is not among"}},
	})
}

func TestAnOpenPullRequestIsToldWhatItLacks(t *testing.T) {
	w := start(t, nil)
	n := w.propose("ada", "new", "7.6.1")
	a := w.approver()
	preview := func(policy fleet.Approvals, want Tally) {
		t.Helper()
		got, err := a.Preview(t.Context(), n, policy)
		w.ok(err)
		want.Head = w.pull(n).GetHead().GetSHA()
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	preview(one, Tally{})
	w.approve("grace", n)
	preview(one, Tally{Approved: []string{"grace"}})
	old := short(w.pull(n).GetHead().GetSHA())
	w.push("joan", "new", "7.6.2")
	stale := Discounted{"grace", "approved an older head, " + old}
	preview(one, Tally{Discounted: []Discounted{stale}})
	w.approve("joan", n)
	pusher := Discounted{"joan", "pushed to it"}
	preview(one, Tally{Discounted: []Discounted{stale, pusher}})
	w.approve("rhea", n)
	preview(one, Tally{Discounted: []Discounted{stale, pusher, {"rhea", "has no write access"}}})
	_, err := w.As("mary").Review(repo, n, "REQUEST_CHANGES", "Wait")
	w.ok(err)
	w.approve("grace", n)
	preview(one, Tally{Approved: []string{"grace"}, Objections: []string{"mary"}, Discounted: []Discounted{pusher, {"rhea", "has no write access"}}})
	w.ok(w.AddTeam("acme/kafka-sre", "mary"))
	preview(named, Tally{Approved: []string{"rhea"}, Objections: []string{"mary"}, Discounted: []Discounted{{"grace", "is not among those who may approve"}, pusher}})
	w.approve("mary", n)
	preview(one, Tally{Approved: []string{"grace", "mary"}, Discounted: []Discounted{pusher, {"rhea", "has no write access"}}})
	sha := w.merge("ada", n, githubtest.Squash)
	mustBe(t, w.verdict(sha, one), admission.Approved, "approved by grace, mary")
}

func TestAnOpenPullRequestIsToldThatItsTeamCannotBeSeen(t *testing.T) {
	w := start(t, nil)
	n := w.propose("ada", "new", "7.6.1")
	w.approve("grace", n)
	got, err := w.approver().Preview(t.Context(), n, sre)
	w.ok(err)
	if len(got.Approved) != 0 || !strings.Contains(got.Unknown, "read:org") {
		t.Errorf("got %+v", got)
	}
	w.Break(githubtest.Fault{Effect: githubtest.Status(502)})
	if got, err := w.approver().Preview(t.Context(), n, one); err == nil {
		t.Errorf("while GitHub is down: %+v", got)
	}
}

func TestAnApprovalMayComeAfterTheMerge(t *testing.T) {
	w := start(t, nil)
	number := w.propose("ada", "new", "7.6.1")
	sha := w.merge("ada", number, githubtest.Squash)
	a, c := w.approver(), w.commit(sha)
	e, err := a.Approve(context.Background(), c, one)
	w.ok(err)
	mustBe(t, e, admission.Refused, "0 of 1")
	w.approve("grace", number)
	e, err = a.Approve(context.Background(), c, one)
	w.ok(err)
	mustBe(t, e, admission.Approved, "grace")
	w.ok(w.Grant(repo, "grace", githubtest.Read))
	e, err = a.Approve(context.Background(), c, one)
	w.ok(err)
	mustBe(t, e, admission.Refused, "grace has no write access")
}

// update merges the base into a pull request, as the button of that name does.
func (w *world) update(login string, number int) {
	w.t.Helper()
	api, err := gh.NewClient(&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).WithAuthToken(w.Token(login)).WithEnterpriseURLs(w.URL, w.URL)
	w.ok(err)
	_, _, err = api.PullRequests.UpdateBranch(context.Background(), "acme", "fleet", number, nil)
	var accepted *gh.AcceptedError // it is how go-github reads 202
	if !errors.As(err, &accepted) {
		w.t.Fatal(err)
	}
}

// git runs git in the repository itself, so that nobody knows who did it, and
// returns what it says.
func (w *world) git(args ...string) string {
	w.t.Helper()
	args = append([]string{"-c", "user.name=x", "-c", "user.email=x@example.com"}, args...)
	cmd := exec.Command("git", args...)
	matches, err := filepath.Glob(filepath.Join(w.dir, "*", "fleet*"))
	if err != nil || len(matches) != 1 {
		w.t.Fatal(matches, err)
	}
	cmd.Dir = matches[0]
	out, err := cmd.CombinedOutput()
	if err != nil {
		w.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func TestHowACommitMayCome(t *testing.T) {
	stories(t, []story{
		{"it was pushed", func(w *world) string {
			return w.push("ada", "main", "7.6.1")
		}, one, admission.Refused, []string{"pushed to main by ada, not merged"}},
		{"it was pushed, and no approval is asked for", func(w *world) string {
			return w.push("ada", "main", "7.6.1")
		}, fleet.Approvals{}, admission.Refused, []string{"pushed to main by ada"}},
		{"it was forced", func(w *world) string {
			first := w.commit(w.push("ada", "main", "7.6.1")).Parents[0]
			sha, err := w.As("olga").ForcePush(repo, "main", first, githubtest.Change{Write: githubtest.Files{"x.yaml": "x: 1\n"}})
			w.ok(err)
			return sha
		}, one, admission.Refused, []string{"forced onto main by olga"}},
		{"an administrator merged without approval", func(w *world) string {
			w.ok(w.Protect(repo, "main", &githubtest.Protection{Approvals: 1}))
			return w.merge("olga", w.propose("ada", "new", "7.6.1"), githubtest.MergeCommit)
		}, one, admission.Refused, []string{"0 of 1"}},
		{"what was approved was pushed", func(w *world) string {
			n := w.propose("ada", "new", "7.6.1")
			w.approve("grace", n)
			w.ok(w.As("ada").MoveBranch(repo, "main", "new"))
			return w.pull(n).GetHead().GetSHA()
		}, one, admission.Refused, []string{"pull request #1 were pushed to main by ada instead of being merged"}},
		{"what was approved was pushed with something on top", func(w *world) string {
			n := w.propose("ada", "new", "7.6.1")
			w.approve("grace", n)
			head := w.pull(n).GetHead().GetSHA()
			w.ok(w.As("ada").MoveBranch(repo, "more", head))
			w.push("ada", "more", "7.6.2")
			w.ok(w.As("ada").MoveBranch(repo, "main", "more"))
			return head
		}, one, admission.Refused, []string{"pull request #1 were pushed to main by ada instead of being merged"}},
		{"an earlier commit of it was pushed, and it was merged then", func(w *world) string {
			n := w.propose("ada", "new", "7.6.1")
			first := w.pull(n).GetHead().GetSHA()
			w.push("ada", "new", "7.6.2")
			w.approve("grace", n)
			w.ok(w.As("ada").MoveBranch(repo, "main", first))
			w.merge("ada", n, githubtest.Squash)
			return first
		}, one, admission.Refused, []string{"pushed to main by ada"}},
		{"it was merged into another branch, and that was pushed", func(w *world) string {
			w.ok(w.As("ada").MoveBranch(repo, "other", "main"))
			w.push("ada", "new", "7.6.1")
			n, err := w.As("ada").OpenPull(repo, "new", "other", "Canary", "")
			w.ok(err)
			w.approve("grace", n)
			sha := w.merge("ada", n, githubtest.MergeCommit)
			w.ok(w.As("ada").MoveBranch(repo, "main", "other"))
			return sha
		}, one, admission.Refused, []string{"pushed to main by ada"}},
		{"a revert was pushed", func(w *world) string {
			n := w.propose("ada", "new", "7.6.1")
			w.approve("grace", n)
			w.merge("ada", n, githubtest.MergeCommit)
			return w.push("ada", "main", "7.6.0")
		}, one, admission.Refused, []string{"pushed to main by ada"}},
		{"it is a pull request from a fork", func(w *world) string {
			w.ok(w.Fork(repo, "fred"))
			_, err := w.As("fred").Push("fred/fleet", "new", githubtest.Change{Write: githubtest.Files{"cohorts/10-canary.yaml": "kafka: 7.6.1\n"}})
			w.ok(err)
			n, err := w.As("fred").OpenPull(repo, "fred:new", "main", "Canary", "")
			w.ok(err)
			w.approve("grace", n)
			return w.merge("ada", n, githubtest.Squash)
		}, one, admission.Approved, []string{"approved by grace"}},
		{"nobody knows who pushed its head", func(w *world) string {
			n := w.propose("ada", "new", "7.6.1")
			w.push("ada", "elsewhere", "7.6.2")
			w.git("update-ref", "refs/heads/new", "refs/heads/elsewhere")
			w.pull(n)
			w.approve("grace", n)
			return w.merge("ada", n, githubtest.Squash)
		}, one, admission.Unknown, []string{"GitHub does not say who pushed"}},
		{"the base was merged into it before it was approved", func(w *world) string {
			n := w.propose("ada", "new", "7.6.1")
			_, err := w.As("olga").Push(repo, "main", githubtest.Change{Write: githubtest.Files{"cohorts/20-prod.yaml": "kafka: 7.5.1\n"}})
			w.ok(err)
			w.update("joan", n)
			w.approve("grace", n)
			return w.merge("ada", n, githubtest.Squash)
		}, one, admission.Approved, []string{"grace"}},
		{"who approved has merged the base into it", func(w *world) string {
			n := w.propose("ada", "new", "7.6.1")
			_, err := w.As("olga").Push(repo, "main", githubtest.Change{Write: githubtest.Files{"cohorts/20-prod.yaml": "kafka: 7.5.1\n"}})
			w.ok(err)
			w.update("joan", n)
			w.approve("joan", n)
			return w.merge("ada", n, githubtest.MergeCommit)
		}, one, admission.Refused, []string{"joan pushed to it"}},
		{"the base was merged into it after it was approved", func(w *world) string {
			n := w.propose("ada", "new", "7.6.1")
			w.approve("grace", n)
			_, err := w.As("olga").Push(repo, "main", githubtest.Change{Write: githubtest.Files{"cohorts/20-prod.yaml": "kafka: 7.5.1\n"}})
			w.ok(err)
			w.update("joan", n)
			return w.merge("ada", n, githubtest.MergeCommit)
		}, one, admission.Refused, []string{"grace approved an older head"}},
		{"it has more commits than GitHub lists", func(w *world) string {
			tip := w.commit("main").SHA
			tree := w.git("rev-parse", w.push("ada", "files", "7.6.1")+"^{tree}")
			for i := range maxPullCommits {
				tip = w.git("commit-tree", "-m", fmt.Sprint(i), "-p", tip, tree)
			}
			w.git("update-ref", "refs/heads/trial", tip)
			w.ok(w.As("ada").MoveBranch(repo, "many", tip))
			n, err := w.As("ada").OpenPull(repo, "many", "main", "Many", "")
			w.ok(err)
			w.approve("grace", n)
			return w.merge("ada", n, githubtest.Squash)
		}, one, admission.Refused, []string{"has 250 commits or more", "split it"}},
		{"its branch was deleted and restored after the merge", func(w *world) string {
			n := w.propose("ada", "new", "7.6.1")
			head := w.pull(n).GetHead().GetSHA()
			w.approve("grace", n)
			sha := w.merge("ada", n, githubtest.Squash)
			w.ok(w.As("ada").DeleteBranch(repo, "new"))
			w.ok(w.As("grace").MoveBranch(repo, "new", head))
			return sha
		}, one, admission.Approved, []string{"grace"}},
	})
}

func TestWhatIsMergedMustBeWhatWasReviewed(t *testing.T) {
	// moved is a pull request behind whose back main goes on.
	moved := func(m githubtest.Method, file, content string) func(*world) string {
		return func(w *world) string {
			n := w.propose("ada", "new", "7.6.1")
			w.approve("grace", n)
			_, err := w.As("olga").Push(repo, "main", githubtest.Change{Write: githubtest.Files{file: content}})
			w.ok(err)
			return w.merge("ada", n, m)
		}
	}
	var list []story
	for _, m := range []githubtest.Method{githubtest.MergeCommit, githubtest.Squash, githubtest.Rebase} {
		if m != githubtest.Rebase { // it would have nothing left to bring
			list = append(list, story{string(m) + ": main does the same", moved(m, "cohorts/10-canary.yaml", "kafka: 7.6.1\n"), one, admission.Approved, nil})
		}
		list = append(list,
			story{string(m) + ": main changes another file", moved(m, "cohorts/20-prod.yaml", "kafka: 7.5.1\n"), one, admission.Approved, nil},
			story{string(m) + ": main gets another file", moved(m, "products/kafka.yaml", "kind: Product\n"), one, admission.Approved, nil},
			story{string(m) + ": both change a file, and git finds no conflict", func(w *world) string {
				long := "a: 1\nb: 1\nc: 1\nd: 1\ne: 1\nf: 1\ng: 1\nh: 1\n"
				n := w.propose("ada", "start", "7.6.0-1")
				_, err := w.As("ada").Push(repo, "start", githubtest.Change{Write: githubtest.Files{"long.yaml": long}})
				w.ok(err)
				w.merge("ada", n, githubtest.MergeCommit)
				_, err = w.As("ada").Push(repo, "new", githubtest.Change{Write: githubtest.Files{"long.yaml": "a: 2\n" + long[5:]}})
				w.ok(err)
				n, err = w.As("ada").OpenPull(repo, "new", "main", "Long", "")
				w.ok(err)
				w.approve("grace", n)
				_, err = w.As("olga").Push(repo, "main", githubtest.Change{Write: githubtest.Files{"long.yaml": long[:35] + "h: 2\n"}})
				w.ok(err)
				return w.merge("ada", n, m)
			}, one, admission.Refused, []string{`in "long.yaml" it is not what was reviewed in pull request #2`, "bring the branch"}},
		)
	}
	stories(t, list)
}

func TestEachCommitOfARebaseIsProven(t *testing.T) {
	w := start(t, nil)
	n := w.propose("ada", "new", "7.6.1")
	_, err := w.As("ada").Push(repo, "new", githubtest.Change{Write: githubtest.Files{"second.yaml": "b: 2\n"}})
	w.ok(err)
	_, err = w.As("ada").Push(repo, "new", githubtest.Change{Remove: []string{"second.yaml"}, Write: githubtest.Files{"third.yaml": "c: 3\n"}})
	w.ok(err)
	w.approve("grace", n)
	other, err := w.As("olga").Push(repo, "main", githubtest.Change{Write: githubtest.Files{"other.yaml": "o: 1\n"}})
	w.ok(err)
	sha := w.merge("ada", n, githubtest.Rebase)
	for range 3 {
		mustBe(t, w.verdict(sha, one), admission.Approved, "pull request #1, approved by grace")
		sha = w.commit(sha).Parents[0]
	}
	if sha != other {
		t.Fatalf("before the rebase is %s, want %s", sha, other)
	}
	mustBe(t, w.verdict(other, one), admission.Refused, "pushed to main by olga")
}

func TestACommitIsGivenTimeUntilGitHubKnowsItsPullRequest(t *testing.T) {
	w := start(t, nil)
	sha := w.push("ada", "main", "7.6.1")
	a, c := w.approver(), w.commit(sha)
	e, err := a.Approve(context.Background(), c, one)
	w.ok(err)
	mustBe(t, e, admission.Unknown, "so new")
	w.clock.advance(time.Minute)
	e, err = a.Approve(context.Background(), c, one)
	w.ok(err)
	mustBe(t, e, admission.Refused, "pushed")
}

func TestWhoIsNamedStillNeedsAccess(t *testing.T) {
	w := begin(t, nil, (*githubtest.Server).AddPrivateRepo)
	n := w.propose("ada", "new", "7.6.1")
	w.approve("rhea", n)
	sha := w.merge("ada", n, githubtest.Squash)
	policy := fleet.Approvals{Required: 1, By: []string{"user:rhea"}}
	mustBe(t, w.verdict(sha, policy), admission.Approved, "approved by rhea")
	w.ok(w.Grant(repo, "rhea", githubtest.None))
	mustBe(t, w.verdict(sha, policy), admission.Refused, "rhea has no access to the repository any more")
}

func TestAWatchedBranchThatIsNotTheDefaultOne(t *testing.T) {
	w := start(t, nil)
	w.ok(w.As("olga").MoveBranch(repo, "prod", "main"))
	a, err := NewApprover(ApproverConfig{Client: w.client(), Branch: "prod"})
	w.ok(err)
	judge := func(sha string, verdict admission.Verdict, says ...string) {
		t.Helper()
		w.clock.advance(time.Minute)
		e, err := a.Approve(t.Context(), w.commit(sha), one)
		w.ok(err)
		mustBe(t, e, verdict, says...)
	}
	propose := func(branch, base string) int {
		n, err := w.As("ada").OpenPull(repo, branch, base, "Canary", "")
		w.ok(err)
		w.approve("grace", n)
		return n
	}
	w.push("ada", "new", "7.6.1")
	judge(w.merge("ada", propose("new", "prod"), githubtest.Squash), admission.Approved, "approved by grace")

	// A commit of an open pull request is pushed.
	w.ok(w.As("ada").MoveBranch(repo, "next", "prod"))
	first := w.push("ada", "next", "7.6.2")
	w.push("ada", "next", "7.6.3")
	propose("next", "prod")
	w.ok(w.As("ada").MoveBranch(repo, "prod", first))
	judge(first, admission.Refused, "pushed to prod by ada, not merged")

	// A pull request for another branch was merged, and that branch is pushed.
	w.ok(w.As("ada").MoveBranch(repo, "main", "prod"))
	w.ok(w.As("ada").MoveBranch(repo, "last", "prod"))
	w.push("ada", "last", "7.6.4")
	sha := w.merge("ada", propose("last", "main"), githubtest.MergeCommit)
	w.ok(w.As("ada").MoveBranch(repo, "prod", "main"))
	judge(sha, admission.Refused, "pushed to prod by ada, not merged")
}
