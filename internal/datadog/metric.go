package datadog

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/DataDog/datadog-api-client-go/v2/api/datadogV1"

	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

const (
	// metricWindow is how far back a metric is asked for.
	metricWindow = 15 * time.Minute
	// metricGap is how old the newest point may be, on top of one interval.
	metricGap = 5 * time.Minute
)

var _ reconciler.Metrics = (*Monitors)(nil)

// Measure measures clusters by a metric whose source is Datadog; see
// [Monitors.Metric].
func (m *Monitors) Measure(ctx context.Context, q fleet.Metric) (plan.Measurement, error) {
	if q.Datadog == "" {
		return plan.Measurement{}, fmt.Errorf("measure %s: Datadog is not its source", q)
	}
	asOf := m.cfg.Now()
	values, err := m.Metric(ctx, q.Datadog, q.ClusterTag)
	if err != nil {
		return plan.Measurement{}, err
	}
	return plan.Measurement{AsOf: asOf, Values: values}, nil
}

// Metric measures clusters by a metric query, as in avg:kafka.cpu{*} by
// {kafka_cluster}. The tag that names the cluster is clusterTag, which has to be
// one that the query groups by; without clusterTag it is the only one there.
//
// The value of a cluster is its newest point. A cluster whose newest point is
// null, not a finite number, or too old is left out: an order is not made of a
// guess. Two series for one cluster, and no value at all, are errors.
func (m *Monitors) Metric(ctx context.Context, query, clusterTag string) (map[string]float64, error) {
	values, err := m.metric(ctx, query, clusterTag)
	if err != nil {
		return nil, fmt.Errorf("measure %s: %w", clean(query, 200), err)
	}
	return values, nil
}

func (m *Monitors) metric(ctx context.Context, query, clusterTag string) (map[string]float64, error) {
	tag, err := groupedBy(query, clusterTag)
	if err != nil {
		return nil, err
	}
	now := m.cfg.Now()
	var answer datadogV1.MetricsQueryResponse
	err = m.client.call(ctx, &m.client.query, func(ctx context.Context) (resp *http.Response, err error) {
		answer, resp, err = m.client.metrics.QueryMetrics(ctx, now.Add(-metricWindow).Unix(), now.Unix(), query)
		return resp, err
	})
	if err != nil {
		return nil, err
	}
	if answer.GetStatus() != "ok" {
		return nil, fmt.Errorf("the answer of Datadog is %q: %s", clean(answer.GetStatus(), 60), clean(answer.GetError(), 300))
	}
	values, seen := map[string]float64{}, map[string]bool{}
	for i := range answer.Series {
		s := &answer.Series[i]
		clusters := clustersOf(s.TagSet, tag)
		if len(clusters) == 0 {
			continue // a value of no cluster orders nothing
		}
		for _, cluster := range clusters {
			if seen[cluster] {
				return nil, fmt.Errorf("there are two series for cluster %s; group by %s alone", clean(cluster, 80), tag)
			}
			seen[cluster] = true
			if value, ok := newest(s, now); ok {
				values[cluster] = value
			}
		}
	}
	if len(values) == 0 {
		return nil, fmt.Errorf("no cluster has a value from the last %s", metricGap)
	}
	return values, nil
}

// newest returns the value of the newest point, if it can be relied upon.
func newest(s *datadogV1.MetricsQueryMetadata, now time.Time) (float64, bool) {
	if s.UnparsedObject != nil {
		return 0, false
	}
	var at, value float64
	found := false
	for _, p := range s.Pointlist {
		if len(p) != 2 || p[0] == nil || math.IsNaN(*p[0]) {
			return 0, false
		}
		if found && *p[0] < at {
			continue
		}
		at, found, value = *p[0], true, math.NaN()
		if p[1] != nil {
			value = *p[1]
		}
	}
	oldest := now.Add(-metricGap - time.Duration(min(s.GetInterval(), metricWindow.Milliseconds()))*time.Millisecond)
	if !found || math.IsNaN(value) || math.IsInf(value, 0) || at < float64(oldest.UnixMilli()) {
		return 0, false
	}
	return value, true
}

// groupedBy returns the tag that names the cluster in the series of a query.
func groupedBy(query, clusterTag string) (string, error) {
	var tags []string
	rest, found := query, false
	for {
		inner, after, ok := nextBy(rest)
		if !ok {
			break
		}
		var these []string
		for t := range strings.SplitSeq(inner, ",") {
			these = append(these, strings.TrimSpace(t))
		}
		slices.Sort(these)
		if found && !slices.Equal(tags, these) {
			return "", errors.New("its parts are grouped by different tags")
		}
		tags, found, rest = these, true, after
	}
	switch {
	case !found || slices.Contains(tags, ""):
		return "", errors.New("it is not grouped by cluster; add by {TAG} with the tag that names the cluster")
	case clusterTag != "" && !slices.Contains(tags, clusterTag):
		return "", fmt.Errorf("it is not grouped by %s", clusterTag)
	case clusterTag != "":
		return clusterTag, nil
	case len(tags) > 1:
		return "", fmt.Errorf("it is grouped by several tags, %s; group by the one that names the cluster", strings.Join(tags, " and "))
	default:
		return tags[0], nil
	}
}

// nextBy finds the next "by {...}" of a query.
func nextBy(query string) (inner, after string, ok bool) {
	for {
		before, rest, ok := strings.Cut(query, "{")
		if !ok {
			return "", "", false
		}
		inner, after, ok := strings.Cut(rest, "}")
		if !ok {
			return "", "", false
		}
		words := strings.FieldsFunc(before, func(r rune) bool { return r == ' ' || r == '}' || r == ')' })
		if len(words) > 0 && strings.EqualFold(words[len(words)-1], "by") {
			return inner, after, true
		}
		query = after
	}
}
