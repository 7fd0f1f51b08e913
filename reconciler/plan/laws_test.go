package plan_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// TestSafetyLawsHoldUnderFaults lets faults and operators interfere with a
// release at random and checks after every cycle what must never happen. It
// judges by what was done to the replicas, not by what the plan says of itself.
func TestSafetyLawsHoldUnderFaults(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := smallWorld(rt)
		if rapid.Bool().Draw(rt, "words") {
			w.words()
		}
		if rapid.Bool().Draw(rt, "looks") {
			w.looks(time.Duration(rapid.IntRange(1, 8).Draw(rt, "for")) * time.Minute)
		}
		o := &oracle{t: rt, w: w, lastOrdinal: map[string]int{}, halted: map[string]bool{}, lastStart: map[string]int{}}
		w.setVersion("c1", "canary", "7.6.1")
		commits := 1
		steps := rapid.IntRange(5, 60).Draw(rt, "steps")
		for range steps {
			o.disturb(&commits)
			for range rapid.IntRange(1, 8).Draw(rt, "cycles") {
				w.now = w.now.Add(30 * time.Second)
				w.watched = 30 * time.Second
				w.cycle()
				o.check()
			}
		}
		w.prove()
	})
}

// oracle checks the safety laws from the outside.
type oracle struct {
	t             *rapid.T
	w             *world
	seen          int
	lastOrdinal   map[string]int
	halted        map[string]bool // releases that were halted and not resumed
	haltedAll     bool
	lastStart     map[string]int
	soaked        map[wave]time.Duration // by wave, after the cycle before
	touchedBefore int                    // replicas
	judged        int                    // events of the history that were judged
}

type wave struct {
	plan.TargetKey
	release string
	number  int
}

func (o *oracle) disturb(commits *int) {
	w, t := o.w, o.t
	name := rapid.SampledFrom(w.names()).Draw(t, "cluster")
	m := w.clusters[name]
	switch rapid.SampledFrom([]string{
		"nothing", "nothing", "promote", "supersede", "revert", "alert", "outage", "quiet", "quiet", "blind", "blind spot", "sight", "lose", "find",
		"pause", "resume", "crash", "bad", "good", "by hand", "pin", "unpin", "retry", "skip", "conflicts", "calm",
		"scale", "lose ledger", "older ledger", "blackout", "light", "pause all", "resume all", "move",
	}).Draw(t, "fault") {
	case "promote":
		*commits++
		w.setVersion(fmt.Sprintf("c%d", *commits), "prod", w.state.Targets[plan.TargetKey{Product: "kafka", Cohort: "canary"}].Version.Tag)
	case "supersede":
		*commits++
		w.setVersion(fmt.Sprintf("c%d", *commits), "canary", rapid.SampledFrom([]string{"7.6.1", "7.6.2", "7.7.0", "7.8.0"}).Draw(t, "version"))
	case "revert":
		*commits++
		w.setVersion(fmt.Sprintf("c%d", *commits), "canary", "7.6.0")
	case "outage":
		for _, other := range w.names() {
			if w.clusters[other].DataPlane == m.DataPlane {
				w.fire(other, w.now)
			}
		}
	case "alert":
		w.alerts = append(w.alerts, plan.Alert{Product: "kafka", Monitor: "under-replicated", Cluster: name, Since: w.now})
	case "quiet":
		w.alerts = nil
	case "blind":
		w.blind[plan.MonitorKey{Product: "kafka", Monitor: "under-replicated"}] = "no data"
	case "blind spot":
		w.blindTo(name)
	case "sight":
		clear(w.blind)
		w.spots = nil
	case "lose":
		w.lost[m.DataPlane] = true
	case "find":
		clear(w.lost)
	case "pause", "pause all":
		o.command(plan.CommandPause)
	case "resume", "resume all":
		o.command(plan.CommandResume)
	case "crash":
		o.crash()
	case "lose ledger":
		o.loseLedger()
	case "older ledger":
		// The commits since then are admitted anew, which here is one.
		w.rollBack(rapid.IntRange(len(w.history)/2, len(w.history)).Draw(t, "events"))
		w.merge(fmt.Sprintf("again%d", len(w.history)), func(*fleet.Spec) {})
		o.soaked = nil // what disturbed a soak since then is forgotten
	case "bad":
		m.bad = v("7.6.1")
	case "good":
		m.bad = fleet.Version{}
	case "by hand":
		if !m.InFlight() && len(m.down) == 0 {
			m.Version, m.Target = v("7.5.9"), v("7.5.9")
			for i := range m.runs {
				m.runs[i] = m.Version
			}
			m.look()
		}
	case "pin":
		w.merge(w.state.InForce.Commit, func(s *fleet.Spec) {
			s.Pins = []fleet.Pin{{Meta: fleet.Meta{Name: "p"}, Spec: fleet.PinSpec{
				Clusters: []string{name}, Owner: "user:x", Reason: "audit", Expires: fleet.Moment{Time: w.now.Add(20 * time.Minute)},
			}}}
		})
	case "unpin":
		w.merge(w.state.InForce.Commit, func(s *fleet.Spec) { s.Pins = nil })
	case "blackout":
		w.merge(w.state.InForce.Commit, func(s *fleet.Spec) {
			s.Windows = []fleet.Window{{Meta: fleet.Meta{Name: "b"}, Spec: fleet.WindowSpec{
				Type: fleet.Blackout, From: w.now.Format("2006-01-02T15:04"), Until: w.now.Add(15 * time.Minute).Format("2006-01-02T15:04"),
				InFlight: rapid.SampledFrom([]fleet.InFlight{fleet.InFlightFinish, fleet.InFlightPause}).Draw(t, "rule"),
			}}}
		})
	case "light":
		w.merge(w.state.InForce.Commit, func(s *fleet.Spec) { s.Windows = nil })
	case "retry":
		o.member(plan.CommandRetry, name)
	case "skip":
		o.member(plan.CommandSkip, name)
	case "conflicts":
		w.conflict = func(a plan.Action) bool { return len(a.Cluster)%2 == 0 }
	case "calm":
		w.conflict = nil
	case "move":
		m.Labels = maps.Clone(m.Labels)
		m.Labels["tier"] = rapid.SampledFrom([]string{"canary", "prod"}).Draw(t, "tier")
		m.look()
	case "scale":
		if !m.InFlight() && len(m.down) == 0 {
			m.Replicas++
			m.runs = append(m.runs, m.Version)
			m.look()
		}
	}
}

