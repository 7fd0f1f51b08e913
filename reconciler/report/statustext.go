package report

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// barWidth is how wide the progress of a rollout is drawn.
const barWidth = 24

// maxLines bounds the clusters that a status lists one by one.
const maxLines = 12

// Text renders the status for a terminal. What needs somebody comes first.
func (s *Status) Text(p Paint) string {
	var b strings.Builder
	s.head(&b, p)
	s.alarms(&b, p)
	for i := range s.Releases {
		s.Releases[i].text(&b, p)
	}
	s.inFlight(&b, p)
	s.waiting(&b, p)
	for _, n := range s.Notes {
		fmt.Fprintf(&b, "\n%s %s\n", p.as(Warn, "note"), clean(n))
	}
	return b.String()
}

func (s *Status) head(b *strings.Builder, p Paint) {
	name := s.Fleet
	if name == "" {
		name = "fleet"
	}
	fmt.Fprintf(b, "%s  %s", p.as(Strong, name), p.as(Dim, s.At.UTC().Format("Mon 2 Jan 15:04 UTC")))
	if s.Commit != "" {
		fmt.Fprintf(b, "  %s", p.as(Dim, "commit "+short(s.Commit)))
	}
	fmt.Fprintf(b, "  %s", count(s.Clusters, "cluster", "clusters"))
	for _, v := range slices.Sorted(maps.Keys(s.Totals)) {
		fmt.Fprintf(b, "  %s", p.as(roleOf(v), strconv.Itoa(s.Totals[v])+" "+v))
	}
	b.WriteByte('\n')
}

// alarms are what somebody has to do something about.
func (s *Status) alarms(b *strings.Builder, p Paint) {
	if s.Commit == "" {
		fmt.Fprintf(b, "\n%s no commit is in force: nothing is touched\n", p.as(Bad, "STOPPED"))
	}
	if s.Paused != nil {
		fmt.Fprintf(b, "\n%s everything since %s: %s\n", p.as(Bad, "PAUSED"), clock(s.Paused.At, s.At), clean(pauseReason(s.Paused)))
		for _, r := range s.Releases {
			for _, h := range r.held() {
				fmt.Fprintf(b, "        held:       %s in %s\n", clean(r.Product), clean(h))
			}
		}
		b.WriteString("        go on with: wavegate resume\n")
	}
	for _, r := range s.Releases {
		if r.Paused != nil {
			r.pausedText(b, p, s.At)
		}
	}
	if s.Frozen != nil {
		fmt.Fprintf(b, "\n%s commit %s: %s\n", p.as(Bad, "FROZEN"), clean(short(s.Frozen.Commit)), clean(s.Frozen.Reason))
	}
	for _, problem := range s.Problems {
		fmt.Fprintf(b, "\n%s %s\n", p.as(Warn, "PROBLEM"), clean(problem))
	}
}

// pausedText says why, on what evidence, what is held where, and how to go on.
func (r *Release) pausedText(b *strings.Builder, p Paint, at time.Time) {
	fmt.Fprintf(b, "\n%s %s since %s: %s\n", p.as(Bad, "PAUSED"), clean(r.ID), clock(r.Paused.At, at), clean(pauseReason(r.Paused)))
	line := func(name, text string) {
		if text != "" {
			fmt.Fprintf(b, "        %-11s %s\n", name+":", clean(text))
		}
	}
	failed := r.newest()
	if verdict := failed.Evidence.Verdict(); verdict != "" {
		line("evidence", failed.Cluster+": "+verdict)
	}
	line("see", failed.Evidence.Link)
	for _, h := range r.held() {
		line("held", h)
	}
	line("go on with", "wavegate resume "+r.ID)
}

// pauseReason says why, and who paused when that is not said.
func pauseReason(x *plan.Pause) string {
	if x.By == "" || strings.Contains(x.Reason, x.By) {
		return x.Reason
	}
	return x.Reason + " (by " + x.By + ")"
}

