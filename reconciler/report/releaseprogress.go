package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

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
