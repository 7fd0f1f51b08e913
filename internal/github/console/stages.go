package console

import (
	"slices"

	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// promotion is whether a cohort should follow the cohorts before it.
type promotion struct {
	product, cohort string
	// to is the version that the cohorts before it have finished and soaked; zero
	// when they have not, or the cohort has it.
	from, to fleet.Version
	release  string
	clusters int
	// why says why there is nothing to promote; for people.
	why string
	// hold tells that nothing should be opened and nothing be closed now.
	hold bool
}

// newPromotions says for each product and each cohort that has others before it
// whether it should follow them.
func newPromotions(cycle *reconciler.Cycle) []promotion {
	if cycle.Spec == nil {
		return nil
	}
	at := map[plan.TargetKey]*plan.RolloutStatus{}
	for i := range cycle.Plan.Rollouts {
		r := &cycle.Plan.Rollouts[i]
		at[plan.TargetKey{Product: r.Product, Cohort: r.Cohort}] = r
	}
	var out []promotion
	for i := range cycle.Spec.Products {
		product := cycle.Spec.Products[i].Name
		var before []*plan.RolloutStatus // of the stage before that has the product
		for _, stage := range cycle.Spec.Fleet.Spec.Order {
			var here []*plan.RolloutStatus
			for _, cohort := range stage {
				r := at[plan.TargetKey{Product: product, Cohort: cohort}]
				if r == nil {
					continue
				}
				here = append(here, r)
				if before != nil {
					out = append(out, promote(cycle, r, before))
				}
			}
			if here != nil {
				before = here
			}
		}
	}
	return out
}

// promote decides about one cohort.
func promote(cycle *reconciler.Cycle, r *plan.RolloutStatus, before []*plan.RolloutStatus) promotion {
	p := promotion{product: r.Product, cohort: r.Cohort, from: r.Version, clusters: r.Clusters}
	first := before[0]
	order, ordered := first.Version.Compare(r.Version)
	release := cycle.State.Releases[first.Release]
	switch {
	case slices.ContainsFunc(before, func(b *plan.RolloutStatus) bool { return b.Version != first.Version }):
		p.why = "the cohorts before it are not on one version now"
	case first.Version == r.Version:
		p.why = r.Cohort + " moves to " + r.Version.String() + " already"
	case ordered && order < 0:
		p.why = r.Cohort + " is on " + r.Version.String() + ", which is newer"
	case r.Emergency != "" || first.Emergency != "":
		p.why = "an emergency is in force"
	case slices.ContainsFunc(before, func(b *plan.RolloutStatus) bool { return b.Phase == plan.PhaseBaseline }):
		p.why, p.hold = "no rollout has brought "+first.Version.String()+" to the cohorts before it", true
	case release == nil:
		p.why, p.hold = "its release is not known", true
	case cycle.State.Paused != nil || release.Paused != nil || cycle.State.Frozen != nil:
		p.why, p.hold = "it is paused", true
	case slices.ContainsFunc(before, func(b *plan.RolloutStatus) bool { return b.Phase != plan.PhaseFinished }):
		p.why = "the cohorts before it move to " + first.Version.String() + " now"
	default:
		p.to, p.release = first.Version, first.Release
	}
	return p
}
