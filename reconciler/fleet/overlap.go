package fleet

import (
	"fmt"
	"maps"
	"slices"
)

// maxCohorts bounds the comparison of each cohort with each other.
const maxCohorts = 1000

// reach is what a cohort selects.
type reach struct {
	entry
	products map[string]Version
	choices  choices
	empty    bool
}

// checkOverlaps finds cohorts that share clusters whatever the clusters' labels
// are: the selector of one allows all that the other's allows. Two cohorts may
// share the clusters of products that only one of them upgrades.
func (c *collection) checkOverlaps() {
	var all []reach
	of(c, func(e entry, v *Cohort) {
		if !e.broken {
			all = append(all, reach{e, v.Spec.Versions, v.Spec.Selector.choices(), v.Spec.Selector.IsEmpty()})
		}
	})
	if len(all) > maxCohorts {
		c.report(all[maxCohorts].entry, "metadata.name", fmt.Errorf("there are more than %d cohorts", maxCohorts))
		return
	}
	cohorts := len(c.byKind["Cohort"])
	for i, a := range all {
		if a.empty && cohorts > 1 {
			c.report(a.entry, "spec.selector", advise(
				"say which clusters belong to it, as in matchLabels: {tier: canary}", "selects every cluster, but there are other cohorts",
			))
			continue
		}
		for _, b := range all[:i] {
			if !b.empty {
				c.compare(a, b)
			}
		}
	}
}

func (c *collection) compare(a, b reach) {
	product, inner, outer, ok := contained(a, b)
	if !ok {
		return
	}
	what := fmt.Sprintf("every cluster of product %s that is in cohort %s is in cohort %s too", product, inner.meta.Name, outer.meta.Name)
	c.report(a.entry, "spec.selector", advise(
		"a cluster belongs to one cohort: change this selector or the one at "+b.position("spec.selector").String(), "%s", what,
	))
}

// contained finds a product of both cohorts for which one lies within the
// other.
func contained(a, b reach) (product string, inner, outer reach, ok bool) {
	for _, product := range slices.Sorted(maps.Keys(a.products)) {
		if _, shared := b.products[product]; !shared {
			continue
		}
		x, y := a.choices, b.choices
		_, aNames := x[LabelProduct]
		_, bNames := y[LabelProduct]
		if aNames || bNames {
			x, y = x.forProduct(product), y.forProduct(product)
			if _, none := x.impossible(); none {
				continue
			}
			if _, none := y.impossible(); none {
				continue
			}
		}
		switch {
		case x.within(y):
			return product, a, b, true
		case y.within(x):
			return product, b, a, true
		case !aNames && !bNames:
			return "", a, b, false // no other product gives another answer
		}
	}
	return "", a, b, false
}
