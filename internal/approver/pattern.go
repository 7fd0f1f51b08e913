package approver

import "strings"

// matches reports whether a list of OpenSSH patterns has a text: one of them
// matches, and none that has a ! before it does.
func matches(patterns []string, s string) bool {
	found := false
	for _, p := range patterns {
		if not, ok := strings.CutPrefix(p, "!"); ok {
			if wildcard(not, s) {
				return false
			}
			continue
		}
		found = found || wildcard(p, s)
	}
	return found
}

// wildcard matches with * for any number of characters and ? for one.
func wildcard(pattern, s string) bool {
	var p, i int
	star, mark := -1, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]):
			p++
			i++
		case star >= 0:
			p = star + 1
			mark++
			i = mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// fold makes addresses comparable. It knows the letters of ASCII only, so that no
// other letter is taken for one of them.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}
