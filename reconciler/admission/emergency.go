package admission

import (
	"slices"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// NewEmergencies returns the emergencies that the second spec has and the first
// has not, or not with the same product and version.
func NewEmergencies(from, to *fleet.Spec) []fleet.Emergency {
	if to == nil {
		return nil
	}
	var out []fleet.Emergency
	for _, e := range to.Emergencies {
		if old, ok := emergency(from, e.Name); !ok || old.Product != e.Spec.Product || old.Version != e.Spec.Version {
			out = append(out, e)
		}
	}
	return out
}

// PolicyFor returns the policy that a commit has to meet: that of the spec in
// force before it, with the larger number of approvals that an emergency asks
// for which the commit declares or extends. The number of an emergency in force
// cannot be lowered by the commit that is judged. At the first start nothing is in
// force, and the commit has to meet what it asks for itself.
func PolicyFor(inForce, candidate *fleet.Spec) fleet.Approvals {
	if inForce == nil {
		if candidate == nil {
			return fleet.Approvals{}
		}
		inForce = candidate
	}
	policy := inForce.Fleet.Spec.Approvals
	policy.By = slices.Clone(policy.By)
	if candidate == nil {
		return policy
	}
	for _, e := range candidate.Emergencies {
		if old, ok := emergency(inForce, e.Name); ok && !extends(e.Spec, old) {
			continue
		}
		policy.Required = max(policy.Required, e.Spec.Approvals)
		for _, old := range inForce.Emergencies {
			if old.Spec.Product == e.Spec.Product || old.Name == e.Name {
				policy.Required = max(policy.Required, old.Spec.Approvals)
			}
		}
	}
	return policy
}

// extends reports whether an emergency may do more than before: another
// version, more gates left out, more time, fewer approvals next time.
func extends(e, old fleet.EmergencySpec) bool {
	return e.Product != old.Product || e.Version != old.Version || e.Approvals < old.Approvals ||
		e.Expires.After(old.Expires.Time) ||
		slices.ContainsFunc(e.Skip, func(s fleet.EmergencySkip) bool { return !slices.Contains(old.Skip, s) })
}

func emergency(s *fleet.Spec, name string) (fleet.EmergencySpec, bool) {
	if s == nil {
		return fleet.EmergencySpec{}, false
	}
	for i := range s.Emergencies {
		if s.Emergencies[i].Name == name {
			return s.Emergencies[i].Spec, true
		}
	}
	return fleet.EmergencySpec{}, false
}
