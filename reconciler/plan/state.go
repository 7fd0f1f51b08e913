package plan

import (
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// State is what must be remembered between cycles: which commit is in force,
// what each cohort shall run and why, how far each rollout is, and what is
// paused. It is the fold of the ledger's events: [State.Apply] is the only
// thing that changes it.
type State struct {
	InForce  InForce                `json:"inForce,omitzero"`
	Frozen   *Freeze                `json:"frozen,omitempty"`
	Targets  map[TargetKey]*Target  `json:"-"`
	Releases map[string]*Release    `json:"-"`
	Rollouts map[TargetKey]*Rollout `json:"-"` // the one under way or last done, of each product and cohort
	// Done are finished rollouts by release, so that a successor cohort can
	// tell that its predecessor ran this version, also after it moved on.
	Done map[DoneKey]time.Time `json:"-"`
	// Base are the versions that cohorts were found to run at the first start:
	// a cohort may always go back to what it ran then.
	Base map[TargetKey]fleet.Version `json:"-"`
	// Paused is set while everything is paused.
	Paused *Pause `json:"paused,omitempty"`
	// ResumedAt is when everything was last resumed.
	ResumedAt time.Time `json:"resumedAt,omitzero"`
	// Durations are how long upgrades of a product took, for each replica.
	Durations map[string]*Estimate `json:"durations,omitempty"`
	// Seen are the data planes whose marks have been read since the ledger
	// began. Until then a data plane may hold a pause that the ledger has lost.
	Seen map[string]time.Time `json:"seen,omitempty"`
	// Unseen are clusters that a rollout which is no more has started, and since
	// when nobody may have seen them. They count against the limits until they are.
	Unseen map[string]time.Time `json:"unseen,omitempty"`

	changes stateChanges
}

// InForce is the commit whose tree is the desired state.
type InForce struct {
	Commit     string    `json:"commit,omitempty"`
	Tree       string    `json:"tree,omitempty"`
	AdmittedAt time.Time `json:"admittedAt,omitzero"`
}

// Freeze tells that a commit was refused and that admission waits.
type Freeze struct {
	Commit string    `json:"commit"`
	Reason string    `json:"reason"`
	Since  time.Time `json:"since"`
}

// TargetKey is a product in a cohort.
type TargetKey struct{ Product, Cohort string }

// Target is the version that a product shall have in a cohort, and the commit
// that says so.
type Target struct {
	Version  fleet.Version `json:"version"`
	Previous fleet.Version `json:"previous,omitzero"`
	Commit   string        `json:"commit"`
	Since    time.Time     `json:"since"`
	// Baseline tells that the target was found at the first start. No commit
	// moved it under Wavegate's eyes, so it starts nothing: clusters that
	// differ are drift.
	Baseline  bool   `json:"baseline,omitempty"`
	Emergency string `json:"emergency,omitempty"`
	// Release is the train that the target belongs to; empty for a baseline.
	Release string `json:"release,omitempty"`
}

// DoneKey names a version of a product that a cohort has finished and soaked.
type DoneKey struct {
	TargetKey
	Version fleet.Version
}

// Release is the train of rollouts of one version of one product through the
// cohorts.
type Release struct {
	ID        string        `json:"id"`
	Product   string        `json:"product"`
	Version   fleet.Version `json:"version"`
	Commit    string        `json:"commit"` // the first commit that named it
	CreatedAt time.Time     `json:"createdAt"`
	Failures  []Failure     `json:"failures,omitempty"`
	// Acknowledged is how many failures an operator has resumed over.
	Acknowledged int    `json:"acknowledged,omitempty"`
	Paused       *Pause `json:"paused,omitempty"`
	// ResumedAt is when it was last resumed: a pause that is found on a cluster
	// and is newer was recorded by a ledger that is lost.
	ResumedAt   time.Time `json:"resumedAt,omitzero"`
	CompletedAt time.Time `json:"completedAt,omitzero"`
}

// Pause stops a release, or everything. It is lifted only by an operator.
type Pause struct {
	Reason string    `json:"reason"`
	By     string    `json:"by,omitempty"`
	At     time.Time `json:"at"`
	Via    Via       `json:"via,omitempty"`
	// Drill names the drill whose pause it is.
	Drill string `json:"drill,omitempty"`
}

// Failure is a cluster whose upgrade failed and was charged to the release.
type Failure struct {
	Cluster string    `json:"cluster"`
	Cohort  string    `json:"cohort"`
	Reason  string    `json:"reason"`
	At      time.Time `json:"at"`
	// Evidence is what it rests on when a monitor was the reason.
	Evidence Evidence `json:"evidence,omitzero"`
}

// Rollout is one product moving to one version in one cohort.
type Rollout struct {
	TargetKey
	Release   string        `json:"release"`
	Version   fleet.Version `json:"version"`
	Commit    string        `json:"commit"`
	StartedAt time.Time     `json:"startedAt"`
	Waves     []WaveState   `json:"waves"`
	// Members are in the order in which they are upgraded, wave after wave.
	Members    []Member  `json:"members"`
	FinishedAt time.Time `json:"finishedAt,omitzero"` // finished and soaked
	// Blips are what monitors that may fire for a moment were noticed to do on
	// members, by cluster.
	Blips []Blip `json:"blips,omitempty"`

	// shape changes with the list of members, so that a plan notices.
	shape uint64
	index map[string]int
}

// WaveState is how far a wave is.
type WaveState struct {
	// Size is how many members it has.
	Size       int           `json:"size"`
	OpenedAt   time.Time     `json:"openedAt,omitzero"`
	FinishedAt time.Time     `json:"finishedAt,omitzero"`
	Soaked     time.Duration `json:"soaked,omitempty"` // watched and quiet so far
	SoakedAt   time.Time     `json:"soakedAt,omitzero"`
	// WatchedAt is when the wave was last seen to be quiet while it soaks: only
	// the time since then can be credited.
	WatchedAt time.Time `json:"watchedAt,omitzero"`
	// DisturbedAt is when its soak last began anew: credits from before do not
	// count.
	DisturbedAt time.Time `json:"disturbedAt,omitzero"`
}

// MemberStatus is how far a member of a rollout is.
type MemberStatus uint8

// The member statuses.
const (
	Pending  MemberStatus = iota
	Running               // started and not yet finished
	Finished              // observed on the target version, all replicas ready
	Failed                // it stopped where it was; waits for retry or skip
	Skipped               // an operator left it out
	Left                  // it exists no more
)

// over reports whether nothing is to be decided for a member any more unless it
// changes.
func (s MemberStatus) over() bool { return s == Finished || s == Skipped || s == Left }

// Member is a cluster of a rollout.
type Member struct {
	Cluster string       `json:"cluster"`
	Wave    int          `json:"wave,omitempty"`
	Status  MemberStatus `json:"status,omitempty"`
	// StartedAt is when it was started or retried: alerts from here on are
	// held against the new version.
	StartedAt time.Time `json:"startedAt,omitzero"`
	// SteppedAt is when a replica was last released for replacement, or what was
	// held went on: the progress deadline counts from here.
	SteppedAt  time.Time `json:"steppedAt,omitzero"`
	FinishedAt time.Time `json:"finishedAt,omitzero"`
	Reason     string    `json:"reason,omitempty"` // why it failed or was skipped
}

// Blip is what is remembered of a monitor that may fire for a moment and did, on
// a member.
type Blip struct {
	Cluster string `json:"cluster"`
	Monitor string `json:"monitor"`
	// Since is when it began, or when it was last excused; OverAt is when it was
	// seen to be quiet again, zero while it fires.
	Since  time.Time `json:"since"`
	OverAt time.Time `json:"overAt,omitzero"`
	// Excused tells that it looked like the environment when it was last judged.
	Excused bool `json:"excused,omitempty"`
	// Forgiven tells that it fired without an excuse and was over in time: that is
	// granted once.
	Forgiven bool `json:"forgiven,omitempty"`
}

func (b *Blip) fires() bool { return b.OverAt.IsZero() }

// Estimate is what history says about the upgrade of one replica.
type Estimate struct {
	// PerReplica is a high quantile of the time that one replica takes.
	PerReplica time.Duration `json:"perReplica"`
	Samples    int           `json:"samples"`
}
