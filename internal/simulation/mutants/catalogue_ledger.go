package main

// ledgerBugs lose or disorder what must outlive a restart.
func ledgerBugs() []mutation {
	const (
		loop  = "reconciler/reconciler.go"
		state = "reconciler/plan/state.go"
	)
	return []mutation{
		{
			name: "unreadable-ledger-is-empty", law: 14, file: loop,
			why:  "a service that cannot read its state starts with none, so that it starts",
			open: "not found within 60 seeds",
			old:  "\tif err != nil {\n\t\treturn fmt.Errorf(\"load ledger: %w\", err)\n\t}\n",
			new:  "\tif err != nil {\n\t\tstate = plan.NewState()\n\t}\n",
		},
		{
			name: "failed-save-is-forgotten", law: 14, file: loop,
			why: "the list is emptied before it is written",
			old: "\tif err := r.cfg.Ledger.Record(ctx, r.unsaved); err != nil {\n\t\tc.problem(\"record events\", err)\n\t\treturn false\n\t}\n\tr.unsaved = nil\n",
			new: "\tunsaved := r.unsaved\n\tr.unsaved = nil\n\tif err := r.cfg.Ledger.Record(ctx, unsaved); err != nil {\n\t\tc.problem(\"record events\", err)\n\t\treturn false\n\t}\n",
		},
		{
			name: "failed-save-is-a-save", law: 14, file: loop,
			why:  "the error is reported, and the caller is told that all is well",
			open: "not tried yet",
			old:  "\t\tc.problem(\"record events\", err)\n\t\treturn false\n",
			new:  "\t\tc.problem(\"record events\", err)\n\t\treturn true\n",
		},
		{
			name: "command-done-before-it-is-saved", law: 6, file: loop,
			why:  "the inbox is emptied when its content has been read",
			open: "not tried yet",
			old:  "\tr.take(c, events)\n\tc.Refused = refused\n\tif r.save(ctx, c) {\n",
			new:  "\tr.take(c, events)\n\tc.Refused = refused\n\tdefer r.save(ctx, c)\n\tif len(commands) > 0 {\n",
		},
		{
			name: "pause-not-in-the-snapshot", law: 6, file: state,
			why:  "a field has the wrong tag, and only a restart from a snapshot shows it",
			open: "not tried yet",
			old:  "Paused       *Pause `json:\"paused,omitempty\"`\n\t// ResumedAt is when it was",
			new:  "Paused       *Pause `json:\"-\"`\n\t// ResumedAt is when it was",
		},
		{
			name: "pause-of-everything-not-in-the-snapshot", law: 6, file: state,
			why:  "a field has the wrong tag",
			open: "not tried yet",
			old:  "Paused *Pause `json:\"paused,omitempty\"`",
			new:  "Paused *Pause `json:\"-\"`",
		},
		{
			name: "acknowledged-is-all-in-the-snapshot", law: 14, file: "reconciler/plan/statejson.go",
			why:  "failures that are read back are taken for old ones, which somebody must have accepted",
			open: "not tried yet",
			old:  "\t\ts.Releases[r.ID] = r\n",
			new:  "\t\tr.Acknowledged = len(r.Failures)\n\t\ts.Releases[r.ID] = r\n",
		},
		{
			name: "superseded-events-count", law: 12, file: "reconciler/plan/apply.go",
			why:  "an event of a release that is gone is applied to the one that took its place",
			open: "not tried yet",
			old:  "if r == nil || r.Release != e.Release {",
			new:  "if r == nil || r.Product != e.Product {",
		},
		{
			name: "snapshot-without-its-event", law: 14, file: "internal/sqlite/load.go",
			why:  "the first event after a snapshot is skipped, off by one",
			open: "a simulated disk stands in for the real ledger here; internal/sqlite has tests of its own",
			old:  "\t\t\t\tf.state.Apply(e)\n",
			new:  "\t\t\t\tif f.snapshot == 0 || e.Seq > f.snapshot+1 {\n\t\t\t\t\tf.state.Apply(e)\n\t\t\t\t}\n",
		},
		{
			name: "commit-error-is-dropped", law: 14, file: "internal/sqlite/store.go",
			why:  "an error is shadowed: what is not on the disk counts as stored",
			open: "a simulated disk stands in for the real ledger here; internal/sqlite has tests of its own",
			old:  "\tif err := tx.Commit(); err != nil {\n\t\treturn errors.Join(explain(s.path, err), ignoreDone(tx.Rollback()))\n\t}\n",
			new:  "\tif err := tx.Commit(); err != nil {\n\t\treturn ignoreDone(tx.Rollback())\n\t}\n",
		},
	}
}
