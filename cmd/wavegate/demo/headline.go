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
		if text := bare(line); text != "" {
			return text
		}
	}
	return ""
}

// alarm is what the comment warns of, or empty.
func alarm(body string) string {
	_, rest, found := strings.Cut(remarks.ReplaceAllString(body, ""), "> [!CAUTION]\n")
	if !found {
		return ""
	}
	return headline(rest)
}

// bare is a line without its Markdown.
func bare(line string) string {
	line = strings.TrimSpace(strings.TrimLeft(strings.TrimSpace(line), "#>"))
	line = links.ReplaceAllString(line, "$1")
	line = strings.NewReplacer("**", "", "`", "").Replace(line)
	return escapes.ReplaceAllString(line, "$1")
}
