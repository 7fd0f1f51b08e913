package main

// orderBugs break the order of the cohorts.
func orderBugs() []mutation {
	const (
		common = "reconciler/plan/viewgates.go"
		gates  = "reconciler/plan/gates.go"
		policy = "reconciler/plan/policy.go"
	)
	return []mutation{
		{
			name: "start-without-predecessors", law: 3, file: gates,
			why: "the gate is asked when the rollout starts and is thought to hold from then on",
			old: "\tGatePredecessor: func(_ *cycle, s *subject) Finding { return s.view.common[GatePredecessor] },\n",
			new: "\tGatePredecessor: nil,\n",
			more: []edit{{
				"reconciler/plan/lifecycle.go",
				"[]Gate{GateInForce, GateKnown, GatePause, GateOneCohort, GatePredecessor}",
				"[]Gate{GateInForce, GateKnown, GatePause, GateOneCohort}",
			}, {
				"reconciler/plan/members.go",
				"[]Gate{GateInForce, GateKnown, GatePause, GateOneCohort, GatePredecessor, GateBudget}",
				"[]Gate{GateInForce, GateKnown, GatePause, GateOneCohort, GateBudget}",
			}},
		},
		{
			name: "predecessor-on-version-is-enough", law: 3, file: common,
			why: "an earlier cohort that runs the version is taken for one that has soaked it",
			old: "if s.Base[key] == v.target.Version && c.allOn(earlier, v.target.Version) {",
			new: "if c.allOn(earlier, v.target.Version) {",
		},
		{
			name: "predecessor-done-with-anything", law: 3, file: common,
			why:  "that the earlier cohort has finished its rollout is asked, not of which version",
			open: "not found within 60 seeds",
			old:  "if _, done := s.Done[DoneKey{key, v.target.Version}]; done {\n\t\t\tcontinue\n\t\t}\n\t\tearlier := c.memo.views[i]\n",
			new:  "earlier := c.memo.views[i]\n\t\tif earlier.rollout != nil && !earlier.rollout.FinishedAt.IsZero() {\n\t\t\tcontinue\n\t\t}\n",
		},
		{
			name: "previous-cohort-only", law: 3, file: policy,
			why:  "each cohort waits for the one before it, and a gap in between breaks the chain",
			open: "not found within 60 seeds",
			old:  "earlier = append(earlier, here...)",
			new:  "earlier = here",
		},
		{
			name: "emergency-skips-the-canary", law: 3, file: common,
			why:  "an emergency is urgent, so somebody lets it start everywhere at once",
			open: "not found within 60 seeds",
			old:  "\tif v.target == nil {\n\t\treturn Finding{}\n\t}\n\ts := c.in.State\n",
			new:  "\tif v.target == nil || v.emergency != nil {\n\t\treturn Finding{}\n\t}\n\ts := c.in.State\n",
		},
		{
			name: "side-by-side-cohorts-move-together", law: 2, file: "reconciler/admission/moves.go",
			why: "one commit for one stage of the order sounds as good as one commit for one cohort",
			old: "\tcase len(begun) == 1 || len(cohorts) <= 1:\n",
			new: "\tcase len(begun) == 1 || len(cohorts) <= 2:\n",
			more: []edit{{
				common,
				"commits[v.target.Commit] > 1 {",
				"commits[v.target.Commit] > 2 {",
			}},
		},
		{
			name: "one-cohort-of-each-product", law: 2, file: "reconciler/admission/moves.go",
			why:  "what is counted is the cohorts of a product, so that a commit moves kafka in one and ksqldb in another",
			open: "not found within 60 seeds",
			old:  "\tcohorts := cohortsOf(slices.Concat(own, held))\n",
			new:  "\tcohorts := cohortsOf(slices.Concat(own, held))\n\tif len(own) > 0 && len(otherProducts(own, own[0].Product)) == len(own)-1 {\n\t\tcohorts = cohorts[:1]\n\t}\n",
			more: []edit{
				{common, "out[t.Commit]++", "out[t.Commit+k.Product]++"},
				{common, "commits[v.target.Commit] > 1 {", "commits[v.target.Commit+v.key.Product] > 1 {"},
			},
		},
		{
			name: "done-by-version-anywhere", law: 3, file: "reconciler/plan/apply.go",
			why: "a version that has finished in one cohort is noted as done for the product",
			old: "\t\t\ts.Done[DoneKey{key, r.Version}] = e.At\n",
			new: "\t\t\tfor k := range s.Targets {\n\t\t\t\tif k.Product == key.Product {\n\t\t\t\t\ts.Done[DoneKey{k, r.Version}] = e.At\n\t\t\t\t}\n\t\t\t}\n",
		},
	}
}
