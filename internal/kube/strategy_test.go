package kube_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/wavegate-dev/wavegate/internal/dataplanetest"
	"github.com/wavegate-dev/wavegate/internal/kube"
	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// cluster observes one cluster.
func (w *world) cluster(t *testing.T, product fleet.Product, name string) (plan.Cluster, bool) {
	t.Helper()
	obs, err := w.plane.Observe(t.Context(), []fleet.Product{product}, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range obs.Clusters {
		if c.Name == name {
			return c, true
		}
	}
	return plan.Cluster{}, false
}

func (w *world) see(t *testing.T, product fleet.Product, name, what string, holds func(plan.Cluster) bool) plan.Cluster {
	t.Helper()
	var last plan.Cluster
	w.Wait(t, fmt.Sprintf("%s: %s", name, what), func() bool {
		c, ok := w.cluster(t, product, name)
		last = c
		return ok && holds(c)
	})
	return last
}

// try acts on the newest observation, and again while it conflicts.
func (w *world) try(t *testing.T, product fleet.Product, kind plan.ActionKind, name, tag string) (err error) {
	t.Helper()
	v := fleet.Version{Tag: tag}
	w.Wait(t, "the action is taken or refused", func() bool {
		c := w.see(t, product, name, "all replicas are ready", func(c plan.Cluster) bool { return !c.ReadySince.IsZero() })
		err = w.plane.Act(t.Context(), plan.Action{
			Kind: kind, Cluster: name, Product: product.Name, DataPlane: w.plane.Name(), Image: product.Spec.Image,
			Version: v, From: c.Version, Ordinal: c.Next, Expect: c.Revision,
			Mark: plan.Mark{Release: "kafka-" + tag, Commit: "c0ffee", Version: v}, Reason: "the test wants it",
		})
		return !errors.Is(err, reconciler.ErrConflict)
	})
	return err
}

func (w *world) must(t *testing.T, product fleet.Product, kind plan.ActionKind, name, tag string) {
	t.Helper()
	if err := w.try(t, product, kind, name, tag); err != nil {
		t.Fatal(err)
	}
}

func TestAStatefulSetThatIsUpdatedOnDeleteStaysOneAndMovesByEvictions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	w.strategy = appsv1.OnDeleteStatefulSetStrategyType
	brokers(t, w, "od", 1, 3)
	o := w.watchPods(t)
	p := w.Ratcheted()
	w.must(t, p, plan.Start, "od-0", "7.6.1")
	w.Quiet(t)
	if n := o.counts(); len(n) != 0 {
		t.Fatalf("the start touched pods: %v", n)
	}
	for _, at := range []int{2, 1, 0} {
		c := w.see(t, p, "od-0", "ready for a step", func(c plan.Cluster) bool { return !c.ReadySince.IsZero() && c.Next == at })
		if c.Version.Tag != "7.6.0" {
			t.Errorf("before step %d it runs %s", at, c.Version)
		}
		w.must(t, p, plan.Step, "od-0", "7.6.1")
		w.see(t, p, "od-0", "the step is over", func(c plan.Cluster) bool { return c.Ready == 3 && c.Next < at })
	}
	w.see(t, p, "od-0", "it has finished", func(c plan.Cluster) bool { return c.Version.Tag == "7.6.1" && !c.InFlight() })
	o.eachMade(t, "7.6.1")
	o.atMostDown(t, 1)
	set, err := w.admin.AppsV1().StatefulSets(w.ns).Get(t.Context(), "od-0", metav1.GetOptions{})
	if err != nil || set.Spec.UpdateStrategy.Type != appsv1.OnDeleteStatefulSetStrategyType {
		t.Errorf("its update strategy is now %v, %v", set.Spec.UpdateStrategy, err)
	}
}

