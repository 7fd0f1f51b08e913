package githubtest_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-github/v62/github"

	"github.com/wavegate-dev/wavegate/internal/githubtest"
)

// receiver takes webhooks and reads them as go-github does.
type receiver struct {
	t      *testing.T
	url    string
	secret string

	mu     sync.Mutex
	got    []string // event, or event/action
	ids    []string
	events []any
	status int
}

func (w *world) receive(secret string, events ...string) *receiver {
	w.t.Helper()
	r := &receiver{t: w.t, secret: secret, status: http.StatusNoContent}
	ts := httptest.NewServer(r)
	w.t.Cleanup(ts.Close)
	r.url = ts.URL
	w.ok(w.AddWebhook(githubtest.Webhook{URL: ts.URL, Secret: secret, Events: events}))
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var payload []byte
	var err error
	if r.secret == "" {
		if req.Header.Get("X-Hub-Signature-256") != "" {
			r.t.Error("a webhook without a secret is signed")
		}
		payload, err = io.ReadAll(req.Body)
	} else {
		payload, err = github.ValidatePayload(req, []byte(r.secret))
	}
	if err != nil {
		r.t.Errorf("signature of webhook: %v", err)
	}
	event, err := github.ParseWebHook(github.WebHookType(req), payload)
	if err != nil {
		r.t.Errorf("read webhook: %v", err)
	}
	name := github.WebHookType(req)
	if a, ok := event.(interface{ GetAction() string }); ok && a.GetAction() != "" {
		name += "/" + a.GetAction()
	}
	r.got = append(r.got, name)
	r.ids = append(r.ids, github.DeliveryID(req))
	r.events = append(r.events, event)
	w.WriteHeader(r.status)
}

// since returns what came since the last call.
func (r *receiver) since(w *world) []string {
	w.t.Helper()
	w.ok(w.WaitWebhooks(context.Background()))
	r.mu.Lock()
	defer r.mu.Unlock()
	got := r.got
	r.got = nil
	return got
}

func TestWhatIsDoneIsTold(t *testing.T) {
	w := start(t, nil)
	r := w.receive("secret")
	var number int
	var comment, review int64
	var err error
	for _, step := range []struct {
		name string
		do   func() error
		want []string
	}{
		{"the webhook is added", func() error { return nil }, []string{"ping"}},
		{"a branch is pushed and a pull request opened", func() error {
			number, _ = w.propose("ada", "new", "7.6.1")
			return nil
		}, []string{"push", "pull_request/opened"}},
		{"another commit is pushed", func() error {
			_, err := w.As("ada").Push(fleet, "new", githubtest.Change{Write: githubtest.Files{"x": "y"}})
			return err
		}, []string{"push", "pull_request/synchronize"}},
		{"the branch is rewritten", func() error {
			_, err := w.As("ada").ForcePush(fleet, "new", "main", githubtest.Change{Write: githubtest.Files{"z": "y"}})
			return err
		}, []string{"push", "pull_request/synchronize"}},
		{"somebody comments", func() error {
			comment, err = w.As("grace").Comment(fleet, number, "wavegate plan")
			return err
		}, []string{"issue_comment/created"}},
		{"the comment is edited", func() error { return w.As("grace").EditComment(fleet, comment, "wavegate pause") }, []string{"issue_comment/edited"}},
		{"the comment is deleted", func() error { return w.As("grace").DeleteComment(fleet, comment) }, []string{"issue_comment/deleted"}},
		{"somebody approves", func() error {
			review, err = w.As("grace").Approve(fleet, number)
			return err
		}, []string{"pull_request_review/submitted"}},
		{"the approval is dismissed", func() error { return w.As("olga").Dismiss(fleet, number, review, "No") }, []string{"pull_request_review/dismissed"}},
		{"the title is changed", func() error {
			_, _, err := w.client("ada").PullRequests.Edit(context.Background(), "acme", "fleet", number, &github.PullRequest{Title: github.String("Other")})
			return err
		}, []string{"pull_request/edited"}},
		{"it is closed", func() error { return w.As("ada").Close(fleet, number) }, []string{"pull_request/closed"}},
		{"it is opened again", func() error { return w.As("ada").Reopen(fleet, number) }, []string{"pull_request/reopened"}},
		{"it is merged", func() error {
			_, err := w.As("grace").Merge(fleet, number, githubtest.Squash)
			return err
		}, []string{"push", "pull_request/closed"}},
		{"the branch is deleted", func() error { return w.As("ada").DeleteBranch(fleet, "new") }, []string{"push"}},
		{"an issue is commented on", func() error {
			n, err := w.As("ada").OpenIssue(fleet, "Drift", "")
			w.ok(err)
			_, err = w.As("ada").Comment(fleet, n, "Seen")
			return err
		}, []string{"issue_comment/created"}},
	} {
		w.ok(step.do())
		if got := r.since(w); !slices.Equal(got, step.want) {
			t.Errorf("when %s: %v, want %v", step.name, got, step.want)
		}
	}
	for _, e := range r.events {
		if p, ok := e.(*github.PullRequestEvent); ok && p.GetAction() == "closed" && p.GetPullRequest().GetMerged() {
			if p.GetSender().GetLogin() != "grace" || p.GetPullRequest().GetMergeCommitSHA() == "" {
				t.Errorf("merged by %s as %q", p.GetSender().GetLogin(), p.GetPullRequest().GetMergeCommitSHA())
			}
		}
	}
}

