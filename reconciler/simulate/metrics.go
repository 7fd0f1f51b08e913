package simulate

import (
	"maps"

	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// lastingMetrics takes the values of now to last. A metric that is known not to be
// readable stays so, and the preview says what it holds up. One that nobody has
// asked for yet, because no spec in force names it, holds up nothing.
func lastingMetrics(in *plan.Input) plan.Metrics {
	out := maps.Clone(in.Metrics)
	if out == nil {
		out = plan.Metrics{}
	}
	if in.Policy == nil {
		return out
	}
	for _, q := range in.Policy.Spec.Metrics() {
		m, asked := out[q]
		if !asked || (!m.AsOf.IsZero() && in.Now.Sub(m.AsOf) <= plan.MetricMaxAge) {
			m.Assumed = true
			out[q] = m
		}
	}
	return out
}
