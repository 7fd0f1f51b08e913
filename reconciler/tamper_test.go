package reconciler_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
	"github.com/wavegate-dev/wavegate/reconciler/proof"
)

// forged is the journal of a story that somebody has his hands on.
type forged struct {
	t      *testing.T
	events []plan.Event
}

// find returns the place of an entry: of a kind, about a cluster or a cohort.
func (f *forged) find(kind plan.EventKind, about string) int {
	f.t.Helper()
	i := slices.IndexFunc(f.events, func(e plan.Event) bool {
		return e.Kind == kind && (about == "" || e.Cluster == about || e.Cluster == "" && (e.Cohort == about || e.Commit == about))
	})
	if i < 0 {
		f.t.Fatalf("the journal has no %s of %q", kind, about)
	}
	return i
}

func (f *forged) at(kind plan.EventKind, about string) *plan.Event {
	f.t.Helper()
	return &f.events[f.find(kind, about)]
}

func (f *forged) drop(kind plan.EventKind, about string) {
	f.t.Helper()
	i := f.find(kind, about)
	f.events = slices.Delete(f.events, i, i+1)
}

// move puts an entry right after another.
func (f *forged) move(kind plan.EventKind, about string, after plan.EventKind, of string) {
	f.t.Helper()
	e := *f.at(kind, about)
	f.drop(kind, about)
	i := f.find(after, of)
	e.At = f.events[i].At
	f.events = slices.Insert(f.events, i+1, e)
}

func (f *forged) insert(after plan.EventKind, of string, e plan.Event) {
	f.t.Helper()
	i := f.find(after, of)
	e.At = f.events[i].At
	f.events = slices.Insert(f.events, i+1, e)
}

func (f *forged) each(kind plan.EventKind, about string, change func(*plan.Event)) {
	for i := range f.events {
		if e := &f.events[i]; e.Kind == kind && (about == "" || e.Cluster == about || e.Cohort == about) {
			change(e)
		}
	}
}

