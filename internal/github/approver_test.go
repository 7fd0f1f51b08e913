package github

import (
	"slices"
	"testing"

	"github.com/wavegate-dev/wavegate/internal/githubtest"
	"github.com/wavegate-dev/wavegate/reconciler/admission"
)

func TestAMergedAndApprovedPullRequestTakesEffect(t *testing.T) {
	for _, method := range []githubtest.Method{githubtest.MergeCommit, githubtest.Squash, githubtest.Rebase} {
		t.Run(string(method), func(t *testing.T) {
			w := start(t, nil)
			number := w.propose("ada", "new", "7.6.1")
			w.approve("grace", number)
			sha := w.merge("ada", number, method)
			e := w.verdict(sha, one)
			mustBe(t, e, admission.Approved, "pull request #1, approved by grace")
			if !slices.Equal(e.By, []string{"grace"}) {
				t.Errorf("approved by %v", e.By)
			}
		})
	}
}
