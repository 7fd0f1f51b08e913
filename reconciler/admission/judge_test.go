package admission

import (
	"strings"
	"testing"
)

func TestWhatACommitCarriesDecidesWhetherItTakesEffect(t *testing.T) {
	for _, tt := range []struct {
		name     string
		history  *history
		inForce  string
		statuses string
		frozen   string // part of the reason
	}{
		{"an approved commit takes effect", newHistory().commit("a", Approved, "canary.yaml=2"), "a", "admitted", ""},
		{"an unapproved one does not", newHistory().commit("a", Refused, "canary.yaml=2"), "base", "rejected", "revert it, or have it approved"},
		{"one whose approval cannot be read waits", newHistory().commit("a", Unknown, "canary.yaml=2"), "base", "pending", ""},
		{
			"several take effect one after the other",
			newHistory().commit("a", Approved, "canary.yaml=2").commit("b", Approved, "prod.yaml=2"), "b", "admitted admitted", "",
		},
		{"one that moves two cohorts does not", newHistory().commit("a", Approved, "canary.yaml=2", "prod.yaml=2"), "base", "rejected", "at most one cohort"},
		{
			"a later approved commit does not carry an unapproved one in",
			newHistory().commit("a", Refused, "canary.yaml=2").commit("b", Approved, "windows.yaml=x"), "base", "rejected behind", "have it approved",
		},
		{
			"nor when it changes the same file again",
			newHistory().commit("a", Refused, "canary.yaml=2").commit("b", Approved, "canary.yaml=3"), "base", "rejected behind", "have it approved",
		},
		{
			"a revert heals the chain, whoever made it",
			newHistory().commit("a", Refused, "canary.yaml=2").commit("b", Refused, "canary.yaml=1"), "b", "rejected admitted", "",
		},
		{
			"after a revert of only the unapproved part, the approved part takes effect",
			newHistory().commit("a", Refused, "canary.yaml=2").commit("b", Approved, "prod.yaml=2").commit("c", Approved, "canary.yaml=1"),
			"c", "rejected behind admitted", "",
		},
		{
			"an unapproved commit behind an admitted one freezes what follows",
			newHistory().commit("a", Approved, "canary.yaml=2").commit("b", Refused, "prod.yaml=2"), "a", "admitted rejected", "have it approved",
		},
		{"an invalid repository moves nothing", newHistory().commit("a", Approved, "prod.yaml=broken"), "base", "rejected", "prod.yaml:3: it is broken"},
		{
			"and is mended by a later commit",
			newHistory().commit("a", Approved, "prod.yaml=broken").commit("b", Approved, "prod.yaml=2"), "b", "rejected admitted", "",
		},
		{
			"what waits for an answer holds back what contains it",
			newHistory().commit("a", Unknown, "canary.yaml=2").commit("b", Approved, "prod.yaml=2"), "base", "pending behind", "",
		},
		{"a file that Wavegate does not read needs no approval", newHistory().commit("a", Refused, "README.md=bye"), "a", "admitted", ""},
		{
			"but does not open the way for what does",
			newHistory().commit("a", Refused, "canary.yaml=2").commit("b", Refused, "README.md=bye"), "base", "rejected behind", "have it approved",
		},
		{"an emergency moves all cohorts by one commit", newHistory().commit("a", Approved, "emergency.yaml=9"), "a", "admitted", ""},
		{
			"an emergency and a cohort are two commits",
			newHistory().commit("a", Approved, "emergency.yaml=9", "canary.yaml=2"), "base", "rejected", "make it two commits",
		},
		{
			"ending an emergency writes its version into all cohorts",
			newHistory().commit("a", Approved, "emergency.yaml=9").commit("b", Approved, "emergency.yaml=", "canary.yaml=9", "prod.yaml=9"),
			"b", "admitted admitted", "",
		},
		{
			"ending an emergency is no way to move cohorts elsewhere",
			newHistory().commit("a", Approved, "emergency.yaml=9").commit("b", Approved, "emergency.yaml=", "canary.yaml=8", "prod.yaml=8"),
			"a", "admitted rejected", "at most one cohort",
		},
		{
			"an emergency that is aborted goes back everywhere",
			newHistory().commit("a", Approved, "emergency.yaml=9").commit("b", Approved, "emergency.yaml="), "b", "admitted admitted", "",
		},
		{
			"but not together with a move of a cohort",
			newHistory().commit("a", Approved, "emergency.yaml=9").commit("b", Approved, "emergency.yaml=", "canary.yaml=8"),
			"a", "admitted rejected", "by ending an emergency also kafka 9 -> 1 in prod",
		},
		{
			"when all but one cohort keep what the emergency had set, one moves",
			newHistory().commit("a", Approved, "emergency.yaml=9").commit("b", Approved, "emergency.yaml=", "prod.yaml=9", "canary.yaml=10"),
			"b", "admitted admitted", "",
		},
		{
			"moves that an emergency hides are moves",
			newHistory().commit("a", Approved, "emergency.yaml=9").commit("b", Approved, "canary.yaml=8", "prod.yaml=8"),
			"a", "admitted rejected", "at most one cohort",
		},
		{
			"two emergencies are two commits",
			newHistory().commit("a", Approved, "emergency.yaml=9", "emergency-ksqldb.yaml=2"), "base", "rejected", "declares more than one emergency",
		},
		{
			"one emergency does not hide the end of another",
			newHistory().commit("a", Approved, "emergency.yaml=9").commit("b", Approved, "emergency.yaml=", "emergency-ksqldb.yaml=2"),
			"a", "admitted rejected", "by ending another it moves kafka 9 -> 1 in canary",
		},
		{
			"nor do two end by one commit",
			newHistory().commit("a", Approved, "emergency.yaml=9").commit("b", Approved, "emergency-ksqldb.yaml=2").
				commit("c", Approved, "emergency.yaml=", "emergency-ksqldb.yaml="),
			"b", "admitted admitted rejected", "emergencies of more than one product",
		},
		{
			"an emergency goes on to another version by one commit",
			newHistory().commit("a", Approved, "emergency.yaml=9").commit("b", Approved, "emergency.yaml=10"), "b", "admitted admitted", "",
		},
		{"a new cohort is a move", newHistory().commit("a", Approved, ".fleet/prod.yaml=2", "canary.yaml=2"), "base", "rejected", "at most one cohort"},
		{
			"what was approved and moved too much can be split by a revert",
			newHistory().commit("a", Approved, "canary.yaml=2", "prod.yaml=2").commit("b", Approved, "prod.yaml=1"), "b", "rejected admitted", "",
		},
		{
			"and whoever commits on top is told with what it is compared",
			newHistory().commit("a", Approved, "canary.yaml=2", "prod.yaml=2").commit("b", Approved, "windows.yaml=x"),
			"base", "rejected rejected", "kafka 1 -> 2 in canary, kafka 1 -> 2 in prod",
		},
		{"a file in capitals is read as well", newHistory().commit("a", Refused, "WINDOWS.YAML=x"), "base", "rejected", "have it approved"},
		{"a folder may become a link", newHistory().commit("a", Refused, "cohorts=x"), "base", "rejected", "have it approved"},
		{"who owns the code decides who approves", newHistory().commit("a", Refused, ".github/CODEOWNERS=x"), "base", "rejected", "have it approved"},
		{"a hidden folder that Wavegate does not read needs no approval", newHistory().commit("a", Refused, ".github/ci.yml=x"), "a", "admitted", ""},
		{"one that the fleet lies in does", newHistory().commit("a", Refused, ".fleet/prod.yaml=2"), "base", "rejected", "have it approved"},
		{"what changes nothing does not wait for an answer", newHistory().commit("a", Unknown, "README.md=bye"), "a", "admitted", ""},
		{
			"a revert of the revert is a change again",
			newHistory().commit("a", Refused, "canary.yaml=2").commit("b", Refused, "canary.yaml=1").commit("c", Refused, "canary.yaml=2"),
			"b", "rejected admitted rejected", "have it approved",
		},
		{
			"going back behind what is in force needs an approval as well",
			newHistory().commit("a", Approved, "canary.yaml=2").commit("b", Refused, "canary.yaml=1").commit("c", Approved, "windows.yaml=x"),
			"a", "admitted rejected behind", "have it approved",
		},
		{"a cohort that disappears is moved, too", newHistory().commit("a", Approved, "canary.yaml=", "prod.yaml="), "base", "rejected", "at most one cohort"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := tt.history.judge()
			var statuses []string
			for _, j := range r.Judgements {
				statuses = append(statuses, j.Status.String())
				if j.Reason == "" {
					t.Errorf("%s: no reason", j.Commit)
				}
			}
			if r.InForce != tt.inForce || strings.Join(statuses, " ") != tt.statuses {
				t.Errorf("in force %s, %v; want %s, %s", r.InForce, statuses, tt.inForce, tt.statuses)
			}
			reason := ""
			if r.Frozen != nil {
				reason = r.Frozen.Reason
			}
			if (tt.frozen == "") != (reason == "") || !strings.Contains(reason, tt.frozen) {
				t.Errorf("frozen because %q, want %q", reason, tt.frozen)
			}
		})
	}
}