func TestAProductThatStepsByZoneReplacesTheBrokersOfOneZoneAtATime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	brokers(t, w, "z", 1, 6)
	o := w.watchPods(t)
	p := w.Ratcheted()
	p.Spec.Workload.StepBy = fleet.StepByZone
	zones := w.zones(t, "z-0")
	w.must(t, p, plan.Start, "z-0", "7.6.1")
	w.Quiet(t)
	if n := o.counts(); len(n) != 0 {
		t.Fatalf("the start touched pods: %v", n)
	}
	var order []string
	for {
		c := w.see(t, p, "z-0", "all brokers are ready", func(c plan.Cluster) bool { return !c.ReadySince.IsZero() && c.Ready == 6 })
		if c.Next < 0 {
			break
		}
		before := o.counts()
		w.must(t, p, plan.Step, "z-0", "7.6.1")
		w.see(t, p, "z-0", "the step is over", func(now plan.Cluster) bool { return now.Ready == 6 && now.Next < c.Next && !now.ReadySince.IsZero() })
		var touched []string
		for pod, n := range o.counts() {
			if n != before[pod] {
				touched = append(touched, pod)
			}
		}
		slices.Sort(touched)
		zone := zones[fmt.Sprintf("z-0-%d", c.Next)]
		for pod, z := range zones {
			if (z == zone) != slices.Contains(touched, pod) {
				t.Errorf("the step in %s touched %v; the zones are %v", zone, touched, zones)
			}
		}
		order = append(order, zone)
	}
	if sorted := slices.Sorted(slices.Values(order)); len(slices.Compact(sorted)) != len(order) {
		t.Errorf("it stepped through the zones %v", order)
	}
	o.eachMade(t, "7.6.1")
	w.see(t, p, "z-0", "it has finished", func(c plan.Cluster) bool { return c.Version.Tag == "7.6.1" && !c.InFlight() })
}

// zones returns the zone of each pod of a cluster.
func (w *world) zones(t *testing.T, name string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, p := range w.pods(t, name) {
		n, err := w.admin.CoreV1().Nodes().Get(t.Context(), p.Spec.NodeName, metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		out[p.Name] = n.Labels[corev1.LabelTopologyZone]
	}
	return out
}

func TestAStepWaitsForAPodDisruptionBudgetAndSaysSo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	brokers(t, w, "pdb", 1, 3)
	o := w.watchPods(t)
	none := intstr.FromInt32(0)
	budgets := w.admin.PolicyV1().PodDisruptionBudgets(w.ns)
	if _, err := budgets.Create(t.Context(), &policyv1.PodDisruptionBudget{
		ObjectMeta: metav1.ObjectMeta{Name: "keep-all"},
		Spec: policyv1.PodDisruptionBudgetSpec{
			MaxUnavailable: &none, Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"cluster": "pdb-0"}},
		},
	}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	p := w.Ratcheted()
	w.must(t, p, plan.Start, "pdb-0", "7.6.1")
	w.see(t, p, "pdb-0", "it is started", func(c plan.Cluster) bool { return c.Target.Tag == "7.6.1" })
	err := w.try(t, p, plan.Step, "pdb-0", "7.6.1")
	if err == nil || !strings.Contains(err.Error(), "PodDisruptionBudget keep-all allows 0 disruptions") {
		t.Fatalf("the step against the budget: %v", err)
	}
	w.see(t, p, "pdb-0", "the budget is named", func(c plan.Cluster) bool { return strings.Contains(c.Problem, "keep-all") })
	if n := o.counts(); len(n) != 0 {
		t.Fatalf("pods were touched: %v", n)
	}
	doc := []byte(`{"spec":{"maxUnavailable":1}}`)
	if _, err := budgets.Patch(t.Context(), "keep-all", types.MergePatchType, doc, metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	w.Wait(t, "the step is taken", func() bool { return w.try(t, p, plan.Step, "pdb-0", "7.6.1") == nil })
	w.see(t, p, "pdb-0", "the budget is not named any more", func(c plan.Cluster) bool { return c.Updated == 1 && c.Ready == 3 && c.Problem == "" })
}

