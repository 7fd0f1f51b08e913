package kube

import (
	"maps"
	"testing"

	"k8s.io/apimachinery/pkg/labels"
	"pgregory.net/rapid"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// labelled is a workload of that name in the namespace prod.
func labelled(name string, labels map[string]string) *workload {
	w := &workload{}
	w.Name, w.Namespace, w.Labels = name, "prod", labels
	return w
}

func TestAClustersName(t *testing.T) {
	for name, c := range map[string]struct {
		labels    map[string]string
		nameLabel string
		want      string
	}{
		"its workload's own":                     {want: "kafka"},
		"that of the label that a product names": {labels: map[string]string{"cluster": "lkc-1"}, nameLabel: "cluster", want: "lkc-1"},
		"its workload's own without that label":  {labels: map[string]string{"other": "lkc-1"}, nameLabel: "cluster", want: "kafka"},
		"its workload's own if that is empty":    {labels: map[string]string{"cluster": ""}, nameLabel: "cluster", want: "kafka"},
		"our label goes before everything":       {labels: map[string]string{"cluster": "lkc-1", fleet.LabelName: "lkc-2"}, nameLabel: "cluster", want: "lkc-2"},
		"an empty label of ours says nothing":    {labels: map[string]string{"cluster": "lkc-1", fleet.LabelName: ""}, nameLabel: "cluster", want: "lkc-1"},
		"no label is named, and one is empty":    {labels: map[string]string{"": "x"}, want: "kafka"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := nameOf(labelled("kafka", c.labels), &fleet.Workload{NameLabel: c.nameLabel}); got != c.want {
				t.Errorf("name %q; want %q", got, c.want)
			}
		})
	}
}

func TestAClustersLabels(t *testing.T) {
	nodes := map[string]string{"cloud": "aws", "region": "eu-west-1"}
	for name, c := range map[string]struct {
		own, configured, nodes, want map[string]string
	}{
		"its namespace, when there is nothing else": {want: map[string]string{"namespace": "prod"}},
		"what its nodes tell":                       {nodes: nodes, want: map[string]string{"namespace": "prod", "cloud": "aws", "region": "eu-west-1"}},
		"what is configured goes before that":       {nodes: nodes, configured: map[string]string{"region": "west"}, want: map[string]string{"namespace": "prod", "cloud": "aws", "region": "west"}},
		"its own go before everything": {
			nodes: nodes, configured: map[string]string{"region": "west", "tier": "1"}, own: map[string]string{"region": "home", "namespace": "mine"},
			want: map[string]string{"namespace": "mine", "cloud": "aws", "region": "home", "tier": "1"},
		},
		"a namespace that is configured is not the cluster's": {configured: map[string]string{"namespace": "x"}, want: map[string]string{"namespace": "prod"}},
		"reserved ones are left out":                          {own: map[string]string{fleet.LabelName: "lkc-1", PlaneLabel: "forged", "app": "kafka"}, want: map[string]string{"namespace": "prod", "app": "kafka"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := &Plane{cfg: Config{Labels: c.configured}, topology: topology{labels: c.nodes}}
			own := maps.Clone(c.own)
			if got := p.labelsOf(labelled("kafka", c.own)); !maps.Equal(got, c.want) {
				t.Errorf("labels %v\nwant %v", got, c.want)
			}
			if !maps.Equal(own, c.own) {
				t.Errorf("the workload's own labels were changed to %v", c.own)
			}
		})
	}
}

// The API server selects the workloads that the fleet repository means.
func TestASelectorMeansTheSameToTheAPIServer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.SampledFrom([]string{"app", "tier", "example.com/zone"})
		value := rapid.SampledFrom([]string{"a", "b", "c-1", ""})
		values := rapid.SliceOfN(value, 1, 3)
		s := fleet.Selector{MatchLabels: rapid.MapOfN(key, value, 0, 2).Draw(t, "labels")}
		for range rapid.IntRange(0, 3).Draw(t, "expressions") {
			r := fleet.Requirement{
				Key: key.Draw(t, "key"), Operator: rapid.SampledFrom([]fleet.Operator{fleet.In, fleet.NotIn, fleet.Exists, fleet.DoesNotExist}).Draw(t, "operator"),
			}
			if r.Operator == fleet.In || r.Operator == fleet.NotIn {
				r.Values = values.Draw(t, "values")
			}
			s.MatchExpressions = append(s.MatchExpressions, r)
		}
		text := selectorOf(s)
		parsed, err := labels.Parse(text)
		if err != nil {
			t.Fatalf("the API server cannot read %q: %v", text, err)
		}
		for range 10 {
			own := rapid.MapOfN(key, value, 0, 3).Draw(t, "workload")
			want := s.Matches(func(k string) (string, bool) { v, ok := own[k]; return v, ok })
			if got := parsed.Matches(labels.Set(own)); got != want {
				t.Fatalf("%q selects %v: %v; want %v", text, own, got, want)
			}
		}
	})
}

