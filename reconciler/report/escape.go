package report

import (
	"strings"
	"unicode/utf8"
)

// textLimit bounds a text from outside in Markdown, in characters.
const textLimit = 400

// nameLimit bounds a name or a command: as long as Kubernetes lets names be.
const nameLimit = 253

// breaker is an invisible space. GitHub looks for mentions, references and bare
// addresses in the text that a reader would see, after escapes were resolved, so
// an escape does not stop them: something must stand in between.
const breaker = "&#8203;"

// markdownEscapes are the characters that mean something in Markdown or HTML. A
// pipe and a backtick are written as entities, which never end a cell or a code
// span, whatever stands before them. A dollar begins a formula at GitHub.
var markdownEscapes = map[rune]string{
	'\\': `\\`, '*': `\*`, '_': `\_`, '[': `\[`, ']': `\]`, '~': `\~`,
	'<': "&lt;", '>': "&gt;", '&': "&amp;", '|': "&#124;", '`': "&#96;", '$': "&#36;",
	'@': "@" + breaker, '#': "#" + breaker,
}

// htmlEscapes are the same where HTML is written and Markdown is not read.
var htmlEscapes = map[rune]string{
	'<': "&lt;", '>': "&gt;", '&': "&amp;", '"': "&quot;", '\'': "&#39;",
	'@': "@" + breaker, '#': "#" + breaker, '$': "&#36;", '`': "&#96;",
}

// prose makes text from outside safe within one line of Markdown, also in a
// table: it shows as what it is, and neither formats, mentions nor links.
func prose(s string) string { return escaped(tame(s, textLimit), markdownEscapes) }

// html makes text from outside safe within a line of HTML.
func html(s string) string { return escaped(tame(s, textLimit), htmlEscapes) }

// code shows a name or a command as code. GitHub reads no mention or reference in
// it.
func code(s string) string {
	s = tame(s, nameLimit)
	switch {
	case s == "":
		return ""
	case strings.ContainsAny(s, "`|\\"):
		return "<code>" + escaped(s, markdownEscapes) + "</code>"
	default:
		return "`" + s + "`"
	}
}

// link shows a label that leads to an address. Only what plainly is an http or
// https address becomes a link; of anything else the label is left.
func link(label, address string) string {
	target, ok := httpAddress(address)
	if !ok {
		return prose(label)
	}
	return "[" + prose(label) + "](" + target + ")"
}

// linkedCode shows a name as code that leads to an address, if that is one.
func linkedCode(name, address string) string {
	target, ok := httpAddress(address)
	if !ok || name == "" {
		return code(name)
	}
	return "[" + code(name) + "](" + target + ")"
}

// tame makes text from outside one line without control characters, edges of
// space or more than limit characters.
func tame(s string, limit int) string {
	s = strings.Join(strings.Fields(clean(s)), " ")
	if utf8.RuneCountInString(s) <= limit {
		return s
	}
	return string([]rune(s)[:limit-1]) + "…"
}

func escaped(s string, escapes map[rune]string) string {
	var b strings.Builder
	for i, r := range s {
		if i == 0 && strings.ContainsRune("-+=", r) {
			b.WriteByte('\\') // the mark of a list or of a heading
		}
		if e, ok := escapes[r]; ok {
			b.WriteString(e)
			continue
		}
		if breaks(s, i, r) {
			b.WriteString(breaker)
		}
		b.WriteRune(r)
	}
	return b.String()
}

// breaks reports whether the character at i would complete an address, a
// reference such as GH-1, the name of an emoji or the number of a list.
func breaks(s string, i int, r rune) bool {
	before, after := s[:i], s[i+utf8.RuneLen(r):]
	switch r {
	case '/':
		return strings.HasSuffix(before, ":")
	case '.':
		return endsInFold(before, "www") || numbersList(before, after)
	case ')':
		return numbersList(before, after)
	case '-':
		return endsInFold(before, "gh")
	case ':':
		// Of a time like 08:40:12 nothing is broken.
		return i > 0 && isEmojiRune(rune(before[len(before)-1])) && emojiBegins(before)
	default:
		return false
	}
}

// numbersList reports whether the text up to here is the number of a list.
func numbersList(before, after string) bool {
	return before != "" && strings.Trim(before, "0123456789") == "" && (after == "" || after[0] == ' ')
}

// emojiBegins reports whether a colon and a name end the text. In a time they do
// not: there the name is a number, and a number stands before it.
func emojiBegins(before string) bool {
	at := strings.LastIndexByte(before, ':')
	if at < 0 || strings.IndexFunc(before[at+1:], func(r rune) bool { return !isEmojiRune(r) }) >= 0 {
		return false
	}
	return strings.Trim(before[at+1:], "0123456789") != "" || at == 0 || !isDigit(before[at-1])
}

func isEmojiRune(r rune) bool {
	return r < utf8.RuneSelf && (isLetter(byte(r)) || isDigit(byte(r)) || strings.ContainsRune("_+-", r))
}

func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isLetter(c byte) bool { return (c|0x20) >= 'a' && (c|0x20) <= 'z' }

func endsInFold(s, suffix string) bool {
	return len(s) >= len(suffix) && strings.EqualFold(s[len(s)-len(suffix):], suffix)
}

// addressLimit bounds the address of a link, in bytes.
const addressLimit = 2000

// httpAddress returns an address as it may stand in a link: http or https, a
// host and no user before it, what Markdown could read otherwise in percents.
func httpAddress(address string) (string, bool) {
	rest, scheme := "", ""
	for _, s := range []string{"https://", "http://"} {
		if len(address) > len(s) && strings.EqualFold(address[:len(s)], s) {
			scheme, rest = s, address[len(s):]
		}
	}
	host, _, _ := strings.Cut(rest, "/")
	host, _, _ = strings.Cut(host, "?")
	host, _, _ = strings.Cut(host, "#")
	if host == "" || len(address) > addressLimit || strings.IndexFunc(host, notOfHost) >= 0 {
		return "", false
	}
	var b strings.Builder
	b.WriteString(scheme)
	for i := range len(rest) {
		switch c := rest[i]; {
		case isLetter(c), isDigit(c), strings.IndexByte("-._~:/?#=&%+,;!@", c) >= 0 && c != '&':
			b.WriteByte(c)
		case c == '&':
			b.WriteString("&amp;")
		default:
			b.WriteByte('%')
			b.WriteByte("0123456789ABCDEF"[c>>4])
			b.WriteByte("0123456789ABCDEF"[c&15])
		}
	}
	return b.String(), true
}

func notOfHost(r rune) bool {
	return r >= utf8.RuneSelf || (!isLetter(byte(r)) && !isDigit(byte(r)) && !strings.ContainsRune("-.:", r))
}
