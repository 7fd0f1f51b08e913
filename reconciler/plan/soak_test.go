package plan_test

import (
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// soaking is a world whose canaries have just finished 7.6.1: one wave that has
// to be quiet for an hour.
func soaking(t fataler) *world {
	w := smallWorld(t)
	w.setVersion("c1", "canary", "7.6.1")
	w.until("canary soaks", time.Hour, func() bool { return w.phase("kafka", "canary") == plan.PhaseSoaking })
	return w
}

func (w *world) soaked() time.Duration { return w.state.Rollouts[canaryKey].Waves[0].Soaked }

// TestASoakCountsOnlyWatchedAndQuietTime lets half an hour of a soak pass, then
// something happen for ten minutes, and then quiet again.
func TestASoakCountsOnlyWatchedAndQuietTime(t *testing.T) {
	const half = 30 * time.Minute
	for _, tt := range []struct {
		name       string
		begin, end func(*world)
		during     time.Duration // soaked after the ten minutes
	}{
		{
			name: "quiet time counts", begin: func(*world) {}, end: func(*world) {}, during: half + 10*time.Minute,
		},
		{
			name:  "a blind monitor stops the clock",
			begin: func(w *world) { w.blind[blindKey] = "no data" }, end: func(w *world) { clear(w.blind) }, during: half,
		},
		{
			name:  "a monitor that is blind to one cluster of the wave stops the clock",
			begin: func(w *world) { w.blindTo("canary-1") }, end: func(w *world) { w.spots = nil }, during: half,
		},
		{
			name:  "a monitor that is blind to a cluster outside of the wave does not",
			begin: func(w *world) { w.blindTo("prod-1") }, end: func(w *world) { w.spots = nil }, during: half + 10*time.Minute,
		},
		{
			name:  "a pause stops the clock",
			begin: func(w *world) { w.obey(plan.Command{Kind: plan.CommandPause, Release: "kafka-7.6.1-c1"}) },
			end:   func(w *world) { w.obey(plan.Command{Kind: plan.CommandResume, Release: "kafka-7.6.1-c1"}) }, during: half,
		},
		{
			name:  "a data plane out of reach stops the clock",
			begin: func(w *world) { w.lost["dp1"] = true }, end: func(w *world) { w.lost["dp1"] = false }, during: half,
		},
		{
			name: "a data plane without clusters of the wave does not", during: half + 10*time.Minute,
			begin: func(w *world) { w.lost["dp2"] = true }, end: func(w *world) { w.lost["dp2"] = false },
		},
		{
			name:  "a clock that jumps stops the clock",
			begin: func(w *world) { w.jumped = true }, end: func(w *world) { w.jumped = false }, during: half,
		},
		{
			// It was firing before the upgrade, so it is not charged.
			name:  "an old alert that comes up again begins it anew",
			begin: func(w *world) { w.fire("canary-0", epoch.Add(-time.Hour)) }, end: func(w *world) { w.alerts = nil }, during: 0,
		},
		{
			name:  "an alert on a cluster outside of the wave is nothing to it",
			begin: func(w *world) { w.fire("prod-0", epoch) }, end: func(w *world) { w.alerts = nil }, during: half + 10*time.Minute,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := soaking(t)
			for w.soaked() < half {
				w.next()
			}
			tt.begin(w)
			w.run(10 * time.Minute)
			if got := w.soaked(); got != tt.during {
				t.Errorf("soaked %s in the end, want %s", got, tt.during)
			}
			tt.end(w)
			missing := time.Hour - w.soaked()
			began := w.now
			w.until("it has soaked", 2*time.Hour, func() bool { return w.phase("kafka", "canary") == plan.PhaseFinished })
			if took := w.now.Sub(began); took < missing || took > missing+2*time.Minute {
				t.Errorf("%s were missing, and it took %s", missing, took)
			}
		})
	}
}

func TestTimeThatNobodyWatchedIsNotSoaked(t *testing.T) {
	w := soaking(t)
	w.run(10 * time.Minute)
	before := w.soaked()
	// The process was down: the wall clock moved, nobody watched.
	w.now = w.now.Add(5 * time.Hour)
	w.watched = 0
	w.cycle()
	if got := w.soaked(); got != before {
		t.Errorf("soaked %s after five hours unwatched, %s before", got, before)
	}
	w.now = w.now.Add(10 * time.Second)
	w.watched = 10 * time.Second
	w.cycle()
	if got := w.soaked(); got != before+10*time.Second {
		t.Errorf("soaked %s, want %s and ten seconds", got, before)
	}
}

