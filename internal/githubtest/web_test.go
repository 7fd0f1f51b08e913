package githubtest_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-github/v62/github"

	"github.com/wavegate-dev/wavegate/internal/githubtest"
)

// page reads a page as a browser does.
func (w *world) page(path string) (int, string) {
	w.t.Helper()
	resp, err := http.Get(w.URL + path)
	w.ok(err)
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(resp.Body)
	w.ok(err)
	if resp.StatusCode == 200 && !strings.Contains(resp.Header.Get("Content-Security-Policy"), "default-src 'none'") {
		w.t.Errorf("%s has no content security policy", path)
	}
	return resp.StatusCode, string(data)
}

func TestAPersonSeesWhatHappenedToAPullRequest(t *testing.T) {
	w := start(t, nil)
	number, sha := w.propose("ada", "new", "7.6.1")
	w.ok(w.As("ada").SetStatus(fleet, sha, "wavegate", "pending", "Waiting for canary"))
	_, err := w.As("rhea").Comment(fleet, number, "Is *this* safe?\n\n| a | b |\n| - | - |\n| 1 | 2 |")
	w.ok(err)
	second, err := w.As("grace").Push(fleet, "new", githubtest.Change{Write: githubtest.Files{"new.yaml": "x: 1\n"}})
	w.ok(err)
	_, err = w.As("olga").Review(fleet, number, "APPROVE", "Yes.")
	w.ok(err)
	_, err = w.As("grace").Merge(fleet, number, githubtest.MergeCommit)
	w.ok(err)

	status, body := w.page("/acme/fleet/pull/1")
	if status != 200 {
		t.Fatalf("status %d", status)
	}
	at := 0
	for _, want := range []string{
		"Canary to 7.6.1", "merged", "Because it is new.", "rhea", "commented", "<em>this</em>", "<td>1</td>",
		"grace", "pushed " + second[:7], "olga", "approved " + second[:7], "<p>Yes.</p>", "grace", "merged this as",
		"Commits", "kafka 7.6.1", "2 files", "cohorts/10-canary.yaml", "-kafka: 7.6.0", "&#43;kafka: 7.6.1",
	} {
		i := strings.Index(body[at:], want)
		if i < 0 {
			t.Fatalf("%q does not come after %q", want, body[max(at-200, 0):at])
		}
		at += i
	}
	for path, want := range map[string]string{
		"/": "acme/fleet", "/acme/fleet": "Canary to 7.6.1",
	} {
		if status, body := w.page(path); status != 200 || !strings.Contains(body, want) {
			t.Errorf("%s: %d without %q", path, status, want)
		}
	}
}

func TestTheListSaysHowEachPullRequestStands(t *testing.T) {
	w := start(t, nil)
	open, sha := w.propose("ada", "new", "7.6.1")
	w.ok(w.As("ada").SetStatus(fleet, sha, "wavegate/plan", "success", "4 clusters"))
	_, err := w.As("grace").Approve(fleet, open)
	w.ok(err)
	merged, _ := w.propose("ada", "newer", "7.6.2")
	commit, err := w.As("grace").Merge(fleet, merged, githubtest.Squash)
	w.ok(err)
	w.ok(w.As("ada").SetStatus(fleet, commit, "wavegate/rollout", "failure", "Paused: an alert fires"))
	_, err = w.As("ada").OpenIssue(fleet, "Drift in acme", "", "drift")
	w.ok(err)
	_, body := w.page("/acme/fleet")
	at := 0
	for _, want := range []string{
		"Pull requests", "open", "/acme/fleet/pull/1", "1 approval", "✓", "wavegate/plan", "4 clusters",
		"merged", "/acme/fleet/pull/2", "merged by grace", "✕", "wavegate/rollout", "Paused: an alert fires",
		"Issues", "/acme/fleet/issues/3", "Drift in acme", "drift",
	} {
		i := strings.Index(body[at:], want)
		if i < 0 {
			t.Fatalf("%q does not come after %q", want, body[max(at-200, 0):at])
		}
		at += i
	}
	if status, body := w.page("/acme/fleet/pull/2"); status != 200 || !strings.Contains(body, "Paused: an alert fires") {
		t.Errorf("the page of what was merged does not say how it stands: %d", status)
	}
	for path, want := range map[string]string{
		"/acme/fleet/commit/" + commit:                              "/acme/fleet/pull/2",
		"/acme/fleet/blob/" + commit + "/cohorts/10-canary.yaml":    `<span id="L1"><i>1</i>kafka: 7.6.2</span>`,
		"/acme/fleet/blob/" + sha + "/cohorts/../cohorts/../x":      "",
		"/acme/fleet/blob/main/cohorts/10-canary.yaml":              "",
		"/acme/fleet/commit/main":                                   "",
		"/acme/fleet/commit/" + strings.Repeat("0", 40):             "",
		"/acme/fleet/blob/" + commit + "/cohorts":                   "",
		"/acme/fleet/blob/" + commit + "/../../../../../etc/passwd": "",
		"/acme/fleet/commit/--output=x":                             "",
	} {
		status, body := w.page(path)
		if want == "" && status != 404 || want != "" && (status != 200 || !strings.Contains(body, want)) {
			t.Errorf("%s: %d, want %q in %q", path, status, want, body)
		}
	}
}

