package proof

import (
	"maps"
	"slices"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
	"github.com/wavegate-dev/wavegate/reconciler/schedule"
)

// rules are those in force, made ready. A nil value is a commit whose rules the
// journal does not have.
type rules struct {
	*plan.Rules
	windows []window
	broken  bool // a window cannot be read
	pins    map[string][]pin
	before  map[string][]string // cohorts in earlier stages
}

type window struct {
	name  string
	spec  fleet.WindowSpec
	times *schedule.Window

	// asked is the moment that inside is about: many clusters change at one.
	asked  time.Time
	inside bool
}

type pin struct {
	name    string
	expires time.Time
}

func compile(from *plan.Rules) *rules {
	if from == nil {
		return nil
	}
	r := &rules{Rules: from, pins: map[string][]pin{}, before: map[string][]string{}}
	for _, name := range slices.Sorted(maps.Keys(from.Windows)) {
		spec := from.Windows[name]
		kind := schedule.Blackout
		if spec.Type == fleet.Maintenance {
			kind = schedule.Maintenance
		}
		times, err := schedule.New(schedule.Rule{
			Kind: kind, Cron: spec.Schedule, Duration: time.Duration(spec.Duration), From: spec.From, Until: spec.Until, TimeZone: spec.TimeZone,
		})
		if err != nil {
			r.broken = true
			continue
		}
		r.windows = append(r.windows, window{name: name, spec: spec, times: times})
	}
	for _, name := range slices.Sorted(maps.Keys(from.Pins)) {
		for _, cluster := range from.Pins[name].Clusters {
			r.pins[cluster] = append(r.pins[cluster], pin{name, from.Pins[name].Expires.Time})
		}
	}
	var earlier []string
	for _, stage := range from.Order {
		for _, cohort := range stage {
			r.before[cohort] = slices.Clone(earlier)
		}
		earlier = append(earlier, stage...)
	}
	return r
}

// at returns whether a moment is inside.
func (w *window) at(t time.Time) bool {
	if !w.asked.Equal(t) || w.asked.IsZero() {
		w.asked, w.inside = t, w.times.At(t).Inside
	}
	return w.inside
}

// concerns reports whether a window is about a cluster.
func (w *window) concerns(f *flight) bool {
	if len(w.spec.Products) > 0 && !slices.Contains(w.spec.Products, f.key.Product) {
		return false
	}
	return w.spec.Selector.Matches(f.label)
}

// closed returns the window that keeps a cluster from being changed at a moment,
// or nil; with inFlight, as far as windows stop what is under way.
func (r *rules) closed(f *flight, at time.Time, inFlight bool) *window {
	var maintenance *window
	inside, pauses := false, false
	for i := range r.windows {
		w := &r.windows[i]
		if !w.concerns(f) {
			continue
		}
		if w.spec.Type == fleet.Maintenance {
			maintenance = w
			inside = inside || w.at(at)
			pauses = pauses || w.spec.InFlight == fleet.InFlightPause
			continue
		}
		if (!inFlight || w.spec.InFlight == fleet.InFlightPause) && w.at(at) {
			return w
		}
	}
	if maintenance != nil && !inside && (!inFlight || pauses) {
		return maintenance
	}
	return nil
}

// emergency returns the one that a target comes from, while it is declared.
func (r *rules) emergency(t *target) (plan.EmergencyRules, bool) {
	if r == nil || t == nil || t.emergency == "" {
		return plan.EmergencyRules{}, false
	}
	e, ok := r.Emergencies[t.emergency]
	return e, ok
}

// wave returns what is said of a wave: those beyond the last follow it.
func (r *rules) wave(cohort string, n int) fleet.Wave {
	waves := r.Cohorts[cohort].Waves
	if len(waves) == 0 {
		return fleet.Wave{}
	}
	return waves[min(n, len(waves)-1)]
}

// has reports whether a cohort has a version of a product.
func (r *rules) has(cohort, product string) bool {
	return slices.Contains(r.Cohorts[cohort].Products, product)
}
