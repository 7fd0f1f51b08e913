package demo

import (
	"regexp"
	"strings"
)

var (
	remarks = regexp.MustCompile(`(?s)<!--.*?-->`)
	links   = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
	escapes = regexp.MustCompile(`\\([[:punct:]])`)
)

// headline is the first line of a comment as a person reads it, without its
// Markdown.
func headline(body string) string {
	for line := range strings.Lines(remarks.ReplaceAllString(body, "")) {
		line = strings.TrimSpace(strings.TrimLeft(strings.TrimSpace(line), "#>"))
		if line == "" {
			continue
		}
		line = links.ReplaceAllString(line, "$1")
		line = strings.NewReplacer("**", "", "`", "").Replace(line)
		return escapes.ReplaceAllString(line, "$1")
	}
	return ""
}
