package fleet

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Metric measures clusters. Exactly one source is set. In YAML it is a map that
// names the source, or the text of a Datadog query that groups by one tag:
//
//	metric: "avg:kafka.cpu{*} by {kafka_cluster}"
//	metric: {datadog: "avg:kafka.cpu{*} by {kafka_cluster,region}", clusterTag: kafka_cluster}
//	metric: {prometheus: "avg by (cluster) (kafka_cpu)", clusterLabel: cluster}
//
// It can be compared, so that it serves as the key of what it measured.
type Metric struct {
	Datadog string `json:"datadog,omitempty" jsonschema:"a metric query of Datadog that groups by cluster, as in avg:kafka.cpu{*} by {kafka_cluster}"`
	// ClusterTag is the tag of the Datadog query that names the cluster; the only
	// one that it groups by without it.
	ClusterTag string `json:"clusterTag,omitempty" jsonschema:"the tag of the Datadog query that names the cluster; the only one that it groups by without it"`
	Prometheus string `json:"prometheus,omitempty" jsonschema:"a PromQL expression with one value for each cluster, as in avg by (cluster) (kafka_cpu)"`
	// ClusterLabel is the label of the result that names the cluster.
	ClusterLabel string `json:"clusterLabel,omitempty" jsonschema:"the label of the PromQL result that names the cluster"`
}

// String is the query, for people.
func (m Metric) String() string {
	if m.Prometheus != "" {
		return m.Prometheus
	}
	return m.Datadog
}

// IsZero reports whether nothing is measured.
func (m Metric) IsZero() bool { return m == Metric{} }

// Threshold is a bound that a cluster's metric must keep when its upgrade starts.
//
// It belongs to a cohort's selector and is a gate for the start, not a condition of
// membership: which cohort a cluster belongs to is decided by its labels alone. A
// set of clusters that follows a graph would flap, would let a cluster fall out of
// its rollout half way, and would let one that two cohorts measure by the same
// metric be in both or in neither. So a cluster beyond the bound is a member like
// any other, waits and says why, starts when it keeps the bound, and is never asked
// again once it has started.
type Threshold struct {
	Query Metric   `json:"query" jsonschema:"what is measured: a Datadog query, or a map that names the source"`
	Below *float64 `json:"below,omitempty" jsonschema:"a cluster starts only while its value is less than this"`
	Above *float64 `json:"above,omitempty" jsonschema:"a cluster starts only while its value is more than this"`
}

// Keeps reports whether a value lies within the bounds. The bounds themselves do
// not.
func (t *Threshold) Keeps(value float64) bool {
	return (t.Below == nil || value < *t.Below) && (t.Above == nil || value > *t.Above)
}

// Bounds says the bounds for people, as in "below 50".
func (t *Threshold) Bounds() string {
	var parts []string
	if t.Above != nil {
		parts = append(parts, fmt.Sprintf("above %g", *t.Above))
	}
	if t.Below != nil {
		parts = append(parts, fmt.Sprintf("below %g", *t.Below))
	}
	return strings.Join(parts, " and ")
}

// Metrics returns the metrics that the cohorts name, each once, in a fixed order.
func (s *Spec) Metrics() []Metric {
	var out []Metric
	add := func(m Metric) {
		if !m.IsZero() && !slices.Contains(out, m) {
			out = append(out, m)
		}
	}
	for i := range s.Cohorts {
		c := &s.Cohorts[i].Spec
		for _, key := range c.OrderBy {
			add(key.Metric)
		}
		if c.Selector.Metric != nil {
			add(c.Selector.Metric.Query)
		}
	}
	return out
}

// datadogQuery is how a metric query of Datadog begins: an aggregator, a colon and
// the name of a metric.
var datadogQuery = regexp.MustCompile(`\b(avg|sum|min|max|count|p[0-9]+):[A-Za-z][A-Za-z0-9_.]*\{[^{}]*\}\s*by\s*\{[^{}]+\}`)

// decodeMetric reads the short form, a text, or the map.
func (d *decoder) decodeMetric(at, n *yaml.Node, path string, target *Metric) {
	if n.Kind != yaml.ScalarNode {
		d.decodeStruct(at, n, reflect.ValueOf(target).Elem(), path)
		return
	}
	text, ok := d.text(at, n, path)
	if !ok {
		return
	}
	if !datadogQuery.MatchString(text) {
		d.fail(at, path, advise(
			`write {prometheus: "...", clusterLabel: cluster}, or for Datadog "avg:kafka.cpu{*} by {kafka_cluster}"`,
			"%s is no metric query of Datadog that groups by a tag, and which source answers it is not said", quote(text),
		))
		return
	}
	*target = Metric{Datadog: text}
}

func (d *decoder) checkMetric(path string, m Metric) {
	d.prose(path+".datadog", m.Datadog)
	d.prose(path+".prometheus", m.Prometheus)
	switch {
	case m.Datadog != "" && m.Prometheus != "":
		d.report(path, advise("keep one", "the metric has two sources"))
	case m.Datadog == "" && m.Prometheus == "":
		d.report(path, advise("add datadog or prometheus", "the metric has no source"))
	case m.Datadog != "" && m.ClusterLabel != "":
		d.report(path+".clusterLabel", advise("write clusterTag", "is for Prometheus"))
	case m.Prometheus != "" && m.ClusterTag != "":
		d.report(path+".clusterTag", advise("write clusterLabel", "is for Datadog"))
	case m.Datadog != "" && !datadogQuery.MatchString(m.Datadog):
		d.report(path+".datadog", advise("write avg:kafka.cpu{*} by {kafka_cluster}", "%s is no metric query of Datadog that groups by a tag", quote(m.Datadog)))
	case m.Prometheus != "" && m.ClusterLabel == "":
		d.report(path, advise("add clusterLabel: cluster", "the label that names the cluster is missing"))
	case m.Prometheus != "":
		if err := checkPrometheusLabel(m.ClusterLabel); err != nil {
			d.report(path+".clusterLabel", err)
		}
	}
}

func (d *decoder) checkThreshold(path string, t *Threshold) {
	d.checkMetric(path+".query", t.Query)
	switch {
	case t.Below == nil && t.Above == nil:
		d.report(path, advise("add below: 50", "there is no bound"))
	case t.Below != nil && t.Above != nil && *t.Above >= *t.Below:
		d.report(path, errors.New("no value is above the one bound and below the other"))
	}
}

// noThreshold refuses a threshold in a selector that is not a cohort's.
func (d *decoder) noThreshold(path string, s Selector) {
	if s.Metric != nil {
		d.report(path+".metric", advise("remove it", "only the selector of a cohort takes a metric"))
	}
}
