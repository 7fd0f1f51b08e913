package report

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// Input is what reports are built from.
type Input struct {
	Now   time.Time
	Plan  *plan.Plan
	State *plan.State
	Fleet *plan.Inventory
	// FleetName is the name of the fleet in its repository.
	FleetName string
	// Problems are what went wrong in the cycle, for people.
	Problems []string
}

// Status is how the fleet stands.
type Status struct {
	At     time.Time `json:"at"`
	Fleet  string    `json:"fleet,omitempty"`
	Commit string    `json:"commit,omitempty"`
	// Frozen says why admission waits.
	Frozen *plan.Freeze `json:"frozen,omitempty"`
	// Paused says why everything is paused.
	Paused   *plan.Pause    `json:"paused,omitempty"`
	Clusters int            `json:"clusters"`
	Totals   map[string]int `json:"totals"`
	Releases []Release      `json:"releases"`
	// InFlight are the clusters under way, those that stand still first.
	InFlight []Line `json:"inFlight"`
	// Waiting sums up why clusters wait, the most frequent reason first.
	Waiting  []Group  `json:"waiting"`
	Drifted  int      `json:"drifted"`
	Problems []string `json:"problems,omitempty"`
	Notes    []string `json:"notes,omitempty"`
}

// Release is the train of one version.
type Release struct {
	ID       string      `json:"id"`
	Product  string      `json:"product"`
	Version  string      `json:"version"`
	Paused   *plan.Pause `json:"paused,omitempty"`
	Done     bool        `json:"done,omitempty"`
	Failures int         `json:"failures"`
	// Failed are the clusters that were charged to it, the newest first.
	Failed   []Failure `json:"failed,omitempty"`
	Rollouts []Rollout `json:"rollouts"`
}

// Failure is a cluster whose upgrade failed, with the monitors that fire on it
// now.
type Failure struct {
	Cluster string    `json:"cluster"`
	Cohort  string    `json:"cohort"`
	Reason  string    `json:"reason"`
	At      time.Time `json:"at"`
	// Evidence is what the charge rests on, when a monitor was the reason.
	Evidence plan.Evidence `json:"evidence,omitzero"`
	Alerts   []Alert       `json:"alerts,omitempty"`
}

// Rollout is a release in one cohort.
type Rollout struct {
	Cohort   string `json:"cohort"`
	Phase    string `json:"phase"`
	Commit   string `json:"commit,omitempty"`
	Previous string `json:"previous,omitempty"`
	Gate     string `json:"gate,omitempty"`
	Reason   string `json:"reason,omitempty"`
	// Opens is when the windows next let one of its clusters go on; zero when none
	// waits for a window.
	Opens    time.Time `json:"opens,omitzero"`
	Clusters int       `json:"clusters"`
	OnTarget int       `json:"onTarget"`
	Running  int       `json:"running"`
	Failed   int       `json:"failed"`
	Pending  int       `json:"pending"`
	Budget   int       `json:"budget"`
	// MaxFailures is the budget as the cohort writes it: "2" or "5%".
	MaxFailures string `json:"maxFailures,omitempty"`
	// Held are the clusters half way, by data plane, while all of it is held.
	Held []plan.PlaneCount `json:"held,omitempty"`
	// Since is when the commit set the target.
	Since      time.Time `json:"since,omitzero"`
	StartedAt  time.Time `json:"startedAt,omitzero"`
	FinishedAt time.Time `json:"finishedAt,omitzero"` // finished and soaked
	Emergency  string    `json:"emergency,omitempty"`
	Waves      []Wave    `json:"waves,omitempty"`
}

// Wave is one step of a rollout.
type Wave struct {
	Size     int           `json:"size"`
	Finished int           `json:"finished"`
	Running  int           `json:"running"`
	Failed   int           `json:"failed"`
	Skipped  int           `json:"skipped"`
	Open     bool          `json:"open"`
	Soaked   time.Duration `json:"soaked"`
	Soak     time.Duration `json:"soak"`
	Done     bool          `json:"done"`
	// OpenedAt, FinishedAt and SoakedAt are zero until it happened.
	OpenedAt   time.Time `json:"openedAt,omitzero"`
	FinishedAt time.Time `json:"finishedAt,omitzero"`
	SoakedAt   time.Time `json:"soakedAt,omitzero"`
}

