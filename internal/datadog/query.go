package datadog

import (
	"slices"
	"strings"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// refuse says why a monitor cannot be asked for at all, or returns "".
func refuse(m *fleet.DatadogMonitor) string {
	switch field := stateField(m.Query); {
	case strings.TrimSpace(m.Query) == "":
		return "its query is empty, which would find every monitor"
	case m.ClusterTag == "":
		return "it does not say which tag names the cluster; set clusterTag"
	case field != "":
		return "its query looks at " + field + ", which hides groups by their state, so that a hidden group would look healthy; take " + field + " out"
	default:
		return ""
	}
}

// stateFields are the fields of a search that select groups by their state.
var stateFields = []string{"group_status", "status", "muted", "muted_left", "muted_elapsed", "triggered"}

// stateField returns the field of a query that selects by state, or "". What a
// quote encloses, and what stands in the parentheses of another field, is a
// value there and no field.
func stateField(query string) string {
	var (
		word     strings.Builder
		inQuotes bool
		owned    []bool // for each open parenthesis, whether a field owns it
	)
	isValue := func() bool { return len(owned) > 0 && owned[len(owned)-1] }
	// end finishes a word and returns its field, and whether that is one of state.
	end := func() (field string, bad bool) {
		field, _, ok := strings.Cut(word.String(), ":")
		word.Reset()
		field = strings.ToLower(strings.TrimLeft(field, "-+!"))
		if !ok || isValue() {
			return "", false
		}
		return field, slices.Contains(stateFields, field)
	}
	for _, r := range query {
		switch {
		case r == '"':
			inQuotes = !inQuotes
		case inQuotes && strings.ContainsRune("():", r):
			word.WriteByte('_')
		case inQuotes:
			word.WriteRune(r)
		case strings.ContainsRune("() \t\r\n", r):
			field, bad := end()
			if bad {
				return field
			}
			if r == '(' {
				owned = append(owned, isValue() || field != "")
			} else if r == ')' && len(owned) > 0 {
				owned = owned[:len(owned)-1]
			}
		default:
			word.WriteRune(r)
		}
	}
	if field, bad := end(); bad {
		return field
	}
	return ""
}

// queriesOf returns the distinct queries of the products' monitors, sorted.
func queriesOf(products []fleet.Product) []string {
	var queries []string
	eachMonitor(products, func(_ string, m *fleet.Monitor) {
		if refuse(m.Datadog) == "" {
			queries = append(queries, m.Datadog.Query)
		}
	})
	slices.Sort(queries)
	return slices.Compact(queries)
}

// eachMonitor calls f for each monitor whose source is Datadog.
func eachMonitor(products []fleet.Product, f func(product string, m *fleet.Monitor)) {
	for i := range products {
		for j := range products[i].Spec.Monitors {
			if m := &products[i].Spec.Monitors[j]; m.Datadog != nil {
				f(products[i].Name, m)
			}
		}
	}
}
