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
