package dataplanetest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

func (s *suite) products() []fleet.Product {
	return []fleet.Product{s.h.Ratcheted(), s.h.Rolling()}
}

// ratcheted creates a StatefulSet on the first version.
func (s *suite) ratcheted(name string, replicas int) {
	s.Helper()
	s.h.Create(s.T, Cluster{
		Name: name, Product: s.h.Ratcheted().Name, Replicas: replicas, Version: s.v[0],
		Labels: map[string]string{"tier": "canary", "customer": "cust-1"},
	})
	s.waitFor(name, "ready on its first version", func(c plan.Cluster) bool { return rests(c, s.v[0]) })
}

// rolling creates a Deployment on the first version.
func (s *suite) rolling(name string, replicas int) {
	s.Helper()
	s.h.Create(s.T, Cluster{Name: name, Product: s.h.Rolling().Name, Replicas: replicas, Version: s.v[0]})
	s.waitFor(name, "ready on its first version", func(c plan.Cluster) bool { return rests(c, s.v[0]) })
}

// rests reports whether a cluster runs a version and nothing is under way.
func rests(c plan.Cluster, v fleet.Version) bool {
	return c.Unknown == "" && c.Version == v && c.Target == v &&
		c.Updated == c.Replicas && c.Ready == c.Replicas && !c.ReadySince.IsZero()
}

// all observes everything there is.
func (s *suite) all() plan.Observation {
	s.Helper()
	obs, err := s.h.DataPlane().Observe(s.Context(), s.products(), "")
	if err != nil {
		s.Fatalf("observe: %v", err)
	}
	if !obs.Full {
		s.Fatalf("an observation with an empty cursor is not full")
	}
	return obs
}

// find looks for a cluster in everything there is.
func (s *suite) find(name string) (plan.Cluster, bool) {
	s.Helper()
	for _, c := range s.all().Clusters {
		if c.Name == name {
			return c, true
		}
	}
	return plan.Cluster{}, false
}

// cluster observes a cluster that has to be there.
func (s *suite) cluster(name string) plan.Cluster {
	s.Helper()
	c, ok := s.find(name)
	if !ok {
		s.Fatalf("cluster %s is not observed", name)
	}
	return c
}

// waitFor lets time pass until a cluster is observed as wanted.
func (s *suite) waitFor(name, what string, holds func(plan.Cluster) bool) plan.Cluster {
	s.Helper()
	var last plan.Cluster
	s.h.Wait(s.T, fmt.Sprintf("cluster %s: %s", name, what), func() bool {
		c, ok := s.find(name)
		last = c
		return ok && holds(c)
	})
	return last
}

// action is an action on a cluster as it was observed.
func (s *suite) action(c plan.Cluster, kind plan.ActionKind, v fleet.Version) plan.Action {
	return plan.Action{
		Kind: kind, Cluster: c.Name, Product: c.Product, DataPlane: s.h.DataPlane().Name(),
		Image: s.image(c.Product), Version: v, From: c.Version, Ordinal: c.Next,
		Expect: c.Revision, Mark: mark(v), Reason: "the suite wants it",
	}
}

func (s *suite) image(product string) string {
	for _, p := range s.products() {
		if p.Name == product {
			return p.Spec.Image
		}
	}
	return ""
}

func mark(v fleet.Version) plan.Mark {
	return plan.Mark{
		Release: "suite-" + v.Tag, Cohort: "canary", Commit: "c0ffee0000000000000000000000000000000000",
		Version: v, StartedAt: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC),
	}
}

// must carries out an action on the newest observation, and plans again when
// the cluster has moved in between, as the reconciler does.
func (s *suite) must(name string, kind plan.ActionKind, v fleet.Version) {
	s.Helper()
	s.mustMark(name, kind, v, mark(v))
}

