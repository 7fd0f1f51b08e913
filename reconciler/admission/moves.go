package admission

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// Move is a version that a commit changes for a product in a cohort. An empty
// version means that there is none.
type Move struct {
	Product, Cohort string
	From, To        fleet.Version
}

// String renders a move as people write it: kafka 7.5.0 -> 7.6.1 in canary.
func (m Move) String() string {
	return fmt.Sprintf("%s %s -> %s in %s", m.Product, orElse(m.From.String(), "none"), orElse(m.To.String(), "none"), m.Cohort)
}

// Moves returns which of the cohorts' own versions change from one spec to
// another, in the order of product and cohort. Emergencies are not in it: they
// are told by NewEmergencies.
func Moves(from, to *fleet.Spec) []Move { return compare(versions(from), versions(to)) }

// place is a product in a cohort.
type place struct{ product, cohort string }

func compare(before, after map[place]fleet.Version) []Move {
	places := maps.Clone(before)
	maps.Copy(places, after)
	var out []Move
	for p := range places {
		if before[p] != after[p] {
			out = append(out, Move{Product: p.product, Cohort: p.cohort, From: before[p], To: after[p]})
		}
	}
	slices.SortFunc(out, func(a, b Move) int {
		if c := strings.Compare(a.Product, b.Product); c != 0 {
			return c
		}
		return strings.Compare(a.Cohort, b.Cohort)
	})
	return out
}

// versions are those that the cohorts ask for.
func versions(s *fleet.Spec) map[place]fleet.Version {
	out := map[place]fleet.Version{}
	if s == nil {
		return out
	}
	for i := range s.Cohorts {
		for product, v := range s.Cohorts[i].Spec.Versions {
			out[place{product, s.Cohorts[i].Name}] = v
		}
	}
	return out
}

// effective are the versions that hold, emergencies included.
func effective(s *fleet.Spec) map[place]fleet.Version {
	out := versions(s)
	if s == nil {
		return out
	}
	for _, e := range s.Emergencies {
		for p := range out {
			if p.product == e.Spec.Product {
				out[p] = e.Spec.Version
			}
		}
	}
	return out
}

// tooMany says why a commit moves too much, or nothing. What counts is what a
// cohort asks for and what holds for it: a move that an emergency hides for now
// must not come out with many others when the emergency ends.
//
//	emergencies    the cohorts' own versions     what holds            ->
//	as before      at most one cohort            -                     fine
//	one more       none                          that product          fine
//	one fewer      none                          that product          fine: it is aborted
//	one fewer      written down as they hold     nothing               fine: it is over
//	anything else                                                      too much
func tooMany(from, to *fleet.Spec) string {
	own := unsettled(from, Moves(from, to))
	held := compare(effective(from), effective(to))
	begun := NewEmergencies(from, to)
	cohorts := cohortsOf(slices.Concat(own, held))
	switch {
	case len(begun) > 1:
		return "it declares more than one emergency; one commit, one emergency"
	case len(begun) == 1 && len(own) > 0:
		return "it declares emergency " + begun[0].Name + " and moves " + list(own) + "; make it two commits"
	case len(begun) == 1 && len(otherProducts(held, begun[0].Spec.Product)) > 0:
		return "it declares emergency " + begun[0].Name + ", and by ending another it moves " +
			list(otherProducts(held, begun[0].Spec.Product)) + "; make it two commits"
	case len(begun) == 1 || len(cohorts) <= 1:
		return ""
	case len(cohortsOf(own)) > 1:
		return "it moves the versions of " + strings.Join(cohorts, ", ") + " (" + list(own) + "); one commit moves at most one cohort"
	case len(own) > 0:
		return "it moves " + list(own) + ", and by ending an emergency also " + list(without(held, own)) + "; make it two commits"
	case len(otherProducts(held, held[0].Product)) > 0:
		return "it ends emergencies of more than one product and so moves " + list(held) + "; one commit, one emergency"
	default:
		return "" // the emergency is aborted: its product goes back
	}
}

// unsettled leaves out the moves that write down for a cohort what an emergency
// in force has set already.
func unsettled(from *fleet.Spec, moves []Move) []Move {
	return slices.DeleteFunc(slices.Clone(moves), func(m Move) bool {
		return from != nil && slices.ContainsFunc(from.Emergencies, func(e fleet.Emergency) bool {
			return e.Spec.Product == m.Product && e.Spec.Version == m.To
		})
	})
}

func otherProducts(moves []Move, product string) []Move {
	return slices.DeleteFunc(slices.Clone(moves), func(m Move) bool { return m.Product == product })
}

// without leaves out the moves whose product and cohort are among others.
func without(moves, others []Move) []Move {
	return slices.DeleteFunc(slices.Clone(moves), func(m Move) bool {
		return slices.ContainsFunc(others, func(o Move) bool { return o.Product == m.Product && o.Cohort == m.Cohort })
	})
}

func cohortsOf(moves []Move) []string {
	names := map[string]bool{}
	for _, m := range moves {
		names[m.Cohort] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// list names the first moves.
func list(moves []Move) string {
	const show = 4
	var out []string
	for i, m := range moves {
		if i == show {
			out = append(out, fmt.Sprintf("and %d more", len(moves)-show))
			break
		}
		out = append(out, m.String())
	}
	return strings.Join(out, ", ")
}
