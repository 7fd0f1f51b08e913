package proof

import (
	"fmt"
	"slices"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// change judges an entry that has touched a cluster, or let it be touched.
func (c *Checker) change(e *plan.Event, key plan.TargetKey) {
	if e.Adopted {
		c.adopt(e, key)
		return
	}
	t, what := c.targets[key], did(e)
	start := e.Kind == plan.ClusterStarted
	redirect := start && (e.Redirect || c.flights.of[e.Cluster] != nil)
	if redirect && c.flights.of[e.Cluster] == nil {
		c.unjudged(takenOver)
	}
	switch {
	case redirect:
		c.out.Redirects++
	case start:
		c.out.Starts++
	default:
		c.out.Steps++
	}
	c.stand(e, what)
	c.pinned(e, what)
	m := c.traced(e, key, t, what, start)
	f := c.flights.of[e.Cluster]
	if start {
		f = c.begin(e, key, m)
	}
	c.windows(e, f, t, what, start && !redirect)
	c.budget(e, what)
	if !start || t == nil {
		return
	}
	c.force(e, key, t, what)
	c.predecessors(e, key, t, what)
	c.version(e, what)
	if !redirect {
		c.opened(e, key, m, what)
		c.limits(e, f, what)
	}
}

// adopt takes note of a cluster that was found under way.
func (c *Checker) adopt(e *plan.Event, key plan.TargetKey) {
	c.taken[e.Commit] = true
	c.unjudged(takenOver)
	r := c.rollouts[key]
	if r == nil {
		return
	}
	m := r.members[e.Cluster]
	if m == nil {
		return
	}
	m.status = running
	c.flights.start(&flight{cluster: e.Cluster, key: key, wave: m.wave, adopted: true})
}

// begin puts a cluster into flight.
func (c *Checker) begin(e *plan.Event, key plan.TargetKey, m *member) *flight {
	f := &flight{cluster: e.Cluster, key: key, dataPlane: e.DataPlane, labels: e.Labels}
	if m != nil {
		f.wave, m.status = m.wave, running
	}
	c.flights.start(f)
	return f
}

// traced follows a change to its member, its rollout, its target and its commit.
func (c *Checker) traced(e *plan.Event, key plan.TargetKey, t *target, what string, start bool) *member {
	f := c.flights.of[e.Cluster]
	if !c.known(e.Commit) && (start || f == nil || !f.adopted) {
		c.found(e, Traced, "%s by commit %s, which was never admitted", what, short(e.Commit))
	}
	r := c.rollout(e, key)
	if r == nil {
		return nil
	}
	if t == nil {
		if c.partial {
			c.unjudged(fromBefore)
		} else {
			c.found(e, Traced, "%s, and nothing says what %s shall run", what, e.Cohort)
		}
	} else if start && (t.version != e.To || t.commit != e.Commit) {
		c.found(e, Traced, "%s by commit %s, and %s shall run %s by commit %s", what, short(e.Commit), e.Cohort, t.version, short(t.commit))
	} else if r.version != e.To {
		c.found(e, Traced, "%s, and the rollout is one of %s", what, r.version)
	}
	m := r.members[e.Cluster]
	if m == nil && r.trimmed {
		m = &member{status: running}
		r.members[e.Cluster] = m
	}
	switch {
	case m == nil:
		c.found(e, Traced, "%s, which is no member of %s in %s", what, e.Release, e.Cohort)
	case start && m.status != pending && m.status != running:
		c.found(e, Order, "%s again, and was %s", what, words[m.status])
	case !start && m.status != running:
		c.found(e, Order, "%s, and was %s", what, words[m.status])
	}
	return m
}

// stand looks for a pause that holds.
func (c *Checker) stand(e *plan.Event, what string) {
	if c.paused != nil {
		c.found(e, Pause, "%s while everything was paused %s", what, c.paused)
		return
	}
	var first *pause
	id := ""
	for release, p := range c.halted[e.Product] {
		if first == nil || p.seq < first.seq {
			first, id = p, release
		}
	}
	if first != nil {
		c.found(e, Pause, "%s while %s was paused %s", what, id, first)
	}
}

func (r *rules) pinned(cluster string, at time.Time) string {
	for _, p := range r.pins[cluster] {
		if at.Before(p.expires) {
			return p.name
		}
	}
	return ""
}

func (c *Checker) pinned(e *plan.Event, what string) {
	if c.rules == nil {
		return
	}
	if name := c.rules.pinned(e.Cluster, e.At); name != "" {
		c.found(e, Pin, "%s, which pin %s holds", what, name)
	}
}

func (c *Checker) windows(e *plan.Event, f *flight, t *target, what string, fresh bool) {
	switch {
	case c.rules == nil:
		c.unjudged(noRules)
		return
	case c.rules.broken:
		c.unjudged(badSchedule)
		return
	case len(c.rules.windows) == 0:
		return
	case f == nil || f.adopted:
		c.unjudged(noLabels)
		return
	}
	if em, ok := c.rules.emergency(t); ok && slices.Contains(em.Skip, fleet.SkipBlackout) {
		return
	}
	w := c.rules.closed(f, e.At, !fresh)
	switch {
	case w == nil:
	case w.spec.Type == fleet.Maintenance:
		c.found(e, Window, "%s outside of maintenance window %s", what, w.name)
	default:
		c.found(e, Window, "%s inside blackout %s", what, w.name)
	}
}

// force judges whether a target moves clusters.
func (c *Checker) force(e *plan.Event, key plan.TargetKey, t *target, what string) {
	if t.baseline {
		c.found(e, InForce, "%s, and the version of %s is the one found at the first start, which moves nothing", what, key.Cohort)
	}
	em, declared := c.rules.emergency(t)
	if declared && !e.At.Before(em.Expires.Time) {
		c.found(e, InForce, "%s after emergency %s had expired", what, t.emergency)
	}
	if declared {
		return
	}
	if n := c.cohortsOf(t.commit); n > 1 {
		c.found(e, OneCohort, "%s by commit %s, which moves %d cohorts", what, short(t.commit), n)
	}
}

// cohortsOf counts the cohorts whose targets a commit has set, besides those of
// emergencies.
func (c *Checker) cohortsOf(commit string) int {
	if n, ok := c.moves[commit]; ok {
		return n
	}
	cohorts := map[string]bool{}
	for k, t := range c.targets {
		if t.commit == commit && !t.baseline && t.emergency == "" {
			cohorts[k.Cohort] = true
		}
	}
	c.moves[commit] = len(cohorts)
	return len(cohorts)
}

// predecessors judges whether the earlier cohorts have proven the version.
func (c *Checker) predecessors(e *plan.Event, key plan.TargetKey, t *target, what string) {
	if c.rules == nil {
		c.unjudged(noRules)
		return
	}
	version := doneKey{key, t.version}
	if c.done[version] || c.base[key] == t.version || c.cleared[clearedKey{version, c.rules}] {
		return
	}
	for _, cohort := range c.rules.before[key.Cohort] {
		earlier := plan.TargetKey{Product: key.Product, Cohort: cohort}
		if !c.rules.has(cohort, key.Product) || c.done[doneKey{earlier, t.version}] || c.base[earlier] == t.version {
			continue
		}
		if c.partial {
			c.unjudged(fromBefore)
			continue
		}
		c.found(e, Predecessor, "%s before %s had finished and soaked %s", what, cohort, t.version)
		return
	}
	c.cleared[clearedKey{version, c.rules}] = true
}

func (c *Checker) version(e *plan.Event, what string) {
	if c.rules == nil {
		return
	}
	policy, ok := c.rules.Products[e.Product]
	if !ok || e.From == e.To {
		return
	}
	if why := policy.Check(e.From, e.To); why != "" {
		c.found(e, Version, "%s from %s: %s", what, e.From, why)
	}
}

// opened judges whether a cluster's wave was open.
func (c *Checker) opened(e *plan.Event, key plan.TargetKey, m *member, what string) {
	r := c.rollouts[key]
	if m == nil || r == nil || r.trimmed {
		return
	}
	if !r.waves[m.wave].opened {
		c.found(e, Wave, "%s before wave %d of %s was open", what, m.wave+1, e.Cohort)
	}
}

// budget judges whether a release may still go on: the smallest budget among the
// cohorts that it is rolling in is what it may spend, unless an operator has
// accepted more.
func (c *Checker) budget(e *plan.Event, what string) {
	rel := c.releases[e.Release]
	if rel == nil || rel.unknown || rel.failures <= rel.accepted || c.rules == nil {
		return
	}
	allowed, bounded := 0, false
	for k, r := range c.rollouts {
		if r.release != rel.id || r.over {
			continue
		}
		if n := c.rules.Cohorts[k.Cohort].MaxFailures.Of(r.size); !bounded || n < allowed {
			allowed, bounded = n, true
		}
	}
	if allowed = max(allowed, rel.accepted); bounded && rel.failures > allowed {
		c.found(e, Budget, "%s after %s of %s had failed, the last at entry %d, and %d may",
			what, clusters(rel.failures), rel.id, rel.lastFail, allowed)
	}
}

func clusters(n int) string {
	if n == 1 {
		return "1 cluster"
	}
	return fmt.Sprintf("%d clusters", n)
}

func (c *Checker) limits(e *plan.Event, f *flight, what string) {
	if c.rules == nil {
		return
	}
	if limit := c.rules.wave(f.key.Cohort, f.wave).MaxConcurrency; limit > 0 {
		if n := c.flights.byWave[waveKey{f.key, f.wave}]; n > limit {
			c.found(e, Limit, "%s as number %d in flight of wave %d of %s, %d allowed", what, n, f.wave+1, e.Cohort, limit)
		}
	}
	for _, l := range c.rules.Limits {
		if l.Label == "" {
			if c.flights.total > l.MaxConcurrency {
				c.found(e, Limit, "%s as number %d in flight, %d allowed", what, c.flights.total, l.MaxConcurrency)
			}
			continue
		}
		v, ok := f.label(l.Label)
		if !ok {
			continue
		}
		if n := c.flights.byLabel[[2]string{l.Label, v}]; n > l.MaxConcurrency {
			c.found(e, Limit, "%s as number %d in flight with %s %s, %d allowed", what, n, l.Label, v, l.MaxConcurrency)
		}
	}
}
