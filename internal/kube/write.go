package kube

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	appsac "k8s.io/client-go/applyconfigurations/apps/v1"
	coreac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// fields are what a write changes besides the note.
type fields struct {
	image     string // empty: as it is
	partition *int
	paused    *bool
	strategy  strategy
}

// strategy is a change of how a StatefulSet replaces its pods.
type strategy string

const (
	sameStrategy  strategy = ""
	onDelete      strategy = "OnDelete"
	rollingUpdate strategy = "RollingUpdate"
)

// write changes a workload and leaves the action's mark in the same call. It
// fails with a conflict when the workload is another than the one observed.
func (t *task) write(ctx context.Context, f fields, next string) error {
	state := t.action.State
	if state == "" {
		state = t.workload.Annotations[StateAnnotation]
	}
	note, err := note{
		mark: t.action.Mark, from: t.from(), next: next, state: state, reason: t.action.Reason, at: t.plane.cfg.Now(),
	}.annotations()
	if err != nil {
		return err
	}
	if f.strategy != sameStrategy || t.leftBehind(note) {
		return t.patch(ctx, f, note)
	}
	switch t.workload.kind {
	case fleet.CustomResource:
		return t.applyCustom(ctx, f, note)
	case fleet.Deployment:
		return t.applyDeployment(ctx, f, note)
	default:
		return t.applyStatefulSet(ctx, f, note)
	}
}

// from is the version that the cluster ran before: as it was noted while it is
// between two versions, else what it runs.
func (t *task) from() string {
	c := &t.record.cluster
	switch {
	case t.action.Kind != plan.Start && c.InFlight():
		return t.workload.Annotations[FromAnnotation]
	case c.InFlight() && t.workload.Annotations[FromAnnotation] != "":
		return t.workload.Annotations[FromAnnotation]
	case t.action.Kind == plan.Start || c.InFlight():
		return c.Version.String()
	default:
		return ""
	}
}

// leftBehind reports whether a note leaves out an annotation that an apply would
// not take away, because it was patched and not applied.
func (t *task) leftBehind(note map[string]string) bool {
	if !t.workload.owner.patched {
		return false
	}
	for k := range t.workload.Annotations {
		if _, kept := note[k]; !kept && ours(k) {
			return true
		}
	}
	return false
}

// ours reports whether an annotation belongs to a note.
func ours(key string) bool {
	switch key {
	case MarkAnnotation, ReleaseAnnotation, CommitAnnotation, FromAnnotation, NextAnnotation, SinceAnnotation, StateAnnotation, ReasonAnnotation:
		return true
	default:
		return false
	}
}

var applyOptions = metav1.ApplyOptions{FieldManager: fieldManager, Force: true}

// applyStatefulSet applies what is changed together with what is ours already: an
// apply that left that out would take it away.
func (t *task) applyStatefulSet(ctx context.Context, f fields, note map[string]string) error {
	o := t.workload
	doc := appsac.StatefulSet(o.Name, o.Namespace).WithUID(o.UID).WithResourceVersion(o.ResourceVersion).WithAnnotations(note)
	spec := appsac.StatefulSetSpec()
	if image, set := t.image(f); set {
		spec.WithTemplate(coreac.PodTemplateSpec().WithSpec(coreac.PodSpec().WithContainers(
			coreac.Container().WithName(t.watch.container()).WithImage(image))))
		doc.WithSpec(spec)
	}
	partition, set := o.partition, o.owner.partition && !o.onDelete
	if f.partition != nil {
		partition, set = *f.partition, true
	}
	if set {
		spec.WithUpdateStrategy(appsac.StatefulSetUpdateStrategy().WithRollingUpdate(
			appsac.RollingUpdateStatefulSetStrategy().WithPartition(int32(partition))))
		doc.WithSpec(spec)
	}
	if _, err := t.client.AppsV1().StatefulSets(o.Namespace).Apply(ctx, doc, applyOptions); err != nil {
		return fmt.Errorf("apply StatefulSet %s/%s: %w", o.Namespace, o.Name, err)
	}
	return nil
}

