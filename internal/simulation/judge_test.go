package simulation_test

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

var (
	nowhere    = context.Background()
	everything = []fleet.Product{{Meta: fleet.Meta{Name: "kafka"}}, {Meta: fleet.Meta{Name: "ksqldb"}}}
)

// laws are the sentences of the safety laws that are judged here.
var laws = map[int]string{
	1:  "every change to a cluster traces to an admitted commit",
	2:  "one commit moves at most one cohort",
	3:  "a cohort starts only after its predecessors finished and soaked",
	4:  "what is in flight never exceeds a limit",
	5:  "after a halt is recorded no broker is touched until an authorised resume",
	6:  "a halt survives crash, failover, new commits and the loss of the ledger",
	7:  "nothing is touched without a trace",
	8:  "no start inside a blackout, and the declared rule for what is in flight",
	9:  "an unknown signal is never read as healthy",
	10: "a soak is never shortened",
	12: "a wave starts only when the one before has finished",
	13: "no action on state older than what was seen",
	14: "nothing is started twice and no budget is refunded",
	16: "an invalid desired state changes nothing",
	17: "at most one broker of a cluster is down at a time",
	18: "no version hop that the policy forbids",
	19: "a cluster that is not well is not started, and not gone on with",
	20: "a change by hand is not silently reverted",
	23: "once faults end, admitted work completes or says why it waits",
}

// verdict is a law that was broken.
type verdict struct {
	law     int
	cluster string
	why     string
}

// judge sees what is done to the clusters, and what the outside truly was when it
// was done. It knows nothing of how the service decides.
type judge struct {
	w      *world
	broken *verdict

	state   map[string]*plan.Cluster // before this cycle
	tracks  map[string]*track
	force   map[*instance]string // the commit in force, by what the instance has recorded
	base    map[*instance]string // the first commit that was in force
	since   map[*instance]map[string]time.Time
	asked   map[string]time.Time            // the same, whatever instance, by the right clock
	halted  map[*instance]map[string]string // release, or nothing for all -> its product
	resumes map[string]int                  // words of operators that were not used up
	charged map[string]map[string]bool      // by release: clusters that failed, as seen from outside
	pardon  map[string]bool                 // releases that were resumed since
	began   time.Time
	lost    time.Time                  // when a ledger was last lost or rolled back
	told    map[string]bool            // cluster and commit: recorded as finished
	proved  map[string]bool            // cohort, product and version: finished and soaked
	ever    map[string]map[string]bool // by cohort and product: clusters that there were
}

// track is what the judge remembers of a cluster.
type track struct {
	ran     map[string]time.Time // version -> since when it was seen complete
	started *started             // by the service; nil when at rest
	byHand  bool                 // somebody changed it since it was last started
	handed  bool                 // somebody ever changed it
	handAt  string               // the commit under which it had finished when it was changed by hand
	joined  time.Time
	skipped map[string]bool // versions for which an operator let go of it
	retried bool
	pinned  bool // by a commit that was in force
}

type started struct {
	commit, release, version string
	at                       time.Time
	cohort                   string
}

func newJudge(w *world) *judge {
	j := &judge{
		w: w, tracks: map[string]*track{}, force: map[*instance]string{}, base: map[*instance]string{}, since: map[*instance]map[string]time.Time{}, asked: map[string]time.Time{},
		halted: map[*instance]map[string]string{}, resumes: map[string]int{}, charged: map[string]map[string]bool{}, pardon: map[string]bool{}, proved: map[string]bool{}, told: map[string]bool{},
		ever: map[string]map[string]bool{},
	}
	return j
}

func (j *judge) guilty() bool { return j.broken != nil }

func (j *judge) accuse(law int, cluster, format string, args ...any) {
	if j.broken == nil {
		j.broken = &verdict{law, cluster, fmt.Sprintf(format, args...)}
	}
}

func (j *judge) track(name string) *track {
	t := j.tracks[name]
	if t == nil {
		t = &track{ran: map[string]time.Time{}, skipped: map[string]bool{}, joined: j.w.now}
		j.tracks[name] = t
	}
	return t
}