// Line is one cluster.
type Line struct {
	Cluster  string `json:"cluster"`
	Product  string `json:"product"`
	Cohort   string `json:"cohort,omitempty"`
	Plane    string `json:"dataPlane"`
	Verdict  string `json:"verdict"`
	Version  string `json:"version"`
	Target   string `json:"target,omitempty"`
	Updated  int    `json:"updated"`
	Replicas int    `json:"replicas"`
	Gate     string `json:"gate,omitempty"`
	Reason   string `json:"reason,omitempty"`
}

// Group is a number of clusters that wait for the same reason.
type Group struct {
	Product string `json:"product"`
	Cohort  string `json:"cohort"`
	Gate    string `json:"gate"`
	Reason  string `json:"reason"`
	// Opens is when the windows next let one of them go on; zero when that is not
	// what they wait for, or when there is no such time.
	Opens time.Time `json:"opens,omitzero"`
	Count int       `json:"count"`
	// Example is one of them.
	Example string `json:"example"`
}

// NewStatus sums up a plan.
func NewStatus(in Input) *Status {
	s := &Status{
		At: in.Now, Fleet: in.FleetName, Commit: in.State.InForce.Commit, Frozen: in.State.Frozen,
		Paused: in.State.Paused, Clusters: in.Fleet.Len(), Totals: map[string]int{},
		Problems: in.Problems, Notes: in.Plan.Notes, InFlight: []Line{}, Waiting: []Group{}, Releases: []Release{},
	}
	for v, n := range in.Plan.Totals {
		if n > 0 {
			s.Totals[plan.Verdict(v).String()] = n
		}
	}
	s.releases(in)
	s.clusters(in)
	return s
}

// releases lists what the targets belong to, and what is paused though something
// newer took its place: it halts the product all the same.
func (s *Status) releases(in Input) {
	index := map[string]int{}
	defer s.pausedReleases(in, index)
	for i := range in.Plan.Rollouts {
		r := &in.Plan.Rollouts[i]
		if r.Release == "" {
			continue
		}
		k, ok := index[r.Release]
		if !ok {
			k = len(s.Releases)
			index[r.Release] = k
			release := Release{ID: r.Release, Product: r.Product, Version: r.Version.String(), Failures: r.Failures}
			if known := in.State.Releases[r.Release]; known != nil {
				release.Paused, release.Done = known.Paused, !known.CompletedAt.IsZero()
				release.Failed = failures(in, known)
			}
			s.Releases = append(s.Releases, release)
		}
		s.Releases[k].Rollouts = append(s.Releases[k].Rollouts, newRollout(r))
	}
}

func (s *Status) pausedReleases(in Input, listed map[string]int) {
	for _, id := range slices.Sorted(maps.Keys(in.State.Releases)) {
		r := in.State.Releases[id]
		if _, ok := listed[id]; ok || r.Paused == nil {
			continue
		}
		s.Releases = append(s.Releases, Release{
			ID: id, Product: r.Product, Version: r.Version.String(), Paused: r.Paused, Failures: len(r.Failures),
			Failed: failures(in, r), Rollouts: []Rollout{},
		})
	}
}

// maxFailures bounds the failures that a status lists one by one.
const maxFailures = 20

func failures(in Input, r *plan.Release) []Failure {
	var out []Failure
	for _, f := range slices.Backward(r.Failures) {
		if len(out) == maxFailures {
			break
		}
		failure := Failure{Cluster: f.Cluster, Cohort: f.Cohort, Reason: f.Reason, At: f.At, Evidence: f.Evidence}
		if x, err := in.Plan.Explain(f.Cluster); err == nil {
			failure.Alerts = alerts(x)
		}
		out = append(out, failure)
	}
	return out
}

