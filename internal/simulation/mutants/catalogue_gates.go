package main

// gateBugs open a gate that must be closed.
func gateBugs() []mutation {
	const (
		gates  = "reconciler/plan/gates.go"
		common = "reconciler/plan/viewgates.go"
		policy = "reconciler/fleet/policy.go"
	)
	return []mutation{
		{
			name: "start-without-version-gate", law: 18, file: gates,
			why: "the gate is forgotten in the table of starts",
			old: "\tGateOneCohort:   func(_ *cycle, s *subject) Finding { return s.view.common[GateOneCohort] },\n\tGateVersion:     gateVersion,\n",
			new: "\tGateOneCohort:   func(_ *cycle, s *subject) Finding { return s.view.common[GateOneCohort] },\n",
		},
		{
			name: "redirect-without-version-gate", law: 18, file: gates,
			why: "a redirect is thought to be harmless because the start was judged already",
			old: "\tGateVersion:     gateVersion,\n\tGatePredecessor: startGates[GatePredecessor],\n\tGateWindow:      gateWindowInFlight,\n",
			new: "\tGatePredecessor: startGates[GatePredecessor],\n\tGateWindow:      gateWindowInFlight,\n",
		},
		{
			name: "redirect-judges-the-old-version-only", law: 18, file: gates,
			why:  "replicas that run the superseded version are forgotten: their step is judged from where the others are",
			open: "not found within 60 seeds",
			old:  "if t := col.target[s.row]; t != col.version[s.row] && col.updated[s.row] > 0 && c.forbidden(s.view, t) {",
			new:  "if t := col.target[s.row]; false && c.forbidden(s.view, t) {",
		},
		{
			name: "version-skip-off-by-one", law: 18, file: policy,
			why: "maxMinorSkip is read as how many versions may lie between",
			old: "skip > uint64(*p.MaxMinorSkip)",
			new: "skip > uint64(*p.MaxMinorSkip)+1",
		},
		{
			name: "downgrade-allowed", law: 18, file: policy,
			why: "the condition is turned around: who sets deny gets what allow means",
			old: "if p.Downgrade != DowngradeAllow && b.compare(a) < 0 {",
			new: "if p.Downgrade == DowngradeAllow && b.compare(a) < 0 {",
		},
		{
			name: "major-version-not-looked-at", law: 18, file: policy,
			why:  "only the minor numbers are compared: 7.6 to 8.6 skips none",
			open: "not found within 60 seeds",
			old:  "if a.numbers[0] != b.numbers[0] {",
			new:  "if a.numbers[0] > b.numbers[0]+1 {",
		},
		{
			name: "versions-compared-as-text", law: 18, file: "reconciler/fleet/precedence.go",
			why:  "7.10 stands before 7.9 when numbers are compared as text, so that going back counts as going on",
			open: "not found within 60 seeds",
			old:  "if d := cmp.Compare(p.numbers[i], q.numbers[i]); d != 0 {",
			new:  "if d := strings.Compare(strconv.FormatUint(p.numbers[i], 10), strconv.FormatUint(q.numbers[i], 10)); d != 0 {",
		},
		{
			name: "pins-ignored-at-start", law: 1, file: gates,
			why: "pins are looked up for the report and forgotten in the table of starts",
			old: "\tGateKnown:       gateKnown,\n\tGatePin:         gatePin,\n\tGatePause:       func",
			new: "\tGateKnown:       gateKnown,\n\tGatePause:       func",
		},
		{
			name: "pins-ignored-under-way", law: 1, file: gates,
			why: "a pin is thought to concern starts only",
			old: "\tGateKnown:  gateKnown,\n\tGatePin:    gatePin,\n",
			new: "\tGateKnown:  gateKnown,\n",
		},
		{
			name: "pin-holds-its-first-cluster-only", law: 1, file: "reconciler/plan/policy.go",
			why: "a list with one element in every example is taken for a single value",
			old: "for _, c := range spec.Pins[i].Spec.Clusters {",
			new: "for _, c := range spec.Pins[i].Spec.Clusters[:1] {",
		},
		{
			name: "pins-expire-when-set", law: 1, file: "reconciler/plan/policy.go",
			why: "before and after are mixed up",
			old: "return i, !now.Before(p.Spec.Pins[i].Spec.Expires.Time)",
			new: "return i, now.Before(p.Spec.Pins[i].Spec.Expires.Time)",
		},
		{
			name: "expired-emergency-starts", law: 1, file: common,
			why: "the expiry is checked when the commit is admitted and not afterwards",
			old: "\tcase v.emergency != nil && !c.in.Now.Before(v.emergency.Spec.Expires.Time):\n\t\treturn Finding{Reason: EmergencyExpired}\n",
			new: "",
		},
		{
			name: "baseline-is-a-rollout", law: 1, file: common,
			why:  "what differs at the first start is brought into line at once",
			open: "not found within 60 seeds",
			old:  "\tcase v.target.Baseline:\n\t\treturn Finding{Reason: BaselineTarget}\n\tcase v.emergency",
			new:  "\tcase v.emergency",
			more: []edit{
				{"reconciler/plan/lifecycle.go", "\tcase v.target.Baseline:\n\t\tc.confirmBaseline(v)\n", ""},
				{"reconciler/plan/targets.go", "if !baseline {\n\t\t\te.Release", "if true {\n\t\t\te.Release"},
			},
		},
	}
}
