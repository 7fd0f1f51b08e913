package fleet

import (
	"fmt"
	"testing"
)

// FuzzScalar puts raw YAML into one place of an otherwise good document, so that
// what YAML parsers disagree about is met more often than by FuzzLoad.
func FuzzScalar(f *testing.F) {
	for _, s := range []string{
		"3.10", "1e3", "010", "0x1F", "0o7", "0b1", "1_000", "+1", "-1", ".5", "1:30", "yes", "Off", "y", "~", "null", "", "<<", "=", ".inf", ".NaN",
		"2026-12-15", "2026-12-15T10:00:00Z", "2026-12-15 10:00:00", `"a\tb"`, `"\x41\u00e9\U0001F600"`, `'it''s'`, "|\n    a\n    b\n", ">-\n    a\n\n    b\n",
		"&a b", "*a", "!!str 1", "! 1", "!local x", "a # comment", "a: b", "[a, b]", "{a: b}", "a\n    b", "\"a\\\n    b\"", "'a\n\n    b'", "- a", "@a", "`a`", "%a", "a\u0085b", "\ufeffa",
		"10%", "7d", "1h30m", "100%", "3", "0", "true", "? a", "-", ": a", "a:", "#a", "a\tb", "\t", "---", "...", "a\r\n    b",
	} {
		for place := range uint8(8) {
			f.Add(place, s)
		}
	}
	const head = "apiVersion: wavegate.dev/v1alpha1\nkind: "
	templates := []string{
		head + "Pin\nmetadata: {name: a}\nspec:\n  clusters: [a]\n  owner: user:a\n  expires: 2026-12-15\n  reason: %s\n",
		head + "Emergency\nmetadata: {name: a}\nspec:\n  product: a\n  reason: x\n  expires: 2026-12-15\n  version: %s\n",
		head + "Cohort\nmetadata: {name: a}\nspec:\n  selector: {}\n  versions: {a: '1'}\n  maxFailures: %s\n",
		head + "Product\nmetadata: {name: a}\nspec:\n  image: a\n  workload: {kind: Deployment}\n  settle: 1ns\n  progressDeadline: %s\n",
		head + "Pin\nmetadata: {name: a}\nspec: {clusters: [a], owner: user:a, expires: 2026-12-15, reason: %s}\n",
		head + "Pin\nmetadata: {name: a}\nspec:\n  clusters:\n  - %s\n  owner: user:a\n  expires: 2026-12-15\n  reason: x\n",
		head + "Cohort\nmetadata: {name: a}\nspec:\n  selector:\n    matchLabels:\n      %s: x\n  versions: {a: '1'}\n",
		head + "Fleet\nmetadata: {name: a}\nspec:\n  order: [a]\n  limits:\n  - maxConcurrency: %s\n",
	}
	loader := NewLoader(LoaderConfig{})
	f.Fuzz(func(t *testing.T, place uint8, text string) {
		data := []byte(fmt.Sprintf(templates[int(place)%len(templates)], text))
		compareWithSigs(t, loader.parse(data), data)
	})
}
