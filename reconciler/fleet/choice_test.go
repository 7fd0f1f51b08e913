package fleet

import (
	"testing"

	"pgregory.net/rapid"
)

// drawSelector makes selectors over two labels with two values each, so that a
// few clusters are all that there can be.
func drawSelector(t *rapid.T, name string) Selector {
	key, value := rapid.SampledFrom([]string{"a", "b"}), rapid.SampledFrom([]string{"x", "y"})
	s := Selector{MatchLabels: rapid.MapOfN(key, value, 0, 2).Draw(t, name+" labels")}
	for range rapid.IntRange(0, 2).Draw(t, name+" conditions") {
		r := Requirement{Key: key.Draw(t, "key"), Operator: Operator(rapid.SampledFrom(enumWords()).Draw(t, "operator"))}
		if r.Operator == In || r.Operator == NotIn {
			r.Values = rapid.SliceOfNDistinct(value, 1, 2, rapid.ID[string]).Draw(t, "values")
		}
		s.MatchExpressions = append(s.MatchExpressions, r)
	}
	return s
}

func enumWords() []string { return words(In, NotIn, Exists, DoesNotExist) }

// everyCluster lists all combinations of labels, with a third value that no
// selector names.
func everyCluster() []map[string]string {
	var out []map[string]string
	values := []string{"", "x", "y", "other"}
	for _, a := range values {
		for _, b := range values {
			c := map[string]string{}
			if a != "" {
				c["a"] = a
			}
			if b != "" {
				c["b"] = b
			}
			out = append(out, c)
		}
	}
	return out
}

func selects(s Selector, labels map[string]string) bool {
	return s.Matches(func(key string) (string, bool) {
		v, ok := labels[key]
		return v, ok
	})
}

func TestWhatIsProvedOfSelectorsHoldsForEveryCluster(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawSelector(t, "a"), drawSelector(t, "b")
		matchesAny, allInB := false, true
		for _, c := range everyCluster() {
			if selects(a, c) {
				matchesAny = true
				allInB = allInB && selects(b, c)
			}
		}
		if _, impossible := a.choices().impossible(); impossible == matchesAny {
			t.Fatalf("impossible is %v, but there are clusters: %v; %+v", impossible, matchesAny, a)
		}
		if within := a.choices().within(b.choices()); matchesAny && within != allInB {
			t.Fatalf("within is %v, but of all clusters it is %v\na: %+v\nb: %+v", within, allInB, a, b)
		}
	})
}
