package kube

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// What Kubernetes writes into managedFields. imageOnly is what a server-side
// apply of an image leaves, whole is a manifest.
const (
	imageOnly = `{"f:spec":{"f:template":{"f:spec":{"f:containers":{"k:{\"name\":\"kafka\"}":{".":{},"f:image":{},"f:name":{}}}}}}}`
	whole     = `{"f:metadata":{"f:annotations":{".":{},"f:kubectl.kubernetes.io/last-applied-configuration":{}},"f:labels":{".":{},"f:app":{}}},
		"f:spec":{"f:podManagementPolicy":{},"f:replicas":{},"f:selector":{},"f:serviceName":{},
		"f:template":{"f:metadata":{"f:labels":{".":{},"f:app":{}}},"f:spec":{"f:containers":{
			"k:{\"name\":\"proxy\"}":{".":{},"f:image":{},"f:name":{}},
			"k:{\"name\":\"kafka\"}":{".":{},"f:image":{},"f:imagePullPolicy":{},"f:name":{},"f:ports":{".":{},
				"k:{\"containerPort\":9092,\"protocol\":\"TCP\"}":{".":{},"f:containerPort":{},"f:protocol":{}}},"f:resources":{}}},
			"f:dnsPolicy":{},"f:restartPolicy":{},"f:securityContext":{}}},
		"f:updateStrategy":{"f:rollingUpdate":{".":{},"f:partition":{}},"f:type":{}}}}`
	sidecarOnly = `{"f:spec":{"f:template":{"f:spec":{"f:containers":{"k:{\"name\":\"proxy\"}":{".":{},"f:image":{},"f:name":{}}}}}}}`
	scaled      = `{"f:spec":{"f:replicas":{}}}`
	counted     = `{"f:status":{"f:availableReplicas":{},"f:currentRevision":{},"f:replicas":{},"f:updateRevision":{}}}`
	started     = `{"f:metadata":{"f:annotations":{"f:wavegate.dev/mark":{},"f:wavegate.dev/since":{}}},
		"f:spec":{"f:template":{"f:spec":{"f:containers":{"k:{\"name\":\"kafka\"}":{".":{},"f:image":{},"f:name":{}}}}},
		"f:updateStrategy":{"f:rollingUpdate":{"f:partition":{}}}}}`
	paused = `{"f:spec":{"f:paused":{}}}`
	noted  = `{"f:metadata":{"f:annotations":{"f:wavegate.dev/mark":{},"f:wavegate.dev/update-strategy":{}}},"f:spec":{"f:updateStrategy":{"f:type":{}}}}`
)

// by is an entry of managedFields.
func by(manager string, operation metav1.ManagedFieldsOperationType, fields string) metav1.ManagedFieldsEntry {
	return metav1.ManagedFieldsEntry{
		Manager: manager, Operation: operation, APIVersion: "apps/v1", FieldsType: "FieldsV1",
		Time: &metav1.Time{Time: time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)}, FieldsV1: metav1.NewFieldsV1(fields),
	}
}

func status(e metav1.ManagedFieldsEntry) metav1.ManagedFieldsEntry {
	e.Subresource = "status"
	return e
}

const (
	applied = metav1.ManagedFieldsOperationApply
	updated = metav1.ManagedFieldsOperationUpdate
)

