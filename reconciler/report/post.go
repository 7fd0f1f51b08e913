package report

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// Post is what is said at GitHub: a comment, or the body of an issue or of a
// pull request.
type Post struct {
	// Title is for issues and pull requests; comments have none. It is plain
	// text on one line.
	Title string `json:"title,omitempty"`
	// Body is Markdown of at most [PostLimit] bytes. It begins with a marker
	// that [FindMarker] reads.
	Body string `json:"body"`
	// Fingerprint is equal for posts that say the same, whenever they were
	// rendered: the time of the report and what only counts up from it is left
	// out. A post whose fingerprint is what was posted last needs no edit.
	Fingerprint string `json:"fingerprint"`
}

// PostLimit is how long a body may be. GitHub counts characters; counting bytes
// stays below that.
const PostLimit = 65_536

// The kinds of posts, as their markers name them.
const (
	KindPlan      = "plan"      // the comment on an open pull request
	KindRelease   = "release"   // the living comment on a merged one
	KindPromotion = "promotion" // the body of a promotion pull request
	KindDrift     = "drift"     // the body of the drift issue
	KindAnswer    = "answer"    // the answer to a command
	KindCommit    = "commit"    // the comment on a commit that no pull request brought
)

const (
	markerBegin = "<!-- wavegate:"
	markerEnd   = " -->"
	// markerID bounds an ID in bytes, markerLimit the whole marker, in which a
	// byte may take three.
	markerID    = 100
	markerLimit = 600
)

// Marker is the hidden first line of a body, by which it is found again. An ID of
// more than 100 bytes is replaced by its digest.
func Marker(kind, id string) string {
	if len(id) > markerID {
		sum := sha256.Sum256([]byte(id))
		id = "sha256." + hex.EncodeToString(sum[:16])
	}
	return markerBegin + markerWord(kind) + ":" + markerWord(id) + markerEnd
}

// markerWord writes what could end the comment, or the word, in percents.
func markerWord(s string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		plain := isLetter(c) || isDigit(c) || strings.IndexByte("._/+", c) >= 0 ||
			(c == '-' && i > 0 && s[i-1] != '-' && i < len(s)-1)
		if !plain {
			fmt.Fprintf(&b, "%%%02X", c)
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}

// FindMarker reads the marker that a body begins with. Anybody can write one:
// who looks for a post of their own must also look at its author.
func FindMarker(body string) (kind, id string, ok bool) {
	body = strings.TrimLeft(body, " \t\r\n\ufeff")
	rest, ok := strings.CutPrefix(body[:min(len(body), markerLimit)], markerBegin)
	if !ok {
		return "", "", false
	}
	inside, _, ok := strings.Cut(rest, markerEnd)
	if !ok || strings.ContainsAny(inside, "\r\n") {
		return "", "", false
	}
	kind, id, ok = strings.Cut(inside, ":")
	if !ok {
		return "", "", false
	}
	kind, okKind := unmarkerWord(kind)
	id, okID := unmarkerWord(id)
	return kind, id, okKind && okID
}

func unmarkerWord(s string) (string, bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			b.WriteByte(s[i])
			continue
		}
		if i+2 >= len(s) {
			return "", false
		}
		c, err := hex.DecodeString(s[i+1 : i+3])
		if err != nil {
			return "", false
		}
		b.Write(c)
		i += 2
	}
	word := b.String()
	return word, markerWord(word) == s // one way to write it
}

// Fleeting text is shown, and left out of the fingerprint. It stands between two
// control characters until the post is finished, which no text from outside can
// contain.
const (
	fleetingBegin = "\x01"
	fleetingEnd   = "\x02"
)

func fleeting(s string) string { return fleetingBegin + s + fleetingEnd }

// split returns a text with what is fleeting, and without.
func split(s string) (shown, lasting string) {
	shown = strings.NewReplacer(fleetingBegin, "", fleetingEnd, "").Replace(s)
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(s, fleetingBegin)
		b.WriteString(before)
		if !found {
			return shown, b.String()
		}
		_, s, _ = strings.Cut(rest, fleetingEnd)
	}
}

// section is a piece of a post, between empty lines.
type section struct {
	head string
	// rows may be left out from the end when the post is too long.
	rows []string
	tail string
	// name is what a reader misses when rows are left out; without a name
	// nothing may be.
	name string
}

func (s *section) text() string {
	var b strings.Builder
	b.WriteString(s.head)
	for _, r := range s.rows {
		b.WriteString(r)
		b.WriteByte('\n')
	}
	b.WriteString(s.tail)
	return strings.TrimRight(b.String(), "\n")
}

