package admission

import (
	"fmt"
	"strings"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// InForce is the spec in force before the commits that are judged.
type InForce struct {
	// Commit is empty at the first start.
	Commit string
	Tree   string
	Spec   *fleet.Spec
}

// Candidate is a commit after the one in force, with what is known of it.
type Candidate struct {
	Commit
	// Changes are against the first parent. They are not needed at the first
	// start.
	Changes  []Change
	Evidence Evidence
	// Spec is the fleet repository at this commit; nil when Problems says what
	// is wrong with it.
	Spec     *fleet.Spec
	Problems fleet.Problems
}

// Input is what admission depends on.
type Input struct {
	InForce InForce
	// Commits are those after the one in force along the first parents, oldest
	// first. At the first start it is the head alone.
	Commits []Candidate
	// Rewritten tells that the commit in force is no ancestor of the branch any
	// more: somebody forced the branch.
	Rewritten bool
}

// Status is what was judged of a commit.
type Status uint8

// The statuses.
const (
	Pending  Status = iota // it cannot be judged yet
	Admitted               // it is in force, or was before a later one
	Rejected               // it does not take effect
	Behind                 // approved, but it contains changes of a commit that is not
)

var statusNames = [...]string{Pending: "pending", Admitted: "admitted", Rejected: "rejected", Behind: "behind"}

// String returns the status's word.
func (s Status) String() string {
	if int(s) < len(statusNames) {
		return statusNames[s]
	}
	return "?"
}

// Judgement is what was judged of one commit.
type Judgement struct {
	Commit string
	Status Status
	// Reason says why, and what to do; for people.
	Reason string
	// Rewritten tells that the branch has lost the commit in force, which no revert
	// brings back.
	Rewritten bool
}

// Result is what is in force after the commits were judged.
type Result struct {
	// InForce is the commit in force: the same as before, or a later one.
	InForce string
	// Admitted are the commits that came into force, in order, each relative to
	// the one before. The reason of their evidence says why they did.
	Admitted []Candidate
	// Judgements has one entry for each commit, in order.
	Judgements []Judgement
	// Frozen is the first commit that was rejected and is not healed by a later
	// one, or nil. Commits that only wait for an answer do not freeze.
	Frozen *Judgement
}

// Judge decides which commit is in force:
//
//	approved  spec     moves             contains unapproved changes  ->
//	yes       valid    at most 1 cohort  no                           admitted
//	yes       valid    at most 1 cohort  yes                          behind: waits for a revert or an approval
//	yes       valid    more              any                          rejected
//	yes       invalid  -                 any                          rejected, later commits may mend it
//	no        any      -                 -                            rejected
//	unknown   any      -                 -                            pending
//
// A commit that changes nothing that Wavegate reads needs no approval, and one
// whose tree is that of the commit in force undoes all between them. An
// emergency may move one product in all cohorts. Nothing is remembered between
// calls: a commit that gets its approval later is admitted then.
func Judge(in Input) Result {
	if in.Rewritten {
		return rewritten(in)
	}
	chain := NewChain(in.InForce)
	for _, c := range in.Commits {
		chain.Add(c)
	}
	return chain.Result()
}

// rewritten refuses a branch that no longer contains the commit in force.
func rewritten(in Input) Result {
	reason := "the branch was rewritten: it no longer contains commit " + short(in.InForce.Commit) +
		", which is in force; push that commit back, or merge the change on top of it"
	r := Result{InForce: in.InForce.Commit}
	for i := range in.Commits {
		r.Judgements = append(r.Judgements, Judgement{Commit: in.Commits[i].SHA, Status: Rejected, Reason: reason, Rewritten: true})
	}
	frozen := Judgement{Status: Rejected, Reason: reason, Rewritten: true}
	if n := len(r.Judgements); n > 0 {
		frozen = r.Judgements[n-1]
	}
	r.Frozen = &frozen
	return r
}

// invalid says what is wrong with a fleet repository.
func invalid(c *Candidate) string {
	const show = 3
	var parts []string
	for i := range c.Problems {
		if i == show {
			parts = append(parts, fmt.Sprintf("and %d more", len(c.Problems)-show))
			break
		}
		parts = append(parts, c.Problems[i].Error())
	}
	if len(parts) == 0 {
		parts = []string{"it has no fleet"}
	}
	return "the fleet repository is not valid at this commit: " + strings.Join(parts, "; ")
}

func shorts(commits []string) string {
	out := make([]string, len(commits))
	for i, c := range commits {
		out[i] = short(c)
	}
	return strings.Join(out, ", ")
}

func short(sha string) string { return sha[:min(7, len(sha))] }

func are(commits []string) string {
	if len(commits) == 1 {
		return "is"
	}
	return "are"
}

func them(commits []string) string {
	if len(commits) == 1 {
		return "it"
	}
	return "them"
}

func orElse(s, def string) string {
	if s == "" {
		return def
	}
	return s
}
