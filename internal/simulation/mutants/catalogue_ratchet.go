package main

// ratchetBugs take the wrong replica down, or too many.
func ratchetBugs() []mutation {
	const members = "reconciler/plan/members.go"
	return []mutation{
		{
			name: "steps-while-a-replica-is-down", law: 17, file: members,
			why: "the data plane is trusted to refuse a step that comes too early",
			old: "if f := c.unsettled(s); f.blocks() && col.flags[s.row]&flagStranded == 0 {",
			new: "if f := c.unsettled(s); f.blocks() && f.Reason == ReplicaSettling && col.flags[s.row]&flagStranded == 0 {",
		},
		{
			name: "one-unready-replica-is-fine", law: 17, file: members,
			why: "the count of ready replicas is off by one",
			old: "if col.ready[s.row] < col.replicas[s.row] || since == 0 {",
			new: "if col.ready[s.row]+1 < col.replicas[s.row] {",
		},
		{
			name: "settle-time-not-waited-for", law: 17, file: members,
			why: "ready is ready",
			old: "if c.in.Now.Before(instant(since).Add(time.Duration(s.view.product.Spec.Settle))) {",
			new: "if c.in.Now.Before(instant(since)) {",
		},
		{
			name: "two-steps-at-once", law: 17, file: members,
			why: "the ordinal is counted down before it is used",
			old: "a.Ordinal = int(c.in.Fleet.col.next[s.row])",
			new: "a.Ordinal = max(0, int(c.in.Fleet.col.next[s.row])-1)",
		},
		{
			name: "any-down-replica-is-stranded", law: 17, file: "reconciler/plan/inventoryrows.go",
			why: "stranded is worked out anew, from the count of ready replicas alone",
			old: "\tif c.Stranded {\n",
			new: "\tif c.Stranded || (c.Next >= 0 && c.Ready == c.Replicas-1) {\n",
		},
		{
			name: "expects-nothing", law: 13, file: members,
			why: "an action is built without the revision that it was decided on",
			old: "DataPlane: inv.strings.values[inv.col.plane[s.row]], Expect: inv.col.revision[s.row],",
			new: "DataPlane: inv.strings.values[inv.col.plane[s.row]],",
		},
		{
			name: "a-conflict-is-forced", law: 17, file: "reconciler/act.go",
			why: "a conflict is answered by reading the cluster again and doing the same thing with what is expected now",
			old: "\t\tc.Unacted = append(c.Unacted, Unacted{actions[i], err})\n",
			new: "\t\tif errors.Is(err, ErrConflict) && r.spec != nil {\n\t\t\tforced := actions[i]\n\t\t\tfor _, d := range r.present {\n\t\t\t\tif d.Name() != forced.DataPlane {\n\t\t\t\t\tcontinue\n\t\t\t\t}\n\t\t\t\tobs, _ := d.Observe(ctx, r.spec.Products, \"\")\n\t\t\t\tfor _, seen := range obs.Clusters {\n\t\t\t\t\tif seen.Name == forced.Cluster {\n\t\t\t\t\t\tforced.Expect, forced.Ordinal = seen.Revision, seen.Next\n\t\t\t\t\t\terr = d.Act(ctx, forced)\n\t\t\t\t\t}\n\t\t\t\t}\n\t\t\t}\n\t\t}\n\t\tc.Unacted = append(c.Unacted, Unacted{actions[i], err})\n",
		},
		{
			name: "held-workload-goes-on", law: 5, file: members,
			why:  "a hold is thought to be needed only for workloads with a ratchet, which is the wrong way round",
			open: "no workload of the simulated world rolls by itself; the stories of reconciler/plan find it",
			old:  "\tif flags&(flagRatchet|flagHeld) != 0 {\n\t\treturn\n\t}\n",
			new:  "\tif flags&(flagRatchet|flagHeld) != flagRatchet {\n\t\treturn\n\t}\n",
		},
		{
			name: "older-observation-wins", law: 13, file: "reconciler/plan/inventoryrows.go",
			why: "only what is new in an observation is taken in, and the revision counts as old",
			old: "\tcol.revision[r] = c.Revision\n",
			new: "\tif col.revision[r] == \"\" || c.Next < 0 {\n\t\tcol.revision[r] = c.Revision\n\t}\n",
		},
		{
			name: "strays-roll-on", law: 5, file: "reconciler/plan/decide.go",
			why:  "what rolls by itself is held by its rollout, and one that has lost its rollout is forgotten",
			open: "no workload of the simulated world rolls by itself; the stories of reconciler/plan find it",
			old:  "\tc.holdStrays()\n",
			new:  "",
		},
		{
			name: "skipped-ones-roll-on", law: 5, file: members,
			why:  "an operator has said to leave it out, so nothing is done to it, not even a hold",
			open: "no workload of the simulated world rolls by itself; the stories of reconciler/plan find it",
			old:  "\t\t\tc.hold(s, d.finding())\n",
			new:  "",
		},
	}
}
