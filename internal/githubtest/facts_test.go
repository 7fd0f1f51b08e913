package githubtest

import (
	"strings"
	"testing"
)

func TestOnlyWhatNamesObjectsByTheirIDsIsAFactForEver(t *testing.T) {
	id := strings.Repeat("a", 40)
	for command, want := range map[string]bool{
		"log " + id:                             true,
		"log --reverse " + id + " ^" + id:       true,
		"log " + id + " -- cohorts/x.yaml":      true,
		"merge-base " + id + " " + id:           true,
		"log main":                              false,
		"log " + id + " ^main":                  false,
		"log " + id[:7]:                         false,
		"log " + id + "~1":                      false,
		"log --since=yesterday " + id:           false,
		"log refs/heads/" + id:                  false,
		"diff -M --raw " + id + " " + emptyTree: true,
		"diff -M --raw " + id + " HEAD":         false,
	} {
		if got := lasting(strings.Fields(command)); got != want {
			t.Errorf("%s: %v", command, got)
		}
	}
}