func TestTheFirstCommitIsTakenAsItIsWhenItIsApproved(t *testing.T) {
	for _, tt := range []struct {
		name    string
		history *history
		want    string
	}{
		{"approved", newHistory().commit("a", Approved, "canary.yaml=2", "prod.yaml=2"), "a"},
		{"not approved", newHistory().commit("a", Refused, "README.md=x"), ""},
		{"not known", newHistory().commit("a", Unknown, "canary.yaml=2"), ""},
		{"not valid", newHistory().commit("a", Approved, "prod.yaml=broken"), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := Judge(Input{Commits: tt.history.chain})
			if r.InForce != tt.want || (r.Frozen == nil) != (tt.want != "" || tt.name == "not known") {
				t.Errorf("in force %q, frozen %v", r.InForce, r.Frozen)
			}
		})
	}
}

func TestAnApprovalThatComesLaterIsSeen(t *testing.T) {
	h := newHistory().commit("a", Refused, "canary.yaml=2").commit("b", Approved, "prod.yaml=2")
	if r := h.judge(); r.InForce != "base" || r.Frozen == nil || r.Frozen.Commit != "a" {
		t.Fatalf("before: %+v", r)
	}
	h.chain[0].Evidence = Evidence{Verdict: Approved, Reason: "approved by ann", By: []string{"ann"}}
	r := h.judge()
	if r.InForce != "b" || r.Frozen != nil || r.Judgements[0].Reason != "approved by ann" {
		t.Fatalf("after: %+v", r)
	}
}