// before looks at all clusters as they truly are.
func (j *judge) before() {
	j.state = j.w.truth()
	if j.began.IsZero() {
		j.began = j.w.now
	}
	for name := range j.tracks {
		if j.state[name] == nil {
			delete(j.tracks, name)
		}
	}
	for name, c := range j.state {
		t := j.track(name)
		key := c.Labels["tier"] + " " + c.Product // a cohort is called after the tier that it selects
		if j.ever[key] == nil {
			j.ever[key] = map[string]bool{}
		}
		j.ever[key][name] = true
		if c.Version == c.Target && c.Updated == c.Replicas && c.Ready == c.Replicas {
			if _, ok := t.ran[c.Version.Tag]; !ok {
				t.ran[c.Version.Tag] = j.w.now
			}
			if t.started != nil && t.started.version == c.Version.Tag && !t.byHand {
				t.started = nil
			}
		}
		if c.Mark.Failed != "" && c.Mark.Release != "" {
			j.charge(c.Mark.Release, name)
		}
	}
}

func (j *judge) charge(release, cluster string) {
	if j.charged[release] == nil {
		j.charged[release] = map[string]bool{}
	}
	j.charged[release][cluster] = true
}

// attempt judges an action at the moment at which a data plane is asked for it.
func (j *judge) attempt(in *instance, a *plan.Action) {
	c := j.state[a.Cluster]
	if c == nil || a.Expect != c.Revision || (a.Kind != plan.Start && a.Kind != plan.Step) {
		return // it is refused as a conflict
	}
	w := j.wish(in)
	if w == nil {
		j.accuse(1, a.Cluster, "%s %s while no commit is in force", a.Kind, a.Cluster)
		return
	}
	cohort := w.cohortOf(c.Labels)
	wanted := w.version(cohort, c.Product, j.w.clock())
	if a.Kind == plan.Step {
		j.step(in, a, c, w)
	}
	if a.Kind == plan.Start {
		j.start(in, a, c, w, cohort, wanted)
	}
	j.both(in, a, c, w, cohort)
}

func (j *judge) wish(in *instance) *wish {
	if c := j.w.repo.commits[j.force[in]]; c != nil {
		return c.wish
	}
	return nil
}

// both judges what a start and a step have in common.
func (j *judge) both(in *instance, a *plan.Action, c *plan.Cluster, w *wish, cohort string) {
	t := j.track(a.Cluster)
	for release, product := range j.halted[in] {
		if release == "" || product == c.Product {
			j.accuse(5, a.Cluster, "%s %s while %s is paused", a.Kind, a.Cluster, orAll(release))
		}
	}
	if in.unrecorded {
		j.accuse(7, a.Cluster, "%s %s while the ledger cannot be written", a.Kind, a.Cluster)
	}
	for name, p := range w.pins {
		if slices.Contains(p.clusters, a.Cluster) && j.w.clock().Before(p.expires) {
			j.accuse(1, a.Cluster, "%s %s though it is pinned by %s", a.Kind, a.Cluster, name)
		}
	}
	if why := j.blind(in, c, w); why != "" {
		j.accuse(9, a.Cluster, "%s %s while %s", a.Kind, a.Cluster, why)
	}
	if !in.looked[c.DataPlane] && !j.w.now.Before(j.w.lagging[c.DataPlane]) {
		j.accuse(13, a.Cluster, "%s %s though its data plane did not answer", a.Kind, a.Cluster)
	}
	if c.Unknown != "" {
		j.accuse(9, a.Cluster, "%s %s though it is unknown: %s", a.Kind, a.Cluster, c.Unknown)
	}
	if a.Mark.Commit == "" || j.w.repo.commits[a.Mark.Commit] == nil {
		j.accuse(1, a.Cluster, "%s %s for commit %q, which does not exist", a.Kind, a.Cluster, a.Mark.Commit)
	}
	if max, ok := j.allowance(w, c.Product); ok && len(j.charged[a.Mark.Release]) > max && !j.pardon[a.Mark.Release] && !t.retried {
		j.accuse(14, a.Cluster, "%s %s though %d clusters have failed in %s and %d may", a.Kind, a.Cluster, len(j.charged[a.Mark.Release]), a.Mark.Release, max)
	}
}

// allowance is the largest budget of a cohort that runs the product.
func (j *judge) allowance(w *wish, product string) (int, bool) {
	most, found := 0, false
	for _, co := range w.cohorts {
		if _, ok := co.versions[product]; ok {
			most, found = max(most, co.maxFailures), true
		}
	}
	return most, found
}

