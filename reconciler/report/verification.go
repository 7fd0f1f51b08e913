package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/wavegate-dev/wavegate/reconciler/proof"
)

// Verification is what was found in a journal.
type Verification struct {
	Journal string `json:"journal"`
	// Head stands for all entries up to the last: compare it with a copy kept
	// elsewhere.
	Head string `json:"head"`
	*proof.Result
}

// Text renders the verification for a terminal.
func (v *Verification) Text(p Paint) string {
	var b strings.Builder
	if v.Events == 0 {
		fmt.Fprintf(&b, "%s  the journal is empty\n", p.as(Strong, v.Journal))
		return b.String()
	}
	fmt.Fprintf(&b, "%s  entries %d to %d, %s to %s\n", p.as(Strong, v.Journal), v.First, v.Last,
		v.Since.UTC().Format("2006-01-02 15:04"), v.Until.UTC().Format("2006-01-02 15:04 UTC"))
	fmt.Fprintf(&b, "  head    %s\n", p.as(Dim, v.Head))
	fmt.Fprintf(&b, "  judged  %s\n", v.judged())
	if broken := v.broken(); broken == 0 {
		fmt.Fprintf(&b, "  chain   %s\n", p.as(Good, "whole"))
	} else {
		fmt.Fprintf(&b, "  chain   %s\n", p.as(Bad, "broken at "+count(broken, "entry", "entries")))
	}
	if len(v.Unjudged) > 0 {
		fmt.Fprintf(&b, "\n%s\n", p.as(Strong, "Not judged"))
		t := table{indent: "  ", right: map[int]bool{0: true}}
		for _, why := range slices.Sorted(maps.Keys(v.Unjudged)) {
			t.row(cell{fmt.Sprint(v.Unjudged[why]), Plain}, cell{why, Dim})
		}
		t.write(&b, p)
	}
	if len(v.Violations) == 0 {
		fmt.Fprintf(&b, "\n%s\n", p.as(Good, "Nothing is wrong"))
		return b.String()
	}
	fmt.Fprintf(&b, "\n%s\n", p.as(Bad, "Wrong"))
	t := table{indent: "  ", right: map[int]bool{0: true}}
	for i := range v.Violations {
		x := &v.Violations[i]
		t.row(cell{fmt.Sprint(x.Seq), Strong}, cell{x.At.UTC().Format("2006-01-02 15:04:05"), Dim}, cell{string(x.Law), Bad}, cell{x.Story, Plain})
	}
	t.write(&b, p)
	if v.Dropped > 0 {
		fmt.Fprintf(&b, "  and %d more\n", v.Dropped)
	}
	return b.String()
}

func (v *Verification) broken() (n int) {
	for i := range v.Violations {
		if v.Violations[i].Law == proof.Chain {
			n++
		}
	}
	return n
}

func (v *Verification) judged() string {
	var parts []string
	for _, x := range []struct {
		n         int
		one, many string
	}{
		{v.Commits, "commit", "commits"},
		{v.Rollouts, "rollout", "rollouts"},
		{v.Starts, "start", "starts"},
		{v.Redirects, "redirect", "redirects"},
		{v.Steps, "step", "steps"},
		{v.Soaks, "soak", "soaks"},
		{v.Failures, "failure", "failures"},
		{v.Pauses, "pause", "pauses"},
		{v.Resumes, "resume", "resumes"},
	} {
		if x.n > 0 {
			parts = append(parts, count(x.n, x.one, x.many))
		}
	}
	if len(parts) == 0 {
		return "nothing: no commit has taken effect"
	}
	return strings.Join(parts, ", ")
}
