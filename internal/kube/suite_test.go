package kube_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/rest"

	"github.com/wavegate-dev/wavegate/internal/dataplanetest"
	"github.com/wavegate-dev/wavegate/internal/kube"
	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// world is the suite's harness: a namespace of a real control plane.
type world struct {
	*controlPlane
	ns    string
	wire  *wire
	plane *kube.Plane
	// config goes through the wire.
	config *rest.Config

	// images is the namespace in the names of images; ns without it.
	images   string
	policy   appsv1.PodManagementPolicyType
	strategy appsv1.StatefulSetUpdateStrategyType
}

var _ dataplanetest.Harness = (*world)(nil)

func TestKubernetesDataPlaneBehavesLikeEveryOther(t *testing.T) {
	t.Parallel()
	shared.Get(t)
	for _, policy := range []appsv1.PodManagementPolicyType{appsv1.OrderedReadyPodManagement, appsv1.ParallelPodManagement} {
		t.Run(string(policy), func(t *testing.T) {
			dataplanetest.Run(t, func(t *testing.T) dataplanetest.Harness {
				w := newWorld(t, 0)
				w.policy = policy
				return w
			})
		})
	}
}

func newWorld(t testing.TB, n int) *world {
	t.Helper()
	w := &world{controlPlane: plane(t, n)}
	w.ns = w.namespace(t)
	config, wire := w.through(t)
	w.wire, w.config = wire, config
	p, err := kube.New(kube.Config{Name: fmt.Sprintf("plane-%d", n), REST: config, Namespace: w.ns, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	w.plane = p
	return w
}

func (w *world) DataPlane() reconciler.DataPlane { return w.plane }

// The images are the test's own, so that a version that is broken for one test
// is whole for the others.
func (w *world) Ratcheted() fleet.Product { return w.product("kafka", fleet.StatefulSet) }
func (w *world) Rolling() fleet.Product   { return w.product("connect", fleet.Deployment) }

func (w *world) product(name string, kind fleet.WorkloadKind) fleet.Product {
	return fleet.Product{Meta: fleet.Meta{Name: name}, Spec: fleet.ProductSpec{
		Image: "registry.example.com/" + w.ns + "/" + name,
		Workload: fleet.Workload{
			Kind: kind, Container: name, Selector: fleet.Selector{MatchLabels: map[string]string{"app": name}},
		},
	}}
}

func (w *world) Versions() [3]fleet.Version {
	return [3]fleet.Version{{Tag: "7.6.0"}, {Tag: "7.6.1"}, {Tag: "7.6.2"}}
}

func (w *world) image(product string, v fleet.Version) string {
	ns := w.ns
	if w.images != "" {
		ns = w.images
	}
	return "registry.example.com/" + ns + "/" + product + ":" + v.String()
}

func (w *world) template(c dataplanetest.Cluster) corev1.PodTemplateSpec {
	now := int64(0)
	return corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"cluster": c.Name}},
		Spec: corev1.PodSpec{TerminationGracePeriodSeconds: &now, Containers: []corev1.Container{
			{Name: "proxy", Image: "registry.example.com/proxy:1"},
			{Name: c.Product, Image: w.image(c.Product, c.Version)},
		}},
	}
}

func (w *world) meta(c dataplanetest.Cluster) metav1.ObjectMeta {
	labels := map[string]string{"app": c.Product}
	for k, v := range c.Labels {
		labels[k] = v
	}
	return metav1.ObjectMeta{Name: c.Name, Namespace: w.ns, Labels: labels}
}

func (w *world) Create(t *testing.T, c dataplanetest.Cluster) {
	t.Helper()
	w.create(t, c)
	w.Wait(t, "cluster "+c.Name+" is ready", func() bool {
		rs := w.Replicas(t, c.Name)
		for _, r := range rs {
			if !r.Ready {
				return false
			}
		}
		return len(rs) == c.Replicas
	})
}