func (r *Release) text(b *strings.Builder, p Paint) {
	fmt.Fprintf(b, "\n%s %s", p.as(Strong, r.Product+" "+r.Version), p.as(Dim, r.ID))
	switch {
	case r.Paused != nil:
		b.WriteString("  " + p.as(Bad, "paused"))
	case r.Done:
		b.WriteString("  " + p.as(Good, "completed"))
	}
	switch allowed := r.allowed(); {
	case r.Failures > 0 && allowed != "":
		b.WriteString("  " + p.as(Bad, strconv.Itoa(r.Failures)+" failed") + p.as(Dim, ", "+allowed))
	case r.Failures > 0:
		b.WriteString("  " + p.as(Bad, strconv.Itoa(r.Failures)+" failed"))
	case allowed != "":
		b.WriteString("  " + p.as(Dim, "0 failed, "+allowed))
	}
	b.WriteByte('\n')
	name := 0
	for _, c := range r.Rollouts {
		name = max(name, utf8.RuneCountInString(c.Cohort))
	}
	for i := range r.Rollouts {
		r.Rollouts[i].text(b, p, name)
	}
}

func (r *Rollout) text(b *strings.Builder, p Paint, width int) {
	fmt.Fprintf(b, "  %-*s  %s  %*d/%d  %s", width, clean(r.Cohort), bar(barWidth, r.OnTarget, r.Running, r.Failed, r.Clusters, p),
		3, r.OnTarget, r.Clusters, p.as(roleOf(r.Phase), r.Phase))
	if w := r.wave(); w != "" {
		b.WriteString("  " + p.as(Dim, w))
	}
	if r.Reason != "" {
		b.WriteString("  " + p.as(Dim, clean(r.Reason)))
	}
	b.WriteByte('\n')
}

// wave says which wave is under way.
func (r *Rollout) wave() string {
	for i, w := range r.Waves {
		if w.Open && !w.Done {
			return fmt.Sprintf("wave %d/%d", i+1, len(r.Waves))
		}
	}
	return ""
}

func (s *Status) inFlight(b *strings.Builder, p Paint) {
	if len(s.InFlight) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s\n", p.as(Strong, "In flight"))
	t := table{indent: "  "}
	for i, l := range s.InFlight {
		if i == maxLines {
			break
		}
		t.row(lineCells(l)...)
	}
	t.write(b, p)
	if more := len(s.InFlight) - maxLines; more > 0 {
		fmt.Fprintf(b, "  %s\n", p.as(Dim, "and "+strconv.Itoa(more)+" more"))
	}
}

func lineCells(l Line) []cell {
	version := l.Version
	if l.Target != "" {
		version += " → " + l.Target
	}
	progress := ""
	if l.Target != "" {
		progress = fmt.Sprintf("broker %d/%d", l.Updated, l.Replicas)
	}
	return []cell{
		{l.Cluster, Strong},
		{l.Product, Plain},
		{l.Plane, Dim},
		{version, Plain},
		{progress, Plain},
		{l.Verdict, roleOf(l.Verdict)},
		{clean(l.Reason), Dim},
	}
}

func (s *Status) waiting(b *strings.Builder, p Paint) {
	if len(s.Waiting) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s\n", p.as(Strong, "Waiting"))
	t := table{indent: "  ", right: map[int]bool{0: true}}
	for i, g := range s.Waiting {
		if i == maxLines {
			break
		}
		reason := clean(g.Reason)
		if !g.Opens.IsZero() {
			reason += "; next opening " + clock(g.Opens, s.At)
		}
		t.row(cell{strconv.Itoa(g.Count), Plain}, cell{g.Product, Plain}, cell{g.Cohort, Plain}, cell{reason, Dim})
	}
	t.write(b, p)
}

// roleOf says how a verdict or a phase looks.
func roleOf(word string) Role {
	switch word {
	case plan.Current.String(), plan.PhaseFinished.String():
		return Good
	case plan.Starting.String(), plan.Rolling.String(), plan.PhaseSoaking.String():
		return Busy
	case plan.FailedVerdict.String(), plan.PhasePaused.String(), plan.Stopped.String(), plan.Unknown.String():
		return Bad
	case plan.Waiting.String(), plan.Drifted.String(), plan.Held.String(), plan.Unmanaged.String():
		return Warn
	default:
		return Dim
	}
}
