package kube

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// strimzi is a Kafka of Strimzi as its operator leaves it, and confluent one of
// Confluent for Kubernetes, both at rest.
const (
	strimzi = `{"apiVersion":"kafka.strimzi.io/v1beta2","kind":"Kafka",
		"metadata":{"name":"lkc-1","namespace":"kafka","uid":"u-1","resourceVersion":"7","generation":3,
			"labels":{"app":"kafka"},"annotations":{"strimzi.io/kraft":"enabled","strimzi.io/node-pools":"enabled"}},
		"spec":{"kafka":{"version":"3.9.0","metadataVersion":"3.9-IV0","replicas":3,
			"listeners":[{"name":"tls","port":9093,"type":"internal","tls":true}],"storage":{"type":"jbod"}},"entityOperator":{"topicOperator":{}}},
		"status":{"clusterId":"x","kafkaVersion":"3.9.0","operatorLastSuccessfulVersion":"0.45.0","observedGeneration":3,
			"conditions":[{"type":"Warning","status":"True","reason":"Deprecated"},{"type":"Ready","status":"True","lastTransitionTime":"2026-03-04T09:30:00Z"}]}}`
	confluent = `{"apiVersion":"platform.confluent.io/v1beta1","kind":"Kafka",
		"metadata":{"name":"lkc-2","namespace":"kafka","uid":"u-2","resourceVersion":"9","generation":2,"labels":{"app":"kafka"}},
		"spec":{"replicas":3,"dataVolumeCapacity":"10Gi","image":{"application":"confluentinc/cp-server:7.6.1","init":"confluentinc/confluent-init-container:2.8.0"}},
		"status":{"phase":"RUNNING","replicas":3,"readyReplicas":3,"observedGeneration":2,"conditions":[{"type":"platform.confluent.io/statefulset-available","status":"True"}]}}`
)

// object is one of those with some words replaced by others.
func object(t *testing.T, text string, changes ...string) *unstructured.Unstructured {
	t.Helper()
	for i := 0; i < len(changes); i += 2 {
		if !strings.Contains(text, changes[i]) {
			t.Fatalf("the object does not say %s", changes[i])
		}
		text = strings.Replace(text, changes[i], changes[i+1], 1)
	}
	var o unstructured.Unstructured
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		t.Fatal(err)
	}
	return &o
}

