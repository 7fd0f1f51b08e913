package dataplanetest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

func observeCases() []testCase {
	return []testCase{
		{name: "an observation tells what a cluster is", run: func(s *suite) {
			s.ratcheted("identity", 3)
			obs := s.all()
			if obs.DataPlane != s.h.DataPlane().Name() || obs.Cursor == "" || obs.AsOf.IsZero() {
				s.Fatalf("the observation is of %q, at %v, with cursor %q", obs.DataPlane, obs.AsOf, obs.Cursor)
			}
			c := s.cluster("identity")
			if c.Product != s.h.Ratcheted().Name || c.DataPlane != s.h.DataPlane().Name() {
				s.Errorf("product %q, data plane %q", c.Product, c.DataPlane)
			}
			if c.Labels["tier"] != "canary" || c.Labels["customer"] != "cust-1" {
				s.Errorf("labels %v; want tier and customer among them", c.Labels)
			}
			if c.Replicas != 3 || c.Ready != 3 || c.Updated != 3 || c.Next != -1 || c.Problem != "" || c.Revision == "" || c.AsOf.IsZero() {
				s.Errorf("a cluster at rest is observed as %+v", c)
			}
		}},
		{name: "only the products that are asked for are observed", run: func(s *suite) {
			s.ratcheted("asked", 1)
			s.rolling("not-asked", 1)
			one := []fleet.Product{s.h.Ratcheted()}
			obs, err := s.h.DataPlane().Observe(s.Context(), one, "")
			if err != nil {
				s.Fatal(err)
			}
			if names := namesOf(obs); !slices.Contains(names, "asked") || slices.Contains(names, "not-asked") {
				s.Fatalf("observed are %v; want asked and not not-asked", names)
			}
			// A product that joins brings its clusters, although they have not changed.
			more, err := s.h.DataPlane().Observe(s.Context(), s.products(), obs.Cursor)
			if err != nil {
				s.Fatal(err)
			}
			if names := namesOf(more); !slices.Contains(names, "not-asked") {
				s.Fatalf("after a product joined, observed are %v; want not-asked among them", names)
			}
		}},
		{name: "with a cursor nothing is missed and nothing is invented", run: func(s *suite) {
			s.ratcheted("follow-1", 2)
			s.ratcheted("follow-2", 3)
			s.rolling("follow-3", 2)
			m := &mirror{clusters: map[string]plan.Cluster{}}
			m.follow(s)
			steps := []func(){
				func() { s.must("follow-1", plan.Start, s.v[1]) },
				func() { s.must("follow-1", plan.Step, s.v[1]) },
				func() { s.must("follow-3", plan.Start, s.v[1]) },
				func() { s.h.Scale(s.T, "follow-2", 4) },
				func() { s.ratcheted("follow-4", 1) },
				func() { s.must("follow-2", plan.Note, s.v[0]) },
				func() { s.h.Restart(s.T, "follow-2", 0) },
				func() { s.h.Delete(s.T, "follow-4") },
				func() { s.h.SetVersion(s.T, "follow-3", s.v[2]) },
				func() { s.h.Quiet(s.T) },
			}
			for i, step := range steps {
				step()
				m.follow(s)
				m.agrees(s, fmt.Sprintf("after change %d", i))
			}
		}},
		{name: "a cursor that means nothing brings everything", run: func(s *suite) {
			s.ratcheted("lost-cursor", 1)
			for _, cursor := range []string{"nonsense", "-1", "18446744073709551615", strings.Repeat("9", 300)} {
				obs, err := s.h.DataPlane().Observe(s.Context(), s.products(), cursor)
				if err != nil {
					s.Fatalf("cursor %.20q: %v", cursor, err)
				}
				if !obs.Full || !slices.Contains(namesOf(obs), "lost-cursor") {
					s.Fatalf("cursor %.20q: full %v, clusters %v; want everything", cursor, obs.Full, namesOf(obs))
				}
			}
		}},
		{name: "the revision changes with whatever can be observed", run: func(s *suite) {
			s.ratcheted("revision", 2)
			seen := map[string]string{}
			check := func() {
				c := s.cluster("revision")
				shape := shapeOf(c)
				if old, ok := seen[c.Revision]; ok && old != shape {
					s.Fatalf("revision %s stands for two states:\n%s\n%s", c.Revision, old, shape)
				}
				seen[c.Revision] = shape
			}
			check()
			s.start("revision", s.v[1])
			check()
			for range 2 {
				s.must("revision", plan.Step, s.v[1])
				s.waitFor("revision", "it is ready", func(c plan.Cluster) bool { check(); return !c.ReadySince.IsZero() && c.Updated > 0 && c.Next < 1 })
				check()
			}
		}},
	}
}

func namesOf(obs plan.Observation) []string {
	var names []string
	for _, c := range obs.Clusters {
		names = append(names, c.Name)
	}
	return names
}

// shapeOf is all of a cluster that does not pass with time.
func shapeOf(c plan.Cluster) string {
	c.AsOf = time.Time{}
	c.ReadySince = c.ReadySince.UTC()
	data, err := json.Marshal(c)
	if err != nil {
		return err.Error()
	}
	return string(data)
}

// mirror is a copy that is kept by following the changes.
type mirror struct {
	cursor   string
	clusters map[string]plan.Cluster
}

// follow takes in what has changed.
func (m *mirror) follow(s *suite) {
	s.Helper()
	obs, err := s.h.DataPlane().Observe(s.Context(), s.products(), m.cursor)
	if err != nil {
		s.Fatal(err)
	}
	if m.cursor == "" && !obs.Full {
		s.Fatal("the first observation is not full")
	}
	m.cursor = obs.Cursor
	if obs.Full {
		clear(m.clusters)
	}
	for _, c := range obs.Clusters {
		m.clusters[c.Name] = c
	}
	for _, name := range obs.Gone {
		delete(m.clusters, name)
	}
}

// agrees lets time pass until the copy is the same as everything.
func (m *mirror) agrees(s *suite, when string) {
	s.Helper()
	var have, want []string
	s.h.Wait(s.T, "the copy that follows the changes agrees "+when, func() bool {
		m.follow(s)
		full := map[string]plan.Cluster{}
		for _, c := range s.all().Clusters {
			full[c.Name] = c
		}
		have, want = shapesOf(m.clusters), shapesOf(full)
		return slices.Equal(have, want)
	})
}

func shapesOf(clusters map[string]plan.Cluster) (out []string) {
	for _, name := range slices.Sorted(maps.Keys(clusters)) {
		out = append(out, shapeOf(clusters[name]))
	}
	return out
}
