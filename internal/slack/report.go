package slack

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
	"github.com/wavegate-dev/wavegate/reconciler/report"
)

const (
	// hold is how long a first message stays as it is while only its numbers change.
	hold = time.Minute
	// driftHold is how long the drift report stays as it is.
	driftHold = time.Hour
	// stale is when a turn of events that was not said is history. It keeps the
	// channel quiet when Slack is set up in the middle of things.
	stale = time.Hour
	// maxListed bounds the clusters that are named one by one.
	maxListed = 5
)

// memory is what Report keeps from one cycle to the next.
type memory struct {
	topics map[string]remembered
	drift  time.Time // when the drift was last looked at
	dirty  bool      // it has changed since
}

type remembered struct {
	turn, numbers string
	at            time.Time
}

func newMemory() memory { return memory{topics: map[string]remembered{}, dirty: true} }

// Report takes what is to be said of a cycle, and never waits for Slack. It
// returns an error once when Slack could not be told of the cycles before.
func (r *Reporter) Report(_ context.Context, c *reconciler.Cycle) error {
	if c.Plan == nil || c.State == nil || c.Fleet == nil || c.DryRun {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range r.memory.pages(c) {
		r.queue.offer(p)
	}
	if r.queue.first() != nil {
		poke(r.wake)
	}
	err := r.trouble
	r.trouble = nil
	if err != nil {
		return fmt.Errorf("could not say in Slack what was decided; it is said when Slack answers again: %w", err)
	}
	return nil
}

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// pages returns the pages that differ from those of the cycles before. What has
// happened is read from the state and not from the events, so a cycle that nobody
// could be told of is made up for.
func (m *memory) pages(c *reconciler.Cycle) []page {
	var out []page
	add := func(p page) {
		if m.differs(&p, c.At) {
			out = append(out, p)
		}
	}
	everything := page{topic: topicEverything, paused: newPause(c.State.Paused), resumedBy: resumedBy(c, "")}
	everything.begun = everything.paused != nil
	if everything.paused != nil {
		for i := range c.Plan.Rollouts {
			if s := &c.Plan.Rollouts[i]; s.Release != "" && s.Phase != plan.PhaseFinished {
				everything.paused.hold(s.Product+" in ", s)
			}
		}
	}
	everything.news = append(pausedNews(c, ""), pauseNews(everything.paused)...)
	everything.news = merge(nil, everything.news)
	add(everything)
	for _, id := range slices.Sorted(maps.Keys(c.State.Releases)) {
		if rel := c.State.Releases[id]; rel != nil {
			if p, ok := releasePage(c, rel); ok {
				add(p)
			}
		}
	}
	maps.DeleteFunc(m.topics, func(topic string, _ remembered) bool {
		return topic != topicEverything && topic != topicDrift && c.State.Releases[topic] == nil
	})
	m.dirty = m.dirty || slices.ContainsFunc(c.Events, func(e plan.Event) bool {
		return e.Kind == plan.DriftFound || e.Kind == plan.DriftGone
	})
	if m.dirty && (m.drift.IsZero() || c.At.Sub(m.drift) >= driftHold) {
		m.dirty, m.drift = false, c.At
		add(driftPage(c))
	}
	return out
}

func (m *memory) differs(p *page, at time.Time) bool {
	turn, numbers := p.turn(), p.numbers()
	old, known := m.topics[p.topic]
	if known && old.turn == turn && (old.numbers == numbers || at.Sub(old.at) < hold) {
		return false
	}
	m.topics[p.topic] = remembered{turn: turn, numbers: numbers, at: at}
	return true
}

// turn differs when something has happened that is said at once.
func (p *page) turn() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%t %t %t", p.begun, p.superseded, p.completed)
	if p.paused != nil {
		b.WriteString(pauseKey(p.paused))
	}
	for i := range p.cohorts {
		fmt.Fprintf(&b, " %q %s", p.cohorts[i].name, p.cohorts[i].phase)
	}
	for i := range p.news {
		fmt.Fprintf(&b, " %q", p.news[i].key)
	}
	return b.String()
}

func (p *page) numbers() string {
	var b strings.Builder
	for i := range p.cohorts {
		fmt.Fprintf(&b, "%d %d %d,", p.cohorts[i].clusters, p.cohorts[i].onTarget, p.cohorts[i].failed)
	}
	if p.paused != nil {
		fmt.Fprintf(&b, "%d", p.paused.failed)
	}
	return b.String()
}

