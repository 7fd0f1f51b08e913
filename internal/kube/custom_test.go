package kube_test

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/yaml"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

var crdsOnce sync.Map

// crds makes the control plane know the custom resources of testdata.
func (c *controlPlane) crds(t *testing.T) dynamic.Interface {
	t.Helper()
	client, err := dynamic.NewForConfig(c.adminConfig)
	if err != nil {
		t.Fatal(err)
	}
	once, _ := crdsOnce.LoadOrStore(c.adminConfig.Host, sync.OnceFunc(func() {
		files, err := filepath.Glob("testdata/crds/*.yaml")
		if err != nil || len(files) != 2 {
			t.Fatalf("find CRDs: %v, %v", files, err)
		}
		for _, f := range files {
			data, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			var o unstructured.Unstructured
			if err := yaml.Unmarshal(data, &o.Object); err != nil {
				t.Fatal(err)
			}
			crd := schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}
			if _, err := client.Resource(crd).Create(t.Context(), &o, metav1.CreateOptions{}); err != nil {
				t.Fatal(err)
			}
		}
	}))
	once.(func())()
	return client
}

// custom is a world in which clusters are custom resources of a preset, and the
// test plays their operator.
type custom struct {
	*world
	t       *testing.T
	product fleet.Product
	client  dynamic.ResourceInterface
}

func newCustom(t *testing.T, preset fleet.ResourcePreset, group, version string, object map[string]any) *custom {
	t.Helper()
	w := newWorld(t, 0)
	gvr := schema.GroupVersionResource{Group: group, Version: version, Resource: "kafkas"}
	c := &custom{world: w, t: t, client: w.crds(t).Resource(gvr).Namespace(w.ns), product: fleet.Product{
		Meta: fleet.Meta{Name: "kafka"}, Spec: fleet.ProductSpec{
			Image: "registry.example.com/kafka",
			Workload: fleet.Workload{
				Kind: fleet.CustomResource, Selector: fleet.Selector{MatchLabels: map[string]string{"app": "kafka"}},
				Resource: &fleet.Resource{Preset: preset},
			},
		},
	}}
	o := &unstructured.Unstructured{Object: object}
	o.SetAPIVersion(group + "/" + version)
	o.SetKind("Kafka")
	o.SetName("lkc-1")
	o.SetLabels(map[string]string{"app": "kafka", "tier": "prod"})
	w.Wait(t, "the custom resource is served", func() bool {
		_, err := c.client.Create(t.Context(), o, metav1.CreateOptions{FieldManager: "kubectl-create"})
		if apierrors.IsNotFound(err) {
			return false
		}
		if err != nil {
			t.Fatal(err)
		}
		return true
	})
	return c
}

// operate writes a status, for the newest generation when seen is set.
func (c *custom) operate(seen bool, status map[string]any) {
	c.t.Helper()
	o, err := c.client.Get(c.t.Context(), "lkc-1", metav1.GetOptions{})
	if err != nil {
		c.t.Fatal(err)
	}
	status["observedGeneration"] = o.GetGeneration()
	if !seen {
		status["observedGeneration"] = o.GetGeneration() - 1
	}
	o.Object["status"] = status
	if _, err := c.client.UpdateStatus(c.t.Context(), o, metav1.UpdateOptions{}); err != nil {
		c.t.Fatal(err)
	}
}

func (c *custom) until(what string, holds func(plan.Cluster) bool) plan.Cluster {
	c.t.Helper()
	var last plan.Cluster
	defer func() {
		if c.t.Failed() {
			c.t.Logf("last seen: %+v", last)
		}
	}()
	c.Wait(c.t, what, func() bool {
		obs, err := c.plane.Observe(c.t.Context(), []fleet.Product{c.product}, "")
		if err != nil {
			c.t.Fatal(err)
		}
		if len(obs.Clusters) != 1 {
			return false
		}
		last = obs.Clusters[0]
		return holds(last)
	})
	return last
}

func (c *custom) act(kind plan.ActionKind, seen plan.Cluster, tag string) {
	c.t.Helper()
	v := fleet.Version{Tag: tag}
	err := c.plane.Act(c.t.Context(), plan.Action{
		Kind: kind, Cluster: seen.Name, Product: "kafka", DataPlane: "plane-0", Image: "registry.example.com/kafka",
		Version: v, From: seen.Version, Expect: seen.Revision, Mark: plan.Mark{Release: "kafka-" + tag, Commit: "c0ffee", Version: v},
	})
	if err != nil {
		c.t.Fatal(err)
	}
}

func ready(status, reason string) []any {
	return []any{map[string]any{"type": "Ready", "status": status, "reason": reason}}
}

