package datadogtest

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// predicate tells whether a search finds a group.
type predicate func(found) bool

// parseSearch reads a search query: terms that all must hold, OR, NOT and a
// leading minus, parentheses, quotes, * as a wildcard, field:value and
// field:(value value).
func parseSearch(query string) (predicate, error) {
	words, err := split(query)
	if err != nil {
		return nil, err
	}
	p := &parser{words: words}
	all, err := p.or("")
	if err != nil {
		return nil, err
	}
	if p.at < len(p.words) {
		return nil, fmt.Errorf("unexpected %q", p.words[p.at].text)
	}
	return all, nil
}

// word is a parenthesis or a term, which may have been quoted in part.
type word struct {
	text   string
	quoted bool
}

// split cuts a query into words. A field that is followed by a parenthesis
// keeps its colon, as in "tag:" "(".
func split(query string) ([]word, error) {
	var words []word
	var text strings.Builder
	quoted, inQuotes := false, false
	flush := func() {
		if text.Len() > 0 || quoted {
			words = append(words, word{text.String(), quoted})
		}
		text.Reset()
		quoted = false
	}
	for _, r := range query {
		switch {
		case r == '"':
			inQuotes, quoted = !inQuotes, true
		case inQuotes:
			text.WriteRune(r)
		case r == ' ' || r == '\t' || r == '\n':
			flush()
		case r == '(' || r == ')':
			flush()
			words = append(words, word{text: string(r)})
		default:
			text.WriteRune(r)
		}
	}
	if inQuotes {
		return nil, errors.New("a quote is not closed")
	}
	flush()
	return words, nil
}

type parser struct {
	words []word
	at    int
}

func (p *parser) peek(text string) bool {
	return p.at < len(p.words) && !p.words[p.at].quoted && p.words[p.at].text == text
}

func (p *parser) take(text string) bool {
	if !p.peek(text) {
		return false
	}
	p.at++
	return true
}

func (p *parser) or(field string) (predicate, error) {
	left, err := p.and(field)
	for err == nil && p.take("OR") {
		var right predicate
		before := left
		right, err = p.and(field)
		left = func(f found) bool { return before(f) || right(f) }
	}
	return left, err
}

func (p *parser) and(field string) (predicate, error) {
	var parts []predicate
	for p.at < len(p.words) && !p.peek(")") && !p.peek("OR") {
		p.take("AND")
		part, err := p.term(field)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part)
	}
	return func(f found) bool {
		return !slices.ContainsFunc(parts, func(part predicate) bool { return !part(f) })
	}, nil
}

func (p *parser) term(field string) (predicate, error) {
	if p.take("NOT") {
		part, err := p.term(field)
		return func(f found) bool { return !part(f) }, err
	}
	if p.take("(") {
		return p.group(field)
	}
	if p.at >= len(p.words) {
		return nil, errors.New("a term is missing")
	}
	w := p.words[p.at]
	p.at++
	if text, minus := strings.CutPrefix(w.text, "-"); minus && !w.quoted {
		part, err := p.match(field, word{text, w.quoted})
		return func(f found) bool { return !part(f) }, err
	}
	return p.match(field, w)
}

func (p *parser) group(field string) (predicate, error) {
	inner, err := p.or(field)
	if err == nil && !p.take(")") {
		err = errors.New("a parenthesis is not closed")
	}
	return inner, err
}

func (p *parser) match(field string, w word) (predicate, error) {
	value := w.text
	if field == "" {
		name, rest, ok := strings.Cut(w.text, ":")
		switch {
		case ok && rest == "" && p.take("("):
			return p.group(name)
		case ok:
			field, value = name, rest
		}
	}
	switch field {
	case "":
		return func(f found) bool {
			return like("*"+value+"*", f.monitor.Name) || value == strconv.FormatInt(f.monitor.ID, 10)
		}, nil
	case "title":
		return func(f found) bool { return like("*"+value+"*", f.monitor.Name) }, nil
	case "id":
		return func(f found) bool { return value == strconv.FormatInt(f.monitor.ID, 10) }, nil
	case "tag":
		return func(f found) bool { return anyLike(value, f.monitor.Tags) }, nil
	case "service", "env", "team":
		return func(f found) bool { return anyLike(field+":"+value, f.monitor.Tags) }, nil
	case "group":
		return func(f found) bool { return anyLike(value, f.group.Tags) }, nil
	case "muted":
		return func(f found) bool { return strconv.FormatBool(f.group.Muted) == value }, nil
	case "group_status", "status":
		if !slices.Contains([]string{"ok", "alert", "warn", "no data", "ignored", "skipped", "unknown"}, strings.ToLower(value)) {
			return nil, fmt.Errorf("'%s' is not a valid monitor status", value)
		}
		return func(f found) bool { return strings.EqualFold(value, f.group.status()) }, nil
	default:
		return nil, fmt.Errorf("'%s' is not a valid field", field)
	}
}

func anyLike(pattern string, values []string) bool {
	return slices.ContainsFunc(values, func(v string) bool { return like(pattern, v) })
}

// like compares without regard to case; * stands for any text.
func like(pattern, value string) bool {
	pattern, value = strings.ToLower(pattern), strings.ToLower(value)
	first, rest, wild := strings.Cut(pattern, "*")
	value, ok := strings.CutPrefix(value, first)
	switch {
	case !ok:
		return false
	case !wild:
		return value == ""
	}
	for i := range len(value) + 1 {
		if like(rest, value[i:]) {
			return true
		}
	}
	return false
}