func orAll(release string) string {
	if release == "" {
		return "everything"
	}
	return release
}

// blind says what the monitors cannot tell of a cluster.
func (j *judge) blind(in *instance, c *plan.Cluster, w *wish) string {
	if in.heardErr != nil {
		return "the monitors do not answer"
	}
	for _, m := range w.products[c.Product].monitors {
		key := plan.MonitorKey{Product: c.Product, Monitor: m}
		s, ok := in.heard.Sources[key]
		switch {
		case !ok:
			return "monitor " + m + " says nothing"
		case s.Unknown != "":
			return "monitor " + m + " is blind: " + s.Unknown
		case j.w.clock().Sub(s.AsOf) > 5*time.Minute:
			return "what monitor " + m + " says is old"
		}
	}
	for _, s := range in.heard.Blind {
		if s.Cluster == c.Name && slices.Contains(w.products[c.Product].monitors, s.Monitor) {
			return "monitor " + s.Monitor + " is blind to it"
		}
	}
	return ""
}

// fires returns an alert of the product that fires on a cluster, as the instance
// has heard.
func (j *judge) fires(in *instance, c *plan.Cluster, w *wish) string {
	for _, a := range in.heard.Alerts {
		if a.Cluster == c.Name && a.Product == c.Product && slices.Contains(w.products[c.Product].monitors, a.Monitor) {
			return a.Monitor
		}
	}
	return ""
}

// step judges the release of one broker.
func (j *judge) step(in *instance, a *plan.Action, c *plan.Cluster, w *wish) {
	t := j.track(a.Cluster)
	if alert := j.fires(in, c, w); alert != "" && !c.Stranded {
		j.accuse(19, a.Cluster, "step %s while %s fires on it", a.Cluster, alert)
	}
	if c.Ready < c.Replicas && !c.Stranded {
		j.accuse(17, a.Cluster, "step %s while %d of %d brokers are ready", a.Cluster, c.Ready, c.Replicas)
	}
	settle := w.products[c.Product].settle
	if !c.Stranded && !c.ReadySince.IsZero() && j.w.clock().Sub(c.ReadySince) < settle && j.w.offset == 0 && c.Updated > 0 {
		j.accuse(17, a.Cluster, "step %s %s after its brokers were ready, settle is %s", a.Cluster, j.w.now.Sub(c.ReadySince), settle)
	}
	if a.Ordinal != c.Next {
		j.accuse(17, a.Cluster, "step %s at broker %d, the next is %d", a.Cluster, a.Ordinal, c.Next)
	}
	if t.byHand && (t.started == nil || t.started.version != c.Target.Tag) {
		j.accuse(20, a.Cluster, "step %s to %s, which somebody set by hand", a.Cluster, c.Target)
	}
	if name := w.closed(c, j.w.clock(), true); name != "" && !w.overrides(c.Product, time.Time{}) {
		j.accuse(8, a.Cluster, "step %s inside a window that pauses what is in flight: %s", a.Cluster, name)
	}
}

// closed returns a window that keeps a cluster as it is at a time: a blackout that it
// is inside of, or one of its maintenance windows when it is outside of them all.
func (w *wish) closed(c *plan.Cluster, now time.Time, inFlight bool) string {
	outside, inside, pauses := "", false, false
	for _, name := range slices.Sorted(maps.Keys(w.windows)) {
		switch v := w.windows[name]; {
		case !v.concerns(c):
		case v.maintenance:
			outside, inside, pauses = name, inside || v.within(now), pauses || v.pause
		case v.within(now) && (v.pause || !inFlight):
			return name
		}
	}
	if inside || inFlight && !pauses {
		return ""
	}
	return outside
}

func (v windowWish) concerns(c *plan.Cluster) bool { return v.geo == "" || v.geo == c.Labels["geo"] }

// overrides reports whether an emergency takes a product through blackouts.
func (w *wish) overrides(product string, now time.Time) bool {
	u := w.urgent
	return u != nil && u.product == product && u.skipBlackout && now.Before(u.expires)
}

