package main

// admissionBugs let a commit take effect that must not.
func admissionBugs() []mutation {
	const (
		chain   = "reconciler/admission/chain.go"
		touched = "reconciler/admission/touched.go"
		admit   = "reconciler/admit.go"
	)
	return []mutation{
		{
			name: "unapproved-is-admitted", law: 1, file: chain,
			why:  "only a refusal is looked for, and an unapproved commit says nothing of the sort",
			old:  "\tcase verdict != Approved:\n",
			new:  "\tcase verdict != Approved && len(c.Evidence.By) > 0:\n",
			more: []edit{{chain, "case len(blamed) > 0:", "case len(blamed) > 1:"}},
		},
		{
			name: "unknown-approval-is-admitted", law: 1, file: chain,
			why:  "an approval that cannot be read is taken for one that nobody asked for",
			open: "not found within 60 seeds",
			old:  "\tcase verdict == Unknown:\n\t\tch.say(c, Pending, orElse(reason, \"its approval cannot be read yet\"))\n\tcase verdict != Approved:\n",
			new:  "\tcase verdict == Refused:\n",
			more: []edit{{chain, "case len(waits) > 0:", "case len(waits) > 0 && verdict != Unknown:"}},
		},
		{
			name: "unapproved-carried-in", law: 1, file: chain,
			why: "the newest commit is approved, and what lies between is forgotten",
			old: "case len(blamed) > 0:",
			new: "case len(blamed) > 0 && len(c.Changes) == 0:",
		},
		{
			name: "unread-approval-carried-in", law: 1, file: chain,
			why:  "a later approved commit does not wait for those before whose approval is not known yet",
			open: "not found within 60 seeds",
			old:  "case len(waits) > 0:",
			new:  "case len(waits) > 0 && len(c.Changes) == 0:",
		},
		{
			name: "same-file-heals", law: 1, file: touched,
			why: "an approved change of the same file is thought to have replaced what was there",
			old: "\t\tcase f.now == f.base:\n",
			new: "\t\tcase f.now == f.base || verdict == Approved:\n",
		},
		{
			name: "no-change-takes-all-in", law: 1, file: chain,
			why: "a commit with the tree of the one before it changes nothing, so it may pass, and its tree comes into force",
			old: "case c.Tree != \"\" && c.Tree == ch.force.Tree:",
			new: "case c.Tree != \"\" && (c.Tree == ch.force.Tree || c.Tree == ch.last.Tree):",
		},
		{
			name: "harmless-commit-forgives", law: 1, file: chain,
			why:  "a commit that changes nothing Wavegate reads clears what was noted of those before",
			open: "not found within 60 seeds",
			old:  "\t\tverdict, reason = Approved, \"it changes nothing that Wavegate reads\"\n",
			new:  "\t\tverdict, reason = Approved, \"it changes nothing that Wavegate reads\"\n\t\tclear(ch.touched)\n",
		},
		{
			name: "policy-of-the-commit-itself", law: 1, file: "reconciler/admission/emergency.go",
			why:  "the spec at hand is the one that was just loaded",
			open: "not found within 60 seeds",
			old:  "policy := inForce.Fleet.Spec.Approvals\n\tpolicy.By",
			new:  "policy := inForce.Fleet.Spec.Approvals\n\tif candidate != nil {\n\t\tpolicy = candidate.Fleet.Spec.Approvals\n\t}\n\tpolicy.By",
		},
		{
			name: "policy-of-the-first-commit-for-all", law: 1, file: admit,
			why:  "the policy is looked up once before the loop over the commits",
			open: "not found within 60 seeds",
			old:  "r.candidate(ctx, commit, chain.InForce().Spec)",
			new:  "r.candidate(ctx, commit, in.InForce.Spec)",
		},
		{
			name: "emergency-with-the-usual-approvals", law: 1, file: "reconciler/admission/emergency.go",
			why:  "the larger number that an emergency asks for is read and not used",
			open: "not found within 60 seeds",
			old:  "policy.Required = max(policy.Required, e.Spec.Approvals)",
			new:  "policy.Required = min(policy.Required, max(1, e.Spec.Approvals))",
		},
		{
			name: "invalid-spec-is-the-last-good-one", law: 16, file: chain,
			why:  "a commit that cannot be loaded comes into force with the spec from before, and the next one is compared with that",
			old:  "\tcase c.Spec == nil:\n\t\tch.say(c, Rejected, invalid(c))\n\tcase len(blamed) > 0:",
			new:  "\tcase len(blamed) > 0:",
			more: []edit{{chain, "if excess := tooMany(ch.force.Spec, c.Spec); excess != \"\" {", "if excess := tooMany(ch.force.Spec, c.Spec); c.Spec != nil && excess != \"\" {"}},
		},
		{
			name: "empty-repository-is-empty-fleet", law: 16, file: admit,
			why:  "a repository that cannot be loaded counts as one with nothing in it",
			old:  "\tif len(problems) > 0 {\n\t\treturn nil, problems, nil\n\t}\n",
			new:  "\tif len(problems) > 0 {\n\t\treturn &fleet.Spec{}, nil, nil\n\t}\n",
			more: []edit{{"reconciler/admission/moves.go", "\tcase len(begun) == 1 || len(cohorts) <= 1:\n", "\tcase len(begun) == 1 || len(cohorts) <= 1 || len(to.Cohorts) == 0:\n"}},
		},
		{
			name: "forced-branch-starts-over", law: 1, file: admit,
			why: "a branch that was rewritten is read like one that is seen for the first time",
			old: "\t\tin.Rewritten = true\n",
			new: "\t\tin.InForce = admission.InForce{}\n",
		},
		{
			name: "superseded-release-keeps-going", law: 1, file: "reconciler/plan/lifecycle.go",
			why: "a rollout that has begun is finished first, whatever was merged since",
			old: "\tcase v.rollout != nil && (v.rollout.Release != v.target.Release || v.rollout.Version != v.target.Version):\n",
			new: "\tcase v.rollout != nil && !v.rollout.FinishedAt.IsZero() && (v.rollout.Release != v.target.Release || v.rollout.Version != v.target.Version):\n",
		},
		{
			name: "no-commit-on-the-mark", law: 1, file: "reconciler/plan/members.go",
			why: "a field is left out of a literal",
			old: "Release: v.target.Release, Cohort: v.key.Cohort, Commit: v.target.Commit,\n\t\tVersion: v.target.Version, StartedAt: startedAt,",
			new: "Release: v.target.Release, Cohort: v.key.Cohort,\n\t\tVersion: v.target.Version, StartedAt: startedAt,",
		},
		{
			name: "first-look-takes-what-it-can-read", law: 1, file: "reconciler/firststart.go",
			why:  "a commit whose approval cannot be read yet is passed over at the first look, and an old one comes into force",
			open: "the simulation names no first commit",
			old:  "return j.Status == admission.Pending }); i >= 0 {",
			new:  "return j.Status == admission.Pending }); i >= 0 && len(res.Admitted) == 0 {",
		},
	}
}
