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
