package main

// pauseBugs let something move that is halted.
func pauseBugs() []mutation {
	const (
		gates  = "reconciler/plan/gates.go"
		common = "reconciler/plan/viewgates.go"
		apply  = "reconciler/plan/apply.go"
		fails  = "reconciler/plan/failures.go"
	)
	return []mutation{
		{
			name: "steps-while-paused", law: 5, file: gates,
			why: "a pause is thought to stop starts, and what is under way finishes",
			old: "\tGatePause:  startGates[GatePause],\n",
			new: "",
		},
		{
			name: "starts-while-paused", law: 5, file: gates,
			why: "the gate is lost from the table of starts",
			old: "\tGatePause:       func(_ *cycle, s *subject) Finding { return s.view.common[GatePause] },\n",
			new: "\tGatePause:       func(_ *cycle, _ *subject) Finding { return Finding{} },\n",
		},
		{
			name: "redirects-while-paused", law: 5, file: gates,
			why:  "a redirect takes no replica down, so a pause seems not to concern it",
			open: "not tried yet",
			old:  "var redirectGates = [gateCount]gateFunc{\n\tGateInForce:     startGates[GateInForce],\n\tGateKnown:       gateKnown,\n\tGatePin:         gatePin,\n\tGatePause:       startGates[GatePause],\n",
			new:  "var redirectGates = [gateCount]gateFunc{\n\tGateInForce:     startGates[GateInForce],\n\tGateKnown:       gateKnown,\n\tGatePin:         gatePin,\n",
		},
		{
			name: "new-commit-lifts-a-pause", law: 6, file: common,
			why: "a pause is looked up by the release of the target, and a new commit is a new release",
			old: "\t\tif r.Product == v.key.Product {\n",
			new: "\t\tif v.target != nil && r.ID == v.target.Release {\n",
		},
		{
			name: "pause-of-everything-is-of-nothing", law: 5, file: common,
			why: "a pause without a release is looked up as the release with an empty name",
			old: "\tif c.in.State.Paused != nil {\n\t\treturn Finding{Reason: EverythingPaused}\n\t}\n",
			new: "",
		},
		{
			name: "recovered-monitor-resumes", law: 5, file: fails,
			why: "the reason for the pause is gone, so it goes on",
			old: "\t\tif r.Paused == nil && c.overBudget(r) {\n",
			new: "\t\tif r.Paused != nil && r.Paused.By == \"\" && len(c.memo.alerts) == 0 {\n\t\t\tc.emit(Event{At: c.in.Now, Kind: Resumed, Release: r.ID, Product: r.Product})\n\t\t\tcontinue\n\t\t}\n\t\tif r.Paused == nil && c.overBudget(r) {\n",
		},
		{
			name: "pause-ends-after-a-day", law: 11, file: common,
			why:  "a pause that everybody has forgotten is taken for one that is over",
			open: "not tried yet",
			old:  "\tif c.in.State.Paused != nil {\n\t\treturn Finding{Reason: EverythingPaused}\n\t}\n\tfor i, r := range c.pausedReleases {\n\t\tif r.Product == v.key.Product {\n",
			new:  "\tif c.in.State.Paused != nil {\n\t\treturn Finding{Reason: EverythingPaused}\n\t}\n\tfor i, r := range c.pausedReleases {\n\t\tif r.Product == v.key.Product && c.in.Now.Sub(r.Paused.At) < 24*time.Hour {\n",
		},
		{
			name: "resume-of-a-release-lifts-all", law: 5, file: apply,
			why:  "a resume is a resume",
			open: "not tried yet",
			old:  "\t\ts.setPause(e.Release, nil, e.At)\n",
			new:  "\t\ts.setPause(e.Release, nil, e.At)\n\t\ts.Paused = nil\n",
		},
		{
			name: "resume-of-all-lifts-the-releases", law: 5, file: apply,
			why:  "everything is resumed, so everything goes on",
			open: "not tried yet",
			old:  "\t\ts.setPause(e.Release, nil, e.At)\n",
			new:  "\t\ts.setPause(e.Release, nil, e.At)\n\t\tif e.Release == \"\" {\n\t\t\tfor _, r := range s.Releases {\n\t\t\t\ts.setPause(r.ID, nil, e.At)\n\t\t\t}\n\t\t}\n",
		},
		{
			name: "failed-cluster-goes-on", law: 5, file: "reconciler/plan/members.go",
			why:  "a cluster that has failed is still under way, and is treated like one",
			open: "not tried yet",
			old:  "\t\td = c.judgeFailed(s, member)\n",
			new:  "\t\td = c.judgeFailed(s, member)\n\t\tif inv := c.in.Fleet; inv.inFlight(r) && inv.Mark(r).Failed != \"\" {\n\t\t\td = c.judgeRunning(s, member)\n\t\t}\n",
		},
		{
			name: "commands-newest-first", law: 5, file: "internal/sqlite/inbox.go",
			why:  "the list was sorted for a page that shows the newest first",
			open: "a simulated disk stands in for the real ledger here; internal/sqlite has tests of its own",
			old:  "SELECT id, body FROM command ORDER BY id\"",
			new:  "SELECT id, body FROM command ORDER BY id DESC\"",
		},
		{
			name: "second-command-is-lost", law: 5, file: "reconciler/plan/command.go",
			why:  "one command for each cycle is enough in every test",
			open: "not tried yet",
			old:  "\t\tevents = append(events, e)\n\t}\n\treturn events, refused\n",
			new:  "\t\tevents = append(events[:0], e)\n\t}\n\treturn events, refused\n",
		},
		{
			name: "pause-needs-a-rollout", law: 5, file: "reconciler/plan/command.go",
			why:  "a pause is refused while nothing rolls, although something is about to",
			open: "not tried yet",
			old:  "\tif cmd.Kind == CommandPause {\n",
			new:  "\tif cmd.Kind == CommandPause && cmd.Release == \"\" && len(s.Rollouts) == 0 {\n\t\treturn e, \"nothing is under way\"\n\t}\n\tif cmd.Kind == CommandPause {\n",
		},
	}
}
