package console

import (
	"maps"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

func fleetTree(change map[string]string) fstest.MapFS {
	out := fstest.MapFS{}
	all := maps.Clone(map[string]string(files))
	maps.Copy(all, change)
	for name, text := range all {
		out[name] = &fstest.MapFile{Data: []byte(text), Mode: 0o444}
	}
	return out
}

func cohortWith(versions string) string {
	return "# The customers.\r\napiVersion: wavegate.dev/v1alpha1\nkind: Cohort\nmetadata: {name: prod}\nspec:\n" +
		"  selector: {matchLabels: {tier: prod}}\n" + versions
}

func TestAVersionIsMovedAndNothingElse(t *testing.T) {
	for name, k := range map[string]struct{ before, to, after string }{
		"in a block":           {"  versions:\n    kafka: 7.6.0   # do not touch\n", "7.6.1", "  versions:\n    kafka: 7.6.1   # do not touch\n"},
		"in a flow":            {"  versions: { kafka: 7.6.0 }\n", "7.6.1", "  versions: { kafka: 7.6.1 }\n"},
		"in double quotes":     {"  versions: {\"kafka\": \"7.6.0\"}\n", "7.6.1", "  versions: {\"kafka\": \"7.6.1\"}\n"},
		"in single quotes":     {"  versions: {kafka: '7.6.0'}\n", "7.6.1", "  versions: {kafka: '7.6.1'}\n"},
		"after wide letters":   {"  versions: {kafka: 7.6.0} # größer, 更大\n", "7.6.1", "  versions: {kafka: 7.6.1} # größer, 更大\n"},
		"by a digest":          {"  versions:\n    kafka: 7.6.0\n", "7.6.1@sha256:" + strings.Repeat("ab", 32), "  versions:\n    kafka: 7.6.1@sha256:" + strings.Repeat("ab", 32) + "\n"},
		"to one like a number": {"  versions:\n    kafka: 7.6.0\n", "7.10", "  versions:\n    kafka: \"7.10\"\n"},
		"at the end of a file": {"  versions: {\n    kafka: 7.6.0}", "7.6.1", "  versions: {\n    kafka: 7.6.1}"},
	} {
		t.Run(name, func(t *testing.T) {
			to, err := fleet.ParseVersion(k.to)
			if err != nil {
				t.Fatal(err)
			}
			tree := fleetTree(map[string]string{"cohorts/20-prod.yaml": cohortWith(k.before)})
			e, err := moveVersion(tree, "prod", "kafka", to)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := string(e.after), cohortWith(k.after); got != want || e.file != "cohorts/20-prod.yaml" {
				t.Errorf("%s:\n%s\nwant\n%s", e.file, got, want)
			}
		})
	}
}

func TestTheRightOneOfSeveralDocumentsIsEdited(t *testing.T) {
	both := canary("7.6.0") + "---\n" + prod("7.6.0")
	tree := fleetTree(map[string]string{"cohorts/all.yaml": both})
	delete(tree, "cohorts/10-canary.yaml")
	delete(tree, "cohorts/20-prod.yaml")
	e, err := moveVersion(tree, "prod", "kafka", fleet.Version{Tag: "7.6.1"})
	if err != nil {
		t.Fatal(err)
	}
	if want := canary("7.6.0") + "---\n" + prod("7.6.1"); string(e.after) != want {
		t.Errorf("got\n%s\nwant\n%s", e.after, want)
	}
}

func TestWhatCannotBeEditedIsLeftToPeople(t *testing.T) {
	for name, k := range map[string]struct {
		versions, cohort, product, says string
	}{
		"an alias":              {"  versions: {kafka: *v}\n", "prod", "kafka", "not valid"},
		"text over lines":       {"  versions:\n    kafka: >-\n      7.6.0\n", "prod", "kafka", "by hand"},
		"an escape":             {"  versions: {kafka: \"7.6.\\x30\"}\n", "prod", "kafka", "by hand"},
		"another cohort":        {"  versions: {kafka: 7.6.0}\n", "staging", "kafka", "no file has it"},
		"another product":       {"  versions: {kafka: 7.6.0}\n", "prod", "ksqldb", "no file has it"},
		"a repository in ruins": {"  versions: {kafka: 7.6.0\n", "prod", "kafka", "not valid"},
	} {
		t.Run(name, func(t *testing.T) {
			tree := fleetTree(map[string]string{"cohorts/20-prod.yaml": cohortWith(k.versions)})
			_, err := moveVersion(tree, k.cohort, k.product, fleet.Version{Tag: "7.6.1"})
			if err == nil || !strings.Contains(err.Error(), k.says) {
				t.Errorf("got %v, want %q", err, k.says)
			}
		})
	}
}

func FuzzMoveVersion(f *testing.F) {
	f.Add(cohortWith("  versions: {kafka: 7.6.0}\n"), "7.6.1")
	f.Add(prod("7.6.0"), "7.10")
	f.Add(canary("7.6.0")+"---\n"+prod("7.6.0"), "v8")
	f.Add(cohortWith("  versions:\n    kafka: |\n      7.6.0\n"), "1")
	f.Fuzz(func(t *testing.T, text, tag string) {
		to, err := fleet.ParseVersion(tag)
		if err != nil {
			return
		}
		tree := fleetTree(map[string]string{"cohorts/20-prod.yaml": text})
		e, err := moveVersion(tree, "prod", "kafka", to)
		if err != nil {
			return
		}
		tree[e.file] = &fstest.MapFile{Data: e.after, Mode: 0o444}
		spec, problems := fleet.Load(tree)
		if len(problems) > 0 {
			t.Fatalf("the result is not valid: %v", problems)
		}
		for i := range spec.Cohorts {
			if c := &spec.Cohorts[i]; c.Name == "prod" && c.Spec.Versions["kafka"] != to {
				t.Errorf("prod has %v, want %v", c.Spec.Versions["kafka"], to)
			}
		}
	})
}
