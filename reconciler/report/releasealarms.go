package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// alarms are what somebody has to do something about.
func (p *releasePost) alarms() {
	if p.s.Paused != nil {
		p.say("> [!CAUTION]\n> **Everything is paused since %s:** %s\n>\n> No cluster of the fleet is touched. Go on at a terminal with `wavegate resume`.",
			stamp(p.s.Paused.At, p.s.At), pauseMarkdown(p.s.Paused))
	}
	if p.release != nil && p.release.Paused != nil {
		p.paused(p.release.Paused)
	}
	if f := p.s.Frozen; f != nil && f.Commit != p.view.Commit {
		p.say("> [!WARNING]\n> **New commits take no effect** since %s, because of commit %s: %s%s", stamp(f.Since, p.s.At), code(short(f.Commit)), prose(f.Reason),
			"\n>\n> What is under way goes on.")
	}
	if p.s.Commit == "" {
		p.say("> [!CAUTION]\n> **No commit is in force:** nothing is touched.")
	}
	p.problems()
}

// maxShownProblems bounds the problems of a cycle that are told one by one.
const maxShownProblems = 5

// problems are what went wrong in the cycle. Their number is part of the
// fingerprint and their words are not: errors differ a little every time.
func (p *releasePost) problems() {
	if len(p.s.Problems) == 0 {
		return
	}
	var b strings.Builder
	for i, x := range p.s.Problems {
		if i == maxShownProblems {
			fmt.Fprintf(&b, "\n>\n> and %d more", len(p.s.Problems)-i)
			break
		}
		b.WriteString("\n>\n> " + prose(x))
	}
	p.say("> [!WARNING]\n> **Wavegate has %s:**%s", count(len(p.s.Problems), "problem", "problems"), fleeting(b.String()))
}

func pauseMarkdown(x *plan.Pause) string {
	reason := prose(x.Reason)
	if x.By != "" && !strings.Contains(x.Reason, x.By) {
		reason += " (by " + principal(x.By) + ")"
	}
	return reason
}

// paused says why, which cluster and monitor, and the commands that go on.
func (p *releasePost) paused(x *plan.Pause) {
	held := ""
	if where := p.release.held(); len(where) > 0 {
		held = "\n>\n> **Held:** " + prose(strings.Join(where, "; "))
	}
	p.say("> [!CAUTION]\n> **Paused since %s:** %s\n>\n> Nothing is started and no broker more is touched. It stays so until somebody resumes it.%s",
		stamp(x.At, p.s.At), pauseMarkdown(x), held)
	p.failures()
	commands := [][2]string{
		{"/wavegate resume", "go on; the failures so far are accepted"},
		{"/wavegate abort", "go back: opens the pull request that reverts"},
	}
	if f := p.release.Failed; len(f) > 0 && isPlainName(f[0].Cluster) {
		commands = append(commands,
			[2]string{"/wavegate retry " + f[0].Cluster, "try the cluster again, once it is resumed"},
			[2]string{"/wavegate skip " + f[0].Cluster + " REASON", "leave it as it is, and let the wave finish"})
	}
	width := 0
	for _, c := range commands {
		width = max(width, len(c[0]))
	}
	lines := make([]string, len(commands))
	for i, c := range commands {
		lines[i] = fmt.Sprintf("%-*s  %s", width, c[0], c[1])
	}
	p.say("**What to do:** find out why, then comment one of\n\n```text\n%s\n```", strings.Join(lines, "\n"))
}

// isPlainName reports whether a name can be shown within a command.
func isPlainName(s string) bool {
	return s != "" && len(s) <= 100 && strings.IndexFunc(s, func(r rune) bool {
		return r > 0x7e || (!isLetter(byte(r)) && !isDigit(byte(r)) && !strings.ContainsRune("._-/", r))
	}) < 0
}

// failures lists the clusters that failed, once.
func (p *releasePost) failures() {
	if p.release == nil || len(p.release.Failed) == 0 || p.has("the failures") {
		return
	}
	g := newGrid("the failures", "Failed", "Cohort", "Why", "Since", "Fires now")
	for _, f := range p.release.Failed {
		why := f.Reason
		if verdict := f.Evidence.Verdict(); verdict != "" {
			why += "; " + verdict
		}
		text := prose(why)
		if len(f.Alerts) == 0 && f.Evidence.Link != "" {
			text += " (" + link(f.Evidence.Monitor, f.Evidence.Link) + ")"
		}
		g.row(code(f.Cluster), prose(f.Cohort), text, stamp(f.At, p.s.At), alertsMarkdown(f.Alerts))
	}
	p.table("", g)
}

