package simulation_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/wavegate-dev/wavegate/internal/simfleet"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// op is something that happens outside of the service, before a cycle. What it
// concerns is found when it happens, so that a list of them still makes sense when
// some are left out.
type op struct {
	cycle int
	kind  string
	seed  uint64
}

// script is a seed's list of what happens.
type script struct {
	cycles int
	ops    []op
}

// kinds are what may happen, and how often.
var kinds = []struct {
	kind   string
	weight int
	do     func(w *world, r *rand.Rand)
}{
	{"release", 8, (*world).release},
	{"promote", 26, (*world).promote},
	{"promote early", 2, (*world).promoteEarly},
	{"revert a version", 2, (*world).revertVersion},
	{"two cohorts in one commit", 2, (*world).twoCohorts},
	{"push without approval", 3, (*world).pushUnapproved},
	{"commit on top", 2, (*world).commitOnTop},
	{"approve late", 2, (*world).approveLate},
	{"restore what is in force", 4, (*world).restore},
	{"push what is not valid", 2, (*world).pushBroken},
	{"edit the README", 1, (*world).editReadme},
	{"edit the policy", 4, (*world).editPolicy},
	{"open a window", 5, (*world).openWindow},
	{"close windows", 4, (*world).closeWindows},
	{"pin", 3, (*world).pin},
	{"unpin", 2, (*world).unpin},
	{"emergency", 1, (*world).emergency},
	{"end of emergency", 2, (*world).endEmergency},
	{"rewrite the branch", 2, (*world).rewrite},
	{"git is down", 2, (*world).gitFails},
	{"GitHub is down", 2, (*world).githubFails},
	{"alert", 10, (*world).alert},
	{"alert while it moves", 8, (*world).alertInFlight},
	{"bad version", 2, (*world).spoil},
	{"mend versions", 2, (*world).mend},
	{"monitor blind", 4, (*world).blindMonitor},
	{"monitor blind to a cluster", 3, (*world).blindTo},
	{"monitor sees", 5, (*world).seeMonitors},
	{"monitors down", 3, (*world).monitorsFail},
	{"monitor missing", 2, (*world).monitorMissing},
	{"data plane unreachable", 5, (*world).planeUnreachable},
	{"data plane lags", 5, (*world).planeLags},
	{"calls fail", 5, (*world).callsFail},
	{"calls succeed", 4, (*world).callsSucceed},
	{"data plane vanishes", 1, (*world).planeVanishes},
	{"data planes return", 3, (*world).planesReturn},
	{"change by hand", 3, (*world).byHand},
	{"lose a broker", 5, (*world).loseBroker},
	{"scale", 2, (*world).scale},
	{"join", 3, (*world).join},
	{"leave", 2, (*world).leave},
	{"obscure", 2, (*world).obscure},
	{"crash", 14, (*world).crash},
	{"lose the ledger", 2, (*world).loseLedger},
	{"roll the ledger back", 2, (*world).rollLedgerBack},
	{"disk full", 4, (*world).fillDisk},
	{"ledger cannot be read", 1, (*world).failLoad},
	{"clock jumps", 2, (*world).jumpClock},
	{"clock is right", 3, (*world).rightClock},
	{"nobody runs", 3, (*world).suspend},
	{"pause", 4, (*world).pause},
	{"pause everything", 2, (*world).pauseAll},
	{"resume", 12, (*world).resume},
	{"retry", 6, (*world).retry},
	{"skip", 3, (*world).skip},
}

// draw writes the script of a seed. Seeds differ in how much happens, and in what:
// each leaves out some kinds, so that others come together more often.
func draw(seed uint64) script {
	r := rand.New(rand.NewPCG(seed, 2))
	s := script{cycles: 60 + r.IntN(240)}
	weights, sum := make([]int, len(kinds)), 0
	for i, k := range kinds {
		weights[i] = k.weight
		if i > 1 && r.IntN(3) == 0 {
			weights[i] = 0
		}
		sum += weights[i]
	}
	every := 2 + r.IntN(8)
	for c := range s.cycles {
		if r.IntN(every) != 0 {
			continue
		}
		n := r.IntN(sum)
		for i := range kinds {
			if n -= weights[i]; n < 0 {
				s.ops = append(s.ops, op{c, kinds[i].kind, r.Uint64()})
				break
			}
		}
	}
	return s
}