func (t *task) applyDeployment(ctx context.Context, f fields, note map[string]string) error {
	o := t.workload
	doc := appsac.Deployment(o.Name, o.Namespace).WithUID(o.UID).WithResourceVersion(o.ResourceVersion).WithAnnotations(note)
	spec := appsac.DeploymentSpec()
	if image, set := t.image(f); set {
		spec.WithTemplate(coreac.PodTemplateSpec().WithSpec(coreac.PodSpec().WithContainers(
			coreac.Container().WithName(t.watch.container()).WithImage(image))))
		doc.WithSpec(spec)
	}
	paused, set := o.paused, o.owner.paused
	if f.paused != nil {
		paused, set = *f.paused, true
	}
	if set {
		doc.WithSpec(spec.WithPaused(paused))
	}
	if _, err := t.client.AppsV1().Deployments(o.Namespace).Apply(ctx, doc, applyOptions); err != nil {
		return fmt.Errorf("apply Deployment %s/%s: %w", o.Namespace, o.Name, err)
	}
	return nil
}

func (t *task) image(f fields) (image string, set bool) {
	if f.image != "" {
		return f.image, true
	}
	return t.workload.image, t.workload.owner.image
}

// patch changes what an apply cannot: it takes away fields that others own.
func (t *task) patch(ctx context.Context, f fields, note map[string]string) error {
	o := t.workload
	annotations := map[string]any{}
	for k := range o.Annotations {
		if ours(k) {
			annotations[k] = nil
		}
	}
	for k, v := range note {
		annotations[k] = v
	}
	spec := map[string]any{}
	switch f.strategy {
	case onDelete:
		annotations[StrategyAnnotation] = "RollingUpdate"
		if o.strategy != "" {
			annotations[StrategyAnnotation] = "RollingUpdate maxUnavailable=" + o.strategy
		}
		spec["updateStrategy"] = map[string]any{"type": "OnDelete", "rollingUpdate": nil}
	case rollingUpdate:
		rolling := map[string]any{"partition": *f.partition}
		if _, most, ok := strings.Cut(o.Annotations[StrategyAnnotation], "maxUnavailable="); ok {
			rolling["maxUnavailable"] = intOrPercent(most)
		}
		annotations[StrategyAnnotation] = nil
		spec["updateStrategy"] = map[string]any{"type": "RollingUpdate", "rollingUpdate": rolling}
	case sameStrategy:
		if f.partition != nil {
			spec["updateStrategy"] = map[string]any{"rollingUpdate": map[string]any{"partition": *f.partition}}
		}
	}
	if f.image != "" {
		container := map[string]any{"name": t.watch.container(), "image": f.image}
		spec["template"] = map[string]any{"spec": map[string]any{"containers": []any{container}}}
	}
	if f.paused != nil {
		spec["paused"] = *f.paused
	}
	doc := map[string]any{"metadata": map[string]any{"uid": o.UID, "resourceVersion": o.ResourceVersion, "annotations": annotations}}
	if len(spec) > 0 {
		doc["spec"] = spec
	}
	data, err := json.Marshal(doc)
	if err != nil {
		return fmt.Errorf("encode patch: %w", err)
	}
	options := metav1.PatchOptions{FieldManager: fieldManager}
	if o.kind == fleet.Deployment {
		_, err = t.client.AppsV1().Deployments(o.Namespace).Patch(ctx, o.Name, types.StrategicMergePatchType, data, options)
	} else {
		_, err = t.client.AppsV1().StatefulSets(o.Namespace).Patch(ctx, o.Name, types.StrategicMergePatchType, data, options)
	}
	if err != nil {
		return fmt.Errorf("patch %s %s/%s: %w", o.kind, o.Namespace, o.Name, err)
	}
	return nil
}

// intOrPercent is a number, or a percentage as text.
func intOrPercent(s string) any {
	var n int
	if _, err := fmt.Sscanf(s, "%d", &n); err == nil && !strings.HasSuffix(s, "%") {
		return n
	}
	return s
}
