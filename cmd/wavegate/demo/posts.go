package demo

import (
	"fmt"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/wavegate-dev/wavegate/reconciler/report"
)

// listing is a line for each pull request and issue: what it is, how it stands and
// what Wavegate says on it. Lines end at width when that is not zero.
func listing(posts []post, width int, paint report.Paint) string {
	titles := 0
	for i := range posts {
		titles = max(titles, ansi.StringWidth(posts[i].title))
	}
	var b strings.Builder
	for i := range posts {
		p := &posts[i]
		pad := strings.Repeat(" ", titles-ansi.StringWidth(p.title))
		line := fmt.Sprintf("  %3s  %-6s  %s%s  %s", fmt.Sprintf("#%d", p.number), p.state, p.title, pad, as(paint, report.Dim, p.said))
		if width > 0 {
			line = ansi.Truncate(line, width, "…")
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return b.String()
}

func as(paint report.Paint, r report.Role, s string) string {
	if paint == nil {
		return s
	}
	return paint(r, s)
}
