package main

// waveBugs open a wave that is not due, or let it have too many clusters.
func waveBugs() []mutation {
	const (
		life  = "reconciler/plan/lifecycle.go"
		memo  = "reconciler/plan/memo.go"
		apply = "reconciler/plan/apply.go"
		size  = "reconciler/fleet/size.go"
	)
	return []mutation{
		{
			name: "percentage-rounds-up", law: 12, file: size,
			why: "a share of a fleet is rounded to the next whole cluster",
			old: "return min(n, max(1, n*s.Percent/100))",
			new: "return min(n, max(1, (n*s.Percent+99)/100))",
		},
		{
			name: "percentage-rounds-to-zero", law: 12, file: size,
			why: "a small share of a small cohort is no cluster, so its canary wave is empty and done at once",
			old: "return min(n, max(1, n*s.Percent/100))",
			new: "return min(n, n*s.Percent/100)",
		},
		{
			name: "wave-off-by-one", law: 12, file: life,
			why: "the last index is taken for a length",
			old: "out[i] = min(left, w.Size.Of(n))",
			new: "out[i] = min(left, w.Size.Of(n)+1)",
		},
		{
			name: "wave-gate-forgotten", law: 12, file: "reconciler/plan/gates.go",
			why: "the order of the members is thought to be enough",
			old: "\tGateWave:        gateWave,\n",
			new: "",
		},
		{
			name: "wave-opens-while-the-last-one-soaks", law: 10, file: life,
			why: "a finished wave lets the next one begin, and its soak runs beside it",
			old: "\t\t\tc.soak(v, w, e)\n\t\t\treturn\n",
			new: "\t\t\tc.soak(v, w, e)\n",
		},
		{
			name: "wave-done-when-all-are-started", law: 12, file: life,
			why:  "nothing is waiting any more, so the wave looks done",
			old:  "if v.waves[w].remaining == 0 && c.vacuumProven(v) {",
			new:  "if v.waves[w].pending == 0 && c.vacuumProven(v) {",
			more: []edit{{life, " || v.common[GateBudget].blocks() || v.waves[w].remaining > 0 {", " || v.common[GateBudget].blocks() {"}},
		},
		{
			name: "running-members-are-not-remaining", law: 12, file: memo,
			why: "a counter is forgotten in one branch",
			old: "\t\t\t\twave.running++\n\t\t\t\twave.remaining++\n",
			new: "\t\t\t\twave.running++\n",
		},
		{
			name: "finished-by-the-spec", law: 12, file: life,
			why: "that the workload asks for the version is taken for running it",
			old: "\tif !inv.inFlight(r) {\n\t\tif inv.col.version[r] == v.version && inv.col.updated[r] >= inv.col.replicas[r] && settled && c.observedSince(r, member.StartedAt) {\n",
			new: "\tif inv.col.target[r] == v.version {\n\t\tif settled && c.observedSince(r, member.StartedAt) && c.in.Now.Sub(member.StartedAt) > time.Minute {\n",
		},
		{
			name: "finished-before-it-settles", law: 12, file: life,
			why:  "the last replica is replaced, so the cluster is done, ready or not",
			open: "the soak that follows is longer than what a replica needs to become ready; to be seen it takes a wave without a soak",
			old:  "inv.col.updated[r] >= inv.col.replicas[r] && settled && c.observedSince(r, member.StartedAt) {",
			new:  "inv.col.updated[r] >= inv.col.replicas[r] && c.observedSince(r, member.StartedAt) {",
		},
		{
			name: "finished-in-the-past", law: 12, file: life,
			why:  "an observation is an observation: that it is from before the start is not asked",
			open: "no law is broken as long as nothing starts earlier by it, which takes a soak that hangs on a minute",
			old:  "case !c.in.Fleet.inFlight(r) && c.in.Fleet.col.version[r] == v.version && c.observedSince(r, v.rollout.StartedAt):",
			new:  "case !c.in.Fleet.inFlight(r) && c.in.Fleet.col.version[r] == v.version:",
			more: []edit{{life, "&& settled && c.observedSince(r, member.StartedAt) {", "&& settled {"}},
		},
		{
			name: "wave-moves-on-after-a-day", law: 11, file: life,
			why:  "a wave that hangs is given up so that the train does not stand still for ever",
			open: "not found within 60 seeds",
			old:  "if v.waves[w].remaining == 0 && c.vacuumProven(v) {",
			new:  "if (v.waves[w].remaining == 0 || c.in.Now.Sub(state.OpenedAt) > 24*time.Hour) && c.vacuumProven(v) {",
		},
		{
			name: "deadline-skips-the-cluster", law: 11, file: life,
			why:  "a cluster that makes no progress is left out instead of counted as failed",
			open: "not found within 60 seeds",
			old:  "e := c.memberEvent(v, member, ClusterFailed)\n\t\te.Gate = \"progress-deadline\"",
			new:  "e := c.memberEvent(v, member, ClusterSkipped)\n\t\te.Gate = \"progress-deadline\"",
		},
		{
			name: "cohort-moves-on-after-three-days", law: 11, file: "reconciler/plan/viewgates.go",
			why:  "a predecessor that does not get through must not hold the others up for ever",
			open: "not found within 60 seeds",
			old:  "if s.Base[key] == v.target.Version && c.allOn(earlier, v.target.Version) {",
			new:  "if (s.Base[key] == v.target.Version && c.allOn(earlier, v.target.Version)) || c.in.Now.Sub(v.target.Since) > 72*time.Hour {",
		},
		{
			name: "late-joiner-jumps-the-waves", law: 12, file: apply,
			why:  "a late joiner is put first, because it is late",
			open: "the judge does not ask what late joiners may do",
			old:  "r.add(Member{Cluster: e.Cluster, Wave: len(r.Waves) - 1})",
			new:  "r.add(Member{Cluster: e.Cluster, Wave: 0})",
			more: []edit{{apply, "\tr.Members = append(r.Members, m)\n", "\tr.Members = slices.Insert(r.Members, 0, m)\n"}},
		},
		{
			name: "late-joiner-held-is-appended", law: 12, file: "reconciler/plan/rows.go",
			why:  "a switch falls into its default",
			open: "the judge does not ask what late joiners may do",
			old:  "\tcase fleet.LateHold:\n\t\treturn Decision{Verdict: Waiting,",
			new:  "\tcase fleet.LateHold:\n\t\tc.join(r, v)\n\t\treturn Decision{Verdict: Waiting,",
		},
		{
			name: "joined-cohort-is-not-asked", law: 3, file: "reconciler/plan/apply.go",
			why: "a rollout that is started anew takes over what its cohort has finished before",
			old: "\tcase RolloutStarted:\n\t\ts.openRelease(e)\n",
			new: "\tcase RolloutStarted:\n\t\ts.openRelease(e)\n\t\ts.Done[DoneKey{key, e.To}] = e.At\n",
		},
	}
}
