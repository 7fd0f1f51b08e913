package kube

import (
	"context"
	"maps"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// topology is where a data plane is, as its nodes tell it.
type topology struct {
	labels map[string]string // cloud and region
	zones  map[string]string // by node
	asked  time.Time
	failed bool
}

const (
	// topologyAge is how old what is known of nodes may get.
	topologyAge = 10 * time.Minute
	nodePage    = 500
)

// clouds are the providers as they stand in a node's provider id.
var clouds = map[string]string{"aws": "aws", "gce": "gcp", "azure": "azure"}

// locate reads cloud, region and zones from the nodes, now and then. It reports
// whether the clusters' labels are others now. Nodes that may not be read are no
// error: everything can be configured instead.
func (p *Plane) locate(ctx context.Context, now time.Time) (changed bool) {
	if !p.topology.asked.IsZero() && now.Sub(p.topology.asked) < topologyAge {
		return false
	}
	p.topology.asked = now
	found := topology{asked: now, labels: map[string]string{}, zones: map[string]string{}}
	regions, providers := map[string]bool{}, map[string]bool{}
	options := metav1.ListOptions{Limit: nodePage, ResourceVersion: "0"}
	for {
		list, err := p.reads.CoreV1().Nodes().List(ctx, options)
		if err != nil {
			if !p.topology.failed {
				p.cfg.Log.Info("nodes cannot be read; cloud, region and zones have to be configured", "data_plane", p.cfg.Name, "error", err)
			}
			p.topology.failed = true
			return false
		}
		for i := range list.Items {
			n := &list.Items[i]
			if r := n.Labels[corev1.LabelTopologyRegion]; r != "" {
				regions[r] = true
			}
			scheme, _, _ := strings.Cut(n.Spec.ProviderID, "://")
			if cloud := clouds[scheme]; cloud != "" {
				providers[cloud] = true
			}
			found.zones[n.Name] = n.Labels[corev1.LabelTopologyZone]
		}
		if options.Continue = list.Continue; options.Continue == "" {
			break
		}
		options.ResourceVersion = ""
	}
	for label, values := range map[string]map[string]bool{"region": regions, "cloud": providers} {
		if len(values) != 1 {
			continue // a data plane that spans several is in none of them
		}
		for v := range values {
			found.labels[label] = v
		}
	}
	changed = !maps.Equal(found.labels, p.topology.labels) && p.topology.labels != nil
	p.topology = found
	return changed
}