func (o *oracle) command(kind plan.CommandKind) {
	release := ""
	if ids := o.releases(); len(ids) > 0 && rapid.Bool().Draw(o.t, "one release") {
		release = rapid.SampledFrom(ids).Draw(o.t, "release")
	}
	o.obey(plan.Command{Kind: kind, Release: release})
}

func (o *oracle) member(kind plan.CommandKind, name string) {
	o.obey(plan.Command{Kind: kind, Cluster: name})
}

func (o *oracle) obey(cmd plan.Command) {
	cmd.At, cmd.By = o.w.now, "user:ann"
	events, _ := plan.Obey(o.w.state, o.w.inv, o.w.plan, []plan.Command{cmd})
	for _, e := range events {
		o.w.apply(e)
		if e.Kind == plan.Resumed {
			if e.Release == "" {
				o.haltedAll = false
			}
			delete(o.halted, e.Release)
		}
	}
}

func (o *oracle) releases() []string {
	var ids []string
	for _, r := range o.w.plan.Rollouts {
		if r.Release != "" {
			ids = append(ids, r.Release)
		}
	}
	return ids
}

// crash forgets everything but the ledger.
func (o *oracle) crash() {
	w := o.w
	state := plan.NewState()
	for _, e := range w.history {
		state.Apply(e)
	}
	w.state, w.inv, w.plan = state, plan.NewInventory(), nil
}

// loseLedger forgets everything: what the clusters remember must do.
func (o *oracle) loseLedger() {
	w := o.w
	w.prove()
	w.history, w.state, w.inv, w.plan = nil, plan.NewState(), plan.NewInventory(), nil
	o.judged = 0
	w.merge("head"+w.spec.Cohorts[0].Spec.Versions["kafka"].Tag, func(*fleet.Spec) {})
}

// checkHalts remembers the halts that were recorded while the data planes could
// be reached, and finds touches that came after one.
func (o *oracle) checkHalts() {
	w := o.w
	for _, x := range w.touched[o.seen:] {
		if release := w.clusters[x.cluster].Mark.Release; o.haltedAll || o.halted[release] {
			o.t.Fatalf("%s was touched after its release %s had been halted", x.cluster, release)
		}
	}
	if len(w.lost) > 0 || w.conflict != nil {
		return
	}
	o.haltedAll = o.haltedAll || w.state.Paused != nil
	for id, r := range w.state.Releases {
		if r.Paused != nil {
			o.halted[id] = true
		}
	}
}