func TestACommitWhoseChangesAreNotKnownIsNotTakenForHarmless(t *testing.T) {
	h := newHistory().commit("a", Refused, "canary.yaml=2")
	h.chain[0].Changes = nil
	if r := h.judge(); r.InForce != "base" {
		t.Errorf("without changes: %+v", r)
	}
	h.base.Tree, h.chain[0].Tree = "", ""
	if r := h.judge(); r.InForce != "base" {
		t.Errorf("without trees: %+v", r)
	}
}

func TestWhatTakesEffectDoesNotCarryARefusal(t *testing.T) {
	h := newHistory().commit("a", Refused, "README.md=bye").commit("b", Refused, "canary.yaml=2").commit("c", Refused, "canary.yaml=1")
	for i := range h.chain {
		h.chain[i].Evidence.Reason = "it is not signed"
	}
	r := h.judge()
	if len(r.Admitted) != 2 || r.Admitted[0].Evidence.Reason != "it changes nothing that Wavegate reads" ||
		r.Admitted[1].Evidence.Reason != "it restores what is in force" {
		t.Errorf("%+v", r.Admitted)
	}
}

func TestAnEmptyCommitNeedsNoApproval(t *testing.T) {
	if r := newHistory().commit("a", Refused).judge(); r.InForce != "a" {
		t.Errorf("%+v", r)
	}
}

func TestAHoleInTheHistoryStopsTheJudging(t *testing.T) {
	h := newHistory().commit("a", Approved, "canary.yaml=2").commit("b", Refused, "prod.yaml=2").commit("c", Approved, "windows.yaml=x")
	r := Judge(Input{InForce: h.base, Commits: []Candidate{h.chain[0], h.chain[2]}})
	if r.InForce != "a" || len(r.Judgements) != 2 || r.Judgements[1].Status != Pending ||
		!strings.Contains(r.Judgements[1].Reason, "commit c does not follow a") {
		t.Errorf("%+v", r)
	}
	r = Judge(Input{InForce: h.base, Commits: h.chain[1:]})
	if r.InForce != "base" || len(r.Judgements) != 2 || r.Judgements[1].Status != Pending {
		t.Errorf("%+v", r)
	}
}

func TestManyProblemsAreSummedUp(t *testing.T) {
	h := newHistory().commit("a", Approved, "prod.yaml=broken")
	for range 5 {
		h.chain[0].Problems = append(h.chain[0].Problems, h.chain[0].Problems[0])
	}
	if r := h.judge(); !strings.HasSuffix(r.Frozen.Reason, "; and 3 more") {
		t.Error(r.Frozen.Reason)
	}
	h.chain[0].Problems = nil
	if r := h.judge(); !strings.Contains(r.Frozen.Reason, "no fleet") {
		t.Error(r.Frozen.Reason)
	}
}

func TestARewrittenBranchChangesNothing(t *testing.T) {
	h := newHistory().commit("a", Approved, "canary.yaml=2")
	r := Judge(Input{InForce: h.base, Commits: h.chain, Rewritten: true})
	if r.InForce != "base" || r.Frozen == nil || !strings.Contains(r.Frozen.Reason, "rewritten") {
		t.Errorf("%+v", r)
	}
}
