package plan_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
	"github.com/wavegate-dev/wavegate/reconciler/proof"
)

// world is a small fleet with replicas, for stories about plans: it carries out
// actions as a data plane would, and time passes only when a story says so.
type world struct {
	t        fataler
	now      time.Time
	spec     *fleet.Spec
	policy   *plan.Policy
	inv      *plan.Inventory
	state    *plan.State
	plan     *plan.Plan
	clusters map[string]*machine
	planes   []string
	lost     map[string]bool
	alerts   []plan.Alert
	blind    map[plan.MonitorKey]string
	spots    []plan.BlindSpot
	touched  []touch
	history  []plan.Event
	actions  []plan.Action
	restart  time.Duration
	watched  time.Duration
	checks   bool // compare every incremental plan with one from scratch
	conflict func(plan.Action) bool
	jumped   bool // the clock has jumped
	metrics  plan.Metrics
	signals  func(*plan.Signals) // changes what the monitors say
}

type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

type touch struct {
	cluster  string
	ordinal  int
	at       time.Time
	start    int  // how many starts the cluster has seen
	stranded bool // the replica was the one that was down
}

// machine is a cluster of the world.
type machine struct {
	plan.Cluster
	runs   []fleet.Version   // by replica
	down   map[int]time.Time // replicas that restart, and when they are back
	bad    fleet.Version     // replicas on it never come back
	silent int               // revision counter
	starts int
}

// look works out what is observed of the replicas.
func (m *machine) look() {
	m.Updated, m.Next = 0, -1
	for i := range m.Replicas {
		if m.runs[i] == m.Target {
			m.Updated++
		} else {
			m.Next = i
		}
	}
	m.Ready = m.Replicas - len(m.down)
	_, nextDown := m.down[m.Next]
	m.Stranded = nextDown && len(m.down) == 1
	if m.Ready == m.Replicas && m.Updated == m.Replicas {
		m.Version = m.Target
	}
	m.silent++
	m.Revision = fmt.Sprint(m.silent)
}

var epoch = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func newWorld(t fataler, spec *fleet.Spec) *world {
	w := &world{
		t: t, now: epoch, spec: spec, inv: plan.NewInventory(), state: plan.NewState(),
		clusters: map[string]*machine{}, lost: map[string]bool{}, blind: map[plan.MonitorKey]string{},
		restart: 2 * time.Minute, checks: true, planes: []string{"dp1", "dp2"},
	}
	w.compile()
	return w
}

func (w *world) compile() {
	w.t.Helper()
	p, err := plan.Compile(w.spec)
	if err != nil {
		w.t.Fatalf("compile: %v", err)
	}
	w.policy = p
}

// cluster adds a cluster.
func (w *world) cluster(name, product, dataPlane string, version string, replicas int, labels map[string]string) *machine {
	m := &machine{down: map[int]time.Time{}, Cluster: plan.Cluster{
		Name: name, Product: product, DataPlane: dataPlane, Labels: labels,
		Version: v(version), Target: v(version), Replicas: replicas, ReadySince: w.now.Add(-time.Hour), Ratchet: true,
	}}
	for range replicas {
		m.runs = append(m.runs, v(version))
	}
	m.look()
	w.clusters[name] = m
	return m
}

func v(tag string) fleet.Version { return fleet.Version{Tag: tag} }

// merge brings a new spec into force by a commit.
func (w *world) merge(commit string, change func(*fleet.Spec)) {
	w.t.Helper()
	baseline := w.state.InForce.Commit == ""
	w.spec = clone(w.spec)
	change(w.spec)
	w.compile()
	w.apply(plan.Event{At: w.now, Kind: plan.CommitAdmitted, Commit: commit, Rules: plan.NewRules(w.spec)})
	for _, e := range plan.Targets(w.state, w.spec, commit, baseline, w.now) {
		w.apply(e)
	}
}

func clone(s *fleet.Spec) *fleet.Spec {
	c := *s
	c.Products = slices.Clone(s.Products)
	c.Cohorts = slices.Clone(s.Cohorts)
	for i := range c.Cohorts {
		versions := map[string]fleet.Version{}
		for k, v := range c.Cohorts[i].Spec.Versions {
			versions[k] = v
		}
		c.Cohorts[i].Spec.Versions = versions
	}
	c.Pins = slices.Clone(s.Pins)
	c.Windows = slices.Clone(s.Windows)
	c.Emergencies = slices.Clone(s.Emergencies)
	return &c
}

