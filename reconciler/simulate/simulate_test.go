package simulate_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
	"github.com/wavegate-dev/wavegate/reconciler/simulate"
)

const month = 30 * 24 * time.Hour

func run(m *moment, horizon time.Duration, targets ...plan.TargetKey) *simulate.Preview {
	return simulate.Run(simulate.Config{Input: m.in, Horizon: horizon, Targets: targets})
}

func of(t *testing.T, p *simulate.Preview, key plan.TargetKey) *simulate.Rollout {
	t.Helper()
	for i := range p.Rollouts {
		if p.Rollouts[i].Product == key.Product && p.Rollouts[i].Cohort == key.Cohort {
			return &p.Rollouts[i]
		}
	}
	t.Fatalf("no rollout of %v in %+v", key, p.Rollouts)
	return nil
}

func TestSoaksDelayTheNextWave(t *testing.T) {
	m := newMoment(t, 8)
	m.release("7.6.1")
	p := run(m, month)
	r := of(t, p, prod)
	if got := of(t, p, canary).Ends.Sub(epoch); got < time.Hour || got > 2*time.Hour {
		t.Errorf("canary, with an hour to soak, ends after %s", got)
	}
	if r.Starts.Before(of(t, p, canary).Ends) {
		t.Errorf("prod starts at %s, canary ends at %s", r.Starts, of(t, p, canary).Ends)
	}
	for w := range r.Waves[1:] {
		before, next := r.Waves[w], r.Waves[w+1]
		if soaked := next.Starts.Sub(before.Finishes); soaked < before.Soak || soaked > before.Soak+time.Minute {
			t.Errorf("wave %d starts %s after wave %d, which soaks %s", w+2, soaked, w+1, before.Soak)
		}
	}
}

func TestWindowsDelay(t *testing.T) {
	for _, tt := range []struct {
		name   string
		window fleet.WindowSpec
		starts time.Time
		gate   string
		says   string
	}{
		{
			"a blackout that has begun",
			fleet.WindowSpec{Type: fleet.Blackout, From: local(epoch.Add(-time.Hour)), Until: local(epoch.Add(3 * time.Hour)), Reason: "month end"},
			epoch.Add(3 * time.Hour), "window-closed", "blackout w until 2026-03-02 12:00 UTC: month end",
		},
		{
			"a blackout that begins too soon",
			fleet.WindowSpec{Type: fleet.Blackout, From: local(epoch.Add(5 * time.Minute)), Until: local(epoch.Add(3 * time.Hour))},
			epoch.Add(3 * time.Hour), "window-too-short", "blackout w begins at 2026-03-02 09:05 UTC, and it needs about 8m",
		},
		{
			"a maintenance window that opens later",
			fleet.WindowSpec{Type: fleet.Maintenance, From: local(epoch.Add(2 * time.Hour)), Until: local(epoch.Add(9 * time.Hour))},
			epoch.Add(2 * time.Hour), "window-closed", "outside of maintenance window w, which opens at 2026-03-02 11:00 UTC",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := newMoment(t, 2)
			m.window("w", tt.window)
			m.release("7.6.1")
			p := run(m, month, canary)
			if got := of(t, p, canary).Starts; !got.Equal(tt.starts) {
				t.Errorf("starts at %s, want %s", got, tt.starts)
			}
			if !p.Done || len(p.Delays) == 0 || p.Delays[0].Gate != tt.gate || p.Delays[0].Reason != tt.says || p.Delays[0].Clusters != 2 {
				t.Errorf("done %t, delays %+v", p.Done, p.Delays)
			}
		})
	}
}

func TestNothingIsPreviewedBeyondTheHorizon(t *testing.T) {
	m := newMoment(t, 8)
	m.release("7.6.1")
	p := run(m, 2*time.Hour)
	if p.Done {
		t.Error("it is done within two hours")
	}
	if p.End.After(epoch.Add(2 * time.Hour)) {
		t.Errorf("the last thing happens at %s", p.End)
	}
	if of(t, p, canary).Ends.IsZero() || !of(t, p, prod).Ends.IsZero() {
		t.Errorf("ends: canary %s, prod %s", of(t, p, canary).Ends, of(t, p, prod).Ends)
	}
	if !run(m, month).Done {
		t.Error("it is not done within a month")
	}
}

