package main

// loopBugs do the right things in the wrong order.
func loopBugs() []mutation {
	const (
		loop = "reconciler/reconciler.go"
		act  = "reconciler/act.go"
	)
	return []mutation{
		{
			name: "record-after-the-act", law: 14, file: act,
			why:  "first the deed, then the entry: so nothing is written that did not happen",
			open: "not tried yet",
			old:  "\tif len(events) > 0 {\n\t\tif err := r.cfg.Ledger.Record(ctx, events); err != nil {\n\t\t\tc.problem(\"record actions\", err)\n\t\t\tr.dispatch(ctx, c, onlyHalts(actions))\n\t\t\treturn\n\t\t}\n\t}\n\tfor _, e := range events {\n\t\tr.state.Apply(e)\n\t}\n\tc.Events = append(c.Events, events...)\n\tr.dispatch(ctx, c, actions)\n",
			new:  "\tr.dispatch(ctx, c, actions)\n\tif len(events) > 0 {\n\t\tif err := r.cfg.Ledger.Record(ctx, events); err != nil {\n\t\t\tc.problem(\"record actions\", err)\n\t\t\treturn\n\t\t}\n\t}\n\tfor _, e := range events {\n\t\tr.state.Apply(e)\n\t}\n\tc.Events = append(c.Events, events...)\n",
		},
		{
			name: "acts-without-a-record", law: 14, file: act,
			why:  "a full disk is logged, and the work goes on",
			open: "not tried yet",
			old:  "\t\t\tc.problem(\"record actions\", err)\n\t\t\tr.dispatch(ctx, c, onlyHalts(actions))\n\t\t\treturn\n",
			new:  "\t\t\tc.problem(\"record actions\", err)\n",
		},
		{
			name: "acts-with-unsaved-facts", law: 14, file: act,
			why:  "what was not saved will be saved in the next cycle",
			open: "not tried yet",
			old:  "\tif len(r.unsaved) > 0 {\n\t\tr.dispatch(ctx, c, onlyHalts(actions))\n\t\treturn\n\t}\n",
			new:  "",
		},
		{
			name: "steps-count-as-halts", law: 14, file: act,
			why:  "without a ledger nothing starts, but what is under way may finish",
			open: "not tried yet",
			old:  "return k == plan.Hold || k == plan.Note }",
			new:  "return k == plan.Hold || k == plan.Note || k == plan.Step }",
		},
		{
			name: "records-and-does-not-remember", law: 14, file: act,
			why:  "the ledger is up to date and the state in memory is not",
			open: "not tried yet",
			old:  "\tfor _, e := range events {\n\t\tr.state.Apply(e)\n\t}\n\tc.Events = append(c.Events, events...)\n\tr.dispatch",
			new:  "\tc.Events = append(c.Events, events...)\n\tr.dispatch",
		},
		{
			name: "acts-on-the-plan-before", law: 13, file: loop,
			why:  "the order of the steps is changed so that acting does not wait for deciding",
			open: "not tried yet",
			old:  "\tr.brake(c)\n\tr.obey(ctx, c)\n\tr.decide(ctx, c)\n\tr.act(ctx, c)\n",
			new:  "\tif r.plan != nil {\n\t\tr.act(ctx, c)\n\t}\n\tr.brake(c)\n\tr.obey(ctx, c)\n\tr.decide(ctx, c)\n",
		},
		{
			name: "obeys-after-the-act", law: 5, file: loop,
			why:  "commands are read at the end of a cycle and wait for the next one",
			open: "not tried yet",
			old:  "\tr.obey(ctx, c)\n\tr.decide(ctx, c)\n\tr.act(ctx, c)\n\tr.journal(ctx, c)\n",
			new:  "\tr.decide(ctx, c)\n\tr.obey(ctx, c)\n\tr.act(ctx, c)\n\tr.journal(ctx, c)\n",
		},
		{
			name: "reports-before-it-acts", law: 22, file: loop,
			why:  "people are told first, and a slow answer delays the halt",
			open: "nothing takes time within a cycle of the simulated world",
			old:  "\tr.act(ctx, c)\n\tr.journal(ctx, c)\n\tr.report(ctx, c)\n",
			new:  "\tr.report(ctx, c)\n\tr.act(ctx, c)\n\tr.journal(ctx, c)\n",
		},
		{
			name: "failing-report-ends-the-service", law: 22, file: loop,
			why:  "an error is an error",
			open: "not tried yet",
			old:  "\t\t\tr.cfg.Log.Error(\"report failed\", \"error\", err)\n",
			new:  "\t\t\tpanic(err)\n",
		},
		{
			name: "git-is-waited-for", law: 7, file: "reconciler/admit.go",
			why:  "the patience with a slow git server has no end",
			open: "nothing takes time within a cycle of the simulated world",
			old:  "case <-time.After(r.cfg.FetchPatience):",
			new:  "case <-time.After(r.cfg.FetchPatience * 1000):",
		},
		{
			name: "failed-fetch-ends-the-cycle", law: 7, file: loop,
			why:  "without git nobody knows what is desired, so nothing is done, not even a halt",
			open: "not tried yet",
			old:  "\tr.measure(ctx, c)\n",
			new:  "\tif len(c.Problems) > 0 {\n\t\treturn c, nil\n\t}\n\tr.measure(ctx, c)\n",
		},
		{
			name: "order-of-a-map", law: 21, file: "reconciler/plan/lifecycle.go",
			why:  "late joiners come in the order in which a map gives them",
			open: "not tried yet",
			old:  "\t\treturn compareStrings(a.Cluster, b.Cluster)\n\t})\n\treturn c.joins\n",
			new:  "\t\treturn 0\n\t})\n\treturn c.joins\n",
		},
		{
			name: "equal-clusters-as-they-come", law: 21, file: "reconciler/plan/order.go",
			why:  "the order of clusters that are equal is left to the order in which they were reported",
			open: "not tried yet",
			old:  "return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.name, b.name))",
			new:  "return cmp.Compare(a.row, b.row)",
		},
		{
			name: "missed-alert-is-missed-for-ever", law: 15, file: "reconciler/plan/signalindex.go",
			why:  "the list of alerts has the length of the one before, so nothing has changed",
			open: "not tried yet",
			old:  "if !slices.Equal(before, m.alerts) {",
			new:  "if len(before) != len(m.alerts) {",
		},
		{
			name: "rollout-waits-for-itself", law: 23, file: "reconciler/plan/policy.go",
			why:  "cohorts side by side wait for each other",
			open: "not tried yet",
			old:  "\t\t\t\there = append(here, c)\n",
			new:  "\t\t\t\there = append(here, c)\n\t\t\t\tearlier = append(earlier, c)\n",
		},
		{
			name: "stranded-replica-waits-for-ever", law: 23, file: "reconciler/plan/members.go",
			why:  "a step needs all replicas to be ready, also when the one that is down is the one to be replaced",
			open: "not tried yet",
			old:  "f.blocks() && col.flags[s.row]&flagStranded == 0 {",
			new:  "f.blocks() {",
		},
		{
			name: "expired-pin-holds", law: 23, file: "reconciler/plan/gates.go",
			why:  "the expiry is shown and not used",
			open: "not tried yet",
			old:  "if pin, expired := c.in.Policy.pin(c.in.Fleet.names[s.row], c.in.Now); pin >= 0 && !expired {",
			new:  "if pin, _ := c.in.Policy.pin(c.in.Fleet.names[s.row], c.in.Now); pin >= 0 {",
		},
		{
			name: "unfinished-wave-after-a-departure", law: 23, file: "reconciler/plan/lifecycle.go",
			why:  "a member that is gone is waited for",
			open: "not tried yet",
			old:  "\tcase r < 0:\n\t\tc.leaveEvent(v, member)\n",
			new:  "\tcase r < 0:\n",
		},
	}
}
