package plan

import (
	"cmp"
	"slices"
	"time"
)

// blip returns what a monitor was noticed to do on a member, or nil.
func (r *Rollout) blip(cluster, monitor string) *Blip {
	if i, ok := r.findBlip(cluster, monitor); ok {
		return &r.Blips[i]
	}
	return nil
}

func (r *Rollout) findBlip(cluster, monitor string) (int, bool) {
	return slices.BinarySearchFunc(r.Blips, Blip{Cluster: cluster, Monitor: monitor}, func(a, b Blip) int {
		return cmp.Or(cmp.Compare(a.Cluster, b.Cluster), cmp.Compare(a.Monitor, b.Monitor))
	})
}

// applyBlip notices an alert, ends it, or forgets what was noticed of a member:
// when its upgrade begins anew, and when it is over otherwise.
func (r *Rollout) applyBlip(e Event) {
	switch e.Kind {
	case AlertNoticed:
		i, known := r.findBlip(e.Cluster, e.Gate)
		if !known {
			r.Blips = slices.Insert(r.Blips, i, Blip{Cluster: e.Cluster, Monitor: e.Gate, OverAt: e.At})
		}
		b := &r.Blips[i]
		switch {
		case !b.fires():
			b.Since = e.At
			if s := e.Evidence.Since; !s.IsZero() && s.Before(b.Since) {
				b.Since = s
			}
		case b.Excused:
			b.Since = e.At
		}
		b.OverAt, b.Excused = time.Time{}, e.Evidence.Judgement == Environment
	case AlertPassed:
		if b := r.blip(e.Cluster, e.Gate); b != nil && b.fires() {
			b.OverAt, b.Forgiven = e.At, b.Forgiven || !b.Excused
		}
	case ClusterStarted, ClusterRetried, ClusterFailed, ClusterSkipped, ClusterLeft:
		r.Blips = slices.DeleteFunc(r.Blips, func(b Blip) bool { return b.Cluster == e.Cluster })
	default:
	}
}