func TestStrimzisKafkaIsUpgradedHeldAndContinued(t *testing.T) {
	t.Parallel()
	c := newCustom(t, fleet.StrimziKafka, "kafka.strimzi.io", "v1beta2", map[string]any{
		"spec": map[string]any{"kafka": map[string]any{"version": "3.9.0", "metadataVersion": "3.9", "replicas": int64(3)}},
	})
	c.operate(true, map[string]any{"kafkaVersion": "3.9.0", "conditions": ready("True", "")})
	rest := c.until("it rests", func(x plan.Cluster) bool {
		return x.Version.Tag == "3.9.0" && !x.InFlight() && !x.ReadySince.IsZero() && x.Ready == 3 && !x.Ratchet
	})
	c.act(plan.Start, rest, "4.0.0")
	started := c.until("it is asked for the new version", func(x plan.Cluster) bool { return x.Target.Tag == "4.0.0" })
	if started.Version.Tag != "3.9.0" || !started.InFlight() || started.Updated != 0 {
		t.Errorf("before its operator has seen it: %+v", started)
	}
	c.operate(true, map[string]any{"kafkaVersion": "3.9.0", "conditions": ready("False", "KafkaRolling")})
	rolling := c.until("its operator rolls", func(x plan.Cluster) bool { return x.Problem != "" })
	c.act(plan.Hold, rolling, "4.0.0")
	held := c.until("it is held", func(x plan.Cluster) bool { return x.Held })
	if o := c.get(); o.GetAnnotations()["strimzi.io/pause-reconciliation"] != "true" {
		t.Errorf("held without Strimzi's annotation: %v", o.GetAnnotations())
	}
	c.act(plan.Continue, held, "4.0.0")
	c.until("it goes on", func(x plan.Cluster) bool { return !x.Held })
	c.operate(false, map[string]any{"kafkaVersion": "4.0.0", "conditions": ready("True", "")})
	if x := c.until("its operator says done, of an older spec", func(x plan.Cluster) bool { return x.Ready == 3 }); !x.ReadySince.IsZero() {
		t.Errorf("ready by a status that is older than the spec: %+v", x)
	}
	c.operate(true, map[string]any{"kafkaVersion": "4.0.0", "conditions": ready("True", "")})
	c.until("it runs the new version", func(x plan.Cluster) bool {
		return x.Version.Tag == "4.0.0" && !x.InFlight() && !x.ReadySince.IsZero()
	})
	spec, _, err := unstructured.NestedMap(c.get().Object, "spec", "kafka")
	if err != nil || spec["version"] != "4.0.0" || spec["metadataVersion"] != "3.9" || spec["replicas"] != int64(3) {
		t.Errorf("the spec is now %v, %v; want nothing changed but the version", spec, err)
	}
}

func TestConfluentsKafkaIsUpgradedByItsImage(t *testing.T) {
	t.Parallel()
	c := newCustom(t, fleet.ConfluentKafka, "platform.confluent.io", "v1beta1", map[string]any{
		"spec": map[string]any{"replicas": int64(3), "image": map[string]any{
			"application": "registry.example.com/kafka:7.6.0", "init": "confluentinc/confluent-init-container:2.8.0",
		}},
	})
	c.operate(true, map[string]any{"phase": "RUNNING", "replicas": int64(3), "readyReplicas": int64(3)})
	rest := c.until("it rests", func(x plan.Cluster) bool { return x.Version.Tag == "7.6.0" && !x.ReadySince.IsZero() })
	c.act(plan.Start, rest, "7.6.1")
	c.until("it is asked for the new version", func(x plan.Cluster) bool {
		return x.Target.Tag == "7.6.1" && x.Version.Tag == "7.6.0" && x.InFlight()
	})
	c.operate(true, map[string]any{"phase": "PROVISIONING", "replicas": int64(3), "readyReplicas": int64(2)})
	x := c.until("one broker restarts", func(x plan.Cluster) bool { return x.Ready == 2 })
	if x.Version.Tag != "7.6.0" || x.Problem == "" || !x.ReadySince.IsZero() {
		t.Errorf("while it rolls: %+v", x)
	}
	c.operate(true, map[string]any{"phase": "RUNNING", "replicas": int64(3), "readyReplicas": int64(3)})
	c.until("it runs the new version", func(x plan.Cluster) bool { return x.Version.Tag == "7.6.1" && !x.InFlight() })
	image, _, err := unstructured.NestedMap(c.get().Object, "spec", "image")
	if err != nil || image["application"] != "registry.example.com/kafka:7.6.1" || image["init"] != "confluentinc/confluent-init-container:2.8.0" {
		t.Errorf("the images are now %v, %v", image, err)
	}
}

func TestACustomResourceThatTheAPIServerDoesNotKnowIsNoCluster(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	w.allow(t, rbacv1.PolicyRule{APIGroups: []string{"example.com"}, Resources: []string{"others"}, Verbs: []string{"list", "watch"}})
	brokers(t, w, "x", 1, 1)
	unknown := fleet.Product{Meta: fleet.Meta{Name: "other"}, Spec: fleet.ProductSpec{Workload: fleet.Workload{
		Kind: fleet.CustomResource, Selector: fleet.Selector{MatchLabels: map[string]string{"app": "other"}},
		Resource: &fleet.Resource{APIVersion: "example.com/v1", Kind: "Other", Version: "spec.version", PauseAnnotation: "example.com/pause"},
	}}}
	w.Wait(t, "the known clusters are observed", func() bool {
		obs, err := w.plane.Observe(t.Context(), []fleet.Product{w.Ratcheted(), unknown}, "")
		return err == nil && len(obs.Clusters) == 1
	})
}

func (c *custom) get() *unstructured.Unstructured {
	c.t.Helper()
	o, err := c.client.Get(c.t.Context(), "lkc-1", metav1.GetOptions{})
	if err != nil {
		c.t.Fatal(err)
	}
	return o
}
