package fleet

import "fmt"

// Check says why a cluster must not go from one version to another, or nothing
// when it may. What cannot be judged is refused:
//
//	from -> to              maxMinorSkip   downgrade   answer
//	the same tag            any            any         allowed
//	cannot be ordered       unset          allow       allowed: there is nothing to keep to
//	cannot be ordered       otherwise                  refused
//	older                   any            not allow   refused
//	another major           set            any         refused
//	more minors than skip   set            any         refused
//	anything else           any            any         allowed
//
// Where downgrades are allowed, maxMinorSkip bounds them as well.
func (p VersionPolicy) Check(from, to Version) (reason string) {
	if to.IsZero() {
		return "there is no version to go to"
	}
	if from.Tag == to.Tag || (p.MaxMinorSkip == nil && p.Downgrade == DowngradeAllow) {
		return ""
	}
	if from.IsZero() {
		return fmt.Sprintf("the version it runs is not known, so the step to %s cannot be judged", to)
	}
	a, fromOK := precedenceOf(from.Tag)
	b, toOK := precedenceOf(to.Tag)
	if !fromOK || !toOK {
		return fmt.Sprintf("%s and %s cannot be ordered, so the step cannot be judged; use tags such as 7.6.1, or allow it with versions: {downgrade: allow} and no maxMinorSkip", from, to)
	}
	if p.Downgrade != DowngradeAllow && b.compare(a) < 0 {
		return fmt.Sprintf("%s is older than %s, and the product does not allow downgrades", to, from)
	}
	if p.MaxMinorSkip == nil {
		return ""
	}
	if a.numbers[0] != b.numbers[0] {
		return fmt.Sprintf("%s to %s changes the major version, which maxMinorSkip: %d does not allow", from, to, *p.MaxMinorSkip)
	}
	skip := max(a.numbers[1], b.numbers[1]) - min(a.numbers[1], b.numbers[1])
	if *p.MaxMinorSkip < 0 || skip > uint64(*p.MaxMinorSkip) {
		return fmt.Sprintf("%s to %s skips too much: the minor version changes by %d, and maxMinorSkip is %d", from, to, skip, *p.MaxMinorSkip)
	}
	return ""
}
