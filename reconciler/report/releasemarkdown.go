package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/admission"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// ReleaseView is what the living comment on a merged pull request needs beside
// the status.
type ReleaseView struct {
	// ID tells the comment from others.
	ID string
	// Commit is what was merged; Release and Cohort are what it moves. Without a
	// release it moves no version.
	Commit, Release, Cohort string
	// Judgement is what admission says of the commit, as long as it is not in
	// force.
	Judgement *admission.Judgement
	// SupersededBy is the release that took its place in the cohort, or empty;
	// SupersededLink is the address of its pull request, or empty.
	SupersededBy, SupersededLink string
	// Answers are the newest commands that were given on the pull request.
	Answers []Answer
}

// releasePost renders one release; the parts of the comment are its methods.
type releasePost struct {
	*post
	s       *Status
	view    ReleaseView
	release *Release
	rollout *Rollout // of the cohort that the pull request moves
}

// ReleaseMarkdown renders the living comment on a merged pull request. What
// stands still says why before anything else, since when, and what to do.
func (s *Status) ReleaseMarkdown(view ReleaseView) Post {
	p := &releasePost{post: newPost(KindRelease, view.ID, "`wavegate status` shows all of it."), s: s, view: view}
	for i := range s.Releases {
		if r := &s.Releases[i]; r.ID == view.Release && view.Release != "" {
			p.release = r
			for k := range r.Rollouts {
				if r.Rollouts[k].Cohort == view.Cohort || view.Cohort == "" && p.rollout == nil {
					p.rollout = &r.Rollouts[k]
				}
			}
		}
	}
	switch {
	case view.Judgement != nil && view.Judgement.Status != admission.Admitted:
		p.notAdmitted()
	case view.SupersededBy != "":
		p.superseded()
	case p.release == nil:
		p.say("### In force")
		p.say("Commit %s is in force. It moves no version that is under way.", code(short(view.Commit)))
		p.alarms()
	default:
		p.underWay()
	}
	p.answers()
	p.asOf(s.At)
	if s.Commit != "" {
		p.foot("in force " + code(short(s.Commit)))
	}
	if p.release != nil {
		p.foot("`/wavegate` `pause`, `resume`, `abort`, `retry`, `skip`, `explain`, `status`, `help`")
	} else {
		p.foot("comment `/wavegate help` for the commands")
	}
	return p.done("")
}

// notAdmitted says that the merged commit has no effect, why, and what to do.
func (p *releasePost) notAdmitted() {
	j := p.view.Judgement
	commit, inForce := code(short(p.view.Commit)), "nothing is in force yet"
	if p.s.Commit != "" {
		inForce = "commit " + code(short(p.s.Commit)) + " stays in force"
	}
	if j.Status == admission.Pending {
		p.say("### Waiting: the merged commit cannot be judged yet")
		p.say("> [!NOTE]\n> %s\n>\n> Until then %s. Wavegate looks again by itself.", prose(j.Reason), inForce)
		return
	}
	p.say("### Not admitted: the merged commit has no effect")
	p.say("> [!CAUTION]\n> **Why:** %s\n>\n> Commit %s moves nothing; %s.", prose(j.Reason), commit, inForce)
	if j.Rewritten && p.s.Commit != "" {
		p.s.bringBack(p.post)
		return
	}
	p.say("**What to do:** one of\n\n- Revert it with a pull request. The commits behind it can then take effect.\n" +
		"- Mend what the reason names with an approved pull request, or have the approvals given. Wavegate looks again by itself.")
}

func (p *releasePost) superseded() {
	p.say("### %s: superseded", p.title())
	p.say("%s took its place%s. Nothing more is started for this one; clusters that were half way went on to the newer version.",
		linkedCode(p.view.SupersededBy, p.view.SupersededLink), p.inCohort())
	p.alarms()
	if p.release != nil {
		p.progress()
	}
}

func (p *releasePost) inCohort() string {
	if p.view.Cohort == "" {
		return ""
	}
	return " in " + code(p.view.Cohort)
}