func TestAForcedPushIsToldAsOne(t *testing.T) {
	w := start(t, nil)
	r := w.receive("", "push")
	old, err := w.As("ada").Push(fleet, "new", githubtest.Change{Write: githubtest.Files{"x": "1"}})
	w.ok(err)
	sha, err := w.As("grace").ForcePush(fleet, "new", "main", githubtest.Change{Write: githubtest.Files{"x": "2"}, Message: "Mine"})
	w.ok(err)
	if got := r.since(w); !slices.Equal(got, []string{"ping", "push", "push"}) {
		t.Fatalf("got %v", got)
	}
	push := r.events[2].(*github.PushEvent)
	if !push.GetForced() || push.GetBefore() != old || push.GetAfter() != sha || push.GetPusher().GetName() != "grace" ||
		push.GetRepo().GetOwner().GetName() != "acme" || push.GetRepo().GetPushedAt().IsZero() || push.GetRef() != "refs/heads/new" || len(push.Commits) != 1 || push.GetHeadCommit().GetMessage() != "Mine" {
		t.Errorf("push %+v", push)
	}
}

func TestOnlyTheEventsThatWereAskedForAreSent(t *testing.T) {
	w := start(t, nil)
	r := w.receive("secret", "issue_comment")
	number, _ := w.propose("ada", "new", "7.6.1")
	_, err := w.As("ada").Comment(fleet, number, "Hello")
	w.ok(err)
	if got := r.since(w); !slices.Equal(got, []string{"ping", "issue_comment/created"}) {
		t.Errorf("got %v", got)
	}
}

func TestWebhooksAreLostDoubledAndSentAgain(t *testing.T) {
	w := start(t, nil)
	r := w.receive("secret", "issue_comment")
	other := w.receive("other", "push") // gets nothing of all this
	defer func() {
		if got := other.since(w); !slices.Equal(got, []string{"ping"}) {
			t.Errorf("the other webhook got %v", got)
		}
	}()
	number, err := w.As("ada").OpenIssue(fleet, "Drift", "")
	w.ok(err)
	say := func() {
		_, err := w.As("ada").Comment(fleet, number, "Hello")
		w.ok(err)
	}
	r.since(w)
	w.LoseWebhooks(1)
	say()
	if got := r.since(w); len(got) != 0 {
		t.Errorf("a lost event came: %v", got)
	}
	lost := w.Deliveries()[2]
	if !lost.Lost || lost.Status != 0 {
		t.Errorf("lost as %+v", lost)
	}
	w.ok(w.Redeliver(lost.ID))
	if got := r.since(w); len(got) != 1 || r.ids[1] != lost.ID {
		t.Errorf("sent again: %v as %v, want %s", got, r.ids, lost.ID)
	}
	w.DoubleWebhooks(1)
	say()
	if got := r.since(w); len(got) != 2 || r.ids[2] != r.ids[3] {
		t.Errorf("doubled: %v as %v", got, r.ids)
	}
	say()
	if got := r.since(w); len(got) != 1 || r.ids[4] == r.ids[3] {
		t.Errorf("after that: %v as %v", got, r.ids)
	}
	if err := w.Redeliver("nothing"); err == nil {
		t.Error("what was never sent was sent again")
	}
}

func TestEventsThatAreHeldBackComeLaterInTheirOrder(t *testing.T) {
	w := start(t, nil)
	r := w.receive("secret", "issue_comment", "pull_request")
	r.since(w)
	release := w.HoldWebhooks()
	number, _ := w.propose("ada", "new", "7.6.1")
	_, err := w.As("ada").Comment(fleet, number, "Hello")
	w.ok(err)
	if got := r.since(w); len(got) != 0 {
		t.Errorf("came although held back: %v", got)
	}
	release()
	release()
	if got := r.since(w); !slices.Equal(got, []string{"pull_request/opened", "issue_comment/created"}) {
		t.Errorf("came later: %v", got)
	}
}

func TestAReceiverThatFailsStopsNothing(t *testing.T) {
	w := start(t, nil)
	r := w.receive("secret", "issue_comment")
	r.since(w)
	w.ok(w.AddWebhook(githubtest.Webhook{URL: "http://127.0.0.1:1/"}))
	r.mu.Lock()
	r.status = http.StatusInternalServerError
	r.mu.Unlock()
	number, err := w.As("ada").OpenIssue(fleet, "Drift", "")
	w.ok(err)
	_, err = w.As("ada").Comment(fleet, number, "Hello")
	w.ok(err)
	r.since(w)
	var statuses []int
	for _, d := range w.Deliveries() {
		statuses = append(statuses, d.Status)
		if (d.Status == 0) != (d.Error != "") {
			t.Errorf("delivery %+v", d)
		}
	}
	if !slices.Equal(statuses, []int{204, 0, 500, 0}) {
		t.Errorf("answers %v", statuses)
	}
}
