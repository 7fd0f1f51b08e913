package gitsource_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/gitsource"
	"github.com/wavegate-dev/wavegate/gitsource/gittest"
	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/admission"
)

func shas(commits []admission.Commit) string {
	var out []string
	for _, c := range commits {
		out = append(out, c.SHA)
	}
	return strings.Join(out, " ")
}

// TestACommitThatIsNotThereIsFetched: after the cache was lost, the commit in
// force may be far behind the branch's head.
func TestACommitThatIsNotThereIsFetched(t *testing.T) {
	for _, tt := range []struct {
		name   string
		behind int
		byName bool
	}{
		{"the parent of the head, from a server that gives out branches only", 1, false},
		{"the parent of the head, from a server that gives out commits", 1, true},
		{"far behind, from a server that gives out branches only", 70, false},
		{"far behind, from a server that gives out commits", 70, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			eachStore(t, func(t *testing.T, dir string) {
				r := gittest.New(t)
				if tt.byName {
					r.Git("config", "uploadpack.allowReachableSHA1InWant", "true")
				}
				base := r.Commit("base", gittest.Files{"a.yaml": "in force", "d/b.yaml": "b"})
				var want []string
				for i := range tt.behind {
					want = append(want, r.Commit("later", gittest.Files{"a.yaml": fmt.Sprint(i)}))
				}
				s := newSource(t, r.Serve(), inFolder(dir))
				head := mustFetch(t, s)
				if got := read(t, s, base, "a.yaml"); got != "in force" {
					t.Errorf("read %q", got)
				}
				commits, err := s.Log(t.Context(), base, head)
				if err != nil || shas(commits) != strings.Join(want, " ") {
					t.Fatalf("log has %d commits, want %d: %v", len(commits), len(want), err)
				}
				parent := base
				for _, c := range commits {
					changes, err := s.Changes(t.Context(), parent, c.SHA)
					if err != nil || len(changes) != 1 || changes[0].Path != "a.yaml" {
						t.Fatalf("changes %v, %v", changes, err)
					}
					parent = c.SHA
				}
				if got := mustFetch(t, s); got != head {
					t.Errorf("head %s after looking back, want %s", got, head)
				}
			})
		})
	}
}

// TestWhatAServerLeavesOutIsFetched is the trap of the package comment: a commit
// goes back to what a file was before, and the server takes that for known.
func TestWhatAServerLeavesOutIsFetched(t *testing.T) {
	for name, fault := range map[string]gittest.Fault{
		"with bitmaps":   gittest.None,
		"that forgets":   gittest.Forgetful,
		"in one step":    gittest.Forgetful,
		"twice in a row": gittest.Forgetful,
	} {
		t.Run(name, func(t *testing.T) {
			eachStore(t, func(t *testing.T, dir string) {
				r := gittest.New(t)
				for i := range 5 {
					r.Commit("history", gittest.Files{fmt.Sprintf("f%d", i): noise(i, 2000)})
				}
				old, young := noise(1000, 3000), noise(1001, 3000)
				r.Commit("v1", gittest.Files{"cohort.yaml": old})
				r.Commit("v2", gittest.Files{"cohort.yaml": young})
				r.RepackWithBitmaps()
				server := r.Serve()
				server.Fail(fault)
				s := newSource(t, server, inFolder(dir))
				base := mustFetch(t, s)
				contents := map[string]string{base: young}
				// The folder is not one that was there before.
				revert := r.Commit("revert", gittest.Files{"cohort.yaml": old, "note": "went back"})
				contents[revert] = old
				want := revert
				switch name {
				case "in one step":
				case "twice in a row":
					mustFetch(t, s)
					fallthrough
				default:
					again := r.Commit("again", gittest.Files{"cohort.yaml": young})
					contents[again] = young
					want += " " + again
				}
				head := mustFetch(t, s)
				commits, err := s.Log(t.Context(), base, head)
				if err != nil || shas(commits) != want {
					t.Fatalf("log %s, %v; want %s", shas(commits), err, want)
				}
				for commit, want := range contents {
					if got := read(t, s, commit, "cohort.yaml"); got != want {
						t.Errorf("commit %s: read %.20q, want %.20q", commit, got, want)
					}
				}
			})
		})
	}
}

