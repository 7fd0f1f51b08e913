package githubtest_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-github/v62/github"
)

func TestDiffsPatchesAndIDsInsteadOfJSON(t *testing.T) {
	ctx := context.Background()
	w := start(t, nil)
	number, sha := w.propose("ada", "new", "7.6.1")
	ada := w.client("ada")
	const change = "-kafka: 7.6.0\n+kafka: 7.6.1\n"
	diff, patch := github.RawOptions{Type: github.Diff}, github.RawOptions{Type: github.Patch}
	text := func(s string, _ *github.Response, err error) string {
		t.Helper()
		w.ok(err)
		return s
	}
	for name, got := range map[string]string{
		"pull request": text(ada.PullRequests.GetRaw(ctx, "acme", "fleet", number, diff)),
		"commit":       text(ada.Repositories.GetCommitRaw(ctx, "acme", "fleet", sha, diff)),
		"comparison":   text(ada.Repositories.CompareCommitsRaw(ctx, "acme", "fleet", "main", "new", diff)),
	} {
		if !strings.HasPrefix(got, "diff --git a/cohorts/10-canary.yaml") || !strings.HasSuffix(got, change) {
			t.Errorf("diff of the %s: %q", name, got)
		}
	}
	for name, got := range map[string]string{
		"pull request": text(ada.PullRequests.GetRaw(ctx, "acme", "fleet", number, patch)),
		"commit":       text(ada.Repositories.GetCommitRaw(ctx, "acme", "fleet", sha, patch)),
		"comparison":   text(ada.Repositories.CompareCommitsRaw(ctx, "acme", "fleet", "main", "new", patch)),
	} {
		if !strings.HasPrefix(got, "From "+sha) || !strings.Contains(got, "Subject: [PATCH] kafka 7.6.1") || !strings.Contains(got, change) {
			t.Errorf("patch of the %s: %q", name, got)
		}
	}
	got, resp, err := ada.Repositories.GetCommitSHA1(ctx, "acme", "fleet", "new", "")
	w.ok(err)
	if got != sha || resp.Header.Get("ETag") == "" {
		t.Errorf("id %q, want %s", got, sha)
	}
	// go-github takes the id that it knows for the ETag.
	if _, resp, err = ada.Repositories.GetCommitSHA1(ctx, "acme", "fleet", "new", sha); err == nil || resp.StatusCode != 304 {
		t.Errorf("an id that is known: %v, %v", resp.StatusCode, err)
	}
}