func (w *world) happen(o op) {
	r := rand.New(rand.NewPCG(o.seed, 3))
	for _, k := range kinds {
		if k.kind == o.kind {
			w.say("> %s", o.kind)
			w.stats["op "+o.kind]++
			k.do(w, r)
			return
		}
	}
}

func pick[T any](r *rand.Rand, from []T) (out T) {
	if len(from) > 0 {
		out = from[r.IntN(len(from))]
	}
	return out
}

// edit commits a change of what the branch says.
func (w *world) edit(approved bool, what string, change func(*wish)) *commit {
	next := w.repo.head().wish.clone()
	if next.broken {
		next.broken = false
	}
	change(next)
	c := w.repo.push(next, approved, what)
	w.say("commit %s: %s", short(c.sha), what)
	return c
}

func setVersion(x *wish, cohort, product, version string) {
	co := x.cohorts[cohort]
	if _, ok := co.versions[product]; !ok {
		return
	}
	co.versions[product] = version
}

func products(r *rand.Rand) string { return pick(r, []string{"kafka", "kafka", "ksqldb"}) }

func (w *world) release(r *rand.Rand) {
	head, product := w.repo.head().wish, products(r)
	cohort := head.names()[0]
	at := slices.Index(pool, head.cohorts[cohort].versions[product])
	v := pool[min(len(pool)-1, at+1+r.IntN(2))]
	w.edit(true, fmt.Sprintf("%s %s in %s", product, v, cohort), func(x *wish) { setVersion(x, cohort, product, v) })
}

// promote moves the first cohort that is behind the one before it.
func (w *world) promote(r *rand.Rand) {
	head := w.repo.head().wish
	names := head.names()
	for _, product := range []string{products(r), "kafka", "ksqldb"} {
		first := head.cohorts[names[0]].versions[product]
		for _, name := range names[1:] {
			if v, ok := head.cohorts[name].versions[product]; ok && v != first {
				w.edit(true, fmt.Sprintf("%s %s in %s", product, first, name), func(x *wish) { setVersion(x, name, product, first) })
				return
			}
		}
	}
}

func (w *world) promoteEarly(r *rand.Rand) {
	names := w.repo.head().wish.names()
	name, v, product := names[len(names)-1], pick(r, pool), products(r)
	w.edit(true, fmt.Sprintf("%s %s in %s", product, v, name), func(x *wish) { setVersion(x, name, product, v) })
}

func (w *world) revertVersion(r *rand.Rand) {
	head, product := w.repo.head().wish, products(r)
	cohort := pick(r, head.names())
	at := slices.Index(pool, head.cohorts[cohort].versions[product])
	if at > 0 {
		w.edit(true, fmt.Sprintf("%s back to %s in %s", product, pool[at-1], cohort), func(x *wish) { setVersion(x, cohort, product, pool[at-1]) })
	}
}

func (w *world) twoCohorts(r *rand.Rand) {
	v, product := pick(r, pool), products(r)
	w.edit(true, fmt.Sprintf("%s %s in all cohorts", product, v), func(x *wish) {
		for _, name := range x.names() {
			setVersion(x, name, product, v)
		}
	})
}

func (w *world) pushUnapproved(r *rand.Rand) {
	v, product := pick(r, pool), products(r)
	w.edit(false, "a push that nobody approved", func(x *wish) {
		switch r.IntN(4) {
		case 0:
			clear(x.windows)
			clear(x.pins)
		case 1:
			x.limits = []limitWish{{"", 50}}
		default:
			setVersion(x, pick(r, x.names()), product, v)
		}
	})
}

func (w *world) commitOnTop(r *rand.Rand) {
	w.edit(true, "an approved change of another file", func(x *wish) {
		x.readme = fmt.Sprint(r.IntN(1000))
		if r.IntN(2) == 0 {
			p := x.products["ksqldb"]
			p.settle = time.Duration(1+r.IntN(30)) * time.Second
			x.products["ksqldb"] = p
		}
	})
}

func (w *world) approveLate(r *rand.Rand) {
	for _, sha := range w.repo.branch {
		if c := w.repo.commits[sha]; !c.approved && r.IntN(2) == 0 {
			c.approved = true
			w.say("%s is approved after all", short(sha))
		}
	}
}

// restore commits what is in force again: the way out when admission is frozen.
func (w *world) restore(*rand.Rand) {
	if c := w.repo.commits[w.judge.force[w.first]]; c != nil && c.tree != w.repo.head().tree {
		w.repo.push(c.wish.clone(), true, "what is in force")
	}
}

func (w *world) pushBroken(*rand.Rand) {
	w.edit(true, "something that is not valid", func(x *wish) { x.broken = true })
}