func TestALogFollowsTheFirstParents(t *testing.T) {
	r := gittest.New(t)
	base := r.Commit("base", gittest.Files{"a": "0"})
	s := newSource(t, r.Serve())
	mustFetch(t, s)
	r.Git("checkout", "--quiet", "-b", "topic")
	r.Commit("on the side", gittest.Files{"b": "1"})
	r.Commit("on the side again", gittest.Files{"b": "2"})
	r.Git("checkout", "--quiet", "main")
	direct := r.Commit("direct", gittest.Files{"a": "1"})
	r.Git("merge", "--quiet", "--no-ff", "-m", "merge topic", "topic")
	merge := r.Head()
	head := mustFetch(t, s)
	commits, err := s.Log(t.Context(), base, head)
	if err != nil || shas(commits) != direct+" "+merge {
		t.Fatalf("log %s, %v; want %s %s", shas(commits), err, direct, merge)
	}
	if got := len(commits[1].Parents); got != 2 {
		t.Errorf("the merge has %d parents", got)
	}
	if commits, err := s.Log(t.Context(), head, head); err != nil || len(commits) != 0 {
		t.Errorf("after the head there are %d commits, %v", len(commits), err)
	}
	if commits, err := s.Log(t.Context(), "", head); err != nil || shas(commits) != head {
		t.Errorf("without a base: %s, %v", shas(commits), err)
	}
}

// TestARewrittenBranchIsToldApart covers what a force-push may do.
func TestARewrittenBranchIsToldApart(t *testing.T) {
	for _, tt := range []struct {
		name    string
		rewrite func(r *gittest.Repo, before string)
	}{
		{"the newest commit was amended", func(r *gittest.Repo, _ string) { r.Amend("amended", gittest.Files{"a": "other"}) }},
		{"the branch went back to an older commit", func(r *gittest.Repo, before string) { r.Reset(before) }},
		{"the branch went back and on another way", func(r *gittest.Repo, before string) {
			r.Reset(before)
			for i := range 5 {
				r.Commit("other way", gittest.Files{"a": fmt.Sprint("other", i)})
			}
		}},
		{"the branch has another history", func(r *gittest.Repo, _ string) { r.Restart("new start", gittest.Files{"z": "1"}) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			eachStore(t, func(t *testing.T, dir string) {
				r := gittest.New(t)
				var commits []string
				for i := range 10 {
					commits = append(commits, r.Commit("history", gittest.Files{"a": fmt.Sprint(i)}))
				}
				s := newSource(t, r.Serve(), inFolder(dir))
				base := mustFetch(t, s)
				tt.rewrite(r, commits[4])
				head := mustFetch(t, s)
				if head != r.Head() {
					t.Fatalf("head %s, want %s", head, r.Head())
				}
				if _, err := s.Log(t.Context(), base, head); !errors.Is(err, reconciler.ErrUnrelated) {
					t.Errorf("error %v, want one that says that they are unrelated", err)
				}
				for _, commit := range []string{base, head} {
					if _, err := s.Tree(t.Context(), commit); err != nil {
						t.Errorf("what was in force and what came cannot both be read: %v", err)
					}
				}
			})
		})
	}
}

// TestTheLimitOfHistoryIsAskedForOnce: a rewritten branch is looked at again in
// every cycle, which must not load the server each time.
func TestTheLimitOfHistoryIsAskedForOnce(t *testing.T) {
	r := gittest.New(t)
	base := r.Commit("base", gittest.Files{"a": "0"})
	for i := range 70 {
		r.Commit("more", gittest.Files{"a": fmt.Sprint(i + 1)})
	}
	server := r.Serve()
	s := newSource(t, server, func(c *gitsource.Config) { c.Limits.Depth = 50 })
	head := mustFetch(t, s)
	if _, err := s.Log(t.Context(), base, head); !errors.Is(err, reconciler.ErrUnrelated) || !strings.Contains(err.Error(), "last 50") {
		t.Fatalf("error %v, want one that names the limit", err)
	}
	server.Requests()
	if _, err := s.Log(t.Context(), base, head); !errors.Is(err, reconciler.ErrUnrelated) {
		t.Fatalf("error %v", err)
	}
	if n := len(server.Requests()); n > 0 {
		t.Errorf("the server was asked %d times for what is known", n)
	}
}

