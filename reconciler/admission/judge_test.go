package admission

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// history builds chains of commits for stories. A file's content is a word, the
// tree of a commit is the list of them.
type history struct {
	base  InForce
	files map[string]string
	chain []Candidate
}

func newHistory() *history {
	h := &history{files: map[string]string{"canary.yaml": "1", "prod.yaml": "1", "README.md": "hello"}}
	h.base = InForce{Commit: "base", Tree: treeOf(h.files), Spec: specOf(h.files)}
	return h
}

func treeOf(files map[string]string) string {
	var b strings.Builder
	for _, n := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(&b, "%s=%s ", n, files[n])
	}
	return b.String()
}

// specOf reads the versions of the two cohorts from the files. The word "broken"
// makes the repository invalid, emergency.yaml declares an emergency.
func specOf(files map[string]string) *fleet.Spec {
	s := &fleet.Spec{}
	for _, cohort := range []string{"canary", "prod"} {
		v := files[cohort+".yaml"]
		if v == "broken" {
			return nil
		}
		s.Cohorts = append(s.Cohorts, fleet.Cohort{Meta: fleet.Meta{Name: cohort}, Spec: fleet.CohortSpec{
			Versions: map[string]fleet.Version{"kafka": {Tag: v}},
		}})
	}
	if v := files["emergency.yaml"]; v != "" {
		s.Emergencies = []fleet.Emergency{{Meta: fleet.Meta{Name: "cve"}, Spec: fleet.EmergencySpec{Product: "kafka", Version: fleet.Version{Tag: v}, Approvals: 2}}}
	}
	return s
}

// commit changes files (name=content, or name= to delete).
func (h *history) commit(sha string, verdict Verdict, changes ...string) *history {
	c := Candidate{Commit: Commit{SHA: sha}, Evidence: Evidence{Verdict: verdict}}
	for _, ch := range changes {
		name, content, _ := strings.Cut(ch, "=")
		if h.files[name] == content {
			continue // git knows no such change
		}
		c.Changes = append(c.Changes, Change{Path: name, Before: h.files[name], After: content})
		h.files = maps.Clone(h.files)
		if content == "" {
			delete(h.files, name)
		} else {
			h.files[name] = content
		}
	}
	c.Tree, c.Spec = treeOf(h.files), specOf(h.files)
	if c.Spec == nil {
		c.Problems = fleet.Problems{{Position: fleet.Position{File: "prod.yaml", Line: 3}, Message: "it is broken"}}
	}
	h.chain = append(h.chain, c)
	return h
}

func (h *history) judge() Result { return Judge(Input{InForce: h.base, Commits: h.chain}) }

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
			newHistory().commit("a", Unknown, "canary.yaml=2").commit("b", Approved, "prod.yaml=2"), "base", "pending behind", "not approved",
		},
		{"a file that Wavegate does not read needs no approval", newHistory().commit("a", Refused, "README.md=bye"), "a", "admitted", ""},
		{
			"but does not open the way for what does",
			newHistory().commit("a", Refused, "canary.yaml=2").commit("b", Refused, "README.md=bye"), "base", "rejected rejected", "have it approved",
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
		{"not valid", newHistory().commit("a", Approved, "prod.yaml=broken"), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := Judge(Input{Commits: tt.history.chain})
			if r.InForce != tt.want || (r.Frozen == nil) != (tt.want != "") {
				t.Errorf("in force %q, frozen %v", r.InForce, r.Frozen)
			}
		})
	}
}

func TestARewrittenBranchChangesNothing(t *testing.T) {
	h := newHistory().commit("a", Approved, "canary.yaml=2")
	r := Judge(Input{InForce: h.base, Commits: h.chain, Rewritten: true})
	if r.InForce != "base" || r.Frozen == nil || !strings.Contains(r.Frozen.Reason, "rewritten") {
		t.Errorf("%+v", r)
	}
}