func (w *world) create(t testing.TB, c dataplanetest.Cluster) {
	t.Helper()
	n := int32(c.Replicas)
	selector := &metav1.LabelSelector{MatchLabels: map[string]string{"cluster": c.Name}}
	one, zero := intstr.FromInt32(1), intstr.FromInt32(0)
	var err error
	if c.Product == "connect" {
		_, err = w.admin.AppsV1().Deployments(w.ns).Create(t.Context(), &appsv1.Deployment{
			ObjectMeta: w.meta(c), Spec: appsv1.DeploymentSpec{
				Replicas: &n, Selector: selector, Template: w.template(c),
				// One pod after the other, so that there is time to hold it.
				Strategy: appsv1.DeploymentStrategy{RollingUpdate: &appsv1.RollingUpdateDeployment{MaxSurge: &one, MaxUnavailable: &zero}},
			},
		}, metav1.CreateOptions{})
	} else {
		_, err = w.admin.AppsV1().StatefulSets(w.ns).Create(t.Context(), &appsv1.StatefulSet{
			ObjectMeta: w.meta(c), Spec: appsv1.StatefulSetSpec{
				Replicas: &n, Selector: selector, Template: w.template(c), PodManagementPolicy: w.policy,
				UpdateStrategy: appsv1.StatefulSetUpdateStrategy{Type: w.strategy},
			},
		}, metav1.CreateOptions{})
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) Delete(t *testing.T, name string) {
	t.Helper()
	ctx := t.Context()
	pods := w.pods(t, name)
	if err := w.each(ctx, name, func(kind string) error {
		if kind == "Deployment" {
			return w.admin.AppsV1().Deployments(w.ns).Delete(ctx, name, metav1.DeleteOptions{})
		}
		return w.admin.AppsV1().StatefulSets(w.ns).Delete(ctx, name, metav1.DeleteOptions{})
	}); err != nil {
		t.Fatal(err)
	}
	// The rig has no garbage collector.
	for i := range pods {
		if err := w.admin.CoreV1().Pods(w.ns).Delete(ctx, pods[i].Name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
			t.Fatal(err)
		}
	}
	w.Wait(t, "the pods of "+name+" are gone", func() bool { return len(w.pods(t, name)) == 0 })
}

// each calls do with the kind of workload that has the name.
func (w *world) each(ctx context.Context, name string, do func(kind string) error) error {
	_, err := w.admin.AppsV1().StatefulSets(w.ns).Get(ctx, name, metav1.GetOptions{})
	switch {
	case err == nil:
		return do("StatefulSet")
	case apierrors.IsNotFound(err):
		return do("Deployment")
	default:
		return err
	}
}

func (w *world) patch(t testing.TB, name, doc string) {
	t.Helper()
	ctx := t.Context()
	if err := w.each(ctx, name, func(kind string) error {
		var err error
		if kind == "Deployment" {
			_, err = w.admin.AppsV1().Deployments(w.ns).Patch(ctx, name, types.StrategicMergePatchType, []byte(doc), metav1.PatchOptions{FieldManager: "kubectl-edit"})
		} else {
			_, err = w.admin.AppsV1().StatefulSets(w.ns).Patch(ctx, name, types.StrategicMergePatchType, []byte(doc), metav1.PatchOptions{FieldManager: "kubectl-edit"})
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

func (w *world) SetVersion(t *testing.T, name string, v fleet.Version) {
	t.Helper()
	product := "kafka"
	if _, err := w.admin.AppsV1().StatefulSets(w.ns).Get(t.Context(), name, metav1.GetOptions{}); apierrors.IsNotFound(err) {
		product = "connect"
	}
	w.patch(t, name, fmt.Sprintf(`{"spec":{"template":{"spec":{"containers":[{"name":%q,"image":%q}]}}}}`, product, w.image(product, v)))
}

func (w *world) Scale(t *testing.T, name string, replicas int) {
	t.Helper()
	w.patch(t, name, fmt.Sprintf(`{"spec":{"replicas":%d}}`, replicas))
}

func (w *world) Restart(t *testing.T, name string, ordinal int) {
	t.Helper()
	pod := fmt.Sprintf("%s-%d", name, ordinal)
	before, err := w.admin.CoreV1().Pods(w.ns).Get(t.Context(), pod, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.admin.CoreV1().Pods(w.ns).Delete(t.Context(), pod, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	w.Wait(t, "pod "+pod+" is another one", func() bool {
		now, err := w.admin.CoreV1().Pods(w.ns).Get(t.Context(), pod, metav1.GetOptions{})
		return err == nil && now.UID != before.UID
	})
}

func (w *world) pods(t testing.TB, name string) []corev1.Pod {
	t.Helper()
	list, err := w.admin.CoreV1().Pods(w.ns).List(t.Context(), metav1.ListOptions{LabelSelector: "cluster=" + name})
	if err != nil {
		t.Fatal(err)
	}
	return list.Items
}

func (w *world) Replicas(t *testing.T, name string) []dataplanetest.Replica {
	t.Helper()
	var out []dataplanetest.Replica
	for _, p := range w.pods(t, name) {
		r := dataplanetest.Replica{ID: string(p.UID)}
		_, _ = fmt.Sscanf(strings.TrimPrefix(p.Name, name+"-"), "%d", &r.Ordinal)
		_, tag, _ := strings.Cut(p.Spec.Containers[1].Image, ":")
		r.Version = fleet.Version{Tag: tag}
		for _, c := range p.Status.Conditions {
			if c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue && p.DeletionTimestamp == nil {
				r.Ready = true
			}
		}
		out = append(out, r)
	}
	return out
}

func (w *world) Break(t *testing.T, v fleet.Version) {
	t.Helper()
	for _, product := range []string{"kafka", "connect"} {
		w.breakImage(t, w.image(product, v))
	}
}

func (w *world) Cut(t *testing.T, cut bool) {
	t.Helper()
	w.wire.set(cut)
}

func (w *world) Can() dataplanetest.Capabilities {
	return dataplanetest.Capabilities{Break: true, Cut: true}
}

func (w *world) Wait(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for time.Now().Before(deadline) {
		if holds() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("waited in vain until: %s", what)
}

func (w *world) Quiet(t *testing.T) {
	t.Helper()
	time.Sleep(2 * readyDelay)
}
