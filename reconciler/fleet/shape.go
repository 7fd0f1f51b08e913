package fleet

import (
	"reflect"
	"strings"
)

// shape is what the decoder knows of a struct: its fields as YAML names them.
type shape struct {
	fields []shapeField
	names  []string
	byName map[string]int
}

type shapeField struct {
	name        string
	index       int
	required    bool
	description string
}

// shapeOf reads the json and jsonschema tags, the same that the JSON Schema is
// made of. A field without omitempty and omitzero is required.
func (l *Loader) shapeOf(t reflect.Type) *shape {
	if s, ok := l.shapes[t]; ok {
		return s
	}
	s := &shape{byName: map[string]int{}}
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" || name == "" {
			continue
		}
		s.byName[name] = len(s.fields)
		s.names = append(s.names, name)
		s.fields = append(s.fields, shapeField{
			name: name, index: i,
			required:    !strings.Contains(options, "omit"),
			description: f.Tag.Get("jsonschema"),
		})
	}
	l.shapes[t] = s
	return s
}

// enumOf returns the words that a type allows, or nil when it allows any text.
func enumOf(t reflect.Type) []string {
	switch t {
	case reflect.TypeFor[WorkloadKind]():
		return words(StatefulSet, Deployment, CustomResource)
	case reflect.TypeFor[StepBy]():
		return words(StepByReplica, StepByZone)
	case reflect.TypeFor[ResourcePreset]():
		return words(StrimziKafka, ConfluentKafka)
	case reflect.TypeFor[DowngradePolicy]():
		return words(DowngradeDeny, DowngradeAllow)
	case reflect.TypeFor[LateJoiner]():
		return words(LateAppend, LateHold, LateIgnore)
	case reflect.TypeFor[WindowType]():
		return words(Blackout, Maintenance)
	case reflect.TypeFor[InFlight]():
		return words(InFlightFinish, InFlightPause)
	case reflect.TypeFor[EmergencySkip]():
		return words(SkipSoak, SkipBlackout)
	case reflect.TypeFor[Operator]():
		return words(In, NotIn, Exists, DoesNotExist)
	default:
		return nil
	}
}

func words[T ~string](values ...T) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = string(v)
	}
	return out
}