// post collects sections. The first ones matter most: what is too long is cut
// from the end, and what is folded before anything else.
type post struct {
	marker   string
	sections []section
	footer   []string
	// whole says where a reader finds what was left out.
	whole string
}

func newPost(kind, id, whole string) *post {
	return &post{marker: Marker(kind, id), whole: whole}
}

// say appends a paragraph, or anything else that stands by itself.
func (p *post) say(format string, args ...any) {
	p.sections = append(p.sections, section{head: fmt.Sprintf(format, args...)})
}

// table appends a table of which rows may be left out, under a heading in bold.
func (p *post) table(title string, t *grid) {
	if len(t.rows) == 0 {
		return
	}
	head := ""
	if title != "" {
		head = "**" + title + "**\n\n"
	}
	p.sections = append(p.sections, section{head: head + t.head(), rows: t.lines(), name: t.name})
}

// fold appends details that a reader unfolds. The summary is HTML.
func (p *post) fold(summary, name, head string, rows []string) {
	if len(rows) == 0 {
		return
	}
	p.sections = append(p.sections, section{
		head: "<details>\n<summary>" + summary + "</summary>\n\n" + head, rows: rows, tail: "\n</details>", name: name,
	})
}

func (p *post) foldTable(summary string, t *grid) { p.fold(summary, t.name, t.head(), t.lines()) }

// foot appends a part of the small print.
func (p *post) foot(part string) {
	if part != "" {
		p.footer = append(p.footer, part)
	}
}

// asOf is the small print that says when this was true.
func (p *post) asOf(t time.Time) {
	p.foot(fleeting("As of "+t.UTC().Format("Mon 2 Jan 2006 15:04 UTC")) + ", all times in UTC")
}

func (p *post) done(title string) Post {
	return p.doneWith(title, "")
}

// doneWith finishes the post; what is hidden stands behind everything and is
// never cut.
func (p *post) doneWith(title, hidden string) Post {
	if hidden != "" {
		hidden = "\n" + hidden + "\n"
	}
	left := map[int]int{} // rows left out, by section
	body := p.render(left, hidden)
	for _, folded := range []bool{true, false} {
		for i := len(p.sections) - 1; i >= 0 && tooLong(body); i-- {
			if s := &p.sections[i]; s.name != "" && (s.tail != "") == folded {
				p.cut(i, len(body)-PostLimit, left)
				body = p.render(left, hidden)
			}
		}
	}
	shown, lasting := split(body)
	if len(shown) > PostLimit { // what cannot be left out is bounded far below
		room := max(0, PostLimit-len(hidden))
		shown = shown[:strings.LastIndexByte(shown[:room], '\n')+1] + hidden
	}
	sum := sha256.Sum256([]byte(title + "\x00" + lasting))
	return Post{Title: title, Body: shown, Fingerprint: hex.EncodeToString(sum[:16])}
}

// noteRoom is how much the line takes, at most, that says what was left out of
// one more section.
const noteRoom = 250

// cut leaves out as many rows at the end of a section as it takes, or all.
func (p *post) cut(i, excess int, left map[int]int) {
	s := &p.sections[i]
	keep := len(s.rows)
	for excess += noteRoom; keep > 0 && excess > 0; keep-- {
		excess -= len(s.rows[keep-1]) + 1
	}
	if keep < 3 {
		keep = 0
	}
	left[i] = len(s.rows) - keep
	s.rows = s.rows[:keep]
}

func tooLong(body string) bool { return len(body) > PostLimit }

func (p *post) render(left map[int]int, hidden string) string {
	var b strings.Builder
	b.WriteString(p.marker + "\n")
	var missing []string
	for i := range p.sections {
		s := &p.sections[i]
		if n := left[i]; n > 0 {
			missing = append(missing, fmt.Sprintf("%d of %s", n, s.name))
			if len(s.rows) == 0 {
				continue
			}
		}
		b.WriteString(s.text() + "\n\n")
	}
	if len(missing) > 0 {
		fmt.Fprintf(&b, "_Left out, because GitHub takes no longer text: %s. %s_\n\n", strings.Join(missing, ", "), p.whole)
	}
	if len(p.footer) > 0 {
		b.WriteString("<sub>" + strings.Join(p.footer, " · ") + "</sub>\n")
	}
	b.WriteString(hidden)
	return b.String()
}