func TestPagesLoadThemselvesAnewWhenAsked(t *testing.T) {
	for _, refresh := range []time.Duration{0, 2 * time.Second} {
		w := start(t, func(c *githubtest.Config) { c.Refresh = refresh })
		resp, err := http.Get(w.URL + "/acme/fleet")
		w.ok(err)
		_ = resp.Body.Close()
		if got, want := resp.Header.Get("Refresh"), map[bool]string{true: "2"}[refresh > 0]; got != want {
			t.Errorf("with Refresh %s the header is %q", refresh, got)
		}
	}
}

func TestThePageShowsTheStateOfAnOpenPullRequest(t *testing.T) {
	w := start(t, nil)
	w.ok(w.Protect(fleet, "main", &githubtest.Protection{Approvals: 1}))
	_, sha := w.propose("ada", "new", "7.6.1")
	w.ok(w.As("ada").SetStatus(fleet, sha, "wavegate", "failure", "fleet.yaml:1: unknown field"))
	_, body := w.page("/acme/fleet/pull/1")
	for _, want := range []string{"At least 1 approving review", `<span class="bad" title="failure">✕<span hidden> failure</span></span> wavegate`, "fleet.yaml:1: unknown field"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}

func TestPagesEscapeEverything(t *testing.T) {
	ctx := context.Background()
	w := start(t, nil)
	const evil = `<script>alert(1)</script>"'><img src=x onerror=alert(1)>`
	sha, err := w.As("ada").Push(fleet, "evil\"><script>", githubtest.Change{
		Write: githubtest.Files{"<script>.yaml": evil}, Message: evil,
	})
	w.ok(err)
	number, err := w.As("ada").OpenPull(fleet, "evil\"><script>", "main", evil, evil+"\n\n[x](javascript:alert(1))\n\n<details>")
	w.ok(err)
	_, err = w.As("grace").Comment(fleet, number, evil)
	w.ok(err)
	_, err = w.As("grace").Review(fleet, number, "COMMENT", evil)
	w.ok(err)
	ada := w.client("ada")
	must[[]*github.Label](t)(ada.Issues.AddLabelsToIssue(ctx, "acme", "fleet", number, []string{evil}))
	must[*github.RepoStatus](t)(ada.Repositories.CreateStatus(ctx, "acme", "fleet", sha, &github.RepoStatus{
		State: github.String("success"), Context: github.String(evil), Description: github.String("<script>"), TargetURL: github.String("javascript:alert(1)"),
	}))
	for _, path := range []string{
		"/acme/fleet", "/acme/fleet/pull/1", "/acme/fleet/commit/" + sha, "/acme/fleet/blob/" + sha + "/%3Cscript%3E.yaml",
	} {
		status, body := w.page(path)
		if status != 200 {
			t.Errorf("%s: %d", path, status)
		}
		for _, bad := range []string{"<script", "<img", `href="javascript`} {
			if strings.Contains(body, bad) {
				t.Errorf("%s has %q", path, bad)
			}
		}
	}
}

func TestPagesThatAreNotThere(t *testing.T) {
	w := start(t, nil)
	w.ok(w.AddPrivateRepo("acme/secret", githubtest.Files{"a": "b"}))
	for _, path := range []string{
		"/acme", "/acme/nothing", "/acme/secret", "/acme/fleet/pull/1", "/acme/fleet/pull/x", "/acme/fleet/pull/-1", "/favicon.ico", "/a/b/c/d/e",
	} {
		if status, _ := w.page(path); status != 404 {
			t.Errorf("%s: %d", path, status)
		}
	}
	resp, err := http.Post(w.URL+"/acme/fleet", "text/plain", nil)
	w.ok(err)
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("a POST to a page: %d", resp.StatusCode)
	}
}
