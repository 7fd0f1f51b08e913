package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/wavegate-dev/wavegate/internal/kubetest"
	"github.com/wavegate-dev/wavegate/reconciler/report"
)

const kubeFleet = `apiVersion: wavegate.dev/v1alpha1
kind: Fleet
metadata: {name: acme}
spec: {order: [prod]}
---
apiVersion: wavegate.dev/v1alpha1
kind: Product
metadata: {name: kafka}
spec:
  image: registry.example.com/kafka
  workload: {kind: StatefulSet, container: kafka, selector: {matchLabels: {app: kafka}}}
  settle: 200ms
  progressDeadline: 10m
---
apiVersion: wavegate.dev/v1alpha1
kind: Cohort
metadata: {name: prod}
spec:
  selector: {matchLabels: {cloud: aws}}
  versions: {kafka: 7.6.0}
`

// TestTheServiceUpgradesBrokersOnKubernetesAndIsKilledMeanwhile runs the real
// binary against a real control plane, with a kubeconfig and no rights but those
// that it needs, and kills it again and again.
func TestTheServiceUpgradesBrokersOnKubernetesAndIsKilledMeanwhile(t *testing.T) {
	rig, err := kubetest.Start(kubetest.Require(t), t.TempDir(), kubetest.Config{ReadyDelay: 300 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(rig.Stop)
	kubeconfig := rig.Kubeconfigs[0]
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(&clientcmd.ClientConfigLoadingRules{ExplicitPath: kubeconfig},
		&clientcmd.ConfigOverrides{CurrentContext: "plane-0-admin"}).ClientConfig()
	if err != nil {
		t.Fatal(err)
	}
	admin, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	grantRights(t, admin)
	for _, name := range []string{"lkc-1", "lkc-2"} {
		createBrokers(t, admin, name)
	}

	dir := t.TempDir()
	bin := filepath.Join(dir, "wavegate")
	run(t, ".", "go", "build", "-o", bin, ".")
	repo, state := filepath.Join(dir, "fleet"), filepath.Join(dir, "state")
	if err := os.MkdirAll(repo, 0o755); err != nil {
		t.Fatal(err)
	}
	write := func(text string) {
		if err := os.WriteFile(filepath.Join(repo, "fleet.yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(kubeFleet)
	run(t, repo, "git", "init", "-q", "-b", "main")
	commit(t, repo, "fleet")
	args := []string{
		"run", "--repo", repo, "--allow-file", "--approve", "any", "--state", state, "--interval", "250ms",
		"--kubeconfig", kubeconfig, "--context", "plane-0",
	}
	run(t, dir, bin, append(args, "--once")...)
	write(strings.Replace(kubeFleet, "kafka: 7.6.0", "kafka: 7.6.1", 1))
	commit(t, repo, "kafka 7.6.1")

	said := map[string]bool{}
	for deadline := time.Now().Add(3 * time.Minute); ; {
		cmd := exec.Command(bin, args...)
		var log strings.Builder
		cmd.Stderr = &log
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(1500 * time.Millisecond)
		status, err := exec.Command(bin, "status", "-o", "json", "--state", state).CombinedOutput()
		if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
			t.Fatalf("it ended by itself: %v\n%s", err, log.String())
		}
		_ = cmd.Wait()
		set, getErr := admin.AppsV1().StatefulSets("kafka").Get(t.Context(), "lkc-1", metav1.GetOptions{})
		if getErr != nil {
			t.Fatal(getErr)
		}
		said[set.Annotations["wavegate.dev/state"]] = true
		var s report.Status
		if err == nil && json.Unmarshal(status, &s) == nil && len(s.Releases) == 1 && s.Releases[0].Rollouts[0].Phase == "finished" &&
			set.Annotations["wavegate.dev/state"] == "finished" {
			if set.Annotations["wavegate.dev/commit"] == "" || set.Annotations["wavegate.dev/next"] != "" || !strings.HasPrefix(set.Annotations["wavegate.dev/release"], "kafka-7.6.1-") {
				t.Errorf("at the end it says %v", set.Annotations)
			}
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the release is not through; status: %v\n%s\nlast log:\n%s", err, status, log.String())
		}
	}
	if !said["rolling"] {
		t.Errorf("on its way the cluster has said %v; want rolling among it", said)
	}
	pods, err := admin.CoreV1().Pods("kafka").List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pods.Items {
		if got := p.Spec.Containers[0].Image; got != "registry.example.com/kafka:7.6.1" {
			t.Errorf("pod %s runs %s", p.Name, got)
		}
	}
	run(t, dir, bin, "verify", "--state", state)
}

// grantRights gives the user exactly what internal/kube/rbac.yaml says.
func grantRights(t *testing.T, admin kubernetes.Interface) {
	t.Helper()
	roles, err := os.ReadFile("../../internal/kube/rbac.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := kubetest.Grant(t.Context(), admin, "wavegate", string(roles)); err != nil {
		t.Fatal(err)
	}
	if _, err := admin.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "kafka"}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

func createBrokers(t *testing.T, admin kubernetes.Interface, name string) {
	t.Helper()
	n, now := int32(3), int64(0)
	labels := map[string]string{"cluster": name}
	_, err := admin.AppsV1().StatefulSets("kafka").Create(t.Context(), &appsv1.StatefulSet{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"app": "kafka"}},
		Spec: appsv1.StatefulSetSpec{
			Replicas: &n, Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: corev1.PodSpec{
				TerminationGracePeriodSeconds: &now,
				Containers:                    []corev1.Container{{Name: "kafka", Image: "registry.example.com/kafka:7.6.0"}},
			}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		set, err := admin.AppsV1().StatefulSets("kafka").Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			t.Fatal(fmt.Errorf("wait for brokers of %s: %w", name, err))
		}
		if set.Status.ReadyReplicas == n {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
}
