package githubtest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-github/v62/github"

	"github.com/wavegate-dev/wavegate/internal/githubtest"
)

// getRepo asks for the repository; the answer is nil when there was none.
func getRepo(w *world, login string) (*github.Response, error) {
	w.t.Helper()
	_, resp, err := w.client(login).Repositories.Get(context.Background(), "acme", "fleet")
	return resp, err
}

func TestFaultsAsClientsSeeThem(t *testing.T) {
	for name, c := range map[string]struct {
		effect githubtest.Effect
		check  func(*testing.T, *github.Response, error)
	}{
		"the hour is used up": {githubtest.PrimaryLimit{}, func(t *testing.T, resp *github.Response, err error) {
			var e *github.RateLimitError
			if !errors.As(err, &e) || e.Rate.Remaining != 0 || resp.StatusCode != 403 {
				t.Errorf("got %v", err)
			}
		}},
		"the hour is used up, by 429": {githubtest.PrimaryLimit{TooMany: true}, func(t *testing.T, resp *github.Response, err error) {
			if err == nil || resp.StatusCode != 429 || resp.Header.Get("X-RateLimit-Remaining") != "0" {
				t.Errorf("got %v", err)
			}
		}},
		"too much at once": {githubtest.SecondaryLimit{RetryAfter: 7 * time.Second}, func(t *testing.T, resp *github.Response, err error) {
			var e *github.AbuseRateLimitError
			if !errors.As(err, &e) || e.GetRetryAfter() != 7*time.Second || resp.StatusCode != 403 {
				t.Errorf("got %v", err)
			}
		}},
		"too much at once, without a hint": {githubtest.SecondaryLimit{}, func(t *testing.T, resp *github.Response, err error) {
			var e *github.AbuseRateLimitError
			if !errors.As(err, &e) || e.RetryAfter != nil || resp.Header.Get("Retry-After") != "" {
				t.Errorf("got %v", err)
			}
		}},
		"too much at once, without an address": {githubtest.SecondaryLimit{RetryAfter: time.Second, Bare: true}, func(t *testing.T, resp *github.Response, err error) {
			var e *github.ErrorResponse
			if !errors.As(err, &e) || resp.StatusCode != 403 || resp.Header.Get("Retry-After") != "1" {
				t.Errorf("got %v", err)
			}
		}},
		"429": {githubtest.SecondaryLimit{RetryAfter: time.Minute, TooMany: true}, func(t *testing.T, resp *github.Response, err error) {
			if err == nil || resp.StatusCode != 429 || resp.Header.Get("Retry-After") != "60" {
				t.Errorf("got %v", err)
			}
		}},
		"a proxy's page": {githubtest.Status(502), func(t *testing.T, resp *github.Response, err error) {
			if err == nil || resp.StatusCode != 502 {
				t.Errorf("got %v", err)
			}
		}},
		"no answer": {githubtest.Cut{}, func(t *testing.T, resp *github.Response, err error) {
			if err == nil || resp != nil {
				t.Errorf("got %v, %v", resp, err)
			}
		}},
		"an answer that is late": {githubtest.Slow(time.Millisecond), func(t *testing.T, _ *github.Response, err error) {
			if err != nil {
				t.Errorf("got %v", err)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t, nil)
			w.Break(githubtest.Fault{Path: "/repos/{owner}/{repo}", Times: 1, Effect: c.effect})
			resp, err := getRepo(w, "ada")
			c.check(t, resp, err)
			if _, err := getRepo(w, "ada"); err != nil {
				t.Errorf("after the fault: %v", err)
			}
			if r := w.Requests(); len(r) != 2 || !r[0].Fault || r[1].Fault {
				t.Errorf("requests %+v", r)
			}
		})
	}
}