// version is what a cohort shall run of a product.
func (w *wish) version(cohort, product string, now time.Time) string {
	if u := w.urgent; u != nil && u.product == product && w.cohorts[cohort].versions[product] != "" && now.Before(u.expires) {
		return u.version
	}
	return w.cohorts[cohort].versions[product]
}

// start judges the beginning of an upgrade.
func (j *judge) start(in *instance, a *plan.Action, c *plan.Cluster, w *wish, cohort, wanted string) {
	t, inFlight := j.track(a.Cluster), c.Target != c.Version || c.Updated < c.Replicas
	if a.Version.Tag != wanted {
		j.accuse(1, a.Cluster, "start %s to %s, but commit %s, which is in force, says %q for cohort %s", a.Cluster, a.Version, short(j.force[in]), wanted, cohort)
	}
	if a.Version == c.Target && !t.byHand && c.Target == c.Version && c.Updated == c.Replicas {
		j.accuse(14, a.Cluster, "start %s to %s, which it runs", a.Cluster, a.Version)
	}
	if t.handAt != "" && t.handAt == a.Mark.Commit && !t.retried {
		j.accuse(20, a.Cluster, "start %s to %s again under commit %s after somebody had changed it by hand", a.Cluster, a.Version, short(a.Mark.Commit))
	}
	p := w.products[c.Product]
	if why := forbidden(c.Version.Tag, a.Version.Tag, p); why != "" {
		j.accuse(18, a.Cluster, "start %s from %s to %s: %s", a.Cluster, c.Version, a.Version, why)
	}
	if inFlight {
		return // it goes on to another version: what follows was asked at its start
	}
	if name := w.closed(c, j.w.clock(), false); name != "" && !w.overrides(c.Product, j.w.clock()) {
		j.accuse(8, a.Cluster, "start %s inside window %s", a.Cluster, name)
	}
	if alert := j.fires(in, c, w); alert != "" {
		j.accuse(19, a.Cluster, "start %s while %s fires on it", a.Cluster, alert)
	}
	if c.Ready < c.Replicas {
		j.accuse(19, a.Cluster, "start %s while %d of %d brokers are ready", a.Cluster, c.Ready, c.Replicas)
	}
	if w.urgent == nil {
		j.predecessors(in, a, c, w, cohort)
		j.waves(a, c, w, cohort)
	}
	j.limits(in, a, c, w)
}

func forbidden(from, to string, p productWish) string {
	f, t := numbers(from), numbers(to)
	switch {
	case slices.Compare(t, f) < 0 && !p.downgrade:
		return "a downgrade"
	case t[0] != f[0] || t[1]-f[1] > p.skip || f[1]-t[1] > p.skip:
		return "too many minor versions at once"
	default:
		return ""
	}
}

func numbers(version string) []int {
	var out []int
	for _, s := range strings.Split(version, ".") {
		n, _ := strconv.Atoi(s)
		out = append(out, n)
	}
	return out
}

// limits counts what the service has in flight, this one included.
func (j *judge) limits(in *instance, a *plan.Action, c *plan.Cluster, w *wish) {
	for _, l := range w.limits {
		n := 1
		for name, t := range j.tracks {
			other := j.state[name]
			if name == a.Cluster || t.started == nil || other == nil || j.w.vanished[other.DataPlane] {
				continue
			}
			if l.label == "" || l.value(c) == l.value(other) {
				n++
			}
		}
		if n > l.max {
			j.accuse(4, a.Cluster, "start %s: %d in flight with %s %s, %d allowed", a.Cluster, n, l.label, l.value(c), l.max)
		}
	}
}

func (l limitWish) value(c *plan.Cluster) string {
	if l.label == "wavegate.dev/data-plane" {
		return c.DataPlane
	}
	return c.Labels[l.label]
}

