// Package simulate runs the decisions in virtual time over a modelled fleet.
//
// It answers "what would this change do, and when": the same [plan.Decide] that
// carries out a rollout decides here too, so a preview cannot disagree with
// what will happen, except in what nobody knows beforehand: how long upgrades
// take and what fails. Upgrades take as long as history says, and nothing
// fails.
package simulate

import (
	"slices"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// Config is where a simulation starts and how far it goes.
type Config struct {
	// Input is the moment before the first virtual cycle. Fleet and State are
	// copied, Signals are taken as the state before: afterwards all monitors
	// answer and none fires.
	Input plan.Input
	// Horizon is how far to look ahead. Rollouts that take longer are reported
	// as unfinished.
	Horizon time.Duration
	// Rollouts limits the preview to what these targets do; all without it.
	Targets []plan.TargetKey
}

// Preview is what a simulation found.
type Preview struct {
	From time.Time `json:"from"`
	// End is when the last thing happened.
	End time.Time `json:"end"`
	// Done tells that every rollout finished within the horizon.
	Done     bool      `json:"done"`
	Rollouts []Rollout `json:"rollouts"`
	// Delays are the windows and limits that made clusters wait, by the time
	// at which they first did.
	Delays []Delay `json:"delays,omitempty"`
	// Blocked are the clusters that would still wait in the end, by reason;
	// BlockedCount is how many they are.
	Blocked      []Blocked `json:"blocked,omitempty"`
	BlockedCount int       `json:"blockedCount,omitempty"`
	// Blind are the monitors that cannot be relied upon now. The simulation goes
	// on as if they could; in truth nothing starts until they can.
	Blind []string `json:"blind,omitempty"`
}

// Rollout is one rollout of a preview.
type Rollout struct {
	plan.RolloutStatus `json:"-"`
	Product            string    `json:"product"`
	Cohort             string    `json:"cohort"`
	Release            string    `json:"release"`
	Starts             time.Time `json:"starts,omitzero"`
	Ends               time.Time `json:"ends,omitzero"`
	Waves              []Wave    `json:"waves"`
}

// Wave is one wave of a preview.
type Wave struct {
	Clusters []string      `json:"clusters"`
	Starts   time.Time     `json:"starts,omitzero"` // its first cluster
	Finishes time.Time     `json:"finishes,omitzero"`
	Soak     time.Duration `json:"soak,omitempty"`
	SoakEnds time.Time     `json:"soakEnds,omitzero"`
}

// Delay is a window or a limit that made clusters wait.
type Delay struct {
	Gate   string    `json:"gate"`
	Reason string    `json:"reason"`
	Since  time.Time `json:"since"`
	// Opens is when a window next lets one of them start; zero for limits, and when
	// there is no such time.
	Opens    time.Time `json:"opens,omitzero"`
	Clusters int       `json:"clusters"`
}

// Blocked is a number of clusters that would still wait for the same reason.
type Blocked struct {
	Verdict  string `json:"verdict"`
	Gate     string `json:"gate"`
	Reason   string `json:"reason"`
	Clusters int    `json:"clusters"`
	Example  string `json:"example"`
}

// maxCycles bounds a simulation whatever the horizon: a fleet of 20,000 clusters
// takes some ten thousand for a release.
const maxCycles = 2_000_000

// Run simulates until everything has finished, nothing more can happen, or the
// horizon is reached.
func Run(cfg Config) *Preview {
	s := newSimulation(cfg)
	for range maxCycles {
		if !s.cycle() {
			break
		}
	}
	return s.result()
}

type simulation struct {
	cfg    Config
	in     plan.Input
	model  *model
	plan   *plan.Plan
	end    time.Time
	delays map[delayKey]*delay
	starts map[plan.TargetKey][]time.Time // first start of each wave
	ends   map[plan.TargetKey]time.Time
	waves  map[plan.TargetKey][][]string
	last   time.Time
}

type delayKey struct {
	reason plan.Reason
	text   string
}

type delay struct {
	Delay
	clusters map[string]struct{}
}

func newSimulation(cfg Config) *simulation {
	s := &simulation{
		cfg: cfg, in: cfg.Input, end: cfg.Input.Now.Add(cfg.Horizon),
		delays: map[delayKey]*delay{}, starts: map[plan.TargetKey][]time.Time{},
		ends: map[plan.TargetKey]time.Time{}, waves: map[plan.TargetKey][][]string{}, last: cfg.Input.Now,
	}
	s.in.Fleet, s.in.State = cfg.Input.Fleet.Clone(), cfg.Input.State.Clone()
	s.in.ClockJumped = false
	s.in.Metrics = lastingMetrics(&cfg.Input)
	for key, r := range s.in.State.Rollouts {
		sizes := make([]int, len(r.Waves))
		members := make([]string, len(r.Members))
		for i := range r.Members {
			members[i] = r.Members[i].Cluster
			sizes[r.Members[i].Wave]++
		}
		s.waves[key], s.starts[key] = split(members, sizes), make([]time.Time, len(sizes))
	}
	s.model = newModel(&s.in)
	return s
}

// cycle decides at one moment, lets the model act, and moves the clock to the
// next moment at which something happens. It returns false at the end.
func (s *simulation) cycle() bool {
	s.in.Signals = quietSignals(&s.in)
	s.progress()
	s.decide()
	s.note()
	for _, a := range s.plan.Actions {
		if e, ok := a.Event(s.in.Now); ok {
			s.apply(e)
		}
		s.model.act(&s.in, a)
	}
	for _, e := range s.plan.Credits {
		s.apply(e)
	}
	next, ok := s.model.next()
	if wake := s.plan.Wake; !wake.IsZero() && (!ok || wake.Before(next)) {
		next, ok = wake, true
	}
	if len(s.plan.Actions) > 0 && s.immediate() {
		next, ok = s.in.Now.Add(time.Second), true
	}
	if !ok || next.After(s.end) || s.finished() {
		return false
	}
	s.in.Watched = next.Sub(s.in.Now)
	s.in.Now = next
	s.model.advance(&s.in)
	return true
}

// progress lets the ledger know of the replicas that were replaced.
func (s *simulation) progress() {
	for _, name := range s.model.steps(&s.in) {
		row, _ := s.in.Fleet.Find(name)
		key := plan.TargetKey{Product: s.in.Fleet.Cluster(row).Product, Cohort: s.plan.Cohort(row)}
		if r := s.in.State.Rollouts[key]; r != nil {
			s.apply(plan.Event{
				At: s.in.Now, Kind: plan.ClusterStepped, Product: key.Product, Cohort: key.Cohort, Release: r.Release, Cluster: name,
			})
		}
	}
}

// immediate reports whether an action of this cycle may bring another at once.
func (s *simulation) immediate() bool {
	return slices.ContainsFunc(s.plan.Actions, func(a plan.Action) bool { return a.Kind == plan.Continue })
}

// decide goes on until no more facts follow.
func (s *simulation) decide() {
	for range 1000 {
		if s.plan == nil {
			s.plan = plan.Decide(s.in)
		} else {
			s.plan = s.plan.Next(s.in)
		}
		if len(s.plan.Events) == 0 {
			return
		}
		for _, e := range s.plan.Events {
			s.apply(e)
		}
	}
}

func (s *simulation) apply(e plan.Event) {
	s.in.State.Apply(e)
	key := plan.TargetKey{Product: e.Product, Cohort: e.Cohort}
	s.last = e.At
	switch e.Kind {
	case plan.RolloutStarted:
		s.starts[key] = make([]time.Time, len(e.Waves))
		s.waves[key] = split(e.Members, e.Waves)
	case plan.ClusterJoined:
		if w := s.waves[key]; e.Wave < len(w) && !slices.Contains(w[e.Wave], e.Cluster) {
			w[e.Wave] = append(w[e.Wave], e.Cluster)
		}
	case plan.ClusterStarted:
		if r := s.in.State.Rollouts[key]; r != nil {
			if m := r.Member(e.Cluster); m != nil && m.Wave < len(s.starts[key]) && s.starts[key][m.Wave].IsZero() {
				s.starts[key][m.Wave] = e.At
			}
		}
	case plan.RolloutFinished:
		s.ends[key] = e.At
	default:
	}
}

func split(members []string, sizes []int) [][]string {
	out := make([][]string, len(sizes))
	for i, n := range sizes {
		n = min(n, len(members))
		out[i], members = members[:n:n], members[n:]
	}
	return out
}

// note collects what makes clusters wait.
func (s *simulation) note() {
	for _, ch := range s.plan.Changes() {
		switch ch.New.Reason {
		case plan.WindowClosed, plan.WindowTooShort, plan.LimitReached, plan.WaveLimitReached:
		default:
			continue
		}
		text := s.plan.Reason(ch.Row)
		key := delayKey{ch.New.Reason, text}
		if ch.New.Reason == plan.LimitReached || ch.New.Reason == plan.WaveLimitReached {
			// Limits are reached and left all the time: one line says it.
			key.text = ""
		}
		d := s.delays[key]
		if d == nil {
			d = &delay{
				Delay:    Delay{Gate: ch.New.Reason.String(), Reason: text, Since: s.in.Now},
				clusters: map[string]struct{}{},
			}
			s.delays[key] = d
		}
		d.clusters[ch.Cluster] = struct{}{}
		if at, ok := s.plan.NextOpening(ch.Row); ok && (d.Opens.IsZero() || at.Before(d.Opens)) {
			d.Opens = at
		}
	}
}

// finished reports whether all rollouts are done.
func (s *simulation) finished() bool {
	for i := range s.plan.Rollouts {
		r := &s.plan.Rollouts[i]
		if s.concerns(r) && r.Phase != plan.PhaseFinished && r.Phase != plan.PhaseBaseline {
			return false
		}
	}
	return true
}

func (s *simulation) concerns(r *plan.RolloutStatus) bool {
	return len(s.cfg.Targets) == 0 ||
		slices.Contains(s.cfg.Targets, plan.TargetKey{Product: r.Product, Cohort: r.Cohort})
}