func (w *world) editReadme(r *rand.Rand) {
	w.edit(false, "the README", func(x *wish) { x.readme = fmt.Sprint(r.IntN(1000)) })
}

func (w *world) editPolicy(r *rand.Rand) {
	w.edit(true, "limits, waves and budget", func(x *wish) {
		x.limits = drawLimits(r)
		name := pick(r, x.names())
		co := x.cohorts[name]
		co.waves, co.maxFailures = drawWaves(r), r.IntN(3)
		x.cohorts[name] = co
	})
}

func (w *world) openWindow(r *rand.Rand) {
	v := windowWish{
		zone: pick(r, []string{"UTC", "Europe/Berlin", "America/New_York"}), geo: pick(r, []string{"", "us", "eu"}), pause: r.IntN(2) == 0,
		from: w.now.Truncate(time.Minute).Add(time.Duration(r.IntN(20)-5) * time.Minute),
	}
	v.until = v.from.Add(time.Duration(5+r.IntN(40)) * time.Minute)
	if r.IntN(3) == 0 {
		v.daily, v.length = true, time.Duration(20+r.IntN(60))*time.Minute
		v.hour = w.now.In(v.location()).Add(time.Duration(r.IntN(3)-1) * time.Hour).Hour()
	}
	if v.maintenance = r.IntN(4) == 0; v.maintenance && !v.daily {
		v.until = v.until.Add(2 * time.Hour)
	}
	name := fmt.Sprint("w", r.IntN(3))
	w.edit(true, "window "+v.yaml(name), func(x *wish) { x.windows[name] = v })
}

func (w *world) closeWindows(*rand.Rand) {
	w.edit(true, "no windows", func(x *wish) { clear(x.windows) })
}

func (w *world) pin(r *rand.Rand) {
	p := pinWish{clusters: []string{pick(r, w.names())}, expires: w.now.Truncate(time.Minute).Add(time.Duration(5+r.IntN(60)) * time.Minute)}
	if other := pick(r, w.names()); other != p.clusters[0] {
		p.clusters = append(p.clusters, other)
	}
	w.edit(true, fmt.Sprint("pin ", p.clusters), func(x *wish) { x.pins = map[string]pinWish{fmt.Sprint("p", r.IntN(2)): p} })
}

func (w *world) unpin(*rand.Rand) {
	w.edit(true, "no pins", func(x *wish) { clear(x.pins) })
}

func (w *world) emergency(r *rand.Rand) {
	head, product := w.repo.head().wish, products(r)
	at := 0
	for _, co := range head.cohorts {
		at = max(at, slices.Index(pool, co.versions[product]))
	}
	u := &urgentWish{product: product, version: pool[min(len(pool)-1, at+1)], skipSoak: r.IntN(2) == 0, skipBlackout: r.IntN(2) == 0}
	u.expires = w.now.Truncate(time.Minute).Add(time.Duration(20+r.IntN(100)) * time.Minute)
	w.edit(true, fmt.Sprintf("emergency: %s %s", product, u.version), func(x *wish) { x.urgent = u })
}

func (w *world) endEmergency(*rand.Rand) {
	if w.repo.head().wish.urgent != nil {
		w.edit(true, "the emergency is over", func(x *wish) { x.urgent = nil })
	}
}

// rewrite forces the branch: back to an earlier commit, or to one without a past.
func (w *world) rewrite(r *rand.Rand) {
	if len(w.repo.branch) < 2 {
		return
	}
	head := w.repo.head().wish
	w.repo.branch = w.repo.branch[:1+r.IntN(len(w.repo.branch)-1)]
	if r.IntN(3) == 0 {
		w.repo.branch = nil
		w.repo.push(head.clone(), true, "a history without a past")
	}
	w.say("the branch now ends with %s", short(w.repo.head().sha))
}

func (w *world) later(r *rand.Rand, most int) time.Time {
	return w.now.Add(time.Duration(1+r.IntN(most)) * time.Minute)
}

func (w *world) gitFails(r *rand.Rand)     { w.gitDown = w.later(r, 20) }
func (w *world) githubFails(r *rand.Rand)  { w.githubDown = w.later(r, 20) }
func (w *world) fillDisk(r *rand.Rand)     { w.diskFull = w.later(r, 8) }
func (w *world) monitorsFail(r *rand.Rand) { w.monitorsDown = w.later(r, 10) }
func (w *world) failLoad(*rand.Rand) {
	w.loadFails, w.first.death, w.first.deathAt = 1, beforeRecord, 1
}