// predecessors judges whether the cohorts before have run the version, and for
// long enough.
func (j *judge) predecessors(in *instance, a *plan.Action, c *plan.Cluster, w *wish, cohort string) {
	stage := w.stage(cohort)
	began := func(cohort string) bool {
		b := j.w.repo.commits[j.base[in]]
		return b != nil && b.wish.cohorts[cohort].versions[c.Product] == a.Version.Tag
	}
	if began(cohort) {
		return // it may always go back to what it ran when the service began
	}
	for _, name := range w.names() {
		before, ok := w.cohorts[name].versions[c.Product]
		if w.stage(name) >= stage || !ok {
			continue
		}
		since, ok := j.since[in][name+" "+c.Product+" "+a.Version.Tag]
		if before != a.Version.Tag {
			if slices.Compare(numbers(before), numbers(a.Version.Tag)) > 0 {
				continue // it went on to a newer one
			}
			if !ok && !began(name) {
				j.accuse(3, a.Cluster, "start %s to %s in %s, but %s, which comes before, is to run %s", a.Cluster, a.Version, cohort, name, before)
			}
			continue // it has run it, or was to, and then went back
		}
		if !ok {
			continue // it was so when the service began
		}
		key := name + " " + c.Product + " " + a.Version.Tag
		if j.proved[key] {
			continue // who comes late, from under a pin, takes nothing back
		}
		if j.finished(a, w, c.Product, name, since); !j.guilty() {
			j.proved[key] = true
		}
	}
}

// finished judges whether a cohort is through with a version that it has been
// asked for since a time.
func (j *judge) finished(a *plan.Action, w *wish, product, cohort string, since time.Time) {
	var last time.Time
	v := a.Version.Tag
	for _, name := range slices.Sorted(maps.Keys(j.state)) {
		c, t := j.state[name], j.track(name)
		if c.Product != product || w.cohortOf(c.Labels) != cohort || !t.joined.Before(since.Add(-interval)) || t.skipped[v] || t.retried || t.byHand || t.pinned ||
			slices.Compare(numbers(c.Version.Tag), numbers(v)) > 0 || c.Mark.Failed != "" || j.pinned(w, name) || j.w.vanished[c.DataPlane] {
			continue
		}
		at, ok := t.ran[v]
		if !ok {
			j.accuse(3, a.Cluster, "start %s to %s, but %s of cohort %s has not run it", a.Cluster, v, name, cohort)
			continue
		}
		if at.After(last) {
			last = at
		}
	}
	waves := w.cohorts[cohort].waves
	for _, c := range j.state {
		if w.cohortOf(c.Labels) == cohort && c.Product == product && c.Mark.Commit != "" && j.recut(c.Mark.Commit, w, cohort) {
			return
		}
	}
	if soak := waves[len(waves)-1].soak; last.After(since) && j.w.now.Sub(last) < soak-interval {
		j.accuse(10, a.Cluster, "start %s to %s %s after cohort %s has finished, it is to soak for %s", a.Cluster, v, j.w.now.Sub(last), cohort, soak)
	}
}

func (j *judge) pinned(w *wish, cluster string) bool {
	for _, p := range w.pins {
		if slices.Contains(p.clusters, cluster) {
			return true
		}
	}
	return false
}

// waves judges the sizes and soaks of the waves, by counting who has started.
func (j *judge) waves(a *plan.Action, c *plan.Cluster, w *wish, cohort string) {
	if j.recut(a.Mark.Commit, w, cohort) {
		return
	}
	v := a.Version.Tag
	members := len(j.ever[cohort+" "+c.Product]) // also those that have left since
	present, uncounted := 0, 0
	var others []string // started for this commit before
	for name, other := range j.state {
		if other.Product != c.Product || w.cohortOf(other.Labels) != cohort {
			continue
		}
		present++
		if t := j.track(name); t.retried || other.Mark.Failed != "" || t.joined.After(j.began) || t.pinned || other.Mark.StartedAt.Before(j.lost) {
			uncounted++
		}
		if name != a.Cluster && other.Mark.Commit == a.Mark.Commit && other.Mark.Version.Tag == v && !other.Mark.StartedAt.IsZero() {
			if _, ran := j.track(name).ran[v]; !ran && other.Target.Tag != v {
				uncounted++ // it carries a word about a pause, and was not started
			}
			others = append(others, name)
			continue
		}
		t := j.track(name)
		if _, ran := t.ran[v]; name != a.Cluster && (ran || t.byHand || t.handed || t.skipped[v] || j.pinned(w, name)) {
			uncounted++ // it may have had a place in a wave without being started
		}
	}
	uncounted += members - present // who has left may have been of any wave
	if uncounted > 0 {
		return // which of those that have started make up a wave cannot be told
	}
	allowed := 0
	for i, wave := range w.cohorts[cohort].waves {
		size := wave.size
		if wave.percent > 0 {
			size = max(1, members*wave.percent/100)
		}
		allowed += size
		if i == len(w.cohorts[cohort].waves)-1 {
			break
		}
		if len(others) < allowed {
			return
		}
		j.waveOver(a, others, wave, allowed)
	}
}