func (p *post) has(name string) bool {
	for i := range p.sections {
		if p.sections[i].name == name {
			return true
		}
	}
	return false
}

// maxAlerts bounds the monitors that are named for one cluster.
const maxAlerts = 5

func alertsMarkdown(alerts []Alert) string {
	var parts []string
	for i, a := range alerts {
		if i == maxAlerts {
			parts = append(parts, fmt.Sprintf("and %d more", len(alerts)-i))
			break
		}
		parts = append(parts, link(a.Monitor, a.Link))
	}
	return strings.Join(parts, ", ")
}

// advice says what to do about a gate, for those where the reason does not.
var advice = map[string]string{
	plan.MonitorBlind.String():       "repair the monitor; it goes on when the monitor answers again",
	plan.ClusterBlind.String():       "let the monitor see this cluster again (end the silence or the mute, bring its data back), or leave the cluster out with `/wavegate skip CLUSTER REASON`",
	plan.AlertUnderLook.String():     "look at the cluster; it goes on by itself when the alert is over in time, and is paused when not",
	plan.NotObserved.String():        "make the data plane reachable again",
	plan.DataPlaneNeverSeen.String(): "make the data plane reachable, or take it out of the configuration",
	plan.NotReady.String():           "heal the cluster, or leave it out with `/wavegate skip CLUSTER REASON`",
	plan.AlertFires.String():         "quiet the cluster, or leave it out with `/wavegate skip CLUSTER REASON`",
	plan.BudgetSpent.String():        "retry or skip what failed, then `/wavegate resume`",
	plan.VersionForbidden.String():   "go by a version in between, or change the product's version policy",
	plan.LateJoinerHeld.String():     "let it join with `/wavegate retry CLUSTER`",
}

// byItself are the gates that open without anybody's help.
var byItself = []string{
	plan.PredecessorNotDone.String(), plan.WaveNotOpen.String(), plan.LimitReached.String(), plan.WaveLimitReached.String(),
}

// isWindow reports whether a gate is about windows.
func isWindow(gate string) bool {
	return gate == plan.WindowClosed.String() || gate == plan.WindowTooShort.String()
}

// nextOpening says when what waits for a window goes on.
func nextOpening(opens, at time.Time) string {
	if opens.IsZero() {
		return "Its windows leave no room for it within three months.\n**What to do:** change them, or mend what makes the upgrade take so long"
	}
	return "It goes on by itself at the next opening, **" + stamp(opens, at) + "**."
}

// waits says why the rollout does not go on, when it does not.
func (p *releasePost) waits() {
	r := p.rollout
	if r == nil || r.Phase == plan.PhasePaused.String() || r.Phase == plan.PhaseFinished.String() {
		return
	}
	if r.Phase == plan.PhaseSoaking.String() {
		p.soaks()
		if r.Gate == "soaking" {
			return
		}
	}
	if r.Reason == "" {
		return
	}
	text := "**Waits:** " + prose(r.Reason)
	switch a := advice[r.Gate]; {
	case a != "":
		text += "\n**What to do:** " + a
	case isWindow(r.Gate):
		text += "\n" + nextOpening(r.Opens, p.s.At)
	case slices.Contains(byItself, r.Gate):
		text += "\nIt goes on by itself."
	}
	p.say("> [!NOTE]\n> %s", strings.ReplaceAll(text, "\n", "\n>\n> "))
}

// soaks says until when the wave must stay quiet.
func (p *releasePost) soaks() {
	for i, w := range p.rollout.Waves {
		if !w.FinishedAt.IsZero() && !w.Done {
			p.say("Wave %d soaks for %s: it must stay quiet until about %s.", i+1, span(w.Soak), p.soakEnds(w))
		}
	}
}

// soakEnds is when a wave has soaked if it stays quiet, to five minutes: only
// time that was watched counts, so the end may move.
func (p *releasePost) soakEnds(w Wave) string {
	const grain = 5 * time.Minute
	end := p.s.At.Add(max(0, w.Soak-w.Soaked))
	if up := end.Truncate(grain); up.Before(end) {
		end = up.Add(grain)
	}
	return stamp(end, p.s.At)
}