func (w *world) alert(r *rand.Rand) { w.fire(r, pick(r, w.names())) }

func (w *world) alertInFlight(r *rand.Rand) {
	var moving []string
	for name, t := range w.judge.tracks {
		if t.started != nil {
			moving = append(moving, name)
		}
	}
	slices.Sort(moving)
	w.fire(r, pick(r, moving))
}

func (w *world) fire(r *rand.Rand, cluster string) {
	if cluster == "" {
		return
	}
	monitor, d := pick(r, []string{"under", "latency"}), time.Duration(1+r.IntN(15))*time.Minute
	w.say("%s fires on %s for %s", monitor, cluster, d)
	must(w.fleet.Alert(cluster, monitor, d))
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func (w *world) spoil(r *rand.Rand) {
	b := simfleet.BadVersion{Product: products(r), Version: fleet.Version{Tag: pick(r, pool[1:])}, Effect: simfleet.NeverReady, Share: 0.5}
	if r.IntN(2) == 0 {
		b.Effect, b.Delay = simfleet.Alerts, time.Duration(r.IntN(4))*time.Minute
	}
	w.say("%s %s is bad: %s", b.Product, b.Version, b.Effect)
	must(w.fleet.Spoil(b))
}

func (w *world) mend(*rand.Rand) {
	for _, p := range []string{"kafka", "ksqldb"} {
		for _, v := range pool {
			must(w.fleet.Mend(p, fleet.Version{Tag: v}))
		}
	}
}

func (w *world) blindMonitor(r *rand.Rand) {
	must(w.fleet.BlindMonitor(products(r), pick(r, []string{"under", "latency"}), pick(r, []string{"", "no data", "muted"})))
}

func (w *world) blindTo(r *rand.Rand) {
	must(w.fleet.BlindTo(pick(r, w.names()), pick(r, []string{"under", "latency"}), "silenced"))
}

func (w *world) seeMonitors(*rand.Rand) {
	for _, p := range []string{"kafka", "ksqldb"} {
		for _, m := range []string{"under", "latency"} {
			must(w.fleet.SeeMonitor(p, m))
		}
	}
}

func (w *world) monitorMissing(r *rand.Rand) {
	w.missing[plan.MonitorKey{Product: products(r), Monitor: pick(r, []string{"under", "latency"})}] = w.later(r, 10)
}

func (w *world) planeName(r *rand.Rand) string { return pick(r, w.planes).Name() }

func (w *world) planeUnreachable(r *rand.Rand) { w.unreachable[w.planeName(r)] = w.later(r, 12) }
func (w *world) planeLags(r *rand.Rand)        { w.lagging[w.planeName(r)] = w.later(r, 4) }
func (w *world) callsFail(r *rand.Rand)        { w.faulty[w.planeName(r)] = 0.1 + r.Float64()/2 }
func (w *world) callsSucceed(*rand.Rand)       { clear(w.faulty) }
func (w *world) planeVanishes(r *rand.Rand)    { w.vanished[w.planeName(r)] = true }

// planesReturn brings data planes back that were taken out of the configuration.
// To take one out says that its clusters are no longer Wavegate's.
func (w *world) planesReturn(*rand.Rand) {
	for name, c := range w.truth() {
		if w.vanished[c.DataPlane] {
			w.judge.track(name).joined = w.now
		}
	}
	clear(w.vanished)
}

func (w *world) byHand(r *rand.Rand) {
	name, v := pick(r, w.names()), pick(r, pool)
	t, c := w.judge.track(name), w.truth()[name]
	if t.started != nil || c.Target != c.Version || c.Updated < c.Replicas || c.Target.Tag == v {
		return
	}
	w.say("somebody sets %s to %s", name, v)
	must(w.fleet.SetVersion(name, fleet.Version{Tag: v}))
	t.byHand, t.handed, t.handAt = true, true, ""
	if c.Mark.Version == c.Version && w.judge.told[name+" "+c.Mark.Commit] {
		t.handAt = c.Mark.Commit
	}
}

func (w *world) loseBroker(r *rand.Rand) {
	name := pick(r, w.names())
	replicas, err := w.fleet.Replicas(name)
	must(err)
	if r.IntN(2) == 0 {
		must(w.fleet.Crash(name, r.IntN(len(replicas))))
		return
	}
	must(w.fleet.Restart(name, r.IntN(len(replicas))))
}

func (w *world) scale(r *rand.Rand) {
	name := pick(r, w.names())
	if w.judge.track(name).started == nil {
		must(w.fleet.Scale(name, 1+r.IntN(3)))
	}
}

func (w *world) join(r *rand.Rand) {
	if len(w.members) > 16 {
		return
	}
	m := w.draw(r, w.repo.commits[w.repo.branch[0]].wish, fmt.Sprintf("j%02d", w.cycles%100))
	if _, exists := w.members[m.Name]; exists {
		return
	}
	m.DataPlane = w.planeName(r)
	m.Version = fleet.Version{Tag: pool[r.IntN(4)]}
	w.say("%s joins in %s with %s", m.Name, m.Labels["tier"], m.Version)
	w.members[m.Name] = m
	must(w.fleet.Add(m))
}

func (w *world) leave(r *rand.Rand) {
	if name := pick(r, w.names()); len(w.members) > 4 {
		w.say("%s is gone", name)
		delete(w.members, name)
		must(w.fleet.Remove(name))
	}
}

func (w *world) obscure(r *rand.Rand) {
	must(w.fleet.Obscure(pick(r, w.names()), pick(r, []string{"", "two workloads have that name"})))
}

func (w *world) crash(r *rand.Rand) {
	w.first.death = pick(r, []death{beforeRecord, afterRecord, amidActs, amidActs, beforeDone, afterDone})
	w.first.deathAt = 1 + r.IntN(4)
	if r.IntN(4) == 0 {
		w.first.death, w.first.deathAt = beforeRecord, 1
	}
}

// loseLedger begins anew without a ledger.
func (w *world) loseLedger(*rand.Rand) {
	w.first = w.newInstance(w.first.name, &disk{})
	w.judge.ledgerLost(w.first)
}

func (w *world) rollLedgerBack(r *rand.Rand) {
	d := w.first.disk.copy()
	if n := len(d.records); n > 0 {
		d.records = d.records[:n-r.IntN(min(60, n))]
		d.events = d.events[:d.records[len(d.records)-1]]
	}
	w.first = w.newInstance(w.first.name, d)
	w.judge.ledgerLost(w.first)
}

func (w *world) jumpClock(r *rand.Rand) {
	w.offset = time.Duration(r.IntN(11)-5) * time.Hour
	w.say("the service's clock is off by %s", w.offset)
}

func (w *world) rightClock(*rand.Rand) { w.offset = 0 }

// suspend lets time pass in which the service does not run.
func (w *world) suspend(r *rand.Rand) { w.now = w.now.Add(time.Duration(3+r.IntN(90)) * time.Minute) }

func (w *world) command(c plan.Command) {
	c.At, c.By = w.now, "user:ann"
	w.say("%s %s%s", c.Kind, c.Release, c.Cluster)
	w.first.disk.submit(c)
}

func (w *world) releases(paused bool) []string {
	if w.last == nil {
		return nil
	}
	var out []string
	for _, id := range slices.Sorted(maps.Keys(w.last.State.Releases)) {
		if r := w.last.State.Releases[id]; (r.Paused != nil) == paused && (paused || r.CompletedAt.IsZero()) {
			out = append(out, id)
		}
	}
	return out
}

func (w *world) pause(r *rand.Rand) {
	if id := pick(r, w.releases(false)); id != "" {
		w.command(plan.Command{Kind: plan.CommandPause, Release: id})
	}
}

func (w *world) pauseAll(*rand.Rand) { w.command(plan.Command{Kind: plan.CommandPause}) }

func (w *world) resume(*rand.Rand) {
	for _, id := range append(w.releases(true), "") {
		if id == "" && (w.last == nil || w.last.State.Paused == nil) {
			continue
		}
		w.judge.resumes[id]++
		w.command(plan.Command{Kind: plan.CommandResume, Release: id})
	}
}

func (w *world) retry(r *rand.Rand) {
	var failed []string
	for name, c := range w.truth() {
		if c.Mark.Failed != "" {
			failed = append(failed, name)
		}
	}
	slices.Sort(failed)
	if name := pick(r, failed); name != "" {
		w.judge.track(name).retried = true
		w.command(plan.Command{Kind: plan.CommandRetry, Cluster: name})
	}
}

func (w *world) skip(r *rand.Rand) {
	name := pick(r, w.names())
	for _, v := range pool {
		w.judge.track(name).skipped[v] = true
	}
	w.command(plan.Command{Kind: plan.CommandSkip, Cluster: name})
}