func TestAnImageThatArgoCDSetsIsLeftAloneUntilAPersonSaysOtherwise(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	name := "argo-0"
	n := int32(1)
	c := dataplanetest.Cluster{Name: name, Product: "kafka", Version: fleet.Version{Tag: "7.6.0"}, Labels: map[string]string{"tier": "prod"}}
	set := &appsv1.StatefulSet{ObjectMeta: w.meta(c), Spec: appsv1.StatefulSetSpec{
		Replicas: &n, Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"cluster": name}}, Template: w.template(c),
	}}
	set.Annotations = map[string]string{"argocd.argoproj.io/tracking-id": "kafka-eu:apps/StatefulSet:x/argo-0"}
	if _, err := w.admin.AppsV1().StatefulSets(w.ns).Create(t.Context(), set, metav1.CreateOptions{FieldManager: "argocd-controller"}); err != nil {
		t.Fatal(err)
	}
	p := w.Ratcheted()
	seen := w.see(t, p, name, "ready", func(c plan.Cluster) bool { return !c.ReadySince.IsZero() })
	if seen.Owner != "Argo CD application kafka-eu" || seen.ChangedBy != "argocd-controller" {
		t.Errorf("its owner is %q and it was changed by %q", seen.Owner, seen.ChangedBy)
	}
	if err := w.try(t, p, plan.Start, name, "7.6.1"); err == nil || !strings.Contains(err.Error(), "Argo CD application kafka-eu") {
		t.Fatalf("a start against Argo CD: %v", err)
	}
	w.patch(t, name, `{"metadata":{"annotations":{"wavegate.dev/take-over":"true"}}}`)
	w.see(t, p, name, "nobody is in the way", func(c plan.Cluster) bool { return c.Owner == "" })
	w.must(t, p, plan.Start, name, "7.6.1")
	seen = w.see(t, p, name, "it is started", func(c plan.Cluster) bool { return c.Target.Tag == "7.6.1" })
	if seen.ChangedBy != "" {
		t.Errorf("after our start it was changed by %q", seen.ChangedBy)
	}
	w.SetVersion(t, name, fleet.Version{Tag: "7.6.2"})
	w.see(t, p, name, "whoever changed it is named", func(c plan.Cluster) bool { return c.ChangedBy == "kubectl-edit" })
}

func TestAPartitionThatSomebodyElseMovesIsToldAndNotFought(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	brokers(t, w, "moved", 1, 4)
	o := w.watchPods(t)
	p := w.Ratcheted()
	w.must(t, p, plan.Start, "moved-0", "7.6.1")
	w.must(t, p, plan.Step, "moved-0", "7.6.1")
	w.see(t, p, "moved-0", "one broker is updated", func(c plan.Cluster) bool { return c.Updated == 1 && !c.ReadySince.IsZero() })
	w.patch(t, "moved-0", `{"spec":{"updateStrategy":{"rollingUpdate":{"partition":1}}}}`)
	c := w.see(t, p, "moved-0", "whoever moved it is named", func(c plan.Cluster) bool { return strings.Contains(c.Problem, "moved to 1 by kubectl-edit") })
	if !c.ReadySince.IsZero() {
		t.Error("it counts as settled while its controller goes on by itself")
	}
	w.see(t, p, "moved-0", "its controller has come to the partition", func(c plan.Cluster) bool { return c.Updated == 3 && c.Next == 0 && !c.ReadySince.IsZero() })
	w.must(t, p, plan.Step, "moved-0", "7.6.1")
	w.see(t, p, "moved-0", "it has finished", func(c plan.Cluster) bool { return c.Version.Tag == "7.6.1" && !c.InFlight() && c.Problem == "" })
	o.eachMade(t, "7.6.1")
	o.atMostDown(t, 1)
}

func TestOnlyOurOwnFieldsAreEverOwned(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	brokers(t, w, "own", 1, 2)
	p := w.Ratcheted()
	w.must(t, p, plan.Note, "own-0", "7.6.0")
	if got := w.owned(t, "own-0"); strings.Contains(got, "f:spec") {
		t.Errorf("a note owns more than annotations: %s", got)
	}
	w.must(t, p, plan.Start, "own-0", "7.6.1")
	w.must(t, p, plan.Step, "own-0", "7.6.1")
	w.see(t, p, "own-0", "one broker is updated", func(c plan.Cluster) bool { return c.Updated == 1 && !c.ReadySince.IsZero() })
	w.must(t, p, plan.Note, "own-0", "7.6.1")
	got := w.owned(t, "own-0")
	for _, field := range []string{`"f:image"`, `"f:partition"`, `"f:wavegate.dev/mark"`} {
		if !strings.Contains(got, field) {
			t.Errorf("%s is not ours: %s", field, got)
		}
	}
	for _, field := range []string{`"f:replicas"`, `"f:selector"`, `"f:labels"`, `proxy`, `"f:type"`, `"f:maxUnavailable"`} {
		if strings.Contains(got, field) {
			t.Errorf("%s is ours and should not be: %s", field, got)
		}
	}
}

func (w *world) owned(t *testing.T, name string) string {
	t.Helper()
	set, err := w.admin.AppsV1().StatefulSets(w.ns).Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	out := ""
	for _, e := range set.ManagedFields {
		if e.Manager == "wavegate" {
			out += e.FieldsV1.GetRawString()
		}
	}
	return out
}