func TestAWatchIsMadeAnewWhenItWouldShowOtherThings(t *testing.T) {
	product := func(change func(*fleet.Product)) *fleet.Product {
		p := &fleet.Product{Meta: fleet.Meta{Name: "kafka"}, Spec: fleet.ProductSpec{Image: "kafka", Workload: fleet.Workload{
			Kind: fleet.CustomResource, Resource: &fleet.Resource{Preset: fleet.StrimziKafka}, Selector: fleet.Selector{MatchLabels: map[string]string{"app": "kafka", "tier": "1"}},
		}}}
		change(p)
		return p
	}
	was := keyOf(product(func(*fleet.Product) {}))
	for name, c := range map[string]struct {
		change func(*fleet.Product)
		anew   bool
	}{
		"nothing has changed":             {func(*fleet.Product) {}, false},
		"the image":                       {func(p *fleet.Product) { p.Spec.Image = "other" }, false},
		"the preset is written out":       {func(p *fleet.Product) { r := p.Spec.Workload.Resource.Resolve(); p.Spec.Workload.Resource = &r }, false},
		"the name":                        {func(p *fleet.Product) { p.Name = "other" }, true},
		"the kind":                        {func(p *fleet.Product) { p.Spec.Workload.Kind = fleet.StatefulSet }, true},
		"the container":                   {func(p *fleet.Product) { p.Spec.Workload.Container = "broker" }, true},
		"the label with the name":         {func(p *fleet.Product) { p.Spec.Workload.NameLabel = "cluster" }, true},
		"how much a step replaces":        {func(p *fleet.Product) { p.Spec.Workload.StepBy = fleet.StepByZone }, true},
		"the selector":                    {func(p *fleet.Product) { p.Spec.Workload.Selector.MatchLabels = map[string]string{"app": "kafka"} }, true},
		"where the resource has a field":  {func(p *fleet.Product) { p.Spec.Workload.Resource.Observed = "status.version" }, true},
		"which resource":                  {func(p *fleet.Product) { p.Spec.Workload.Resource.Preset = fleet.ConfluentKafka }, true},
		"there is no resource any longer": {func(p *fleet.Product) { p.Spec.Workload.Resource = nil }, true},
	} {
		t.Run(name, func(t *testing.T) {
			if anew := keyOf(product(c.change)) != was; anew != c.anew {
				t.Errorf("made anew: %v; want %v", anew, c.anew)
			}
		})
	}
	for range 20 { // the order of a map is another each time
		if keyOf(product(func(*fleet.Product) {})) != was {
			t.Fatal("the same product gives another key")
		}
	}
}

func TestTheContainerIsCalledLikeTheProductUnlessItSaysSo(t *testing.T) {
	w := &watch{product: fleet.Product{Meta: fleet.Meta{Name: "kafka"}}}
	if got := w.container(); got != "kafka" {
		t.Errorf("container %q; want the product's name", got)
	}
	o := labelled("lkc-1", nil)
	o.kind = fleet.StatefulSet
	if got, want := w.missing(o), "StatefulSet prod/lkc-1 has no container kafka"; got != want {
		t.Errorf("said: %q; want %q", got, want)
	}
	w.product.Spec.Workload.Container = "broker"
	if got := w.container(); got != "broker" {
		t.Errorf("container %q; want the one that is named", got)
	}
}

// An action conflicts when the cluster is another than the one that it was
// decided on, in whatever way.
func TestARevisionIsAnotherWhenAnythingIs(t *testing.T) {
	scene := func() (*workload, *plan.Cluster) {
		w := labelled("kafka", nil)
		w.UID, w.ResourceVersion = "u-1", "7"
		return w, &plan.Cluster{Name: "lkc-1", Labels: map[string]string{"a": "1", "b": "2", "c": "3"}, Next: 2, Ready: 3}
	}
	was := revisionOf(scene())
	for name, c := range map[string]struct {
		change  func(*workload, *plan.Cluster)
		another bool
	}{
		"nothing":                                    {func(*workload, *plan.Cluster) {}, false},
		"the object's version":                       {func(w *workload, _ *plan.Cluster) { w.ResourceVersion = "8" }, true},
		"the object, deleted and made anew":          {func(w *workload, _ *plan.Cluster) { w.UID = "u-2" }, true},
		"a pod, of which the object does not tell":   {func(_ *workload, c *plan.Cluster) { c.Ready = 2 }, true},
		"since when all are ready":                   {func(_ *workload, c *plan.Cluster) { c.ReadySince = noon }, true},
		"a label of its nodes":                       {func(_ *workload, c *plan.Cluster) { c.Labels["a"] = "2" }, true},
		"that nothing is known":                      {func(_ *workload, c *plan.Cluster) { c.Unknown = "cannot be reached" }, true},
		"what stands in the mark":                    {func(_ *workload, c *plan.Cluster) { c.Mark.Paused = "by ann" }, true},
		"a version whose parts are written together": {func(w *workload, _ *plan.Cluster) { w.UID, w.ResourceVersion = "u-17", "" }, true},
	} {
		t.Run(name, func(t *testing.T) {
			w, cluster := scene()
			c.change(w, cluster)
			if another := revisionOf(w, cluster) != was; another != c.another {
				t.Errorf("another: %v; want %v", another, c.another)
			}
		})
	}
	if fnvOf([]string{"a", "b"}) == fnvOf([]string{"ab"}) || fnvOf([]string{"a", "b"}) == fnvOf([]string{"b", "a"}) {
		t.Error("other lists have the same hash")
	}
}
