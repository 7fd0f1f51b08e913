package report

import (
	"fmt"
	"time"
)

// Answer is what became of a command that somebody gave in a comment.
type Answer struct {
	At time.Time
	// By is who gave it, Command the words.
	By, Command string
	// Refused says why it was not done. Done says what was; both are for people.
	Refused, Done string
	// Explanation is the answer to explain.
	Explanation *Explanation
}

// maxAnswers bounds the commands that a comment remembers.
const maxAnswers = 5

// answers lists what was asked for on the pull request, the newest first.
func (p *releasePost) answers() {
	g := newGrid("the commands", "Command", "By", "At", "Answer")
	for i, a := range p.view.Answers {
		if i == maxAnswers {
			break
		}
		g.row(code(a.Command), code(a.By), stamp(a.At, p.s.At), a.markdown())
		if a.Explanation != nil {
			defer p.explained(a.Explanation)
		}
	}
	p.table("Commands", g)
}

func (a *Answer) markdown() string {
	switch {
	case a.Refused != "":
		return "**refused:** " + prose(a.Refused)
	case a.Done != "":
		return prose(a.Done)
	case a.Explanation != nil:
		return prose(a.Explanation.Verdict) + "; all of it is below"
	default:
		return "taken up with the next cycle"
	}
}

func (p *releasePost) explained(e *Explanation) {
	rows := []string{}
	inner := newPost(KindAnswer, "", "")
	e.tell(inner)
	for i := range inner.sections {
		if i > 0 {
			rows = append(rows, "")
		}
		rows = append(rows, inner.sections[i].text())
	}
	p.fold("Explained: "+html(e.Cluster), "the explanations", "", rows)
}

// Markdown renders the answer by itself, as a comment of its own.
func (a *Answer) Markdown(id string) Post {
	p := newPost(KindAnswer, id, "")
	if a.Explanation != nil && a.Refused == "" {
		return a.Explanation.Markdown(id)
	}
	p.say("%s by %s: %s", code(a.Command), code(a.By), a.markdown())
	return p.done("")
}

// HelpMarkdown lists the commands, and who may give them.
func HelpMarkdown(id string, may []string) Post {
	p := newPost(KindAnswer, id, "")
	p.say("### Commands\n\nComment one of these on a pull request of a release. It takes effect in the next cycle; the answer is in the comment that tells how the release stands.")
	g := newGrid("the commands", "Command", "What it does")
	for _, c := range [][2]string{
		{"/wavegate status", "how the release stands"},
		{"/wavegate explain CLUSTER", "what is decided for a cluster, and why: every gate"},
		{"/wavegate pause [REASON]", "stop: nothing is started, no broker more is touched, nothing is lost"},
		{"/wavegate resume", "go on; the failures so far are accepted"},
		{"/wavegate abort", "go back: opens the pull request that reverts"},
		{"/wavegate retry CLUSTER", "try a cluster again that failed or was skipped, or let a late one join"},
		{"/wavegate skip CLUSTER REASON", "leave a cluster out, as it is, so that its wave can finish"},
		{"/wavegate help", "this"},
	} {
		g.row(code(c[0]), c[1])
	}
	p.table("", g)
	who := "Whoever has write access may give them"
	if len(may) > 0 {
		who = "Those may give them: "
		for i, n := range may {
			if i > 0 {
				who += ", "
			}
			who += principal(n)
		}
	}
	p.say("%s. Others get no answer; `status`, `explain` and `help` change nothing.", who)
	return p.done("")
}

// Markdown renders the whole fleet's status.
func (s *Status) Markdown(id string) Post {
	p := &releasePost{post: newPost(KindAnswer, id, "`wavegate status` shows all of it."), s: s}
	name := s.Fleet
	if name == "" {
		name = "Fleet"
	}
	p.say("### %s: %s", prose(name), count(s.Clusters, "cluster", "clusters"))
	if len(s.Totals) > 0 {
		p.say("%s", s.totalsMarkdown())
	}
	p.alarms()
	for i := range s.Releases {
		p.release = &s.Releases[i]
		if x := p.release.Paused; x != nil {
			p.say("> [!CAUTION]\n> **%s is paused since %s:** %s", code(p.release.ID), stamp(x.At, s.At), pauseMarkdown(x))
		}
	}
	g := newGrid("the releases", "Release", "Cohort", "Progress", ">Clusters", "State", ">Failure budget", "Why")
	for i := range s.Releases {
		for k := range s.Releases[i].Rollouts {
			r := &s.Releases[i].Rollouts[k]
			why := r.Reason
			if r.Gate == "soaking" || s.Releases[i].Paused != nil {
				why = ""
			}
			g.row(code(s.Releases[i].ID), prose(r.Cohort), progressBar(r), fmt.Sprintf("%d/%d", r.OnTarget, r.Clusters),
				r.stateMarkdown(s.At), r.budgetMarkdown(&s.Releases[i]), prose(why))
		}
	}
	p.table("", g)
	lines, waits := lineGrid(), waitingGrid()
	for _, l := range s.InFlight {
		lineRow(lines, l)
	}
	for _, w := range s.Waiting {
		waitingRow(waits, w, s.At)
	}
	p.clusters("In flight", lines)
	p.clusters("Waiting", waits)
	for _, n := range s.Notes {
		p.say("> [!NOTE]\n> %s", prose(n))
	}
	p.asOf(s.At)
	if s.Commit != "" {
		p.foot("in force " + code(short(s.Commit)))
	}
	return p.done("")
}