// TestALongHistoryIsNotFetchedAfterAForcePush: the server knows only that this
// side ends at a commit, and would send all that is before the new one.
func TestALongHistoryIsNotFetchedAfterAForcePush(t *testing.T) {
	r := gittest.New(t)
	var in strings.Builder
	for i := range 17_000 {
		fmt.Fprintf(&in, "commit refs/heads/main\ncommitter Ada <ada@example.com> %d +0000\ndata 1\nx\nM 644 inline a\ndata %d\n%d\n", 1_700_000_000+i, len(fmt.Sprint(i)), i)
	}
	r.Pipe(strings.NewReader(in.String()), "fast-import", "--quiet")
	first := r.Git("rev-list", "--max-parents=0", "main")
	s := newSource(t, r.Serve(), func(c *gitsource.Config) { c.Limits.Depth = 10 })
	mustFetch(t, s)
	r.Git("update-ref", "refs/heads/main", "main~3")
	head := mustFetch(t, s)
	if want := r.Git("rev-parse", "main"); head != want {
		t.Fatalf("head %s, want %s", head, want)
	}
	if got := read(t, s, head, "a"); got != "16996" {
		t.Errorf("read %q", got)
	}
	if _, err := s.Tree(t.Context(), first); err == nil {
		t.Error("all of the history was fetched")
	}
}

func TestNamesThatAreNoneAreRefused(t *testing.T) {
	r := gittest.New(t)
	r.Commit("first", gittest.Files{"a": "0"})
	s := newSource(t, r.Serve())
	if _, err := s.Tree(t.Context(), r.Head()); err == nil || !strings.Contains(err.Error(), "nothing has been fetched") {
		t.Errorf("before the first fetch: %v", err)
	}
	head := mustFetch(t, s)
	for name, ask := range map[string]func(commit string) error{
		"Tree":            func(c string) error { _, err := s.Tree(t.Context(), c); return err },
		"Log of a base":   func(c string) error { _, err := s.Log(t.Context(), c, head); return err },
		"Log of a head":   func(c string) error { _, err := s.Log(t.Context(), "", c); return err },
		"Changes of from": func(c string) error { _, err := s.Changes(t.Context(), c, head); return err },
		"Changes of to":   func(c string) error { _, err := s.Changes(t.Context(), "", c); return err },
	} {
		for _, commit := range []string{"main", head[:7], strings.Repeat("z", 40), strings.ToUpper(head)} {
			if err := ask(commit); err == nil || !strings.Contains(err.Error(), "no commit's full name") {
				t.Errorf("%s of %q: %v", name, commit, err)
			}
		}
	}
	absent := strings.Repeat("1", 40)
	if _, err := s.Tree(t.Context(), absent); err == nil || !strings.Contains(err.Error(), "not among") {
		t.Errorf("of a commit that does not exist: %v", err)
	}
}

// TestMuchHistoryStaysQuick: each fetch leaves a pack behind; from time to time
// they become one again.
func TestMuchHistoryStaysQuick(t *testing.T) {
	r := gittest.New(t)
	dir := t.TempDir()
	r.Commit("first", gittest.Files{"a": "0"})
	s := newSource(t, r.Serve(), inFolder(dir))
	base := mustFetch(t, s)
	for i := range 55 {
		r.Commit("more", gittest.Files{"a": fmt.Sprint(i + 1)})
		head := mustFetch(t, s)
		if _, err := s.Log(t.Context(), base, head); err != nil {
			t.Fatal(err)
		}
		base = head
	}
	if n := len(packs(t, dir)); n > 30 {
		t.Errorf("there are %d packs", n)
	}
	if got := read(t, s, base, "a"); got != "55" {
		t.Errorf("read %q", got)
	}
}

func TestACommitIsDescribedAsGitHasIt(t *testing.T) {
	r := gittest.New(t)
	first := r.Commit("first", gittest.Files{"a": "0"})
	second := r.Commit("subject\n\nbody with ünïcode\n", gittest.Files{"a": "1"})
	s := newSource(t, r.Serve())
	commits, err := s.Log(t.Context(), "", mustFetch(t, s))
	if err != nil || len(commits) != 1 {
		t.Fatalf("%d commits, %v", len(commits), err)
	}
	c := commits[0]
	if c.SHA != second || len(c.Parents) != 1 || c.Parents[0] != first || c.Tree != r.Git("rev-parse", "HEAD^{tree}") {
		t.Errorf("commit %+v", c)
	}
	if c.Author != (admission.Person{Name: "Ada", Email: "ada@example.com"}) || c.Committer != (admission.Person{Name: "Grace", Email: "grace@example.com"}) {
		t.Errorf("author %v, committer %v", c.Author, c.Committer)
	}
	if want := time.Date(2026, 1, 5, 9, 2, 0, 0, time.UTC); !c.When.Equal(want) {
		t.Errorf("when %v, want %v", c.When, want)
	}
	if c.Message != "subject\n\nbody with ünïcode\n" || c.Signature != "" || string(c.Payload) != r.Pipe(nil, "cat-file", "commit", second) {
		t.Errorf("message %q, signature %q, payload %q", c.Message, c.Signature, c.Payload)
	}
}
