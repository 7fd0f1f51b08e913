package admission

import (
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

// Moves returns what changes from one spec to another, in the order of product
// and cohort. Emergencies are not in it: they are told by NewEmergencies.
func Moves(from, to *fleet.Spec) []Move {
	before, after := versions(from), versions(to)
	keys := map[[2]string]bool{}
	for k := range before {
		keys[k] = true
	}
	for k := range after {
		keys[k] = true
	}
	var out []Move
	for _, k := range slices.SortedFunc(maps.Keys(keys), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }) {
		if before[k] != after[k] {
			out = append(out, Move{Product: k[0], Cohort: k[1], From: before[k], To: after[k]})
		}
	}
	return out
}

func versions(s *fleet.Spec) map[[2]string]fleet.Version {
	out := map[[2]string]fleet.Version{}
	if s == nil {
		return out
	}
	for i := range s.Cohorts {
		for product, v := range s.Cohorts[i].Spec.Versions {
			out[[2]string{product, s.Cohorts[i].Name}] = v
		}
	}
	return out
}

// NewEmergencies returns the emergencies that the second spec has and the first
// has not, or not with the same product and version.
func NewEmergencies(from, to *fleet.Spec) []fleet.Emergency {
	known := map[string]fleet.EmergencySpec{}
	if from != nil {
		for _, e := range from.Emergencies {
			known[e.Name] = e.Spec
		}
	}
	var out []fleet.Emergency
	if to == nil {
		return nil
	}
	for _, e := range to.Emergencies {
		old, ok := known[e.Name]
		if !ok || old.Product != e.Spec.Product || old.Version != e.Spec.Version {
			out = append(out, e)
		}
	}
	return out
}

// PolicyFor returns the policy that a commit has to meet: that of the spec in
// force before it, with the larger number of approvals that a new emergency asks
// for.
func PolicyFor(inForce, candidate *fleet.Spec) fleet.Approvals {
	if inForce == nil {
		return fleet.Approvals{}
	}
	policy := inForce.Fleet.Spec.Approvals
	policy.By = slices.Clone(policy.By)
	for _, e := range NewEmergencies(inForce, candidate) {
		policy.Required = max(policy.Required, e.Spec.Approvals)
	}
	return policy
}

// tooMany says why a commit moves too much, or nothing. One commit moves at
// most one cohort, or one product by an emergency.
func tooMany(from, to *fleet.Spec) string {
	cohorts := map[string]bool{}
	for _, m := range Moves(from, to) {
		cohorts[m.Cohort] = true
	}
	emergencies := NewEmergencies(from, to)
	ended := NewEmergencies(to, from)
	switch {
	case len(emergencies) > 1:
		return "it declares more than one emergency; one commit, one emergency"
	case len(emergencies) == 1 && len(cohorts) > 0:
		return "it declares an emergency and moves cohort " + strings.Join(slices.Sorted(maps.Keys(cohorts)), ", ") + "; make it two commits"
	case len(cohorts) > 1 && !settles(from, to, ended):
		return "it moves the versions of " + strings.Join(slices.Sorted(maps.Keys(cohorts)), ", ") + "; one commit moves at most one cohort"
	default:
		return ""
	}
}

// settles reports whether a commit that ends emergencies only writes into the
// cohorts what the emergencies had set: nothing moves by it.
func settles(from, to *fleet.Spec, ended []fleet.Emergency) bool {
	for _, m := range Moves(from, to) {
		ok := slices.ContainsFunc(ended, func(e fleet.Emergency) bool {
			return e.Spec.Product == m.Product && e.Spec.Version == m.To
		})
		ok = ok || slices.ContainsFunc(from.Emergencies, func(e fleet.Emergency) bool {
			return e.Spec.Product == m.Product && e.Spec.Version == m.To
		})
		if !ok {
			return false
		}
	}
	return true
}
