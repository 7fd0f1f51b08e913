package fleet

import (
	"maps"
	"slices"
)

// choice is the set of what a selector allows for one label: no label at all,
// and values, either these or all but these.
type choice struct {
	absent bool
	values map[string]bool
	allBut bool
}

func only(values ...string) choice {
	c := choice{values: map[string]bool{}}
	for _, v := range values {
		c.values[v] = true
	}
	return c
}

func anything() choice { return choice{absent: true, allBut: true} }

func (r Requirement) choice() choice {
	switch r.Operator {
	case In:
		return only(r.Values...)
	case NotIn:
		c := only(r.Values...)
		c.absent, c.allBut = true, true
		return c
	case Exists:
		return choice{allBut: true}
	case DoesNotExist:
		return choice{absent: true}
	default:
		return anything()
	}
}

func (c choice) and(d choice) choice {
	out := choice{absent: c.absent && d.absent, values: map[string]bool{}}
	switch {
	case c.allBut && d.allBut:
		out.allBut = true
		maps.Copy(out.values, c.values)
		maps.Copy(out.values, d.values)
	case c.allBut:
		return d.and(c)
	default:
		for v := range c.values {
			if d.values[v] != d.allBut {
				out.values[v] = true
			}
		}
	}
	return out
}

// isNothing reports whether nothing is allowed.
func (c choice) isNothing() bool { return !c.absent && !c.allBut && len(c.values) == 0 }

// within reports whether all that c allows is allowed by d.
func (c choice) within(d choice) bool {
	if c.absent && !d.absent {
		return false
	}
	if c.allBut {
		if !d.allBut {
			return false
		}
		for v := range d.values {
			if !c.values[v] {
				return false
			}
		}
		return true
	}
	for v := range c.values {
		if d.values[v] == d.allBut {
			return false
		}
	}
	return true
}

// choices is a selector as one choice for each label that it names.
type choices map[string]choice

func (s Selector) choices() choices {
	out := choices{}
	for key, value := range s.MatchLabels {
		out.narrow(key, only(value))
	}
	for _, r := range s.MatchExpressions {
		out.narrow(r.Key, r.choice())
	}
	return out
}

func (cs choices) narrow(key string, c choice) {
	if old, ok := cs[key]; ok {
		c = old.and(c)
	}
	cs[key] = c
}

// impossible returns the first label for which nothing is allowed.
func (cs choices) impossible() (string, bool) {
	for _, key := range slices.Sorted(maps.Keys(cs)) {
		if cs[key].isNothing() {
			return key, true
		}
	}
	return "", false
}

// within reports whether every cluster that cs selects is selected by ds too.
// Labels are taken to be independent of one another; what follows from the
// labels that clusters really have is found when they are observed.
func (cs choices) within(ds choices) bool {
	for key, d := range ds {
		c, ok := cs[key]
		if !ok {
			c = anything()
		}
		if !c.within(d) {
			return false
		}
	}
	return true
}

// forProduct narrows a selector to the clusters of one product.
func (cs choices) forProduct(product string) choices {
	out := maps.Clone(cs)
	out.narrow(LabelProduct, only(product))
	return out
}
