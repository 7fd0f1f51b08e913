package plan

// Verdict is what is decided for a cluster in a cycle.
type Verdict uint8

// The verdicts. Every cluster has exactly one in every cycle.
const (
	// Current: it runs what it should and nothing is to be done.
	Current Verdict = iota
	// Waiting: it is to be upgraded and something stands in the way.
	Waiting
	// Starting: its upgrade starts in this cycle.
	Starting
	// Rolling: its upgrade is under way and goes on.
	Rolling
	// Stopped: its upgrade is under way and stands still.
	Stopped
	// FailedVerdict: its upgrade failed; it stays where it is until an operator
	// retries or skips it.
	FailedVerdict
	// SkippedVerdict: an operator left it out.
	SkippedVerdict
	// Held: a pin keeps it as it is.
	Held
	// Drifted: it differs from the desired state and no rollout explains it.
	Drifted
	// Unmanaged: no cohort says what it should run.
	Unmanaged
	// Unknown: it cannot be observed.
	Unknown

	verdictCount
)

var verdictNames = [...]string{
	Current: "current", Waiting: "waiting", Starting: "starting", Rolling: "rolling", Stopped: "stopped",
	FailedVerdict: "failed", SkippedVerdict: "skipped", Held: "pinned", Drifted: "drifted",
	Unmanaged: "unmanaged", Unknown: "unknown",
}

// String returns the verdict's word.
func (v Verdict) String() string { return name(verdictNames[:], int(v)) }

// DriftKind is how a cluster differs from the desired state.
type DriftKind uint8

// The kinds of drift.
const (
	NoDrift       DriftKind = iota
	Behind                  // older than desired, and no rollout is to change that
	Ahead                   // newer than desired
	OtherVersion            // neither older nor newer: the versions cannot be ordered
	ChangedByHand           // someone else changed it
	NoCohort                // no cohort selects it, or its cohort has no version of its product
	TwoCohorts              // more than one cohort selects it
	Stuck                   // its upgrade failed half way
	PinExpired              // it is kept back by a pin that has expired
	Missing                 // the fleet repository names it, and no data plane has it
)

var driftNames = [...]string{
	NoDrift: "", Behind: "behind", Ahead: "ahead", OtherVersion: "other version", ChangedByHand: "changed by hand",
	NoCohort: "unmanaged", TwoCohorts: "in two cohorts", Stuck: "stuck", PinExpired: "pin expired", Missing: "missing",
}

// String returns the kind's word.
func (d DriftKind) String() string { return name(driftNames[:], int(d)) }

// Gate is one question that must be answered with yes before a cluster is
// touched. The gates are asked in the order of their numbers.
type Gate uint8

// The gates, in order.
const (
	GateInForce Gate = iota
	GateKnown
	GatePin
	GatePause
	GateOneCohort
	GateVersion
	GatePredecessor
	GateWindow
	GateHealth
	GateWave
	GateBudget
	GateLimit

	gateCount
)

var gateNames = [...]string{
	GateInForce: "in force", GateKnown: "known", GatePin: "not pinned", GatePause: "not paused",
	GateOneCohort: "one cohort only", GateVersion: "version policy", GatePredecessor: "predecessor cohorts",
	GateWindow: "windows", GateHealth: "healthy", GateWave: "wave open", GateBudget: "failure budget",
	GateLimit: "limits",
}

// String returns the gate's name.
func (g Gate) String() string { return name(gateNames[:], int(g)) }

// Gates is a set of gates.
type Gates uint16

func (s Gates) with(g Gate) Gates { return s | 1<<g }

// Has reports whether the set has the gate.
func (s Gates) Has(g Gate) bool { return s&(1<<g) != 0 }

// Reason is the typed why of a verdict.
type Reason uint8