func (p *releasePost) title() string {
	name := prose(p.view.Release)
	if p.release != nil {
		name = prose(p.release.Product) + " " + prose(p.release.Version)
	}
	if p.view.Cohort != "" {
		name += " in " + prose(p.view.Cohort)
	}
	return name
}

func (p *releasePost) underWay() {
	state, done := "under way", ""
	if p.release.Done {
		state = "completed"
	}
	if r := p.rollout; r != nil {
		state = r.Phase
		if r.Phase != plan.PhaseFinished.String() {
			done = fmt.Sprintf(", %d of %s done", r.OnTarget, count(r.Clusters, "cluster", "clusters"))
		}
	}
	if p.release.Paused != nil || p.s.Paused != nil {
		state = plan.PhasePaused.String()
	}
	p.say("### %s: %s%s", p.title(), prose(state), done)
	p.alarms()
	p.finished()
	p.waits()
	p.failures()
	p.progress()
	p.waves()
	p.inFlight()
	p.waiting()
}

// finished says when the cohort was done and how it went.
func (p *releasePost) finished() {
	r := p.rollout
	if r == nil || r.FinishedAt.IsZero() {
		return
	}
	took := ""
	if !r.StartedAt.IsZero() {
		took = ", " + span(r.FinishedAt.Sub(r.StartedAt)) + " after its start"
	}
	failed := 0
	for _, f := range p.release.Failed {
		if f.Cohort == r.Cohort {
			failed++
		}
	}
	p.say("Finished and soaked %s%s, with %s.", stamp(r.FinishedAt, p.s.At), took, count(failed, "failure", "failures"))
}

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

// progress is the train of cohorts.
func (p *releasePost) progress() {
	g := newGrid("the cohorts", "Cohort", "Progress", ">Clusters", "State", ">Failure budget")
	for i := range p.release.Rollouts {
		r := &p.release.Rollouts[i]
		name := prose(r.Cohort)
		if r == p.rollout && len(p.release.Rollouts) > 1 {
			name = "**" + name + "**"
		}
		g.row(name, progressBar(r), fmt.Sprintf("%d/%d", r.OnTarget, r.Clusters), r.stateMarkdown(p.s.At), r.budgetMarkdown(p.release))
	}
	p.table("", g)
	if slices.ContainsFunc(p.release.Rollouts, func(r Rollout) bool { return r.Running+r.Failed > 0 }) {
		p.foot("█ done ▒ in flight ▓ failed")
	}
}

// progressBar draws a rollout as a text of always the same width.
func progressBar(r *Rollout) string {
	const width = 20
	return "`" + bar(width, r.OnTarget, r.Running, r.Failed, r.Clusters, nil) + "`"
}

func (r *Rollout) stateMarkdown(at time.Time) string {
	parts := []string{prose(r.Phase)}
	if w := r.wave(); w != "" {
		parts = append(parts, w)
	}
	if !r.FinishedAt.IsZero() {
		parts = append(parts, stamp(r.FinishedAt, at))
	}
	if r.Emergency != "" {
		parts = append(parts, "emergency "+code(r.Emergency))
	}
	return strings.Join(parts, ", ")
}

// budgetMarkdown says how much of the failure budget is spent. Failures of the
// release count in every cohort.
func (r *Rollout) budgetMarkdown(release *Release) string {
	if r.Phase == plan.PhaseFinished.String() {
		return ""
	}
	return fmt.Sprintf("%d of %s spent", release.Failures, r.budgetText())
}

