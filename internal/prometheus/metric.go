package prometheus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/url"
	"strconv"

	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// metricSource is a Prometheus that is asked for values.
type metricSource struct {
	name  string
	asker asker
}

// maxQuery is the longest query, in bytes: it has to fit into an address.
const maxQuery = 4096

var _ reconciler.Metrics = (*Monitors)(nil)

// Measure measures clusters by a metric whose source is Prometheus; see
// [Monitors.Metric].
func (m *Monitors) Measure(ctx context.Context, q fleet.Metric) (plan.Measurement, error) {
	if q.Prometheus == "" {
		return plan.Measurement{}, fmt.Errorf("measure %s: Prometheus is not its source", q)
	}
	asOf := m.cfg.Now()
	values, err := m.Metric(ctx, q.Prometheus, q.ClusterLabel)
	if err != nil {
		return plan.Measurement{}, err
	}
	return plan.Measurement{AsOf: asOf, Values: values}, nil
}

// Metric evaluates an expression now, on every Prometheus, and returns its value
// for each cluster, which the label names. It returns an error when a server
// does not answer, when nothing is measured, and for a value that is not a
// number, is infinite, names no cluster or comes twice: an order by half of the
// values would be another order.
func (m *Monitors) Metric(ctx context.Context, promql, clusterLabel string) (map[string]float64, error) {
	switch {
	case len(m.metrics) == 0:
		return nil, errors.New("evaluate metric: no Prometheus is configured; an Alertmanager measures nothing")
	case len(promql) > maxQuery:
		return nil, fmt.Errorf("evaluate metric: the query is longer than %d bytes; record it by a rule and ask for that", maxQuery)
	}
	out := map[string]float64{}
	for _, s := range m.metrics {
		body, err := s.asker.get(ctx, "/api/v1/query", url.Values{"query": {promql}})
		if err != nil {
			return nil, fmt.Errorf("evaluate metric: %s: %w", s.name, err)
		}
		if err := decodeVector(body, clusterLabel, out); err != nil {
			return nil, fmt.Errorf("evaluate metric: %s: %w", s.name, err)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("evaluate metric: the query %q has no result", clip(promql, 200))
	}
	return out, nil
}

// decodeVector adds the values of an answer to GET /api/v1/query to out.
func decodeVector(body []byte, label string, out map[string]float64) error {
	raw, err := decodeEnvelope(body)
	if err != nil {
		return err
	}
	var data struct {
		ResultType string          `json:"resultType"`
		Result     json.RawMessage `json:"result"`
	}
	if err := json.Unmarshal(raw, &data); err != nil {
		return parseError("result", err)
	}
	if data.ResultType != "vector" {
		return fmt.Errorf("parse result: it is a %q and not a vector; write an expression with one value for each cluster", clip(data.ResultType, 20))
	}
	var samples []struct {
		Metric map[string]string  `json:"metric"`
		Value  [2]json.RawMessage `json:"value"`
	}
	if err := json.Unmarshal(data.Result, &samples); err != nil {
		return parseError("result", err)
	}
	for _, s := range samples {
		cluster := s.Metric[label]
		if cluster == "" {
			return fmt.Errorf("parse result: a value has no label %s; aggregate by (%s)", label, label)
		}
		name := clip(cluster, 100)
		var text string
		if err := json.Unmarshal(s.Value[1], &text); err != nil {
			return parseError("result: the value of "+name, err)
		}
		value, err := strconv.ParseFloat(text, 64)
		switch {
		case err != nil || math.IsNaN(value) || math.IsInf(value, 0):
			return fmt.Errorf("parse result: the value of %s is %q, which is not a finite number", name, clip(text, 40))
		}
		if _, twice := out[cluster]; twice {
			return fmt.Errorf("parse result: %s has two values; aggregate by (%s)", name, label)
		}
		out[cluster] = value
	}
	return nil
}
