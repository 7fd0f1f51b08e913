package admission

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// history builds chains of commits for stories. A file's content is a word, the
// tree of a commit is the list of them.
type history struct {
	base  InForce
	files map[string]string
	chain []Candidate
	trees []map[string]string // of each commit
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

// specOf reads the versions of the two cohorts from the files; those in the
// hidden folder .fleet go first. The word "broken" makes the repository invalid,
// emergency.yaml declares an emergency.
func specOf(files map[string]string) *fleet.Spec {
	s := &fleet.Spec{}
	for _, cohort := range []string{"canary", "prod"} {
		name := cohort + ".yaml"
		if files[".fleet/"+name] != "" {
			name = ".fleet/" + name
		}
		v := files[name]
		if v == "" {
			continue
		}
		if v == "broken" {
			return nil
		}
		s.Cohorts = append(s.Cohorts, fleet.Cohort{Meta: fleet.Meta{Name: cohort, Position: fleet.Position{File: name}}, Spec: fleet.CohortSpec{
			Versions: map[string]fleet.Version{"kafka": {Tag: v}, "ksqldb": {Tag: "1"}},
		}})
	}
	for _, product := range []string{"kafka", "ksqldb"} {
		name := "emergency.yaml"
		if product != "kafka" {
			name = "emergency-" + product + ".yaml"
		}
		if v := files[name]; v != "" {
			s.Emergencies = append(s.Emergencies, fleet.Emergency{
				Meta: fleet.Meta{Name: "cve-" + product},
				Spec: fleet.EmergencySpec{Product: product, Version: fleet.Version{Tag: v}, Approvals: 2},
			})
		}
	}
	return s
}

// commit changes files (name=content, or name= to delete).
func (h *history) commit(sha string, verdict Verdict, changes ...string) *history {
	parent := h.base.Commit
	if n := len(h.chain); n > 0 {
		parent = h.chain[n-1].SHA
	}
	c := Candidate{Commit: Commit{SHA: sha, Parents: []string{parent, "a merged branch"}}, Evidence: Evidence{Verdict: verdict}}
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
	h.chain, h.trees = append(h.chain, c), append(h.trees, h.files)
	return h
}

func (h *history) judge() Result { return Judge(Input{InForce: h.base, Commits: h.chain}) }
