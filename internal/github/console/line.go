package console

import (
	"strings"
	"unicode/utf8"

	"github.com/wavegate-dev/wavegate/reconciler/report"
)

// statusRunes is how long a reason in a status may be, with a word before it:
// GitHub takes 140 characters.
const statusRunes = 120

// line makes text that came from outside fit a status: one line, without anything
// that a terminal or a page could take for more than text.
func line(s string) string {
	s = strings.Join(strings.Fields(report.Clean(s)), " ")
	if utf8.RuneCountInString(s) <= statusRunes {
		return s
	}
	runes := []rune(s)
	return string(runes[:statusRunes-1]) + "…"
}
