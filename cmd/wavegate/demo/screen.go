package demo

import (
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
	"github.com/wavegate-dev/wavegate/reconciler/report"
)

// screen is how the story is shown.
type screen interface {
	// open says where the pull requests can be looked at.
	open(address string)
	// caption says what happens now.
	caption(text string)
	// show shows a cycle.
	show(v view, c *reconciler.Cycle)
	// told shows what Wavegate says on pull requests now.
	told(at time.Time, posts []post)
	// again shows the last picture once more.
	again()
	// finish shows the last picture and what is left to say.
	finish(v view, text string)
	close()
}

// view is what a picture is made of.
type view struct {
	report.Input
	on *post // what this part of the story is about; nil for nothing
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
	said  map[int]string // what Wavegate last said, without its numbers
}

func (p *plain) open(address string) {
	p.seen, p.said = map[string]bool{}, map[int]string{}
	_, _ = fmt.Fprintf(p.out, "Look at the pull requests while this runs: %s\n", address)
}

func (p *plain) caption(text string) { _, _ = fmt.Fprintf(p.out, "\n%s\n", text) }

func (p *plain) show(_ view, c *reconciler.Cycle) {
	at := c.At.Format("Mon 15:04")
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
			_, _ = fmt.Fprintf(p.out, "  %s  %s %s: %s\n", at, r.Cohort, r.Phase, r.Reason)
		}
	}
	for _, problem := range c.Problems {
		_, _ = fmt.Fprintf(p.out, "  %s  problem: %s\n", at, problem)
	}
}

// told says what is new; numbers change all the time and are not.
func (p *plain) told(at time.Time, posts []post) {
	for i := range posts {
		x := &posts[i]
		if said := numbers.ReplaceAllString(x.said, "#"); said != p.said[x.number] {
			p.said[x.number] = said
			_, _ = fmt.Fprintf(p.out, "  %s  #%d  Wavegate: %s\n", at.Format("Mon 15:04"), x.number, x.said)
			if x.alarm != "" {
				_, _ = fmt.Fprintf(p.out, "             %s\n", as(p.paint, report.Bad, x.alarm))
			}
		}
	}
}

var numbers = regexp.MustCompile(`[0-9]+`)

func (p *plain) again() {}

func (p *plain) finish(v view, text string) {
	_, _ = io.WriteString(p.out, "\n"+report.NewStatus(v.Input).Text(p.paint)+text)
}

func (p *plain) close() {}

// live draws the story on a terminal, picture after picture.
type live struct {
	cfg     Config
	address string
	text    string
	recent  []string
	shown   view
	drawing bool
	over    string // what is left to say when it ends
}

// recentLines is how many events stay on the screen.
const recentLines = 5

func newLive(cfg Config) *live { return &live{cfg: cfg} }

func (l *live) open(address string) { l.address = address }

func (l *live) caption(text string) { l.text = text }

func (l *live) show(v view, c *reconciler.Cycle) {
	for i := range c.Events {
		if text := line(&c.Events[i]); text != "" {
			l.recent = append(l.recent, text)
		}
	}
	if n := len(l.recent) - recentLines; n > 0 {
		l.recent = l.recent[n:]
	}
	l.shown = v
	if !l.drawing {
		l.drawing = true
		// The alternate screen leaves what was there before as it was.
		_, _ = io.WriteString(l.cfg.Out, ansi.SetModeAltScreenSaveCursor+ansi.HideCursor+ansi.EraseEntireDisplay)
	}
	l.again()
}

func (l *live) told(time.Time, []post) {}

func (l *live) again() {
	if l.drawing {
		_, _ = io.WriteString(l.cfg.Out, l.picture())
	}
}

// picture is one frame: what happens, how the fleet stands, what has happened.
func (l *live) picture() string {
	width, height := l.cfg.Size()
	body := strings.Split(strings.TrimRight(report.NewStatus(l.shown.Input).Text(l.cfg.Paint), "\n"), "\n")
	head := []string{as(l.cfg.Paint, report.Strong, l.text), l.where()}
	if on := l.shown.on; on != nil && on.alarm != "" {
		head = append(head, as(l.cfg.Paint, report.Bad, on.alarm))
	}
	head = append(head, "")
	foot := []string{""}
	for _, r := range l.recent {
		foot = append(foot, as(l.cfg.Paint, report.Dim, r))
	}
	room := max(3, height-len(head)-len(foot))
	if len(body) > room {
		body = append(body[:room-1], as(l.cfg.Paint, report.Dim, "…"))
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

// where is the address of the page that this part of the story is about, and what
// Wavegate says there.
func (l *live) where() string {
	on := l.shown.on
	if on == nil {
		return as(l.cfg.Paint, report.Dim, l.address)
	}
	kind := "pull"
	if on.issue {
		kind = "issues"
	}
	text := as(l.cfg.Paint, report.Dim, fmt.Sprintf("%s/%s/%d", l.address, kind, on.number))
	if on.said != "" {
		text += "  " + on.said
	}
	return text
}

func (l *live) finish(v view, text string) {
	l.shown, l.over = v, text
	if l.cfg.Keep {
		l.text = "The story is over; the fleet runs on until you press Ctrl-C. Look at the pull requests:"
		return
	}
	l.close()
}

// close leaves the last picture behind, whole.
func (l *live) close() {
	if !l.drawing {
		return
	}
	l.drawing = false
	_, _ = io.WriteString(l.cfg.Out, ansi.ShowCursor+ansi.ResetModeAltScreenSaveCursor)
	if l.over != "" {
		_, _ = io.WriteString(l.cfg.Out, report.NewStatus(l.shown.Input).Text(l.cfg.Paint)+l.over)
	}
}
