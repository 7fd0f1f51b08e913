package main

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

func TestMutationsByRuleCompileAndDiffer(t *testing.T) {
	const file = "reconciler/plan/limits.go"
	got, err := classic(t.Context(), root, []string{file})
	if err != nil {
		t.Fatal(err)
	}
	var whys []string
	seen := map[string]bool{}
	for _, m := range got {
		whys = append(whys, m.why)
		text := string(slices.Collect(maps.Values(m.made))[0])
		if seen[text] {
			t.Errorf("%s (%s) is there twice", m.name, m.why)
		}
		seen[text] = true
	}
	for _, want := range []string{
		"u.total >= u.limits[i].MaxConcurrency with >", "drop u.total++", "negate", "drop continue",
		`u.limits[i].Label == "" && u.total >= u.limits[i].MaxConcurrency with ||`,
	} {
		if !slices.Contains(whys, want) {
			t.Errorf("no mutation %q among\n%s", want, strings.Join(whys, "\n"))
		}
	}
}