// TestATamperedJournalIsFoundOut changes the journals of stories that are sound,
// as a planner with a fault would have written them. Each change must be found,
// under the law that it breaks.
func TestATamperedJournalIsFoundOut(t *testing.T) {
	v := func(tag string) fleet.Version { return fleet.Version{Tag: tag} }
	for _, tt := range []struct {
		story, name string
		tamper      func(*forged)
		law         proof.Law
		want        string
	}{
		{
			"train", "a commit takes effect that was never admitted", func(f *forged) { f.drop(plan.CommitAdmitted, "c1") },
			proof.Traced, "by commit c1, which was never admitted",
		},
		{
			"train", "a cluster is started by another commit than its cohort's",
			func(f *forged) { f.at(plan.ClusterStarted, "p3").Commit = "c1" },
			proof.Traced, "p3 was started on 7.6.1 by commit c1, and prod shall run 7.6.1 by commit p1",
		},
		{
			"train", "a cluster is started on a version that nobody asked for",
			func(f *forged) { f.at(plan.ClusterStarted, "p3").To = v("7.6.9") }, proof.Traced, "p3 was started on 7.6.9",
		},
		{
			"train", "a cluster is started that belongs to no rollout", func(f *forged) { f.at(plan.ClusterStarted, "p3").Cluster = "p9" },
			proof.Traced, "p9 was started on 7.6.1, which is no member of kafka-7.6.1-c1 in prod",
		},
		{
			"train", "a target is set that the commit in force does not have",
			func(f *forged) { f.at(plan.TargetSet, "prod").Commit = "evil" }, proof.Traced, "commit evil, which was never admitted",
		},
		{
			"train", "the version found at the first start is rolled out", func(f *forged) {
				f.each(plan.TargetSet, "prod", func(e *plan.Event) { e.Baseline = true })
			},
			proof.InForce, "the one found at the first start, which moves nothing",
		},
		{
			"emergency", "an emergency goes on after it has expired", func(f *forged) {
				f.each(plan.CommitAdmitted, "", func(e *plan.Event) {
					for name, em := range e.Rules.Emergencies {
						em.Expires = fleet.Moment{Time: time.Date(2026, 3, 2, 9, 10, 0, 0, time.UTC)}
						e.Rules.Emergencies[name] = em
					}
				})
			},
			proof.InForce, "after emergency cve had expired",
		},
		{
			"train", "one commit moves two cohorts", func(f *forged) {
				for _, kind := range []plan.EventKind{plan.TargetSet, plan.ClusterStarted} {
					f.each(kind, "prod", func(e *plan.Event) { e.Commit = "c1" })
					f.each(kind, "p3", func(e *plan.Event) { e.Commit = "c1" })
				}
			},
			proof.OneCohort, "by commit c1, which moves 2 cohorts",
		},
		{
			"train", "a replica is released of a cluster that was never started", func(f *forged) { f.drop(plan.ClusterStarted, "p3") },
			proof.Order, "replica 2 of p3 was released for 7.6.1, and was waiting",
		},
		{
			"train", "a cluster is started again after it has finished", func(f *forged) {
				f.insert(plan.ClusterFinished, "p3", *f.at(plan.ClusterStarted, "p3"))
			},
			proof.Order, "p3 was started on 7.6.1 again, and was finished",
		},
		{
			"budget", "a cluster that has failed goes on without a retry", func(f *forged) {
				f.insert(plan.Resumed, "", *f.at(plan.ClusterStepped, "p1"))
			},
			proof.Order, "replica 2 of p1 was released for 7.6.1, and was failed",
		},
		{
			"train", "a wave finishes without one of its clusters", func(f *forged) { f.drop(plan.ClusterFinished, "p1") },
			proof.Order, "wave 2 of kafka-7.6.1-c1 in prod finished while p1 was under way",
		},
		{
			"budget", "a replica is touched after the halt", func(f *forged) {
				f.insert(plan.Paused, "", *f.at(plan.ClusterStepped, "p2"))
			},
			proof.Pause, "replica 2 of p2 was released for 7.6.1 while kafka-7.6.1-c1 was paused since 2026-03-02 09:37:30 UTC",
		},
		{
			"brake", "a workload is let go on while everything is paused", func(f *forged) { f.drop(plan.Resumed, "") },
			proof.Pause, "d1 was let go on to 7.6.1 while everything was paused since",
		},
		{
			"budget", "a pause is lifted by nobody", func(f *forged) { f.at(plan.Resumed, "").By = "" },
			proof.Resume, "kafka-7.6.1-c1 was resumed, and nobody is named who did it",
		},
		{
			"budget", "a pause is lifted that was never made", func(f *forged) { f.drop(plan.Paused, "") },
			proof.Order, "kafka-7.6.1-c1 was resumed, and was not paused",
		},
		{
			"train", "a cohort starts before the one before it has soaked", func(f *forged) {
				f.drop(plan.RolloutFinished, "canary")
			},
			proof.Predecessor, "before canary had finished and soaked 7.6.1",
		},
		{
			"train", "a wave is opened too early", func(f *forged) { f.move(plan.WaveOpened, "prod", plan.WaveFinished, "prod") },
			proof.Wave, "wave 2 of kafka-7.6.1-c1 in prod was opened before wave 1 had finished and soaked",
		},
		{
			"train", "a cluster is started before its wave is open", func(f *forged) {
				f.move(plan.ClusterStarted, "p1", plan.ClusterStarted, "p3")
			},
			proof.Wave, "p1 was started on 7.6.1 before wave 2 of prod was open",
		},
		{
			"train", "a soak is cut short", func(f *forged) {
				f.at(plan.WaveSoaked, "canary").At = f.at(plan.WaveFinished, "canary").At.Add(9 * time.Minute)
			},
			proof.Soak, "wave 1 of kafka-7.6.1-c1 in canary soaked for 9m0s, and has to for 10m0s",
		},
		{
			"train", "a failure does not begin the soak anew", func(f *forged) {
				failed := *f.at(plan.ClusterFinished, "c1")
				failed.Kind = plan.ClusterFailed
				soaked := f.find(plan.WaveSoaked, "canary")
				failed.At = f.events[soaked].At.Add(-time.Minute)
				f.events = slices.Insert(f.events, soaked, failed)
			},
			proof.Soak, "soaked for 1m0s",
		},
		{
			"budget", "a release goes on after its budget is spent", func(f *forged) {
				f.drop(plan.Paused, "")
				f.insert(plan.ClusterFailed, "p2", *f.at(plan.ClusterStepped, "p2"))
			},
			proof.Budget, "replica 2 of p2 was released for 7.6.1 after 2 clusters of kafka-7.6.1-c1 had failed",
		},
		{
			"blackout", "a cluster is started inside a blackout", func(f *forged) {
				f.at(plan.ClusterStarted, "p1").At = time.Date(2026, 3, 2, 10, 59, 0, 0, time.UTC)
			},
			proof.Window, "p1 was started on 7.6.1 inside blackout freeze",
		},
		{
			"pin", "a pinned cluster is started", func(f *forged) {
				f.at(plan.ClusterStarted, "c2").At = time.Date(2026, 3, 2, 9, 39, 0, 0, time.UTC)
			},
			proof.Pin, "c2 was started on 7.6.1, which pin audit holds",
		},
		{
			"train", "a step is too large for the product", func(f *forged) { f.at(plan.ClusterStarted, "p3").From = v("7.4.0") },
			proof.Version, "p3 was started on 7.6.1 from 7.4.0: 7.4.0 to 7.6.1 skips too much",
		},
		{
			"train", "two clusters of a customer are in flight", func(f *forged) {
				for _, c := range []string{"p1", "p2"} {
					f.at(plan.ClusterStarted, c).Labels["customer"] = "a"
				}
			},
			proof.Limit, "as number 2 in flight with customer a, 1 allowed",
		},
		{
			"train", "more are in flight than may be", func(f *forged) {
				f.each(plan.CommitAdmitted, "", func(e *plan.Event) { e.Rules.Limits = []fleet.Limit{{MaxConcurrency: 1}} })
			},
			proof.Limit, "as number 2 in flight, 1 allowed",
		},
		{
			"train", "more of a wave are in flight than may be", func(f *forged) {
				f.each(plan.CommitAdmitted, "", func(e *plan.Event) {
					prod := e.Rules.Cohorts["prod"]
					prod.Waves[1].MaxConcurrency = 1
				})
			},
			proof.Limit, "as number 2 in flight of wave 2 of prod, 1 allowed",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := storyOf(t, "testdata/"+tt.story+".txtar")
			s.play(string(s.file("script")))
			f := &forged{t: t, events: s.ledger.events}
			tt.tamper(f)
			r := judge(f.events)
			for _, v := range r.Violations {
				if v.Law == tt.law && strings.Contains(v.Story, tt.want) && v.Seq > 0 && !v.At.IsZero() {
					return
				}
			}
			t.Errorf("not found; want law %s, %q; got:", tt.law, tt.want)
			for _, v := range r.Violations {
				t.Errorf("  entry %d, law %s: %s", v.Seq, v.Law, v.Story)
			}
		})
	}
}
