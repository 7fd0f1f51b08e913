package main

// limitBugs let more be in flight than the fleet allows.
func limitBugs() []mutation {
	const (
		limits = "reconciler/plan/limits.go"
		decide = "reconciler/plan/decide.go"
		memo   = "reconciler/plan/memo.go"
	)
	return []mutation{
		{
			name: "label-limit-off-by-one", law: 4, file: limits,
			why: "the limit is compared with what is in flight, not with what would be",
			old: "if u.count(i, r) >= u.limits[i].MaxConcurrency {",
			new: "if u.count(i, r) > u.limits[i].MaxConcurrency {",
		},
		{
			name: "overall-limit-off-by-one", law: 4, file: limits,
			why: "the same slip in the overall limit, made consistently in both places that ask for it",
			old: `u.limits[i].Label == "" && u.total >= u.limits[i].MaxConcurrency`,
			new: `u.limits[i].Label == "" && u.total > u.limits[i].MaxConcurrency`,
			more: []edit{{
				limits,
				"if u.count(i, r) >= u.limits[i].MaxConcurrency {",
				"if n := u.count(i, r); n > u.limits[i].MaxConcurrency || (n == u.limits[i].MaxConcurrency && u.byID[i] != nil) {",
			}},
		},
		{
			name: "first-label-limit-only", law: 4, file: limits,
			why: "the loop leaves at the first limit with a label, full or not",
			old: "\treturn u.byID[limit][id]\n}",
			new: "\tif limit > 0 && u.byID[limit-1] != nil {\n\t\treturn 0\n\t}\n\treturn u.byID[limit][id]\n}",
		},
		{
			name: "unknown-frees-its-slot", law: 4, file: decide,
			why: "a cluster that cannot be seen is left out of the count, as if it were at rest",
			old: "\tfor r := range m.flight {\n\t\tc.count(r, m.viewOf(r))\n",
			new: "\tfor r := range m.flight {\n\t\tif c.in.Fleet.known(r) {\n\t\t\tc.count(r, m.viewOf(r))\n\t\t}\n",
		},
		{
			name: "orphans-are-not-counted", law: 4, file: decide,
			why: "only members of rollouts are counted: one that is in flight and belongs to none takes no slot",
			old: "\tfor r := range m.flight {\n\t\tc.count(r, m.viewOf(r))\n",
			new: "\tfor r := range m.flight {\n\t\tif v := m.viewOf(r); v != nil && v.rollout != nil {\n\t\t\tc.count(r, v)\n\t\t}\n",
		},
		{
			name: "started-and-unseen-is-free", law: 4, file: memo,
			why: "what is in flight is read off the clusters alone: a start that is not visible yet takes no slot",
			old: "inFlight = member.Status == Running",
			new: "inFlight = false && member.Status == Running",
		},
		{
			name: "starts-of-a-cycle-are-free", law: 4, file: "reconciler/plan/members.go",
			why: "the count is taken once at the beginning of a cycle and not kept up to date while it starts clusters",
			old: "\tc.usage.add(s.row)\n\ts.view.waves[s.wave].inFlight++\n",
			new: "\ts.view.waves[s.wave].inFlight++\n",
		},
		{
			name: "wave-limit-off-by-one", law: 4, file: "reconciler/plan/gates.go",
			why:  "maxConcurrency of a wave compared with > for >=",
			open: "not found within 60 seeds",
			old:  "v.waves[wave].inFlight >= limit",
			new:  "v.waves[wave].inFlight > limit",
		},
		{
			name: "wave-limit-not-kept-up", law: 4, file: "reconciler/plan/members.go",
			why:  "the wave's own count is forgotten when a member starts",
			open: "not found within 60 seeds",
			old:  "\tc.usage.add(s.row)\n\ts.view.waves[s.wave].inFlight++\n",
			new:  "\tc.usage.add(s.row)\n",
		},
		{
			name: "no-data-plane-label", law: 4, file: "reconciler/plan/inventoryrows.go",
			why: "the reserved label is not set, so a limit for each data plane finds nothing to count",
			old: "\tinv.setLabel(r, fleet.LabelDataPlane, plane)\n",
			new: "",
		},
		{
			name: "limit-gate-forgotten", law: 4, file: "reconciler/plan/gates.go",
			why: "the last line of the table of gates is lost in a merge",
			old: "\tGateLimit:       gateLimit,\n",
			new: "",
		},
		{
			name: "half-way-back-is-at-rest", law: 4, file: "reconciler/plan/cluster.go",
			why:  "in flight is taken for target != version, which is not so half way back",
			open: "not found within 60 seeds",
			old:  "return c.Target != c.Version || c.Next >= 0 || (!c.Ratchet && c.Updated < c.Replicas)",
			new:  "return c.Target != c.Version",
		},
		{
			name: "unconfirmed-start-is-a-redirect", law: 8, file: "reconciler/plan/members.go",
			why:  "a start that did not get through is asked what a redirect is asked: it was allowed a moment ago",
			open: "not found within 60 seeds",
			old:  "c.ask(&confirmGates, s)",
			new:  "c.ask(&redirectGates, s)",
		},
	}
}
