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
}

// Result is what is in force after the commits were judged.
type Result struct {
	// InForce is the commit in force: the same as before, or a later one.
	InForce string
	// Admitted are the commits that came into force, in order, each relative to
	// the one before.
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
	j := judge{force: in.InForce, last: in.InForce, touched: touched{}}
	if in.Rewritten {
		return rewritten(in)
	}
	for i := range in.Commits {
		c := in.Commits[i]
		if reason := j.gap(&c); reason != "" {
			// What follows cannot be compared with anything, either.
			for _, rest := range in.Commits[i:] {
				j.say(&rest, Pending, reason)
			}
			break
		}
		j.commit(&c)
		j.last = InForce{Commit: c.SHA, Tree: c.Tree, Spec: c.Spec}
	}
	return j.result()
}

// judge walks the chain.
type judge struct {
	force InForce
	last  InForce // the commit before the one that is judged; its Spec is nil when it is not valid
	out   Result
	// touched are the files that differ from the spec in force.
	touched touched
	open    int // index of the first judgement since the spec in force
}

func (j *judge) say(c *Candidate, s Status, reason string) {
	j.out.Judgements = append(j.out.Judgements, Judgement{Commit: c.SHA, Status: s, Reason: reason})
}

// gap says why a commit cannot be judged after the one before, or nothing.
func (j *judge) gap(c *Candidate) string {
	if j.last.Commit != "" && len(c.Parents) > 0 && c.Parents[0] != j.last.Commit {
		return fmt.Sprintf("the history is incomplete: commit %s does not follow %s; it is judged when the commits between them are there", short(c.SHA), short(j.last.Commit))
	}
	return ""
}

func (j *judge) commit(c *Candidate) {
	if j.force.Commit == "" {
		j.first(c)
		return
	}
	verdict, reason := c.Evidence.Verdict, c.Evidence.Reason
	if verdict != Approved && harmless(c, j.last) {
		verdict, reason = Approved, "it changes nothing that Wavegate reads"
	}
	j.touched.add(c, verdict)
	blamed, waits := j.touched.unapproved()
	switch {
	case c.Tree != "" && c.Tree == j.force.Tree:
		j.admit(c, "it restores what is in force")
	case verdict == Unknown:
		j.say(c, Pending, orElse(reason, "its approval cannot be read yet"))
	case verdict != Approved:
		j.say(c, Rejected, orElse(reason, "it is not approved")+"; revert it, or have it approved")
	case c.Spec == nil:
		j.say(c, Rejected, invalid(c))
	case len(blamed) > 0:
		j.say(c, Behind, "it contains changes of "+shorts(blamed)+", which "+are(blamed)+" not approved; revert "+them(blamed)+", or have "+them(blamed)+" approved")
	case len(waits) > 0:
		j.say(c, Behind, "it contains changes of "+shorts(waits)+", whose approval cannot be read yet")
	default:
		if excess := tooMany(j.force.Spec, c.Spec); excess != "" {
			j.say(c, Rejected, j.since()+excess)
			return
		}
		j.admit(c, orElse(reason, "approved"))
	}
}

// first judges the commit that becomes the baseline.
func (j *judge) first(c *Candidate) {
	switch {
	case c.Evidence.Verdict == Unknown:
		j.say(c, Pending, orElse(c.Evidence.Reason, "its approval cannot be read yet"))
	case c.Evidence.Verdict != Approved:
		j.say(c, Rejected, orElse(c.Evidence.Reason, "it is not approved")+"; have it approved, or add a commit that is")
	case c.Spec == nil:
		j.say(c, Rejected, invalid(c))
	default:
		j.admit(c, orElse(c.Evidence.Reason, "approved"))
	}
}

// since tells people what a commit is compared with when it is not the commit
// before it.
func (j *judge) since() string {
	if j.last.Commit == j.force.Commit {
		return ""
	}
	return "with what has been committed since " + short(j.force.Commit) + ", which is in force, "
}

func (j *judge) admit(c *Candidate, reason string) {
	j.say(c, Admitted, reason)
	if c.Spec == nil {
		c.Spec = j.force.Spec // the same tree
	}
	j.force = InForce{Commit: c.SHA, Tree: c.Tree, Spec: c.Spec}
	j.out.Admitted = append(j.out.Admitted, *c)
	clear(j.touched)
	j.open = len(j.out.Judgements)
}

func (j *judge) result() Result {
	r := j.out
	r.InForce = j.force.Commit
	for i := j.open; i < len(r.Judgements); i++ {
		if r.Judgements[i].Status == Rejected {
			frozen := r.Judgements[i]
			r.Frozen = &frozen
			break
		}
	}
	return r
}

// rewritten refuses a branch that no longer contains the commit in force.
func rewritten(in Input) Result {
	reason := "the branch was rewritten: it no longer contains commit " + short(in.InForce.Commit) +
		", which is in force; push that commit back, or merge the change on top of it"
	r := Result{InForce: in.InForce.Commit}
	for i := range in.Commits {
		r.Judgements = append(r.Judgements, Judgement{Commit: in.Commits[i].SHA, Status: Rejected, Reason: reason})
	}
	frozen := Judgement{Status: Rejected, Reason: reason}
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
