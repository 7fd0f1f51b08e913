package report

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/simulate"
)

// PullRequest is what the comment on an open pull request needs beside the
// preview.
type PullRequest struct {
	// ID tells its comment from others.
	ID string
	// Commit is the head that was looked at.
	Commit string
	// Files is the address below which the files of that commit are shown, or
	// empty: https://github.com/acme/fleet/blob/<commit>/.
	Files string
	// Problems are what is wrong with the fleet repository at that commit.
	Problems fleet.Problems
	// Approvals is the policy that will judge it: that of the spec in force.
	Approvals fleet.Approvals
	// Reviews are what people have said of it; nil when that is not known.
	Reviews *Reviews
}

// Markdown renders the preview as the comment on an open pull request. The times
// of the simulated rollout move with the clock, so they are not part of the
// fingerprint: the commits that were compared are.
func (v *Preview) Markdown(pr PullRequest) Post {
	p := newPost(KindPlan, pr.ID, "`wavegate plan --output json` shows all of it.")
	switch {
	case len(pr.Problems) > 0:
		invalidMarkdown(p, pr)
	case v.First != nil:
		v.First.markdown(p)
		pr.approvalMarkdown(p)
	default:
		v.summaryMarkdown(p)
		v.endMarkdown(p)
		v.opensMarkdown(p)
		v.wavesMarkdown(p)
		pr.approvalMarkdown(p)
		v.detailsMarkdown(p)
	}
	p.asOf(v.At)
	if pr.Commit != "" {
		p.foot("plan of " + code(short(pr.Commit)) + v.against())
	}
	p.foot("comment `/wavegate help` for the commands")
	return p.done("")
}

func (v *Preview) against() string {
	if v.From == "" {
		return ""
	}
	return " against " + code(short(v.From))
}

// maxProblems bounds the problems that are listed in the open; the rest is
// folded.
const maxProblems = 10

func invalidMarkdown(p *post, pr PullRequest) {
	p.say("### Not valid: %s", count(len(pr.Problems), "problem", "problems"))
	p.say("> [!CAUTION]\n> Merged like this, it would move nothing: what is in force stays in force. `wavegate validate` finds the same on your machine.")
	g := newGrid("the problems", "Where", "What is wrong", "What to do")
	for _, x := range pr.Problems {
		g.row(place(x.Position, pr.Files), prose(x.Message), prose(x.Hint))
	}
	if len(g.rows) <= maxProblems {
		p.table("", g)
		return
	}
	rest := *g
	g.rows, rest.rows = g.rows[:maxProblems], g.rows[maxProblems:]
	p.table("", g)
	p.foldTable(fmt.Sprintf("%d more", len(rest.rows)), &rest)
}

// place names a position in a file, linked when it is known where the files are
// shown.
func place(at fleet.Position, files string) string {
	name := at.File
	if at.Line > 0 {
		name += ":" + strconv.Itoa(at.Line)
	}
	target, ok := httpAddress(files + strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(at.File, "%", "%25"), "?", "%3F"), "#", "%23"))
	if files == "" || !ok || at.File == "" {
		return code(name)
	}
	if at.Line > 0 {
		target += "#L" + strconv.Itoa(at.Line)
	}
	return "[" + code(name) + "](" + target + ")"
}

