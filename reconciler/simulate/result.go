package simulate

import (
	"cmp"
	"slices"
	"strings"

	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

func (s *simulation) result() *Preview {
	out := &Preview{From: s.cfg.Input.Now, End: s.last, Done: s.finished()}
	var products []string
	for i := range s.plan.Rollouts {
		r := &s.plan.Rollouts[i]
		key := plan.TargetKey{Product: r.Product, Cohort: r.Cohort}
		if !s.concerns(r) || r.Phase == plan.PhaseBaseline {
			continue
		}
		if r.Phase == plan.PhaseFinished && s.ends[key].IsZero() {
			continue // it was finished before
		}
		out.Rollouts = append(out.Rollouts, s.rollout(r, key))
		products = append(products, r.Product)
	}
	out.Blind = plan.BlindMonitors(s.cfg.Input, products)
	for _, d := range s.delays {
		d.Clusters = len(d.clusters)
		out.Delays = append(out.Delays, d.Delay)
	}
	slices.SortFunc(out.Delays, func(a, b Delay) int {
		if d := a.Since.Compare(b.Since); d != 0 {
			return d
		}
		return strings.Compare(a.Reason, b.Reason)
	})
	out.Blocked = s.blocked()
	for _, b := range out.Blocked {
		out.BlockedCount += b.Clusters
	}
	return out
}

// blocked sums up the clusters that would still wait, by reason, the most
// frequent first.
func (s *simulation) blocked() []Blocked {
	type key struct{ verdict, gate string }
	groups := map[key]*Blocked{}
	for _, name := range s.in.Fleet.Names() {
		row, _ := s.in.Fleet.Find(name)
		if !s.aims(row) {
			continue
		}
		d := s.plan.Decision(row)
		switch d.Verdict {
		case plan.Waiting, plan.Stopped, plan.FailedVerdict, plan.Held, plan.Unknown:
		default:
			continue
		}
		k := key{d.Verdict.String(), d.Reason.String()}
		g := groups[k]
		if g == nil {
			g = &Blocked{Verdict: k.verdict, Gate: k.gate, Reason: s.plan.Reason(row), Example: name}
			groups[k] = g
		}
		if g.Clusters++; g.Clusters == 2 {
			g.Reason = s.plan.CommonReason(row)
		}
	}
	out := make([]Blocked, 0, len(groups))
	for _, g := range groups {
		out = append(out, *g)
	}
	slices.SortFunc(out, func(a, b Blocked) int {
		return cmp.Or(cmp.Compare(b.Clusters, a.Clusters), strings.Compare(a.Example, b.Example))
	})
	return out
}

// aims reports whether the preview is about a cluster.
func (s *simulation) aims(row plan.Row) bool {
	return len(s.cfg.Targets) == 0 || slices.Contains(s.cfg.Targets, plan.TargetKey{
		Product: s.in.Fleet.Cluster(row).Product, Cohort: s.plan.Cohort(row),
	})
}

func (s *simulation) rollout(r *plan.RolloutStatus, key plan.TargetKey) Rollout {
	out := Rollout{RolloutStatus: *r, Product: r.Product, Cohort: r.Cohort, Release: r.Release, Ends: s.ends[key]}
	for w, status := range r.Waves {
		wave := Wave{Finishes: status.FinishedAt, Soak: status.Soak, SoakEnds: status.SoakedAt}
		if w < len(s.waves[key]) {
			wave.Clusters = s.waves[key][w]
		}
		if w < len(s.starts[key]) {
			wave.Starts = s.starts[key][w]
		}
		if out.Starts.IsZero() {
			out.Starts = wave.Starts
		}
		out.Waves = append(out.Waves, wave)
	}
	return out
}
