package plan

import (
	"maps"
	"slices"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// NewState returns the state before the first event.
func NewState() *State {
	return &State{
		Targets:   map[TargetKey]*Target{},
		Releases:  map[string]*Release{},
		Rollouts:  map[TargetKey]*Rollout{},
		Done:      map[DoneKey]time.Time{},
		Base:      map[TargetKey]fleet.Version{},
		Durations: map[string]*Estimate{},
		Seen:      map[string]time.Time{},
		Unseen:    map[string]time.Time{},
	}
}

// Apply folds one event into the state. It never fails: an event about
// something that the state does not know changes nothing, so that a ledger
// whose beginning was cut off can still be read.
func (s *State) Apply(e Event) {
	key := TargetKey{e.Product, e.Cohort}
	switch e.Kind {
	case CommitAdmitted:
		s.InForce = InForce{Commit: e.Commit, Tree: e.Tree, AdmittedAt: e.At}
		s.Frozen = nil
		s.changes.structure++
	case CommitRefused:
		s.Frozen = &Freeze{Commit: e.Commit, Reason: e.Reason, Since: e.At}
	case AdmissionThawed:
		s.Frozen = nil
	case TargetSet:
		s.Targets[key] = &Target{
			Version: e.To, Previous: e.From, Commit: e.Commit, Since: e.At,
			Baseline: e.Baseline, Emergency: e.Emergency, Release: e.Release,
		}
		s.openRelease(e)
		s.changes.structure++
	case BaselineConfirmed:
		s.Base[key] = e.To
		s.changes.structure++
	case TargetRemoved:
		delete(s.Targets, key)
		s.dropRollout(key)
		s.changes.structure++
	case RolloutStarted:
		s.openRelease(e)
		s.Rollouts[key] = newRollout(e)
		s.changes.structure++
	case RolloutSuperseded:
		s.dropRollout(key)
		s.changes.structure++
	case WaveOpened, WaveFinished, SoakCredited, WaveSoaked:
		s.applyWave(e)
	case RolloutFinished:
		if r := s.rollout(e); r != nil {
			r.finish(e.At)
			s.Done[DoneKey{key, r.Version}] = e.At
			s.changes.structure++
		}
	case ReleaseCompleted:
		if r := s.Releases[e.Release]; r != nil {
			r.CompletedAt = e.At
		}
	case ClusterJoined:
		s.applyJoin(e)
	case ClusterLeft, ClusterStarted, ClusterFinished, ClusterFailed,
		ClusterRetried, ClusterSkipped, ClusterStepped, ClusterContinued, AlertNoticed, AlertPassed:
		s.applyMember(e)
	case Paused:
		// One that was found on the clusters may be of a release that nothing in
		// force names any more. It halts its product all the same.
		s.openRelease(e)
		s.setPause(e.Release, &Pause{Reason: e.Reason, By: e.By, At: e.At, Via: e.Via, Drill: e.Drill}, e.At)
	case Resumed:
		s.setPause(e.Release, nil, e.At)
		// The end of a drill accepts no failures.
		if r := s.Releases[e.Release]; r != nil && e.Drill == "" {
			r.Acknowledged = len(r.Failures)
		}
	case DataPlaneSeen:
		s.Seen[e.DataPlane] = e.At
		s.changes.structure++
	case DurationLearnt:
		s.learn(e.Product, e.PerReplica)
	case ClusterHeld, Decided, DriftFound, DriftGone, CommandRefused, DrillRecorded:
	}
}

// openRelease makes sure that the release of an event exists.
func (s *State) openRelease(e Event) {
	if e.Release == "" || s.Releases[e.Release] != nil {
		return
	}
	s.Releases[e.Release] = &Release{
		ID: e.Release, Product: e.Product, Version: e.To, Commit: e.Commit, CreatedAt: e.At,
	}
}

// rollout returns the rollout that an event speaks of: an event of a release
// that has been superseded in the meantime finds none.
func (s *State) rollout(e Event) *Rollout {
	r := s.Rollouts[TargetKey{e.Product, e.Cohort}]
	if r == nil || r.Release != e.Release {
		return nil
	}
	return r
}

func (s *State) applyWave(e Event) {
	r := s.rollout(e)
	if r == nil || e.Wave < 0 || e.Wave >= len(r.Waves) {
		return
	}
	w := &r.Waves[e.Wave]
	switch e.Kind {
	case WaveOpened:
		w.OpenedAt = e.At
	case WaveFinished:
		w.FinishedAt, w.WatchedAt = e.At, e.At
		w.Soaked = 0
	case SoakCredited:
		if !w.FinishedAt.IsZero() && w.SoakedAt.IsZero() && !e.At.Before(w.DisturbedAt) {
			w.Soaked, w.WatchedAt = e.Soaked, e.At
		}
	case WaveSoaked:
		w.SoakedAt = e.At
	default:
	}
}

// applyJoin appends a late joiner to the last wave, because members are in the
// order of their waves. One that had left and is back takes its old place.
func (s *State) applyJoin(e Event) {
	r := s.rollout(e)
	if r == nil || len(r.Waves) == 0 {
		return
	}
	s.changes.structure++
	if m := r.Member(e.Cluster); m == nil {
		r.add(Member{Cluster: e.Cluster, Wave: len(r.Waves) - 1})
	} else if m.Status == Left {
		m.Status, m.Reason = Pending, ""
		s.changes.log.add(touched{r.TargetKey, e.Cluster})
	}
}

// dropRollout forgets a rollout, but not what it has started: that may not have
// been seen since.
func (s *State) dropRollout(key TargetKey) {
	if r := s.Rollouts[key]; r != nil {
		for i := range r.Members {
			switch m := &r.Members[i]; m.Status {
			case Running, Failed, Skipped:
				if !m.StartedAt.IsZero() {
					s.Unseen[m.Cluster] = m.StartedAt
				}
			default:
			}
		}
	}
	delete(s.Rollouts, key)
}

func (s *State) applyMember(e Event) {
	switch e.Kind {
	case ClusterLeft, ClusterStarted, ClusterFinished:
		delete(s.Unseen, e.Cluster)
	default:
	}
	r := s.rollout(e)
	if r == nil {
		return
	}
	m := r.Member(e.Cluster)
	if m == nil {
		return
	}
	s.changes.log.add(touched{r.TargetKey, e.Cluster})
	r.applyBlip(e)
	switch e.Kind {
	case ClusterLeft:
		m.Status = Left
	case ClusterStarted:
		// It may start after its wave has finished without it: a pin has expired.
		// What it becomes is part of the soak.
		r.disturb(m.Wave, e.At)
		m.Status, m.StartedAt, m.SteppedAt, m.Reason = Running, e.At, e.At, ""
	case ClusterRetried:
		r.disturb(m.Wave, e.At)
		m.Status, m.StartedAt, m.SteppedAt, m.Reason = Running, e.At, e.At, ""
		if e.Queued {
			m.Status, m.StartedAt, m.SteppedAt = Pending, time.Time{}, time.Time{}
		}
	case ClusterStepped, ClusterContinued:
		m.SteppedAt = e.At
	case ClusterFinished:
		m.Status, m.FinishedAt, m.Reason = Finished, e.At, ""
	case ClusterSkipped:
		m.Status, m.Reason = Skipped, e.Reason
	case ClusterFailed:
		m.Status, m.Reason = Failed, e.Reason
		r.disturb(m.Wave, e.At)
		if rel := s.Releases[e.Release]; rel != nil {
			rel.Failures = append(rel.Failures, Failure{
				Cluster: e.Cluster, Cohort: e.Cohort, Reason: e.Reason, At: e.At, Evidence: e.Evidence,
			})
		}
		s.changes.structure++
	default:
	}
}

func (s *State) setPause(release string, p *Pause, at time.Time) {
	s.changes.structure++
	paused, resumedAt := &s.Paused, &s.ResumedAt
	if release != "" {
		r := s.Releases[release]
		if r == nil {
			return
		}
		paused, resumedAt = &r.Paused, &r.ResumedAt
	}
	// A clock that went back does not make the pause newer than its end.
	if p == nil && *paused != nil {
		*resumedAt = at
		if (*paused).At.After(at) {
			*resumedAt = (*paused).At
		}
	}
	// Nor does it make a pause older than the end of the one before: it could not be
	// told from that one's mark on a cluster.
	if p != nil && !p.At.After(*resumedAt) {
		p.At = resumedAt.Add(1)
	}
	*paused = p
}

// learn keeps an estimate that follows a high quantile: it rises at once and
// falls slowly, because a duration that is too short starts clusters that do
// not end before a blackout.
func (s *State) learn(product string, d time.Duration) {
	if d <= 0 {
		return
	}
	est := s.Durations[product]
	if est == nil {
		est = &Estimate{}
		s.Durations[product] = est
	}
	est.Samples++
	if d >= est.PerReplica {
		est.PerReplica = d
	} else {
		est.PerReplica -= (est.PerReplica - d) / 64
	}
	s.changes.structure++
}

func newRollout(e Event) *Rollout {
	r := &Rollout{
		TargetKey: TargetKey{e.Product, e.Cohort}, Release: e.Release, Version: e.To,
		Commit: e.Commit, StartedAt: e.At,
	}
	sizes := e.Waves
	if len(sizes) == 0 {
		sizes = []int{len(e.Members)}
	}
	pos := 0
	for w, size := range sizes {
		size = max(0, size)
		r.Waves = append(r.Waves, WaveState{Size: size})
		for range size {
			if pos < len(e.Members) {
				r.Members = append(r.Members, Member{Cluster: e.Members[pos], Wave: w})
				pos++
			}
		}
	}
	if len(r.Waves) > 0 {
		r.Waves[0].OpenedAt = e.At
	}
	return r
}

// Member returns the member of that name, or nil.
func (r *Rollout) Member(name string) *Member {
	if r.index == nil {
		r.index = make(map[string]int, len(r.Members))
		for i := range r.Members {
			r.index[r.Members[i].Cluster] = i
		}
	}
	i, ok := r.index[name]
	if !ok {
		return nil
	}
	return &r.Members[i]
}

func (r *Rollout) add(m Member) {
	r.Members = append(r.Members, m)
	r.Waves[m.Wave].Size++
	r.index = nil
	r.shape++
}

// disturb makes a wave that soaks begin its soak anew.
func (r *Rollout) disturb(wave int, at time.Time) {
	if wave < len(r.Waves) && r.Waves[wave].SoakedAt.IsZero() {
		w := &r.Waves[wave]
		w.Soaked, w.WatchedAt, w.DisturbedAt = 0, time.Time{}, at
	}
}

// finish closes the rollout. Members that are done are forgotten; those that
// failed, were skipped or are still waiting (pinned, say) stay known.
func (r *Rollout) finish(at time.Time) {
	r.FinishedAt = at
	r.Members = slices.DeleteFunc(r.Members, func(m Member) bool {
		return m.Status == Finished || m.Status == Left
	})
	r.Members = slices.Clip(r.Members)
	r.Blips, r.index = nil, nil
	r.shape++
}

// Release returns the release that a version of a product in a cohort belongs
// to: the one under way with the same version in another cohort, or a new one
// named after the commit.
func (s *State) releaseFor(product string, v fleet.Version, commit string) string {
	for _, k := range slices.SortedFunc(maps.Keys(s.Targets), compareKeys) {
		t := s.Targets[k]
		if k.Product == product && t.Version == v && t.Release != "" {
			return t.Release
		}
	}
	return product + "-" + v.Tag + "-" + short(commit)
}

func short(commit string) string { return commit[:min(7, len(commit))] }

func compareKeys(a, b TargetKey) int {
	if a.Product != b.Product {
		if a.Product < b.Product {
			return -1
		}
		return 1
	}
	switch {
	case a.Cohort < b.Cohort:
		return -1
	case a.Cohort > b.Cohort:
		return 1
	default:
		return 0
	}
}
