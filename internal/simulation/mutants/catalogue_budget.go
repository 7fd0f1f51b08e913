package main

// budgetBugs let more clusters fail than a release may.
func budgetBugs() []mutation {
	const (
		common = "reconciler/plan/viewgates.go"
		apply  = "reconciler/plan/apply.go"
		fails  = "reconciler/plan/failures.go"
	)
	return []mutation{
		{
			name: "budget-off-by-one", law: 14, file: common,
			why:  "maxFailures is read as the number at which to stop, counted from zero",
			open: "not found within 60 seeds",
			old:  "failures > max(allowed, r.Acknowledged) {",
			new:  "failures > max(allowed, r.Acknowledged)+1 {",
		},
		{
			name: "largest-budget-of-all-cohorts", law: 14, file: common,
			why:  "a comparison is the wrong way round, so that the most generous cohort decides for all",
			open: "not tried yet",
			old:  "if !bounded || a < allowed {",
			new:  "if !bounded || a > allowed {",
		},
		{
			name: "each-cohort-has-a-new-budget", law: 14, file: apply,
			why:  "a release is made anew for each cohort that it reaches, without the failures of those before",
			open: "not tried yet",
			old:  "if k.Product == product && t.Version == v && t.Release != \"\" {",
			new:  "if k.Product == product && t.Version == v && t.Release != \"\" && t.Commit == commit {",
		},
		{
			name: "next-cohort-wipes-the-release", law: 14, file: apply,
			why: "a release that is there already is opened again, and its failures and its pause are gone",
			old: "if e.Release == \"\" || s.Releases[e.Release] != nil {",
			new: "if e.Release == \"\" {",
		},
		{
			name: "retry-refunds-a-failure", law: 14, file: apply,
			why:  "a cluster that is tried again has not failed, so far",
			open: "not tried yet",
			old:  "\tcase ClusterRetried:\n\t\tr.disturb(m.Wave, e.At)\n",
			new:  "\tcase ClusterRetried:\n\t\tif rel := s.Releases[e.Release]; rel != nil && len(rel.Failures) > 0 {\n\t\t\trel.Failures = rel.Failures[:len(rel.Failures)-1]\n\t\t}\n\t\tr.disturb(m.Wave, e.At)\n",
		},
		{
			name: "finish-refunds-failures", law: 14, file: apply,
			why:  "what finished well needs no list of failures any more",
			open: "not tried yet",
			old:  "\t\t\tr.finish(e.At)\n",
			new:  "\t\t\tr.finish(e.At)\n\t\t\tif rel := s.Releases[e.Release]; rel != nil {\n\t\t\t\trel.Failures = nil\n\t\t\t}\n",
		},
		{
			name: "failures-not-in-the-snapshot", law: 14, file: "reconciler/plan/state.go",
			why:  "a field is thought to be history only and is left out of what is stored",
			open: "not tried yet",
			old:  "Failures  []Failure     `json:\"failures,omitempty\"`",
			new:  "Failures  []Failure     `json:\"-\"`",
		},
		{
			name: "alerts-while-soaking-are-free", law: 14, file: fails,
			why:  "a member that has finished cannot fail any more",
			open: "not tried yet",
			old:  "\t\treturn !m.StartedAt.IsZero() && v.rollout.Waves[m.Wave].SoakedAt.IsZero()\n",
			new:  "\t\treturn false\n",
		},
		{
			name: "second-monitor-is-not-charged", law: 14, file: fails,
			why: "the loop over the monitors returns in its first round",
			old: "\t\t\treturn &p.Spec.Monitors[i]\n\t\t}\n",
			new: "\t\t\treturn &p.Spec.Monitors[i]\n\t\t}\n\t\tbreak\n",
		},
		{
			name: "failure-is-not-latched", law: 14, file: fails,
			why:  "the budget is compared with the clusters that are failing now",
			open: "not tried yet",
			old:  "\t\tif r.Paused == nil && c.overBudget(r) {\n",
			new:  "\t\tif r.Paused == nil && c.overBudget(r) && len(c.memo.alerts) > 0 {\n",
			more: []edit{{common, "if v.release != nil && c.overBudget(v.release) {", "if v.release != nil && c.overBudget(v.release) && len(c.memo.alerts) > 0 {"}},
		},
		{
			name: "no-progress-is-no-failure", law: 23, file: "reconciler/plan/lifecycle.go",
			why:  "the deadline counts from the last look instead of from the last step",
			open: "not tried yet",
			old:  "c.in.Now.Sub(member.SteppedAt) > deadline {",
			new:  "c.in.Now.Sub(member.SteppedAt) > deadline && inv.known(r) && c.in.Watched > deadline {",
		},
		{
			name: "untouched-clusters-excuse-everything", law: 14, file: "reconciler/plan/compare.go",
			why:  "one alert on any other cluster is taken for a fault of the environment",
			open: "not tried yet",
			old:  "if e.Touched == 0 || e.UntouchedFiring < fewUntouched {\n\t\treturn false\n\t}\n",
			new:  "if e.Touched == 0 || e.UntouchedFiring >= 0 {\n\t\treturn e.UntouchedFiring > 0\n\t}\n",
		},
		{
			name: "a-moment-lasts-for-ever", law: 14, file: "reconciler/plan/alerts.go",
			why:  "the moment for which an alert may fire begins anew in every cycle",
			open: "not tried yet",
			old:  "\t\tbegan = blip.Since\n",
			new:  "\t\tbegan = c.in.Now\n",
		},
		{
			name: "an-alert-that-comes-again-is-new", law: 14, file: "reconciler/plan/alerts.go",
			why:  "an alert that fires again gets its moment again",
			open: "not tried yet",
			old:  "blip.Forgiven; e.Again || monitor.For == 0 {",
			new:  "blip.Forgiven; monitor.For == 0 {",
		},
		{
			name: "touched-clusters-are-the-control-group", law: 14, file: "reconciler/plan/compare.go",
			why:  "clusters that run the new version already are counted among those that do not, and excuse each other",
			open: "not tried yet",
			old:  "if inv.col.version[r] == version || inv.col.target[r] == version {\n\t\treturn true, false\n\t}\n",
			new:  "if inv.col.target[r] == version && inv.col.version[r] != version {\n\t\treturn true, false\n\t}\n",
		},
	}
}
