package proof

import (
	"maps"
	"slices"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// status is how far a member is, by what the journal says.
type status uint8

const (
	pending status = iota
	running
	finished
	failed
	skipped
	left
)

var words = [...]string{"waiting", "under way", "finished", "failed", "skipped", "gone"}

type member struct {
	wave   int
	status status
}

type rollout struct {
	release, commit string
	version         fleet.Version
	members         map[string]*member
	size            int
	waves           []waveState
	over            bool
	trimmed         bool // its members are not in the journal any more
}

// waveState is how far a wave is. Times are corrected for a clock that went back.
type waveState struct {
	opened, finished, soaked bool
	quietSince               time.Time
}

// clock returns the time of an entry, corrected so that it does not go back.
func (c *Checker) clock(e *plan.Event) time.Time { return e.At.Add(c.setBack) }

func (c *Checker) rolloutStarted(e *plan.Event, key plan.TargetKey) {
	c.out.Rollouts++
	r := &rollout{release: e.Release, commit: e.Commit, version: e.To, members: map[string]*member{}}
	pos := 0
	sizes := e.Waves
	if len(sizes) == 0 {
		sizes = []int{len(e.Members)}
	}
	for w, size := range sizes {
		r.waves = append(r.waves, waveState{})
		r.size += size
		for range size {
			if pos < len(e.Members) {
				r.members[e.Members[pos]] = &member{wave: w}
				pos++
			}
		}
	}
	r.trimmed = pos < r.size
	r.waves[0].opened = true
	c.rollouts[key] = r
	c.release(e)
	t := c.targets[key]
	switch {
	case t == nil && c.partial:
		c.unjudged(fromBefore)
	case t == nil || t.version != e.To || t.release != e.Release:
		c.found(e, Traced, "a rollout of %s in %s was started, which is not what it shall run", e.To, e.Cohort)
	default:
		c.predecessors(e, key, t, "a rollout of "+e.To.String()+" in "+e.Cohort+" was started")
	}
}

// abandon ends a rollout whose place is taken. What is half way may be anywhere.
func (c *Checker) abandon(key plan.TargetKey) {
	r := c.rollouts[key]
	if r == nil {
		return
	}
	for name, m := range r.members {
		if m.status == running {
			c.flights.count(c.flights.of[name], false)
		}
	}
	delete(c.rollouts, key)
}

// rollout returns the one that an entry is about, or nil when there is none, which
// is a violation unless it may have begun before the journal does.
func (c *Checker) rollout(e *plan.Event, key plan.TargetKey) *rollout {
	r := c.rollouts[key]
	switch {
	case r != nil && r.release == e.Release:
		return r
	case c.partial && r == nil:
		c.unjudged(fromBefore)
	default:
		c.found(e, Order, "%s of %s in %s, of which no rollout is under way", e.Kind, orNone(e.Release), e.Cohort)
	}
	return nil
}

func orNone(s string) string {
	if s == "" {
		return "no release"
	}
	return s
}

func (c *Checker) wave(e *plan.Event, key plan.TargetKey) {
	r := c.rollout(e, key)
	if r == nil {
		return
	}
	if e.Wave < 0 || e.Wave >= len(r.waves) {
		c.found(e, Order, "%s: there is no wave %d of %s in %s", e.Kind, e.Wave+1, e.Release, e.Cohort)
		return
	}
	w := &r.waves[e.Wave]
	switch e.Kind {
	case plan.WaveOpened:
		if e.Wave > 0 && !r.waves[e.Wave-1].soaked {
			c.found(e, Wave, "wave %d of %s in %s was opened before wave %d had finished and soaked", e.Wave+1, e.Release, e.Cohort, e.Wave)
		}
		w.opened = true
	case plan.WaveFinished:
		if !w.opened {
			c.found(e, Order, "wave %d of %s in %s finished and was never opened", e.Wave+1, e.Release, e.Cohort)
		}
		c.allDone(e, r)
		w.finished, w.quietSince = true, c.clock(e)
	case plan.WaveSoaked:
		c.soaked(e, key, w)
		w.soaked = true
	default:
	}
}

// allDone looks for members that a finished wave has left behind.
func (c *Checker) allDone(e *plan.Event, r *rollout) {
	for _, name := range slices.Sorted(maps.Keys(r.members)) {
		m := r.members[name]
		if m.wave != e.Wave || (m.status != pending && m.status != running) {
			continue
		}
		if m.status == pending && (c.rules == nil || c.rules.pinned(name, e.At) != "") {
			continue
		}
		c.found(e, Order, "wave %d of %s in %s finished while %s was %s", e.Wave+1, e.Release, e.Cohort, name, words[m.status])
		return
	}
}

func (c *Checker) soaked(e *plan.Event, key plan.TargetKey, w *waveState) {
	c.out.Soaks++
	if !w.finished {
		c.found(e, Order, "wave %d of %s in %s soaked and had not finished", e.Wave+1, e.Release, e.Cohort)
		return
	}
	if c.rules == nil {
		c.unjudged(noRules)
		return
	}
	if em, ok := c.rules.emergency(c.targets[key]); ok && slices.Contains(em.Skip, fleet.SkipSoak) {
		return
	}
	need, took := time.Duration(c.rules.wave(key.Cohort, e.Wave).Soak), c.clock(e).Sub(w.quietSince)
	if took < need {
		c.found(e, Soak, "wave %d of %s in %s soaked for %s, and has to for %s (unless the clock of the machine was set back in the meantime)",
			e.Wave+1, e.Release, e.Cohort, span(took), span(need))
	}
}

func (c *Checker) rolloutFinished(e *plan.Event, key plan.TargetKey) {
	r := c.rollout(e, key)
	if r == nil {
		return
	}
	for w := range r.waves {
		if !r.waves[w].soaked {
			c.found(e, Wave, "the rollout of %s in %s finished before its wave %d had soaked", e.Release, e.Cohort, w+1)
			break
		}
	}
	r.over = true
	// Those that are done are forgotten: one that joins later is a new member.
	maps.DeleteFunc(r.members, func(_ string, m *member) bool { return m.status == finished || m.status == left })
	c.done[doneKey{key, r.version}] = true
	clear(c.cleared)
}

// member follows what becomes of the members of a rollout.
func (c *Checker) member(e *plan.Event, key plan.TargetKey) {
	r := c.rollout(e, key)
	if r == nil {
		return
	}
	m := r.members[e.Cluster]
	if e.Kind == plan.ClusterJoined {
		switch {
		case m == nil:
			r.members[e.Cluster] = &member{wave: len(r.waves) - 1}
			r.size++
		case m.status == left:
			m.status = pending
		}
		return
	}
	if m == nil {
		if !r.trimmed {
			c.found(e, Order, "%s: %s is no member of %s in %s", e.Kind, e.Cluster, e.Release, e.Cohort)
			return
		}
		m = &member{wave: e.Wave, status: running}
		r.members[e.Cluster] = m
	}
	from := m.status
	switch e.Kind {
	case plan.ClusterFinished:
		if from != pending && from != running {
			c.found(e, Order, "%s finished, and was %s", e.Cluster, words[from])
		}
		m.status = finished
		c.flights.end(e.Cluster)
	case plan.ClusterFailed:
		c.fail(e, r, m)
	case plan.ClusterRetried:
		m.status = running
		c.flights.retry(e.Cluster, key, m.wave)
		c.disturb(e, r, m)
	case plan.ClusterSkipped:
		m.status = skipped
		c.flights.count(c.flights.of[e.Cluster], false)
	case plan.ClusterLeft:
		m.status = left // or in another cohort, half way
		c.flights.count(c.flights.of[e.Cluster], false)
	default:
	}
}

func (c *Checker) fail(e *plan.Event, r *rollout, m *member) {
	c.out.Failures++
	if m.status == skipped || m.status == left {
		c.found(e, Order, "%s failed, and was %s", e.Cluster, words[m.status])
	}
	m.status = failed
	c.flights.count(c.flights.of[e.Cluster], false)
	c.disturb(e, r, m)
	if rel := c.release(e); rel != nil {
		rel.failures++
		rel.lastFail = e.Seq
	}
}

// disturb makes a wave that soaks begin anew.
func (c *Checker) disturb(e *plan.Event, r *rollout, m *member) {
	if m.wave < len(r.waves) && !r.waves[m.wave].soaked {
		r.waves[m.wave].quietSince = c.clock(e)
	}
}
