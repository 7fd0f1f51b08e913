package main

// recoveryBugs forget something when the ledger is lost.
func recoveryBugs() []mutation {
	const (
		recover = "reconciler/plan/recover.go"
		marks   = "reconciler/plan/pausemarks.go"
		common  = "reconciler/plan/viewgates.go"
	)
	return []mutation{
		{
			name: "starts-before-all-planes-were-seen", law: 6, file: common,
			why:  "a data plane that cannot be reached at the start must not hold the others up",
			open: "not tried yet",
			old:  "\t\tif _, ok := c.in.State.Seen[name]; !ok {\n\t\t\treturn Finding{DataPlaneNeverSeen, int32(i)}\n\t\t}\n",
			new:  "",
			more: []edit{{common, "if asOf, _ := c.in.Fleet.Plane(name); asOf.IsZero() {", "if asOf, lost := c.in.Fleet.Plane(name); asOf.IsZero() && lost == \"never observed\" {"}},
		},
		{
			name: "starts-before-all-planes-are-counted", law: 4, file: common,
			why:  "the ledger has seen the data plane, so it is known; that its clusters are not counted yet is overlooked",
			open: "not tried yet",
			old:  "\t\tif asOf, _ := c.in.Fleet.Plane(name); asOf.IsZero() {\n\t\t\treturn Finding{DataPlaneNeverSeen, int32(i)}\n\t\t}\n",
			new:  "",
		},
		{
			name: "release-pause-not-recovered", law: 6, file: recover,
			why:  "recovery was written before releases could be paused",
			open: "not tried yet",
			old:  "\tfor _, id := range slices.Sorted(maps.Keys(pauses)) {\n\t\tc.emit(pauses[id])\n\t}\n",
			new:  "",
		},
		{
			name: "pause-of-everything-not-recovered", law: 6, file: recover,
			why:  "only the pauses of releases are read off the clusters",
			open: "not tried yet",
			old:  "if pausedAll != \"\" && c.in.State.Paused == nil {",
			new:  "if pausedAll != \"\" && c.in.State.Paused != nil {",
		},
		{
			name: "lost-plane-counts-as-seen", law: 6, file: recover,
			why:  "a data plane is seen when it has been asked, whatever it answered",
			open: "not tried yet",
			old:  "if asOf, lost := c.in.Fleet.Plane(name); lost == \"\" && !asOf.IsZero() {",
			new:  "if _, lost := c.in.Fleet.Plane(name); lost != \"never observed\" {",
			more: []edit{{common, "if asOf, _ := c.in.Fleet.Plane(name); asOf.IsZero() {", "if asOf, lost := c.in.Fleet.Plane(name); asOf.IsZero() && lost == \"never observed\" {"}},
		},
		{
			name: "failure-on-the-cluster-not-charged", law: 14, file: recover,
			why:  "a failure that only the cluster remembers is read and not counted",
			open: "not tried yet",
			old:  "mark.Failed != \"\" && mark.Release == v.rollout.Release {",
			new:  "mark.Failed != \"\" && mark.Release != v.rollout.Release {",
		},
		{
			name: "failure-not-written-on-the-cluster", law: 14, file: "reconciler/plan/members.go",
			why:  "the ledger knows the failure, so the cluster need not",
			open: "not found within 60 seeds",
			old:  "\t\tmark.Failed, mark.FailedAt = member.Reason, c.in.Now\n",
			new:  "\t\tmark.Failed = \"\"\n\t\tif col := &inv.col; col.flags[s.row]&(flagRatchet|flagHeld) != 0 {\n\t\t\treturn d\n\t\t}\n",
		},
		{
			name: "pause-not-written-on-clusters", law: 6, file: marks,
			why:  "a pause is kept in one place, as things should be",
			open: "not tried yet",
			old:  "\t\tnoted.Paused, noted.PausedAt = p.Paused.Reason, p.Paused.At\n",
			new:  "\t\tnoted.Paused = \"\"\n",
		},
		{
			name: "pause-of-everything-not-written", law: 6, file: marks,
			why:  "only clusters in flight get the mark",
			open: "not tried yet",
			old:  "\tif c.in.State.Paused != nil {\n\t\tc.markPlanes(everything)\n\t}\n",
			new:  "",
			more: []edit{{marks, "if p := c.in.State.Paused; p != nil && mark.AllPaused == \"\" {", "if p := c.in.State.Paused; p != nil && mark.AllPaused == \"\" && c.in.Fleet.inFlight(r) {"}},
		},
		{
			name: "unknown-release-lifts-the-mark", law: 6, file: marks,
			why:  "a pause of a release that the ledger does not know is tidied up, before the ledger has learnt of it",
			open: "not tried yet",
			old:  "rel != nil && rel.Paused == nil {",
			new:  "rel == nil || rel.Paused == nil {",
			more: []edit{{recover, "\tfor _, id := range slices.Sorted(maps.Keys(pauses)) {\n\t\tc.emit(pauses[id])\n\t}\n", ""}},
		},
		{
			name: "next-change-drops-the-pause-mark", law: 6, file: marks,
			why:  "an action that is planned already for the cluster is written with the mark from before",
			open: "not tried yet",
			old:  "\t\ta.Mark.Paused, a.Mark.PausedAt = noted.Paused, noted.PausedAt\n\t\ta.Mark.AllPaused, a.Mark.AllPausedAt = noted.AllPaused, noted.AllPausedAt\n",
			new:  "",
		},
		{
			name: "recovered-targets-lose-their-release", law: 6, file: recover,
			why:  "what is found on the clusters is taken as a new release, whose name the pause does not have",
			open: "not tried yet",
			old:  "Commit: mark.Commit, Release: mark.Release, Reason: \"found on the clusters\",",
			new:  "Commit: mark.Commit, Release: mark.Release + \"-recovered\", Reason: \"found on the clusters\",",
		},
		{
			name: "pause-between-cohorts-not-written", law: 6, file: marks,
			why:  "a pause is left on clusters that are under way, and between two cohorts there are none",
			open: "not tried yet",
			old:  "\t\t\tc.markResting(release)\n",
			new:  "",
		},
		{
			name: "pause-of-an-unknown-release-is-dropped", law: 6, file: "reconciler/plan/apply.go",
			why:  "an event about a release that is not there changes nothing, which is a good rule, except for a pause",
			open: "not found within 60 seeds",
			old:  "\t\ts.openRelease(e)\n\t\ts.setPause(",
			new:  "\t\ts.setPause(",
		},
		{
			name: "older-ledger-lifts-the-pause", law: 6, file: recover,
			why: "marks are read when a data plane is seen for the first time, and a ledger from a backup has seen it",
			old: "mark.PausedAt.After(resumedAt(rel)) {",
			new: "mark.PausedAt.IsZero() {",
		},
		{
			name: "older-ledger-forgets-a-failure", law: 14, file: recover,
			why: "the ledger says that the cluster is under way, so it is",
			old: "&& mark.FailedAt.After(member.StartedAt) {",
			new: "&& mark.FailedAt.Before(member.StartedAt) {",
		},
	}
}
