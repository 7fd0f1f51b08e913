package fleet_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"io/fs"
	"os"
	"path"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
	fleetrepoexample "github.com/wavegate-dev/wavegate/fleet-repo-example"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"sigs.k8s.io/yaml"
)

var update = flag.Bool("update", false, "write the files that tests compare with")

const schemaFile = ".wavegate/schema.json"

func resolvedSchema(t *testing.T) *jsonschema.Resolved {
	t.Helper()
	data, err := fleet.Schema()
	if err != nil {
		t.Fatal(err)
	}
	var s jsonschema.Schema
	if err := json.Unmarshal(data, &s); err != nil {
		t.Fatal(err)
	}
	resolved, err := s.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	return resolved
}

// exampleDocuments returns the documents of the example repository by file, as
// JSON values.
func exampleDocuments(t *testing.T) map[string][]map[string]any {
	t.Helper()
	docs := map[string][]map[string]any{}
	err := fs.WalkDir(fleetrepoexample.FS, ".", func(name string, _ fs.DirEntry, err error) error {
		if err != nil || path.Ext(name) != ".yaml" {
			return err
		}
		data, err := fs.ReadFile(fleetrepoexample.FS, name)
		if err != nil {
			return err
		}
		for part := range strings.SplitSeq(string(data), "\n---\n") {
			var doc map[string]any
			if err := yaml.Unmarshal([]byte(part), &doc); err != nil {
				return err
			}
			if doc != nil {
				docs[name] = append(docs[name], doc)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return docs
}

func TestTheExamplesSchemaFileIsTheSchema(t *testing.T) {
	want, err := fleet.Schema()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("../../fleet-repo-example/"+schemaFile, want, 0o644); err != nil {
			t.Fatal(err)
		}
		t.Skip("the schema file has been written; the binary still has the old one")
	}
	got, err := fs.ReadFile(fleetrepoexample.FS, schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("fleet-repo-example/%s is not what Schema returns; run: go test ./reconciler/fleet -run %s -update", schemaFile, t.Name())
	}
}

func TestEveryDocumentOfTheExampleFitsTheSchema(t *testing.T) {
	schema := resolvedSchema(t)
	seen := map[any]bool{}
	for file, docs := range exampleDocuments(t) {
		for _, doc := range docs {
			seen[doc["kind"]] = true
			if err := schema.Validate(doc); err != nil {
				t.Errorf("%s: %v", file, err)
			}
		}
	}
	for _, kind := range []string{"Fleet", "Product", "Cohort", "Window", "Pin"} {
		if !seen[kind] {
			t.Errorf("the example has no %s", kind)
		}
	}
}

func TestAnUnknownFieldAnywhereDoesNotFitTheSchema(t *testing.T) {
	schema := resolvedSchema(t)
	for file, docs := range exampleDocuments(t) {
		for _, doc := range docs {
			eachObject(doc, "", func(at string, object map[string]any) {
				if strings.HasSuffix(at, "matchLabels") || strings.HasSuffix(at, "spec.versions") && doc["kind"] == "Cohort" {
					return // maps with keys of the user's own
				}
				object["maxFailuers"] = 1
				if schema.Validate(doc) == nil {
					t.Errorf("%s: an unknown field in %s fits", file, at)
				}
				delete(object, "maxFailuers")
			})
		}
	}
}

func eachObject(v any, at string, visit func(at string, object map[string]any)) {
	switch v := v.(type) {
	case map[string]any:
		visit(at, v)
		for key, child := range v {
			eachObject(child, at+"."+key, visit)
		}
	case []any:
		for _, child := range v {
			eachObject(child, at+"[]", visit)
		}
	}
}

func TestTheSchemaKnowsWhatTheLoaderKnows(t *testing.T) {
	const doc = `{"apiVersion": "wavegate.dev/v1alpha1", "kind": "Cohort", "metadata": {"name": "canary"}, "spec": `
	schema := resolvedSchema(t)
	for name, c := range map[string]struct {
		spec string
		fits bool
	}{
		"a number as a wave's size":         {`{"selector": {}, "versions": {"kafka": "7.6.1"}, "waves": [{"size": 3}]}`, true},
		"a percentage as a wave's size":     {`{"selector": {}, "versions": {"kafka": "7.6.1"}, "waves": [{"size": "100%"}]}`, true},
		"more than all of it":               {`{"selector": {}, "versions": {"kafka": "7.6.1"}, "waves": [{"size": "101%"}]}`, false},
		"a number in quotes":                {`{"selector": {}, "versions": {"kafka": "7.6.1"}, "waves": [{"size": "3"}]}`, false},
		"a version that is a number":        {`{"selector": {}, "versions": {"kafka": 3.1}}`, false},
		"a version with build metadata":     {`{"selector": {}, "versions": {"kafka": "7.6.1+4"}}`, false},
		"a duration with days":              {`{"selector": {}, "versions": {"kafka": "7.6.1"}, "waves": [{"size": 1, "soak": "1d12h"}]}`, true},
		"a duration without unit":           {`{"selector": {}, "versions": {"kafka": "7.6.1"}, "waves": [{"size": 1, "soak": "30"}]}`, false},
		"a word that is not in the list":    {`{"selector": {}, "versions": {"kafka": "7.6.1"}, "lateJoiners": "wait"}`, false},
		"a required field that is missing":  {`{"selector": {}}`, false},
		"nothing where a list should stand": {`{"selector": {}, "versions": {"kafka": "7.6.1"}, "waves": null}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			var v any
			if err := json.Unmarshal([]byte(doc+c.spec+"}"), &v); err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(v); (err == nil) != c.fits {
				t.Errorf("want fits=%v, got %v", c.fits, err)
			}
		})
	}
}