// summaryMarkdown says in a line what would change, and in another what that
// touches.
func (v *Preview) summaryMarkdown(p *post) {
	clusters, waves := 0, 0
	if v.Run != nil {
		for _, r := range v.Run.Rollouts {
			for _, w := range r.Waves {
				clusters += len(w.Clusters)
			}
			waves += len(r.Waves)
		}
	}
	switch {
	case len(v.Moves) == 0:
		p.say("### No version moves")
	case clusters == 0:
		p.say("### %s: no cluster is upgraded", v.movesTitle())
	default:
		p.say("### %s: %s in %s", v.movesTitle(), count(clusters, "cluster", "clusters"), count(waves, "wave", "waves"))
	}
	if v.Refused != "" {
		p.say("> [!CAUTION]\n> **It would be refused, also with approvals:** %s", prose(v.Refused))
	}
	if len(v.Moves) > 1 {
		g := newGrid("the moves", "Product", "Cohort", "From", "To", "")
		for _, m := range v.Moves {
			note := ""
			if m.Emergency != "" {
				note = "emergency " + code(m.Emergency)
			}
			g.row(prose(m.Product), prose(m.Cohort), orWord(code(m.From), "new"), orWord(code(m.To), "no version any more"), note)
		}
		p.table("", g)
	} else if len(v.Moves) == 1 && v.Moves[0].Emergency != "" {
		p.say("Emergency %s.", code(v.Moves[0].Emergency))
	}
	if len(v.Touches) > 0 {
		p.say("%s", v.touchesMarkdown())
	}
}

func orWord(s, word string) string {
	if s == "" {
		return word
	}
	return s
}

// movesTitle says what moves, in a few words.
func (v *Preview) movesTitle() string {
	first := v.Moves[0]
	product, to := true, true
	for _, m := range v.Moves {
		product = product && m.Product == first.Product
		to = to && m.To == first.To
	}
	switch {
	case len(v.Moves) == 1 && first.To == "":
		return fmt.Sprintf("%s in %s: no version any more", prose(first.Product), prose(first.Cohort))
	case len(v.Moves) == 1 && first.From == "":
		return fmt.Sprintf("%s %s in %s", prose(first.Product), prose(first.To), prose(first.Cohort))
	case len(v.Moves) == 1:
		return fmt.Sprintf("%s %s → %s in %s", prose(first.Product), prose(first.From), prose(first.To), prose(first.Cohort))
	case product && to && first.To != "":
		return fmt.Sprintf("%s → %s in %d cohorts", prose(first.Product), prose(first.To), len(v.Moves))
	default:
		return fmt.Sprintf("%d versions move", len(v.Moves))
	}
}

func (v *Preview) touchesMarkdown() string {
	parts := make([]string, 0, len(v.Touches))
	for _, t := range v.Touches {
		part := strconv.Itoa(t.Values) + " × " + code(labelWord(t.Label))
		if len(t.Names) > 0 {
			names := make([]string, len(t.Names))
			for i, n := range t.Names {
				names[i] = code(n)
			}
			part += " (" + strings.Join(names, ", ") + ")"
		}
		parts = append(parts, part)
	}
	return "Touches " + strings.Join(parts, " · ")
}

// labelWord drops the domain of Wavegate's own labels.
func labelWord(label string) string { return strings.TrimPrefix(label, "wavegate.dev/") }

// endMarkdown says when all of it is done, or what keeps it from that.
func (v *Preview) endMarkdown(p *post) {
	switch {
	case v.Run == nil || len(v.Run.Rollouts) == 0:
	case v.Run.Done:
		p.say("**Finishes%s if nothing fails.**", fleeting(" "+stamp(v.Run.End, v.At)+", "+span(v.Run.End.Sub(v.At))+" after it takes effect,"))
	default:
		p.say("> [!WARNING]\n> **It does not finish** as things stand.%s", v.stands())
	}
	if v.Run != nil {
		v.blockedMarkdown(p)
	}
}

// stands says where rollouts end up that do not finish, when no cluster tells.
func (v *Preview) stands() string {
	if v.Run.BlockedCount > 0 {
		return ""
	}
	for i := range v.Run.Rollouts {
		if r := &v.Run.Rollouts[i]; r.Ends.IsZero() && r.Reason != "" {
			return " " + prose(r.Product) + " in " + prose(r.Cohort) + " is " + prose(r.Phase.String()) + ": " + prose(r.Reason)
		}
	}
	return ""
}

// opensMarkdown says when the first cluster may start, where a window is closed at
// the moment at which the change would take effect.
func (v *Preview) opensMarkdown(p *post) {
	if v.Run == nil {
		return
	}
	for _, d := range v.Run.Delays {
		if isWindow(d.Gate) && !d.Since.After(v.Run.From) {
			p.say("**It waits for a window:** %s. The next opening is %s.", prose(d.Reason), v.moment(d.Opens, "not within three months"))
			return
		}
	}
}