func TestWhatIsToldOfACustomResource(t *testing.T) {
	was := func(tag string) *plan.Cluster {
		return &plan.Cluster{Version: fleet.Version{Tag: tag}, ReadySince: noon.Add(-time.Hour)}
	}
	const (
		newVersion  = `"version":"4.0.0"`
		oldVersion  = `"version":"3.9.0"`
		newGen      = `"generation":4`
		oldGen      = `"generation":3`
		seen        = `"observedGeneration":3`
		seenNew     = `"observedGeneration":4`
		ready       = `{"type":"Ready","status":"True","lastTransitionTime":"2026-03-04T09:30:00Z"}`
		notReady    = `{"type":"NotReady","status":"True","reason":"Creating","message":"Kafka cluster is being deployed"}`
		readyFalse  = `{"type":"Ready","status":"False","reason":"FatalProblem","message":"pod lkc-1-kafka-2 does not start"}`
		pausedState = `{"type":"ReconciliationPaused","status":"True"}`
		annotations = `"annotations":{`
		paused      = `"annotations":{"strimzi.io/pause-reconciliation":"true",`
	)
	for name, c := range map[string]struct {
		preset  fleet.ResourcePreset
		changes []string
		before  *plan.Cluster
		want    string
		problem string
		held    bool
	}{
		"Strimzi: at rest": {preset: fleet.StrimziKafka, want: "3.9.0 to 3.9.0, 3 updated, 3 of 3 ready, next -1, since 13:00"},
		"Strimzi: at rest as before": {
			preset: fleet.StrimziKafka, before: was("3.9.0"), want: "3.9.0 to 3.9.0, 3 updated, 3 of 3 ready, next -1, since 11:00",
		},
		"Strimzi: started, and the operator has not seen it": {
			preset: fleet.StrimziKafka, changes: []string{oldVersion, newVersion, oldGen, newGen}, before: was("3.9.0"),
			want: "3.9.0 to 4.0.0, 0 updated, 3 of 3 ready, next -1",
		},
		"Strimzi: the operator is at it": {
			preset: fleet.StrimziKafka, changes: []string{oldVersion, newVersion, oldGen, newGen, seen, seenNew, ready, notReady}, before: was("3.9.0"),
			want: "3.9.0 to 4.0.0, 0 updated, 0 of 3 ready, next -1", problem: "its operator has not said that it is ready",
		},
		"Strimzi: the operator says that it failed": {
			preset: fleet.StrimziKafka, changes: []string{oldVersion, newVersion, oldGen, newGen, seen, seenNew, ready, readyFalse}, before: was("3.9.0"),
			want: "3.9.0 to 4.0.0, 0 updated, 0 of 3 ready, next -1", problem: "FatalProblem: pod lkc-1-kafka-2 does not start",
		},
		"Strimzi: the operator tells the new version, and that it is not ready": {
			preset: fleet.StrimziKafka, changes: []string{oldVersion, newVersion, `"kafkaVersion":"3.9.0"`, `"kafkaVersion":"4.0.0"`, oldGen, newGen, seen, seenNew, ready, readyFalse},
			before: was("3.9.0"), want: "3.9.0 to 4.0.0, 0 updated, 0 of 3 ready, next -1",
		},
		"Strimzi: done": {
			preset: fleet.StrimziKafka, changes: []string{oldVersion, newVersion, `"kafkaVersion":"3.9.0"`, `"kafkaVersion":"4.0.0"`, oldGen, newGen, seen, seenNew},
			before: &plan.Cluster{Version: fleet.Version{Tag: "3.9.0"}}, want: "4.0.0 to 4.0.0, 3 updated, 3 of 3 ready, next -1, since 13:00",
		},
		"Strimzi: on its version and not ready": {
			preset: fleet.StrimziKafka, changes: []string{ready, readyFalse}, before: was("3.9.0"),
			want: "3.9.0 to 3.9.0, 3 updated, 0 of 3 ready, next -1", problem: "FatalProblem: pod lkc-1-kafka-2 does not start",
		},
		"Strimzi: new, and the operator has said nothing": {
			preset: fleet.StrimziKafka, changes: []string{`"status":{`, `"was":{`}, want: "3.9.0 to 3.9.0, 0 updated, 0 of 3 ready, next -1",
			problem: "its operator has not said that it is ready",
		},
		"Strimzi: held half way, and its operator says nothing of being ready": {
			preset: fleet.StrimziKafka, changes: []string{oldVersion, newVersion, oldGen, newGen, seen, seenNew, ready, pausedState, annotations, paused}, before: was("3.9.0"),
			want: "3.9.0 to 4.0.0, 0 updated, 0 of 3 ready, next -1", held: true, problem: "its operator has not said that it is ready",
		},
		"Strimzi: held by a person before anything happened": {
			preset: fleet.StrimziKafka, changes: []string{annotations, paused}, want: "3.9.0 to 3.9.0, 3 updated, 3 of 3 ready, next -1, since 13:00", held: true,
		},
		"Strimzi: a pause annotation that says false": {
			preset: fleet.StrimziKafka, changes: []string{annotations, strings.Replace(paused, "true", "false", 1)}, want: "3.9.0 to 3.9.0, 3 updated, 3 of 3 ready, next -1, since 13:00",
		},
		"Strimzi: half way, found by another process that reads what was noted": {
			preset: fleet.StrimziKafka, changes: []string{oldVersion, newVersion, `"kafkaVersion":"3.9.0",`, "", ready, notReady, annotations, `"annotations":{"wavegate.dev/from":"3.9.0",`},
			want: "3.9.0 to 4.0.0, 0 updated, 0 of 3 ready, next -1",
		},
		"Strimzi: a version that is none": {
			preset: fleet.StrimziKafka, changes: []string{oldVersion, `"version":"3.9.0+1"`},
			want: `unknown: parse version "3.9.0+1": character 6 is +, which an image tag cannot have; registries use - or _ in its place`,
		},
		"Confluent: at rest": {preset: fleet.ConfluentKafka, want: "7.6.1 to 7.6.1, 3 updated, 3 of 3 ready, next -1, since 13:00"},
		"Confluent: started, and the operator has not seen it": {
			preset: fleet.ConfluentKafka, changes: []string{"cp-server:7.6.1", "cp-server:7.7.0", `"generation":2`, `"generation":3`}, before: was("7.6.1"),
			want: "7.6.1 to 7.7.0, 0 updated, 3 of 3 ready, next -1",
		},
		"Confluent: the operator is at it": {
			preset: fleet.ConfluentKafka, changes: []string{"cp-server:7.6.1", "cp-server:7.7.0", "RUNNING", "PROVISIONING", `"readyReplicas":3`, `"readyReplicas":2`}, before: was("7.6.1"),
			want: "7.6.1 to 7.7.0, 0 updated, 2 of 3 ready, next -1", problem: `status.phase is "PROVISIONING"`,
		},
		"Confluent: all pods are ready and the operator does not say that all is well": {
			preset: fleet.ConfluentKafka, changes: []string{"cp-server:7.6.1", "cp-server:7.7.0", "RUNNING", "PROVISIONING"}, before: was("7.6.1"),
			want: "7.6.1 to 7.7.0, 0 updated, 2 of 3 ready, next -1",
		},
		"Confluent: done": {
			preset: fleet.ConfluentKafka, changes: []string{"cp-server:7.6.1", "cp-server:7.7.0"}, before: &plan.Cluster{Version: fleet.Version{Tag: "7.6.1"}},
			want: "7.7.0 to 7.7.0, 3 updated, 3 of 3 ready, next -1, since 13:00",
		},
		"Confluent: held half way while all is well": {
			preset: fleet.ConfluentKafka, changes: []string{"cp-server:7.6.1", "cp-server:7.7.0", `"generation":2`, `"generation":3`, `"labels":`, `"annotations":{"platform.confluent.io/block-reconcile":"true"},"labels":`},
			before: &plan.Cluster{Version: fleet.Version{Tag: "7.6.1"}}, want: "7.6.1 to 7.7.0, 0 updated, 3 of 3 ready, next -1, since 13:00", held: true,
		},
		"Confluent: half way, found by another process, with nothing noted": {
			preset: fleet.ConfluentKafka, changes: []string{"RUNNING", "ERROR"}, want: "7.6.1 to 7.6.1, 0 updated, 2 of 3 ready, next -1", problem: `status.phase is "ERROR"`,
		},
		"Confluent: an image without a tag": {
			preset: fleet.ConfluentKafka, changes: []string{"cp-server:7.6.1", "cp-server"},
			want: "unknown: the image confluentinc/cp-server has no tag, so its version is not known",
		},
	} {
		t.Run(name, func(t *testing.T) {
			text := strimzi
			if c.preset == fleet.ConfluentKafka {
				text = confluent
			}
			r := fleet.Resource{Preset: c.preset}.Resolve()
			w := trimCustom(object(t, text, c.changes...), r)
			if !w.container {
				t.Fatal("the field with the version is not found")
			}
			got := lookCustom(w, r.Image != "", c.before, noon.Add(time.Hour))
			if told(got) != c.want {
				t.Errorf("told: %s\nwant: %s", told(got), c.want)
			}
			if got.Held != c.held {
				t.Errorf("held: %v; want %v", got.Held, c.held)
			}
			if c.problem != "" && got.Problem != c.problem {
				t.Errorf("problem %q; want %q", got.Problem, c.problem)
			}
			if got.Unknown == "" && got.Ready < got.Replicas && got.Problem == "" {
				t.Error("nothing says why it is not ready")
			}
		})
	}
}

