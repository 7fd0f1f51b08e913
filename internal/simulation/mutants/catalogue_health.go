package main

// healthBugs read what is not known as healthy, or do not look.
func healthBugs() []mutation {
	const (
		gates  = "reconciler/plan/gates.go"
		common = "reconciler/plan/viewgates.go"
		look   = "reconciler/plan/inventorylook.go"
	)
	return []mutation{
		{
			name: "missing-monitor-is-quiet", law: 9, file: common,
			why: "a map without the key gives the zero value, which has no alert",
			old: "\tcase !ok:\n\t\treturn \"no source answers for it\"\n",
			new: "\tcase !ok:\n\t\treturn \"\"\n",
		},
		{
			name: "failing-monitor-is-quiet", law: 9, file: common,
			why: "only the age of an answer is checked, and an error has the time of now",
			old: "\tcase s.Unknown != \"\":\n\t\treturn s.Unknown\n",
			new: "",
		},
		{
			name: "stale-monitor-is-quiet", law: 9, file: common,
			why: "the age of an answer is not looked at",
			old: "case s.AsOf.IsZero() || age > time.Duration(m.MaxAge):",
			new: "case s.AsOf.IsZero():",
		},
		{
			name: "answer-of-the-future-is-fresh", law: 9, file: common,
			why:  "a negative age is small",
			open: "not found within 60 seeds",
			old:  "\tcase age < -time.Minute:\n\t\treturn \"its newest answer is from \" + clock(s.AsOf) + \", which is in the future\"\n",
			new:  "",
		},
		{
			name: "first-monitor-only", law: 9, file: common,
			why: "the loop returns in its first round",
			old: "\t\t\treturn Finding{MonitorBlind, int32(slices.Index(c.memo.blindBy, key))}\n\t\t}\n",
			new: "\t\t\treturn Finding{MonitorBlind, int32(slices.Index(c.memo.blindBy, key))}\n\t\t}\n\t\tif len(p.Spec.Monitors) > 0 {\n\t\t\tbreak\n\t\t}\n",
		},
		{
			name: "blind-steps", law: 9, file: gates,
			why: "what goes on already is thought not to need its monitors",
			old: "\tGateKnown:  gateKnown,\n",
			new: "",
		},
		{
			name: "lost-data-plane-is-known", law: 9, file: look,
			why: "a mask misses a flag",
			old: "(flagAlive|flagLost|flagClaimed) == flagAlive",
			new: "(flagAlive|flagClaimed) == flagAlive",
		},
		{
			name: "unknown-cluster-is-known", law: 9, file: look,
			why: "what a data plane says of a single cluster is not asked",
			old: "flagAlive && inv.col.unknown[r] == 0",
			new: "flagAlive",
		},
		{
			name: "two-claims-are-one-cluster", law: 9, file: look,
			why:  "the flag for a name that two data planes report is set and never read",
			open: "not found within 60 seeds",
			old:  "(flagAlive|flagLost|flagClaimed) == flagAlive",
			new:  "(flagAlive|flagLost) == flagAlive",
		},
		{
			name: "failed-observation-changes-nothing", law: 9, file: "reconciler/mirror.go",
			why: "an error is logged, and what was seen before is used",
			old: "\t\t\tinv.Lose(s.DataPlane, s.lost)\n",
			new: "",
		},
		{
			name: "failing-monitors-say-nothing", law: 9, file: "reconciler/observe.go",
			why: "when all monitors fail, the list of alerts is empty, and the answers get the time of now",
			old: "out.Sources[key] = plan.MonitorState{Unknown: err.Error()}",
			new: "out.Sources[key] = plan.MonitorState{AsOf: now}",
			more: []edit{
				{"reconciler/observe.go", "func blindSignals(products []fleet.Product, err error) plan.Signals {", "func blindSignals(products []fleet.Product, now time.Time) plan.Signals {"},
				{"reconciler/observe.go", "signals = blindSignals(products, err)", "signals = blindSignals(products, c.At)"},
				{"reconciler/observe.go", "\t\"sync\"\n", "\t\"sync\"\n\t\"time\"\n"},
			},
		},
		{
			name: "start-without-health-gate", law: 19, file: gates,
			why: "health is checked under way, so that the check before the start is forgotten",
			old: "\tGateHealth:      gateHealth,\n\tGateWave:        gateWave,\n",
			new: "\tGateWave:        gateWave,\n",
		},
		{
			name: "start-while-an-alert-fires", law: 19, file: gates,
			why: "ready replicas are taken for health",
			old: "\tif f := gateAlert(c, s); f.blocks() {\n\t\treturn f\n\t}\n\tcol := &c.in.Fleet.col\n",
			new: "\tcol := &c.in.Fleet.col\n",
		},
		{
			name: "start-while-not-ready", law: 19, file: gates,
			why:  "one replica that is down is what a cluster can bear",
			open: "not found within 60 seeds",
			old:  "if col.ready[s.row] < col.replicas[s.row] || col.replicas[s.row] == 0 || col.readySince[s.row] == 0 {",
			new:  "if col.ready[s.row]+1 < col.replicas[s.row] || col.replicas[s.row] == 0 {",
		},
		{
			name: "step-while-an-alert-fires", law: 19, file: gates,
			why: "an alert fails the cluster, so that the gate seems to say the same twice",
			old: "\tGateWindow: gateWindowInFlight,\n\tGateHealth: gateAlertUnlessBroken,\n",
			new: "\tGateWindow: gateWindowInFlight,\n",
		},
		{
			name: "alerts-of-the-first-cluster-only", law: 19, file: "reconciler/plan/signalindex.go",
			why:  "two alerts of one cluster are equal to a careless comparison, and so are those of one monitor on two clusters",
			open: "not found within 60 seeds",
			old:  "return compareAlerts(a, b) == 0 })",
			new:  "return a.Monitor == b.Monitor })",
		},
		{
			name: "blind-to-one-cluster-is-quiet", law: 9, file: gates,
			why: "a monitor that works for the others is thought to work for this one",
			old: "\treturn c.blindSpot(s.row)\n",
			new: "\treturn Finding{}\n",
		},
	}
}
