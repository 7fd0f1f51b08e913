package kube

import (
	"context"
	"errors"
	"fmt"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// start points a workload at a version. A StatefulSet's pods are not touched.
func (t *task) start(ctx context.Context) error {
	o, a := t.workload, t.action
	if o.owner.tool != "" {
		return errors.New(ownerAdvice(o.owner.tool))
	}
	if t.record.cluster.Target == a.Version {
		return t.write(ctx, fields{}, t.keptNext()) // the same start again
	}
	image := imageFor(a.Image, a.Version)
	if t.watch.resource().Version != "" {
		image = a.Version.String() // the field holds a version alone
	}
	if o.kind != fleet.StatefulSet {
		unpaused := false
		ch := fields{image: image}
		if o.paused || o.owner.paused {
			ch.paused = &unpaused
		}
		return t.write(ctx, ch, "")
	}
	if o.recreate {
		return errors.New("its update strategy replaces all pods at once; make it RollingUpdate or OnDelete")
	}
	next := t.podName(o.replicas - 1)
	switch {
	case o.onDelete:
		return t.write(ctx, fields{image: image}, next)
	case t.byZone():
		return t.write(ctx, fields{image: image, strategy: onDelete}, next)
	case o.atRest() && o.current == o.target, o.partition >= o.replicas:
		// No pod is touched yet, and the current revision is what they run: one
		// that restarts under this partition comes back as it was.
		top := max(o.replicas, o.partition)
		return t.write(ctx, fields{image: image, partition: &top}, next)
	default:
		return t.write(ctx, fields{image: image, strategy: onDelete}, next)
	}
}

func ownerAdvice(tool string) string {
	return fmt.Sprintf("%s sets the image of this workload and would set it back; let it leave the image and the partition alone, then annotate the workload with %s: \"true\"", tool, ConfirmAnnotation)
}

func (t *task) podName(at int) string {
	return fmt.Sprintf("%s-%d", t.workload.Name, at+t.workload.start)
}

func (t *task) byZone() bool { return t.watch.product.Spec.Workload.StepBy == fleet.StepByZone }

// keptNext is the pod that was next when this was last written, while the
// workload is not at rest.
func (t *task) keptNext() string {
	if t.workload.atRest() {
		return ""
	}
	return t.workload.Annotations[NextAnnotation]
}
