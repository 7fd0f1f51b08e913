package plan

import (
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// What no emergency can switch off: somebody goes first, and is watched. The first
// wave of an emergency is a part of its cohort only, and after it nothing moves
// until every monitor has had the time to tell of it. The halt, the failure budget,
// the limits and the order of the cohorts are no gates that an emergency may skip.

// withCanary splits one cluster off a cohort that would move as a whole, when no
// cohort before has proven the version of an emergency.
func (c *cycle) withCanary(v *view, sizes []int) []int {
	if v.emergency == nil || len(sizes) != 1 || sizes[0] < 2 || c.proven(v) {
		return sizes
	}
	return []int{1, sizes[0] - 1}
}

// proven reports whether an earlier cohort that has clusters has finished and
// soaked the version.
func (c *cycle) proven(v *view) bool {
	for _, b := range c.in.Policy.before[v.cohort] {
		key := TargetKey{v.key.Product, c.in.Policy.Spec.Cohorts[b].Name}
		i, ok := c.memo.byKey[key]
		if !ok {
			continue
		}
		if _, done := c.in.State.Done[DoneKey{key, v.target.Version}]; done && c.memo.views[i].onTarget > 0 {
			return true
		}
	}
	return false
}

// soakOf is how long a finished wave must stay quiet. The canary wave of an
// emergency stays quiet for as long as an answer of a monitor may be old: only then
// has each of them spoken of it.
func (c *cycle) soakOf(v *view, w int) time.Duration {
	soak := time.Duration(waveSpec(v, w).Soak)
	if v.emergency == nil {
		return soak
	}
	least := time.Duration(0)
	if w == 0 && !c.proven(v) {
		for i := range v.product.Spec.Monitors {
			least = max(least, time.Duration(v.product.Spec.Monitors[i].MaxAge))
		}
		if v.rollout != nil && len(v.rollout.Waves) > max(1, len(v.spec.Waves)) {
			return least // the wave was split off; its cohort soaks with the last one
		}
	}
	if skips(v.emergency, fleet.SkipSoak) {
		return least
	}
	return max(soak, least)
}
