package demo

import (
	"fmt"
	"strings"

	"github.com/wavegate-dev/wavegate/reconciler/report"
)

// listing is a line for each pull request and issue: what it is, how it stands and
// what Wavegate says on it.
func listing(posts []post, paint report.Paint) string {
	width := 0
	for i := range posts {
		width = max(width, len(posts[i].title))
	}
	var b strings.Builder
	for i := range posts {
		p := &posts[i]
		said := p.said
		if said == "" {
			said = "nothing to say"
		}
		line := fmt.Sprintf("  %3s  %-6s  %-*s", fmt.Sprintf("#%d", p.number), p.state, width, p.title)
		fmt.Fprintf(&b, "%s  %s\n", line, as(paint, report.Dim, said))
	}
	return b.String()
}

func as(paint report.Paint, r report.Role, s string) string {
	if paint == nil {
		return s
	}
	return paint(r, s)
}
