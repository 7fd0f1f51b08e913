package simulation_test

import (
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// heal ends all faults and lets people do what the service asks of them: the last
// release has to get through, whatever happened before.
func (w *world) heal() {
	r := rand.New(rand.NewPCG(w.seed, 4))
	w.say("faults are over")
	w.calm, w.offset, w.loadFails = true, 0, 0
	w.gitDown, w.githubDown, w.diskFull, w.monitorsDown = time.Time{}, time.Time{}, time.Time{}, time.Time{}
	clear(w.unreachable)
	clear(w.lagging)
	clear(w.faulty)
	clear(w.missing)
	w.planesReturn(r)
	w.first.death = alive
	w.mend(r)
	w.seeMonitors(r)
	for _, name := range w.names() {
		must(w.fleet.Obscure(name, ""))
		for _, m := range []string{"under", "latency"} {
			must(w.fleet.Quiet(name, m))
		}
	}
	if w.settle(4); w.judge.guilty() {
		return
	}
	w.putInOrder()
	w.settle(2)
	w.edit(true, "no windows, no pins, all versions allowed", func(x *wish) {
		clear(x.windows)
		clear(x.pins)
		x.urgent = nil
		for name, p := range x.products {
			p.downgrade, p.skip = true, 9
			x.products[name] = p
		}
		for name, co := range x.cohorts {
			co.maxFailures = 9
			x.cohorts[name] = co
		}
	})
	w.settle(2)
	const last = "7.11.0"
	for _, cohort := range w.repo.head().wish.names() {
		w.edit(true, "the last version in "+cohort, func(x *wish) {
			for product := range x.cohorts[cohort].versions {
				setVersion(x, cohort, product, last)
			}
		})
		for i := range 900 {
			if i == 400 {
				// A cluster that stands half way because a newer version was merged
				// too early holds a place: who reads that makes room.
				w.edit(true, "room for more", func(x *wish) { x.limits = []limitWish{{"", 9}} })
			}
			if w.settle(1); w.judge.guilty() || w.through(cohort, last) {
				break
			}
			if w.cycles%20 == 0 {
				w.help()
			}
		}
		if w.judge.guilty() {
			return
		}
		if !w.through(cohort, last) {
			w.accuseOfStandingStill(cohort, last)
			return
		}
	}
}

func (w *world) settle(cycles int) {
	for range cycles {
		if w.judge.guilty() {
			return
		}
		w.step(interval)
	}
}

// putInOrder brings the branch to where everybody agrees with what is in force.
func (w *world) putInOrder() {
	force := w.repo.commits[w.judge.force[w.first]]
	if force == nil {
		w.repo.branch = w.repo.branch[:1]
		return
	}
	if !slices.Contains(w.repo.branch, force.sha) {
		w.repo.branch = nil
		for c := force; c != nil; c = w.repo.commits[c.parent] {
			w.repo.branch = append(w.repo.branch, c.sha)
		}
		slices.Reverse(w.repo.branch)
	}
	w.repo.push(force.wish.clone(), true, "what is in force")
}

// through reports whether all clusters of a cohort run a version, and its rollout
// has ended.
func (w *world) through(cohort, version string) bool {
	x := w.repo.head().wish
	for _, c := range w.truth() {
		if _, ok := x.cohorts[cohort].versions[c.Product]; ok && x.cohortOf(c.Labels) == cohort && (c.Version.Tag != version || c.Target != c.Version) {
			return false
		}
	}
	for _, r := range w.last.Plan.Rollouts {
		if r.Cohort == cohort && r.Version.Tag == version && r.Release != "" && r.Phase != plan.PhaseFinished {
			return false
		}
	}
	return true
}

// help does what an operator would who reads the status.
func (w *world) help() {
	r := rand.New(rand.NewPCG(w.seed, uint64(w.cycles)))
	w.resume(r)
	for name, c := range w.truth() {
		// "somebody else is changing it": whoever did takes it back.
		if t := w.judge.track(name); t.handed && c.InFlight() && c.Target.Tag != c.Mark.Version.Tag {
			must(w.fleet.SetVersion(name, c.Version))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(w.truth())) {
		row, ok := w.last.Fleet.Find(name)
		if !ok {
			continue
		}
		if g := w.last.Plan.Decision(row); g.Verdict == plan.FailedVerdict {
			w.judge.track(name).retried = true
			w.command(plan.Command{Kind: plan.CommandRetry, Cluster: name})
		}
	}
}

func (w *world) accuseOfStandingStill(cohort, version string) {
	x := w.repo.head().wish
	for _, name := range w.names() {
		if c := w.truth()[name]; c.InFlight() {
			row, _ := w.last.Fleet.Find(name)
			w.say("half way: %s in %s of %s from %s to %s, broker %d, mark %s %s: %s", name, x.cohortOf(c.Labels), c.Product, c.Version, c.Target, c.Next,
				c.Mark.Release, c.Mark.Version, w.last.Plan.Reason(row))
		}
	}
	for _, name := range w.names() {
		c := w.truth()[name]
		if x.cohortOf(c.Labels) != cohort || c.Version.Tag == version {
			continue
		}
		why := "no reason"
		if row, ok := w.last.Fleet.Find(name); ok {
			why = w.last.Plan.Reason(row)
		}
		w.judge.accuse(23, name, "%s stands still on %s, is to run %s: %s", name, c.Version, version, why)
	}
	w.judge.accuse(23, "", "cohort %s does not come to an end with %s", cohort, version)
}
