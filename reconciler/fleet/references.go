package fleet

import (
	"fmt"
	"maps"
	"slices"
)

// checkReferences finds names of products that do not exist.
func (c *collection) checkReferences() {
	of(c, func(e entry, v *Cohort) {
		for _, product := range slices.Sorted(maps.Keys(v.Spec.Versions)) {
			c.mustExist(e, childPath("spec.versions", product), "Product", product)
		}
		c.checkProductLabel(e, v.Spec.Selector)
	})
	of(c, func(e entry, v *Window) {
		for i, product := range v.Spec.Products {
			c.mustExist(e, fmt.Sprintf("spec.products[%d]", i), "Product", product)
		}
		c.checkProductLabel(e, v.Spec.Selector)
	})
	of(c, func(e entry, v *Emergency) {
		c.mustExist(e, "spec.product", "Product", v.Spec.Product)
	})
}

// checkProductLabel finds products that a selector names by their label.
func (c *collection) checkProductLabel(e entry, s Selector) {
	if product, ok := s.MatchLabels[LabelProduct]; ok {
		c.mustExist(e, childPath("spec.selector.matchLabels", LabelProduct), "Product", product)
	}
	for i, r := range s.MatchExpressions {
		if r.Key != LabelProduct {
			continue
		}
		for j, product := range r.Values {
			c.mustExist(e, fmt.Sprintf("spec.selector.matchExpressions[%d].values[%d]", i, j), "Product", product)
		}
	}
}

// checkOrder compares the order of the train with the cohorts that there are.
func (c *collection) checkOrder(fleet *entry) {
	if fleet == nil {
		return
	}
	ordered := map[string]bool{}
	for i, stage := range fleet.value.(*Fleet).Spec.Order {
		for j, name := range stage {
			path := fmt.Sprintf("spec.order[%d][%d]", i, j)
			if !fleet.has(path) {
				path = fmt.Sprintf("spec.order[%d]", i)
			}
			ordered[name] = true
			c.mustExist(*fleet, path, "Cohort", name)
		}
	}
	if fleet.broken && len(ordered) == 0 {
		return
	}
	for _, e := range c.all {
		if e.kind == "Cohort" && e.meta.Name != "" && !ordered[e.meta.Name] {
			c.report(e, "metadata.name", advise(
				"add it to spec.order at "+fleet.position("spec.order").String(),
				"cohort %s is not in the order of the fleet, so it would never be upgraded", e.meta.Name,
			))
		}
	}
}

// checkPins finds clusters that two pins claim.
func (c *collection) checkPins() {
	type claim struct {
		e    entry
		path string
	}
	first := map[string]claim{}
	of(c, func(e entry, v *Pin) {
		for i, cluster := range v.Spec.Clusters {
			path := fmt.Sprintf("spec.clusters[%d]", i)
			old, twice := first[cluster]
			if !twice {
				first[cluster] = claim{e, path}
				continue
			}
			if old.e.document == e.document && old.e.file == e.file {
				continue // the document's own check has said so
			}
			c.report(e, path, advise(
				"keep it in one pin, so that one owner and one expiry hold; the other is at "+old.e.position(old.path).String(),
				"cluster %s is also in pin %s", quote(cluster), old.e.meta.Name,
			))
		}
	})
}

// checkEmergencies finds those that contradict each other or the fleet.
func (c *collection) checkEmergencies(fleet *entry) {
	required := 0
	if fleet != nil {
		required = fleet.value.(*Fleet).Spec.Approvals.Required
	}
	first := map[string]entry{}
	of(c, func(e entry, v *Emergency) {
		if a := v.Spec.Approvals; a > 0 && a < required {
			c.report(e, "spec.approvals", advise(
				fmt.Sprintf("write %d or more, or leave it out", required),
				"is %d, but the fleet requires %d approvals, and an emergency never needs fewer", a, required,
			))
		}
		if v.Spec.Product == "" {
			return
		}
		if old, twice := first[v.Spec.Product]; twice {
			c.report(e, "spec.product", advise(
				"remove the one that is over; the other is at "+old.position("spec.product").String(),
				"product %s has two emergencies, and only one version can be right", v.Spec.Product,
			))
			return
		}
		first[v.Spec.Product] = e
	})
}