// recut reports whether a cohort's waves were edited after the commit that its
// rollout began with, which keeps the sizes that it had.
func (j *judge) recut(began string, w *wish, cohort string) bool {
	c := j.w.repo.commits[began]
	return c == nil || !slices.Equal(c.wish.cohorts[cohort].waves, w.cohorts[cohort].waves)
}

// waveOver judges whether as many as the wave has are through. Which ones it has
// is not asked: those that were half way to an older version go first, whatever
// their place.
func (j *judge) waveOver(a *plan.Action, others []string, wave waveWish, first int) {
	through := func(name string) time.Time {
		if at, ok := j.track(name).ran[a.Version.Tag]; ok {
			return at
		}
		return j.w.now.Add(time.Hour)
	}
	slices.SortFunc(others, func(x, y string) int {
		return cmp.Or(through(x).Compare(through(y)), cmp.Compare(x, y))
	})
	for _, name := range others[:first] {
		t, c := j.track(name), j.state[name]
		if t.skipped[a.Version.Tag] || t.retried || t.byHand || c.Mark.Failed != "" || j.w.offset != 0 || j.w.vanished[c.DataPlane] {
			continue
		}
		at, ok := t.ran[a.Version.Tag]
		switch {
		case !ok:
			j.accuse(12, a.Cluster, "start %s to %s: of the wave before, %s has not finished", a.Cluster, a.Version, name)
		case !at.Before(c.Mark.StartedAt) && j.w.now.Sub(at) < wave.soak-interval:
			j.accuse(10, a.Cluster, "start %s to %s %s after %s of the wave before has finished, it is to soak for %s", a.Cluster, a.Version, j.w.now.Sub(at), name, wave.soak)
		}
	}
}

// done notes an action that was carried out.
func (j *judge) done(in *instance, a *plan.Action) {
	c, t := j.state[a.Cluster], j.track(a.Cluster)
	if a.Kind == plan.Start && c != nil {
		cohort := ""
		if w := j.wish(in); w != nil {
			cohort = w.cohortOf(c.Labels)
		}
		t.started = &started{a.Mark.Commit, a.Mark.Release, a.Version.Tag, j.w.now, cohort}
		t.byHand, t.handAt, t.retried = false, "", false
		delete(t.ran, a.Version.Tag)
	}
}

// after looks at what an instance has heard in the cycle.
func (j *judge) after(in *instance, c *reconciler.Cycle) {
	w := j.wish(in)
	if w == nil || c == nil {
		return
	}
	for _, a := range in.heard.Alerts {
		cl := j.state[a.Cluster]
		if cl == nil || j.fires(in, cl, w) == "" {
			continue
		}
		if t := j.track(a.Cluster); t.started != nil && !a.Since.Before(t.started.at) && j.alone(in, cl) {
			j.charge(t.started.release, a.Cluster)
		}
	}
}

// alone reports whether no other cluster of the product alerts.
func (j *judge) alone(in *instance, c *plan.Cluster) bool {
	for _, a := range in.heard.Alerts {
		if a.Product == c.Product && a.Cluster != c.Name {
			return false
		}
	}
	return true
}

// recorded takes note of an event that is on the disk.
func (j *judge) recorded(in *instance, e *plan.Event) {
	if j.halted[in] == nil {
		j.halted[in], j.since[in] = map[string]string{}, map[string]time.Time{}
	}
	switch e.Kind {
	case plan.CommitAdmitted:
		j.admitted(in, e.Commit)
	case plan.ClusterFinished:
		j.told[e.Cluster+" "+e.Commit] = true
	case plan.Paused:
		j.halted[in][e.Release] = e.Product
		delete(j.pardon, e.Release)
	case plan.Resumed:
		if j.resumes[e.Release] == 0 {
			j.accuse(5, "", "%s was resumed, and no operator has said so", orAll(e.Release))
		}
		delete(j.halted[in], e.Release)
		j.pardon[e.Release] = true
	default:
	}
}

