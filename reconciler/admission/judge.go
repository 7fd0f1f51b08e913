package admission

import (
	"path"
	"slices"
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
	// Changes are against the first parent.
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
	Behind                 // approved, but it contains a commit that is not
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
	// Frozen is the first commit that was not admitted and is not healed by a
	// later one, or nil.
	Frozen *Judgement
}

// Judge decides which commit is in force:
//
//	approved  spec     moves             contains unapproved changes  ->
//	yes       valid    at most 1 cohort  no                           admitted
//	yes       valid    at most 1 cohort  yes                          behind: waits for a revert or an approval
//	yes       valid    more              any                          rejected
//	yes       invalid  -                 any                          rejected, later commits may mend it
//	no        any      -                 -                            rejected, unless it leaves all fleet files alone
//	unknown   any      -                 -                            pending
//
// An emergency may move one product in all cohorts. A commit whose tree is that
// of the one in force undoes all before it. Nothing is remembered between
// calls: a commit that gets its approval later is admitted then.
func Judge(in Input) Result {
	j := judge{in: in, force: in.InForce, touched: map[string]*file{}}
	if in.Rewritten {
		return j.rewritten()
	}
	for i := range in.Commits {
		j.commit(&in.Commits[i])
	}
	return j.result()
}

// judge walks the chain.
type judge struct {
	in    Input
	force InForce
	out   Result
	// touched are the files that differ from the spec in force.
	touched map[string]*file
	open    int // index of the first judgement since the spec in force that was not admitted; -1 for none
}

// file is a path that commits after the one in force have changed.
type file struct {
	base, now string
	// unapproved are commits since the file last had its content in force that
	// changed it without an approval.
	unapproved []string
}

func (j *judge) say(c *Candidate, s Status, reason string) {
	j.out.Judgements = append(j.out.Judgements, Judgement{Commit: c.SHA, Status: s, Reason: reason})
}

func (j *judge) commit(c *Candidate) {
	first := j.force.Commit == ""
	j.track(c)
	approved := c.Evidence.Verdict == Approved
	if !approved && !first && c.Evidence.Verdict == Refused && !touchesFleet(c.Changes) && len(j.unapproved()) == 0 && c.Spec != nil {
		approved = true // it changes nothing that Wavegate reads
	}
	switch {
	case !first && c.Tree == j.force.Tree:
		j.admit(c, "it restores what is in force")
	case c.Evidence.Verdict == Unknown:
		j.say(c, Pending, orElse(c.Evidence.Reason, "its approval cannot be read yet"))
	case !approved:
		j.say(c, Rejected, orElse(c.Evidence.Reason, "it is not approved")+"; revert it, or have it approved")
	case c.Spec == nil:
		j.say(c, Rejected, "the fleet repository is not valid at this commit: "+problems(c.Problems))
	case len(j.unapproved()) > 0:
		j.say(c, Behind, "it contains changes of "+shorts(j.unapproved())+", which is not approved; revert that commit, or have it approved")
	default:
		if !first {
			if reason := tooMany(j.force.Spec, c.Spec); reason != "" {
				j.say(c, Rejected, reason)
				return
			}
		}
		j.admit(c, orElse(c.Evidence.Reason, "approved"))
	}
}

// track notes which files differ from the spec in force, and through whom.
func (j *judge) track(c *Candidate) {
	for _, ch := range c.Changes {
		f := j.touched[ch.Path]
		if f == nil {
			f = &file{base: ch.Before}
			j.touched[ch.Path] = f
		}
		f.now = ch.After
		switch {
		case f.now == f.base:
			f.unapproved = nil
		case c.Evidence.Verdict != Approved && isFleetFile(ch.Path):
			f.unapproved = append(f.unapproved, c.SHA)
		}
	}
}

// unapproved returns the commits whose unapproved changes are still there.
func (j *judge) unapproved() []string {
	var out []string
	for _, f := range j.touched {
		if f.now != f.base {
			out = append(out, f.unapproved...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
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
		if r.Judgements[i].Status != Pending {
			frozen := r.Judgements[i]
			r.Frozen = &frozen
			break
		}
	}
	return r
}

// rewritten refuses a branch that no longer contains the commit in force.
func (j *judge) rewritten() Result {
	reason := "the branch was rewritten: it no longer contains commit " + short(j.in.InForce.Commit) +
		", which is in force; push that commit back, or merge the change on top of it"
	r := Result{InForce: j.in.InForce.Commit}
	for i := range j.in.Commits {
		r.Judgements = append(r.Judgements, Judgement{Commit: j.in.Commits[i].SHA, Status: Rejected, Reason: reason})
	}
	r.Frozen = &Judgement{Status: Rejected, Reason: reason}
	if n := len(r.Judgements); n > 0 {
		r.Frozen = &r.Judgements[n-1]
	}
	return r
}

// touchesFleet reports whether a commit changes a file that Wavegate reads.
func touchesFleet(changes []Change) bool {
	return slices.ContainsFunc(changes, func(c Change) bool { return isFleetFile(c.Path) })
}

// isFleetFile reports whether the loader reads a path: YAML outside of hidden
// folders. A folder that becomes a link or a submodule changes what is read as
// well, so anything without an extension counts.
func isFleetFile(name string) bool {
	for _, part := range strings.Split(name, "/") {
		if strings.HasPrefix(part, ".") {
			return false
		}
	}
	ext := path.Ext(name)
	return ext == ".yaml" || ext == ".yml" || ext == ""
}

func problems(ps fleet.Problems) string {
	const show = 3
	var parts []string
	for i := range ps {
		if i == show {
			parts = append(parts, "…")
			break
		}
		parts = append(parts, ps[i].Error())
	}
	if len(parts) == 0 {
		return "it has no fleet"
	}
	return strings.Join(parts, "; ")
}

func shorts(commits []string) string {
	out := make([]string, len(commits))
	for i, c := range commits {
		out[i] = short(c)
	}
	return strings.Join(out, ", ")
}

func short(sha string) string { return sha[:min(7, len(sha))] }

func orElse(s, def string) string {
	if s == "" {
		return def
	}
	return s
}
