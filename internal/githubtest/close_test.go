package githubtest_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/go-github/v62/github"

	"github.com/wavegate-dev/wavegate/internal/githubtest"
)

func TestClosingEndsWhatIsUnderWay(t *testing.T) {
	w := start(t, nil)
	r := w.receive("secret")
	w.Break(githubtest.Fault{Effect: githubtest.Slow(time.Hour)})
	ada := w.client("ada")
	var asking sync.WaitGroup
	for range 3 {
		asking.Go(func() {
			if _, _, err := ada.Repositories.Get(context.Background(), "acme", "fleet"); err == nil {
				t.Error("a slow answer came at once")
			}
		})
	}
	r.since(w)
	w.ok(w.Close())
	w.ok(w.Close())
	asking.Wait()
	if resp, err := http.Get(w.URL); err == nil {
		_ = resp.Body.Close()
		t.Error("a closed server answers")
	}
}

func TestWhatAServerNeeds(t *testing.T) {
	now := func() time.Time { return time.Unix(1e9, 0) }
	for name, cfg := range map[string]githubtest.Config{
		"no folder":                   {Now: now},
		"no clock":                    {Dir: t.TempDir()},
		"an address that is not free": {Dir: t.TempDir(), Now: now, Addr: "127.0.0.1:-1"},
		"a folder that is a file":     {Dir: "close_test.go", Now: now},
	} {
		if s, err := githubtest.Start(cfg); err == nil {
			t.Errorf("%s: it has started", name)
			_ = s.Close()
		}
	}
	w := start(t, nil)
	for _, name := range []string{"fleet", "acme/", "/fleet", "acme/../x", "acme/..", "a b/c", fleet} {
		if err := w.AddRepo(name, nil); err == nil {
			t.Errorf("a repository was added as %q", name)
		}
	}
}

func TestManyAtOnce(t *testing.T) {
	ctx := context.Background()
	w := start(t, nil)
	number, _ := w.propose("ada", "new", "7.6.1")
	r := w.receive("secret", "issue_comment")
	var all sync.WaitGroup
	for _, login := range []string{"ada", "grace", "rhea"} {
		c := w.client(login)
		all.Go(func() {
			for range 5 {
				if _, _, err := c.Issues.CreateComment(ctx, "acme", "fleet", number, &github.IssueComment{Body: github.String(login)}); err != nil {
					t.Error(err)
				}
				if _, _, err := c.PullRequests.Get(ctx, "acme", "fleet", number); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if got := r.since(w); len(got) != 16 {
		t.Errorf("%d webhooks, want a ping and 15 comments", len(got))
	}
	comments, err := w.Comments(fleet, number)
	w.ok(err)
	seen := map[int64]bool{}
	for _, c := range comments {
		seen[c.ID] = true
	}
	if len(seen) != 15 {
		t.Errorf("%d comments, want 15", len(seen))
	}
}
