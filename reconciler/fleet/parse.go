package fleet

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// maxProblems bounds what is reported of one file.
const maxProblems = 200

// parsedFile is what one content says, wherever it lies. It is never changed
// after it has been parsed.
type parsedFile struct {
	documents []*document
	problems  []Problem // without file
	// lost tells that the file could not be read to its end.
	lost bool
}

func (p *parsedFile) report(at place, err error) {
	if len(p.problems) == maxProblems {
		p.problems = append(p.problems, Problem{
			Position: at.position(), Message: "there are more problems in this file; the rest is not shown",
		})
	}
	if len(p.problems) <= maxProblems {
		p.problems = append(p.problems, problemOf(at, err))
	}
}

// stop reports why the rest of the file is not read. That is said even when
// there are too many problems to show.
func (p *parsedFile) stop(at place, err error) {
	p.lost = true
	p.problems = append(p.problems, problemOf(at, err))
}

func problemOf(at place, err error) Problem {
	problem := Problem{Position: at.position(), Message: err.Error()}
	if a, ok := errors.AsType[*advice](err); ok {
		problem.Message, problem.Hint = strings.TrimSuffix(problem.Message, "; "+a.hint), a.hint
	}
	return problem
}

// place is a position without its file.
type place struct{ line, column int }

func (p place) position() Position { return Position{Line: p.line, Column: p.column} }

func placeOf(n *yaml.Node) place { return place{n.Line, n.Column} }

// parse reads one file.
func (l *Loader) parse(data []byte) *parsedFile {
	p := &parsedFile{}
	if at, err := checkText(data); err != nil {
		p.stop(at, err)
		return p
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	for count := 0; ; count++ {
		var n yaml.Node
		err := decodeNext(decoder, &n)
		if errors.Is(err, io.EOF) {
			return p
		}
		if err != nil {
			at, err := syntaxError(err, data)
			p.stop(at, err)
			return p
		}
		if count == l.limits.MaxDocuments {
			p.stop(placeOf(&n), advise("split it into several files", "the file has more than %d documents", l.limits.MaxDocuments))
			return p
		}
		l.parseDocument(p, &n)
	}
}

// decodeNext reads the next document. A fault of the YAML parser must not take
// down a process that halts rollouts.
func decodeNext(d *yaml.Decoder, n *yaml.Node) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("yaml: the parser failed: %v", fault)
		}
	}()
	return d.Decode(n)
}

var syntaxErrorLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

// syntaxError tells the line from the message of the YAML parser.
func syntaxError(err error, data []byte) (place, error) {
	message := err.Error()
	match := syntaxErrorLine.FindStringSubmatch(message)
	if match == nil {
		return place{}, fmt.Errorf("is no YAML: %s", message)
	}
	at := place{}
	if n, err := strconv.Atoi(match[1]); err == nil {
		at.line = n
	}
	message = "is no YAML: " + strings.TrimPrefix(message, match[0])
	if strings.Contains(message, "cannot start any token") && bytes.ContainsRune(data, '\t') {
		return at, advise("indent with spaces, never with tabs", "%s", message)
	}
	return at, errors.New(message)
}

// loneTag finds the YAML tag "!", which the tree of nodes does not show and which
// turns what follows into text.
var loneTag = regexp.MustCompile(`(?m)(?:^|[:\-?\[{,\r]|&\S+)[ \t]*(!)(?:[\s,\]}]|$)`)

// checkText refuses what is no text, and what a reviewer could not see.
func checkText(data []byte) (place, error) {
	if bytes.HasPrefix(data, []byte(lfsPrefix)) {
		return place{1, 1}, advise("exclude YAML files from git-LFS in .gitattributes and commit the file again", "is a pointer to git-LFS, not the file itself")
	}
	if bytes.HasPrefix(data, []byte{0xff, 0xfe}) || bytes.HasPrefix(data, []byte{0xfe, 0xff}) {
		return place{1, 1}, advise("save it as UTF-8", "is UTF-16")
	}
	rest := bytes.TrimPrefix(data, []byte("\ufeff"))
	at := place{1, 1}
	for lineStart := true; len(rest) > 0; {
		r, size := utf8.DecodeRune(rest)
		switch {
		case r == utf8.RuneError && size == 1:
			return at, advise("save it as UTF-8", "has the byte %#02x, which is not valid UTF-8", rest[0])
		case r == '\n':
			at, lineStart = place{at.line + 1, 1}, true
			rest = rest[size:]
			continue
		case lineStart && r == '%':
			return at, advise("remove the line", "has a YAML directive, which is not read")
		case r == '\t', r == '\r':
		case isHidden(r):
			return at, advise("remove it", "has %s, which hides what the file says", describe(r))
		}
		rest, lineStart = rest[size:], false
		at.column++
	}
	if bytes.IndexByte(data, '!') < 0 {
		return place{}, nil
	}
	if match := loneTag.FindSubmatchIndex(data); match != nil {
		before := data[:match[2]]
		at := place{1 + bytes.Count(before, []byte("\n")), len(before) - bytes.LastIndexByte(before, '\n')}
		return at, advise("remove it, or put it into quotes", "a lone ! is a tag in YAML, which is not read")
	}
	return place{}, nil
}
