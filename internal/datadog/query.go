package datadog

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

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

// aroundColon is the space that may be around the colon of a field.
var aroundColon = regexp.MustCompile(`\s*:\s*`)

// stateField returns the field of a query that selects by state, or "". What a
// quote encloses, and what stands in the parentheses of another field, is a
// value there and no field.
func stateField(query string) string {
	var (
		word  strings.Builder
		owned []bool // for each open parenthesis, whether a field owns it
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
	for _, r := range aroundColon.ReplaceAllString(unquote(query), ":") + " " {
		if r != '(' && r != ')' && !unicode.IsSpace(r) {
			word.WriteRune(r)
			continue
		}
		field, bad := end()
		switch {
		case bad:
			return field
		case r == '(':
			owned = append(owned, isValue() || field != "")
		case r == ')' && len(owned) > 0:
			owned = owned[:len(owned)-1]
		}
	}
	return ""
}

// unquote takes the quotes away, and the meaning from what they enclosed.
func unquote(query string) string {
	inQuotes := false
	return strings.Map(func(r rune) rune {
		switch {
		case r == '"':
			inQuotes = !inQuotes
			return -1
		case inQuotes && (strings.ContainsRune("():", r) || unicode.IsSpace(r)):
			return '_'
		default:
			return r
		}
	}, query)
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
