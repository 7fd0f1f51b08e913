package fleet

import (
	"fmt"
	"strconv"
	"unicode"
)

// maxQuoted bounds what an error repeats of the input.
const maxQuoted = 64

// quote shows a piece of input so that no character of it can hide, act on a
// terminal or fill a screen.
func quote(s string) string {
	if len(s) <= maxQuoted {
		return strconv.QuoteToASCII(s)
	}
	return strconv.QuoteToASCII(s[:maxQuoted]) + "..."
}

// describe names a character, with its code point when it may look like
// another one or like nothing.
func describe(r rune) string {
	switch {
	case r == ' ':
		return "a space"
	case r == '\t':
		return "a tab"
	case r == '\n' || r == '\r':
		return "a line break"
	case r < unicode.MaxASCII && unicode.IsPrint(r):
		return strconv.QuoteRune(r)
	case unicode.Is(unicode.Cf, r):
		return fmt.Sprintf("the invisible character %U", r)
	case unicode.IsLetter(r) && unicode.IsPrint(r):
		return fmt.Sprintf("%q (%U), a letter outside of a-z", r, r)
	case unicode.IsPrint(r):
		return fmt.Sprintf("%q (%U)", r, r)
	default:
		return fmt.Sprintf("the character %U", r)
	}
}

// isHidden reports whether a character has no place in a reviewed file: it acts
// on the terminal, reorders the text around it or has no width. Joiners and
// direction marks, which some scripts need, are left to checkName.
func isHidden(r rune) bool {
	switch r {
	case '\u200c', '\u200d', '\u200e', '\u200f':
		return false
	case '\u2028', '\u2029', '\u3164', '\uffa0':
		return true
	default:
		return unicode.IsControl(r) || unicode.Is(unicode.Cf, r)
	}
}

// checkVisible refuses text that shows less than it says. Escapes in quotes can
// bring in what the file itself does not show.
func checkVisible(s string) error {
	place := 0
	for _, r := range s {
		place++
		if r != '\n' && r != '\t' && isHidden(r) {
			return advise("remove it", "character %d is %s", place, describe(r))
		}
	}
	return nil
}
