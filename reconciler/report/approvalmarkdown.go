package report

import (
	"fmt"
	"strings"
)

// Reviews are what people have said of a pull request so far.
type Reviews struct {
	// Approved are those whose approval of the newest commit counts.
	Approved []string
	// Objections are those who ask for changes and have a say.
	Objections []string
	// Discounted are those whose review does not count.
	Discounted []Discounted
	// Unknown says why not all of it can be told now, or is empty.
	Unknown string
}

// Discounted is somebody whose review does not count.
type Discounted struct {
	Name string
	// Why goes on from the name: "approved an older head".
	Why string
}

// approvalMarkdown says who has approved, what is still needed and from whom, and
// what does not count.
func (pr *PullRequest) approvalMarkdown(p *post) {
	need := pr.Approvals.Required
	r := pr.Reviews
	if r == nil {
		r = &Reviews{}
	}
	if len(r.Objections) > 0 {
		p.say("> [!WARNING]\n> **Changes are requested by %s.** It takes no effect until they approve it, or their review is dismissed.", persons(r.Objections))
	}
	if r.Unknown != "" {
		p.say("> [!WARNING]\n> **Approvals cannot be told:** %s. What is not known is not counted.", prose(r.Unknown))
	}
	if need <= 0 {
		p.say("**Approval:** none is asked for.")
		return
	}
	given := min(len(r.Approved), need)
	state := fmt.Sprintf("%d of %d given", given, need)
	if pr.Reviews == nil {
		state = fmt.Sprintf("%d needed", need)
	}
	if len(r.Approved) > 0 {
		state += ", by " + persons(r.Approved)
	}
	if left := need - given; left > 0 {
		if pr.Reviews != nil {
			state += fmt.Sprintf(". **%d more needed**", left)
		}
		state += ", from " + pr.approvers() + ", of the newest commit. Whoever opened it or pushed to it does not count"
	}
	p.say("**Approval:** %s.", state)
	g := newGrid("the reviews that do not count", "Does not count", "Why")
	for _, d := range r.Discounted {
		g.row(code(d.Name), prose(d.Why))
	}
	p.table("", g)
}

// approvers says whose approval counts.
func (pr *PullRequest) approvers() string {
	if len(pr.Approvals.By) == 0 {
		return "anyone with write access"
	}
	names := make([]string, len(pr.Approvals.By))
	for i, n := range pr.Approvals.By {
		names[i] = principal(n)
	}
	return strings.Join(names, " or ")
}

func persons(names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = principal(n)
	}
	return strings.Join(out, ", ")
}

// principal names a user or team without calling them.
func principal(name string) string {
	if team, ok := strings.CutPrefix(name, "team:"); ok {
		return "team " + code(team)
	}
	return code(strings.TrimPrefix(name, "user:"))
}
