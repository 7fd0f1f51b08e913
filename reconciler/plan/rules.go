package plan

import (
	"maps"
	"slices"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// Rules are what a spec says about when clusters may be changed. The journal keeps
// them with the commit that brought them into force, and with each start those of
// the cluster's labels that they read, so that it can be judged later without the
// repository and without the clusters.
type Rules struct {
	Order       []fleet.Stage                  `json:"order,omitempty"`
	Limits      []fleet.Limit                  `json:"limits,omitempty"`
	Products    map[string]fleet.VersionPolicy `json:"products,omitempty"`
	Cohorts     map[string]CohortRules         `json:"cohorts,omitempty"`
	Windows     map[string]fleet.WindowSpec    `json:"windows,omitempty"`
	Pins        map[string]PinRules            `json:"pins,omitempty"`
	Emergencies map[string]EmergencyRules      `json:"emergencies,omitempty"`
}

// CohortRules are those of a cohort.
type CohortRules struct {
	// Products are those that the cohort has a version of.
	Products    []string     `json:"products,omitempty"`
	Waves       []fleet.Wave `json:"waves,omitempty"`
	MaxFailures fleet.Size   `json:"maxFailures,omitzero"`
}

// PinRules are those of a pin.
type PinRules struct {
	Clusters []string     `json:"clusters"`
	Expires  fleet.Moment `json:"expires"`
}

// EmergencyRules are those of an emergency.
type EmergencyRules struct {
	Product string                `json:"product"`
	Skip    []fleet.EmergencySkip `json:"skip,omitempty"`
	Expires fleet.Moment          `json:"expires"`
}

// NewRules takes the rules out of a spec.
func NewRules(spec *fleet.Spec) *Rules {
	r := &Rules{
		Order: spec.Fleet.Spec.Order, Limits: spec.Fleet.Spec.Limits,
		Products: map[string]fleet.VersionPolicy{}, Cohorts: map[string]CohortRules{}, Windows: map[string]fleet.WindowSpec{},
		Pins: map[string]PinRules{}, Emergencies: map[string]EmergencyRules{},
	}
	for i := range spec.Products {
		r.Products[spec.Products[i].Name] = spec.Products[i].Spec.Versions
	}
	for i := range spec.Cohorts {
		c := &spec.Cohorts[i].Spec
		r.Cohorts[spec.Cohorts[i].Name] = CohortRules{
			Products: slices.Sorted(maps.Keys(c.Versions)), Waves: c.Waves, MaxFailures: c.MaxFailures,
		}
	}
	for i := range spec.Windows {
		r.Windows[spec.Windows[i].Name] = spec.Windows[i].Spec
	}
	for i := range spec.Pins {
		p := &spec.Pins[i].Spec
		r.Pins[spec.Pins[i].Name] = PinRules{Clusters: p.Clusters, Expires: p.Expires}
	}
	for i := range spec.Emergencies {
		e := &spec.Emergencies[i].Spec
		r.Emergencies[spec.Emergencies[i].Name] = EmergencyRules{Product: e.Product, Skip: e.Skip, Expires: e.Expires}
	}
	return r
}

// Labels returns the labels that the rules read, besides a cluster's name, product
// and data plane; sorted.
func (r *Rules) Labels() []string {
	var keys []string
	for _, l := range r.Limits {
		keys = append(keys, l.Label)
	}
	for _, w := range r.Windows {
		keys = slices.AppendSeq(keys, maps.Keys(w.Selector.MatchLabels))
		for _, x := range w.Selector.MatchExpressions {
			keys = append(keys, x.Key)
		}
	}
	slices.Sort(keys)
	return slices.DeleteFunc(slices.Compact(keys), func(k string) bool {
		return k == "" || k == fleet.LabelName || k == fleet.LabelProduct || k == fleet.LabelDataPlane
	})
}

// Witness adds to the start of a cluster what somebody needs who judges the journal
// later and has no clusters to look at: whether it was half way to another version,
// and its values of the labels that the rules in force read.
func Witness(e *Event, inv *Inventory, labels []string) {
	row, ok := inv.Find(e.Cluster)
	if !ok || e.Kind != ClusterStarted {
		return
	}
	e.Redirect = inv.inFlight(row)
	e.Labels = map[string]string{}
	for _, key := range labels {
		if v, ok := inv.Label(row, key); ok {
			e.Labels[key] = v
		}
	}
}
