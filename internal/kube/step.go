package kube

import (
	"context"
	"fmt"
	"slices"

	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/wavegate-dev/wavegate/reconciler"
)

// step lets one replica, or those of one zone, be replaced. It asks the API
// server how the pods are now: a pod that went down a moment ago does not show in
// what was observed.
func (t *task) step(ctx context.Context) error {
	o, at := t.workload, t.action.Ordinal
	if !o.fresh {
		// Its revisions are those of the spec before.
		return fmt.Errorf("%w: its controller has not seen the newest change yet", reconciler.ErrConflict)
	}
	pods, err := t.plane.listPods(ctx, o, t.watch.container())
	if err != nil {
		return err
	}
	r := placed(o, pods)
	if next := r.next(o); at != next || at < 0 {
		return fmt.Errorf("%w: replica %d is not the next one, %d is", reconciler.ErrConflict, at, next)
	}
	group := t.group(r, at)
	for i, p := range r {
		if !slices.Contains(group, i) && (p == nil || !p.ready) {
			return fmt.Errorf("%w: replica %d is down", reconciler.ErrConflict, i)
		}
	}
	if err := t.allowed(ctx, r, group); err != nil {
		return err
	}
	next := t.podName(at)
	if !o.onDelete {
		if !r.updatedAbove(o, at) {
			return fmt.Errorf("%w: its controller is not done with the replicas above %d", reconciler.ErrConflict, at)
		}
		partition, safe := r.ratchet(o, at)
		if !safe {
			partition = at
		}
		return t.lower(ctx, r, at, fields{partition: &partition}, next)
	}
	if _, redirected := o.Annotations[StrategyAnnotation]; redirected && !t.byZone() {
		if partition, safe := r.ratchet(o, at); safe {
			return t.lower(ctx, r, at, fields{strategy: rollingUpdate, partition: &partition}, next)
		}
	}
	if err := t.write(ctx, fields{}, next); err != nil {
		return err
	}
	for _, i := range group {
		if err := t.replace(ctx, r[i]); err != nil {
			return err
		}
	}
	return nil
}

// lower moves the partition down. The controller does the rest, except for a pod
// that never became ready: those it leaves as they are when pods are managed in
// order.
func (t *task) lower(ctx context.Context, r replicas, at int, ch fields, next string) error {
	if err := t.write(ctx, ch, next); err != nil {
		return err
	}
	if p := r[at]; p != nil && !p.ready && !p.leaving {
		return t.replace(ctx, p)
	}
	return nil
}

// group is which replicas a step replaces: the one at a place, and with steps by
// zone all others in its zone that are not done.
func (t *task) group(r replicas, at int) []int {
	group := []int{at}
	if !t.byZone() || r[at] == nil {
		return group
	}
	zone := t.plane.zone(r[at].node)
	for i, p := range r {
		if i != at && p != nil && zone != "" && t.plane.zone(p.node) == zone && !r.done(t.workload, i) {
			group = append(group, i)
		}
	}
	return group
}

// replace takes away one incarnation of a pod. A ready one is evicted, so that
// budgets hold; one that is not ready is deleted, because an eviction counts it as
// a disruption although it serves nobody.
func (t *task) replace(ctx context.Context, p *pod) error {
	if p == nil || p.leaving {
		return nil
	}
	pods := t.client.CoreV1().Pods(t.workload.Namespace)
	options := metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &p.uid}}
	var err error
	if p.ready {
		err = pods.EvictV1(ctx, &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Name: p.name, Namespace: t.workload.Namespace}, DeleteOptions: &options})
	} else {
		err = pods.Delete(ctx, p.name, options)
	}
	switch {
	case apierrors.IsNotFound(err):
		return nil
	case apierrors.IsTooManyRequests(err):
		return fmt.Errorf("a PodDisruptionBudget does not let pod %s be evicted now: %w", p.name, err)
	case err != nil:
		return fmt.Errorf("replace pod %s: %w", p.name, err)
	}
	return nil
}

// allowed asks the PodDisruptionBudgets of the namespace: the controller of a
// StatefulSet does not.
func (t *task) allowed(ctx context.Context, r replicas, group []int) error {
	budgets, err := t.plane.reads.PolicyV1().PodDisruptionBudgets(t.workload.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("list PodDisruptionBudgets: %w", err)
	}
	for i := range budgets.Items {
		b := &budgets.Items[i]
		selector, err := metav1.LabelSelectorAsSelector(b.Spec.Selector)
		if err != nil {
			return fmt.Errorf("read selector of PodDisruptionBudget %s: %w", b.Name, err)
		}
		disrupted := 0
		for _, at := range group {
			if p := r[at]; p != nil && p.ready && selector.Matches(labels.Set(p.labels)) {
				disrupted++
			}
		}
		switch {
		case disrupted == 0:
		case b.Status.ObservedGeneration < b.Generation:
			return fmt.Errorf("%w: PodDisruptionBudget %s has not been counted yet", reconciler.ErrConflict, b.Name)
		case int(b.Status.DisruptionsAllowed) < disrupted:
			return refusal(fmt.Sprintf("PodDisruptionBudget %s allows %d disruptions now and this step needs %d", b.Name, b.Status.DisruptionsAllowed, disrupted))
		}
	}
	return nil
}

// refusal is why a step is not taken although nothing has failed: it is shown with
// the cluster until it is over.
type refusal string

func (r refusal) Error() string { return string(r) }

// zone is the zone of a node, empty when it is not known.
func (p *Plane) zone(node string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.topology.zones[node]
}