func TestThePolicyIsThatOfTheSpecInForce(t *testing.T) {
	before, after := specOf(newHistory().files), specOf(newHistory().files)
	before.Fleet.Spec.Approvals = fleet.Approvals{Required: 1, By: []string{"team:a/b"}}
	after.Fleet.Spec.Approvals = fleet.Approvals{}
	if p := PolicyFor(before, after); p.Required != 1 || !slices.Equal(p.By, []string{"team:a/b"}) {
		t.Errorf("a commit that drops the policy is judged by %+v", p)
	}
	after.Emergencies = []fleet.Emergency{{Meta: fleet.Meta{Name: "cve"}, Spec: fleet.EmergencySpec{Product: "kafka", Approvals: 2}}}
	if p := PolicyFor(before, after); p.Required != 2 {
		t.Errorf("an emergency is judged by %+v", p)
	}
	if p := PolicyFor(after, after); p.Required != 0 {
		t.Errorf("an emergency that is there already asks again: %+v", p)
	}
}

// draw makes a random history.
func drawHistory(t *rapid.T) *history {
	h := newHistory()
	for i := range rapid.IntRange(0, 8).Draw(t, "commits") {
		file := rapid.SampledFrom([]string{"canary.yaml", "prod.yaml", "windows.yaml", "README.md", "emergency.yaml"}).Draw(t, "file")
		content := rapid.SampledFrom([]string{"1", "2", "3", "broken", ""}).Draw(t, "content")
		if content == "" && (file == "canary.yaml" || file == "prod.yaml") {
			content = "1"
		}
		h.commit(fmt.Sprintf("c%d", i), rapid.SampledFrom([]Verdict{Approved, Approved, Refused, Unknown}).Draw(t, "verdict"), file+"="+content)
	}
	return h
}

// TestNothingUnapprovedEverComesIntoForce replays who wrote what: of the fleet's
// files, every difference between the first spec in force and the last comes from
// approved commits alone, or was there in a spec in force before.
func TestNothingUnapprovedEverComesIntoForce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := drawHistory(t)
		r := h.judge()
		at := slices.IndexFunc(h.chain, func(c Candidate) bool { return c.SHA == r.InForce })
		wrote := map[string][]Candidate{} // by file, since it last had its first content
		base := newHistory().files
		for _, c := range h.chain[:at+1] {
			for _, ch := range c.Changes {
				if ch.After == base[ch.Path] {
					delete(wrote, ch.Path)
					continue
				}
				wrote[ch.Path] = append(wrote[ch.Path], c)
			}
		}
		admitted := map[string]bool{}
		for _, c := range r.Admitted {
			admitted[c.SHA] = true
		}
		for file, commits := range wrote {
			if file == "README.md" {
				continue
			}
			last := commits[len(commits)-1]
			// Content that was in force before may be restored by anybody.
			if last.Evidence.Verdict != Approved && !restores(r, h, file, last) {
				t.Fatalf("%s of %s is in force and not approved; %+v", file, last.SHA, r.Judgements)
			}
		}
	})
}

// restores reports whether a commit gave a file the content that it had in a
// spec in force before.
func restores(r Result, h *history, file string, c Candidate) bool {
	i := slices.IndexFunc(c.Changes, func(ch Change) bool { return ch.Path == file })
	had := func(tree string) bool {
		return strings.Contains(" "+tree, " "+file+"="+c.Changes[i].After+" ") ||
			(c.Changes[i].After == "" && !strings.Contains(" "+tree, " "+file+"="))
	}
	return had(h.base.Tree) || slices.ContainsFunc(r.Admitted, func(a Candidate) bool { return had(a.Tree) })
}

func TestJudgingStepByStepIsJudgingAtOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := drawHistory(t)
		atOnce := h.judge()
		force, from := h.base, 0
		for i := range h.chain {
			r := Judge(Input{InForce: force, Commits: slices.Clone(h.chain[from : i+1])})
			if n := len(r.Admitted); n > 0 {
				last := r.Admitted[n-1]
				force, from = InForce{Commit: last.SHA, Tree: last.Tree, Spec: last.Spec}, i+1
			}
		}
		if force.Commit != atOnce.InForce {
			t.Fatalf("step by step %s, at once %s", force.Commit, atOnce.InForce)
		}
	})
}
