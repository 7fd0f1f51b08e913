package admission

import (
	"fmt"
	"slices"
)

// Chain judges commit after commit. Who judges many of them one by one, because
// the policy for the next depends on what the last has brought into force, adds
// them to a chain instead of calling [Judge] for each.
type Chain struct {
	force InForce
	last  InForce // the commit before the one that is judged; its Spec is nil when it is not valid
	gone  string  // why nothing more can be judged
	out   Result
	// touched are the files that differ from the spec in force.
	touched touched
	open    int // index of the first judgement since the spec in force
}

// NewChain begins a chain with what is in force.
func NewChain(force InForce) *Chain {
	return &Chain{force: force, last: force, touched: touched{}}
}

// InForce returns what is in force after the commits so far.
func (ch *Chain) InForce() InForce { return ch.force }

// Add judges the next commit.
func (ch *Chain) Add(c Candidate) {
	if ch.gone == "" {
		ch.gone = ch.gap(&c)
	}
	if ch.gone != "" {
		// What follows a gap cannot be compared with anything, either.
		ch.say(&c, Pending, ch.gone)
		return
	}
	ch.commit(&c)
	ch.last = InForce{Commit: c.SHA, Tree: c.Tree, Spec: c.Spec}
}

// Result returns what was judged so far.
func (ch *Chain) Result() Result {
	r := Result{
		InForce:    ch.force.Commit,
		Admitted:   slices.Clone(ch.out.Admitted),
		Judgements: slices.Clone(ch.out.Judgements),
	}
	for i := ch.open; i < len(r.Judgements); i++ {
		if r.Judgements[i].Status == Rejected {
			frozen := r.Judgements[i]
			r.Frozen = &frozen
			break
		}
	}
	return r
}

func (ch *Chain) say(c *Candidate, s Status, reason string) {
	ch.out.Judgements = append(ch.out.Judgements, Judgement{Commit: c.SHA, Status: s, Reason: reason})
}

// gap says why a commit cannot be judged after the one before, or nothing.
func (ch *Chain) gap(c *Candidate) string {
	if ch.last.Commit != "" && len(c.Parents) > 0 && c.Parents[0] != ch.last.Commit {
		return fmt.Sprintf("the history is incomplete: commit %s does not follow %s; it is judged when the commits between them are there", short(c.SHA), short(ch.last.Commit))
	}
	return ""
}

func (ch *Chain) commit(c *Candidate) {
	if ch.force.Commit == "" {
		ch.first(c)
		return
	}
	verdict, reason := c.Evidence.Verdict, c.Evidence.Reason
	if verdict != Approved && harmless(c, ch.last) {
		verdict, reason = Approved, "it changes nothing that Wavegate reads"
	}
	ch.touched.add(c, verdict)
	blamed, waits := ch.touched.unapproved()
	switch {
	case c.Tree != "" && c.Tree == ch.force.Tree:
		ch.admit(c, "it restores what is in force")
	case verdict == Unknown:
		ch.say(c, Pending, orElse(reason, "its approval cannot be read yet"))
	case verdict != Approved:
		ch.say(c, Rejected, orElse(reason, "it is not approved")+"; revert it, or have it approved")
	case c.Spec == nil:
		ch.say(c, Rejected, invalid(c))
	case len(blamed) > 0:
		ch.say(c, Behind, "it contains changes of "+shorts(blamed)+", which "+are(blamed)+" not approved; revert "+them(blamed)+", or have "+them(blamed)+" approved")
	case len(waits) > 0:
		ch.say(c, Behind, "it contains changes of "+shorts(waits)+", whose approval cannot be read yet")
	default:
		if excess := tooMany(ch.force.Spec, c.Spec); excess != "" {
			ch.say(c, Rejected, ch.since()+excess)
			return
		}
		ch.admit(c, orElse(reason, "approved"))
	}
}

// first judges the commit that becomes the baseline.
func (ch *Chain) first(c *Candidate) {
	switch {
	case c.Evidence.Verdict == Unknown:
		ch.say(c, Pending, orElse(c.Evidence.Reason, "its approval cannot be read yet"))
	case c.Evidence.Verdict != Approved:
		ch.say(c, Rejected, orElse(c.Evidence.Reason, "it is not approved")+"; nothing is in force yet: merge an approved pull request, "+
			"or let whoever runs Wavegate name this commit as the one to begin with, by --first-commit "+c.SHA)
	case c.Spec == nil:
		ch.say(c, Rejected, invalid(c))
	default:
		ch.admit(c, orElse(c.Evidence.Reason, "approved"))
	}
}

// since tells people what a commit is compared with when it is not the commit
// before it.
func (ch *Chain) since() string {
	if ch.last.Commit == ch.force.Commit {
		return ""
	}
	return "with what has been committed since " + short(ch.force.Commit) + ", which is in force, "
}

func (ch *Chain) admit(c *Candidate, reason string) {
	ch.say(c, Admitted, reason)
	// An approver's refusal is not why it takes effect.
	c.Evidence.Reason = reason
	if c.Spec == nil {
		c.Spec = ch.force.Spec // the same tree
	}
	ch.force = InForce{Commit: c.SHA, Tree: c.Tree, Spec: c.Spec}
	ch.out.Admitted = append(ch.out.Admitted, *c)
	clear(ch.touched)
	ch.open = len(ch.out.Judgements)
}
