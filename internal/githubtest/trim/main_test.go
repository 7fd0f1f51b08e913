package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const whole = `{
	"openapi": "3.0.3", "info": {"title": "T", "version": "1", "license": {"name": "MIT"}, "description": "long"},
	"paths": {
		"/a": {
			"get": {
				"summary": "prose", "parameters": [{"$ref": "#/components/parameters/p"}],
				"responses": {"200": {"description": "fine", "content": {"application/json": {
					"schema": {"$ref": "#/components/schemas/loop"}, "examples": {"x": {"$ref": "#/components/examples/e"}}
				}}}}
			},
			"post": {"responses": {}}
		},
		"/b": {"get": {"responses": {"200": {"$ref": "#/components/responses/unused"}}}}
	},
	"x-webhooks": {"ping": {"post": {"requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/hook"}}}}}}},
	"components": {
		"parameters": {"p": {"name": "p", "in": "query", "example": 1, "schema": {"type": "string"}}},
		"responses": {"unused": {"description": "x"}},
		"examples": {"e": {}},
		"schemas": {
			"loop": {"type": "object", "title": "Loop", "required": ["description"], "properties": {
				"description": {"type": "string", "description": "prose"}, "next": {"$ref": "#/components/schemas/loop"},
				"tags": {"type": "array", "items": {"$ref": "#/components/schemas/leaf"}}
			}},
			"leaf": {"type": "string", "enum": ["title", "example"], "example": "title"},
			"hook": {"type": "object"}, "unused": {"type": "object"},
			"basic-error": {"type": "object"}, "validation-error": {"type": "object"}, "validation-error-simple": {"type": "object"}
		}
	}
}`

func TestWhatIsNamedStaysWithAllThatItReaches(t *testing.T) {
	got, err := trim([]byte(whole), "# a comment\n\nGET /a\nWEBHOOK ping\n")
	if err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	if err := json.Compact(&want, []byte(`{
		"openapi": "3.0.3", "info": {"license": {"name": "MIT"}, "title": "T", "version": "1"},
		"paths": {"/a": {"get": {
			"parameters": [{"$ref": "#/components/parameters/p"}],
			"responses": {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/loop"}}}, "description": ""}}
		}}},
		"x-webhooks": {"ping": {"post": {"requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/hook"}}}}}}},
		"components": {
			"parameters": {"p": {"in": "query", "name": "p", "schema": {"type": "string"}}},
			"schemas": {
				"basic-error": {"type": "object"}, "hook": {"type": "object"}, "leaf": {"enum": ["title", "example"], "type": "string"},
				"loop": {"properties": {
					"description": {"type": "string"}, "next": {"$ref": "#/components/schemas/loop"},
					"tags": {"items": {"$ref": "#/components/schemas/leaf"}, "type": "array"}
				}, "required": ["description"], "type": "object"},
				"validation-error": {"type": "object"}, "validation-error-simple": {"type": "object"}
			}
		}
	}`)); err != nil {
		t.Fatal(err)
	}
	if string(got) != want.String() {
		t.Errorf("trimmed to\n%s\nwant\n%s", got, want.String())
	}
}

func TestWhatCannotBeTrimmedIsSaid(t *testing.T) {
	for list, want := range map[string]string{
		"GET /c":        "keep GET /c: GitHub's document has no such operation",
		"DELETE /a":     "keep DELETE /a: GitHub's document has no such operation",
		"WEBHOOK push":  "keep WEBHOOK push: GitHub's document has no such operation",
		"GET /elsewhat": "no such operation",
	} {
		if _, err := trim([]byte(whole), list); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", list, err, want)
		}
	}
	if _, err := trim([]byte(strings.Replace(whole, `"leaf": {`, `"elsewhere": {`, 1)), "GET /a"); err == nil || !strings.Contains(err.Error(), "no such component") {
		t.Errorf("a reference to nothing: %v", err)
	}
	if _, err := trim([]byte("{"), "GET /a"); err == nil {
		t.Error("half a document was read")
	}
}

func unpack(t *testing.T, file string) []byte {
	t.Helper()
	packed, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestTheDocumentInTheRepositoryIsTrimmedAlready(t *testing.T) {
	data := unpack(t, "../openapi.json.gz")
	in, out := filepath.Join(t.TempDir(), "in.json"), filepath.Join(t.TempDir(), "out.json.gz")
	if err := os.WriteFile(in, data, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := run(in, "../operations.txt", out); err != nil {
		t.Fatal(err)
	}
	if again := unpack(t, out); !bytes.Equal(data, again) {
		t.Error("openapi.json.gz and operations.txt do not go together: trim GitHub's document again")
	}
}
