package plan

import (
	"maps"
	"slices"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// Targets derives from a spec that has just come into force which targets it
// sets and which it removes. With baseline, at the first start, the targets are
// taken as they are found and start nothing.
func Targets(s *State, spec *fleet.Spec, commit string, baseline bool, now time.Time) []Event {
	var events []Event
	scratch := &State{Targets: maps.Clone(s.Targets)}
	wanted := map[TargetKey]bool{}
	for i := range spec.Cohorts {
		cohort := &spec.Cohorts[i]
		for _, product := range slices.Sorted(maps.Keys(cohort.Spec.Versions)) {
			key := TargetKey{product, cohort.Name}
			wanted[key] = true
			version, emergency := cohort.Spec.Versions[product], ""
			for j := range spec.Emergencies {
				if spec.Emergencies[j].Spec.Product == product {
					version, emergency = spec.Emergencies[j].Spec.Version, spec.Emergencies[j].Name
				}
			}
			if e, ok := target(scratch, key, version, emergency, commit, baseline, now); ok {
				events = append(events, e)
				scratch.Targets[key] = &Target{Version: version, Release: e.Release}
			}
		}
	}
	for _, key := range slices.SortedFunc(maps.Keys(s.Targets), compareKeys) {
		if !wanted[key] {
			events = append(events, Event{
				At: now, Kind: TargetRemoved, Product: key.Product, Cohort: key.Cohort,
				From: s.Targets[key].Version, Commit: commit,
			})
		}
	}
	return events
}

func target(s *State, key TargetKey, v fleet.Version, emergency, commit string, baseline bool, now time.Time) (Event, bool) {
	e := Event{
		At: now, Kind: TargetSet, Product: key.Product, Cohort: key.Cohort, To: v, Commit: commit,
		Emergency: emergency, Baseline: baseline,
	}
	old := s.Targets[key]
	if old == nil {
		// A cohort or a product that is new to the fleet repository takes what
		// it finds, unless other cohorts are on their way to that version.
		if !baseline {
			e.Release = s.releaseFor(key.Product, v, commit)
		}
		return e, true
	}
	e.From = old.Version
	switch {
	case old.Version != v:
		e.Release = s.releaseFor(key.Product, v, commit)
		return e, true
	case old.Emergency != emergency:
		// The same version for another reason: the rollout goes on as it is.
		e.From, e.Commit, e.Release, e.Baseline = old.Previous, old.Commit, old.Release, old.Baseline
		return e, true
	default:
		return e, false
	}
}
