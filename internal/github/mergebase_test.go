package github

import (
	"testing"

	"github.com/wavegate-dev/wavegate/internal/githubtest"
)

func TestAPullRequestBehindItsBaseComesFromWhatBothHave(t *testing.T) {
	w := start(t, nil)
	c := w.client()
	common, err := w.Branch(repo, "main")
	w.ok(err)
	head, err := w.As("ada").Push(repo, "behind", githubtest.Change{Write: githubtest.Files{"a": "1"}, Message: "a"})
	w.ok(err)
	base, err := w.As("ada").Push(repo, "main", githubtest.Change{Write: githubtest.Files{"b": "1"}, Message: "b"})
	w.ok(err)
	if got, err := c.MergeBase(t.Context(), base, head); err != nil || got != common {
		t.Errorf("both come from %q, %v; want %s", got, err, common)
	}
	if got, err := c.MergeBase(t.Context(), base, "0123456789012345678901234567890123456789"); err == nil {
		t.Errorf("a commit that does not exist comes from %q", got)
	}
}
