package dataplanetest

import (
	"slices"

	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

func changeCases() []testCase {
	return []testCase{
		{name: "a change by hand is seen, with the old mark", run: func(s *suite) {
			s.ratcheted("by-hand", 2)
			s.start("by-hand", s.v[1])
			s.rollOn("by-hand", s.v[1])
			before := s.cluster("by-hand")
			s.h.SetVersion(s.T, "by-hand", s.v[2])
			after := s.waitFor("by-hand", "the other target is observed", func(c plan.Cluster) bool { return c.Target == s.v[2] })
			s.sameMark(after.Mark, before.Mark)
			if after.Mark.Version == after.Target {
				s.Fatalf("the mark explains a version that it did not bring: %+v", after.Mark)
			}
			s.refused(s.action(before, plan.Start, s.v[0]), "a start on the observation before the change by hand")
		}},
		{name: "a change of a Deployment by hand is seen, with the old mark", run: func(s *suite) {
			s.rolling("by-hand-rolling", 2)
			s.must("by-hand-rolling", plan.Note, s.v[0])
			s.h.SetVersion(s.T, "by-hand-rolling", s.v[1])
			after := s.waitFor("by-hand-rolling", "it has rolled", func(c plan.Cluster) bool { return rests(c, s.v[1]) })
			s.sameMark(after.Mark, mark(s.v[0]))
		}},
		{name: "scaled up half way it goes on, and touches each old replica once", run: func(s *suite) {
			s.ratcheted("scale-up", 3)
			s.start("scale-up", s.v[1])
			before := s.h.Replicas(s.T, "scale-up")
			s.step("scale-up", s.v[1])
			s.h.Scale(s.T, "scale-up", 5)
			s.waitFor("scale-up", "five replicas are ready", func(c plan.Cluster) bool {
				return c.Replicas == 5 && c.Ready == 5 && !c.ReadySince.IsZero()
			})
			if got := differ(before, s.h.Replicas(s.T, "scale-up")); !slices.Equal(got, []int{2}) {
				s.Fatalf("the replicas %v were replaced; want 2 alone", got)
			}
			order := s.rollOn("scale-up", s.v[1])
			if !slices.Equal(order, []int{1, 0}) {
				s.Fatalf("it then steps in the order %v; want 1, 0", order)
			}
			if rs := s.h.Replicas(s.T, "scale-up"); len(rs) != 5 {
				s.Fatalf("it has %d replicas; want 5", len(rs))
			}
			s.allOn("scale-up", s.v[1])
		}},
		{name: "scaled down half way it goes on with those that are left", run: func(s *suite) {
			s.ratcheted("scale-down", 4)
			s.start("scale-down", s.v[1])
			s.step("scale-down", s.v[1])
			s.h.Scale(s.T, "scale-down", 2)
			s.waitFor("scale-down", "two replicas are left", func(c plan.Cluster) bool {
				return c.Replicas == 2 && c.Ready == 2 && c.Next == 1 && len(s.h.Replicas(s.T, "scale-down")) == 2
			})
			if order := s.rollOn("scale-down", s.v[1]); !slices.Equal(order, []int{1, 0}) {
				s.Fatalf("it then steps in the order %v; want 1, 0", order)
			}
			s.allOn("scale-down", s.v[1])
		}},
		{name: "a replica that is lost is seen and comes back", run: func(s *suite) {
			s.ratcheted("lost", 3)
			before := s.cluster("lost")
			s.h.Restart(s.T, "lost", 1)
			after := s.waitFor("lost", "it is ready again", func(c plan.Cluster) bool {
				return rests(c, s.v[0]) && c.Revision != before.Revision
			})
			if !after.ReadySince.After(before.ReadySince) {
				s.Fatalf("it is ready since %v, which is not after %v, although a replica was lost", after.ReadySince, before.ReadySince)
			}
		}},
		{name: "a cluster that disappears is gone, and actions on it conflict", run: func(s *suite) {
			s.ratcheted("gone", 1)
			s.ratcheted("stays", 1)
			last := s.cluster("gone")
			cursor := s.all().Cursor
			s.h.Delete(s.T, "gone")
			var gone []string
			s.h.Wait(s.T, "cluster gone is reported as gone", func() bool {
				obs, err := s.h.DataPlane().Observe(s.Context(), s.products(), cursor)
				if err != nil {
					s.Fatal(err)
				}
				cursor = obs.Cursor
				gone = append(gone, obs.Gone...)
				if obs.Full {
					if !slices.ContainsFunc(obs.Clusters, func(c plan.Cluster) bool { return c.Name == "gone" }) {
						gone = append(gone, "gone")
					}
				}
				return slices.Contains(gone, "gone")
			})
			if slices.Contains(gone, "stays") {
				s.Fatal("a cluster that exists is reported as gone")
			}
			if _, ok := s.find("gone"); ok {
				s.Fatal("it is still observed")
			}
			s.refused(s.action(last, plan.Start, s.v[1]), "a start of a cluster that is gone")
			s.cluster("stays")
		}},
		{name: "a cluster that appears again is another one", run: func(s *suite) {
			s.ratcheted("again", 1)
			first := s.cluster("again")
			s.must("again", plan.Note, s.v[0])
			last := s.waitFor("again", "the note is observed", func(c plan.Cluster) bool { return !c.Mark.IsZero() })
			s.h.Delete(s.T, "again")
			s.h.Wait(s.T, "it is gone", func() bool { _, ok := s.find("again"); return !ok })
			s.ratcheted("again", 1)
			if c := s.cluster("again"); !c.Mark.IsZero() {
				s.Fatalf("the new one has the mark of the old one: %+v", c.Mark)
			}
			s.refused(s.action(first, plan.Start, s.v[1]), "an action on the one before, as it was first observed")
			s.refused(s.action(last, plan.Start, s.v[1]), "an action on the one before")
		}},
	}
}
