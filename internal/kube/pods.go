package kube

import (
	"context"
	"fmt"
	"sort"
	"strconv"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// pod is what is kept of a pod while its workload is looked at.
type pod struct {
	name     string
	uid      types.UID
	index    int // from the workload's first ordinal; -1 without one
	image    string
	revision string
	node     string
	ready    bool
	readyAt  time.Time
	leaving  bool // it is being deleted
	problem  string
	labels   map[string]string
}

// listPods asks the API server for the pods of a workload: not a cache, which
// may lag behind.
func (p *Plane) listPods(ctx context.Context, w *workload, container string) ([]pod, error) {
	list, err := p.reads.CoreV1().Pods(w.Namespace).List(ctx, metav1.ListOptions{LabelSelector: w.selector})
	if err != nil {
		return nil, fmt.Errorf("list pods of %s/%s: %w", w.Namespace, w.Name, err)
	}
	var out []pod
	for i := range list.Items {
		if o := &list.Items[i]; belongs(o, w) {
			out = append(out, podOf(o, w, container))
		}
	}
	sort.Slice(out, func(i, j int) bool {
		return out[i].index < out[j].index || (out[i].index == out[j].index && out[i].name < out[j].name)
	})
	return out, nil
}

// belongs reports whether a pod is one of a workload's. A Deployment's pods
// belong to its ReplicaSets; for those the selector has to do.
func belongs(o *corev1.Pod, w *workload) bool {
	owner := metav1.GetControllerOf(o)
	switch {
	case owner == nil:
		return false
	case owner.Kind == "ReplicaSet":
		return w.kind != "StatefulSet"
	default:
		return owner.UID == w.UID
	}
}

func podOf(o *corev1.Pod, w *workload, container string) pod {
	p := pod{
		name: o.Name, uid: o.UID, index: indexOf(o.Name, w), node: o.Spec.NodeName,
		revision: o.Labels[appsv1.ControllerRevisionHashLabelKey],
		leaving:  o.DeletionTimestamp != nil, labels: o.Labels,
	}
	for i := range o.Spec.Containers {
		if o.Spec.Containers[i].Name == container {
			p.image = o.Spec.Containers[i].Image
		}
	}
	for _, c := range o.Status.Conditions {
		if c.Type == corev1.PodReady {
			p.ready = c.Status == corev1.ConditionTrue && !p.leaving
			// Kubernetes keeps whole seconds, rounded down: it may have become
			// ready at any time within this one.
			p.readyAt = c.LastTransitionTime.Add(time.Second)
		}
	}
	if !p.ready {
		p.problem = problemOf(o)
	}
	return p
}

func indexOf(name string, w *workload) int {
	text, ok := strings.CutPrefix(name, w.Name+"-")
	if !ok {
		return -1
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < w.start {
		return -1
	}
	return n - w.start
}

// problemOf says in a few words why a pod is not ready.
func problemOf(o *corev1.Pod) string {
	for _, group := range [][]corev1.ContainerStatus{o.Status.InitContainerStatuses, o.Status.ContainerStatuses} {
		for _, s := range group {
			if w := s.State.Waiting; w != nil && w.Reason != "" && w.Reason != "PodInitializing" && w.Reason != "ContainerCreating" {
				return fmt.Sprintf("%s: %s", o.Name, w.Reason)
			}
			if t := s.State.Terminated; t != nil && t.ExitCode != 0 {
				return fmt.Sprintf("%s: %s ended with exit code %d", o.Name, s.Name, t.ExitCode)
			}
		}
	}
	for _, c := range o.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse {
			return fmt.Sprintf("%s: %s", o.Name, c.Reason)
		}
	}
	if o.DeletionTimestamp != nil {
		return o.Name + " is ending"
	}
	return o.Name + " is not ready"
}
