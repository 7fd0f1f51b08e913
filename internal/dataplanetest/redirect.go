package dataplanetest

import (
	"slices"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

func redirectCases() []testCase {
	return []testCase{
		{name: "redirected half way it touches nothing and then goes on step by step", run: func(s *suite) {
			s.ratcheted("redirect", 3)
			s.start("redirect", s.v[1])
			s.step("redirect", s.v[1])
			check := s.untouched("redirect")
			s.start("redirect", s.v[2])
			s.h.Quiet(s.T)
			check("after it was redirected")
			if c := s.cluster("redirect"); c.Next != 2 || c.Updated != 0 || c.Version != s.v[0] {
				s.Fatalf("next %d, updated %d, version %s; want 2, 0, %s", c.Next, c.Updated, c.Version, s.v[0])
			}
			if order := s.rollOn("redirect", s.v[2]); !slices.Equal(order, []int{2, 1, 0}) {
				s.Fatalf("it then steps in the order %v; want 2, 1, 0", order)
			}
			s.allOn("redirect", s.v[2])
		}},
		{name: "aborted half way it goes back to the old version step by step", run: func(s *suite) {
			s.ratcheted("abort", 4)
			s.start("abort", s.v[1])
			s.step("abort", s.v[1])
			s.step("abort", s.v[1])
			before := s.h.Replicas(s.T, "abort")
			check := s.untouched("abort")
			s.must("abort", plan.Start, s.v[0])
			s.h.Quiet(s.T)
			check("after the abort")
			c := s.cluster("abort")
			if c.Target != s.v[0] || c.Updated != 2 || c.Next != 3 {
				s.Fatalf("target %s, updated %d, next %d; want %s, 2, 3", c.Target, c.Updated, c.Next, s.v[0])
			}
			order := s.rollOn("abort", s.v[0])
			if len(order) < 2 || order[0] != 3 || order[1] != 2 {
				s.Fatalf("it went back in the order %v; want 3, 2 first", order)
			}
			s.allOn("abort", s.v[0])
			// Those that never left the old version need not be touched again.
			if got := differ(before, s.h.Replicas(s.T, "abort")); !slices.Contains(got, 3) || !slices.Contains(got, 2) {
				s.Fatalf("the replicas %v were replaced; want 2 and 3 among them", got)
			}
		}},
		{name: "an updated replica that is restarted stays on the target", run: func(s *suite) {
			s.ratcheted("restart-updated", 3)
			s.start("restart-updated", s.v[1])
			s.step("restart-updated", s.v[1])
			s.h.Restart(s.T, "restart-updated", 2)
			s.waitFor("restart-updated", "it is ready again", func(c plan.Cluster) bool {
				return c.Ready == 3 && !c.ReadySince.IsZero()
			})
			for _, r := range s.h.Replicas(s.T, "restart-updated") {
				want := s.v[0]
				if r.Ordinal == 2 {
					want = s.v[1]
				}
				if r.Version != want {
					s.Fatalf("replica %d runs %s; want %s", r.Ordinal, r.Version, want)
				}
			}
		}},
		{name: "a replica that is restarted before its step stays on the old version", run: func(s *suite) {
			s.ratcheted("restart-waiting", 3)
			s.start("restart-waiting", s.v[1])
			s.step("restart-waiting", s.v[1])
			s.h.Restart(s.T, "restart-waiting", 0)
			s.waitFor("restart-waiting", "it is ready again", func(c plan.Cluster) bool {
				return c.Ready == 3 && !c.ReadySince.IsZero()
			})
			if c := s.cluster("restart-waiting"); c.Next != 1 || c.Updated != 1 {
				s.Fatalf("next %d, updated %d; want 1, 1", c.Next, c.Updated)
			}
			for _, r := range s.h.Replicas(s.T, "restart-waiting") {
				if r.Ordinal == 0 && r.Version != s.v[0] {
					s.Fatalf("replica 0 came back on %s without a step; want %s", r.Version, s.v[0])
				}
			}
		}},
	}
}

// allOn fails the test unless all replicas are ready on a version.
func (s *suite) allOn(name string, v fleet.Version) {
	s.Helper()
	for _, r := range s.h.Replicas(s.T, name) {
		if r.Version != v || !r.Ready {
			s.Fatalf("replica %d of %s runs %s, ready %v; want %s, ready", r.Ordinal, name, r.Version, r.Ready, v)
		}
	}
}

func rollingCases() []testCase {
	return []testCase{
		{name: "a Deployment rolls by itself to the end", run: func(s *suite) {
			s.rolling("rolls", 3)
			before := ids(s.h.Replicas(s.T, "rolls"))
			s.must("rolls", plan.Start, s.v[1])
			c := s.waitFor("rolls", "it has finished", func(c plan.Cluster) bool { return rests(c, s.v[1]) })
			if c.Ratchet || c.Held || c.Next != -1 {
				s.Fatalf("ratchet %v, held %v, next %d; want false, false, -1", c.Ratchet, c.Held, c.Next)
			}
			for _, id := range ids(s.h.Replicas(s.T, "rolls")) {
				if slices.Contains(before, id) {
					s.Fatalf("replica %s was not replaced", id)
				}
			}
		}},
		{name: "a Deployment that is held stops, and goes on when it may", run: func(s *suite) {
			s.rolling("held", 8)
			s.must("held", plan.Start, s.v[1])
			s.must("held", plan.Hold, s.v[1])
			s.waitFor("held", "it is held", func(c plan.Cluster) bool { return c.Held })
			s.h.Quiet(s.T) // what was in flight ends
			check := s.untouched("held")
			s.h.Quiet(s.T)
			s.h.Quiet(s.T)
			check("while it was held")
			c := s.cluster("held")
			if !c.Held || c.Updated >= c.Replicas || !c.InFlight() {
				s.Fatalf("held %v, %d of %d updated, in flight %v; want it to stand half way", c.Held, c.Updated, c.Replicas, c.InFlight())
			}
			s.must("held", plan.Continue, s.v[1])
			s.waitFor("held", "it has finished", func(c plan.Cluster) bool { return rests(c, s.v[1]) && !c.Held })
		}},
		{name: "a Deployment that is redirected half way ends on the newer version", run: func(s *suite) {
			s.rolling("rolls-redirected", 3)
			s.must("rolls-redirected", plan.Start, s.v[1])
			s.must("rolls-redirected", plan.Start, s.v[2])
			s.waitFor("rolls-redirected", "it has finished", func(c plan.Cluster) bool { return rests(c, s.v[2]) })
		}},
		{name: "a Deployment takes no steps", run: func(s *suite) {
			s.rolling("no-steps", 2)
			check := s.untouched("no-steps")
			a := s.action(s.cluster("no-steps"), plan.Step, s.v[1])
			a.Ordinal = 1
			if err := s.h.DataPlane().Act(s.Context(), a); err == nil {
				s.Fatal("a Deployment took a step")
			}
			s.h.Quiet(s.T)
			check("after a step that it cannot take")
		}},
		{name: "a hold of a StatefulSet only writes the mark", run: func(s *suite) {
			s.ratcheted("hold-ratchet", 3)
			s.start("hold-ratchet", s.v[1])
			s.step("hold-ratchet", s.v[1])
			check := s.untouched("hold-ratchet")
			want := mark(s.v[1])
			want.Paused = "an alert fires"
			s.mustMark("hold-ratchet", plan.Hold, s.v[1], want)
			s.waitFor("hold-ratchet", "the mark is observed", func(c plan.Cluster) bool { return c.Mark.Paused != "" })
			s.h.Quiet(s.T)
			check("after a hold")
			c := s.cluster("hold-ratchet")
			s.sameMark(c.Mark, want)
			if c.Next != 1 || c.Updated != 1 || c.Target != s.v[1] {
				s.Fatalf("next %d, updated %d, target %s; want 1, 1, %s", c.Next, c.Updated, c.Target, s.v[1])
			}
		}},
	}
}