// admitted judges a commit that came into force.
func (j *judge) admitted(in *instance, sha string) {
	c, before := j.w.repo.commits[sha], j.w.repo.commits[j.force[in]]
	j.force[in] = sha
	if c != nil {
		for _, p := range c.wish.pins {
			for _, name := range p.clusters {
				j.track(name).pinned = true
			}
		}
	}
	switch {
	case c == nil:
		j.accuse(1, "", "commit %s came into force and does not exist", short(sha))
		return
	case c.wish.broken:
		j.accuse(16, "", "commit %s came into force and is not valid", short(sha))
	case before == nil:
		if !c.approved {
			j.accuse(1, "", "commit %s came into force and is not approved", short(sha))
		}
		j.base[in] = sha
		return
	}
	if before.tree != c.tree {
		j.blame(before, c)
		moved := map[string]bool{}
		for name, co := range c.wish.cohorts {
			for product := range co.versions {
				// What an emergency has moved already is not moved again.
				if c.wish.version(name, product, time.Time{}) != before.wish.version(name, product, time.Time{}) {
					moved[name] = true
				}
			}
		}
		if len(moved) > 1 && c.wish.urgent == before.wish.urgent {
			j.accuse(2, "", "commit %s moves %d cohorts: %v", short(sha), len(moved), slices.Sorted(maps.Keys(moved)))
		}
	}
	for name, co := range c.wish.cohorts {
		for product := range co.versions {
			now, then := c.wish.version(name, product, j.w.clock()), before.wish.version(name, product, j.w.clock())
			if _, before := j.since[in][name+" "+product+" "+now]; now != then && !before {
				key := name + " " + product + " " + now
				j.since[in][key], j.asked[key] = j.w.now, j.w.now
			}
		}
	}
}

// blame looks for a commit that nobody approved and whose change comes into force
// with another.
func (j *judge) blame(before, c *commit) {
	for _, ch := range changes(before, c) {
		if ch.Path == "README.md" {
			continue
		}
		for at := c; at != nil && at != before; at = j.w.repo.commits[at.parent] {
			parent := j.w.repo.commits[at.parent]
			if parent == nil {
				break
			}
			if parent.files[ch.Path] != at.files[ch.Path] && !at.approved {
				j.accuse(1, "", "commit %s came into force with what %s changed in %s, and nobody approved that", short(c.sha), short(at.sha), ch.Path)
			}
			if parent.files[ch.Path] == before.files[ch.Path] && parent.files[ch.Path] != at.files[ch.Path] {
				break // what was changed before that is undone
			}
		}
	}
}

// restarted carries what is on the disk over to a new process: what was only in
// memory is gone.
func (j *judge) restarted(in *instance) {
	events, err := in.disk.read()
	if err != nil {
		panic(err)
	}
	j.halted[in], j.since[in] = map[string]string{}, map[string]time.Time{}
	for i := range events {
		e := &events[i]
		switch e.Kind {
		case plan.CommitAdmitted:
			j.force[in] = e.Commit
			if j.base[in] == "" {
				j.base[in] = e.Commit
			}
		case plan.TargetSet:
			if !e.Baseline && e.From.Tag != "" {
				key := e.Cohort + " " + e.Product + " " + e.To.Tag
				j.since[in][key] = e.At
				if at, ok := j.asked[key]; ok {
					j.since[in][key] = at // by the right clock
				}
			}
		case plan.Paused:
			j.halted[in][e.Release] = e.Product
		case plan.Resumed:
			delete(j.halted[in], e.Release)
		default:
		}
	}
}

// ledgerLost keeps the halts that the clusters remember.
func (j *judge) ledgerLost(in *instance) {
	j.lost = j.w.now
	clear(j.told)
	j.restarted(in)
	for _, c := range j.w.truth() {
		if j.w.vanished[c.DataPlane] {
			continue // it is no longer Wavegate's, and what it says may be old
		}
		if c.Mark.AllPaused != "" {
			j.halted[in][""] = ""
		}
		if c.Mark.Paused != "" && c.Mark.Release != "" {
			j.halted[in][c.Mark.Release] = c.Product
		}
	}
	for _, t := range j.tracks {
		t.handAt = "" // nobody knows any more that it had finished before
	}
	clear(j.pardon)
	for release := range j.charged {
		j.pardon[release] = true // what only the ledger knew is gone
	}
}
