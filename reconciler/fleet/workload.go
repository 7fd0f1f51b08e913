package fleet

import (
	"errors"
	"strings"
)

// StepBy says how much of a cluster is replaced at once.
type StepBy string

// What one step replaces.
const (
	StepByReplica StepBy = "replica"
	// StepByZone replaces all replicas that run in one zone. It is for products
	// that spread copies over zones, such as Kafka with rack awareness.
	StepByZone StepBy = "zone"
)

// ResourcePreset names a custom resource whose fields Wavegate knows.
type ResourcePreset string

// The presets.
const (
	// StrimziKafka is Strimzi's Kafka. Strimzi reads its pause annotation when a
	// reconciliation begins: a roll that is under way goes on until that one ends.
	StrimziKafka ResourcePreset = "strimzi-kafka"
	// ConfluentKafka is the Kafka of Confluent for Kubernetes.
	ConfluentKafka ResourcePreset = "confluent-kafka"
)

// Resource says which custom resource the clusters of a product are, and where
// in it stands what Wavegate reads and writes. Fields are paths such as
// spec.kafka.version; those that a preset knows may be left out. See
// [Resource.Resolve].
type Resource struct {
	Preset     ResourcePreset `json:"preset,omitempty" jsonschema:"strimzi-kafka or confluent-kafka: a resource whose fields are known"`
	APIVersion string         `json:"apiVersion,omitempty" jsonschema:"group and version, as in kafka.strimzi.io/v1beta2"`
	Kind       string         `json:"kind,omitempty" jsonschema:"kind, as in Kafka"`
	Plural     string         `json:"plural,omitempty" jsonschema:"the plural in the API's address; the kind in lower case and s without it"`

	Version string `json:"version,omitempty" jsonschema:"path of the field that asks for a version; not together with image"`
	Image   string `json:"image,omitempty" jsonschema:"path of the field that asks for an image with its tag; not together with version"`
	// Observed is where the operator says which version runs. Without it the
	// version counts as running once the operator has seen it and says ready.
	Observed string `json:"observed,omitempty" jsonschema:"path of the field in which the operator says which version runs"`
	// Ready is a condition's type, or a field and the value that it then has.
	Ready         string `json:"ready,omitempty" jsonschema:"type of a condition, or path=value of a field, that tells that all is well; Ready without it"`
	Replicas      string `json:"replicas,omitempty" jsonschema:"path of the number of replicas"`
	ReadyReplicas string `json:"readyReplicas,omitempty" jsonschema:"path of the number of ready replicas"`
	// PauseAnnotation is set to "true" to halt.
	PauseAnnotation string `json:"pauseAnnotation,omitempty" jsonschema:"annotation that makes the operator pause when it is true"`
}

var presets = map[ResourcePreset]Resource{
	StrimziKafka: {
		APIVersion: "kafka.strimzi.io/v1beta2", Kind: "Kafka", Plural: "kafkas",
		Version: "spec.kafka.version", Observed: "status.kafkaVersion", Ready: "Ready",
		Replicas: "spec.kafka.replicas", PauseAnnotation: "strimzi.io/pause-reconciliation",
	},
	ConfluentKafka: {
		APIVersion: "platform.confluent.io/v1beta1", Kind: "Kafka", Plural: "kafkas",
		Image: "spec.image.application", Ready: "status.phase=RUNNING",
		Replicas: "spec.replicas", ReadyReplicas: "status.readyReplicas",
		PauseAnnotation: "platform.confluent.io/block-reconcile",
	},
}

// Resolve fills in what the preset knows and the resource does not say.
func (r Resource) Resolve() Resource {
	p := presets[r.Preset]
	if r.Version != "" || r.Image != "" {
		p.Version, p.Image = "", ""
	}
	for _, f := range []struct {
		to   *string
		from string
	}{
		{&r.APIVersion, p.APIVersion},
		{&r.Kind, p.Kind},
		{&r.Plural, p.Plural},
		{&r.Version, p.Version},
		{&r.Image, p.Image},
		{&r.Observed, p.Observed},
		{&r.Ready, p.Ready},
		{&r.Replicas, p.Replicas},
		{&r.ReadyReplicas, p.ReadyReplicas},
		{&r.PauseAnnotation, p.PauseAnnotation},
	} {
		if *f.to == "" {
			*f.to = f.from
		}
	}
	if r.Plural == "" {
		r.Plural = strings.ToLower(r.Kind) + "s"
	}
	if r.Ready == "" {
		r.Ready = "Ready"
	}
	return r
}

func (d *decoder) checkWorkload(w *Workload) {
	const path = "spec.workload"
	if w.NameLabel != "" {
		if err := checkLabelKey(w.NameLabel); err != nil {
			d.report(path+".nameLabel", err)
		}
	}
	if w.StepBy == StepByZone && w.Kind != StatefulSet {
		d.report(path+".stepBy", advise("leave it out", "only a StatefulSet moves by steps"))
	}
	switch {
	case w.Kind == CustomResource && w.Resource == nil:
		d.report(path, advise("add resource, as in resource: {preset: strimzi-kafka}", "the workload does not say which custom resource it is"))
	case w.Kind != CustomResource && w.Resource != nil:
		d.report(path+".resource", advise("make the kind CustomResource, or leave it out", "a %s is no custom resource", w.Kind))
	case w.Resource != nil:
		d.checkResource(path+".resource", w.Resource)
	}
}

func (d *decoder) checkResource(path string, given *Resource) {
	if given.Version != "" && given.Image != "" {
		d.report(path+".image", advise("keep the one that the resource has", "the resource has a path for both version and image"))
	}
	r := given.Resolve()
	group, version, ok := strings.Cut(r.APIVersion, "/")
	if !ok || group == "" || version == "" {
		d.report(path, advise("write it as in apiVersion: kafka.strimzi.io/v1beta2", "the resource has no group and version"))
	}
	if r.Kind == "" {
		d.report(path, advise("write it as in kind: Kafka", "the resource has no kind"))
	}
	if r.Version == "" && r.Image == "" {
		d.report(path, advise("write it as in version: spec.kafka.version", "the resource does not say which field asks for the version"))
	}
	if r.PauseAnnotation == "" {
		d.report(path, advise("write it as in pauseAnnotation: strimzi.io/pause-reconciliation", "the resource has no annotation that halts it, and what cannot be halted is not upgraded"))
	} else if err := checkLabelKey(r.PauseAnnotation); err != nil {
		d.report(path+".pauseAnnotation", err)
	}
	ready, _, _ := strings.Cut(r.Ready, "=")
	for _, f := range []struct{ name, path string }{
		{"version", r.Version},
		{"image", r.Image},
		{"observed", r.Observed},
		{"replicas", r.Replicas},
		{"readyReplicas", r.ReadyReplicas},
		{"ready", ready},
	} {
		if err := checkFieldPath(f.path); err != nil {
			d.report(path+"."+f.name, err)
		}
	}
}

// checkFieldPath allows names with dots between them.
func checkFieldPath(path string) error {
	if path == "" {
		return nil
	}
	for part := range strings.SplitSeq(path, ".") {
		if part == "" {
			return errors.New("has an empty part; write it as in spec.kafka.version")
		}
		if err := eachRune(part, func(r rune, _ bool) bool { return isLetter(r) || isDigit(r) || r == '-' || r == '_' }); err != nil {
			return advise("write it as in spec.kafka.version; lists cannot be looked into", "%s: %w", quote(path), err)
		}
	}
	return nil
}
