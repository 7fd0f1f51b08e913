package dataplanetest

import (
	"context"
	"slices"

	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

func faultCases() []testCase {
	return []testCase{
		{name: "a bad version never becomes ready, says why, and goes no further", needs: needsBreak, run: func(s *suite) {
			s.ratcheted("bad", 3)
			s.h.Break(s.T, s.v[1])
			s.start("bad", s.v[1])
			before := s.h.Replicas(s.T, "bad")
			s.must("bad", plan.Step, s.v[1])
			s.waitFor("bad", "its broken replica is observed", func(c plan.Cluster) bool { return c.Ready == 2 && c.Updated == 1 && c.Problem != "" })
			s.h.Quiet(s.T)
			s.h.Quiet(s.T)
			c := s.cluster("bad")
			if c.Ready != 2 || !c.ReadySince.IsZero() || c.Problem == "" || c.Version != s.v[0] {
				s.Fatalf("ready %d, since %v, problem %q, version %s; want 2, never, a problem, %s",
					c.Ready, c.ReadySince, c.Problem, c.Version, s.v[0])
			}
			if got := differ(before, s.h.Replicas(s.T, "bad")); !slices.Equal(got, []int{2}) {
				s.Fatalf("the replicas %v were replaced; want 2 alone", got)
			}
			a := s.action(c, plan.Step, s.v[1])
			s.refused(a, "a step while the bad replica is down")
		}},
		{name: "back from a bad version the broken replica is replaced by a step", needs: needsBreak, run: func(s *suite) {
			s.ratcheted("back", 3)
			s.h.Break(s.T, s.v[1])
			s.start("back", s.v[1])
			s.must("back", plan.Step, s.v[1])
			s.waitFor("back", "its broken replica is observed", func(c plan.Cluster) bool { return c.Ready == 2 && c.Updated == 1 && c.Problem != "" })
			s.must("back", plan.Start, s.v[0])
			c := s.waitFor("back", "the old target is observed", func(c plan.Cluster) bool { return c.Target == s.v[0] })
			if c.Next != 2 {
				s.Fatalf("the next replica is %d; want 2, the broken one", c.Next)
			}
			s.waitFor("back", "the broken replica is seen to be the only one that is down", func(c plan.Cluster) bool { return c.Stranded })
			s.must("back", plan.Step, s.v[0])
			if c := s.waitFor("back", "all replicas are ready", func(c plan.Cluster) bool { return !c.ReadySince.IsZero() }); c.Stranded {
				s.Fatalf("all replicas are ready, and it is called stranded")
			}
			s.rollOn("back", s.v[0])
			s.allOn("back", s.v[0])
		}},
		{name: "a Deployment on a bad version never finishes and says why", needs: needsBreak, run: func(s *suite) {
			s.rolling("bad-rolling", 3)
			s.h.Break(s.T, s.v[1])
			s.must("bad-rolling", plan.Start, s.v[1])
			s.waitFor("bad-rolling", "its problem is observed", func(c plan.Cluster) bool { return c.Problem != "" })
			s.h.Quiet(s.T)
			c := s.cluster("bad-rolling")
			if c.Version != s.v[0] || !c.InFlight() || c.Problem == "" {
				s.Fatalf("version %s, in flight %v, problem %q; want %s, true, a problem", c.Version, c.InFlight(), c.Problem, s.v[0])
			}
			s.must("bad-rolling", plan.Start, s.v[0])
			s.waitFor("bad-rolling", "it is back on the old version", func(c plan.Cluster) bool { return rests(c, s.v[0]) })
		}},
		{name: "a data plane that cannot be reached is an error, and comes back", needs: needsCut, run: func(s *suite) {
			s.ratcheted("cut", 2)
			c := s.cluster("cut")
			cursor := s.all().Cursor
			check := s.untouched("cut")
			s.h.Cut(s.T, true)
			// What is known of it may outlive the connection for a moment, but
			// not for long.
			s.h.Wait(s.T, "the loss is noticed", func() bool {
				_, full := s.h.DataPlane().Observe(s.Context(), s.products(), "")
				_, more := s.h.DataPlane().Observe(s.Context(), s.products(), cursor)
				return full != nil && more != nil
			})
			if err := s.h.DataPlane().Act(s.Context(), s.action(c, plan.Start, s.v[1])); err == nil {
				s.Fatal("an action on a data plane that is cut off succeeds")
			}
			s.h.Cut(s.T, false)
			s.h.Wait(s.T, "it can be observed again", func() bool {
				_, err := s.h.DataPlane().Observe(s.Context(), s.products(), "")
				return err == nil
			})
			check("while it was cut off")
			s.start("cut", s.v[1])
			s.rollOn("cut", s.v[1])
		}},
		{name: "a call that is cancelled returns", run: func(s *suite) {
			s.ratcheted("cancel", 1)
			c := s.cluster("cancel")
			ctx, cancel := context.WithCancel(s.Context())
			cancel()
			if err := s.h.DataPlane().Act(ctx, s.action(c, plan.Start, s.v[1])); err == nil {
				s.Fatal("an action with a cancelled context succeeds")
			}
		}},
		{name: "an action for another data plane, of no kind, or without a version is an error", run: func(s *suite) {
			s.ratcheted("wrong", 1)
			check := s.untouched("wrong")
			other := s.action(s.cluster("wrong"), plan.Start, s.v[1])
			other.DataPlane += "-2"
			none := s.action(s.cluster("wrong"), 0, s.v[1])
			beyond := s.action(s.cluster("wrong"), 99, s.v[1])
			empty := s.action(s.cluster("wrong"), plan.Start, s.v[1])
			empty.Version.Tag, empty.Version.Digest = "", ""
			for _, a := range []plan.Action{other, none, beyond, empty} {
				if err := s.h.DataPlane().Act(s.Context(), a); err == nil {
					s.Errorf("it was carried out: %+v", a)
				}
			}
			s.h.Quiet(s.T)
			check("after actions that make no sense")
			if c := s.cluster("wrong"); !rests(c, s.v[0]) {
				s.Fatalf("it does not rest: %+v", c)
			}
		}},
	}
}
