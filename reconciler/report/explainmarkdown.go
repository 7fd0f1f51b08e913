package report

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Markdown renders the explanation as the answer to a command.
func (e *Explanation) Markdown(id string) Post {
	p := newPost(KindAnswer, id, "`wavegate explain` shows all of it.")
	e.tell(p)
	p.asOf(e.At)
	return p.done("")
}

// tell says the verdict and its reason, then the facts, then every gate.
func (e *Explanation) tell(p *post) {
	p.say("### %s: %s", code(e.Cluster), prose(e.Verdict))
	if e.Reason != "" {
		p.say("**Why:** %s", prose(e.Reason))
	}
	g := newGrid("the facts", "Cluster", code(e.Cluster))
	field := func(name, value string) {
		if value != "" {
			g.row(name, value)
		}
	}
	field("product", prose(e.Product))
	field("cohort", prose(e.Cohort))
	field("data plane", prose(e.Plane))
	field("runs", code(e.Version))
	if e.Target != "" {
		field("goes to", fmt.Sprintf("%s, broker %d/%d", code(e.Target), e.Updated, e.Replicas))
	}
	field("should run", code(e.Desired))
	field("release", code(e.Release))
	field("commit", code(short(e.Commit)))
	if e.Wave > 0 {
		field("wave", fmt.Sprintf("%d of %d", e.Wave, e.Waves))
	}
	field("drift", prose(e.Drift))
	field("problem", prose(e.Problem))
	for i, a := range e.Alerts {
		if i == maxAlerts {
			field("alerts", fmt.Sprintf("and %d more", len(e.Alerts)-i))
			break
		}
		field("alert", link(a.Monitor, a.Link)+" since "+stamp(a.Since, e.At))
		field("evidence", prose(a.Evidence.Verdict()))
	}
	p.table("", g)
	e.gatesMarkdown(p)
}

// gatesMarkdown lists the gates that are closed; the others are told in a line.
func (e *Explanation) gatesMarkdown(p *post) {
	g := newGrid("the gates", "Closed gate", "Why")
	var open []string
	unasked := map[string][]string{}
	for _, gate := range e.Gates {
		switch {
		case !gate.Open:
			g.row("**"+prose(gate.Name)+"**", prose(gate.Reason))
		case gate.Reason == "":
			open = append(open, prose(gate.Name))
		default:
			unasked[gate.Reason] = append(unasked[gate.Reason], prose(gate.Name))
		}
	}
	p.table("", g)
	if len(open) > 0 {
		p.say("Open gates: %s.", strings.Join(open, ", "))
	}
	for _, r := range slices.Sorted(maps.Keys(unasked)) {
		p.say("Gates %s: %s.", prose(r), strings.Join(unasked[r], ", "))
	}
}

func (s *Status) totalsMarkdown() string {
	parts := make([]string, 0, len(s.Totals))
	for _, v := range slices.Sorted(maps.Keys(s.Totals)) {
		parts = append(parts, strconv.Itoa(s.Totals[v])+" "+prose(v))
	}
	return strings.Join(parts, " · ")
}
