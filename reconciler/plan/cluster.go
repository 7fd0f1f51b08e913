package plan

import (
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// Cluster is one member of the fleet as a data plane observed it.
type Cluster struct {
	// Name is unique in the whole fleet; Pins and commands use it. Two data
	// planes that report the same name make that cluster unknown.
	Name      string
	Product   string
	DataPlane string
	// Labels are the cluster's own; the reserved ones of package fleet are
	// added by the inventory.
	Labels map[string]string

	// Unknown is set, with the reason, when the data plane cannot tell how the
	// cluster is. The other fields then hold what was last seen.
	Unknown string

	// Version is what all replicas last ran together; Target is what the
	// workload asks for now. They are equal unless an upgrade is under way.
	Version fleet.Version
	Target  fleet.Version

	// Replicas is how many the cluster should have, Updated how many of them
	// run Target, Ready how many are ready.
	Replicas, Updated, Ready int
	// Next is the ordinal of the replica that the next Step would replace: the
	// highest that is not on Target; -1 when there is none.
	Next int
	// Stranded tells that the replica Next is down and all others are ready. A
	// Step then takes no other replica down: it may be the way out of a version
	// that does not start.
	Stranded bool
	// ReadySince is since when all replicas have been ready, and those touched
	// have been on Target. Zero when that is not so now.
	ReadySince time.Time
	// Problem says in a few words why the cluster is not ready; for people.
	Problem string

	// Ratchet tells that the workload moves only by Steps: a Start touches no
	// replica, and halting needs no write. A workload without it rolls by
	// itself from its Start until it ends or is held.
	Ratchet bool
	// Held tells that a workload without a ratchet has been stopped.
	Held bool

	// Mark is the note that Wavegate left on the cluster, if any.
	Mark Mark
	// Owner is another tool that would set the version back, such as "Argo CD
	// application kafka-eu"; empty when there is none.
	Owner string
	// ChangedBy is who set the version last, when that was not Wavegate and is
	// known.
	ChangedBy string
	// State is the word that the newest action left on the cluster, for people who
	// look at it: why it moves or waits. Empty when none is kept there; a data
	// plane that keeps it is told when it has become untrue.
	State string
	// Revision identifies this observation to the data plane. Actions carry it
	// back; one that is no longer current conflicts.
	Revision string
	// AsOf is when this was observed, by the data plane's own clock.
	AsOf time.Time
}

// InFlight reports whether the cluster is between two versions. Half way back to
// the version that it came from, Target and Version are the same again and some
// replicas are not.
func (c *Cluster) InFlight() bool {
	return c.Target != c.Version || c.Next >= 0 || (!c.Ratchet && c.Updated < c.Replicas)
}

// Mark is what Wavegate writes onto a cluster, in the same write as the change
// that it explains. It makes a cluster tell the truth about itself, and is
// enough to go on safely when the ledger is lost.
type Mark struct {
	Release   string        `json:"release,omitempty"`
	Cohort    string        `json:"cohort,omitempty"`
	Commit    string        `json:"commit,omitempty"`
	Version   fleet.Version `json:"version,omitzero"`
	StartedAt time.Time     `json:"startedAt,omitzero"`
	// Failed says why the upgrade of this cluster failed.
	Failed   string    `json:"failed,omitempty"`
	FailedAt time.Time `json:"failedAt,omitzero"`
	// Paused says why the release is paused, AllPaused why everything is.
	Paused    string `json:"paused,omitempty"`
	AllPaused string `json:"allPaused,omitempty"`
	// PausedAt and AllPausedAt are when: what is newer than the ledger knows was
	// recorded by a ledger that is lost.
	PausedAt    time.Time `json:"pausedAt,omitzero"`
	AllPausedAt time.Time `json:"allPausedAt,omitzero"`
}

// withoutPause returns the mark as it is when its release is not paused.
func (m Mark) withoutPause() Mark {
	m.Paused, m.PausedAt = "", time.Time{}
	return m
}

// withoutAllPaused returns the mark as it is when nothing is paused by a pause of
// everything.
func (m Mark) withoutAllPaused() Mark {
	m.AllPaused, m.AllPausedAt = "", time.Time{}
	return m
}

// withoutFailure returns the mark as it is when the upgrade has not failed.
func (m Mark) withoutFailure() Mark {
	m.Failed, m.FailedAt = "", time.Time{}
	return m
}

// IsZero reports whether there is no mark.
func (m Mark) IsZero() bool { return m == Mark{} }

// Observation is what a data plane reports: everything, or what has changed.
type Observation struct {
	DataPlane string
	// Cursor is handed back at the next call to get only what changed since.
	Cursor string
	// Full tells that Clusters is everything: what is not in it is gone.
	Full     bool
	Clusters []Cluster
	Gone     []string
	// AsOf is when the data plane was asked.
	AsOf time.Time
}
