package kube

import (
	"fmt"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// lookDeployment is a cluster as its Deployment's status and, unless that says
// that it is at rest, its pods show it.
func lookDeployment(w *workload, pods []pod, before *plan.Cluster, now time.Time) plan.Cluster {
	c := plan.Cluster{Replicas: w.replicas, Next: -1, Held: w.paused}
	target, err := versionOf(w.image)
	if err != nil {
		c.Unknown = err.Error()
		return c
	}
	c.Target = target
	if w.atRest() {
		c.Version, c.Updated, c.Ready = target, w.replicas, w.replicas
		c.ReadySince = readySince(before, now)
		return c
	}
	if pods == nil && w.settled() {
		return unready(c, w)
	}
	c.Ready = min(w.ready, w.replicas)
	for i := range pods {
		p := &pods[i]
		if p.image == w.image && !p.leaving {
			c.Updated++
		}
		if !p.ready && c.Problem == "" {
			c.Problem = p.problem
		}
	}
	// What the status counts has been seen by the controller; what the pods say
	// is newer. The lower number is the one that both agree on.
	if c.Updated = min(c.Updated, c.Replicas); w.fresh {
		c.Updated = min(c.Updated, w.updated)
	}
	if w.conditions != "" {
		c.Problem = w.conditions
	}
	if c.Ready < c.Replicas && c.Problem == "" {
		c.Problem = fmt.Sprintf("%d of %d pods are ready", c.Ready, c.Replicas)
	}
	// All pods ready and none of them on its way: held, or between two waves of
	// its own.
	if w.fresh && w.ready == w.existing && w.ready >= w.replicas && (w.paused || c.Updated == c.Replicas) {
		c.ReadySince = readySince(before, now)
	}
	c.Version = deployedBefore(w, pods, before, target)
	return c
}

// deployedBefore is the version that all replicas of a Deployment last ran
// together, while it is not at rest.
func deployedBefore(w *workload, pods []pod, before *plan.Cluster, target fleet.Version) fleet.Version {
	var other fleet.Version
	mixed := false
	for i := range pods {
		if pods[i].image == w.image || pods[i].leaving {
			continue
		}
		v, err := versionOf(pods[i].image)
		if err != nil {
			continue
		}
		mixed = mixed || (!other.IsZero() && other != v)
		other = v
	}
	switch {
	case before != nil && !before.Version.IsZero():
		return before.Version
	case !other.IsZero() && !mixed:
		return other
	}
	if v, err := fleet.ParseVersion(w.Annotations[FromAnnotation]); err == nil && (mixed || w.updated < w.replicas) {
		return v
	}
	return target
}
