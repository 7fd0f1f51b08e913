package plan

import (
	"slices"
	"strings"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// Input is all that a decision depends on.
type Input struct {
	// Now is the time of the decision.
	Now time.Time
	// Watched is for how long the fleet and its monitors have been watched
	// without a break up to Now, since the last plan. Only watched time counts
	// towards a soak: nobody saw whether the rest was quiet.
	Watched time.Duration
	// ClockJumped tells that the wall clock moved differently from the
	// monotonic one since the last plan. Nothing is touched in such a cycle.
	ClockJumped bool
	// Policy is the spec in force, or nil.
	Policy  *Policy
	Fleet   *Inventory
	State   *State
	Signals Signals
	// Metrics are what the metrics of the spec in force said last.
	Metrics Metrics
	// DataPlanes are the configured ones, whether or not they can be reached.
	DataPlanes []string
}

// Plan is what was decided in one cycle: one decision for every cluster, the
// actions that follow, and the facts to remember.
type Plan struct {
	Now time.Time
	// Events are facts that follow from what was observed. As long as there
	// are any, Actions is empty: apply them to the state and decide again.
	Events []Event
	// Credits are events that need no new decision: record and apply them with
	// the actions.
	Credits []Event
	// Actions are to be carried out, in this order, after the events that
	// [Action.Event] gives have been recorded.
	Actions []Action
	// Rollouts are the rollouts of all targets, in the order of the train.
	Rollouts []RolloutStatus
	// Totals counts the clusters by verdict.
	Totals [verdictCount]int
	// Missing are clusters that the fleet repository names and no data plane
	// has; ExpiredPins are pins that have run out.
	Missing     []string
	ExpiredPins []string
	// Unmapped are alerts that name no cluster of the fleet.
	Unmapped []Alert
	// UnmappedBlind are blind spots that name no cluster of the fleet: a group
	// without data that a cluster has left behind, say. They block nothing.
	UnmappedBlind []BlindSpot
	// Notes are warnings that concern no single cluster, for people.
	Notes []string
	// Wake is when something will change by itself: a window, a soak, a
	// deadline. Zero when nothing will.
	Wake time.Time

	changes []Change
	sorted  bool // changes are

	dec   decisions
	memo  *memo
	cycle *cycle
}

// Change is a decision that differs from the one before.
type Change struct {
	Row      Row
	Cluster  string
	Old, New Decision
}

// Changes returns the clusters whose decision differs from the plan before, or
// that are not current in the first one; by name.
func (p *Plan) Changes() []Change {
	if !p.sorted {
		slices.SortFunc(p.changes, func(a, b Change) int { return strings.Compare(a.Cluster, b.Cluster) })
		p.sorted = true
	}
	return p.changes
}

// Decision returns what was decided for a row.
func (p *Plan) Decision(r Row) Decision { return p.dec.at(r) }

// RolloutPhase is how far a rollout is.
type RolloutPhase uint8

// The phases.
const (
	PhaseBaseline RolloutPhase = iota // the target of the first start; nothing moves
	PhaseWaiting                      // it has not started
	PhaseRolling                      // clusters are upgraded
	PhaseSoaking                      // a wave must stay quiet
	PhasePaused                       // it stands still until an operator resumes it
	PhaseFinished                     // all of it is done and has soaked
)

var phaseNames = [...]string{
	PhaseBaseline: "baseline", PhaseWaiting: "waiting", PhaseRolling: "rolling", PhaseSoaking: "soaking",
	PhasePaused: "paused", PhaseFinished: "finished",
}

// String returns the phase's word.
func (p RolloutPhase) String() string { return name(phaseNames[:], int(p)) }

// RolloutStatus is how far a product is in a cohort.
type RolloutStatus struct {
	Product, Cohort, Release, Commit string
	Version, Previous                fleet.Version
	Stage                            int
	Emergency                        string
	Phase                            RolloutPhase
	// Reason says why it does not go on, in a sentence; Gate names the reason.
	Gate, Reason string
	Since        time.Time // when the target was set
	StartedAt    time.Time
	FinishedAt   time.Time
	Waves        []WaveStatus
	Clusters     int // clusters of the product in the cohort
	OnTarget     int // of these, on the target version
	// Failures of the release so far, and how many it may have here.
	Failures, Budget int
	// MaxFailures is the budget as the cohort writes it.
	MaxFailures fleet.Size
	// Held are the clusters half way, by data plane, while a pause or a look holds
	// all of the rollout.
	Held []PlaneCount
}

// PlaneCount counts clusters of a data plane.
type PlaneCount struct {
	DataPlane string `json:"dataPlane"`
	Clusters  int    `json:"clusters"`
}

// WaveStatus is how far a wave is.
type WaveStatus struct {
	Size, Finished, Running, Failed, Skipped, Pending int
	OpenedAt, FinishedAt, SoakedAt                    time.Time
	Soaked, Soak                                      time.Duration
	MaxConcurrency                                    int
}

// Event returns the fact that carrying out the action creates; it is recorded
// before the action is carried out, so that nothing is ever done without a
// trace. Writing only a mark is no fact of the rollout: ok is false.
func (a *Action) Event(now time.Time) (e Event, ok bool) {
	e = Event{
		At: now, Release: a.Mark.Release, Product: a.Product, Cohort: a.Mark.Cohort, Cluster: a.Cluster,
		Commit: a.Mark.Commit, DataPlane: a.DataPlane, To: a.Mark.Version, Reason: a.Reason,
	}
	switch a.Kind {
	case Start:
		e.Kind, e.From = ClusterStarted, a.From
	case Step:
		e.Kind, e.Ordinal = ClusterStepped, a.Ordinal
	case Continue:
		e.Kind = ClusterContinued
	case Hold:
		e.Kind = ClusterHeld
	default:
		return Event{}, false
	}
	return e, true
}