func TestWhoManagesAWorkload(t *testing.T) {
	argo := map[string]string{"argocd.argoproj.io/tracking-id": "kafka-eu:apps/StatefulSet:kafka/lkc-1"}
	confirmed := map[string]string{"argocd.argoproj.io/tracking-id": "kafka-eu:apps/StatefulSet:kafka/lkc-1", ConfirmAnnotation: "true"}
	for name, c := range map[string]struct {
		entries             []metav1.ManagedFieldsEntry
		annotations, labels map[string]string
		want                ownership
	}{
		"nobody is known": {},
		"kubectl apply": {
			entries: []metav1.ManagedFieldsEntry{by("kubectl-client-side-apply", updated, whole), status(by("kube-controller-manager", updated, counted))},
			want:    ownership{setBy: "kubectl-client-side-apply"},
		},
		"kubectl apply --server-side": {
			entries: []metav1.ManagedFieldsEntry{by("kubectl", applied, whole)}, want: ownership{setBy: "kubectl"},
		},
		"kubectl set image after kubectl apply": {
			entries: []metav1.ManagedFieldsEntry{by("kubectl-client-side-apply", updated, scaled), by("kubectl-set", updated, imageOnly)},
			want:    ownership{setBy: "kubectl-set"},
		},
		"somebody scales, and somebody changes another container": {
			entries: []metav1.ManagedFieldsEntry{by("kubectl", updated, scaled), by("injector", applied, sidecarOnly)},
		},
		"Helm sets it once and does not set it back": {
			entries: []metav1.ManagedFieldsEntry{by("helm", updated, whole)}, annotations: map[string]string{"meta.helm.sh/release-name": "kafka"},
			want: ownership{setBy: "helm"},
		},
		"Argo CD by server-side apply": {
			entries: []metav1.ManagedFieldsEntry{by("argocd-controller", applied, whole)}, annotations: argo,
			want: ownership{setBy: "argocd-controller", tool: "Argo CD application kafka-eu"},
		},
		"Argo CD that tracks by label": {
			entries: []metav1.ManagedFieldsEntry{by("argocd-application-controller", updated, whole)}, labels: map[string]string{"app.kubernetes.io/instance": "kafka-us"},
			want: ownership{setBy: "argocd-application-controller", tool: "Argo CD application kafka-us"},
		},
		"Argo CD that does not say for what": {
			entries: []metav1.ManagedFieldsEntry{by("argocd-controller", applied, whole)}, want: ownership{setBy: "argocd-controller", tool: "Argo CD application"},
		},
		"Argo CD that a person has told to leave it alone": {
			entries: []metav1.ManagedFieldsEntry{by("argocd-controller", applied, whole)}, annotations: confirmed, want: ownership{setBy: "argocd-controller"},
		},
		"told so with another word than true": {
			entries: []metav1.ManagedFieldsEntry{by("kustomize-controller", applied, whole)}, annotations: map[string]string{ConfirmAnnotation: "yes"},
			want: ownership{setBy: "kustomize-controller", tool: "Flux kustomization"},
		},
		"Argo CD that leaves the image out": {
			entries: []metav1.ManagedFieldsEntry{by("argocd-controller", applied, scaled)}, annotations: argo,
		},
		"Flux with a kustomization": {
			entries: []metav1.ManagedFieldsEntry{by("kustomize-controller", applied, whole)}, labels: map[string]string{"kustomize.toolkit.fluxcd.io/name": "apps"},
			want: ownership{setBy: "kustomize-controller", tool: "Flux kustomization apps"},
		},
		"Flux with a helm release": {
			entries: []metav1.ManagedFieldsEntry{by("helm-controller", updated, whole)}, labels: map[string]string{"helm.toolkit.fluxcd.io/name": "kafka"},
			want: ownership{setBy: "helm-controller", tool: "Flux helm release kafka"},
		},
		"we have started it": {
			entries: []metav1.ManagedFieldsEntry{by(fieldManager, applied, started), by("kubectl-client-side-apply", updated, scaled)},
			want:    ownership{image: true, partition: true},
		},
		"we have started it, and Argo CD has set it back": {
			entries: []metav1.ManagedFieldsEntry{by(fieldManager, applied, noted), by("argocd-controller", applied, whole)}, annotations: argo,
			want: ownership{setBy: "argocd-controller", tool: "Argo CD application kafka-eu"},
		},
		"we have patched the image": {
			entries: []metav1.ManagedFieldsEntry{by(fieldManager, updated, imageOnly)}, want: ownership{},
		},
		"we have patched notes, and applied others before": {
			entries: []metav1.ManagedFieldsEntry{by(fieldManager, applied, started), by(fieldManager, updated, noted)},
			want:    ownership{image: true, partition: true, patched: true},
		},
		"we have paused a Deployment": {
			entries: []metav1.ManagedFieldsEntry{by(fieldManager, applied, paused)}, want: ownership{paused: true},
		},
		"Argo CD and a person apply the same": {
			entries: []metav1.ManagedFieldsEntry{by("argocd-controller", applied, whole), by("kubectl", applied, whole)}, annotations: argo,
			want: ownership{setBy: "kubectl", tool: "Argo CD application kafka-eu"},
		},
		"somebody else has": {entries: []metav1.ManagedFieldsEntry{by("kubectl-rollout", updated, paused)}},
		"documents that cannot be read tell nothing": {
			entries: []metav1.ManagedFieldsEntry{
				by("argocd-controller", applied, `{`), by("argocd-controller", applied, `[]`), by("argocd-controller", applied, `{"f:spec":{"f:template":1}}`),
				by("argocd-controller", applied, `null`),
				{Manager: "argocd-controller", Operation: applied},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := ownershipOf(c.entries, workloadFields("kafka"), &metav1.ObjectMeta{Annotations: c.annotations, Labels: c.labels})
			got.movedBy = "" // a story of its own: a partition that somebody else moves
			if got != c.want {
				t.Errorf("ownership %+v\nwant %+v", got, c.want)
			}
		})
	}
}

