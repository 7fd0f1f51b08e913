package githubtest_test

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/go-github/v62/github"

	"github.com/wavegate-dev/wavegate/internal/githubtest"
)

const fleet = "acme/fleet"

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

// world is a server with a repository and four people: Ada and Grace write,
// Olga owns, Rhea reads.
type world struct {
	*githubtest.Server
	t     *testing.T
	clock *clock
}

func start(t *testing.T, change func(*githubtest.Config)) *world {
	t.Helper()
	w := &world{t: t, clock: &clock{now: time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)}}
	cfg := githubtest.Config{
		Dir: t.TempDir(), Now: w.clock.read,
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
	w.ok(w.AddRepo(fleet, githubtest.Files{"fleet.yaml": "kind: Fleet\n", "cohorts/10-canary.yaml": "kafka: 7.6.0\n"}))
	for login, p := range map[string]githubtest.Permission{
		"ada": githubtest.Write, "grace": githubtest.Write, "olga": githubtest.Admin, "rhea": githubtest.Read,
	} {
		w.ok(w.Grant(fleet, login, p))
	}
	return w
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// client is go-github with a user's token.
func (w *world) client(login string) *github.Client {
	w.t.Helper()
	return w.clientFor(w.Token(login))
}

func (w *world) clientFor(token string) *github.Client {
	w.t.Helper()
	c, err := github.NewClient(&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).WithAuthToken(token).WithEnterpriseURLs(w.URL, w.URL)
	w.ok(err)
	return c
}

// propose pushes a change of the canary's version and opens a pull request.
func (w *world) propose(login, branch, version string) (number int, sha string) {
	w.t.Helper()
	sha, err := w.As(login).Push(fleet, branch, githubtest.Change{
		Write: githubtest.Files{"cohorts/10-canary.yaml": "kafka: " + version + "\n"}, Message: "kafka " + version,
	})
	w.ok(err)
	number, err = w.As(login).OpenPull(fleet, branch, "main", "Canary to "+version, "Because it is new.")
	w.ok(err)
	return number, sha
}

func must[T any](t *testing.T) func(T, *github.Response, error) T {
	return func(v T, _ *github.Response, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
