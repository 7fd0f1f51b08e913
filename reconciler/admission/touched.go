package admission

import (
	"path"
	"reflect"
	"slices"
	"strings"
)

// touched are the files that commits after the one in force have changed, by
// path.
type touched map[string]*file

// file is one of them. A file that has its content in force again carries
// nothing.
type file struct {
	base, now string
	// refused and unknown are commits that changed it since it last had its
	// content in force, and that are not approved.
	refused, unknown []string
}

// add notes what a commit changes.
func (t touched) add(c *Candidate, verdict Verdict) {
	for _, ch := range c.Changes {
		f := t[ch.Path]
		if f == nil {
			f = &file{base: ch.Before}
			t[ch.Path] = f
		}
		f.now = ch.After
		switch {
		case f.now == f.base:
			f.refused, f.unknown = nil, nil
		case readingOf(ch.Path) == never:
		case verdict == Refused:
			f.refused = append(f.refused, c.SHA)
		case verdict != Approved:
			f.unknown = append(f.unknown, c.SHA)
		}
	}
}

// unapproved returns the commits whose changes are still there and are not
// approved, and those of which that is not known.
func (t touched) unapproved() (refused, unknown []string) {
	for _, f := range t {
		refused = append(refused, f.refused...)
		unknown = append(unknown, f.unknown...)
	}
	slices.Sort(refused)
	slices.Sort(unknown)
	return slices.Compact(refused), slices.Compact(unknown)
}

// harmless reports whether a commit certainly changes nothing that Wavegate
// reads, compared with the commit before it. A YAML file in a hidden folder is
// read when the fleet's own folder lies within: there, only equal specs prove
// that nothing has changed.
func harmless(c *Candidate, before InForce) bool {
	if len(c.Changes) == 0 {
		return c.Tree != "" && c.Tree == before.Tree
	}
	most := never
	for _, ch := range c.Changes {
		most = max(most, readingOf(ch.Path))
	}
	switch most {
	case never:
		return true
	case perhaps:
		return c.Spec != nil && before.Spec != nil && reflect.DeepEqual(c.Spec, before.Spec)
	default:
		return false
	}
}

// reading says whether Wavegate reads a path.
type reading uint8

const (
	never reading = iota
	perhaps
	always
)

// readingOf says whether Wavegate reads a path: YAML, and also what has no
// extension, because a folder may become a link or a submodule. Who owns the
// code decides about approvals.
func readingOf(name string) reading {
	base := path.Base(name)
	ext := strings.ToLower(path.Ext(name))
	switch {
	case strings.EqualFold(base, "CODEOWNERS"):
		return always
	case ext != ".yaml" && ext != ".yml" && ext != "":
		return never
	case strings.HasPrefix(name, ".") || strings.Contains(name, "/."):
		return perhaps
	default:
		return always
	}
}
