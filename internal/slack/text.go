package slack

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	nameLimit  = 253 // as long as Kubernetes lets names be
	proseLimit = 400
)

// apart is an invisible space. It keeps what would format or mention from doing so,
// also where Slack looks at a text without its escapes.
const apart = "\u200b"

// proseEscapes are the characters that mean something to Slack.
var proseEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "@", "@"+apart,
	"*", apart+"*"+apart, "_", apart+"_"+apart, "~", apart+"~"+apart, "`", apart+"`"+apart)

var codeEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "@", "@"+apart, "`", "'")

// prose shows text from outside as what it is: it neither formats nor links, and
// nobody is mentioned.
func prose(s string) string { return proseEscapes.Replace(tame(s, proseLimit)) }

// code shows a name as code.
func code(s string) string {
	if s = tame(s, nameLimit); s == "" {
		return "-"
	}
	return "`" + codeEscapes.Replace(s) + "`"
}

// link shows a label that leads to an address. Only what plainly is an http or
// https address becomes a link; of anything else the label is left.
func link(label, address string) string {
	u, err := url.Parse(address)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil || len(address) > 2000 ||
		strings.ContainsFunc(address, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }) {
		return prose(label)
	}
	target := strings.NewReplacer("&", "&amp;", "<", "%3C", ">", "%3E", "|", "%7C").Replace(address)
	return "<" + target + "|" + strings.ReplaceAll(prose(label), "|", "/") + ">"
}

// tame makes text from outside one line without control or invisible characters
// and at most limit characters.
func tame(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case r == utf8.RuneError || !unicode.IsPrint(r):
			return -1
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	if utf8.RuneCountInString(s) <= limit {
		return s
	}
	return string([]rune(s)[:limit-1]) + "…"
}
