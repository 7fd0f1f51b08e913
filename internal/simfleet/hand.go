package simfleet

import (
	"fmt"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// handOp is a change that somebody, or something, made past Wavegate.
type handOp struct {
	Kind    handKind      `json:"kind"`
	Cluster string        `json:"cluster"`
	Version fleet.Version `json:"version,omitzero"`
	N       int           `json:"n,omitempty"`
}

type handKind string

const (
	handSetVersion handKind = "set-version"
	handScale      handKind = "scale"
	handRestart    handKind = "restart"
	handCrash      handKind = "crash"
	handRemove     handKind = "remove"
)

// SetVersion changes the version of a cluster by hand, as kubectl set image
// does: the partition and the mark stay as they are, and the replicas that the
// partition releases are replaced at once, one after the other.
func (f *Fleet) SetVersion(cluster string, v fleet.Version) error {
	return f.hand(handOp{Kind: handSetVersion, Cluster: cluster, Version: v})
}

// Scale gives a cluster n replicas. New ones come up on the version that the
// workload's controller would give them.
func (f *Fleet) Scale(cluster string, n int) error {
	return f.hand(handOp{Kind: handScale, Cluster: cluster, N: n})
}

// Restart deletes a replica. It is made anew on the version that the
// workload's controller would give it now, which may be another one.
func (f *Fleet) Restart(cluster string, ordinal int) error {
	return f.hand(handOp{Kind: handRestart, Cluster: cluster, N: ordinal})
}

// Crash ends the process of a replica. It comes back on the version that it
// had.
func (f *Fleet) Crash(cluster string, ordinal int) error {
	return f.hand(handOp{Kind: handCrash, Cluster: cluster, N: ordinal})
}

// Remove makes a cluster disappear.
func (f *Fleet) Remove(cluster string) error {
	return f.hand(handOp{Kind: handRemove, Cluster: cluster})
}

func (f *Fleet) hand(h handOp) error {
	err := f.do(func(o *op) error {
		c := f.clusters[h.Cluster]
		switch {
		case c == nil:
			return fmt.Errorf("there is no such cluster")
		case h.Kind == handSetVersion && h.Version.IsZero():
			return fmt.Errorf("no version is given")
		case h.Kind == handScale && h.N < 1:
			return fmt.Errorf("%d is not a number of replicas; Remove takes a cluster away", h.N)
		case (h.Kind == handRestart || h.Kind == handCrash) && (h.N < 0 || h.N >= len(c.replicas)):
			return fmt.Errorf("there is no replica %d; it has %d", h.N, len(c.replicas))
		}
		o.Hand = &h
		return nil
	})
	if err != nil {
		return fmt.Errorf("%s of cluster %s by hand: %w", h.Kind, h.Cluster, err)
	}
	return nil
}

func (f *Fleet) applyHand(h *handOp, t int64) error {
	c := f.clusters[h.Cluster]
	if c == nil {
		return fmt.Errorf("there is no cluster %q", h.Cluster)
	}
	switch h.Kind {
	case handSetVersion:
		v := f.versions.id(h.Version)
		if v == c.target {
			return nil
		}
		c.target = v
	case handScale:
		if h.N == len(c.replicas) {
			return nil
		}
		f.scale(c, h.N, t)
	case handRestart, handCrash:
		if h.N < 0 || h.N >= len(c.replicas) {
			return fmt.Errorf("cluster %s has no replica %d", c.name, h.N)
		}
		why, to := ByCrash, c.replicas[h.N].version
		if h.Kind == handRestart {
			why = ByHand
			if c.ratchet {
				to = c.freshVersion(h.N)
			}
		}
		f.replace(c, h.N, to, t, why)
	case handRemove:
		c.gone, c.due = true, 0
		delete(f.clusters, c.name)
		delete(f.down, c)
		delete(f.alerting, c)
		c.plane.members--
		c.plane.changed(c)
		c.replicas, c.labels, c.mark, c.alerts, c.blips, c.surge = nil, nil, nil, nil, nil, nil
		return nil
	default:
		return fmt.Errorf("change %q by hand is not known", h.Kind)
	}
	f.settled(c, t)
	return nil
}