func newRollout(r *plan.RolloutStatus) Rollout {
	out := Rollout{
		Cohort: r.Cohort, Phase: r.Phase.String(), Commit: r.Commit, Previous: r.Previous.String(),
		Gate: r.Gate, Reason: r.Reason, Clusters: r.Clusters, OnTarget: r.OnTarget, Budget: r.Budget, MaxFailures: r.MaxFailures.String(), Held: r.Held,
		Since: r.Since, StartedAt: r.StartedAt, FinishedAt: r.FinishedAt, Emergency: r.Emergency,
	}
	for _, w := range r.Waves {
		out.Running += w.Running
		out.Failed += w.Failed
		out.Pending += w.Pending
		out.Waves = append(out.Waves, Wave{
			Size: w.Size, Finished: w.Finished, Running: w.Running, Failed: w.Failed, Skipped: w.Skipped,
			Open: !w.OpenedAt.IsZero(), Soaked: w.Soaked, Soak: w.Soak, Done: !w.SoakedAt.IsZero(),
			OpenedAt: w.OpenedAt, FinishedAt: w.FinishedAt, SoakedAt: w.SoakedAt,
		})
	}
	return out
}

func (s *Status) clusters(in Input) {
	groups, opens := map[Group]*Group{}, map[plan.TargetKey]time.Time{}
	for _, name := range in.Fleet.Names() {
		row, _ := in.Fleet.Find(name)
		d := in.Plan.Decision(row)
		if d.Drift != plan.NoDrift {
			s.Drifted++
		}
		opening, waits := in.Plan.NextOpening(row)
		if waits {
			key := plan.TargetKey{Product: in.Fleet.Cluster(row).Product, Cohort: in.Plan.Cohort(row)}
			opens[key] = earlier(opens[key], opening)
		}
		switch d.Verdict {
		case plan.Current, plan.Unmanaged, plan.Drifted, plan.SkippedVerdict:
		case plan.Starting, plan.Rolling, plan.Stopped, plan.FailedVerdict:
			s.InFlight = append(s.InFlight, NewLine(in, row))
		default:
			cohort := in.Plan.Cohort(row)
			key := Group{Product: in.Fleet.Cluster(row).Product, Cohort: cohort, Gate: d.Reason.String()}
			g := groups[key]
			if g == nil {
				g = &Group{Product: key.Product, Cohort: cohort, Gate: key.Gate, Reason: in.Plan.Reason(row), Example: name}
				groups[key] = g
			}
			if g.Count++; g.Count == 2 {
				g.Reason = in.Plan.CommonReason(row)
			}
			if waits {
				g.Opens = earlier(g.Opens, opening)
			}
		}
	}
	for i := range s.Releases {
		for k := range s.Releases[i].Rollouts {
			r := &s.Releases[i].Rollouts[k]
			r.Opens = opens[plan.TargetKey{Product: s.Releases[i].Product, Cohort: r.Cohort}]
		}
	}
	slices.SortStableFunc(s.InFlight, func(a, b Line) int { return cmp.Compare(urgency(a.Verdict), urgency(b.Verdict)) })
	for _, g := range groups {
		s.Waiting = append(s.Waiting, *g)
	}
	slices.SortFunc(s.Waiting, func(a, b Group) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Example, b.Example))
	})
}

// earlier returns the earlier of two times; zero is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// urgency orders clusters under way: those that need somebody first.
func urgency(verdict string) int {
	switch verdict {
	case plan.FailedVerdict.String():
		return 0
	case plan.Stopped.String():
		return 1
	default:
		return 2
	}
}

// NewLine describes one cluster.
func NewLine(in Input, row plan.Row) Line {
	c, d := in.Fleet.Cluster(row), in.Plan.Decision(row)
	l := Line{
		Cluster: c.Name, Product: c.Product, Cohort: in.Plan.Cohort(row), Plane: c.DataPlane,
		Verdict: d.Verdict.String(), Version: c.Version.String(), Updated: c.Updated, Replicas: c.Replicas,
		Gate: d.Reason.String(), Reason: in.Plan.Reason(row),
	}
	if c.InFlight() {
		l.Target = c.Target.String()
	}
	return l
}
