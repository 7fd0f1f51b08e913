package prometheus

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// clip makes foreign text fit into a sentence: one line of at most n bytes,
// without characters that are not printed.
func clip(s string, n int) string {
	var b strings.Builder
	for _, r := range s {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			r = ' '
		}
		if b.Len()+utf8.RuneLen(r) > n {
			return strings.TrimSpace(b.String()) + "..."
		}
		b.WriteRune(r)
	}
	return strings.TrimSpace(b.String())
}

// clock writes a time for people: to the minute, in UTC.
func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// join puts the parts of one sentence together.
func join(parts []string) string { return strings.Join(parts, "; ") }
