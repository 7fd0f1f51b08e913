package plan

import "github.com/wavegate-dev/wavegate/reconciler/fleet"

// ActionKind is what is to be done to a cluster.
type ActionKind uint8

// The kinds of action. A data plane carries out exactly what the kind says and
// nothing more.
const (
	// Start points the workload at a version. With a ratchet it touches no
	// replica, also when it redirects a cluster that is half way to another
	// version: each replica is then replaced by a Step of its own. Without one
	// the workload begins to roll by itself.
	Start ActionKind = iota + 1
	// Step lets exactly the replica Ordinal be replaced.
	Step
	// Hold stops a workload that rolls by itself, and writes the mark. With a
	// ratchet it only writes the mark.
	Hold
	// Continue lets a held workload go on, and writes the mark.
	Continue
	// Note writes the mark and changes nothing else.
	Note
)

// Action is one change to one cluster. It carries what it expects to find, so
// that a stale plan cannot act.
type Action struct {
	Kind      ActionKind
	Cluster   string
	Product   string
	DataPlane string
	// Image and Version are what the workload shall run (Start).
	Image   string
	Version fleet.Version
	// From is what the cluster ran before (Start); for the journal.
	From fleet.Version
	// Ordinal is the replica that a Step replaces.
	Ordinal int
	// Expect is the Revision of the observation that the action was decided
	// on. The data plane refuses the action when it has moved on.
	Expect string
	// Mark is written with the change. It names the release and the commit
	// that the change traces to.
	Mark Mark
	// Reason says why, for people and for the journal.
	Reason string
	// State is the word for it that is left on the cluster; empty leaves the one
	// that is there.
	State string
}