// releasePage returns the page of a release, unless it is long over.
func releasePage(c *reconciler.Cycle, rel *plan.Release) (page, bool) {
	p := page{
		topic: rel.ID, product: rel.Product, version: rel.Version.String(), commit: rel.Commit,
		paused: newPause(rel.Paused), completed: !rel.CompletedAt.IsZero(), superseded: true,
		resumedBy: resumedBy(c, rel.ID),
	}
	recent := func(t time.Time) bool { return !t.IsZero() && c.At.Sub(t) < stale }
	if p.completed && p.paused == nil && !recent(rel.CompletedAt) {
		return page{}, false
	}
	for i := range c.Plan.Rollouts {
		s := &c.Plan.Rollouts[i]
		if s.Release != rel.ID {
			continue
		}
		p.superseded = false
		p.begun = p.begun || !s.StartedAt.IsZero()
		x := cohort{name: s.Cohort, phase: s.Phase.String(), clusters: s.Clusters, onTarget: s.OnTarget}
		for _, w := range s.Waves {
			x.failed += w.Failed
		}
		p.cohorts = append(p.cohorts, x)
		if p.paused != nil && s.Phase != plan.PhaseFinished {
			p.paused.hold("", s)
		}
		if recent(s.FinishedAt) {
			p.news = append(p.news, news{key: "cohort:" + s.Cohort, kind: newsCohort, cohort: s.Cohort})
		}
	}
	if p.completed {
		p.superseded = false
	}
	if p.paused != nil {
		p.begun = true
		p.paused.failed, p.paused.failures = failures(c, rel)
	}
	p.news = append(p.news, merge(pauseNews(p.paused), pausedNews(c, rel.ID))...)
	if p.completed && recent(rel.CompletedAt) {
		p.news = append(p.news, news{key: "completed", kind: newsCompleted})
	}
	return p, true
}

func newPause(p *plan.Pause) *pause {
	if p == nil {
		return nil
	}
	return &pause{reason: p.Reason, by: p.By, at: p.At}
}

// hold adds what a pause holds of a cohort.
func (p *pause) hold(of string, s *plan.RolloutStatus) {
	pending := 0
	for _, w := range s.Waves {
		pending += w.Pending
	}
	if text := report.HeldText(s.Held, pending); text != "" {
		p.held = append(p.held, of+s.Cohort+": "+text)
	}
}

// pauseNews tells of the pause in force, however old it is.
func pauseNews(p *pause) []news {
	if p == nil {
		return nil
	}
	return []news{{key: pauseKey(p), kind: newsPaused, pause: p}}
}

// pausedNews tells of the pauses that were set in this cycle, also of one that the
// same cycle lifted.
func pausedNews(c *reconciler.Cycle, release string) []news {
	var out []news
	for i := range c.Events {
		if e := &c.Events[i]; e.Kind == plan.Paused && e.Release == release {
			out = append(out, pauseNews(&pause{reason: e.Reason, by: e.By, at: e.At})...)
		}
	}
	return out
}

func resumedBy(c *reconciler.Cycle, release string) (by string) {
	for i := range c.Events {
		if e := &c.Events[i]; e.Kind == plan.Resumed && e.Release == release {
			by = e.By
		}
	}
	return by
}

// failures returns how many clusters failed that nobody has accepted, and the
// newest of them with what fires on them.
func failures(c *reconciler.Cycle, rel *plan.Release) (int, []failure) {
	open := rel.Failures[min(max(rel.Acknowledged, 0), len(rel.Failures)):]
	var out []failure
	for _, f := range slices.Backward(open) {
		if len(out) == maxListed {
			break
		}
		x := failure{cluster: f.Cluster, cohort: f.Cohort, reason: f.Reason, evidence: f.Evidence.Verdict()}
		if e, err := c.Plan.Explain(f.Cluster); err == nil {
			for _, a := range e.Alerts[:min(len(e.Alerts), maxListed)] {
				x.alerts = append(x.alerts, alert{monitor: a.Monitor, link: a.Link})
			}
		}
		out = append(out, x)
	}
	return len(open), out
}

func driftPage(c *reconciler.Cycle) page {
	d, all := &drift{}, sha256.New()
	for _, name := range c.Fleet.Names() {
		row, ok := c.Fleet.Find(name)
		if !ok || c.Plan.Decision(row).Drift == plan.NoDrift {
			continue
		}
		d.count++
		if len(d.clusters) < maxListed {
			d.clusters = append(d.clusters, name)
		}
		_, _ = fmt.Fprintf(all, "%q", name) // a hash takes everything
	}
	d.digest = hex.EncodeToString(all.Sum(nil)[:8])
	return page{
		topic: topicDrift, drift: d, begun: d.count > 0,
		news: []news{{key: "drift:" + d.digest, kind: newsDrift, drift: d}},
	}
}
