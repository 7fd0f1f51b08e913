package main

// windowBugs touch clusters when they must not be touched.
func windowBugs() []mutation {
	const (
		gates   = "reconciler/plan/gates.go"
		windows = "reconciler/plan/windows.go"
		local   = "reconciler/schedule/local.go"
		occur   = "reconciler/schedule/occurrence.go"
	)
	return []mutation{
		{
			name: "start-without-window-gate", law: 8, file: gates,
			why: "the gate is lost from the table of starts",
			old: "\tGateWindow:      gateWindow,\n\tGateHealth:      gateHealth,\n\tGateWave:        gateWave,\n",
			new: "\tGateWindow:      gateWindowInFlight,\n\tGateHealth:      gateHealth,\n\tGateWave:        gateWave,\n",
		},
		{
			name: "in-flight-pause-ignored", law: 8, file: windows,
			why:  "the rule for clusters in flight is never set for a blackout: they always finish",
			open: "not found within 60 seeds",
			old:  "if spec.InFlight == fleet.InFlightPause && !s.pause.blocks() {",
			new:  "if spec.InFlight == fleet.InFlightPause && s.pause.blocks() {",
		},
		{
			name: "in-flight-pause-ignored-at-steps", law: 8, file: gates,
			why:  "the gate is forgotten in the table of going on",
			open: "not found within 60 seeds",
			old:  "\tGatePause:  startGates[GatePause],\n\tGateWindow: gateWindowInFlight,\n",
			new:  "\tGatePause:  startGates[GatePause],\n",
		},
		{
			name: "maintenance-end-does-not-pause", law: 8, file: windows,
			why:  "inFlight: pause is thought of as a property of blackouts",
			open: "not found within 60 seeds",
			old:  "if pauses && !s.pause.blocks() {",
			new:  "if false && pauses && !s.pause.blocks() {",
		},
		{
			name: "outside-maintenance-is-open", law: 8, file: windows,
			why: "a maintenance window is read as the time until which one may work, not as the only time",
			old: "\t\tcase !inside:\n\t\t\tif !s.closed.blocks() {\n\t\t\t\ts.closed = Finding{WindowClosed, maintenance}\n\t\t\t}\n",
			new: "\t\tcase !inside:\n",
		},
		{
			name: "any-maintenance-lifts-a-blackout", law: 8, file: windows,
			why:  "a maintenance window is taken for a permission that overrides a blackout",
			open: "not found within 60 seeds",
			old:  "\t\tcase !lasts.IsZero():\n\t\t\ts.bound(",
			new:  "\t\tcase !lasts.IsZero():\n\t\t\ts.closed = Finding{}\n\t\t\ts.bound(",
		},
		{
			name: "emergency-always-skips-blackouts", law: 8, file: gates,
			why:  "every emergency is treated as one that skips blackouts",
			open: "not found within 60 seeds",
			old:  "if s.resting || skips(s.view.emergency, fleet.SkipBlackout) {",
			new:  "if s.resting || s.view.emergency != nil {",
		},
		{
			name: "windows-are-asked-once", law: 8, file: "reconciler/plan/decide.go",
			why: "a cache is not emptied when the time has moved",
			old: "\t\tm.sets[i].asked = false\n",
			new: "\t\tm.sets[i].asked = m.sets[i].asked && !m.sets[i].closed.blocks()\n",
		},
		{
			name: "window-of-a-product-is-of-none", law: 8, file: "reconciler/plan/classify.go",
			why: "a window without a list of products is taken to concern none",
			old: "\tif len(products) == 0 {\n\t\treturn true\n\t}\n",
			new: "\tif len(products) == 0 {\n\t\treturn false\n\t}\n",
		},
		{
			name: "window-start-exclusive", law: 8, file: "reconciler/schedule/window.go",
			why:  "the first moment of a window is left out",
			open: "not found within 60 seeds",
			old:  "case interval.Start.After(t):",
			new:  "case !interval.Start.Before(t):",
		},
		{
			name: "window-ends-a-minute-early", law: 8, file: occur,
			why:  "an end that is exclusive is made inclusive by taking a minute off",
			open: "not found within 60 seeds",
			old:  "return Interval{Start: start, End: later(last.Add(w.duration), lastEnd)}",
			new:  "return Interval{Start: start, End: later(last.Add(w.duration), lastEnd).Add(-time.Minute)}",
		},
		{
			name: "snapshot-outlives-its-end", law: 8, file: "reconciler/schedule/index.go",
			why:  "a snapshot that holds until a moment is used at that moment, too",
			open: "not found within 60 seeds",
			old:  "(prev.next.IsZero() || now.Before(prev.next))",
			new:  "(prev.next.IsZero() || !now.After(prev.next))",
		},
		{
			name: "clock-back-into-a-blackout", law: 8, file: "reconciler/schedule/index.go",
			why:  "time is thought to go forwards only",
			open: "not found within 60 seeds",
			old:  "!now.Before(prev.at) && (prev.next.IsZero()",
			new:  "(prev.next.IsZero()",
		},
		{
			name: "time-zone-ignored", law: 8, file: local,
			why: "the zone is parsed and checked, and then UTC is used",
			old: "_, seconds := t.In(w.zone).Zone()",
			new: "_, seconds := t.In(time.UTC).Zone()",
		},
		{
			name: "hour-that-comes-twice", law: 8, file: local,
			why:  "a local time is taken to mean one moment",
			open: "not found within 60 seeds",
			old:  "\t\treturn a, b\n\tcase aFits:",
			new:  "\t\treturn a, a\n\tcase aFits:",
		},
		{
			name: "blackout-of-elapsed-hours", law: 8, file: occur,
			why:  "the end of a night is its start plus a duration, also in the night in which the clocks change",
			open: "not found within 60 seeds",
			old:  "return Interval{Start: start, End: later(last.Add(w.duration), lastEnd)}",
			new:  "return Interval{Start: start, End: earlier(last.Add(w.duration), lastEnd)}",
		},
		{
			name: "unconfirmed-start-skips-the-gates", law: 8, file: "reconciler/plan/members.go",
			why:  "a start that was not confirmed is simply tried again: it was allowed a moment ago",
			open: "not found within 60 seeds",
			old:  "\t\tif gates != 0 {\n\t\t\treturn decision(Stopped, f, gates)\n\t\t}\n\t\tc.start(s, member.StartedAt,",
			new:  "\t\tif gates != 0 && f.Reason == NotObserved {\n\t\t\treturn decision(Stopped, f, gates)\n\t\t}\n\t\tc.start(s, member.StartedAt,",
		},
	}
}
