package demo

import (
	"fmt"
	"io"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
	"github.com/wavegate-dev/wavegate/reconciler/report"
)

// screen is how the story is shown.
type screen interface {
	// caption says what happens now.
	caption(text string)
	// show shows a cycle.
	show(in report.Input, c *reconciler.Cycle)
	// finish shows the last picture and what is left to say.
	finish(in report.Input, text string)
	close()
}

// line is an event in one line, or nothing when it is too small to tell.
func line(e *plan.Event) string {
	switch e.Kind {
	case plan.ClusterStepped, plan.Decided, plan.SoakCredited, plan.DurationLearnt, plan.BaselineConfirmed,
		plan.DataPlaneSeen, plan.ClusterStarted, plan.ClusterFinished, plan.ClusterHeld, plan.TargetSet, plan.DriftGone:
		return ""
	default:
	}
	subject := e.Cluster
	if subject == "" {
		subject = e.Cohort
	}
	if subject == "" {
		subject = e.Release
	}
	text := e.At.Format("Mon 15:04") + "  " + strings.TrimSpace(subject+"  "+report.What(e))
	if e.Reason != "" && e.Kind != plan.CommitAdmitted {
		text += ": " + e.Reason
	}
	if e.Kind == plan.CommitAdmitted {
		text = e.At.Format("Mon 15:04") + "  commit " + e.Commit[:7] + " is in force"
	}
	return text
}

// plain tells the story line by line, for everything that is no terminal.
type plain struct {
	out   io.Writer
	paint report.Paint
	seen  map[string]bool
}

func (p *plain) caption(text string) { _, _ = fmt.Fprintf(p.out, "\n%s\n", text) }

func (p *plain) show(_ report.Input, c *reconciler.Cycle) {
	if p.seen == nil {
		p.seen = map[string]bool{}
	}
	for i := range c.Events {
		if text := line(&c.Events[i]); text != "" {
			_, _ = fmt.Fprintf(p.out, "  %s\n", text)
		}
	}
	// A rollout that waits says why, once for each reason.
	for i := range c.Plan.Rollouts {
		r := &c.Plan.Rollouts[i]
		key := r.Release + r.Cohort + r.Gate
		if r.Release != "" && r.Gate != "" && r.Phase != plan.PhasePaused && !p.seen[key] {
			p.seen[key] = true
			_, _ = fmt.Fprintf(p.out, "  %s  %s %s: %s\n", c.At.Format("Mon 15:04"), r.Cohort, r.Phase, r.Reason)
		}
	}
	for _, problem := range c.Problems {
		_, _ = fmt.Fprintf(p.out, "  %s  problem: %s\n", c.At.Format("Mon 15:04"), problem)
	}
}

func (p *plain) finish(in report.Input, text string) {
	_, _ = io.WriteString(p.out, "\n"+report.NewStatus(in).Text(p.paint)+text)
}

func (p *plain) close() {}

// live draws the story on a terminal, picture after picture.
type live struct {
	cfg    Config
	text   string
	recent []string
	open   bool
}

// recentLines is how many events stay on the screen.
const recentLines = 5

func newLive(cfg Config) *live { return &live{cfg: cfg} }

func (l *live) caption(text string) { l.text = text }

func (l *live) show(in report.Input, c *reconciler.Cycle) {
	for i := range c.Events {
		if text := line(&c.Events[i]); text != "" {
			l.recent = append(l.recent, text)
		}
	}
	if n := len(l.recent) - recentLines; n > 0 {
		l.recent = l.recent[n:]
	}
	if !l.open {
		l.open = true
		// The alternate screen leaves what was there before as it was.
		_, _ = io.WriteString(l.cfg.Out, ansi.SetModeAltScreenSaveCursor+ansi.HideCursor+ansi.EraseEntireDisplay)
	}
	_, _ = io.WriteString(l.cfg.Out, l.picture(in))
}

// picture is one frame: what happens, how the fleet stands, what has happened.
func (l *live) picture(in report.Input) string {
	width, height := l.cfg.Size()
	body := strings.Split(strings.TrimRight(report.NewStatus(in).Text(l.cfg.Paint), "\n"), "\n")
	head := []string{l.as(report.Strong, l.text), ""}
	foot := []string{""}
	for _, r := range l.recent {
		foot = append(foot, l.as(report.Dim, r))
	}
	room := max(3, height-len(head)-len(foot))
	if len(body) > room {
		body = append(body[:room-1], l.as(report.Dim, "…"))
	}
	for len(body) < room {
		body = append(body, "")
	}
	var b strings.Builder
	b.WriteString(ansi.CursorHomePosition)
	lines := append(append(head, body...), foot...)
	for i, text := range lines[:min(len(lines), height)] {
		if i > 0 {
			b.WriteString("\r\n")
		}
		b.WriteString(ansi.Truncate(text, width, "…") + ansi.EraseLineRight)
	}
	b.WriteString(ansi.EraseScreenBelow)
	return b.String()
}

func (l *live) as(r report.Role, s string) string {
	if l.cfg.Paint == nil {
		return s
	}
	return l.cfg.Paint(r, s)
}

func (l *live) finish(in report.Input, text string) {
	if l.cfg.Keep {
		l.text = "The story is over; the fleet runs on until you press Ctrl-C."
		return
	}
	l.close()
	_, _ = io.WriteString(l.cfg.Out, report.NewStatus(in).Text(l.cfg.Paint)+text)
}

func (l *live) close() {
	if l.open {
		l.open = false
		_, _ = io.WriteString(l.cfg.Out, ansi.ShowCursor+ansi.ResetModeAltScreenSaveCursor)
	}
}
