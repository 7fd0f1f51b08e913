package plan

import (
	"maps"
	"slices"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// settleCommon answers the gates that all clusters of a view have in common.
func (c *cycle) settleCommon() {
	c.memo.blindBy = c.memo.blindBy[:0]
	for _, v := range c.memo.views {
		if v.changed {
			v.tallies = nil
		}
	}
	c.settleLooks()
	for _, r := range c.in.State.sortedReleases() {
		if r.Paused != nil {
			c.pausedReleases = append(c.pausedReleases, r)
		}
	}
	commits := c.cohortsByCommit()
	unseen := c.unseenPlanes()
	for _, v := range c.memo.views {
		before := v.common
		v.common = [gateCount]Finding{}
		v.common[GateInForce] = c.inForce(v)
		v.common[GateKnown] = c.knownInCommon(v, unseen)
		v.common[GatePause] = c.pauseOf(v)
		if v.target != nil && v.emergency == nil && !v.target.Baseline && commits[v.target.Commit] > 1 {
			v.common[GateOneCohort] = Finding{Reason: MovesManyCohorts}
		}
		v.common[GatePredecessor] = c.predecessor(v)
		v.common[GateBudget] = c.budget(v)
		unordered := v.unordered
		v.unordered = c.unmeasured(v)
		if v.common != before || v.unordered != unordered {
			v.all = true
		}
		c.refreshBounds(v)
	}
}

// cohortsByCommit counts the cohorts that each commit has moved.
func (c *cycle) cohortsByCommit() map[string]int {
	seen := map[[2]string]struct{}{}
	out := map[string]int{}
	for k, t := range c.in.State.Targets {
		if t.Baseline || t.Emergency != "" {
			continue
		}
		id := [2]string{t.Commit, k.Cohort}
		if _, ok := seen[id]; !ok {
			seen[id] = struct{}{}
			out[t.Commit]++
		}
	}
	return out
}

// unseenPlanes returns the first configured data plane that has not been
// observed since the ledger began, as its index plus one.
func (c *cycle) unseenPlanes() Finding {
	for i, name := range c.in.DataPlanes {
		if _, ok := c.in.State.Seen[name]; !ok {
			return Finding{DataPlaneNeverSeen, int32(i)}
		}
		if asOf, _ := c.in.Fleet.Plane(name); asOf.IsZero() {
			return Finding{DataPlaneNeverSeen, int32(i)}
		}
	}
	return Finding{}
}

func (c *cycle) inForce(v *view) Finding {
	switch {
	case v.target == nil || c.in.State.InForce.Commit == "":
		return Finding{Reason: NothingInForce}
	case v.target.Baseline:
		return Finding{Reason: BaselineTarget}
	case v.emergency != nil && !c.in.Now.Before(v.emergency.Spec.Expires.Time):
		return Finding{Reason: EmergencyExpired}
	default:
		return Finding{}
	}
}

func (c *cycle) knownInCommon(v *view, unseen Finding) Finding {
	switch {
	case c.in.ClockJumped:
		return Finding{Reason: ClockJumped}
	case unseen.blocks():
		return unseen
	default:
		return c.blind(v.product)
	}
}

// blind returns the first monitor of a product that cannot be relied upon: not
// read, older than its maxAge, or of a time that has not come yet.
func (c *cycle) blind(p *fleet.Product) Finding {
	for i := range p.Spec.Monitors {
		key := MonitorKey{p.Name, p.Spec.Monitors[i].Name}
		if c.monitorProblem(key, &p.Spec.Monitors[i]) != "" {
			c.memo.blindBy = append(c.memo.blindBy, key)
			return Finding{MonitorBlind, int32(slices.Index(c.memo.blindBy, key))}
		}
	}
	return Finding{}
}

func (c *cycle) monitorProblem(key MonitorKey, m *fleet.Monitor) string {
	s, ok := c.in.Signals.Sources[key]
	age := c.in.Now.Sub(s.AsOf)
	switch {
	case !ok:
		return "no source answers for it"
	case s.Unknown != "":
		return s.Unknown
	case s.AsOf.IsZero() || age > time.Duration(m.MaxAge):
		return "its newest answer is from " + clock(s.AsOf) + ", older than " + span(time.Duration(m.MaxAge))
	case age < -time.Minute:
		return "its newest answer is from " + clock(s.AsOf) + ", which is in the future"
	default:
		return ""
	}
}

// pauseOf says what halts a view. A paused release halts its product in every
// cohort, also for a version that was merged since: a halt survives new commits
// until somebody lifts it.
func (c *cycle) pauseOf(v *view) Finding {
	if c.in.State.Paused != nil {
		return Finding{Reason: EverythingPaused}
	}
	for i, r := range c.pausedReleases {
		if r.Product == v.key.Product {
			return Finding{ReleasePaused, int32(i)}
		}
	}
	return Finding{}
}

// predecessor returns the first earlier cohort that has not finished and soaked
// the version. Going back to what the cohort itself ran before is always
// allowed: the order of the train proves new versions.
func (c *cycle) predecessor(v *view) Finding {
	if v.target == nil {
		return Finding{}
	}
	s := c.in.State
	if _, ran := s.Done[DoneKey{v.key, v.target.Version}]; ran || s.Base[v.key] == v.target.Version {
		return Finding{}
	}
	for _, b := range c.in.Policy.before[v.cohort] {
		key := TargetKey{v.key.Product, c.in.Policy.Spec.Cohorts[b].Name}
		i, ok := c.memo.byKey[key]
		if !ok {
			continue // that cohort has no version of the product
		}
		if _, done := s.Done[DoneKey{key, v.target.Version}]; done {
			continue
		}
		earlier := c.memo.views[i]
		if s.Base[key] == v.target.Version && c.allOn(earlier, v.target.Version) {
			continue
		}
		return Finding{PredecessorNotDone, int32(b)}
	}
	return Finding{}
}

// allOn reports whether every cluster of a view is known to run a version.
func (c *cycle) allOn(v *view, version fleet.Version) bool {
	inv := c.in.Fleet
	for _, r := range v.rows {
		if !inv.known(r) || inv.inFlight(r) || inv.version.values[inv.col.version[r]] != version {
			return false
		}
	}
	return true
}

func (c *cycle) budget(v *view) Finding {
	if v.release != nil && c.overBudget(v.release) {
		return Finding{Reason: BudgetSpent}
	}
	if c.looks[v.key.Product] != nil {
		return Finding{Reason: AlertUnderLook}
	}
	return Finding{}
}

// overBudget reports whether a release has failed more often than any cohort
// that it is rolling in allows, and more often than an operator has accepted.
// Clusters that join a cohort after its rollout has finished have a budget of
// the same size of their own: what happened before must not halt them, and they
// must not fail without end.
func (c *cycle) overBudget(r *Release) bool { return c.overBudgetWith(r, nil) }

// overBudgetWith is overBudget with so many failures more in each cohort.
func (c *cycle) overBudgetWith(r *Release, more map[string]int) bool {
	failures := len(r.Failures)
	for _, n := range more {
		failures += n
	}
	if failures <= r.Acknowledged {
		return false
	}
	if allowed, bounded := c.allowance(r); bounded && failures > max(allowed, r.Acknowledged) {
		return true
	}
	failed, allowed := c.lateFailures(r, more)
	return failed > allowed
}

// lateFailures counts the failures of a cohort that came after its rollout of a
// release had finished and that no operator has accepted, and how many it may
// have; of the first cohort that has too many.
func (c *cycle) lateFailures(r *Release, more map[string]int) (failed, allowed int) {
	for _, v := range c.memo.views {
		if v.rollout == nil || v.rollout.Release != r.ID || v.rollout.FinishedAt.IsZero() {
			continue
		}
		failed = more[v.key.Cohort]
		for _, f := range r.Failures[min(r.Acknowledged, len(r.Failures)):] {
			if f.Cohort == v.key.Cohort && f.At.After(v.rollout.FinishedAt) {
				failed++
			}
		}
		if allowed = v.spec.MaxFailures.Budget(len(v.rows)); failed > allowed {
			return failed, allowed
		}
	}
	return 0, 0
}

// allowance is the smallest budget among the cohorts that a release is rolling
// in.
func (c *cycle) allowance(r *Release) (allowed int, bounded bool) {
	for _, v := range c.memo.views {
		if v.rollout == nil || v.rollout.Release != r.ID || !v.rollout.FinishedAt.IsZero() {
			continue
		}
		a := v.spec.MaxFailures.Budget(len(v.rollout.Members))
		if !bounded || a < allowed {
			allowed, bounded = a, true
		}
	}
	return allowed, bounded
}

// sortedReleases returns the releases by id.
func (s *State) sortedReleases() []*Release {
	out := make([]*Release, 0, len(s.Releases))
	for _, id := range slices.Sorted(maps.Keys(s.Releases)) {
		out = append(out, s.Releases[id])
	}
	return out
}
