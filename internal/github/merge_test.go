package github

import (
	"fmt"
	"testing"
)

// TestWhatTheIDsOfTreesProve goes through all that four trees of a path can be.
func TestWhatTheIDsOfTreesProve(t *testing.T) {
	ids := []string{"", "a", "b", "c", "d"}
	for _, base := range ids {
		for _, ours := range ids {
			for _, theirs := range ids {
				// What git makes of it, when it needs no more than the ids.
				want, decided := "", true
				switch {
				case ours == theirs:
					want = ours
				case base == ours:
					want = theirs
				case base == theirs:
					want = ours
				default:
					decided = false
				}
				for _, result := range ids {
					right, known := merge{base, ours, theirs, result}.proven()
					if known != decided || (known && right != (result == want)) || (!known && right) {
						t.Errorf("%s: right %v, decided %v", fmt.Sprintf("base %q, ours %q, theirs %q, result %q", base, ours, theirs, result), right, known)
					}
				}
			}
		}
	}
}

func TestCommitsArePutInTheirLine(t *testing.T) {
	k := func(sha string, parents ...string) commit { return commit{sha: sha, parents: parents} }
	for name, c := range map[string]struct {
		commits []commit
		want    string
	}{
		"in order":          {[]commit{k("a", "0"), k("b", "a"), k("c", "b")}, "cba"},
		"in another order":  {[]commit{k("c", "b"), k("a", "0"), k("b", "a")}, "cba"},
		"with a merge":      {[]commit{k("a", "0"), k("b", "a", "m"), k("c", "b")}, "c"},
		"without its head":  {[]commit{k("a", "0"), k("b", "a")}, ""},
		"two lines":         {[]commit{k("a", "0"), k("x", "0"), k("c", "a")}, "ca"},
		"none":              {nil, ""},
		"in a ring, absurd": {[]commit{k("c", "a"), k("a", "c")}, "ca"},
	} {
		got := ""
		for _, k := range straight(c.commits, "c") {
			got += k.sha
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
