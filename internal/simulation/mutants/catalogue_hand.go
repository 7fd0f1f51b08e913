package main

// handBugs fight with what people do to clusters.
func handBugs() []mutation {
	const (
		members = "reconciler/plan/members.go"
		rows    = "reconciler/plan/rows.go"
	)
	return []mutation{
		{
			name: "drift-is-healed", law: 20, file: members,
			why: "a reconciler brings back what it finds changed, as they all do",
			old: "\tcase inv.col.version[s.row] != s.view.version:\n\t\treturn Decision{Verdict: Drifted,",
			new: "\tcase inv.col.version[s.row] != s.view.version:\n\t\tc.start(s, c.in.Now, \"set back\")\n\t\treturn Decision{Verdict: Drifted,",
		},
		{
			name: "late-joiner-was-changed-by-hand", law: 20, file: rows,
			why:  "a cluster of the rollout that runs something else looks like one that has just joined",
			open: "not tried yet",
			old:  "\tif mark.Release == v.rollout.Release && mark.Version == v.target.Version {\n",
			new:  "\tif mark.Release == v.rollout.Release && mark.Version != v.target.Version {\n",
		},
		{
			name: "other-peoples-upgrades-are-redirected", law: 20, file: members,
			why:  "whoever began it, the cluster shall have the version of the fleet repository",
			open: "not tried yet",
			old:  "if inv.col.target[s.row] != s.view.version && !c.ours(s.row) {",
			new:  "if false && inv.col.target[s.row] != s.view.version && !c.ours(s.row) {",
		},
		{
			name: "everything-in-flight-is-ours", law: 20, file: rows,
			why:  "a mark is a mark: that it explains another version is not noticed",
			open: "not tried yet",
			old:  "return mark.Release != \"\" && mark.Version == inv.version.values[inv.col.target[r]]",
			new:  "return mark.Release != \"\"",
		},
		{
			name: "adopts-what-others-began", law: 20, file: "reconciler/plan/lifecycle.go",
			why:  "a cluster that is on its way to the target is taken for one that was started before a restart",
			open: "not tried yet",
			old:  "c.in.Fleet.col.target[r] == v.version && c.ours(r):",
			new:  "c.in.Fleet.col.target[r] == v.version:",
		},
		{
			name: "newer-clusters-are-members", law: 18, file: "reconciler/plan/order.go",
			why:  "all clusters of the cohort are members, also those that are ahead",
			old:  "if !half && c.forbidden(v, inv.col.version[r]) && c.driftOf(r, v) == Ahead {",
			new:  "if false && !half && c.driftOf(r, v) == Ahead {",
			more: []edit{{"reconciler/fleet/policy.go", "if p.Downgrade != DowngradeAllow && b.compare(a) < 0 {", "if p.Downgrade != DowngradeAllow && b.numbers[0] < a.numbers[0] {"}},
		},
	}
}
