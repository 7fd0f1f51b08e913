package github

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	gh "github.com/google/go-github/v62/github"

	"github.com/wavegate-dev/wavegate/internal/githubtest"
	"github.com/wavegate-dev/wavegate/reconciler/admission"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

const repo = "acme/fleet"

// clock goes on by a second whenever it is read.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) read() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(time.Second)
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// world is a GitHub with a fleet repository. Ada, Grace, Joan and Mary may write,
// Olga owns, Rhea reads, wavegate is Wavegate's own account.
type world struct {
	*githubtest.Server
	t     *testing.T
	clock *clock
	dir   string
	key   []byte // of the GitHub App, in PEM form
}

func start(t *testing.T, change func(*githubtest.Config)) *world {
	t.Helper()
	return begin(t, change, (*githubtest.Server).AddRepo)
}

func begin(t *testing.T, change func(*githubtest.Config), add func(*githubtest.Server, string, githubtest.Files) error) *world {
	t.Helper()
	w := &world{t: t, clock: &clock{now: time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)}, dir: t.TempDir()}
	cfg := githubtest.Config{
		Dir: w.dir, Now: w.clock.read,
		OnViolation: func(err error) { t.Errorf("GitHub's document is violated: %v", err) },
	}
	if change != nil {
		change(&cfg)
	}
	var err error
	if w.Server, err = githubtest.Start(cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	w.ok(add(w.Server, repo, githubtest.Files{
		"fleet.yaml": "kind: Fleet\n", "cohorts/10-canary.yaml": "kafka: 7.6.0\n", "cohorts/20-prod.yaml": "kafka: 7.5.0\n",
	}))
	for login, p := range map[string]githubtest.Permission{
		"ada": githubtest.Write, "grace": githubtest.Write, "joan": githubtest.Write, "mary": githubtest.Write,
		"olga": githubtest.Admin, "rhea": githubtest.Read, "wavegate": githubtest.Write,
	} {
		w.ok(w.Grant(repo, login, p))
	}
	return w
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// client is a client with the token of wavegate's account.
func (w *world) client(change ...func(*Config)) *Client {
	w.t.Helper()
	token := w.Token("wavegate")
	cfg := Config{
		BaseURL: w.URL, Owner: "acme", Repo: "fleet", Now: w.clock.read,
		Token:     func() (string, error) { return token, nil },
		Transport: &http.Transport{DisableKeepAlives: true},
		Patience:  time.Millisecond,
	}
	for _, f := range change {
		f(&cfg)
	}
	c, err := New(cfg)
	w.ok(err)
	return c
}

func (w *world) approver(change ...func(*Config)) *Approver {
	w.t.Helper()
	a, err := NewApprover(ApproverConfig{Client: w.client(change...), Branch: "main"})
	w.ok(err)
	return a
}

// push commits a version for the canary to a branch.
func (w *world) push(login, branch, version string) string {
	w.t.Helper()
	sha, err := w.As(login).Push(repo, branch, githubtest.Change{
		Write: githubtest.Files{"cohorts/10-canary.yaml": "kafka: " + version + "\n"}, Message: "kafka " + version,
	})
	w.ok(err)
	return sha
}

// propose pushes a version for the canary and opens a pull request.
func (w *world) propose(login, branch, version string) (number int) {
	w.t.Helper()
	w.push(login, branch, version)
	number, err := w.As(login).OpenPull(repo, branch, "main", "Canary to "+version, "Because it is new.")
	w.ok(err)
	return number
}

func (w *world) approve(login string, number int) int64 {
	w.t.Helper()
	id, err := w.As(login).Approve(repo, number)
	w.ok(err)
	return id
}

func (w *world) merge(login string, number int, m githubtest.Method) string {
	w.t.Helper()
	sha, err := w.As(login).Merge(repo, number, m)
	w.ok(err)
	return sha
}

// commit reads a commit, or that of a branch, as git has it.
func (w *world) commit(sha string) admission.Commit {
	w.t.Helper()
	api, err := gh.NewClient(&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).WithAuthToken(w.Token("olga")).WithEnterpriseURLs(w.URL, w.URL)
	w.ok(err)
	if len(sha) != 40 {
		sha = w.git("rev-parse", "refs/heads/"+sha)
	}
	k, _, err := api.Git.GetCommit(context.Background(), "acme", "fleet", sha)
	w.ok(err)
	c := admission.Commit{SHA: k.GetSHA(), Tree: k.GetTree().GetSHA(), When: k.GetCommitter().GetDate().Time, Message: k.GetMessage()}
	for _, p := range k.Parents {
		c.Parents = append(c.Parents, p.GetSHA())
	}
	return c
}

// verdict asks an approver of its own, which knows nothing, about a commit.
func (w *world) verdict(sha string, policy fleet.Approvals) admission.Evidence {
	w.t.Helper()
	w.clock.advance(time.Minute) // GitHub has settled
	e, err := w.approver().Approve(context.Background(), w.commit(sha), policy)
	w.ok(err)
	return e
}

func mustBe(t *testing.T, e admission.Evidence, verdict admission.Verdict, says ...string) {
	t.Helper()
	if e.Verdict != verdict {
		t.Errorf("verdict %d, want %d: %s", e.Verdict, verdict, e.Reason)
	}
	for _, s := range says {
		if !strings.Contains(e.Reason, s) {
			t.Errorf("the reason %q does not say %q", e.Reason, s)
		}
	}
}

var one = fleet.Approvals{Required: 1}

// pull reads a pull request.
func (w *world) pull(number int) *gh.PullRequest {
	w.t.Helper()
	api, err := gh.NewClient(&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).WithAuthToken(w.Token("olga")).WithEnterpriseURLs(w.URL, w.URL)
	w.ok(err)
	pr, _, err := api.PullRequests.Get(context.Background(), "acme", "fleet", number)
	w.ok(err)
	return pr
}
