package kube

import (
	"encoding/json"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// fieldManager is the name under which Wavegate owns fields.
const fieldManager = "wavegate"

// ownership is what the managed fields of a workload tell about those fields
// that Wavegate writes.
type ownership struct {
	// Ours by server-side apply: an apply that leaves them out would remove them.
	image, partition, paused bool
	// patched tells that annotations of ours were patched and not applied: an apply
	// that leaves them out does not take them away.
	patched bool
	// setBy is who set the image last, when that was not Wavegate.
	setBy string
	// movedBy is who set the partition last, when that was not Wavegate.
	movedBy string
	// tool is the tool that would set the image back, as people call it; empty
	// when there is none, or when it has been told to leave the image alone.
	tool string
}

// ownerAnnotations tell which tool manages an object.
var ownerAnnotations = map[string]bool{
	"argocd.argoproj.io/tracking-id": true,
	"meta.helm.sh/release-name":      true,
}

// ownershipOf reads the managed fields.
func ownershipOf(entries []metav1.ManagedFieldsEntry, where written, m *metav1.ObjectMeta) ownership {
	var o ownership
	imageBy, ours := "", false
	partitionBy, lowered := "", false
	for _, e := range entries {
		if e.Subresource != "" || e.FieldsV1 == nil {
			continue
		}
		var fields map[string]any
		if json.Unmarshal(e.FieldsV1.GetRawBytes(), &fields) != nil {
			continue
		}
		image := has(fields, where.image)
		partition := has(fields, partitionField)
		if e.Manager == fieldManager {
			lowered = lowered || partition
			if e.Operation == metav1.ManagedFieldsOperationApply {
				o.image = o.image || image
				o.partition = o.partition || partition
				o.paused = o.paused || has(fields, where.paused)
			} else {
				o.patched = o.patched || has(fields, []string{"f:metadata", "f:annotations"})
			}
			ours = ours || image
			continue
		}
		if partition {
			partitionBy = e.Manager
		}
		if image {
			imageBy = e.Manager
			if tool := toolOf(e.Manager, m); tool != "" && e.Operation == metav1.ManagedFieldsOperationApply {
				o.tool = tool // whoever applies a value owns it, and may share it with others
			}
		}
	}
	if !lowered {
		o.movedBy = partitionBy
	}
	if !ours {
		o.setBy = imageBy
		if tool := toolOf(imageBy, m); tool != "" {
			o.tool = tool
		}
	}
	return o
}

// written is where in an object's managed fields stand those that are written.
type written struct{ image, paused []string }

var partitionField = []string{"f:spec", "f:updateStrategy", "f:rollingUpdate", "f:partition"}

// workloadFields are those of a StatefulSet or a Deployment.
func workloadFields(container string) written {
	return written{
		image:  []string{"f:spec", "f:template", "f:spec", "f:containers", `k:{"name":"` + container + `"}`, "f:image"},
		paused: []string{"f:spec", "f:paused"},
	}
}

// has reports whether a managed fields document has a field.
func has(fields map[string]any, path []string) bool {
	for _, key := range path {
		c, ok := fields[key].(map[string]any)
		if !ok {
			return false
		}
		fields = c
	}
	return true
}

// toolOf names the tool that keeps setting the image, by the field manager that
// set it last and by what the object says about itself. Helm sets fields only when
// somebody upgrades the release, and is left out.
func toolOf(manager string, m *metav1.ObjectMeta) string {
	if m.Annotations[ConfirmAnnotation] == "true" {
		return ""
	}
	switch {
	case manager == "":
		return ""
	case strings.HasPrefix(manager, "argocd"):
		app, _, _ := strings.Cut(m.Annotations["argocd.argoproj.io/tracking-id"], ":")
		if app == "" {
			app = m.Labels["app.kubernetes.io/instance"]
		}
		return named("Argo CD application", app)
	case manager == "kustomize-controller":
		return named("Flux kustomization", m.Labels["kustomize.toolkit.fluxcd.io/name"])
	case manager == "helm-controller":
		return named("Flux helm release", m.Labels["helm.toolkit.fluxcd.io/name"])
	default:
		return ""
	}
}

func named(what, name string) string {
	if name == "" {
		return what
	}
	return what + " " + name
}
