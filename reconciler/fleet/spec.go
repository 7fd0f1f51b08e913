package fleet

import (
	"slices"
	"strings"
)

// Product returns the product of that name.
func (s *Spec) Product(name string) (*Product, bool) {
	for i := range s.Products {
		if s.Products[i].Name == name {
			return &s.Products[i], true
		}
	}
	return nil, false
}

// Cohort returns the cohort of that name.
func (s *Spec) Cohort(name string) (*Cohort, bool) {
	for i := range s.Cohorts {
		if s.Cohorts[i].Name == name {
			return &s.Cohorts[i], true
		}
	}
	return nil, false
}

// Stages returns the names of the cohorts in the order of the train; those of
// one stage run side by side. The result belongs to the caller.
func (s *Spec) Stages() [][]string {
	out := make([][]string, len(s.Fleet.Spec.Order))
	for i, stage := range s.Fleet.Spec.Order {
		out[i] = slices.Clone(stage)
	}
	return out
}

// spec puts together what has been checked.
func (c *collection) spec() *Spec {
	s := &Spec{
		Fleet:       gather(c, func(v *Fleet) *Meta { return &v.Meta })[0],
		Products:    gather(c, func(v *Product) *Meta { return &v.Meta }),
		Cohorts:     gather(c, func(v *Cohort) *Meta { return &v.Meta }),
		Windows:     gather(c, func(v *Window) *Meta { return &v.Meta }),
		Pins:        gather(c, func(v *Pin) *Meta { return &v.Meta }),
		Emergencies: gather(c, func(v *Emergency) *Meta { return &v.Meta }),
	}
	rank := map[string]int{}
	for _, name := range slices.Concat(s.Stages()...) {
		rank[name] = len(rank)
	}
	slices.SortFunc(s.Cohorts, func(a, b Cohort) int { return rank[a.Name] - rank[b.Name] })
	return s
}

// gather copies the documents of a type, with their full positions, by name.
func gather[T any](c *collection, meta func(*T) *Meta) []T {
	var out []T
	of(c, func(e entry, v *T) {
		copied := *v
		meta(&copied).Position.File = e.file
		out = append(out, copied)
	})
	slices.SortFunc(out, func(a, b T) int { return strings.Compare(meta(&a).Name, meta(&b).Name) })
	return out
}