func TestClustersThatWouldStillWaitAreCounted(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*moment)
		count  int
		want   simulate.Blocked
	}{
		{
			"in a data plane out of reach", func(m *moment) { m.in.Fleet.Lose("dp2", "connection refused") }, 8,
			simulate.Blocked{Verdict: "unknown", Gate: "not-observed", Reason: "clusters cannot be observed", Clusters: 4, Example: "prod-00001"},
		},
		{
			"with a version too far away", func(m *moment) {
				for _, name := range []string{"prod-00002", "prod-00003"} {
					m.observe(name, func(c *plan.Cluster) { c.Version, c.Target = v("7.2.0"), v("7.2.0") })
				}
			}, 2,
			simulate.Blocked{
				Verdict: "waiting", Gate: "version-forbidden", Clusters: 2, Example: "prod-00002",
				Reason: "7.2.0 to 7.6.1 skips too much: the minor version changes by 4, and maxMinorSkip is 1",
			},
		},
		{
			"with their release paused", func(m *moment) {
				m.in.State.Apply(plan.Event{At: epoch, Kind: plan.Paused, Release: "kafka-7.6.1-c1", Reason: "looks odd", By: "user:ann"})
			}, 10,
			simulate.Blocked{Verdict: "waiting", Gate: "release-paused", Reason: "looks odd (by user:ann)", Clusters: 10, Example: "canary-0"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := newMoment(t, 8)
			m.release("7.6.1")
			tt.change(m)
			p := run(m, 7*24*time.Hour)
			if p.Done {
				t.Error("it says that it is done")
			}
			if p.BlockedCount != tt.count || !slices.Contains(p.Blocked, tt.want) {
				t.Errorf("%d blocked: %+v\nwant %+v", p.BlockedCount, p.Blocked, tt.want)
			}
		})
	}
}

func TestAPinnedClusterIsLeftOutAndTheRestIsDone(t *testing.T) {
	m := newMoment(t, 8)
	m.merge("base000", func(s *fleet.Spec) {
		s.Pins = []fleet.Pin{{Meta: fleet.Meta{Name: "audit"}, Spec: fleet.PinSpec{
			Clusters: []string{"prod-00003"}, Owner: "user:ann", Reason: "audit", Expires: fleet.Moment{Time: epoch.Add(2 * month)},
		}}}
	})
	m.release("7.6.1")
	p := run(m, month)
	if !p.Done || p.BlockedCount != 1 || p.Blocked[0].Verdict != "pinned" || p.Blocked[0].Example != "prod-00003" {
		t.Errorf("done %t, blocked %+v", p.Done, p.Blocked)
	}
}

func TestOnlyTheTargetsThatWereAskedForAreShown(t *testing.T) {
	m := newMoment(t, 8)
	m.release("7.6.1")
	if p := run(m, month, prod); len(p.Rollouts) != 1 || p.Rollouts[0].Cohort != "prod" || !p.Done {
		t.Errorf("%+v", p.Rollouts)
	}
}

// Sixty replicas of two and a half minutes take longer than the deadline of a
// cluster that makes no progress, but each of them is progress.
func TestALongUpgradeIsNoFailure(t *testing.T) {
	m := newMoment(t, 0)
	m.replicas = 60
	m.cluster("prod-large", "dp1", "7.6.0", map[string]string{"tier": "prod"})
	m.replicas = 1
	for i := range 3 {
		m.cluster(fmt.Sprintf("prod-small-%d", i), "dp1", "7.6.0", map[string]string{"tier": "prod"})
	}
	m.merge("base000", func(s *fleet.Spec) { s.Cohorts[1].Spec.Waves = []fleet.Wave{{Size: percent(100), MaxConcurrency: 2}} })
	m.release("7.6.1")
	p := run(m, month)
	if !p.Done || p.BlockedCount != 0 {
		t.Errorf("done %t, blocked %+v", p.Done, p.Blocked)
	}
	w := of(t, p, prod).Waves[0]
	if got := w.Finishes.Sub(w.Starts); got < 60*perReplica || got > 60*perReplica+3*perReplica {
		t.Errorf("it takes %s, want about %s", got, 60*perReplica)
	}
}

