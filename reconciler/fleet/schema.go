package fleet

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"
)

// Schema returns the JSON Schema, draft 2020-12, of one document of a fleet
// repository, made from the Go types. Editors use it to complete and to check.
// It knows nothing of what spans documents; [Load] does.
func Schema() ([]byte, error) {
	root := &jsonschema.Schema{
		Schema:      "https://json-schema.org/draft/2020-12/schema",
		Title:       "A document of a Wavegate fleet repository",
		Description: "One document: a Fleet, Product, Cohort, Window, Pin or Emergency.",
		Type:        "object",
		Required:    []string{"apiVersion", "kind"},
		Properties: map[string]*jsonschema.Schema{
			"apiVersion": {Enum: []any{APIVersion}},
			"kind":       enumSchema(kinds()),
		},
		PropertyOrder: []string{"apiVersion", "kind"},
		Defs:          map[string]*jsonschema.Schema{},
	}
	types := []reflect.Type{
		reflect.TypeFor[envelope[FleetSpec]](), reflect.TypeFor[envelope[ProductSpec]](),
		reflect.TypeFor[envelope[CohortSpec]](), reflect.TypeFor[envelope[WindowSpec]](),
		reflect.TypeFor[envelope[PinSpec]](), reflect.TypeFor[envelope[EmergencySpec]](),
	}
	for i, kind := range kinds() {
		s, err := documentSchema(kind, types[i])
		if err != nil {
			return nil, fmt.Errorf("describe %s: %w", kind, err)
		}
		root.Defs[kind] = s
		root.OneOf = append(root.OneOf, &jsonschema.Schema{Ref: "#/$defs/" + kind})
	}
	data, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode schema: %w", err)
	}
	return append(data, '\n'), nil
}

func documentSchema(kind string, t reflect.Type) (*jsonschema.Schema, error) {
	s, err := jsonschema.ForType(t, &jsonschema.ForOptions{TypeSchemas: typeSchemas()})
	if err != nil {
		return nil, err
	}
	withoutNull(s)
	if kind != "Cohort" {
		withoutThreshold(s)
	}
	s.Properties["apiVersion"] = &jsonschema.Schema{Enum: []any{APIVersion}, Description: s.Properties["apiVersion"].Description}
	s.Properties["kind"] = &jsonschema.Schema{Enum: []any{kind}, Description: s.Properties["kind"].Description}
	name := s.Properties["metadata"].Properties["name"]
	name.Pattern, name.MaxLength = `^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`, ref(maxName)
	return s, nil
}

// typeSchemas describes the types that are written as one scalar.
func typeSchemas() map[reflect.Type]*jsonschema.Schema {
	text := func(pattern string) *jsonschema.Schema {
		return &jsonschema.Schema{Type: "string", Pattern: pattern}
	}
	schemas := map[reflect.Type]*jsonschema.Schema{
		reflect.TypeFor[Version]():  text(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}(@sha256:[0-9a-f]{64})?$`),
		reflect.TypeFor[Duration](): text(`^([0-9]+d)?(([0-9]+(\.[0-9]*)?|\.[0-9]+)(h|m|s|ms|us|µs|μs|ns))*$`),
		reflect.TypeFor[Moment]():   text(`^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?$`),
		reflect.TypeFor[Size](): {OneOf: []*jsonschema.Schema{
			{Type: "integer", Minimum: ref(0.0), Maximum: ref(float64(math.MaxInt32))},
			{Type: "string", Pattern: `^0*([1-9][0-9]?|100)%$`},
		}},
		reflect.TypeFor[Stage](): {OneOf: []*jsonschema.Schema{
			{Type: "string"},
			{Type: "array", Items: &jsonschema.Schema{Type: "string"}, MinItems: ref(1)},
		}},
	}
	schemas[reflect.TypeFor[Metric]()] = metricSchema()
	for _, t := range []reflect.Type{
		reflect.TypeFor[WorkloadKind](), reflect.TypeFor[DowngradePolicy](), reflect.TypeFor[LateJoiner](),
		reflect.TypeFor[StepBy](), reflect.TypeFor[ResourcePreset](),
		reflect.TypeFor[WindowType](), reflect.TypeFor[InFlight](), reflect.TypeFor[EmergencySkip](), reflect.TypeFor[Operator](),
	} {
		schemas[t] = enumSchema(enumOf(t))
	}
	return schemas
}

// metricSchema describes a metric's two forms. The map is made of the Go type.
func metricSchema() *jsonschema.Schema {
	properties, order := map[string]*jsonschema.Schema{}, []string{}
	t := reflect.TypeFor[Metric]()
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		properties[name] = &jsonschema.Schema{Type: "string", Description: t.Field(i).Tag.Get("jsonschema")}
		order = append(order, name)
	}
	none := &jsonschema.Schema{Not: &jsonschema.Schema{}}
	return &jsonschema.Schema{OneOf: []*jsonschema.Schema{
		{Type: "string", Pattern: datadogQuery.String()},
		{Type: "object", Properties: properties, PropertyOrder: order, AdditionalProperties: none, OneOf: []*jsonschema.Schema{
			{Required: []string{"datadog"}},
			{Required: []string{"prometheus", "clusterLabel"}},
		}},
	}}
}

// withoutThreshold removes the metric of selectors that are not a cohort's.
func withoutThreshold(s *jsonschema.Schema) {
	if s == nil {
		return
	}
	if s.Properties["matchLabels"] != nil {
		delete(s.Properties, "metric")
		s.PropertyOrder = slices.DeleteFunc(s.PropertyOrder, func(p string) bool { return p == "metric" })
	}
	for _, p := range s.Properties {
		withoutThreshold(p)
	}
}

func enumSchema(words []string) *jsonschema.Schema {
	s := &jsonschema.Schema{Type: "string"}
	for _, w := range words {
		s.Enum = append(s.Enum, w)
	}
	return s
}

func ref[T any](v T) *T { return &v }

// withoutNull removes what Go's slices and pointers allow and documents do not.
func withoutNull(s *jsonschema.Schema) {
	if s == nil {
		return
	}
	if len(s.Types) == 2 && s.Types[0] == "null" {
		s.Type, s.Types = s.Types[1], nil
	}
	withoutNull(s.Items)
	withoutNull(s.AdditionalProperties)
	for _, p := range s.Properties {
		withoutNull(p)
	}
}
