package datadog

import (
	"slices"
	"time"

	"github.com/DataDog/datadog-api-client-go/v2/api/datadogV1"
)

// answer is what a query found in one poll.
type answer struct {
	asOf   time.Time // when the poll began
	groups []group
	// since is when each group that fires began to, as far as we can tell.
	since    map[groupID]time.Time
	verdicts map[string]*verdict // by cluster tag
}

// newAnswer takes the groups of a poll. The answer before it, if there is one,
// tells what fired already.
func newAnswer(asOf time.Time, groups []group, before *answer) *answer {
	a := &answer{asOf: asOf, groups: groups, since: map[groupID]time.Time{}, verdicts: map[string]*verdict{}}
	var quiet map[groupID]bool
	if before != nil {
		quiet = make(map[groupID]bool, len(before.groups))
		for i := range before.groups {
			if before.groups[i].status != datadogV1.MONITOROVERALLSTATES_ALERT {
				quiet[before.groups[i].id] = true
			}
		}
	}
	for i := range groups {
		g := &groups[i]
		if g.status != datadogV1.MONITOROVERALLSTATES_ALERT {
			continue
		}
		since := g.triggered
		if since.After(asOf.Add(24 * time.Hour)) {
			since = time.Time{} // no time that anything could have happened at
		}
		if before != nil {
			since = latest(since, before.since[g.id])
			// A group that warned before it fired triggered when it warned. We
			// know better: it did not fire when it was last read. Somewhere
			// between then and now it began to; the later time is the one that
			// charges the alert to an upgrade which began in between.
			if quiet[g.id] && !since.After(before.asOf) {
				since = asOf
			}
		}
		a.since[g.id] = since
	}
	return a
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// gone reports whether a group of an answer is not among the groups.
func gone(before *answer, groups []group) bool {
	if before == nil {
		return false
	}
	here := make(map[groupID]bool, len(groups))
	for i := range groups {
		here[groups[i].id] = true
	}
	return slices.ContainsFunc(before.groups, func(g group) bool { return !here[g.id] })
}

// same reports whether two answers say the same of all groups. When a group
// triggered counts as well: one that recovered and fires again is another alert.
func (a *answer) same(b *answer) bool {
	if a == nil || b == nil || len(a.groups) != len(b.groups) {
		return a == b
	}
	others := make(map[groupID]*group, len(b.groups))
	for i := range b.groups {
		others[b.groups[i].id] = &b.groups[i]
	}
	for i := range a.groups {
		g := &a.groups[i]
		h := others[g.id]
		if h == nil || g.status != h.status || g.muted != h.muted || g.broken != h.broken ||
			!a.since[g.id].Equal(b.since[h.id]) || !slices.Equal(g.tags, h.tags) {
			return false
		}
	}
	return true
}
