package dataplanetest

import (
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

func markCases() []testCase {
	return []testCase{
		{name: "the mark of a start is read back byte for byte and stays", run: func(s *suite) {
			s.ratcheted("mark", 2)
			if c := s.cluster("mark"); !c.Mark.IsZero() {
				s.Fatalf("a new cluster has a mark: %+v", c.Mark)
			}
			want := plan.Mark{
				Release: "kafka-7.6.1-c0ffee0", Cohort: "canary", Commit: "c0ffee", Version: s.v[1],
				StartedAt: time.Date(2026, 11, 24, 9, 0, 0, 123456789, time.UTC),
				Failed:    `an alert: "<b>under-replicated</b>" & more` + "\n\tüber 3 brokers ✓",
				Paused:    "{} [] \\ $(true) %s",
			}
			s.mustMark("mark", plan.Start, s.v[1], want)
			c := s.waitFor("mark", "its target is observed", func(c plan.Cluster) bool { return c.Target == s.v[1] })
			s.sameMark(c.Mark, want)
			s.mustMark("mark", plan.Step, s.v[1], want)
			c = s.waitFor("mark", "its replica is ready", func(c plan.Cluster) bool { return c.Updated == 1 && !c.ReadySince.IsZero() })
			s.sameMark(c.Mark, want)
		}},
		{name: "the change and its mark are never seen apart", run: func(s *suite) {
			s.ratcheted("together", 2)
			s.must("together", plan.Start, s.v[1])
			s.waitFor("together", "its target is observed", func(c plan.Cluster) bool {
				changed := c.Target == s.v[1]
				if marked := !c.Mark.IsZero(); marked != changed {
					s.Fatalf("target %s is observed with the mark %+v", c.Target, c.Mark)
				}
				return changed
			})
		}},
		{name: "a note changes only the mark", run: func(s *suite) {
			s.ratcheted("note", 3)
			s.start("note", s.v[1])
			s.step("note", s.v[1])
			before := s.cluster("note")
			check := s.untouched("note")
			want := before.Mark
			want.Failed = "replica 2 did not become ready in 45m"
			s.mustMark("note", plan.Note, s.v[2], want)
			after := s.waitFor("note", "the note is observed", func(c plan.Cluster) bool { return c.Mark.Failed != "" })
			s.h.Quiet(s.T)
			check("after a note")
			s.sameMark(after.Mark, want)
			if after.Revision == before.Revision {
				s.Fatal("the revision is the same although the mark has changed")
			}
			if after.Target != before.Target || after.Version != before.Version || after.Next != before.Next ||
				after.Updated != before.Updated || !after.ReadySince.Equal(before.ReadySince) {
				s.Fatalf("a note changed more than the mark:\nbefore %+v\nafter  %+v", before, after)
			}
		}},
		{name: "an empty mark takes the mark away", run: func(s *suite) {
			s.ratcheted("unmark", 1)
			s.must("unmark", plan.Note, s.v[0])
			s.waitFor("unmark", "the note is observed", func(c plan.Cluster) bool { return !c.Mark.IsZero() })
			s.mustMark("unmark", plan.Note, s.v[0], plan.Mark{})
			s.waitFor("unmark", "the mark is gone", func(c plan.Cluster) bool { return c.Mark.IsZero() })
		}},
		{name: "a stale note conflicts and leaves the mark", run: func(s *suite) {
			s.ratcheted("stale-note", 1)
			stale := s.cluster("stale-note")
			s.must("stale-note", plan.Note, s.v[1])
			a := s.action(stale, plan.Note, s.v[2])
			s.refused(a, "a note on the observation before")
			s.sameMark(s.waitFor("stale-note", "a mark is observed", func(c plan.Cluster) bool { return !c.Mark.IsZero() }).Mark, mark(s.v[1]))
		}},
	}
}
