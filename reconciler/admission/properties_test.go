package admission

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// drawHistory makes a random history. With one, each commit changes one file.
func drawHistory(t *rapid.T, one bool) *history {
	h := newHistory()
	for i := range rapid.IntRange(0, 8).Draw(t, "commits") {
		files := 1
		if !one {
			files = rapid.IntRange(1, 3).Draw(t, "files")
		}
		var changes []string
		seen := map[string]bool{}
		for range files {
			file := rapid.SampledFrom([]string{
				"canary.yaml", "prod.yaml", "windows.yaml", "README.md", "emergency.yaml", "emergency-ksqldb.yaml",
				".fleet/prod.yaml", ".github/ci.yml", "more.YAML", "link",
			}).Draw(t, "file")
			if seen[file] {
				continue
			}
			seen[file] = true
			content := rapid.SampledFrom([]string{"1", "2", "3", "broken", ""}).Draw(t, "content")
			if content == "" && (file == "canary.yaml" || file == "prod.yaml") {
				content = "1"
			}
			changes = append(changes, file+"="+content)
		}
		verdict := rapid.SampledFrom([]Verdict{Approved, Approved, Refused, Unknown}).Draw(t, "verdict")
		h.commit(fmt.Sprintf("c%d", i), verdict, changes...)
	}
	return h
}

// TestNothingUnapprovedEverComesIntoForce looks at each step from one spec in
// force to the next, and there at each file that differs. All commits that
// changed it since it last was as in the first of the two are approved.
func TestNothingUnapprovedEverComesIntoForce(t *testing.T) {
	// In this fleet, these are not read: a change of them needs no approval.
	unread := map[string]bool{"README.md": true, ".github/ci.yml": true}
	rapid.Check(t, func(t *rapid.T) {
		h := drawHistory(t, false)
		r := h.judge()
		before, from := newHistory().files, 0
		for _, admitted := range r.Admitted {
			at := slices.IndexFunc(h.chain, func(c Candidate) bool { return c.SHA == admitted.SHA })
			for file, content := range merged(before, h.trees[at]) {
				if unread[file] || before[file] == h.trees[at][file] {
					continue
				}
				for i := at; i >= from; i-- {
					was := before
					if i > 0 {
						was = h.trees[i-1]
					}
					if c := h.chain[i]; was[file] != h.trees[i][file] && c.Evidence.Verdict != Approved {
						t.Fatalf("%s=%s of %s is in force and not approved\n%+v", file, content, c.SHA, r.Judgements)
					}
					if was[file] == before[file] {
						break
					}
				}
			}
			before, from = h.trees[at], at+1
		}
	})
}

func merged(a, b map[string]string) map[string]string {
	out := map[string]string{}
	for k, v := range a {
		out[k] = v
	}
	for k, v := range b {
		out[k] = v
	}
	return out
}

// TestAStepInForceMovesAtMostOneCohort looks at what holds for the cohorts, with
// what emergencies set.
func TestAStepInForceMovesAtMostOneCohort(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := drawHistory(t, false)
		before := h.base.Spec
		for _, a := range h.judge().Admitted {
			moved := compare(effective(before), effective(a.Spec))
			products := map[string]bool{}
			for _, m := range moved {
				products[m.Product] = true
			}
			emergencies := !reflect.DeepEqual(before.Emergencies, a.Spec.Emergencies)
			if len(cohortsOf(moved)) > 1 && (!emergencies || len(products) > 1) {
				t.Fatalf("%s moves %v", a.SHA, moved)
			}
			before = a.Spec
		}
	})
}

func TestJudgingStepByStepIsJudgingAtOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := drawHistory(t, false)
		atOnce := h.judge()
		force, from := h.base, 0
		var admitted []string
		for i := range h.chain {
			r := Judge(Input{InForce: force, Commits: h.chain[from : i+1]})
			for _, a := range r.Admitted {
				admitted = append(admitted, a.SHA)
				force, from = InForce{Commit: a.SHA, Tree: a.Tree, Spec: a.Spec}, i+1
			}
		}
		var want []string
		for _, a := range atOnce.Admitted {
			want = append(want, a.SHA)
		}
		if force.Commit != atOnce.InForce || !slices.Equal(admitted, want) {
			t.Fatalf("step by step %v, at once %v", admitted, want)
		}
	})
}

// TestApprovalsThatComeLateTakeEffect holds where each commit changes one file
// and leaves the repository valid: as approvals come in, in any order, what is in
// force only goes forward, and when all are there, the newest commit is.
func TestApprovalsThatComeLateTakeEffect(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := drawHistory(t, true)
		if len(h.chain) == 0 || slices.ContainsFunc(h.chain, func(c Candidate) bool { return c.Spec == nil }) {
			t.Skip("no such history")
		}
		force, from := h.base, 0
		waiting := rapid.Permutation(indices(h.chain)).Draw(t, "order of approvals")
		for len(waiting) > 0 {
			h.chain[waiting[0]].Evidence.Verdict = Approved
			waiting = waiting[1:]
			r := Judge(Input{InForce: force, Commits: h.chain[from:]})
			if n := len(r.Admitted); n > 0 {
				last := r.Admitted[n-1]
				force = InForce{Commit: last.SHA, Tree: last.Tree, Spec: last.Spec}
				from = 1 + slices.IndexFunc(h.chain, func(c Candidate) bool { return c.SHA == last.SHA })
			}
		}
		if from != len(h.chain) {
			t.Fatalf("%s is in force, and not the newest of %d commits", force.Commit, len(h.chain))
		}
	})
}

func indices[T any](list []T) []int {
	out := make([]int, len(list))
	for i := range out {
		out[i] = i
	}
	return out
}

func TestJudgingChangesNothingOfItsInput(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := drawHistory(t, false)
		chain := slices.Clone(h.chain)
		first, second := h.judge(), h.judge()
		if !reflect.DeepEqual(chain, h.chain) {
			t.Fatal("the candidates are not as they were")
		}
		if !reflect.DeepEqual(first, second) {
			t.Fatalf("%+v, and the second time %+v", first, second)
		}
		if len(first.Judgements) != len(h.chain) {
			t.Fatalf("%d judgements of %d commits", len(first.Judgements), len(h.chain))
		}
	})
}
