package console

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/admission"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
	"github.com/wavegate-dev/wavegate/reconciler/report"
)

// snapshot is what the console needs of a cycle, in values that no later cycle
// changes.
type snapshot struct {
	at     time.Time
	status *report.Status
	// base is what an open pull request is compared with: the commit in force, or the
	// head of the branch while nothing is.
	base     string
	subjects []subject
	policy   fleet.Approvals // of the spec in force
	drift    fleet.Drift     // when the drift report is posted
	// promotions are the cohorts that have others before them.
	promotions []promotion
}

// subject is what a merged commit is about: one product that it moves, or nothing.
type subject struct {
	commit string
	// product is empty when the commit moves none; release and cohort are then
	// empty too. cohort is also empty when it moves several, as emergencies do.
	product, release, cohort string
	// judgement is what admission last said of the commit; nil when that is not
	// known any more.
	judgement    *admission.Judgement
	supersededBy string
}

type subjectKey struct{ commit, product string }

func (s *subject) key() subjectKey { return subjectKey{s.commit, s.product} }

// reporterMemory is what Report keeps from one cycle to the next.
type reporterMemory struct {
	shown      time.Time // when the last snapshot was made
	judgements []admission.Judgement
	head       string // of the branch, as long as nothing is in force
	// moved are the subjects of the targets, also of those that are not in force
	// any more, as long as there is room.
	moved map[subjectKey]subject
	order []subjectKey // of moved, the oldest first
}

func newReporterMemory() reporterMemory { return reporterMemory{moved: map[subjectKey]subject{}} }

// maxMoved bounds the subjects that are remembered, those in force aside.
const maxMoved = 256

// Report takes what is to be said of a cycle, and never waits for GitHub. It
// returns an error once when GitHub could not be told of the cycles before. A dry
// run says nothing.
func (c *Console) Report(_ context.Context, cycle *reconciler.Cycle) error {
	if cycle.Plan == nil || cycle.State == nil || cycle.Fleet == nil || cycle.DryRun {
		return nil
	}
	in := report.Input{
		Now: cycle.At, Plan: cycle.Plan, State: cycle.State, Fleet: cycle.Fleet, FleetName: c.cfg.Fleet,
		Problems: slices.Clone(cycle.Problems),
	}
	c.mu.Lock()
	heard := c.hearing.hear(cycle, in)
	if c.memory.news(cycle, c.cfg.Hold) || heard {
		c.latest = c.memory.snapshot(cycle, in)
		poke(c.living)
		poke(c.open)
	}
	err := c.trouble.tell()
	c.mu.Unlock()
	if err != nil {
		return fmt.Errorf("could not say at GitHub what was decided; it is said when GitHub answers again: %w", err)
	}
	return nil
}

// news says whether a cycle has something to tell: a turn of events, a judgement,
// or only that time has passed. Rendering looks at every cluster, so other cycles
// do without.
func (m *reporterMemory) news(cycle *reconciler.Cycle, hold time.Duration) bool {
	judged := cycle.Admission != nil && !slices.Equal(cycle.Admission.Judgements, m.judgements)
	turn := slices.ContainsFunc(cycle.Events, func(e plan.Event) bool { return isTurn(e.Kind) })
	return judged || turn || cycle.At.Sub(m.shown) >= hold/2 || cycle.At.Before(m.shown)
}

// isTurn says whether something has happened that is said at once. Clusters come
// and go by the dozen in each cycle, and their numbers can wait.
func isTurn(k plan.EventKind) bool {
	switch k {
	case plan.CommitAdmitted, plan.CommitRefused, plan.AdmissionThawed, plan.TargetSet, plan.TargetRemoved,
		plan.RolloutStarted, plan.RolloutSuperseded, plan.RolloutFinished, plan.ReleaseCompleted,
		plan.WaveOpened, plan.WaveFinished, plan.WaveSoaked, plan.Paused, plan.Resumed, plan.ClusterFailed:
		return true
	default:
		return false
	}
}

func (m *reporterMemory) snapshot(cycle *reconciler.Cycle, in report.Input) *snapshot {
	m.shown = cycle.At
	if cycle.Admission != nil {
		m.judgements = slices.Clone(cycle.Admission.Judgements)
	}
	s := &snapshot{at: cycle.At, status: report.NewStatus(in), promotions: newPromotions(cycle)}
	if s.base = s.status.Commit; s.base == "" {
		if cycle.Head != "" {
			m.head = cycle.Head
		}
		s.base = m.head
	}
	s.status.Notes = slices.Clone(s.status.Notes)
	if cycle.Spec != nil {
		s.policy = cycle.Spec.Fleet.Spec.Approvals
		s.policy.By = slices.Clone(s.policy.By)
		s.drift = cycle.Spec.Fleet.Spec.Drift
	}
	m.targets(cycle.Plan.Rollouts)
	moving := map[string]bool{}
	for _, k := range m.order {
		s.subjects = append(s.subjects, m.moved[k])
		moving[k.commit] = true
	}
	for i := range m.judgements {
		j := m.judgements[i]
		if !moving[j.Commit] {
			s.subjects = append(s.subjects, subject{commit: j.Commit, judgement: &j})
		}
	}
	return s
}

// targets takes up what is in force, and marks what is not any more.
func (m *reporterMemory) targets(rollouts []plan.RolloutStatus) {
	now := map[subjectKey]subject{}
	at := map[plan.TargetKey]string{} // the release of each target
	for i := range rollouts {
		r := &rollouts[i]
		at[plan.TargetKey{Product: r.Product, Cohort: r.Cohort}] = r.Release
		if r.Release == "" {
			continue
		}
		k := subjectKey{r.Commit, r.Product}
		x, several := now[k]
		if !several {
			x = subject{commit: r.Commit, product: r.Product, release: r.Release, cohort: r.Cohort}
		} else {
			x.cohort = ""
		}
		now[k] = x
	}
	for k, x := range m.moved {
		if _, ok := now[k]; ok {
			continue
		}
		next := at[plan.TargetKey{Product: x.product, Cohort: x.cohort}]
		for i := 0; x.cohort == "" && next == "" && i < len(rollouts); i++ {
			if rollouts[i].Product == x.product {
				next = rollouts[i].Release
			}
		}
		if next != "" && next != x.release {
			x.supersededBy = next
			m.moved[k] = x
		}
	}
	for i := range rollouts {
		k := subjectKey{rollouts[i].Commit, rollouts[i].Product}
		x, ok := now[k]
		if !ok {
			continue
		}
		if _, known := m.moved[k]; !known {
			m.order = append(m.order, k)
		}
		m.moved[k] = x
	}
	for i := 0; len(m.order) > maxMoved+len(now) && i < len(m.order); {
		if _, ok := now[m.order[i]]; ok {
			i++
			continue
		}
		delete(m.moved, m.order[i])
		m.order = slices.Delete(m.order, i, i+1)
	}
}

// newest returns the newest snapshot, or nil.
func (c *Console) newest() *snapshot {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.latest
}
