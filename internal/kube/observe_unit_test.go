package kube

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// offline is a data plane that is told of workloads by hand.
func offline() *Plane {
	return &Plane{
		cfg: Config{Name: "eu-1", Now: func() time.Time { return noon }}, records: map[workloadKey]*record{}, byName: map[string][]*record{},
		changes: newChanges(), epoch: 1, scope: "kafka", events: newEvents(nil),
		watches: map[string]*watch{"kafka": {product: fleet.Product{Meta: fleet.Meta{Name: "kafka"}}}},
	}
}

// see tells the data plane how a workload is now.
func (p *Plane) see(w *workload, pods []pod) *record {
	key := workloadKey{"kafka", w.Namespace + "/" + w.Name}
	r := p.records[key]
	if r == nil {
		r = &record{key: key}
		p.records[key] = r
	}
	r.workload = w
	p.tell(r, pods, nil, noon)
	return r
}

// set is a StatefulSet of three pods that asks for a version.
func set(name, cluster, version string, pods []pod) *workload {
	w := asked(version, "1", 3, 3, pods)
	w.Name, w.Namespace, w.Labels = name, "prod", map[string]string{fleet.LabelName: cluster}
	return w
}

// A reader that asks only for what is new knows as much as one that asks for all.
func TestWhoAsksForWhatIsNewKnowsEverything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := offline()
		known, cursor := map[string]plan.Cluster{}, ""
		name := rapid.SampledFrom([]string{"a", "b", "c", "d"})
		for range rapid.IntRange(1, 12).Draw(t, "observations") {
			for range rapid.IntRange(0, 4).Draw(t, "changes") {
				object := name.Draw(t, "object")
				if r := p.records[workloadKey{"kafka", "prod/" + object}]; r != nil && rapid.IntRange(0, 2).Draw(t, "goes") == 0 {
					p.forget(r)
					continue
				}
				pods := draw("1 1 1")
				p.see(set(object, "lkc-"+name.Draw(t, "cluster"), rapid.SampledFrom([]string{"1", "2"}).Draw(t, "version"), pods), pods)
			}
			obs := p.answer(cursor, noon)
			if obs.Full {
				clear(known)
			}
			for _, c := range obs.Clusters {
				known[c.Name] = c
			}
			for _, gone := range obs.Gone {
				delete(known, gone)
			}
			all := p.answer("", noon)
			if !all.Full || obs.Full != (cursor == "") {
				t.Fatalf("cursor %q: everything is told: %v", cursor, obs.Full)
			}
			cursor = obs.Cursor
			var names []string
			for _, c := range all.Clusters {
				names = append(names, c.Name)
				if k, ok := known[c.Name]; !ok || told(k) != told(c) || k.Revision != c.Revision {
					t.Fatalf("cluster %s: known as %s; it is %s", c.Name, told(k), told(c))
				}
			}
			if got := slices.Sorted(maps.Keys(known)); !slices.Equal(got, names) {
				t.Fatalf("known %v; there are %v", got, names)
			}
		}
	})
}

func TestACursorOfAnotherIsAnsweredWithEverything(t *testing.T) {
	p := offline()
	p.see(set("a", "lkc-a", "1", draw("1 1 1")), draw("1 1 1"))
	good := p.answer("", noon).Cursor
	if obs := p.answer(good, noon); obs.Full || len(obs.Clusters) > 0 || len(obs.Gone) > 0 {
		t.Errorf("told %+v although nothing has changed", obs)
	}
	for what, cursor := range map[string]string{
		"of no one": "", "of another process": strings.Replace(good, "1.", "2.", 1), "of other products": strings.Replace(good, "kafka", "connect", 1),
		"from the future": good + "0", "with a sign": strings.TrimSuffix(good, "1") + "-1", "that is garbage": good + "x", "without a number": strings.TrimSuffix(good, "1"),
	} {
		if obs := p.answer(cursor, noon); !obs.Full || len(obs.Clusters) != 1 {
			t.Errorf("a cursor %s, %q: told of %d clusters, of all: %v; want everything", what, cursor, len(obs.Clusters), obs.Full)
		}
	}
}

func TestTwoWorkloadsOfOneNameAreOneClusterThatNobodyKnows(t *testing.T) {
	p := offline()
	p.see(set("b", "lkc-1", "1", draw("1 1 1")), draw("1 1 1"))
	p.see(set("a", "lkc-1", "2", draw("1 1 1")), draw("1 1 1"))
	obs := p.answer("", noon)
	if len(obs.Clusters) != 1 || !strings.Contains(obs.Clusters[0].Unknown, "prod/a (kafka) and prod/b (kafka) have the same cluster name") {
		t.Fatalf("told %+v; want one cluster that is unknown", obs.Clusters)
	}
	if _, _, err := p.find("lkc-1"); err == nil {
		t.Error("an action finds one of them")
	}
	p.see(set("b", "lkc-2", "1", draw("1 1 1")), draw("1 1 1"))
	again := p.answer(obs.Cursor, noon)
	if len(again.Clusters) != 2 || again.Clusters[0].Unknown != "" || again.Clusters[1].Unknown != "" {
		t.Errorf("told %+v once one is called otherwise; want two that are known", again.Clusters)
	}
}

func TestARefusalIsOverWithWhatItHeldUp(t *testing.T) {
	const why = "PodDisruptionBudget kafka allows 0 disruptions now and this step needs 1"
	p := offline()
	half := draw("1 1 2")
	w := func(version string, pods []pod) *workload { return set("a", "lkc-a", version, pods) }
	r := p.see(w("2", half), half)
	p.refusals.set(r.key, fmt.Errorf("step: %w", refusal(why)))
	if r = p.see(w("2", half), half); r.cluster.Problem != why {
		t.Fatalf("problem %q; want why the step is not taken", r.cluster.Problem)
	}
	down := draw("1 1! 2")
	if r = p.see(w("2", down), down); r.cluster.Problem != "kafka-1 is not ready" {
		t.Errorf("problem %q; a pod that is down goes before it", r.cluster.Problem)
	}
	done := draw("2 2 2")
	rest := w("2", done)
	rest.current = rest.target
	if r = p.see(rest, done); r.cluster.Problem != "" {
		t.Errorf("problem %q of a cluster that is at rest", r.cluster.Problem)
	}
	p.forget(r)
	if r = p.see(w("2", half), half); r.cluster.Problem != "" {
		t.Errorf("problem %q of a cluster that is new, under the name of one that is gone", r.cluster.Problem)
	}
}