// A tool that has applied the very version that we have set owns it together with
// us, and sets it back once we go on.
func TestAToolThatSharesTheImageWithUsIsNamed(t *testing.T) {
	entries := []metav1.ManagedFieldsEntry{by("argocd-controller", applied, whole), by(fieldManager, applied, started)}
	m := &metav1.ObjectMeta{Annotations: map[string]string{"argocd.argoproj.io/tracking-id": "kafka-eu:apps/StatefulSet:kafka/lkc-1"}}
	for range 2 {
		got := ownershipOf(entries, workloadFields("kafka"), m)
		if got.tool != "Argo CD application kafka-eu" || !got.image {
			t.Errorf("ownership %+v; want the image to be ours and the application's", got)
		}
		if got.setBy != "" {
			t.Errorf("set by %s; it was set by us", got.setBy)
		}
		entries[0], entries[1] = entries[1], entries[0]
	}
}

func TestTheImageIsLookedForInTheProductsContainer(t *testing.T) {
	entries := []metav1.ManagedFieldsEntry{by("kubectl", applied, whole)}
	for container, want := range map[string]string{"kafka": "kubectl", "proxy": "kubectl", "kafk": "", "": "", `kafka"`: ""} {
		if got := ownershipOf(entries, workloadFields(container), &metav1.ObjectMeta{}).setBy; got != want {
			t.Errorf("container %q: set by %q; want %q", container, got, want)
		}
	}
}

// Managed fields are written by others: whatever they hold, reading them ends,
// and nothing of it becomes ours.
func FuzzOwnershipOf(f *testing.F) {
	for _, doc := range []string{whole, imageOnly, started, noted, counted, `{`, `[]`, `null`, `1`, `{"f:spec":null}`, strings.Repeat(`{"f:spec":`, 50)} {
		f.Add(doc, "argocd-controller")
		f.Add(doc, "kubectl")
	}
	f.Fuzz(func(t *testing.T, doc, manager string) {
		if manager == fieldManager {
			return
		}
		got := ownershipOf([]metav1.ManagedFieldsEntry{by(manager, applied, doc)}, workloadFields("kafka"), &metav1.ObjectMeta{})
		if got.image || got.partition || got.paused || got.patched {
			t.Fatalf("what %q has written is ours: %+v", manager, got)
		}
		if !json.Valid([]byte(doc)) && (got.setBy != "" || got.tool != "") {
			t.Fatalf("%+v is read from what is no JSON", got)
		}
	})
}
