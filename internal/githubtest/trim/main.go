// Trim cuts GitHub's OpenAPI document down to the operations and webhooks that
// githubtest answers and sends, and to the schemas that those reach. Prose and
// examples go, everything that is checked stays.
//
// To take up a newer document (its npm package says MIT):
//
//	npm pack @octokit/openapi@23.0.2 && tar xzf octokit-openapi-23.0.2.tgz
//	go run ./internal/githubtest/trim -in package/generated/api.github.com.json \
//		-operations internal/githubtest/operations.txt -out internal/githubtest/openapi.json.gz
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
)

func main() {
	in := flag.String("in", "", "GitHub's document, JSON")
	operations := flag.String("operations", "", "the list of what to keep")
	out := flag.String("out", "", "where the trimmed document goes, gzipped JSON")
	flag.Parse()
	if err := run(*in, *operations, *out); err != nil {
		fmt.Fprintln(os.Stderr, "trim:", err)
		os.Exit(1) //nolint:forbidigo // this is main
	}
}

func run(in, operations, out string) error {
	data, err := os.ReadFile(in)
	if err != nil {
		return fmt.Errorf("read GitHub's document: %w", err)
	}
	list, err := os.ReadFile(operations)
	if err != nil {
		return fmt.Errorf("read the list of operations: %w", err)
	}
	trimmed, err := trim(data, string(list))
	if err != nil {
		return err
	}
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := z.Write(trimmed); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	if err := os.WriteFile(out, b.Bytes(), 0o644); err != nil {
		return fmt.Errorf("write the trimmed document: %w", err)
	}
	return nil
}

type object = map[string]any

// document is the part of an OpenAPI document that trimming looks at.
type document struct {
	OpenAPI    string                       `json:"openapi"`
	Info       object                       `json:"info"`
	Paths      map[string]object            `json:"paths"`
	Webhooks   map[string]object            `json:"x-webhooks"`
	Components map[string]map[string]object `json:"components"`
}

// trim returns the document with what the list names, one a line: a method and a
// path, or WEBHOOK and a name. The same input gives the same bytes.
func trim(data []byte, list string) ([]byte, error) {
	var whole document
	if err := json.Unmarshal(data, &whole); err != nil {
		return nil, fmt.Errorf("parse GitHub's document: %w", err)
	}
	kept := document{
		OpenAPI:  whole.OpenAPI,
		Info:     object{"title": whole.Info["title"], "version": whole.Info["version"], "license": whole.Info["license"]},
		Paths:    map[string]object{},
		Webhooks: map[string]object{}, Components: map[string]map[string]object{},
	}
	t := trimmer{from: whole, to: kept}
	for line := range strings.Lines(list) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		method, name, _ := strings.Cut(line, " ")
		if err := t.keep(method, name); err != nil {
			return nil, err
		}
	}
	// Errors that an operation does not list are checked against these.
	for _, name := range []string{"basic-error", "validation-error", "validation-error-simple"} {
		if err := t.reach("#/components/schemas/" + name); err != nil {
			return nil, err
		}
	}
	return json.Marshal(t.to)
}

type trimmer struct{ from, to document }

func (t *trimmer) keep(method, name string) error {
	from, to, verb := t.from.Paths, t.to.Paths, strings.ToLower(method)
	if method == "WEBHOOK" {
		from, to, verb = t.from.Webhooks, t.to.Webhooks, "post"
	}
	operation, ok := from[name][verb].(object)
	if !ok {
		return fmt.Errorf("keep %s %s: GitHub's document has no such operation", method, name)
	}
	if to[name] == nil {
		to[name] = object{}
	}
	kept, err := t.clean(operation, false)
	if err != nil {
		return err
	}
	to[name][verb] = kept
	return nil
}

// prose are the members of operations and schemas that check nothing.
var prose = map[string]bool{
	"description": true, "summary": true, "example": true, "examples": true, "externalDocs": true, "tags": true,
	"x-github": true, "x-octokit": true, "x-github-breaking-changes": true, "x-multi-segment": true, "title": true,
}

// clean copies a value without its prose and follows its references. The members
// of names are names that people chose (of properties, of responses), never prose.
func (t *trimmer) clean(v any, names bool) (any, error) {
	switch v := v.(type) {
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			kept, err := t.clean(item, false)
			if err != nil {
				return nil, err
			}
			list[i] = kept
		}
		return list, nil
	case object:
		kept := object{}
		for key, member := range v {
			if prose[key] && !names {
				// OpenAPI asks for the description of a response.
				if _, response := v["content"]; key == "description" && (response || len(v) == 1 || v["headers"] != nil) {
					kept[key] = ""
				}
				continue
			}
			if target, ok := member.(string); ok && key == "$ref" && !names {
				if err := t.reach(target); err != nil {
					return nil, err
				}
			}
			var err error
			if kept[key], err = t.clean(member, !names && (key == "properties" || key == "responses" || key == "patternProperties")); err != nil {
				return nil, err
			}
		}
		return kept, nil
	default:
		return v, nil
	}
}

// reach keeps the component that a reference names.
func (t *trimmer) reach(reference string) error {
	rest, local := strings.CutPrefix(reference, "#/components/")
	kind, name, found := strings.Cut(rest, "/")
	if !local || !found {
		return fmt.Errorf("follow %q: not a component of the same document", reference)
	}
	if kind == "examples" {
		return nil
	}
	component, ok := t.from.Components[kind][name]
	if !ok {
		return fmt.Errorf("follow %q: GitHub's document has no such component", reference)
	}
	if t.to.Components[kind] == nil {
		t.to.Components[kind] = map[string]object{}
	}
	if _, done := t.to.Components[kind][name]; done {
		return nil
	}
	t.to.Components[kind][name] = object{} // a reference back to it ends here
	kept, err := t.clean(component, false)
	if err != nil {
		return err
	}
	t.to.Components[kind][name] = kept.(object)
	return nil
}
