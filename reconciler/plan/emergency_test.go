package plan_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// emergencyWorld has cohorts of random shape, and an emergency in force that skips
// whatever it likes.
func emergencyWorld(rt *rapid.T) *world {
	spec := smallSpec()
	spec.Fleet.Spec.Limits = []fleet.Limit{{MaxConcurrency: rapid.IntRange(1, 20).Draw(rt, "limit")}}
	for i := range spec.Cohorts {
		c := &spec.Cohorts[i].Spec
		c.MaxFailures = fleet.Size{}
		c.Waves = []fleet.Wave{{Size: percent(100), Soak: fleet.Duration(rapid.SampledFrom([]time.Duration{0, time.Minute, time.Hour}).Draw(rt, "soak"))}}
		if rapid.Bool().Draw(rt, "two waves") {
			c.Waves = append([]fleet.Wave{{Size: fleet.Size{Count: 1}}}, c.Waves...)
		}
	}
	w := newWorld(rt, spec)
	w.checks = false
	for i := range rapid.IntRange(0, 4).Draw(rt, "canaries") {
		w.cluster(fmt.Sprintf("canary-%d", i), "kafka", "dp1", "7.6.0", 2, map[string]string{"tier": "canary"})
	}
	for i := range rapid.IntRange(2, 6).Draw(rt, "prods") {
		w.cluster(fmt.Sprintf("prod-%d", i), "kafka", "dp2", "7.6.0", 2, map[string]string{"tier": "prod"})
	}
	w.merge("base000", func(*fleet.Spec) {})
	w.cycle()
	w.merge("e1", func(s *fleet.Spec) {
		s.Emergencies = []fleet.Emergency{{Meta: fleet.Meta{Name: "cve"}, Spec: fleet.EmergencySpec{
			Product: "kafka", Version: v("7.6.1"), Reason: "CVE", Expires: fleet.Moment{Time: w.now.AddDate(0, 0, 7)},
			Skip: rapid.SampledFrom([][]fleet.EmergencySkip{
				nil, {fleet.SkipSoak}, {fleet.SkipBlackout}, {fleet.SkipSoak, fleet.SkipBlackout},
			}).Draw(rt, "skip"),
		}}}
	})
	return w
}

// started names the clusters of which a replica was touched.
func (w *world) startedClusters() map[string]bool {
	out := map[string]bool{}
	for _, x := range w.touched {
		out[x.cluster] = true
	}
	return out
}

// Whatever an emergency skips, one part of the fleet goes first and is watched for
// as long as a monitor may take to tell; and what it tells halts the rest.
func TestNoEmergencySwitchesOffItsCanaryAndItsHalt(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := emergencyWorld(rt)
		watch := time.Duration(w.spec.Products[0].Spec.Monitors[0].MaxAge)
		first := ""
		for n := 0; first == "" && n < 400; n++ {
			w.next()
			for name := range w.startedClusters() {
				first = name
			}
		}
		if first == "" {
			rt.Fatalf("nothing has started: %s", w.summary())
		}
		key := plan.TargetKey{Product: "kafka", Cohort: w.clusters[first].Labels["tier"]}
		wave := map[string]bool{}
		for _, m := range w.state.Rollouts[key].Members {
			if m.Wave == 0 {
				wave[m.Cluster] = true
			}
		}
		if len(w.clusters) > 1 && len(wave) == len(w.clusters) {
			rt.Fatalf("all %d clusters go first", len(wave))
		}
		alertAt := rapid.IntRange(0, 30).Draw(rt, "alert after")
		fired := false
		finished := func() (at time.Time, all bool) {
			for _, m := range w.state.Rollouts[key].Members {
				if m.Wave == 0 && m.FinishedAt.After(at) {
					at = m.FinishedAt
				}
			}
			state := w.state.Rollouts[key].Waves[0]
			return at, !state.FinishedAt.IsZero()
		}
		for n := range 60 {
			if n == alertAt {
				at, all := finished()
				fired = !all || w.now.Sub(at) < watch
				w.fire(first, w.now)
			}
			w.next()
			for name := range w.startedClusters() {
				if wave[name] {
					continue
				}
				at, all := finished()
				if !all || w.now.Sub(at) < watch {
					rt.Fatalf("%s was touched before the canary wave was watched for %s", name, watch)
				}
				if fired {
					rt.Fatalf("%s was touched though %s of the canary wave alerts", name, first)
				}
			}
			if r := w.state.Rollouts[key]; r == nil || !r.FinishedAt.IsZero() {
				break
			}
		}
		if fired {
			for id, r := range w.state.Releases {
				if r.Paused == nil {
					rt.Fatalf("release %s goes on though %s of its canary wave alerts", id, first)
				}
			}
		}
	})
}
