package githubtest

import (
	"maps"
	"testing"
)

func TestBranchesAreReadAsGitReadsThem(t *testing.T) {
	s := inside(t, nil)
	r, err := s.repo("acme/fleet")
	if err != nil {
		t.Fatal(err)
	}
	main := r.refs["refs/heads/main"]
	second, err := r.commit(main+"^{tree}", "second", r.owner.signature(s.now()), r.owner.signature(s.now()), main)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range [][]string{
		{"rev-parse", "HEAD"},
		{"update-ref", "refs/heads/release/1", main},
		{"update-ref", "refs/heads/ö/\"x", main},
		{"pack-refs", "--all"},
		{"update-ref", "refs/heads/release/1", second},
		{"update-ref", "-d", "refs/heads/main"},
		{"tag", "-a", "-m", "x", "release/1", main},
		{"pack-refs", "--all"},
		{"update-ref", "-d", "refs/heads/release/1"},
		{"update-ref", "refs/heads/release", second},
		{"symbolic-ref", "refs/heads/alias", "refs/heads/release"},
		{"update-ref", "refs/heads/release", main},
	} {
		if _, err := r.run(nil, r.owner.signature(s.now()).env("COMMITTER"), step...); err != nil {
			t.Fatal(err)
		}
		got, err := r.branches()
		if err != nil {
			t.Fatal(err)
		}
		want, err := r.listBranches()
		if err != nil {
			t.Fatal(err)
		}
		if !maps.Equal(got, want) {
			t.Errorf("after git %v: %v, git says %v", step, got, want)
		}
	}
	if len(r.refs) != 1 {
		t.Errorf("refs %v", r.refs)
	}
}
