package github

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/internal/githubtest"
	"github.com/wavegate-dev/wavegate/reconciler/admission"
)

// retold changes what GitHub says of a branch's activity, since githubtest has no
// merge queue and makes no wrong merges.
type retold struct {
	next   http.RoundTripper
	change func([]map[string]any) []map[string]any
}

func (r *retold) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := r.next.RoundTrip(req)
	if err != nil || resp.StatusCode != http.StatusOK || !strings.HasSuffix(req.URL.Path, "/activity") || !strings.HasSuffix(req.URL.Query().Get("ref"), "/main") {
		return resp, err
	}
	var list []map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&list); err != nil {
		return nil, err
	}
	_ = resp.Body.Close()
	data, err := json.Marshal(r.change(list))
	resp.Body = io.NopCloser(bytes.NewReader(data))
	return resp, err
}

// retelling is an approver that is told another activity.
func (w *world) retelling(change func([]map[string]any) []map[string]any) *Approver {
	w.clock.advance(time.Minute)
	return w.approver(func(cfg *Config) { cfg.Transport = &retold{cfg.Transport, change} })
}

// asMerges tells of pushes to main as of merges by pull requests.
func asMerges(list []map[string]any) []map[string]any {
	for _, m := range list {
		if m["activity_type"] == "push" {
			m["activity_type"] = "pr_merge"
		}
	}
	return list
}

// byQueue tells of the newest n movements as of one of the merge queue's.
func byQueue(n int) func([]map[string]any) []map[string]any {
	return func(list []map[string]any) []map[string]any {
		list[0]["activity_type"], list[0]["before"] = "merge_queue_merge", list[n-1]["before"]
		return append(list[:1], list[n:]...)
	}
}

func TestTheMergeQueueBringsSeveralPullRequestsAtOnce(t *testing.T) {
	for _, method := range []githubtest.Method{githubtest.MergeCommit, githubtest.Squash, githubtest.Rebase} {
		t.Run(string(method), func(t *testing.T) {
			w := start(t, nil)
			first := w.propose("ada", "new", "7.6.1")
			w.push("ada", "new", "7.6.2")
			_, err := w.As("grace").Push(repo, "other", githubtest.Change{Write: githubtest.Files{"cohorts/20-prod.yaml": "kafka: 7.5.1\n"}})
			w.ok(err)
			second, err := w.As("grace").OpenPull(repo, "other", "main", "Prod", "")
			w.ok(err)
			w.approve("grace", first)
			w.approve("joan", second)
			shas := []string{w.merge("olga", first, method), w.merge("olga", second, method)}
			a := w.retelling(byQueue(2))
			for i, who := range []string{"grace", "joan"} {
				e, err := a.Approve(context.Background(), w.commit(shas[i]), one)
				w.ok(err)
				mustBe(t, e, admission.Approved, "approved by "+who)
			}
			if method == githubtest.Rebase {
				e, err := a.Approve(context.Background(), w.commit(w.commit(shas[0]).Parents[0]), one)
				w.ok(err)
				mustBe(t, e, admission.Approved, "approved by grace")
			}
		})
	}
}

