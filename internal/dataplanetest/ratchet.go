package dataplanetest

import (
	"slices"

	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

func startCases() []testCase {
	return []testCase{
		{name: "a start touches no replica", run: func(s *suite) {
			s.ratcheted("start", 3)
			check := s.untouched("start")
			c := s.start("start", s.v[1])
			if !c.Ratchet {
				s.Fatalf("a StatefulSet is not reported as one that moves by steps: %+v", c)
			}
			if c.Version != s.v[0] || !c.InFlight() {
				s.Fatalf("after the start it runs %s and is to run %s; want %s and %s", c.Version, c.Target, s.v[0], s.v[1])
			}
			if c.Next != 2 || c.Updated != 0 {
				s.Fatalf("after the start the next replica is %d and %d are updated; want 2 and 0", c.Next, c.Updated)
			}
			s.h.Quiet(s.T)
			check("after a start")
			if c := s.cluster("start"); c.Ready != 3 || c.ReadySince.IsZero() {
				s.Fatalf("after the start %d of 3 replicas are ready, since %v", c.Ready, c.ReadySince)
			}
		}},
		{name: "the same start again changes nothing", run: func(s *suite) {
			s.ratcheted("start-again", 3)
			s.start("start-again", s.v[1])
			s.step("start-again", s.v[1])
			check := s.untouched("start-again")
			s.must("start-again", plan.Start, s.v[1])
			s.h.Quiet(s.T)
			check("after the same start again")
			if c := s.cluster("start-again"); c.Next != 1 || c.Updated != 1 || c.Target != s.v[1] {
				s.Fatalf("after the same start again: next %d, updated %d, target %s; want 1, 1, %s",
					c.Next, c.Updated, c.Target, s.v[1])
			}
			// Had the ratchet gone back up, replica 2 would come back on the old version.
			s.h.Restart(s.T, "start-again", 2)
			s.waitFor("start-again", "the restarted replica is ready", func(c plan.Cluster) bool {
				return c.Ready == 3 && !c.ReadySince.IsZero()
			})
			if c := s.cluster("start-again"); c.Updated != 1 || c.Next != 1 {
				s.Fatalf("after the restart of an updated replica: updated %d, next %d; want 1, 1", c.Updated, c.Next)
			}
			if order := s.rollOn("start-again", s.v[1]); !slices.Equal(order, []int{1, 0}) {
				s.Fatalf("it then steps in the order %v; want 1, 0", order)
			}
		}},
		{name: "a start on a version that it already runs changes nothing", run: func(s *suite) {
			s.ratcheted("start-same", 2)
			check := s.untouched("start-same")
			s.must("start-same", plan.Start, s.v[0])
			s.h.Quiet(s.T)
			check("after a start on its own version")
			if c := s.cluster("start-same"); !rests(c, s.v[0]) || c.Next != -1 {
				s.Fatalf("it does not rest: %+v", c)
			}
		}},
	}
}

func stepCases() []testCase {
	return []testCase{
		{name: "a step replaces exactly one replica", run: func(s *suite) {
			s.ratcheted("step", 4)
			s.start("step", s.v[1])
			before := s.h.Replicas(s.T, "step")
			if ordinal := s.step("step", s.v[1]); ordinal != 3 {
				s.Fatalf("the first step replaces replica %d; want 3", ordinal)
			}
			s.h.Quiet(s.T)
			after := s.h.Replicas(s.T, "step")
			if got := differ(before, after); !slices.Equal(got, []int{3}) {
				s.Fatalf("one step replaced the replicas %v; want 3 alone", got)
			}
			for _, r := range after {
				want := s.v[0]
				if r.Ordinal == 3 {
					want = s.v[1]
				}
				if r.Version != want {
					s.Errorf("replica %d runs %s; want %s", r.Ordinal, r.Version, want)
				}
			}
			if c := s.cluster("step"); c.Updated != 1 || c.Next != 2 || c.Version != s.v[0] {
				s.Fatalf("updated %d, next %d, version %s; want 1, 2, %s", c.Updated, c.Next, c.Version, s.v[0])
			}
		}},
		{name: "steps go down in order to the end", run: func(s *suite) {
			s.ratcheted("steps", 4)
			s.start("steps", s.v[1])
			before := s.h.Replicas(s.T, "steps")
			if order := s.rollOn("steps", s.v[1]); !slices.Equal(order, []int{3, 2, 1, 0}) {
				s.Fatalf("the steps went %v; want 3, 2, 1, 0", order)
			}
			if got := differ(before, s.h.Replicas(s.T, "steps")); len(got) != 4 {
				s.Fatalf("the replicas %v were replaced; want all four", got)
			}
			if c := s.cluster("steps"); c.Next != -1 || c.InFlight() {
				s.Fatalf("after the last step next is %d and in flight is %v; want -1 and false", c.Next, c.InFlight())
			}
		}},
		{name: "to halt is to do nothing", run: func(s *suite) {
			s.ratcheted("halt", 3)
			s.start("halt", s.v[1])
			s.step("halt", s.v[1])
			check := s.untouched("halt")
			s.h.Quiet(s.T)
			s.h.Quiet(s.T)
			check("while nothing was asked of it")
			if c := s.cluster("halt"); c.Next != 1 || c.Updated != 1 || !c.InFlight() {
				s.Fatalf("next %d, updated %d, in flight %v; want 1, 1, true", c.Next, c.Updated, c.InFlight())
			}
		}},
		{name: "it has finished only when all replicas are ready on the target", run: func(s *suite) {
			s.ratcheted("finish", 2)
			s.start("finish", s.v[1])
			s.step("finish", s.v[1])
			s.must("finish", plan.Step, s.v[1])
			s.waitFor("finish", "it has finished", func(c plan.Cluster) bool {
				if c.Version != s.v[1] {
					return false
				}
				// What is observed may lag behind, but never runs ahead.
				for _, r := range s.h.Replicas(s.T, "finish") {
					if r.Version != s.v[1] || !r.Ready {
						s.Fatalf("it is reported as finished while replica %d is on %s, ready %v", r.Ordinal, r.Version, r.Ready)
					}
				}
				return rests(c, s.v[1])
			})
		}},
		{name: "a step on a stale observation conflicts and changes nothing", run: func(s *suite) {
			s.ratcheted("stale", 3)
			stale := s.start("stale", s.v[1])
			s.step("stale", s.v[1])
			check := s.untouched("stale")
			again := s.action(stale, plan.Step, s.v[1])
			s.refused(again, "the step that was carried out, once more")
			skip := s.action(stale, plan.Step, s.v[1])
			skip.Ordinal = 1
			s.refused(skip, "the next step on the observation before")
			start := s.action(stale, plan.Start, s.v[2])
			s.refused(start, "a start on the observation before")
			s.h.Quiet(s.T)
			check("after three stale actions")
			if c := s.cluster("stale"); c.Target != s.v[1] || c.Next != 1 {
				s.Fatalf("target %s, next %d; want %s, 1", c.Target, c.Next, s.v[1])
			}
		}},
		{name: "a step that is not the next one is refused", run: func(s *suite) {
			s.ratcheted("skip", 4)
			s.start("skip", s.v[1])
			check := s.untouched("skip")
			for _, ordinal := range []int{-1, 0, 1, 2, 4} {
				a := s.action(s.cluster("skip"), plan.Step, s.v[1])
				a.Ordinal = ordinal
				s.refused(a, "a step out of order")
			}
			s.h.Quiet(s.T)
			check("after steps out of order")
		}},
		{name: "a step while a replica is down is refused", run: func(s *suite) {
			s.ratcheted("down", 3)
			s.start("down", s.v[1])
			s.must("down", plan.Step, s.v[1])
			before := s.h.Replicas(s.T, "down")
			for {
				c := s.cluster("down")
				a := s.action(c, plan.Step, s.v[1])
				a.Ordinal = 1
				if c.Ready == 3 && !c.ReadySince.IsZero() {
					break // it came back before it could be tried once more
				}
				s.refused(a, "a step while replica 2 restarts")
				if slices.ContainsFunc(s.h.Replicas(s.T, "down"), func(r Replica) bool { return r.Ordinal < 2 && r.Version != s.v[0] }) {
					s.Fatalf("a second replica was replaced while the first was down; before %v", before)
				}
				waited := false
				s.h.Wait(s.T, "a moment", func() bool { w := waited; waited = true; return w })
			}
			if order := s.rollOn("down", s.v[1]); !slices.Equal(order, []int{1, 0}) {
				s.Fatalf("it then steps in the order %v; want 1, 0", order)
			}
		}},
		{name: "of two writers with the same observation one wins", run: func(s *suite) {
			s.ratcheted("race", 3)
			var a, b plan.Action
			var errs []error
			// The world may have moved on by itself, and then both are late.
			s.h.Wait(s.T, "one of two starts is accepted", func() bool {
				c := s.cluster("race")
				a, b = s.action(c, plan.Start, s.v[1]), s.action(c, plan.Start, s.v[2])
				errs = both(s, a, b)
				return errs[0] == nil || errs[1] == nil
			})
			if (errs[0] == nil) == (errs[1] == nil) {
				s.Fatalf("want exactly one winner; got %v and %v", errs[0], errs[1])
			}
			winner, loser := s.v[1], a
			if errs[0] != nil {
				winner = s.v[2]
			} else {
				loser = b
			}
			s.refused(loser, "the loser once more")
			s.waitFor("race", "the winner's target is observed", func(c plan.Cluster) bool { return c.Target == winner })
			s.sameMark(s.cluster("race").Mark, mark(winner))
		}},
	}
}

func both(s *suite, actions ...plan.Action) []error {
	type result struct {
		i   int
		err error
	}
	results := make(chan result)
	for i, a := range actions {
		go func() { results <- result{i, s.h.DataPlane().Act(s.Context(), a)} }()
	}
	errs := make([]error, len(actions))
	for range actions {
		r := <-results
		errs[r.i] = r.err
	}
	return errs
}