// check judges what was done in the last cycle.
func (o *oracle) check() {
	w := o.w
	o.checkHalts()
	for _, x := range w.touched[o.seen:] {
		m := w.clusters[x.cluster]
		if m.Mark.Commit == "" {
			o.t.Fatalf("%s was touched and its mark names no commit", x.cluster)
		}
		if w.state.Paused != nil {
			o.t.Fatalf("%s was touched while everything is paused", x.cluster)
		}
		if w.state.Releases[m.Mark.Release] == nil {
			o.t.Fatalf("%s was touched, and its release %s is unknown", x.cluster, m.Mark.Release)
		}
		for id, r := range w.state.Releases {
			if r.Paused != nil {
				o.t.Fatalf("%s was touched while release %s of its product is paused", x.cluster, id)
			}
		}
		if len(w.blind) > 0 {
			o.t.Fatalf("%s was touched while a monitor is blind", x.cluster)
		}
		if w.isBlindTo(x.cluster) {
			o.t.Fatalf("%s was touched while a monitor is blind to it", x.cluster)
		}
		for _, a := range w.alerts {
			if a.Cluster == x.cluster && !x.stranded {
				o.t.Fatalf("%s was touched while an alert fires on it", x.cluster)
			}
		}
		if w.lost[m.DataPlane] {
			o.t.Fatalf("%s was touched while its data plane is out of reach", x.cluster)
		}
		if o.lastStart[x.cluster] == x.start && x.ordinal >= o.lastOrdinal[x.cluster] {
			o.t.Fatalf("%s: replica %d was touched after replica %d", x.cluster, x.ordinal, o.lastOrdinal[x.cluster])
		}
		o.lastStart[x.cluster], o.lastOrdinal[x.cluster] = x.start, x.ordinal
		for _, pin := range w.spec.Pins {
			if pin.Spec.Clusters[0] == x.cluster && w.now.Before(pin.Spec.Expires.Time) {
				o.t.Fatalf("%s was touched though pinned", x.cluster)
			}
		}
		if m.Labels["tier"] == "prod" && m.Target != v("7.6.0") {
			if _, done := w.state.Done[plan.DoneKey{TargetKey: plan.TargetKey{Product: "kafka", Cohort: "canary"}, Version: m.Target}]; !done {
				o.t.Fatalf("%s goes to %s before canary has soaked it", x.cluster, m.Target)
			}
		}
	}
	o.seen = len(w.touched)
	o.checkLimits()
	o.checkSoaks()
	o.checkCharges()
	o.checkLooks()
}

// looks lets the monitor fire for a moment.
func (w *world) looks(d time.Duration) {
	w.edit(func(s *fleet.Spec) {
		s.Products[0].Spec.Monitors = slices.Clone(s.Products[0].Spec.Monitors)
		s.Products[0].Spec.Monitors[0].For = fleet.Duration(d)
	})
}

// firesSince returns since when the monitor fires on a cluster.
func (w *world) firesSince(cluster string) (since time.Time, fires bool) {
	for _, a := range w.alerts {
		if a.Cluster == cluster && (!fires || a.Since.Before(since)) {
			since, fires = a.Since, true
		}
	}
	return since, fires
}