func TestAFaultHitsWhatItNamesUntilItIsHealed(t *testing.T) {
	ctx := context.Background()
	w := start(t, nil)
	number, _ := w.propose("ada", "new", "7.6.1")
	ada := w.client("ada")
	heal := w.Break(githubtest.Fault{Method: "POST", Path: "/repos/acme/fleet/issues/*/comments", Effect: githubtest.Status(503)})
	comment := func() error {
		_, _, err := ada.Issues.CreateComment(ctx, "acme", "fleet", number, &github.IssueComment{Body: github.String("x")})
		return err
	}
	for range 3 {
		if err := comment(); err == nil {
			t.Error("a comment came through")
		}
	}
	must[[]*github.IssueComment](t)(ada.Issues.ListComments(ctx, "acme", "fleet", number, nil))
	heal()
	w.ok(comment())
	if n := w.Count("POST", "/repos/{owner}/{repo}/issues/{issue_number}/comments"); n != 4 {
		t.Errorf("%d comments were tried", n)
	}
	if n := w.Count("", "/repos/{owner}/{repo}/issues/{issue_number}/comments"); n != 5 {
		t.Errorf("%d requests were about comments", n)
	}
	w.Forget()
	if n := w.Count("", ""); n != 0 {
		t.Errorf("%d requests are not forgotten", n)
	}
}

func TestALostAnswerLeavesTheWorkDone(t *testing.T) {
	ctx := context.Background()
	w := start(t, nil)
	number, _ := w.propose("ada", "new", "7.6.1")
	ada := w.client("ada")
	w.Break(githubtest.Fault{Method: "POST", Times: 1, Effect: githubtest.Lost{}})
	_, resp, err := ada.Issues.CreateComment(ctx, "acme", "fleet", number, &github.IssueComment{Body: github.String("Plan")})
	if err == nil || resp != nil {
		t.Fatalf("an answer came: %v, %v", resp, err)
	}
	if got := must[[]*github.IssueComment](t)(ada.Issues.ListComments(ctx, "acme", "fleet", number, nil)); len(got) != 1 {
		t.Errorf("comments %+v", got)
	}
	w.Break(githubtest.Fault{Method: "POST", Times: 1, Effect: githubtest.Cut{}})
	if _, _, err = ada.Issues.CreateComment(ctx, "acme", "fleet", number, &github.IssueComment{Body: github.String("Plan")}); err == nil {
		t.Error("an answer came through a cut line")
	}
	if got := must[[]*github.IssueComment](t)(ada.Issues.ListComments(ctx, "acme", "fleet", number, nil)); len(got) != 1 {
		t.Errorf("a request that was cut off was carried out: %+v", got)
	}
}

