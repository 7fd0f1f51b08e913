package kube

import (
	"maps"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// workload is what is kept of a StatefulSet or a Deployment: the rest of the
// object would take four times the memory. Its ObjectMeta holds name, namespace,
// UID, resource version, labels, and the annotations that are ours or tell of
// another owner.
type workload struct {
	metav1.ObjectMeta

	kind     fleet.WorkloadKind
	selector string // of its pods
	// image is that of the product's container; containers tells whether there
	// is one of that name.
	image      string
	container  bool
	replicas   int
	start      int // the first ordinal
	partition  int
	onDelete   bool // pods are replaced when they are deleted, by whomever
	recreate   bool // pods are replaced all at once
	inOrder    bool // a pod waits for those before it
	strategy   string
	paused     bool
	fresh      bool // its controller has seen the newest spec
	existing   int  // pods
	ready      int
	updated    int
	available  int
	current    string // revision
	target     string // revision
	conditions string // what is wrong, in words
	observed   string // of a custom resource: the version that its operator says runs
	well       bool   // of a custom resource: its operator says that all is well
	owner      ownership
}

// atRest reports whether a workload's own status says that every replica runs
// what is asked for and is ready.
func (w *workload) atRest() bool {
	n := w.replicas
	if !w.fresh || w.updated != n || w.ready < n || w.existing != n {
		return false
	}
	switch w.kind {
	case fleet.Deployment:
		return w.available >= n
	case fleet.CustomResource:
		return true
	default:
		// Before Kubernetes 1.37 an OnDelete update leaves the current revision
		// as it was.
		return w.current == w.target || w.onDelete
	}
}

// settled reports whether a workload's own status says that every replica runs
// what is asked for, ready or not: which versions run is known without its pods.
func (w *workload) settled() bool {
	return w.fresh && w.updated == w.replicas && w.existing == w.replicas && (w.kind != fleet.StatefulSet || w.current == w.target)
}

// trim cuts an object down to a workload.
func (w *watch) trim(obj any) any {
	switch o := obj.(type) {
	case *appsv1.StatefulSet:
		return trimStatefulSet(o, w.container())
	case *appsv1.Deployment:
		return trimDeployment(o, w.container())
	case *unstructured.Unstructured:
		return trimCustom(o, w.resource())
	default:
		return obj
	}
}

func trimStatefulSet(o *appsv1.StatefulSet, container string) *workload {
	w := &workload{
		ObjectMeta: trimMeta(&o.ObjectMeta), kind: fleet.StatefulSet, selector: selectorText(o.Spec.Selector),
		replicas: count(o.Spec.Replicas, 1), inOrder: o.Spec.PodManagementPolicy != appsv1.ParallelPodManagement,
		fresh: o.Status.ObservedGeneration >= o.Generation, existing: int(o.Status.Replicas), ready: int(o.Status.ReadyReplicas),
		updated: int(o.Status.UpdatedReplicas), available: int(o.Status.AvailableReplicas),
		current: o.Status.CurrentRevision, target: o.Status.UpdateRevision,
		owner: ownershipOf(o.ManagedFields, workloadFields(container), &o.ObjectMeta),
	}
	w.image, w.container = imageOf(&o.Spec.Template, container)
	if o.Spec.Ordinals != nil {
		w.start = int(o.Spec.Ordinals.Start)
	}
	switch s := o.Spec.UpdateStrategy; s.Type {
	case appsv1.OnDeleteStatefulSetStrategyType:
		w.onDelete = true
	case appsv1.RollingUpdateStatefulSetStrategyType, "":
		if s.RollingUpdate != nil {
			w.partition = count(s.RollingUpdate.Partition, 0)
			if s.RollingUpdate.MaxUnavailable != nil {
				w.strategy = s.RollingUpdate.MaxUnavailable.String()
			}
		}
	default:
		w.recreate = true
	}
	return w
}

func trimDeployment(o *appsv1.Deployment, container string) *workload {
	w := &workload{
		ObjectMeta: trimMeta(&o.ObjectMeta), kind: fleet.Deployment, selector: selectorText(o.Spec.Selector),
		replicas: count(o.Spec.Replicas, 1), paused: o.Spec.Paused,
		fresh: o.Status.ObservedGeneration >= o.Generation, existing: int(o.Status.Replicas), ready: int(o.Status.ReadyReplicas),
		updated: int(o.Status.UpdatedReplicas), available: int(o.Status.AvailableReplicas),
		owner: ownershipOf(o.ManagedFields, workloadFields(container), &o.ObjectMeta),
	}
	w.image, w.container = imageOf(&o.Spec.Template, container)
	for _, c := range o.Status.Conditions {
		stuck := c.Type == appsv1.DeploymentProgressing && c.Reason == "ProgressDeadlineExceeded"
		if stuck || (c.Type == appsv1.DeploymentReplicaFailure && c.Status == "True") {
			w.conditions = c.Reason + ": " + c.Message
		}
	}
	return w
}

// trimMeta keeps what identifies and describes an object.
func trimMeta(m *metav1.ObjectMeta) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Name: m.Name, Namespace: m.Namespace, UID: m.UID, ResourceVersion: m.ResourceVersion,
		DeletionTimestamp: m.DeletionTimestamp, Labels: maps.Clone(m.Labels), Annotations: keptAnnotations(m.Annotations),
	}
}

func selectorText(s *metav1.LabelSelector) string {
	sel, err := metav1.LabelSelectorAsSelector(s)
	if err != nil {
		return ""
	}
	return sel.String()
}

func count(n *int32, without int) int {
	if n == nil {
		return without
	}
	return int(*n)
}