// A plan is told that it watched longer than the wave has been seen to be quiet.
func TestOnlyTimeSinceTheWaveWasSeenQuietIsSoaked(t *testing.T) {
	w := soaking(t)
	w.run(10 * time.Minute)
	before := w.soaked()
	w.now = w.now.Add(10 * time.Second)
	w.watched = 8 * time.Hour
	w.cycle()
	if got := w.soaked(); got != before+10*time.Second {
		t.Errorf("soaked %s, want %s and ten seconds", got, before)
	}
}

func TestAClockThatGoesBackDoesNotSoak(t *testing.T) {
	w := soaking(t)
	w.run(10 * time.Minute)
	before := w.soaked()
	w.now = w.now.Add(-5 * time.Minute)
	w.watched = 30 * time.Second
	w.cycle()
	if got := w.soaked(); got != before {
		t.Errorf("soaked %s, want %s", got, before)
	}
}

func TestALongerSoakInTheSpecHoldsAtOnce(t *testing.T) {
	w := soaking(t)
	w.run(30 * time.Minute)
	w.edit(func(s *fleet.Spec) {
		s.Cohorts[0].Spec.Waves = []fleet.Wave{{Size: percent(100), Soak: fleet.Duration(3 * time.Hour)}}
	})
	w.run(2 * time.Hour)
	if got := w.phase("kafka", "canary"); got != plan.PhaseSoaking {
		t.Errorf("canary is %s after two and a half of three hours", got)
	}
}

func TestAWaveOpensOnlyAfterTheOneBeforeHasSoaked(t *testing.T) {
	w := provenWorld(t)
	w.promote()
	w.until("prod-1 has started", 3*time.Hour, func() bool { return w.clusters["prod-1"].starts > 0 })
	first := w.state.Rollouts[prodKey].Waves[0]
	if first.SoakedAt.IsZero() || first.SoakedAt.Sub(first.FinishedAt) < 30*time.Minute {
		t.Errorf("prod-1 started; wave 1 finished at %s and soaked at %s", first.FinishedAt, first.SoakedAt)
	}
	if n := w.touches("prod-0"); n != 3 {
		t.Errorf("prod-0: %d replicas touched before the next wave", n)
	}
}

// No timeout moves a cohort on: what soaks in a week of noise has not soaked.
func TestAWeekOfNoiseOpensNoWave(t *testing.T) {
	w := soaking(t)
	w.fire("canary-0", epoch.Add(-time.Hour))
	w.checks = false
	w.setVersion("c2", "prod", "7.6.1")
	for range 7 * 24 {
		w.now = w.now.Add(time.Hour)
		w.watched = time.Hour
		w.cycle()
	}
	if got := w.phase("kafka", "canary"); got != plan.PhaseSoaking {
		t.Errorf("canary is %s", got)
	}
	if n := w.touches("prod-0"); n != 0 {
		t.Errorf("prod-0: %d replicas touched", n)
	}
}

// Nothing ends a soak whose clock stands still but what made it stand still: to
// wake up for it would be to spin.
func TestASoakThatStandsStillWakesNobody(t *testing.T) {
	for _, tt := range []struct {
		name  string
		still func(*world)
	}{
		{"paused", func(w *world) { w.obey(plan.Command{Kind: plan.CommandPause}) }},
		{"with a blind monitor", func(w *world) { w.blind[blindKey] = "no data" }},
		{"with a monitor that is blind to one cluster", func(w *world) { w.blindTo("canary-0") }},
		{"with an alert", func(w *world) { w.fire("canary-0", epoch.Add(-time.Hour)) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := soaking(t)
			tt.still(w)
			w.edit(func(s *fleet.Spec) { s.Cohorts[0].Spec.Waves = []fleet.Wave{{Size: percent(100)}} })
			w.next()
			if !w.plan.Wake.IsZero() {
				t.Errorf("wakes up after %s", w.plan.Wake.Sub(w.now))
			}
		})
	}
}