func (w *world) apply(e plan.Event) {
	w.state.Apply(e)
	w.history = append(w.history, e)
}

// prove has the journal judged by package proof, which must have nothing to say.
func (w *world) prove() {
	w.t.Helper()
	checker := proof.New()
	for i := range w.history {
		e := w.history[i]
		e.Seq = uint64(i + 1)
		checker.Entry(&e)
	}
	for _, v := range checker.Result().Violations {
		w.t.Fatalf("entry %d at %s breaks the law %s: %s", v.Seq, v.At, v.Law, v.Story)
	}
}

// observe reports everything to the inventory.
func (w *world) observe() {
	for _, p := range w.planes {
		if w.lost[p] {
			w.inv.Lose(p, "connection refused")
			continue
		}
		obs := plan.Observation{DataPlane: p, Full: true, AsOf: w.now}
		for _, name := range w.names() {
			if m := w.clusters[name]; m.DataPlane == p {
				m.progress(w)
				obs.Clusters = append(obs.Clusters, m.Cluster)
			}
		}
		w.inv.Observe(obs)
	}
}

func (w *world) names() []string {
	names := make([]string, 0, len(w.clusters))
	for n := range w.clusters {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// progress lets replicas come back.
func (m *machine) progress(w *world) {
	if !m.Ratchet {
		m.rollByItself(w)
	}
	changed := false
	var back time.Time
	for ordinal, at := range m.down {
		if m.runs[ordinal] != m.bad && !at.After(w.now) {
			delete(m.down, ordinal)
			if at.After(back) {
				back = at
			}
			changed = true
		}
	}
	if !changed {
		return
	}
	if len(m.down) == 0 {
		m.ReadySince, m.Problem = back, ""
	}
	m.look()
}

// rollByItself replaces one replica after another, as a Deployment does, until it
// is held.
func (m *machine) rollByItself(w *world) {
	if m.Held || len(m.down) > 0 || m.Next < 0 {
		return
	}
	w.touched = append(w.touched, touch{m.Name, m.Next, w.now, m.starts, false})
	m.down[m.Next] = w.now.Add(w.restart)
	m.runs[m.Next] = m.Target
	m.ReadySince = time.Time{}
	m.look()
}

func (w *world) input() plan.Input {
	in := plan.Input{
		Now: w.now, Watched: w.watched, Policy: w.policy, Fleet: w.inv, State: w.state, DataPlanes: w.planes,
		Signals: plan.Signals{Alerts: w.alerts, Blind: w.spots, Sources: map[plan.MonitorKey]plan.MonitorState{}},
	}
	for _, p := range w.spec.Products {
		for _, m := range p.Spec.Monitors {
			key := plan.MonitorKey{Product: p.Name, Monitor: m.Name}
			in.Signals.Sources[key] = plan.MonitorState{AsOf: w.now, Unknown: w.blind[key]}
		}
	}
	in.ClockJumped, in.Metrics = w.jumped, w.metrics
	if w.signals != nil {
		w.signals(&in.Signals)
	}
	return in
}

// cycle runs one cycle: observe, decide until nothing more follows, act.
func (w *world) cycle() {
	w.t.Helper()
	w.observe()
	for i := 0; ; i++ {
		if i > 200 {
			w.t.Fatalf("decisions do not come to rest; last events: %v", w.plan.Events)
		}
		in := w.input()
		if w.plan == nil {
			w.plan = plan.Decide(in)
		} else {
			w.plan = w.plan.Next(in)
		}
		if w.checks {
			w.compare(plan.Decide(in))
		}
		if len(w.plan.Events) == 0 {
			break
		}
		for _, e := range w.plan.Events {
			w.apply(e)
		}
		w.watched = 0
	}
	for _, e := range w.plan.Credits {
		w.apply(e)
	}
	w.watched = 0
	for _, a := range w.plan.Actions {
		if e, ok := a.Event(w.now); ok {
			plan.Witness(&e, w.inv, plan.NewRules(w.spec).Labels())
			w.apply(e)
		}
	}
	for _, a := range w.plan.Actions {
		w.actions = append(w.actions, a)
		w.act(a)
	}
}

// compare checks that an incremental plan is what one from scratch would be.
func (w *world) compare(scratch *plan.Plan) {
	w.t.Helper()
	for _, name := range w.inv.Names() {
		r, _ := w.inv.Find(name)
		got, want := w.plan.Decision(r), scratch.Decision(r)
		if got != want {
			w.t.Fatalf("%s: %s: incremental plan says %+v (%s), from scratch %+v (%s)", w.now, name, got, w.plan.Reason(r), want, scratch.Reason(r))
		}
	}
	if got, want := fmt.Sprintf("%+v", w.plan.Actions), fmt.Sprintf("%+v", scratch.Actions); got != want {
		w.t.Fatalf("incremental actions differ:\n%s\n%s", got, want)
	}
	if got, want := fmt.Sprintf("%+v", w.plan.Events), fmt.Sprintf("%+v", scratch.Events); got != want {
		w.t.Fatalf("incremental events differ:\n%s\n%s", got, want)
	}
	if got, want := fmt.Sprintf("%+v", w.plan.Rollouts), fmt.Sprintf("%+v", scratch.Rollouts); got != want {
		w.t.Fatalf("incremental rollouts differ:\n%s\n%s", got, want)
	}
	if w.plan.Totals != scratch.Totals {
		w.t.Fatalf("totals %v, from scratch %v", w.plan.Totals, scratch.Totals)
	}
	if !w.plan.Wake.Equal(scratch.Wake) && !scratch.Wake.IsZero() && w.plan.Wake.After(scratch.Wake) {
		w.t.Fatalf("wakes at %s, from scratch at %s", w.plan.Wake, scratch.Wake)
	}
}

func (w *world) act(a plan.Action) {
	m := w.clusters[a.Cluster]
	if m == nil || w.lost[m.DataPlane] || m.Revision != a.Expect || (w.conflict != nil && w.conflict(a)) {
		return
	}
	m.Mark = a.Mark
	if m.State != "" && a.State != "" {
		m.State = a.State
	}
	switch a.Kind {
	case plan.Start:
		m.starts++
		m.Target = a.Version
	case plan.Step:
		if len(m.down) > 0 && !m.Stranded {
			w.t.Fatalf("%s: step of %s while %v is down", w.now, a.Cluster, m.down)
		}
		if a.Ordinal != m.Next {
			w.t.Fatalf("step %d of %s, next is %d", a.Ordinal, a.Cluster, m.Next)
		}
		w.touched = append(w.touched, touch{a.Cluster, a.Ordinal, w.now, m.starts, m.Stranded})
		m.down[a.Ordinal] = w.now.Add(w.restart)
		m.runs[a.Ordinal] = m.Target
		m.ReadySince = time.Time{}
		if m.Target == m.bad {
			m.Problem = "CrashLoopBackOff"
		}
	case plan.Hold:
		m.Held = true
	case plan.Continue:
		m.Held = false
	default:
	}
	m.look()
}

// run lets time pass in cycles of half a minute.
func (w *world) run(d time.Duration) {
	w.t.Helper()
	for end := w.now.Add(d); w.now.Before(end); {
		w.now = w.now.Add(30 * time.Second)
		w.watched = 30 * time.Second
		w.cycle()
	}
}

// until runs until a condition holds.
func (w *world) until(what string, max time.Duration, cond func() bool) {
	w.t.Helper()
	for end := w.now.Add(max); !cond(); {
		if w.now.After(end) {
			w.t.Fatalf("%s: not within %s; %s", what, max, w.summary())
		}
		w.run(30 * time.Second)
	}
}

func (w *world) summary() string {
	out := ""
	for _, r := range w.plan.Rollouts {
		out += fmt.Sprintf("\n%s %s %s: %s %s", r.Product, r.Cohort, r.Version, r.Phase, r.Reason)
	}
	for _, name := range w.inv.Names() {
		r, _ := w.inv.Find(name)
		out += fmt.Sprintf("\n  %s: %s %s", name, w.plan.Decision(r).Verdict, w.plan.Reason(r))
	}
	return out
}

func (w *world) reason(name string) string {
	r, _ := w.inv.Find(name)
	return w.plan.Reason(r)
}

func (w *world) phase(product, cohort string) plan.RolloutPhase {
	for _, r := range w.plan.Rollouts {
		if r.Product == product && r.Cohort == cohort {
			return r.Phase
		}
	}
	w.t.Fatalf("no rollout of %s in %s", product, cohort)
	return 0
}

// smallSpec has two cohorts, canary and prod, and one product.
func smallSpec() *fleet.Spec {
	one := 1
	return &fleet.Spec{
		Fleet: fleet.Fleet{Meta: fleet.Meta{Name: "acme"}, Spec: fleet.FleetSpec{
			Order:  []fleet.Stage{{"canary"}, {"prod"}},
			Limits: []fleet.Limit{{MaxConcurrency: 4}, {Label: "customer", MaxConcurrency: 1}},
		}},
		Products: []fleet.Product{{Meta: fleet.Meta{Name: "kafka"}, Spec: fleet.ProductSpec{
			Image: "registry.example.com/kafka", Versions: fleet.VersionPolicy{MaxMinorSkip: &one, Downgrade: fleet.DowngradeDeny},
			ProgressDeadline: fleet.Duration(45 * time.Minute), Settle: fleet.Duration(30 * time.Second),
			Monitors: []fleet.Monitor{{Name: "under-replicated", MaxAge: fleet.Duration(5 * time.Minute), Prometheus: &fleet.PrometheusMonitor{}}},
		}}},
		Cohorts: []fleet.Cohort{
			cohort("canary", "canary", []fleet.Wave{{Size: percent(100), Soak: fleet.Duration(time.Hour)}}, 0),
			cohort("prod", "prod", []fleet.Wave{
				{Size: fleet.Size{Count: 1}, Soak: fleet.Duration(30 * time.Minute)},
				{Size: percent(100)},
			}, 1),
		},
	}
}

func percent(n int) fleet.Size { return fleet.Size{IsPercent: true, Percent: n} }

func cohort(name, tier string, waves []fleet.Wave, failures int) fleet.Cohort {
	return fleet.Cohort{Meta: fleet.Meta{Name: name}, Spec: fleet.CohortSpec{
		Selector:    fleet.Selector{MatchLabels: map[string]string{"tier": tier}},
		Versions:    map[string]fleet.Version{"kafka": v("7.6.0")},
		Waves:       waves,
		MaxFailures: fleet.Size{Count: failures}, LateJoiners: fleet.LateAppend,
	}}
}

// smallWorld has two canaries and six clusters in production, at rest on 7.6.0
// under a baseline.
func smallWorld(t fataler) *world {
	w := newWorld(t, smallSpec())
	for i := range 2 {
		w.cluster(fmt.Sprintf("canary-%d", i), "kafka", "dp1", "7.6.0", 3, map[string]string{"tier": "canary", "customer": fmt.Sprintf("c%d", i)})
	}
	for i := range 6 {
		w.cluster(fmt.Sprintf("prod-%d", i), "kafka", []string{"dp1", "dp2"}[i%2], "7.6.0", 3, map[string]string{"tier": "prod", "customer": fmt.Sprintf("p%d", i/2)})
	}
	w.merge("base000", func(*fleet.Spec) {})
	w.cycle()
	return w
}

func (w *world) setVersion(commit, cohort, tag string) {
	w.merge(commit, func(s *fleet.Spec) {
		for i := range s.Cohorts {
			if s.Cohorts[i].Name == cohort {
				s.Cohorts[i].Spec.Versions["kafka"] = v(tag)
			}
		}
	})
}

func TestTheTrainGoesThroughItsCohorts(t *testing.T) {
	w := smallWorld(t)
	w.setVersion("c1", "canary", "7.6.1")
	w.run(time.Minute)
	if w.phase("kafka", "canary") != plan.PhaseRolling {
		t.Fatalf("canary does not roll: %s", w.summary())
	}
	w.setVersion("c2", "prod", "7.6.1")
	w.run(10 * time.Minute)
	if len(w.touched) == 0 {
		t.Fatal("nothing was touched")
	}
	for _, x := range w.touched {
		if w.clusters[x.cluster].Labels["tier"] != "canary" {
			t.Fatalf("%s was touched before canary had soaked", x.cluster)
		}
	}
	if got := w.reason("prod-0"); got != "cohort canary has not finished and soaked 7.6.1" {
		t.Errorf("prod-0 waits because %q", got)
	}
	w.until("canary has soaked", 3*time.Hour, func() bool { return w.phase("kafka", "canary") == plan.PhaseFinished })
	w.until("prod has finished", 6*time.Hour, func() bool { return w.phase("kafka", "prod") == plan.PhaseFinished })
	for name, m := range w.clusters {
		if m.Version != v("7.6.1") {
			t.Errorf("%s runs %s", name, m.Version)
		}
	}
	if len(w.touched) != 8*3 {
		t.Errorf("touched %d replicas, want 24", len(w.touched))
	}
	if w.plan.Totals[plan.Current] != 8 {
		t.Errorf("totals %v", w.plan.Totals)
	}
}
