package plan

import (
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// EventKind is what has happened.
type EventKind string

// The kinds of event. Those up to Resumed change the [State]; the rest are
// history only.
const (
	CommitAdmitted    EventKind = "commit-admitted"    // Commit is in force; Tree, Baseline
	CommitRefused     EventKind = "commit-refused"     // admission is frozen at Commit; Reason
	AdmissionThawed   EventKind = "admission-thawed"   // the refused commit is gone from the branch
	TargetSet         EventKind = "target-set"         // Cohort shall run Product at To because of Commit; From is the target before
	BaselineConfirmed EventKind = "baseline-confirmed" // most clusters of Cohort were found on their target at the first start
	TargetRemoved     EventKind = "target-removed"     // Cohort has no version of Product any more
	RolloutStarted    EventKind = "rollout-started"    // Members and Waves are fixed from here on
	RolloutSuperseded EventKind = "rollout-superseded" // another version took its place; Reason
	WaveOpened        EventKind = "wave-opened"
	WaveFinished      EventKind = "wave-finished" // all members done, the soak begins
	SoakCredited      EventKind = "soak-credited" // Soaked is how long the wave has been watched and quiet
	WaveSoaked        EventKind = "wave-soaked"
	RolloutFinished   EventKind = "rollout-finished"
	ReleaseCompleted  EventKind = "release-completed"
	ClusterJoined     EventKind = "cluster-joined" // a late joiner was appended to Wave
	ClusterLeft       EventKind = "cluster-left"   // a member exists no more
	ClusterStarted    EventKind = "cluster-started"
	ClusterFinished   EventKind = "cluster-finished"
	ClusterFailed     EventKind = "cluster-failed"
	ClusterRetried    EventKind = "cluster-retried"
	ClusterSkipped    EventKind = "cluster-skipped"
	ClusterContinued  EventKind = "cluster-continued" // what was held goes on; the progress deadline counts anew
	AlertNoticed      EventKind = "alert-noticed"     // the monitor Gate fires on Cluster, which it may for a moment; Evidence
	AlertPassed       EventKind = "alert-passed"      // what was noticed is over
	DataPlaneSeen     EventKind = "data-plane-seen"   // DataPlane has been observed for the first time
	DurationLearnt    EventKind = "duration-learnt"   // PerReplica is how long one replica of Cluster took
	Paused            EventKind = "paused"            // Release, or everything when it is empty
	Resumed           EventKind = "resumed"           // Release, or everything when it is empty

	ClusterStepped EventKind = "cluster-stepped" // Ordinal was released for replacement
	ClusterHeld    EventKind = "cluster-held"
	CommandRefused EventKind = "command-refused" // Asked for what made no sense; Reason
	DrillRecorded  EventKind = "drill-recorded"  // Measured says how a halt on purpose went
	Decided        EventKind = "decided"         // the reason why Cluster waits or stands still has changed
	DriftFound     EventKind = "drift-found"     // Cluster differs from the desired state and no rollout explains it
	DriftGone      EventKind = "drift-gone"
)

// Event is one line of the ledger and of the journal. Events are facts: once
// recorded they are never changed.
type Event struct {
	// Seq is given by the ledger, in order, without gaps.
	Seq     uint64        `json:"seq,omitempty"`
	At      time.Time     `json:"at"`
	Kind    EventKind     `json:"kind"`
	Release string        `json:"release,omitempty"`
	Product string        `json:"product,omitempty"`
	Cohort  string        `json:"cohort,omitempty"`
	Cluster string        `json:"cluster,omitempty"`
	Commit  string        `json:"commit,omitempty"`
	Tree    string        `json:"tree,omitempty"`
	From    fleet.Version `json:"from,omitzero"`
	To      fleet.Version `json:"to,omitzero"`
	// Wave counts from zero.
	Wave    int           `json:"wave,omitempty"`
	Ordinal int           `json:"ordinal,omitempty"`
	Soaked  time.Duration `json:"soaked,omitempty"`
	// Gate is the short name of the reason that decided, Reason the sentence.
	Gate   string `json:"gate,omitempty"`
	Reason string `json:"reason,omitempty"`
	// Evidence is what a charge (ClusterFailed) or a look (AlertNoticed) rests on.
	Evidence Evidence `json:"evidence,omitzero"`
	// Verdict is what was decided (Decided).
	Verdict string `json:"verdict,omitempty"`
	// By is who did it when it was a person.
	By string `json:"by,omitempty"`
	// Via is the way by which the word of a person came, Link where it can be read.
	Via  Via    `json:"via,omitempty"`
	Link string `json:"link,omitempty"`
	// Command is the number of the command that the event answers.
	Command int64 `json:"command,omitempty"`
	// Asked is what was asked for (CommandRefused).
	Asked CommandKind `json:"asked,omitempty"`
	// Drill names the drill that paused or resumed; Measured is what came of it.
	Drill    string       `json:"drill,omitempty"`
	Measured *DrillResult `json:"measured,omitempty"`
	// Approvers are the people whose approvals let the commit take effect, Pull is
	// the number of the pull request that brought it (CommitAdmitted).
	Approvers []string `json:"approvers,omitempty"`
	Pull      int      `json:"pull,omitempty"`
	// Rules are those that came into force with the commit (CommitAdmitted), Labels
	// those of a cluster's labels that they read (ClusterStarted).
	Rules  *Rules            `json:"rules,omitempty"`
	Labels map[string]string `json:"labels,omitempty"`
	// Redirect tells that the cluster was half way to another version
	// (ClusterStarted).
	Redirect bool `json:"redirect,omitempty"`
	// Adopted tells that it was found on the clusters, because the ledger did not
	// know: it says what was the case and is no change.
	Adopted  bool     `json:"adopted,omitempty"`
	Baseline bool     `json:"baseline,omitempty"`
	Members  []string `json:"members,omitempty"`
	// Waves are the sizes of the waves that Members are divided into.
	Waves []int `json:"waves,omitempty"`
	// Queued tells that a retried cluster was at rest and takes its turn again.
	Queued     bool          `json:"queued,omitempty"`
	DataPlane  string        `json:"dataPlane,omitempty"`
	PerReplica time.Duration `json:"perReplica,omitempty"`
	// Emergency is the name of the emergency that set the target.
	Emergency string `json:"emergency,omitempty"`
}

// Volatile reports whether only the newest event of its kind for the same
// release, cohort, product and wave matters: a ledger may overwrite the one
// before.
func (e Event) Volatile() bool { return e.Kind == SoakCredited }

// Via is the way by which a person's word reached Wavegate.
type Via string

// The ways.
const (
	ViaCLI         Via = "cli"          // a command line on the host of the service
	ViaComment     Via = "comment"      // a comment on a pull request
	ViaFile        Via = "file"         // the file PAUSE in the state folder
	ViaSignal      Via = "signal"       // a signal to the running process
	ViaPullRequest Via = "pull-request" // a merged pull request, with its approvals
	ViaSignature   Via = "signature"    // a signed commit
	ViaPush        Via = "push"         // a commit of the branch, where each takes effect
)

// DrillResult is what a drill has measured.
type DrillResult struct {
	// Recorded is the time from the command until the pause was in the ledger,
	// Still the time until it was seen that nothing moved any more.
	Recorded time.Duration `json:"recorded"`
	Still    time.Duration `json:"still"`
	// InFlight is how many clusters were under way when the command was given.
	InFlight int `json:"inFlight"`
	// Started is how many clusters were started after the command, Touched how many
	// replicas were released for replacement after it, or were seen to be replaced
	// by workloads that roll by themselves.
	Started int `json:"started"`
	Touched int `json:"touched"`
	// Unfinished says why the figures are not whole; empty when they are.
	Unfinished string `json:"unfinished,omitempty"`
}

// CommandKind is what an operator may ask for.
type CommandKind string

// The commands.
const (
	CommandPause  CommandKind = "pause"  // Release, or everything when it is empty
	CommandResume CommandKind = "resume" // Release, or everything when it is empty
	CommandRetry  CommandKind = "retry"  // Cluster
	CommandSkip   CommandKind = "skip"   // Cluster
	CommandDrill  CommandKind = "drill"  // write down what a drill of Release, or of everything, has Measured
)

// Command is what an authorised operator asks for. Who may is decided before
// it gets here.
type Command struct {
	ID      int64       `json:"id"`
	At      time.Time   `json:"at"`
	Kind    CommandKind `json:"kind"`
	Release string      `json:"release,omitempty"`
	Cluster string      `json:"cluster,omitempty"`
	Reason  string      `json:"reason,omitempty"`
	By      string      `json:"by"`
	// Via is the way by which it came, Link where it can be read.
	Via  Via    `json:"via,omitempty"`
	Link string `json:"link,omitempty"`
	// Drill names the drill that a command belongs to: its pause is refused where
	// there is one already, its resume lifts no other pause than its own, and
	// accepts no failures.
	Drill    string       `json:"drill,omitempty"`
	Measured *DrillResult `json:"measured,omitempty"`
}
