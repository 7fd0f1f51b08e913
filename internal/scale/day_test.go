package scale_test

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wavegate-dev/wavegate/internal/simfleet"
	"github.com/wavegate-dev/wavegate/internal/sqlite"
	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// diary is what a day came to.
type diary struct {
	brokers, cycles, actions, events int
	commits, starts, restarts, most  int
	calls, failed                    int
	finished                         time.Duration // after the first commit
	journal                          int64         // bytes
}

// TestASmallDay: several releases go through a fleet while one call in fifty
// fails, and the judge finds nothing.
func TestASmallDay(t *testing.T) {
	d := live(t, scenario{
		clusters: 240, planes: 4, cohorts: 6, perStage: 2, releases: 2, brokers: [2]int{2, 5},
		inFlight: 40, perRegion: 25, perPlane: 15, perCustomer: 2, failing: 0.02, length: 8 * time.Hour,
	})
	if d.most < 20 || d.failed == 0 {
		t.Errorf("it proves little: %+v", d)
	}
}

// live runs the service for as long as the scenario says, in virtual time.
func live(t *testing.T, s scenario) (d diary) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ledger.db")
	synctest.Test(t, func(t *testing.T) {
		f, err := simfleet.Open(simfleet.Config{
			Seed: 1, Now: time.Now, MaxTouches: 5000,
			Restart: map[string]simfleet.Span{"kafka": {Min: 20 * time.Second, Max: 60 * time.Second}},
		})
		if err != nil {
			t.Fatal(err)
		}
		members := s.members()
		all := make([]simfleet.Member, len(members))
		for i, m := range members {
			all[i] = m.asMember()
			d.brokers += m.brokers
		}
		if err := f.Add(all...); err != nil {
			t.Fatal(err)
		}
		store, err := sqlite.Open(t.Context(), sqlite.Config{Path: path, Access: sqlite.Own})
		if err != nil {
			t.Fatal(err)
		}
		luck := &misfortune{rand: rand.New(rand.NewPCG(1, 2)), share: s.failing}
		j := newJudge(t, s, f, members)
		repo := &branch{}
		repo.commit(s.base())
		source := flakySource{repo, luck}
		var planes []reconciler.DataPlane
		for _, p := range j.planes {
			planes = append(planes, &flakyPlane{p, luck, j.asked})
		}
		r, err := reconciler.New(reconciler.Config{
			Source: source, Loader: fleet.NewLoader(fleet.LoaderConfig{}), Approver: source, DataPlanes: reconciler.These(planes...),
			Monitors: flakyMonitors{f, luck}, Ledger: flakyLedger{store, luck}, Now: time.Now,
			Reporters: []reconciler.Reporter{reporterFunc(func(c *reconciler.Cycle) {
				d.cycles++
				d.actions += len(c.Acted)
				d.events += len(c.Events)
			})},
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, end := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- r.Run(ctx) }()
		begin := time.Now()
		a := &author{s: s, branch: repo, next: make([]int, s.cohorts)}
		for time.Since(begin) < s.length {
			time.Sleep(15 * time.Second)
			j.look(ctx)
			r.View(a.work)
			if a.finished && d.finished == 0 {
				d.finished = time.Since(begin)
			}
		}
		end()
		if err := <-done; err != nil {
			t.Error(err)
		}
		j.sentence()
		if err := store.Close(); err != nil {
			t.Error(err)
		}
		d.commits, d.starts, d.restarts, d.most = repo.len()-1, j.starts, j.restarts, j.most
		d.calls, d.failed = luck.calls, luck.failed
	})
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	d.journal = info.Size()
	return d
}

type reporterFunc func(*reconciler.Cycle)

func (f reporterFunc) Report(_ context.Context, c *reconciler.Cycle) error {
	f(c)
	return nil
}

// author merges the next promotion as soon as it makes sense: when the cohorts of
// the stage before have finished the version, and the cohort itself is through
// with the one before.
type author struct {
	s        scenario
	branch   *branch
	next     []int // by cohort: the release that it was last moved to
	finished bool
}

func (a *author) work(c *reconciler.Cycle) {
	done := make([]int, a.s.cohorts) // by cohort: the release that it has finished
	index := map[string]int{}
	for i := range done {
		index[a.s.cohort(i)] = i
	}
	for _, r := range c.Plan.Rollouts {
		if i := index[r.Cohort]; r.Phase == plan.PhaseFinished && r.Version.Tag == version(a.next[i]) {
			done[i] = a.next[i]
		}
	}
	a.finished = true
	for i := range done {
		a.finished = a.finished && done[i] == a.s.releases
	}
	// A cohort is moved on only when it is through, so one that has been is.
	passed := func(cohort, release int) bool { return a.next[cohort] > release || done[cohort] >= release }
	for i, release := range a.next {
		ready := release < a.s.releases && done[i] == release
		for k := range done {
			ready = ready && (a.s.stage(k) != a.s.stage(i)-1 || passed(k, release+1))
		}
		if ready {
			a.next[i]++
			a.branch.commit(map[string]string{a.s.file(i): a.s.cohortFile(i, a.next[i])})
			return // each commit moves one cohort
		}
	}
}
