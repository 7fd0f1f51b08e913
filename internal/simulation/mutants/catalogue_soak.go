package main

// soakBugs make a soak shorter than it is said to be.
func soakBugs() []mutation {
	const (
		life  = "reconciler/plan/lifecycle.go"
		apply = "reconciler/plan/apply.go"
		loop  = "reconciler/reconciler.go"
	)
	return []mutation{
		{
			name: "soak-by-the-wall-clock", law: 10, file: life,
			why: "the soak is over when its duration has passed since the wave finished",
			old: "if state.Soaked >= need && v.soaks {",
			new: "if c.in.Now.Sub(state.FinishedAt) >= need && quiet && watched {",
		},
		{
			name: "soak-credits-gaps", law: 10, file: life,
			why:  "the time since the last look counts, however long ago that was",
			open: "not found within 60 seeds",
			old:  "gap > 0 && gap <= c.in.Watched {",
			new:  "gap > 0 {",
		},
		{
			name: "gap-counts-as-watched", law: 10, file: loop,
			why:  "a cycle that took hours is a cycle",
			open: "not found within 60 seeds",
			old:  "if !c.clockJumped && elapsed <= r.cfg.MaxGap {",
			new:  "if !c.clockJumped {",
		},
		{
			name: "clock-jump-counts-as-watched", law: 10, file: loop,
			why:  "the wall clock is the clock",
			open: "not found within 60 seeds",
			old:  "\t\tc.clockJumped = (elapsed-wall).Abs() > time.Minute || wall < 0\n\t\tif !c.clockJumped && elapsed <= r.cfg.MaxGap {\n\t\t\tc.watched = elapsed\n\t\t}\n",
			new:  "\t\tif elapsed <= r.cfg.MaxGap {\n\t\t\tc.watched = wall\n\t\t}\n",
		},
		{
			name: "alert-does-not-disturb-a-soak", law: 10, file: apply,
			why:  "a failed member is counted, and the wave it belongs to goes on with its soak",
			open: "not found within 60 seeds",
			old:  "\t\tm.Status, m.Reason = Failed, e.Reason\n\t\tr.disturb(m.Wave, e.At)\n",
			new:  "\t\tm.Status, m.Reason = Failed, e.Reason\n",
			more: []edit{{life, "\tcase !quiet:\n\t\tif state.Soaked > 0 {\n\t\t\tc.volatile(e)\n\t\t}\n", "\tcase !quiet:\n"}},
		},
		{
			name: "alert-stops-a-soak-and-keeps-it", law: 10, file: life,
			why:  "the clock stands still while an alert fires and goes on afterwards, instead of starting anew",
			open: "not found within 60 seeds",
			old:  "\tcase !quiet:\n\t\tif state.Soaked > 0 {\n\t\t\tc.volatile(e)\n\t\t}\n",
			new:  "\tcase !quiet:\n",
		},
		{
			name: "late-credit-after-a-disturbance", law: 10, file: apply,
			why:  "a credit that was given before the disturbance is applied after it",
			open: "not found within 60 seeds",
			old:  "if !w.FinishedAt.IsZero() && w.SoakedAt.IsZero() && !e.At.Before(w.DisturbedAt) {",
			new:  "if !w.FinishedAt.IsZero() && w.SoakedAt.IsZero() {",
		},
		{
			name: "retried-member-does-not-disturb", law: 10, file: apply,
			why:  "the soak that was under way goes on from where it was when a member is retried",
			open: "not found within 60 seeds",
			old:  "\tcase ClusterRetried:\n\t\tr.disturb(m.Wave, e.At)\n",
			new:  "\tcase ClusterRetried:\n",
		},
		{
			name: "soaks-while-blind", law: 9, file: life,
			why:  "no alert fires, and nobody could tell",
			open: "not found within 60 seeds",
			old:  "if v.common[GateKnown].blocks() || v.common[GatePause].blocks() || v.common[GateBudget].blocks() || v.waves[w].remaining > 0 {",
			new:  "if v.common[GatePause].blocks() || v.common[GateBudget].blocks() || v.waves[w].remaining > 0 {",
		},
		{
			name: "soaks-while-paused", law: 10, file: life,
			why:  "the clock of a soak is not stopped by a pause, so that the next wave starts right after the resume",
			open: "not found within 60 seeds",
			old:  "if v.common[GateKnown].blocks() || v.common[GatePause].blocks() || v.common[GateBudget].blocks() || v.waves[w].remaining > 0 {",
			new:  "if v.common[GateKnown].blocks() || v.waves[w].remaining > 0 {",
		},
		{
			name: "soaks-out-of-sight", law: 9, file: life,
			why:  "a cluster that cannot be seen has no alert",
			open: "not found within 60 seeds",
			old:  "\t\tcase !c.in.Fleet.known(r):\n\t\t\twatched = false\n",
			new:  "\t\tcase !c.in.Fleet.known(r):\n",
		},
		{
			name: "emergency-never-soaks", law: 10, file: "reconciler/plan/emergency.go",
			why:  "an emergency is taken to skip the soak, whether it says so or not",
			open: "not found within 60 seeds",
			old:  "if skips(v.emergency, fleet.SkipSoak) {",
			new:  "if v.emergency != nil || skips(v.emergency, fleet.SkipSoak) {",
		},
		{
			name: "soak-ends-at-the-last-minute", law: 10, file: life,
			why:  "a soak that is nearly over is rounded to whole minutes",
			open: "not found within 60 seeds",
			old:  "if state.Soaked >= need && v.soaks {",
			new:  "if state.Soaked.Round(2*time.Minute) >= need && quiet && watched {",
		},
		{
			name: "soak-of-the-next-wave", law: 10, file: "reconciler/plan/members.go",
			why: "an index counts from one in YAML and from zero in Go",
			old: "return waves[min(wave, len(waves)-1)]",
			new: "return waves[min(wave+1, len(waves)-1)]",
		},
		{
			name: "soak-from-the-opening", law: 10, file: apply,
			why: "the clock of the soak begins when the wave opens",
			old: "\t\tw.FinishedAt, w.WatchedAt = e.At, e.At\n\t\tw.Soaked = 0\n",
			new: "\t\tw.FinishedAt, w.WatchedAt = e.At, e.At\n\t\tw.Soaked = e.At.Sub(w.OpenedAt)\n",
		},
	}
}