func TestAClusterThatJoinsOnTheWayIsInThePreview(t *testing.T) {
	m := newMoment(t, 4)
	m.release("7.6.1")
	// Let it begin for real, so that members are fixed, and then a cluster joins.
	r := newReal(m)
	r.run(t, epoch.Add(90*time.Minute))
	m.in = r.in
	m.cluster("prod-new", "dp1", "7.6.0", map[string]string{"tier": "prod"})
	waves := of(t, run(m, month), prod).Waves
	if last := waves[len(waves)-1].Clusters; !strings.Contains(fmt.Sprint(last), "prod-new") {
		t.Errorf("the last wave has %v", last)
	}
}

func TestAnEmergencyGoesThroughAllCohortsWithoutSoaks(t *testing.T) {
	m := newMoment(t, 4)
	m.window("freeze", fleet.WindowSpec{Type: fleet.Blackout, From: local(epoch.Add(-time.Hour)), Until: local(epoch.Add(month))})
	m.merge("cve", func(s *fleet.Spec) {
		s.Emergencies = []fleet.Emergency{{Meta: fleet.Meta{Name: "cve-1"}, Spec: fleet.EmergencySpec{
			Product: "kafka", Version: v("7.6.9"), Reason: "CVE", Skip: []fleet.EmergencySkip{fleet.SkipSoak, fleet.SkipBlackout},
			Expires: fleet.Moment{Time: epoch.Add(month)},
		}}}
	})
	p := run(m, month)
	if !p.Done || len(p.Rollouts) != 2 || p.End.Sub(epoch) > time.Hour {
		t.Errorf("done %t after %s: %+v", p.Done, p.End.Sub(epoch), p.Blocked)
	}
	if of(t, p, prod).Starts.Before(of(t, p, canary).Ends) {
		t.Error("prod starts before canary has ended")
	}
}

func TestAPreviewLeavesItsInputAlone(t *testing.T) {
	m := newMoment(t, 8)
	m.release("7.6.1")
	before := picture(t, m)
	run(m, month)
	if after := picture(t, m); !reflect.DeepEqual(before, after) {
		t.Errorf("before %v\nafter  %v", before, after)
	}
}

func picture(t *testing.T, m *moment) []any {
	t.Helper()
	state, err := json.Marshal(m.in.State)
	if err != nil {
		t.Fatal(err)
	}
	out := []any{string(state), m.in.Now, m.in.Watched}
	for _, name := range m.in.Fleet.Names() {
		row, _ := m.in.Fleet.Find(name)
		out = append(out, m.in.Fleet.Cluster(row))
	}
	return out
}

func TestTheSameInputGivesTheSamePreview(t *testing.T) {
	m := newMoment(t, 12)
	m.release("7.6.1")
	first, _ := json.Marshal(run(m, month))
	for range 5 {
		if again, _ := json.Marshal(run(m, month)); string(again) != string(first) {
			t.Fatalf("%s\n%s", first, again)
		}
	}
}

// Before the first commit there is nothing to preview, also not while a cluster
// is half way between two versions.
func TestWithoutASpecNothingIsPreviewed(t *testing.T) {
	m := newMoment(t, 2)
	m.in.Policy, m.in.State = nil, plan.NewState()
	m.observe("prod-00000", func(c *plan.Cluster) { c.Target, c.Updated, c.Next = v("7.6.1"), 1, 1 })
	if p := run(m, month); len(p.Rollouts) != 0 {
		t.Errorf("%+v", p.Rollouts)
	}
}

func BenchmarkPreview20000(b *testing.B) {
	m := newMoment(b, 20000)
	m.merge("base000", func(s *fleet.Spec) { s.Fleet.Spec.Limits = []fleet.Limit{{MaxConcurrency: 200}} })
	m.release("7.6.1")
	b.ReportAllocs()
	for b.Loop() {
		if p := simulate.Run(simulate.Config{Input: m.in, Horizon: month}); !p.Done {
			b.Fatalf("not done: %+v", p.Blocked)
		}
	}
}