func TestCloudAndRegionComeFromTheNodesAndGiveWayToTheClustersOwnLabels(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	w.create(t, dataplanetest.Cluster{Name: "here", Product: "kafka", Replicas: 1, Version: fleet.Version{Tag: "7.6.0"}})
	w.create(t, dataplanetest.Cluster{Name: "there", Product: "kafka", Replicas: 1, Version: fleet.Version{Tag: "7.6.0"}, Labels: map[string]string{"region": "eu-9"}})
	for name, region := range map[string]string{"here": "rig-east-1", "there": "eu-9"} {
		c := w.see(t, w.Ratcheted(), name, "observed", func(plan.Cluster) bool { return true })
		if c.Labels["cloud"] != "aws" || c.Labels["region"] != region {
			t.Errorf("%s has labels %v; want cloud aws and region %s", name, c.Labels, region)
		}
	}
}

func TestTwoWorkloadsOfOneNameAreNotTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	for _, name := range []string{"one", "two"} {
		w.create(t, dataplanetest.Cluster{
			Name: name, Product: "kafka", Replicas: 1, Version: fleet.Version{Tag: "7.6.0"},
			Labels: map[string]string{"wavegate.dev/name": "lkc-1"},
		})
	}
	c := w.see(t, w.Ratcheted(), "lkc-1", "both are seen", func(c plan.Cluster) bool { return c.Unknown != "" })
	if !strings.Contains(c.Unknown, "one") || !strings.Contains(c.Unknown, "two") {
		t.Errorf("it is unknown because %q", c.Unknown)
	}
}

func TestDataPlanesComeAndGoWithTheirSecrets(t *testing.T) {
	t.Parallel()
	home := newWorld(t, 0)
	home.allow(t, rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"secrets"}, Verbs: []string{"list"}})
	far := plane(t, 1)
	var changed atomic.Int64
	planes, err := kube.NewPlanes(kube.PlanesConfig{
		Secrets: &kube.SecretsConfig{Connection: kube.Connection{REST: home.user}, Namespace: home.ns},
		Plane:   kube.Config{Now: time.Now, Changed: func() { changed.Add(1) }},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer planes.Close()
	refresh := func() []reconciler.DataPlane {
		t.Helper()
		if err := planes.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		return planes.List()
	}
	if list := refresh(); len(list) != 0 {
		t.Fatalf("without Secrets there are %d data planes", len(list))
	}
	secrets := home.admin.CoreV1().Secrets(home.ns)
	k := clientcmdapi.NewConfig()
	k.Clusters["c"] = &clientcmdapi.Cluster{Server: far.user.Host, CertificateAuthorityData: far.user.CAData}
	k.AuthInfos["u"] = &clientcmdapi.AuthInfo{Token: far.user.BearerToken}
	k.Contexts["x"] = &clientcmdapi.Context{Cluster: "c", AuthInfo: "u"}
	k.CurrentContext = "x"
	data, err := clientcmd.Write(*k)
	if err != nil {
		t.Fatal(err)
	}
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "eu-1", Labels: map[string]string{kube.PlaneLabel: "eu-1", "region": "eu-1"}},
		Data:       map[string][]byte{"kubeconfig": data},
	}
	if _, err := secrets.Create(t.Context(), secret, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	list := refresh()
	if len(list) != 1 || list[0].Name() != "eu-1" {
		t.Fatalf("with one Secret there is %v", list)
	}
	if _, err := list[0].Observe(t.Context(), []fleet.Product{home.Ratcheted()}, ""); err != nil {
		t.Fatal(err)
	}
	if again := refresh(); again[0] != list[0] {
		t.Error("a Secret that has not changed makes another data plane")
	}
	secret.Data["kubeconfig"] = []byte("{")
	if _, err := secrets.Update(t.Context(), secret, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	list = refresh()
	if len(list) != 1 {
		t.Fatalf("a Secret that cannot be read makes its data plane vanish: %v", list)
	}
	if _, err := list[0].Observe(t.Context(), nil, ""); err == nil || !strings.Contains(err.Error(), "eu-1") {
		t.Errorf("a data plane whose Secret cannot be read: %v", err)
	}
	if err := secrets.Delete(t.Context(), "eu-1", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if list := refresh(); len(list) != 0 || changed.Load() < 3 {
		t.Errorf("at the end there are %d data planes, after %d changes", len(list), changed.Load())
	}
}