func TestFieldsOfACustomResourceOfOnesOwn(t *testing.T) {
	const text = `{"apiVersion":"db.example.com/v1","kind":"Database","metadata":{"name":"d","namespace":"n","generation":2},
		"spec":{"engine":{"tag":"15.1"},"size":2},"status":{"state":"Up","version":"15.1","up":1,"conditions":[{"type":"Healthy","status":"True"}]}}`
	full := fleet.Resource{
		APIVersion: "db.example.com/v1", Kind: "Database", Version: "spec.engine.tag", Observed: "status.version", Ready: "Healthy",
		Replicas: "spec.size", ReadyReplicas: "status.up", PauseAnnotation: "db.example.com/paused",
	}
	for name, c := range map[string]struct {
		change  func(*fleet.Resource)
		object  []string
		missing bool
		want    string
	}{
		"all that can be said":               {want: "15.1 to 15.1, 2 updated, 2 of 2 ready, next -1, since 12:00"},
		"an observed generation is not told": {object: []string{`"generation":2`, `"generation":9`}, want: "15.1 to 15.1, 2 updated, 2 of 2 ready, next -1, since 12:00"},
		"a field instead of a condition":     {change: func(r *fleet.Resource) { r.Ready = "status.state=Up" }, want: "15.1 to 15.1, 2 updated, 2 of 2 ready, next -1, since 12:00"},
		"a field with another value":         {change: func(r *fleet.Resource) { r.Ready = "status.state=up" }, want: "15.1 to 15.1, 2 updated, 1 of 2 ready, next -1"},
		"a field that is not there":          {change: func(r *fleet.Resource) { r.Ready = "status.none=Up" }, want: "15.1 to 15.1, 2 updated, 1 of 2 ready, next -1"},
		"a field that is no text":            {change: func(r *fleet.Resource) { r.Ready = "status.conditions=Up" }, want: "15.1 to 15.1, 2 updated, 1 of 2 ready, next -1"},
		"a condition of another type":        {change: func(r *fleet.Resource) { r.Ready = "Ready" }, want: "15.1 to 15.1, 2 updated, 1 of 2 ready, next -1"},
		"a condition whose status is Unknown": {
			object: []string{`"status":"True"`, `"status":"Unknown"`}, want: "15.1 to 15.1, 2 updated, 1 of 2 ready, next -1",
		},
		"conditions that are no objects": {object: []string{`[{"type":"Healthy","status":"True"}]`, `["Healthy"]`}, want: "15.1 to 15.1, 2 updated, 1 of 2 ready, next -1"},
		"no number of replicas":          {change: func(r *fleet.Resource) { r.Replicas = "" }, want: "15.1 to 15.1, 1 updated, 1 of 1 ready, next -1, since 12:00"},
		"a number of replicas as text":   {object: []string{`"size":2`, `"size":"2"`}, want: "15.1 to 15.1, 1 updated, 1 of 1 ready, next -1, since 12:00"},
		"no version is observed":         {change: func(r *fleet.Resource) { r.Observed = "" }, want: "15.1 to 15.1, 2 updated, 2 of 2 ready, next -1, since 12:00"},
		"another version is observed":    {object: []string{`"version":"15.1"`, `"version":"14.0"`}, want: "14.0 to 15.1, 0 updated, 2 of 2 ready, next -1"},
		"nothing asks for a version":     {object: []string{`"tag":"15.1"`, `"name":"x"`}, missing: true},
		"what asks for it is a number":   {object: []string{`"tag":"15.1"`, `"tag":15.1`}, missing: true},
	} {
		t.Run(name, func(t *testing.T) {
			r := full
			if c.change != nil {
				c.change(&r)
			}
			r = r.Resolve()
			w := trimCustom(object(t, text, c.object...), r)
			if w.container == c.missing {
				t.Fatalf("the version's field is there: %v; want %v", w.container, !c.missing)
			}
			if c.missing {
				follows := &watch{product: fleet.Product{Spec: fleet.ProductSpec{Workload: fleet.Workload{Resource: &r}}}}
				if got, want := follows.missing(w), "Database n/d has no field spec.engine.tag"; got != want {
					t.Errorf("said: %q; want %q", got, want)
				}
				return
			}
			if got := lookCustom(w, r.Image != "", nil, noon); told(got) != c.want {
				t.Errorf("told: %s\nwant: %s", told(got), c.want)
			}
		})
	}
}

