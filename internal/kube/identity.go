package kube

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// nameOf is the cluster that a workload is: its label wavegate.dev/name, the
// label that the product names, or the workload's own name.
func nameOf(o *workload, w *fleet.Workload) string {
	if name := o.Labels[fleet.LabelName]; name != "" {
		return name
	}
	if name := o.Labels[w.NameLabel]; w.NameLabel != "" && name != "" {
		return name
	}
	return o.Name
}

// labelsOf are a cluster's labels: its workload's own, then those that are
// configured for the data plane, then what its nodes tell.
func (p *Plane) labelsOf(o *workload) map[string]string {
	out := make(map[string]string, len(o.Labels)+4)
	maps.Copy(out, p.topology.labels)
	maps.Copy(out, p.cfg.Labels)
	for k, v := range o.Labels {
		if !strings.HasPrefix(k, annotationPrefix) {
			out[k] = v
		}
	}
	out["namespace"] = o.Namespace
	if own, ok := o.Labels["namespace"]; ok {
		out["namespace"] = own
	}
	return out
}

// container is the name of the product's container.
func (w *watch) container() string {
	if c := w.product.Spec.Workload.Container; c != "" {
		return c
	}
	return w.product.Name
}

// keyOf is everything of a product that a watch is made from.
func keyOf(p *fleet.Product) string {
	w := p.Spec.Workload
	key := []string{p.Name, string(w.Kind), w.Container, w.NameLabel, string(w.StepBy), selectorOf(w.Selector)}
	if w.Resource != nil {
		key = append(key, fmt.Sprint(w.Resource.Resolve()))
	}
	return strings.Join(key, "\x00")
}

// missing says that a workload has nothing in which its version could stand.
func (w *watch) missing(o *workload) string {
	if o.kind == fleet.CustomResource {
		r := w.resource()
		return fmt.Sprintf("%s %s/%s has no field %s%s", r.Kind, o.Namespace, o.Name, r.Version, r.Image)
	}
	return fmt.Sprintf("%s %s/%s has no container %s", o.kind, o.Namespace, o.Name, w.container())
}

// resource is the product's custom resource, with what its preset knows.
func (w *watch) resource() fleet.Resource {
	if r := w.product.Spec.Workload.Resource; r != nil {
		return r.Resolve()
	}
	return fleet.Resource{}
}

// revisionOf identifies an observation: the object, its version, and all that is
// told of it, because pods change without their workload.
func revisionOf(o *workload, c *plan.Cluster) string {
	data, err := json.Marshal(c)
	if err != nil {
		data = []byte(err.Error())
	}
	h := fnv.New64a()
	_, _ = h.Write(data)
	return string(o.UID) + "/" + o.ResourceVersion + "/" + strconv.FormatUint(h.Sum64(), 36)
}

// fnvOf hashes strings in their order.
func fnvOf(list []string) uint64 {
	h := fnv.New64a()
	for _, s := range list {
		_, _ = h.Write([]byte(s))
		_, _ = h.Write([]byte{0})
	}
	return h.Sum64()
}

// selectorOf renders a selector as the API server reads it.
func selectorOf(s fleet.Selector) string {
	var terms []string
	for _, k := range slices.Sorted(maps.Keys(s.MatchLabels)) {
		terms = append(terms, k+"="+s.MatchLabels[k])
	}
	for _, r := range s.MatchExpressions {
		switch r.Operator {
		case fleet.In:
			terms = append(terms, r.Key+" in ("+strings.Join(r.Values, ",")+")")
		case fleet.NotIn:
			terms = append(terms, r.Key+" notin ("+strings.Join(r.Values, ",")+")")
		case fleet.Exists:
			terms = append(terms, r.Key)
		case fleet.DoesNotExist:
			terms = append(terms, "!"+r.Key)
		}
	}
	return strings.Join(terms, ",")
}
