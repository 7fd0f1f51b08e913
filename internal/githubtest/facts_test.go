package githubtest

import (
	"strings"
	"testing"
)

func TestAnOldGitIsKnown(t *testing.T) {
	for said, want := range map[string]bool{
		"git version 2.39.5\n": true, "git version 2.38.0": true, "git version 2.37.9": false, "git version 1.9.1": false,
		"git version 3.0.0": true, "git version 2.50.1 (Apple Git-155)": true, "something else": true,
	} {
		if got := newEnough(said); got != want {
			t.Errorf("%q: %v", said, got)
		}
	}
}

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
