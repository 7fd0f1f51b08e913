package simulation_test

import (
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// crew are the people who run the fleet. They go on working while everything else
// goes wrong, as people do: without them a world stands still at its first pause,
// and most laws would be judged in calm weather alone.
type crew struct {
	patience time.Duration // how long they look at something before they do it
	noticed  map[string]time.Time
}

func newCrew(r *rand.Rand) *crew {
	return &crew{patience: time.Duration(2+r.IntN(14)) * time.Minute, noticed: map[string]time.Time{}}
}

// due reports whether something has been so for as long as the crew waits. It is
// asked in each cycle.
func (c *crew) due(w *world, what string, so bool) bool {
	if !so {
		delete(c.noticed, what)
		return false
	}
	since, ok := c.noticed[what]
	if !ok {
		c.noticed[what] = w.now
		return false
	}
	if w.now.Sub(since) < c.patience {
		return false
	}
	delete(c.noticed, what)
	return true
}

// work is one look around, before a cycle.
func (c *crew) work(w *world) {
	if w.last == nil || w.last.Plan == nil {
		return
	}
	r := rand.New(rand.NewPCG(w.seed, uint64(w.cycles)<<8+7))
	force := w.repo.commits[w.judge.force[w.first]]
	if c.due(w, "admission is frozen", force != nil && force.tree != w.repo.head().tree) {
		w.say("the crew restores what is in force")
		w.putInOrder()
	}
	if c.due(w, "paused", len(w.releases(true)) > 0 || w.last.State.Paused != nil) {
		w.resume(r)
	}
	failed := w.failed()
	for _, name := range slices.Sorted(maps.Keys(failed)) {
		if c.due(w, name+" failed", failed[name]) {
			w.judge.track(name).retried = true
			w.command(plan.Command{Kind: plan.CommandRetry, Cluster: name})
		}
	}
	if c.due(w, "broken", r.IntN(8) > 0) {
		w.seeMonitors(r)
		w.mend(r)
		w.planesReturn(r)
		clear(w.faulty)
		for _, name := range w.names() {
			must(w.fleet.Obscure(name, ""))
		}
	}
	if c.due(w, "closed", r.IntN(16) > 0 && len(w.repo.head().wish.windows)+len(w.repo.head().wish.pins) > 0) {
		w.edit(true, "no windows and no pins", func(x *wish) { clear(x.windows); clear(x.pins) })
	}
	if !w.rollsOut() {
		w.goOn(r)
	}
}

// failed returns the clusters that the plan says have failed.
func (w *world) failed() map[string]bool {
	out := map[string]bool{}
	for _, name := range w.names() {
		if row, ok := w.last.Fleet.Find(name); ok {
			out[name] = w.last.Plan.Decision(row).Verdict == plan.FailedVerdict
		}
	}
	return out
}

// rollsOut reports whether a rollout is under way, or about to be.
func (w *world) rollsOut() bool {
	if w.last.State.InForce.Commit != w.repo.head().sha {
		return true
	}
	return slices.ContainsFunc(w.last.Plan.Rollouts, func(r plan.RolloutStatus) bool {
		return r.Phase != plan.PhaseFinished && r.Phase != plan.PhaseBaseline
	})
}

// goOn releases the next version, or moves the next cohort to the one that the
// first cohort runs.
func (w *world) goOn(r *rand.Rand) {
	head := w.repo.head().wish
	names := head.names()
	for _, product := range slices.Sorted(maps.Keys(head.products)) {
		first := head.cohorts[names[0]].versions[product]
		for _, name := range names[1:] {
			if v, ok := head.cohorts[name].versions[product]; ok && v != first {
				w.edit(true, product+" "+first+" in "+name, func(x *wish) { setVersion(x, name, product, first) })
				return
			}
		}
	}
	product := products(r)
	at := slices.Index(pool, head.cohorts[names[0]].versions[product])
	if v := pool[min(len(pool)-1, at+1)]; v != head.cohorts[names[0]].versions[product] {
		w.edit(true, product+" "+v+" in "+names[0], func(x *wish) { setVersion(x, names[0], product, v) })
	}
}