func TestWhereACustomResourceIsAskedFor(t *testing.T) {
	for name, c := range map[string]struct {
		resource fleet.Resource
		want     string
	}{
		"Strimzi":                    {fleet.Resource{Preset: fleet.StrimziKafka}, "kafka.strimzi.io/v1beta2, Resource=kafkas"},
		"Confluent":                  {fleet.Resource{Preset: fleet.ConfluentKafka}, "platform.confluent.io/v1beta1, Resource=kafkas"},
		"a newer version of Strimzi": {fleet.Resource{Preset: fleet.StrimziKafka, APIVersion: "kafka.strimzi.io/v1"}, "kafka.strimzi.io/v1, Resource=kafkas"},
		"a plural that is guessed":   {fleet.Resource{APIVersion: "db.example.com/v1", Kind: "Database"}, "db.example.com/v1, Resource=databases"},
	} {
		if got := resourceOf(c.resource.Resolve()).String(); got != c.want {
			t.Errorf("%s: %s; want %s", name, got, c.want)
		}
	}
}

func TestWhatIsOursInACustomResource(t *testing.T) {
	o := object(t, strimzi)
	o.SetManagedFields(nil)
	r := fleet.Resource{Preset: fleet.StrimziKafka}.Resolve()
	if got := trimCustom(o, r).owner; got != (ownership{}) {
		t.Errorf("ownership %+v without managed fields; want none", got)
	}
	entries := ownershipOf(
		append(
			[]metav1.ManagedFieldsEntry{by("strimzi-cluster-operator", updated, `{"f:status":{"f:conditions":{}}}`)},
			by(fieldManager, applied, `{"f:metadata":{"f:annotations":{"f:strimzi.io/pause-reconciliation":{},"f:wavegate.dev/mark":{}}},"f:spec":{"f:kafka":{"f:version":{}}}}`),
		), customFields(r), nil)
	if want := (ownership{image: true, paused: true}); entries != want {
		t.Errorf("ownership %+v; want %+v", entries, want)
	}
}