func TestWhoGivesUpOnASlowAnswerHasAskedForNothing(t *testing.T) {
	w := start(t, nil)
	number, _ := w.propose("ada", "new", "7.6.1")
	ada := w.client("ada")
	w.Break(githubtest.Fault{Method: "POST", Times: 1, Effect: githubtest.Slow(time.Hour)})
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if _, _, err := ada.Issues.CreateComment(ctx, "acme", "fleet", number, &github.IssueComment{Body: github.String("Plan")}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if got := must[[]*github.IssueComment](t)(ada.Issues.ListComments(context.Background(), "acme", "fleet", number, nil)); len(got) != 0 {
		t.Errorf("comments %+v", got)
	}
}

func TestTheHourRunsOutAndComesBack(t *testing.T) {
	w := start(t, func(cfg *githubtest.Config) { cfg.RateLimit = 3 })
	for i := range 3 {
		resp, err := getRepo(w, "ada")
		w.ok(err)
		if resp.Rate.Limit != 3 || resp.Rate.Remaining != 2-i || resp.Header.Get("X-RateLimit-Used") != fmt.Sprint(i+1) || resp.Header.Get("X-GitHub-Request-Id") == "" {
			t.Errorf("request %d: %+v", i, resp.Header)
		}
	}
	_, err := getRepo(w, "ada")
	var e *github.RateLimitError
	if !errors.As(err, &e) {
		t.Fatalf("the fourth request: %v", err)
	}
	if _, err := getRepo(w, "grace"); err != nil {
		t.Errorf("grace's first: %v", err)
	}
	limits := must[*github.RateLimits](t)(w.client("ada").RateLimit.Get(context.Background())) // asking is free
	if limits.GetCore().Remaining != 0 || limits.GetCore().Limit != 3 {
		t.Errorf("limits %+v", limits.GetCore())
	}
	w.clock.advance(time.Hour)
	if _, err := getRepo(w, "ada"); err != nil {
		t.Errorf("an hour later: %v", err)
	}
}

func TestWhatIsNotModifiedCostsNothing(t *testing.T) {
	w := start(t, nil)
	number, _ := w.propose("ada", "new", "7.6.1")
	token := w.Token("grace")
	get := func(etag string) (status int, header http.Header) {
		req, err := http.NewRequest("GET", fmt.Sprintf("%s/api/v3/repos/%s/pulls/%d", w.URL, fleet, number), nil)
		w.ok(err)
		req.Header.Set("Authorization", "token "+token)
		if etag != "" {
			req.Header.Set("If-None-Match", etag)
		}
		resp, err := http.DefaultClient.Do(req)
		w.ok(err)
		defer func() { _ = resp.Body.Close() }()
		return resp.StatusCode, resp.Header
	}
	_, first := get("")
	etag := first.Get("ETag")
	status, second := get(etag)
	if etag == "" || status != 304 || second.Get("ETag") != etag || second.Get("X-RateLimit-Used") != first.Get("X-RateLimit-Used") {
		t.Errorf("etag %q, then %d with %v", etag, status, second)
	}
	_, err := w.As("ada").Push(fleet, "new", githubtest.Change{Write: githubtest.Files{"x": "y"}})
	w.ok(err)
	if status, third := get(etag); status != 200 || third.Get("ETag") == etag {
		t.Errorf("after a push: %d with %v", status, third)
	}
}

func TestTheActivityComesByCursors(t *testing.T) {
	w := start(t, nil)
	for i := range 7 {
		_, err := w.As("ada").Push(fleet, "new", githubtest.Change{Write: githubtest.Files{"x": fmt.Sprint(i)}})
		w.ok(err)
	}
	ada := w.client("ada")
	read := func(path string) ([]movement, *github.Response) {
		t.Helper()
		req, err := ada.NewRequest("GET", path, nil)
		w.ok(err)
		var list []movement
		resp, err := ada.Do(context.Background(), req, &list)
		w.ok(err)
		return list, resp
	}
	var got []movement
	pages := 0
	for path := "repos/acme/fleet/activity?per_page=3"; ; pages++ {
		list, resp := read(path)
		got = append(got, list...)
		if resp.After == "" {
			back, _ := read("repos/acme/fleet/activity?per_page=3&before=" + resp.Before)
			if len(back) != 3 || back[0].After != got[3].After {
				t.Errorf("the page before the last: %+v", back)
			}
			break
		}
		path = "repos/acme/fleet/activity?per_page=3&after=" + resp.After
	}
	if pages != 2 || len(got) != 7 || got[6].Type != "branch_creation" {
		t.Errorf("%d more pages with %+v", pages, got)
	}
	w.clock.advance(25 * time.Hour)
	_, err := w.As("ada").Push(fleet, "new", githubtest.Change{Write: githubtest.Files{"x": "later"}})
	w.ok(err)
	if list, _ := read("repos/acme/fleet/activity?time_period=day"); len(list) != 1 {
		t.Errorf("in a day: %+v", list)
	}
	for i := range 6 {
		if got[i].Before != got[i+1].After {
			t.Errorf("movement %d begins at %s, the one before ended at %s", i, got[i].Before, got[i+1].After)
		}
	}
}

func TestListsComeInPages(t *testing.T) {
	ctx := context.Background()
	w := start(t, nil)
	number, err := w.As("ada").OpenIssue(fleet, "Long", "")
	w.ok(err)
	for i := range 7 {
		_, err := w.As("ada").Comment(fleet, number, fmt.Sprint(i))
		w.ok(err)
	}
	ada := w.client("ada")
	opts := &github.IssueListCommentsOptions{ListOptions: github.ListOptions{PerPage: 3}}
	var got []string
	pages := 0
	for {
		list, resp, err := ada.Issues.ListComments(ctx, "acme", "fleet", number, opts)
		w.ok(err)
		pages++
		for _, c := range list {
			got = append(got, c.GetBody())
		}
		if resp.NextPage == 0 {
			if resp.PrevPage != 2 || resp.FirstPage != 1 {
				t.Errorf("links of the last page: %+v", resp)
			}
			break
		}
		if resp.LastPage != 3 {
			t.Errorf("last page %d", resp.LastPage)
		}
		opts.Page = resp.NextPage
	}
	if pages != 3 || strings.Join(got, "") != "0123456" {
		t.Errorf("%d pages with %v", pages, got)
	}
}