func TestAMergeThatBringsMoreThanWasReviewedIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		files githubtest.Files
		says  string
	}{
		"nothing else":              {githubtest.Files{"cohorts/10-canary.yaml": "kafka: 7.6.1\n"}, ""},
		"another version":           {githubtest.Files{"cohorts/10-canary.yaml": "kafka: 7.9.9\n"}, `in "cohorts/10-canary.yaml"`},
		"another cohort as well":    {githubtest.Files{"cohorts/10-canary.yaml": "kafka: 7.6.1\n", "cohorts/20-prod.yaml": "kafka: 7.6.1\n"}, `in "cohorts/20-prod.yaml"`},
		"a file in a new folder":    {githubtest.Files{"cohorts/10-canary.yaml": "kafka: 7.6.1\n", "a/b/c.yaml": "x"}, `in "a/b/c.yaml"`},
		"a folder instead of files": {githubtest.Files{"cohorts/10-canary.yaml": "kafka: 7.6.1\n", "fleet.yaml/x.yaml": "x"}, `in "fleet.yaml"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, nil)
			n := w.propose("ada", "new", "7.6.1")
			w.approve("grace", n)
			head := w.pull(n).GetHead().GetSHA()
			// A commit on top of main that has the approved head as its second parent,
			// with whatever tree: GitHub takes it for the merge.
			change := githubtest.Change{Write: c.files}
			if name == "a folder instead of files" {
				change.Remove = []string{"fleet.yaml"}
			}
			sha, err := w.As("olga").Push(repo, "trial", change)
			w.ok(err)
			w.git("update-ref", "refs/heads/trial", w.git("commit-tree", "-m", "Merge", "-p", "main", "-p", head, sha+"^{tree}"))
			w.ok(w.As("olga").MoveBranch(repo, "main", "trial"))
			merged := w.pull(n)
			if !merged.GetMerged() {
				t.Fatal("GitHub does not take it for a merge")
			}
			e, err := w.retelling(asMerges).Approve(context.Background(), w.commit(merged.GetMergeCommitSHA()), one)
			w.ok(err)
			if c.says == "" {
				mustBe(t, e, admission.Approved)
			} else {
				mustBe(t, e, admission.Refused, c.says, "not what was reviewed")
			}
		})
	}
}

func TestAMergeOfAnotherHeadIsRefused(t *testing.T) {
	w := start(t, nil)
	n := w.propose("ada", "new", "7.6.1")
	w.approve("grace", n)
	head := w.pull(n).GetHead().GetSHA()
	// A commit on top of the head comes in with it.
	more, err := w.As("olga").Push(repo, "more", githubtest.Change{Write: githubtest.Files{"more.yaml": "m: 1\n"}})
	w.ok(err)
	more = w.git("commit-tree", "-m", "More", "-p", head, more+"^{tree}")
	w.git("update-ref", "refs/heads/trial", w.git("commit-tree", "-m", "Merge", "-p", "main", "-p", more, more+"^{tree}"))
	w.ok(w.As("olga").MoveBranch(repo, "main", "trial"))
	e, err := w.retelling(asMerges).Approve(context.Background(), w.commit(w.pull(n).GetMergeCommitSHA()), one)
	w.ok(err)
	mustBe(t, e, admission.Refused, "is not "+short(head)+", the head of pull request #1")
}

func TestTheQueueMayNotAddToWhatWasReviewed(t *testing.T) {
	for _, method := range []githubtest.Method{githubtest.MergeCommit, githubtest.Squash, githubtest.Rebase} {
		t.Run(string(method), func(t *testing.T) {
			t.Parallel()
			w := start(t, nil)
			n := w.propose("ada", "new", "7.6.1")
			w.approve("grace", n)
			sha, err := w.As("olga").MergeWith(repo, n, method, githubtest.Change{Write: githubtest.Files{"cohorts/20-prod.yaml": "kafka: 7.6.1\n"}})
			w.ok(err)
			mustBe(t, w.verdict(sha, one), admission.Refused, `in "cohorts/20-prod.yaml"`, "not what was reviewed")
		})
	}
}

func TestWhatComesAlongWithAMergeIsNotTakenForIt(t *testing.T) {
	// along pushes a commit of olga's to main together with what GitHub takes for
	// the merge of ada's pull request, and lets GitHub tell of one merge.
	along := func(merge func(w *world, extra, head string) string) (w *world, extra, merged string) {
		w = start(t, nil)
		extra, err := w.As("olga").Push(repo, "extra", githubtest.Change{Write: githubtest.Files{"cohorts/20-prod.yaml": "kafka: 7.6.1\n"}})
		w.ok(err)
		w.push("ada", "new", "7.6.1")
		n, err := w.As("ada").OpenPull(repo, "new", "main", "Canary", "")
		w.ok(err)
		merged = merge(w, extra, w.pull(n).GetHead().GetSHA())
		w.approve("grace", n)
		w.git("update-ref", "refs/heads/trial", merged)
		w.ok(w.As("olga").MoveBranch(repo, "main", "trial"))
		if got := w.pull(n).GetMergeCommitSHA(); got != merged {
			t.Fatalf("GitHub takes %s for the merge, not %s", got, merged)
		}
		return w, extra, merged
	}
	t.Run("before a merge commit", func(t *testing.T) {
		w, extra, merged := along(func(w *world, extra, head string) string {
			tree := strings.Fields(w.git("merge-tree", "--write-tree", extra, head))[0]
			return w.git("commit-tree", "-m", "Merge", "-p", extra, "-p", head, tree)
		})
		for _, sha := range []string{extra, merged} {
			e, err := w.retelling(asMerges).Approve(context.Background(), w.commit(sha), one)
			w.ok(err)
			mustBe(t, e, admission.Refused, "together with pull request #1")
		}
	})
	for _, method := range []githubtest.Method{githubtest.MergeCommit, githubtest.Squash, githubtest.Rebase} {
		t.Run("in one movement with a "+string(method), func(t *testing.T) {
			w := start(t, nil)
			n := w.propose("ada", "new", "7.6.1")
			w.approve("grace", n)
			_, err := w.As("olga").Push(repo, "main", githubtest.Change{Write: githubtest.Files{"cohorts/20-prod.yaml": "kafka: 7.6.1\n"}})
			w.ok(err)
			sha := w.merge("ada", n, method)
			joined := func(list []map[string]any) []map[string]any {
				list[0]["before"] = list[1]["before"]
				return append(list[:1], list[2:]...)
			}
			e, err := w.retelling(joined).Approve(context.Background(), w.commit(sha), one)
			w.ok(err)
			mustBe(t, e, admission.Refused, "together with pull request #1")
		})
	}
}

func TestWhoIsInvolvedAndWhy(t *testing.T) {
	w := start(t, nil)
	tree := w.git("rev-parse", w.push("ada", "files", "7.6.1")+"^{tree}")
	w.git("update-ref", "refs/heads/trial", w.git("-c", "committer.name=joan", "-c", "committer.email=joan@example.com",
		"-c", "author.name=ada", "-c", "author.email=ada@example.com", "commit-tree", "-m", "kafka", "-p", "main", tree))
	w.ok(w.As("grace").MoveBranch(repo, "new", "trial"))
	n, err := w.As("mary").OpenPull(repo, "new", "main", "Canary", "")
	w.ok(err)
	c := w.commit(w.merge("olga", n, githubtest.MergeCommit))
	o, err := w.approver().origin(context.Background(), &c)
	w.ok(err)
	want := map[string]string{"mary": "opened it", "grace": "pushed to it", "ada": "wrote a commit of it", "joan": "committed to it"}
	if !maps.Equal(o.involved, want) {
		t.Errorf("involved are %v", o.involved)
	}
}