// The reasons.
const (
	NoReason Reason = iota

	// In force?
	NothingInForce
	BaselineTarget   // the target was there at the first start; no commit moved it
	EmergencyExpired // nothing more is started for it

	// Known?
	NotObserved
	DataPlaneNeverSeen // a configured data plane has not been seen since the ledger began
	MonitorBlind       // a monitor of the product cannot be relied upon
	ClusterBlind       // a monitor of the product cannot be relied upon on this cluster
	ClockJumped

	PinnedBy
	EverythingPaused
	ReleasePaused
	MovesManyCohorts
	VersionForbidden
	PredecessorNotDone

	WindowClosed
	WindowTooShort // it would still run when the window closes

	NotReady
	AlertFires
	SomebodyElsesChange // in flight, and not by Wavegate
	OwnedByAnotherTool  // which would set the version back

	MetricOutOfBounds // beyond the threshold of its cohort
	MetricUnknown     // nobody can say whether it keeps the threshold

	OrderUnknown // a metric that orders the rollout cannot be read, so it does not begin
	RolloutNotStarted
	WaveNotOpen
	LateJoinerHeld
	LateJoinerIgnored

	BudgetSpent
	AlertUnderLook // one more failure is over the budget, and an alert may be one

	LimitReached
	WaveLimitReached

	// Not gates: what a cluster under way is doing.
	ReplicaRestarting
	ReplicaSettling
	RollsByItself
	UpgradeFailed
	OperatorSkipped
	LeftTheFleet
	StartUnconfirmed // started, and not yet seen in flight
	DiffersFromTarget
	NotInAnyCohort
	InTwoCohorts
)

var reasonNames = [...]string{
	NoReason: "", NothingInForce: "nothing-in-force", BaselineTarget: "baseline", EmergencyExpired: "emergency-expired",
	NotObserved: "not-observed", DataPlaneNeverSeen: "data-plane-never-seen", MonitorBlind: "monitor-blind",
	ClusterBlind: "cluster-blind",
	ClockJumped:  "clock-jumped", PinnedBy: "pinned", EverythingPaused: "everything-paused", ReleasePaused: "release-paused",
	MovesManyCohorts: "moves-many-cohorts", VersionForbidden: "version-forbidden", PredecessorNotDone: "predecessor-not-done",
	WindowClosed: "window-closed", WindowTooShort: "window-too-short", NotReady: "not-ready", AlertFires: "alert-fires",
	SomebodyElsesChange: "somebody-elses-change", OwnedByAnotherTool: "owned-by-another-tool",
	MetricOutOfBounds: "metric-out-of-bounds", MetricUnknown: "metric-unknown", OrderUnknown: "order-unknown",
	RolloutNotStarted: "rollout-not-started", WaveNotOpen: "wave-not-open",
	LateJoinerHeld: "late-joiner-held", LateJoinerIgnored: "late-joiner-ignored", BudgetSpent: "budget-spent",
	AlertUnderLook: "alert-under-look",
	LimitReached:   "limit-reached", WaveLimitReached: "wave-limit-reached", ReplicaRestarting: "replica-restarting",
	ReplicaSettling: "replica-settling", RollsByItself: "rolls-by-itself", UpgradeFailed: "upgrade-failed",
	OperatorSkipped: "operator-skipped", LeftTheFleet: "left-the-fleet", StartUnconfirmed: "start-unconfirmed",
	DiffersFromTarget: "differs-from-target", NotInAnyCohort: "not-in-any-cohort", InTwoCohorts: "in-two-cohorts",
}

// String returns the reason's short name, as the journal and JSON have it.
func (r Reason) String() string { return name(reasonNames[:], int(r)) }

func name(names []string, i int) string {
	if i < len(names) {
		return names[i]
	}
	return "?"
}

// Finding is a reason with what it speaks of. Arg is an index whose meaning
// depends on the reason: a window, a limit, a pin, an alert.
type Finding struct {
	Reason Reason
	Arg    int32
}

func (f Finding) blocks() bool { return f.Reason != NoReason }

// Decision is what was decided for one cluster, small enough to keep a million
// of them. The first gate that blocks names the reason; Gates has all that do.
type Decision struct {
	Verdict Verdict
	Reason  Reason
	Drift   DriftKind
	// Wave counts from zero; it is 255 when the cluster is in none.
	Wave  uint8
	Gates Gates
	Arg   int32
	// counted tells a decision from an empty row.
	counted bool
}

const noWave = 255

func (d Decision) finding() Finding { return Finding{d.Reason, d.Arg} }