func (s *suite) mustMark(name string, kind plan.ActionKind, v fleet.Version, m plan.Mark) {
	s.Helper()
	var err error
	s.h.Wait(s.T, fmt.Sprintf("action %d on cluster %s is accepted", kind, name), func() bool {
		a := s.action(s.cluster(name), kind, v)
		a.Mark = m
		err = s.h.DataPlane().Act(s.Context(), a)
		if err != nil && !errors.Is(err, reconciler.ErrConflict) {
			s.Fatalf("action %d on cluster %s: %v", kind, name, err)
		}
		return err == nil
	})
}

// start points a cluster at a version and returns it once that is observed.
func (s *suite) start(name string, v fleet.Version) plan.Cluster {
	s.Helper()
	s.must(name, plan.Start, v)
	return s.waitFor(name, "its target is observed", func(c plan.Cluster) bool { return c.Target == v })
}

// step replaces the next replica and returns when all are ready again.
func (s *suite) step(name string, v fleet.Version) (ordinal int) {
	s.Helper()
	c := s.waitFor(name, "all replicas are ready before a step", func(c plan.Cluster) bool {
		return !c.ReadySince.IsZero() && c.Next >= 0
	})
	s.must(name, plan.Step, v)
	s.waitFor(name, fmt.Sprintf("replica %d is ready after its step", c.Next), func(now plan.Cluster) bool {
		return !now.ReadySince.IsZero() && now.Next < c.Next && now.Updated > 0
	})
	return c.Next
}

// rollOn steps a cluster down to the end and returns the order of the steps.
func (s *suite) rollOn(name string, v fleet.Version) (order []int) {
	s.Helper()
	for {
		c := s.waitFor(name, "all replicas are ready", func(c plan.Cluster) bool { return !c.ReadySince.IsZero() })
		if c.Next < 0 {
			s.waitFor(name, "it has finished", func(c plan.Cluster) bool { return rests(c, v) })
			return order
		}
		if len(order) > 100 {
			s.Fatalf("cluster %s takes more than a hundred steps: %v", name, order)
		}
		order = append(order, s.step(name, v))
	}
}

// untouched returns a function that fails the test when a replica of a cluster
// is another than now.
func (s *suite) untouched(name string) func(when string) {
	s.Helper()
	before := ids(s.h.Replicas(s.T, name))
	return func(when string) {
		s.Helper()
		if after := ids(s.h.Replicas(s.T, name)); !slices.Equal(before, after) {
			s.Fatalf("%s, replicas of %s were touched:\nbefore %v\nafter  %v", when, name, before, after)
		}
	}
}

func ids(rs []Replica) []string {
	var out []string
	for _, r := range rs {
		out = append(out, fmt.Sprintf("%s on %s", r.ID, r.Version))
	}
	slices.Sort(out)
	return out
}

// differ returns the ordinals whose replicas are not the same ones.
func differ(before, after []Replica) (ordinals []int) {
	old := map[int]string{}
	for _, r := range before {
		old[r.Ordinal] = r.ID
	}
	for _, r := range after {
		if id, ok := old[r.Ordinal]; ok && id != r.ID {
			ordinals = append(ordinals, r.Ordinal)
		}
	}
	slices.Sort(ordinals)
	return ordinals
}

// refused carries out an action that has to conflict.
func (s *suite) refused(a plan.Action, why string) {
	s.Helper()
	err := s.h.DataPlane().Act(s.Context(), a)
	if err == nil {
		s.Fatalf("%s: the action was carried out", why)
	}
	if !errors.Is(err, reconciler.ErrConflict) {
		s.Fatalf("%s: the error is not a conflict: %v", why, err)
	}
}

// sameMark fails the test when a mark is not as it was written.
func (s *suite) sameMark(got, want plan.Mark) {
	s.Helper()
	g, err := json.Marshal(got)
	if err != nil {
		s.Fatal(err)
	}
	w, err := json.Marshal(want)
	if err != nil {
		s.Fatal(err)
	}
	if !bytes.Equal(g, w) {
		s.Fatalf("the mark differs:\ngot  %s\nwant %s", g, w)
	}
}
