package report

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// FirstStart is what a change would find as the first commit in force: nothing is
// touched by it, and what differs is drift.
type FirstStart struct {
	// Clusters are all that are seen now, Unmanaged those that no cohort has.
	Clusters  int           `json:"clusters"`
	Unmanaged int           `json:"unmanaged,omitempty"`
	Cohorts   []FirstCohort `json:"cohorts"`
}

// FirstCohort is a product in a cohort as it is found.
type FirstCohort struct {
	Product string `json:"product"`
	Cohort  string `json:"cohort"`
	Version string `json:"version"`
	// Clusters are all of them, OnTarget those that run the version.
	Clusters int `json:"clusters"`
	OnTarget int `json:"onTarget"`
}

// NewFirstStart sums up the plan of a spec that has just come into force as the
// first one.
func NewFirstStart(in Input) *FirstStart {
	f := &FirstStart{Clusters: in.Fleet.Len(), Unmanaged: in.Plan.Totals[plan.Unmanaged], Cohorts: []FirstCohort{}}
	for i := range in.Plan.Rollouts {
		r := &in.Plan.Rollouts[i]
		f.Cohorts = append(f.Cohorts, FirstCohort{
			Product: r.Product, Cohort: r.Cohort, Version: r.Version.String(), Clusters: r.Clusters, OnTarget: r.OnTarget,
		})
	}
	return f
}

// differ is how many clusters would be drift.
func (f *FirstStart) differ() int {
	n := 0
	for _, c := range f.Cohorts {
		n += c.Clusters - c.OnTarget
	}
	return n
}

// stays says in a sentence what becomes of what differs.
func (f *FirstStart) stays() string {
	switch n := f.differ(); n {
	case 0:
		return "Every cluster of a cohort runs what it should."
	default:
		return count(n, "cluster differs", "clusters differ") + " and would be drift, until a merged pull request moves the cohort."
	}
}

func (f *FirstStart) text(b *strings.Builder, p Paint) {
	fmt.Fprintf(b, "%s  nothing is in force yet, and nothing moves by the first commit\n\n", p.as(Strong, "First start"))
	t := table{indent: "  ", right: map[int]bool{3: true}}
	for _, c := range f.Cohorts {
		t.row(cell{c.Product, Strong}, cell{c.Cohort, Plain}, cell{c.Version, Plain}, cell{strconv.Itoa(c.OnTarget) + " of " + strconv.Itoa(c.Clusters), Plain}, cell{"run it", Dim})
	}
	t.write(b, p)
	fmt.Fprintf(b, "\n%s\n", f.stays())
	if f.Unmanaged > 0 {
		fmt.Fprintf(b, "%s in no cohort.\n", count(f.Unmanaged, "cluster is", "clusters are"))
	}
}

func (f *FirstStart) markdown(p *post) {
	p.say("### First start: nothing moves")
	p.say("> [!NOTE]\n> **Nothing is in force yet.** Merged with the approvals that it asks for itself, this is the commit that Wavegate begins with. No cluster is touched by it.")
	g := newGrid("the cohorts", "Product", "Cohort", "Version", ">Clusters", ">Run it")
	for _, c := range f.Cohorts {
		g.row(prose(c.Product), prose(c.Cohort), code(c.Version), strconv.Itoa(c.Clusters), strconv.Itoa(c.OnTarget))
	}
	p.table("", g)
	text := "Of " + count(f.Clusters, "cluster that is", "clusters that are") + " seen now: " + f.stays()
	if f.Clusters == 0 {
		text = "No cluster is seen now."
	}
	if f.Unmanaged > 0 {
		text += " " + count(f.Unmanaged, "cluster is", "clusters are") + " in no cohort."
	}
	p.say("%s", text)
}
