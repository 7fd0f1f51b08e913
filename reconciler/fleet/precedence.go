package fleet

import (
	"cmp"
	"strconv"
	"strings"
)

// precedence is what of a tag decides which version is newer: up to four
// numbers, and the pre-release after a dash.
type precedence struct {
	numbers [4]uint64 // major, minor, patch, and a fourth that some vendors add
	pre     string
}

// precedenceOf reads tags such as 7.6.1, v1.2, 7.6.1-rc.1 and 2026.01.15. It
// returns false for a tag that does not say where it stands: latest, main-3f2a.
func precedenceOf(tag string) (precedence, bool) {
	core, pre, hasPre := strings.Cut(strings.TrimPrefix(tag, "v"), "-")
	var p precedence
	parts := strings.Split(core, ".")
	if len(parts) > len(p.numbers) {
		return precedence{}, false
	}
	for i, part := range parts {
		n, ok := number(part)
		if !ok {
			return precedence{}, false
		}
		p.numbers[i] = n
	}
	if hasPre && !isPreRelease(pre) {
		return precedence{}, false
	}
	p.pre = pre
	return p, true
}

func number(s string) (uint64, bool) {
	if !allDigits(s) {
		return 0, false
	}
	n, err := strconv.ParseUint(s, 10, 64)
	return n, err == nil
}

func allDigits(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool { return !isDigit(r) }) < 0
}

func isPreRelease(s string) bool {
	for id := range strings.SplitSeq(s, ".") {
		if id == "" || strings.Contains(id, "_") {
			return false
		}
	}
	return true
}

// Compare returns -1, 0 or +1 when v is older than, as old as, or newer than w.
// It goes by semantic versioning, also for what semver spells more strictly: a
// leading v is ignored, missing numbers are zero, a fourth number is allowed,
// and 7.6.1-ccs, with anything after a dash, stands before 7.6.1. A digest does
// not take part.
//
// It returns false when the two cannot be ordered: at least one is no such
// version (latest, main-3f2a), and the tags differ.
func (v Version) Compare(w Version) (int, bool) {
	if v.Tag == w.Tag {
		return 0, true
	}
	a, ok := precedenceOf(v.Tag)
	if !ok {
		return 0, false
	}
	b, ok := precedenceOf(w.Tag)
	if !ok {
		return 0, false
	}
	return a.compare(b), true
}

func (p precedence) compare(q precedence) int {
	for i := range p.numbers {
		if d := cmp.Compare(p.numbers[i], q.numbers[i]); d != 0 {
			return d
		}
	}
	switch {
	case p.pre == q.pre:
		return 0
	case p.pre == "":
		return 1
	case q.pre == "":
		return -1
	}
	a, b := strings.Split(p.pre, "."), strings.Split(q.pre, ".")
	for i := range min(len(a), len(b)) {
		if d := compareIdentifiers(a[i], b[i]); d != 0 {
			return d
		}
	}
	return cmp.Compare(len(a), len(b))
}

// compareIdentifiers orders parts of pre-releases: numbers by value and before
// words, words by ASCII.
func compareIdentifiers(a, b string) int {
	aNumber, bNumber := allDigits(a), allDigits(b)
	switch {
	case aNumber && bNumber:
		a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
		return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
	case aNumber:
		return -1
	case bNumber:
		return 1
	default:
		return strings.Compare(a, b)
	}
}
