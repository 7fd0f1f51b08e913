package kube

import (
	"fmt"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// replicas are the pods of a StatefulSet by their place, nil where there is none.
type replicas []*pod

// placed sorts pods into their places. Those beyond the wanted number are on
// their way out and left aside.
func placed(w *workload, pods []pod) replicas {
	out := make(replicas, w.replicas)
	for i := range pods {
		if at := pods[i].index; at >= 0 && at < len(out) {
			out[at] = &pods[i]
		}
	}
	return out
}

// coming reports whether the pod at a place, when it is made anew, gets the new
// revision: below the partition too, once the new revision is the current one.
func (w *workload) coming(at int) bool {
	return w.onDelete || at >= w.partition || (w.fresh && w.current == w.target)
}

// done reports whether the replica at a place needs no step any more: it runs the
// wanted image, or comes back with it.
func (r replicas) done(w *workload, at int) bool {
	if p := r[at]; p != nil && !p.leaving {
		return p.image == w.image
	}
	return w.coming(at)
}

// next is the highest place that needs a step; -1 when there is none.
func (r replicas) next(w *workload) int {
	for at := len(r) - 1; at >= 0; at-- {
		if !r.done(w, at) {
			return at
		}
	}
	return -1
}

// othersReady reports whether all replicas but one are ready, and names one that
// is not.
func (r replicas) othersReady(but int) (bool, int) {
	for at, p := range r {
		if at != but && (p == nil || !p.ready) {
			return false, at
		}
	}
	return true, -1
}

// ready reports whether the replica at a place is ready.
func (r replicas) ready(at int) bool { return r[at] != nil && r[at].ready }

// pending reports whether the controller is about to replace a pod by itself: a
// step that was asked for and has not begun.
func (r replicas) pending(w *workload) bool {
	if w.onDelete {
		return false
	}
	for at := w.partition; at < len(r); at++ {
		if p := r[at]; p != nil && !p.leaving && p.image != w.image {
			return true
		}
	}
	return false
}

// lookStatefulSet is a cluster as its workload's status and, unless that says
// that it is at rest, its pods show it. before is what was seen last.
func lookStatefulSet(w *workload, pods []pod, before *plan.Cluster, now time.Time) plan.Cluster {
	c := plan.Cluster{Ratchet: true, Replicas: w.replicas, Next: -1}
	target, err := versionOf(w.image)
	if err != nil {
		c.Unknown = err.Error()
		return c
	}
	c.Target = target
	if w.recreate {
		c.Unknown = "its update strategy replaces all pods at once; make it RollingUpdate or OnDelete"
	}
	if w.atRest() {
		c.Version, c.Updated, c.Ready = target, w.replicas, w.replicas
		c.ReadySince = readySince(before, now)
		return c
	}
	if pods == nil && w.settled() {
		return unready(c, w)
	}
	r := placed(w, pods)
	c.Next = r.next(w)
	var newest time.Time
	for _, p := range r {
		if p == nil {
			continue
		}
		if p.image == w.image && !p.leaving {
			c.Updated++
		}
		if p.ready {
			c.Ready++
			newest = later(newest, p.readyAt)
		} else if c.Problem == "" {
			c.Problem = p.problem
		}
	}
	if c.Ready == c.Replicas && !r.pending(w) && w.fresh {
		c.ReadySince = newest
	}
	if c.Next >= 0 && !r.ready(c.Next) {
		c.Stranded, _ = r.othersReady(c.Next)
	}
	if c.Ready < c.Replicas && c.Problem == "" {
		c.Problem = fmt.Sprintf("%d of %d pods are ready", c.Ready, c.Replicas)
	}
	c.Version = ranBefore(w, r, before, target, c.Updated == c.Replicas && c.Ready == c.Replicas)
	return c
}

// unready is a cluster on its version of which some replicas are not ready, as its
// workload's status has it.
func unready(c plan.Cluster, w *workload) plan.Cluster {
	c.Version, c.Updated, c.Ready = c.Target, w.replicas, min(w.ready, w.replicas)
	c.Problem = fmt.Sprintf("%d of %d pods are ready", c.Ready, c.Replicas)
	return c
}

// ranBefore is the version that all replicas last ran together.
func ranBefore(w *workload, r replicas, before *plan.Cluster, target fleet.Version, finished bool) fleet.Version {
	if finished {
		return target
	}
	var current, other fleet.Version
	for _, p := range r {
		if p == nil || p.image == w.image {
			continue
		}
		v, err := versionOf(p.image)
		if err != nil {
			continue
		}
		other = v
		if p.revision == w.current {
			current = v
		}
	}
	switch {
	case !current.IsZero():
		return current
	case other.IsZero() && w.current == w.target && w.fresh:
		return target // the controller has completed this update once
	case before != nil && !before.Version.IsZero():
		return before.Version
	}
	if v, err := fleet.ParseVersion(w.Annotations[FromAnnotation]); err == nil {
		return v
	}
	if !other.IsZero() {
		return other
	}
	return target
}

// readySince goes on with what was seen before; what is seen as ready for the
// first time is ready since now, because nobody knows since when.
func readySince(before *plan.Cluster, now time.Time) time.Time {
	if before != nil && !before.ReadySince.IsZero() {
		return before.ReadySince
	}
	return now
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// ratchet returns the partition at which the pods may be left to the controller
// once the one at a place is to be replaced, and whether that is safe: every pod
// below it runs the current revision, so that one that restarts comes back as it
// was, and every other runs the new one but the one at the place.
func (r replicas) ratchet(w *workload, at int) (partition int, safe bool) {
	if !r.updatedAbove(w, at) {
		return 0, false
	}
	partition = at
	for partition > 0 && r[partition-1] != nil && r[partition-1].revision == w.target {
		partition--
	}
	for _, p := range r[:partition] {
		if p == nil || p.revision != w.current {
			return 0, false
		}
	}
	return partition, true
}

// updatedAbove reports whether all pods above a place run the new revision: else
// the controller would replace one of those when it may go down to the place.
func (r replicas) updatedAbove(w *workload, at int) bool {
	for _, p := range r[at+1:] {
		if p == nil || p.revision != w.target {
			return false
		}
	}
	return true
}
