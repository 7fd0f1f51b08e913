package fleet

import (
	"errors"
	"strings"
)

// checkImage applies the grammar of image names: registry, if any, and path,
// without tag and digest.
func checkImage(s string) error {
	const how = "write it as in registry.example.com/kafka; the tag stands in the cohorts"
	last := s[strings.LastIndex(s, "/")+1:]
	switch {
	case strings.Contains(s, "://"):
		return advise(how, "%s has a scheme, which an image has not", quote(s))
	case strings.Contains(s, "@"):
		return advise(how, "%s has a digest", quote(s))
	case strings.Contains(last, ":"):
		return advise(how, "%s has a tag", quote(s))
	}
	for i, part := range strings.Split(s, "/") {
		isRegistry := i == 0 && strings.Contains(s, "/") && strings.ContainsAny(part, ".:")
		if part == "" {
			return advise(how, "%s has an empty part", quote(s))
		}
		err := eachRune(part, func(r rune, edge bool) bool {
			if isRegistry && (isLetter(r) || (r == ':' && !edge)) {
				return true
			}
			return isLower(r) || isDigit(r) || (!edge && (r == '-' || r == '_' || r == '.'))
		})
		if err != nil {
			return advise(how, "%s: within %s, %w", quote(s), quote(part), err)
		}
		if _, port, ok := strings.Cut(part, ":"); ok && !allDigits(port) {
			return advise(how, "%s: the port is no number", quote(s))
		}
	}
	if s == "" {
		return errors.New("is empty")
	}
	return nil
}