func (v *Preview) wavesMarkdown(p *post) {
	if v.Run == nil {
		return
	}
	for i := range v.Run.Rollouts {
		v.rolloutMarkdown(p, &v.Run.Rollouts[i], len(v.Run.Rollouts) > 1)
	}
}

// detailsMarkdown folds what one seldom looks at.
func (v *Preview) detailsMarkdown(p *post) {
	if v.Run == nil {
		return
	}
	v.delaysMarkdown(p)
	v.clustersMarkdown(p)
}

func (v *Preview) rolloutMarkdown(p *post, r *simulate.Rollout, several bool) {
	g := newGrid("the waves", "Wave", ">Clusters", "Starts", "Finishes", "Soaks")
	for i, w := range r.Waves {
		starts, finishes, soak := v.moment(w.Starts, "does not start"), "", ""
		switch {
		case len(w.Clusters) == 0:
			starts = "nobody is left for it"
		case !w.Starts.IsZero():
			finishes = v.moment(w.Finishes, "does not finish")
		}
		if w.Soak > 0 {
			soak = span(w.Soak)
			if !w.SoakEnds.IsZero() {
				soak += ", until " + v.moment(w.SoakEnds, "")
			}
		}
		g.row(fmt.Sprintf("%d of %d", i+1, len(r.Waves)), strconv.Itoa(len(w.Clusters)), starts, finishes, soak)
	}
	title := ""
	if several {
		title = prose(r.Product) + " in " + prose(r.Cohort)
	}
	p.table(title, g)
}

// moment writes a simulated time; it moves with the clock.
func (v *Preview) moment(t time.Time, never string) string {
	if t.IsZero() {
		return never
	}
	return fleeting(stamp(t, v.At))
}

func (v *Preview) blockedMarkdown(p *post) {
	if len(v.Run.Blind) > 0 {
		g := newGrid("what is blind", "Nothing starts until this is repaired")
		for _, why := range v.Run.Blind {
			g.row(prose(why))
		}
		p.table("What blocks now: monitors cannot be relied upon", g)
	}
	if v.Run.BlockedCount == 0 {
		return
	}
	g := newGrid("what blocks", ">Clusters", "State", "Why", "For example")
	for _, x := range v.Run.Blocked {
		g.row(strconv.Itoa(x.Clusters), prose(x.Verdict), prose(x.Reason), code(x.Example))
	}
	p.table(fmt.Sprintf("What blocks: %s would still wait in the end", count(v.Run.BlockedCount, "cluster", "clusters")), g)
}

func (v *Preview) delaysMarkdown(p *post) {
	g := newGrid("what delays", "From", ">Clusters", "Why", "Next opening")
	for _, d := range v.Run.Delays {
		opens := ""
		if isWindow(d.Gate) {
			opens = v.moment(d.Opens, "none within three months")
		}
		g.row(fleeting(stamp(d.Since, v.At)), fleeting(strconv.Itoa(d.Clusters)), prose(d.Reason), opens)
	}
	if len(g.rows) > 0 {
		p.foldTable("What makes clusters wait on the way: "+strconv.Itoa(len(g.rows)), g)
	}
}

// clustersMarkdown names every cluster, in the order in which they are upgraded.
func (v *Preview) clustersMarkdown(p *post) {
	var rows []string
	n := 0
	for _, r := range v.Run.Rollouts {
		for i, w := range r.Waves {
			if len(w.Clusters) == 0 {
				continue
			}
			n += len(w.Clusters)
			rows = append(rows, fmt.Sprintf("- **%s in %s, wave %d**", prose(r.Product), prose(r.Cohort), i+1))
			for _, c := range w.Clusters {
				rows = append(rows, "  - "+code(c))
			}
		}
	}
	p.fold("The clusters, in their order: "+strconv.Itoa(n), "the clusters", "", rows)
}
