package proof

import (
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// Law is the name of what must hold.
type Law string

// The laws; see the package's documentation.
const (
	Chain       Law = "chain"
	Traced      Law = "traced"
	InForce     Law = "in-force"
	OneCohort   Law = "one-cohort"
	Order       Law = "order"
	Pause       Law = "paused"
	Resume      Law = "resumed"
	Predecessor Law = "predecessor"
	Wave        Law = "wave"
	Soak        Law = "soak"
	Budget      Law = "budget"
	Window      Law = "window"
	Pin         Law = "pin"
	Version     Law = "version"
	Limit       Law = "limit"
)

// Violation is an entry of the journal that must not be there.
type Violation struct {
	// Seq and At are those of the entry.
	Seq uint64    `json:"seq"`
	At  time.Time `json:"at"`
	Law Law       `json:"law"`
	// Cluster, Release and Commit are those that it concerns, as far as it does.
	Cluster string `json:"cluster,omitempty"`
	Release string `json:"release,omitempty"`
	Commit  string `json:"commit,omitempty"`
	// Story says in a sentence what happened.
	Story string `json:"story"`
}

// Counts are what was judged.
type Counts struct {
	Events    int `json:"events"`
	Commits   int `json:"commits"`
	Rollouts  int `json:"rollouts"`
	Starts    int `json:"starts"`
	Redirects int `json:"redirects"` // starts of clusters that were half way to another version
	Steps     int `json:"steps"`     // replicas released for replacement, and workloads that were let go on
	Soaks     int `json:"soaks"`
	Pauses    int `json:"pauses"`
	Resumes   int `json:"resumes"`
	Failures  int `json:"failures"`
	// Adopted is how many entries say what was found on the clusters after a
	// ledger was lost.
	Adopted int `json:"adopted"`
}

// Result is what a checker has found.
type Result struct {
	// First and Last are the numbers of the oldest and the newest entry; Since and
	// Until are their times.
	First uint64    `json:"first"`
	Last  uint64    `json:"last"`
	Since time.Time `json:"since,omitzero"`
	Until time.Time `json:"until,omitzero"`
	Counts
	Violations []Violation `json:"violations"`
	// Dropped is how many violations more there are than are listed.
	Dropped int `json:"dropped,omitempty"`
	// Unjudged counts, by the reason, what the journal does not hold enough for.
	Unjudged map[string]int `json:"unjudged,omitempty"`
}

// maxViolations bounds the list: a journal of another meaning would give one for
// each of its entries.
const maxViolations = 1000

// Why something is not judged.
const (
	fromBefore  = "it began before the journal does"
	noRules     = "the journal does not have the rules of its commit"
	takenOver   = "it was found on the cluster after a ledger was lost"
	noLabels    = "the labels of the cluster are not in the journal"
	badSchedule = "a window cannot be read"
)

// Checker judges entry after entry, in their order. The zero value is not ready;
// see [New].
type Checker struct {
	out      Result
	partial  bool // the journal's beginning is cut off
	lastAt   time.Time
	setBack  time.Duration // by how much the clock was seen to go back, in all
	admitted map[string]uint64
	taken    map[string]bool // commits that were found on clusters
	rules    *rules

	targets  map[plan.TargetKey]*target
	rollouts map[plan.TargetKey]*rollout
	releases map[string]*release
	done     map[doneKey]bool
	base     map[plan.TargetKey]fleet.Version
	paused   *pause
	halted   map[string]map[string]*pause // by product and release
	flights  flights
	moves    map[string]int      // cohorts by commit
	cleared  map[clearedKey]bool // predecessors that were looked up
}

type doneKey struct {
	plan.TargetKey
	version fleet.Version
}

type clearedKey struct {
	doneKey
	rules *rules
}

// target is what a cohort shall run.
type target struct {
	version         fleet.Version
	commit, release string
	emergency       string
	baseline        bool
}

type release struct {
	id, product        string
	failures, accepted int
	lastFail           uint64
	unknown            bool // it began before the journal does
}

type pause struct {
	seq        uint64
	at         time.Time
	reason, by string
}

// New returns a checker for a whole journal; see [Checker.Begin] for others.
func New() *Checker {
	return &Checker{
		admitted: map[string]uint64{}, taken: map[string]bool{},
		out:     Result{Violations: []Violation{}, Unjudged: map[string]int{}},
		targets: map[plan.TargetKey]*target{}, rollouts: map[plan.TargetKey]*rollout{}, releases: map[string]*release{},
		done: map[doneKey]bool{}, base: map[plan.TargetKey]fleet.Version{}, halted: map[string]map[string]*pause{},
		flights: newFlights(), cleared: map[clearedKey]bool{}, moves: map[string]int{},
	}
}

// Begin tells the number of the entry after which the journal begins: what began
// before it cannot be judged.
func (c *Checker) Begin(after uint64) { c.partial = after > 0 }

// Broken takes note of an entry that is not as it was recorded.
func (c *Checker) Broken(seq uint64, what string) {
	c.found(&plan.Event{Seq: seq, At: c.out.Until}, Chain, "%s", what)
}

// Wants reports whether entries of a kind are judged. Others need not have all of
// their fields.
func (c *Checker) Wants(k plan.EventKind) bool {
	switch k {
	case plan.Decided, plan.DriftFound, plan.DriftGone, plan.DurationLearnt, plan.SoakCredited, plan.ClusterHeld,
		plan.AlertNoticed, plan.AlertPassed,
		plan.DataPlaneSeen, plan.CommandRefused, plan.DrillRecorded, plan.ReleaseCompleted, plan.CommitRefused, plan.AdmissionThawed:
		return false
	default:
		return true
	}
}

// Entry judges the next entry. Events of which only the newest matters are no
// entries of a journal and are passed over.
func (c *Checker) Entry(e *plan.Event) {
	if e.Volatile() {
		return
	}
	if c.out.Events == 0 {
		c.out.First, c.out.Since = e.Seq, e.At
	}
	c.out.Events++
	c.out.Last, c.out.Until = e.Seq, e.At
	if e.Adopted {
		c.out.Adopted++
	} else {
		if back := c.lastAt.Sub(e.At); back > 0 {
			c.setBack += back
		}
		c.lastAt = e.At
	}
	if c.Wants(e.Kind) {
		c.judge(e)
	}
}

// Result returns what was found so far.
func (c *Checker) Result() *Result {
	r := c.out
	return &r
}

func (c *Checker) judge(e *plan.Event) {
	key := plan.TargetKey{Product: e.Product, Cohort: e.Cohort}
	switch e.Kind {
	case plan.CommitAdmitted:
		c.commit(e)
	case plan.TargetSet:
		c.targetSet(e, key)
	case plan.TargetRemoved:
		c.abandon(key)
		delete(c.targets, key)
		clear(c.moves)
	case plan.BaselineConfirmed:
		c.base[key] = e.To
	case plan.RolloutStarted:
		c.rolloutStarted(e, key)
	case plan.RolloutSuperseded:
		c.abandon(key)
	case plan.WaveOpened, plan.WaveFinished, plan.WaveSoaked:
		c.wave(e, key)
	case plan.RolloutFinished:
		c.rolloutFinished(e, key)
	case plan.ClusterStarted, plan.ClusterStepped, plan.ClusterContinued:
		c.change(e, key)
	case plan.ClusterJoined, plan.ClusterLeft, plan.ClusterFinished, plan.ClusterFailed, plan.ClusterRetried, plan.ClusterSkipped:
		c.member(e, key)
	case plan.Paused, plan.Resumed:
		c.steered(e)
	default:
	}
}

func (c *Checker) commit(e *plan.Event) {
	c.out.Commits++
	c.admitted[e.Commit] = e.Seq
	c.rules = compile(e.Rules)
}

func (c *Checker) targetSet(e *plan.Event, key plan.TargetKey) {
	if e.Adopted {
		c.taken[e.Commit] = true
	} else if !c.known(e.Commit) {
		c.found(e, Traced, "the target of %s in %s was set to %s by commit %s, which was never admitted", e.Product, e.Cohort, e.To, short(e.Commit))
	}
	c.targets[key] = &target{
		version: e.To, commit: e.Commit, release: e.Release, emergency: e.Emergency, baseline: e.Baseline,
	}
	clear(c.moves)
	c.release(e)
}

// known reports whether a commit was admitted, or may have been before the
// journal begins.
func (c *Checker) known(commit string) bool {
	_, ok := c.admitted[commit]
	return ok || c.partial || c.taken[commit]
}

// release returns the release of an entry, which begins with the first that names
// it.
func (c *Checker) release(e *plan.Event) *release {
	if e.Release == "" {
		return nil
	}
	r := c.releases[e.Release]
	if r == nil {
		r = &release{id: e.Release, product: e.Product, unknown: c.partial && e.Kind != plan.TargetSet}
		c.releases[e.Release] = r
	}
	if r.product == "" {
		r.product = e.Product
	}
	return r
}

func (c *Checker) steered(e *plan.Event) {
	if e.Kind == plan.Paused {
		c.out.Pauses++
		p := &pause{seq: e.Seq, at: e.At, reason: e.Reason, by: e.By}
		if e.Release == "" {
			c.paused = p
			return
		}
		r := c.release(e)
		if c.halted[r.product] == nil {
			c.halted[r.product] = map[string]*pause{}
		}
		c.halted[r.product][r.id] = p
		return
	}
	c.out.Resumes++
	what := "everything"
	if e.Release != "" {
		what = e.Release
	}
	if e.By == "" {
		c.found(e, Resume, "%s was resumed, and nobody is named who did it", what)
	}
	if e.Release == "" {
		if c.paused == nil && !c.partial {
			c.found(e, Order, "everything was resumed, and was not paused")
		}
		c.paused = nil
		return
	}
	r := c.release(e)
	if c.halted[r.product][r.id] == nil && !c.partial {
		c.found(e, Order, "%s was resumed, and was not paused", what)
	}
	delete(c.halted[r.product], r.id)
	if e.Drill == "" {
		r.accepted = r.failures
	}
}