// waves are those of the cohort that the pull request moves.
func (p *releasePost) waves() {
	if p.rollout == nil {
		return
	}
	g := newGrid("the waves", "Wave", ">Clusters", "Started", "Finished", "Soak")
	for i, w := range p.rollout.Waves {
		soak := ""
		switch {
		case w.Soak == 0:
		case !w.SoakedAt.IsZero():
			soak = span(w.Soak) + ", soaked " + stamp(w.SoakedAt, p.s.At)
		case !w.FinishedAt.IsZero():
			soak = span(w.Soak) + ", until about " + p.soakEnds(w)
		default:
			soak = span(w.Soak)
		}
		g.row(fmt.Sprintf("%d of %d", i+1, len(p.rollout.Waves)), w.countMarkdown(), stampOr(w.OpenedAt, p.s.At), stampOr(w.FinishedAt, p.s.At), soak)
	}
	p.table("", g)
}

func stampOr(t, at time.Time) string {
	if t.IsZero() {
		return ""
	}
	return stamp(t, at)
}

func (w Wave) countMarkdown() string {
	text := fmt.Sprintf("%d/%d", w.Finished, w.Size)
	if w.Done && w.Finished+w.Running+w.Failed+w.Skipped == 0 {
		// Of a rollout that has ended nothing is kept of its single clusters.
		text = fmt.Sprint(w.Size)
	}
	if w.Skipped > 0 {
		text += fmt.Sprintf(", %d skipped", w.Skipped)
	}
	return text
}

// concerns reports whether a cluster or group belongs to the release.
func (p *releasePost) concerns(product, cohort string) bool {
	for i := range p.release.Rollouts {
		if p.release.Product == product && p.release.Rollouts[i].Cohort == cohort {
			return true
		}
	}
	return false
}

func (p *releasePost) inFlight() {
	g := lineGrid()
	for _, l := range p.s.InFlight {
		if !p.concerns(l.Product, l.Cohort) {
			continue
		}
		if p.told(l.Reason) {
			l.Reason = ""
		}
		lineRow(g, l)
	}
	p.clusters("In flight", g)
}

// told reports whether a reason stands further up already.
func (p *releasePost) told(reason string) bool {
	return p.release.Paused != nil && reason == p.release.Paused.Reason ||
		slices.ContainsFunc(p.release.Failed, func(f Failure) bool { return f.Reason == reason })
}

func lineGrid() *grid {
	return newGrid("the clusters in flight", "Cluster", "Data plane", "Version", "Progress", "State", "Why")
}

func lineRow(g *grid, l Line) {
	version, progress := code(l.Version), ""
	if l.Target != "" {
		version += " → " + code(l.Target)
		progress = fmt.Sprintf("broker %d/%d", l.Updated, l.Replicas)
	}
	g.row(code(l.Cluster), prose(l.Plane), version, progress, prose(l.Verdict), prose(l.Reason))
}

// clusters shows the first rows and folds the rest.
func (p *post) clusters(title string, g *grid) {
	if len(g.rows) <= maxLines {
		p.table(title, g)
		return
	}
	rest := *g
	g.rows, rest.rows = g.rows[:maxLines], g.rows[maxLines:]
	p.table(fmt.Sprintf("%s: %d", title, len(g.rows)+len(rest.rows)), g)
	p.foldTable(fmt.Sprintf("%d more", len(rest.rows)), &rest)
}

// waiting sums up why clusters of the release wait. It is folded: the reason that
// holds the rollout itself is told above.
func (p *releasePost) waiting() {
	g := waitingGrid()
	n := 0
	for _, w := range p.s.Waiting {
		if p.concerns(w.Product, w.Cohort) {
			waitingRow(g, w, p.s.At)
			n += w.Count
		}
	}
	if n > 0 {
		p.foldTable(count(n, "cluster waits", "clusters wait"), g)
	}
}

func waitingGrid() *grid {
	return newGrid("what clusters wait for", ">Clusters", "Product", "Cohort", "Why", "Next opening", "For example")
}

func waitingRow(g *grid, w Group, at time.Time) {
	opens := stampOr(w.Opens, at)
	if isWindow(w.Gate) && w.Opens.IsZero() {
		opens = "none within three months"
	}
	g.row(strconv.Itoa(w.Count), prose(w.Product), prose(w.Cohort), prose(w.Reason), opens, code(w.Example))
}
