package kube

import (
	"context"
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

func resourceOf(r fleet.Resource) schema.GroupVersionResource {
	gv, err := schema.ParseGroupVersion(r.APIVersion)
	if err != nil {
		return schema.GroupVersionResource{Resource: r.Plural}
	}
	return gv.WithResource(r.Plural)
}

func path(p string) []string { return strings.Split(p, ".") }

// askedFor is the path of the field that Wavegate writes.
func askedFor(r fleet.Resource) []string {
	if r.Image != "" {
		return path(r.Image)
	}
	return path(r.Version)
}

// customFields is where a custom resource's fields stand in its managed fields.
func customFields(r fleet.Resource) written {
	w := written{paused: []string{"f:metadata", "f:annotations", "f:" + r.PauseAnnotation}}
	for _, key := range askedFor(r) {
		w.image = append(w.image, "f:"+key)
	}
	return w
}

func trimCustom(o *unstructured.Unstructured, r fleet.Resource) *workload {
	meta := metav1.ObjectMeta{
		Name: o.GetName(), Namespace: o.GetNamespace(), UID: o.GetUID(), ResourceVersion: o.GetResourceVersion(),
		DeletionTimestamp: o.GetDeletionTimestamp(), Labels: o.GetLabels(), Annotations: o.GetAnnotations(),
	}
	w := &workload{
		ObjectMeta: trimMeta(&meta), kind: fleet.CustomResource, owner: ownershipOf(o.GetManagedFields(), customFields(r), &meta),
		replicas: 1, paused: o.GetAnnotations()[r.PauseAnnotation] == "true", fresh: true,
	}
	w.image, w.container, _ = unstructured.NestedString(o.Object, askedFor(r)...)
	if n, ok, err := unstructured.NestedInt64(o.Object, path(r.Replicas)...); ok && err == nil && r.Replicas != "" {
		w.replicas = int(n)
	}
	if seen, ok, err := unstructured.NestedInt64(o.Object, "status", "observedGeneration"); ok && err == nil {
		w.fresh = seen >= o.GetGeneration()
	}
	if r.Observed != "" {
		w.observed, _, _ = unstructured.NestedString(o.Object, path(r.Observed)...)
	}
	w.well, w.conditions = wellOf(o, r)
	if w.well {
		w.ready = w.replicas
	} else if n, ok, err := unstructured.NestedInt64(o.Object, path(r.ReadyReplicas)...); ok && err == nil && r.ReadyReplicas != "" {
		w.ready = max(0, min(int(n), w.replicas-1))
	}
	if done := w.observed == "" && r.Observed == "" || w.observed == w.image; done && w.fresh && w.well {
		w.updated, w.existing = w.replicas, w.replicas
	}
	return w
}

// wellOf reads whether the operator says that all is well, and what it says when
// it is not.
func wellOf(o *unstructured.Unstructured, r fleet.Resource) (bool, string) {
	if field, value, ok := strings.Cut(r.Ready, "="); ok {
		got, _, _ := unstructured.NestedString(o.Object, path(field)...)
		if got == value {
			return true, ""
		}
		return false, fmt.Sprintf("%s is %q", field, got)
	}
	conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	for _, c := range conditions {
		m, _ := c.(map[string]any)
		if m["type"] != r.Ready {
			continue
		}
		if m["status"] == "True" {
			return true, ""
		}
		return false, strings.TrimSuffix(fmt.Sprintf("%v: %v", orNone(m["reason"]), orNone(m["message"])), ": ")
	}
	return false, "its operator has not said that it is ready"
}

func orNone(v any) any {
	if v == nil {
		return ""
	}
	return v
}

// lookCustom is a cluster as its custom resource shows it.
func lookCustom(w *workload, image bool, before *plan.Cluster, now time.Time) plan.Cluster {
	c := plan.Cluster{Replicas: w.replicas, Next: -1, Held: w.paused, Ready: w.ready}
	read := fleet.ParseVersion
	if image {
		read = versionOf
	}
	target, err := read(w.image)
	if err != nil {
		c.Unknown = err.Error()
		return c
	}
	c.Target = target
	if !w.well {
		c.Problem = w.conditions
	}
	observed, err := read(w.observed)
	known := err == nil
	switch {
	case w.atRest():
		c.Version, c.Updated = target, w.replicas
		c.ReadySince = readySince(before, now)
		return c
	case known && observed == target, !known && before != nil && before.Version == target:
		// On the version, and not well.
		c.Version, c.Updated = target, w.replicas
		if before != nil && before.Version != target && !w.well {
			c.Version, c.Updated = before.Version, 0
		}
	case known:
		c.Version = observed
	case before != nil && !before.Version.IsZero():
		c.Version = before.Version
	default:
		c.Version = target
		if v, err := fleet.ParseVersion(w.Annotations[FromAnnotation]); err == nil {
			c.Version = v
		}
	}
	if w.paused && w.well {
		c.ReadySince = readySince(before, now)
	}
	return c
}

// applyCustom applies to a custom resource what is changed together with what is
// ours already.
func (t *task) applyCustom(ctx context.Context, f fields, note map[string]string) error {
	o, r := t.workload, t.watch.resource()
	doc := &unstructured.Unstructured{Object: map[string]any{"apiVersion": r.APIVersion, "kind": r.Kind}}
	doc.SetName(o.Name)
	doc.SetNamespace(o.Namespace)
	doc.SetUID(o.UID)
	doc.SetResourceVersion(o.ResourceVersion)
	annotations := map[string]string{}
	for k, v := range note {
		annotations[k] = v
	}
	paused, set := o.paused, o.owner.paused
	if f.paused != nil {
		paused, set = *f.paused, true
	}
	if set {
		annotations[r.PauseAnnotation] = fmt.Sprint(paused)
	}
	doc.SetAnnotations(annotations)
	if value, set := t.image(f); set {
		if err := unstructured.SetNestedField(doc.Object, value, askedFor(r)...); err != nil {
			return fmt.Errorf("set %s: %w", strings.Join(askedFor(r), "."), err)
		}
	}
	client := t.client.custom.Resource(resourceOf(r)).Namespace(o.Namespace)
	if _, err := client.Apply(ctx, o.Name, doc, applyOptions); err != nil {
		return fmt.Errorf("apply %s %s/%s: %w", r.Kind, o.Namespace, o.Name, err)
	}
	return nil
}
