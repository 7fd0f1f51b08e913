package simfleet

import (
	"context"
	"fmt"
	"hash/fnv"
	"maps"

	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

var _ reconciler.Metrics = (*Fleet)(nil)

// Measure returns a value from 0 to 100 for every cluster, whatever the metric's
// source would be: the same at each call, and another for another query, unless
// Gauge has set them.
func (f *Fleet) Measure(ctx context.Context, q fleet.Metric) (plan.Measurement, error) {
	if err := ctx.Err(); err != nil {
		return plan.Measurement{}, fmt.Errorf("measure %s: %w", q, err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	now, err := f.look()
	if err != nil {
		return plan.Measurement{}, fmt.Errorf("measure %s: %w", q, err)
	}
	if f.outage.during(now) {
		return plan.Measurement{}, fmt.Errorf("measure %s: unreachable: %s", q, f.outage.Reason)
	}
	values := maps.Clone(f.gauges[q])
	if values == nil {
		values = make(map[string]float64, len(f.clusters))
		for name := range f.clusters {
			h := fnv.New64a()
			_, _ = h.Write([]byte(q.String() + "\x00" + name))
			values[name] = float64(h.Sum64()%10000) / 100
		}
	}
	return plan.Measurement{AsOf: now, Values: values}, nil
}

// Gauge makes a metric say these values, and nothing of other clusters. It is
// forgotten when the fleet is closed.
func (f *Fleet) Gauge(q fleet.Metric, values map[string]float64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.gauges == nil {
		f.gauges = map[fleet.Metric]map[string]float64{}
	}
	f.gauges[q] = maps.Clone(values)
}