// checkCharges judges every failure that a monitor is the reason of: it fires now,
// it did not before the upgrade began, it has fired for as long as it may or for
// the second time, and not as often where nothing was touched.
func (o *oracle) checkCharges() {
	w := o.w
	may := time.Duration(w.spec.Products[0].Spec.Monitors[0].For)
	began, passed := map[string]time.Time{}, map[string]bool{}
	for i, e := range w.history {
		switch e.Kind {
		case plan.ClusterStarted, plan.ClusterRetried:
			began[e.Cluster], passed[e.Cluster] = e.At, false
		case plan.AlertPassed:
			passed[e.Cluster] = true
		case plan.ClusterFailed:
			if i < o.judged || e.Evidence.Monitor == "" {
				continue
			}
			since, fires := w.firesSince(e.Cluster)
			x := e.Evidence
			switch {
			case !fires:
				o.t.Fatalf("%s was charged with an alert that does not fire", e.Cluster)
			case x.Judgement != plan.Charged || !x.StartedAt.Equal(began[e.Cluster]):
				o.t.Fatalf("%s was charged on the evidence %+v; its upgrade began at %s", e.Cluster, x, began[e.Cluster])
			case x.Again && !passed[e.Cluster]:
				o.t.Fatalf("%s was charged with an alert that comes again, and none had passed", e.Cluster)
			case !x.Again && since.Before(began[e.Cluster]) && x.Since.Before(began[e.Cluster]):
				o.t.Fatalf("%s was charged with an alert of %s, before its start at %s", e.Cluster, since, began[e.Cluster])
			case !x.Again && w.now.Sub(since) < may:
				o.t.Fatalf("%s was charged with an alert of %s; it may fire for %s", e.Cluster, w.now.Sub(since), may)
			case x.UntouchedFiring >= 2 && x.Touched > 0 && x.UntouchedFiring*x.Touched >= x.TouchedFiring*x.Untouched:
				o.t.Fatalf("%s was charged with what fires as much where nothing was touched: %+v", e.Cluster, x)
			}
		}
	}
	o.judged = len(w.history)
}

// checkLooks finds touches of a product of which one failure more than is allowed
// may be under way: who waits for the end of an alert does not go on meanwhile.
func (o *oracle) checkLooks() {
	w := o.w
	if len(w.touched) == o.touchedBefore {
		return
	}
	o.touchedBefore = len(w.touched)
	if slices.ContainsFunc(w.plan.Notes, func(n string) bool { return strings.Contains(n, "environment") }) {
		return // what is noticed may be excused
	}
	for id, release := range w.state.Releases {
		suspects, allowed := 0, -1
		for _, r := range w.state.Rollouts {
			if r.Release != id || !r.FinishedAt.IsZero() {
				continue
			}
			for _, b := range r.Blips {
				if b.OverAt.IsZero() && !b.Excused {
					suspects++
				}
			}
			budget := map[string]int{"canary": 0, "prod": 1}[r.Cohort]
			if allowed < 0 || budget < allowed {
				allowed = budget
			}
		}
		if suspects > 0 && allowed >= 0 && len(release.Failures)+suspects > max(allowed, release.Acknowledged) {
			o.t.Fatalf("a replica was touched while %d alerts are looked at, with %d failures and %d allowed", suspects, len(release.Failures), allowed)
		}
	}
}

func (w *world) isBlindTo(cluster string) bool {
	return slices.ContainsFunc(w.spots, func(s plan.BlindSpot) bool { return s.Cluster == cluster })
}

// checkSoaks finds waves that soaked on while nobody could see how one of their
// clusters is, or while one of them was alerting.
func (o *oracle) checkSoaks() {
	w, soaked := o.w, map[wave]time.Duration{}
	for key, r := range w.state.Rollouts {
		for i := range r.Waves {
			id := wave{key, r.Release, i}
			soaked[id] = r.Waves[i].Soaked
			before, known := o.soaked[id]
			if !known || soaked[id] <= before {
				continue
			}
			for _, m := range r.Members {
				if m.Wave != i || m.Status != plan.Finished || w.clusters[m.Cluster].Labels["tier"] != key.Cohort {
					continue // not of the wave, or given to another cohort since
				}
				alerts := slices.ContainsFunc(w.alerts, func(a plan.Alert) bool { return a.Cluster == m.Cluster })
				if alerts || len(w.blind) > 0 || w.isBlindTo(m.Cluster) {
					o.t.Fatalf("wave %d of %s soaked on while %s could not be seen to be quiet", i+1, key.Cohort, m.Cluster)
				}
			}
		}
	}
	o.soaked = soaked
}

// checkLimits counts what is in flight. By-hand changes are at rest at once, so
// all of it is Wavegate's.
func (o *oracle) checkLimits() {
	total, customers := 0, map[string]int{}
	for _, m := range o.w.clusters {
		if m.InFlight() {
			total++
			customers[m.Labels["customer"]]++
		}
	}
	if total > 4 {
		o.t.Fatalf("%d clusters in flight, 4 allowed", total)
	}
	for c, n := range customers {
		if n > 1 {
			o.t.Fatalf("%d clusters of customer %s in flight, 1 allowed", n, c)
		}
	}
}
