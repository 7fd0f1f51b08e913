package plan

import (
	"fmt"
	"slices"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// MetricMaxAge is how old a measurement may be to decide anything.
const MetricMaxAge = 15 * time.Minute

// Measurement is what a metric said of the clusters at one moment.
type Measurement struct {
	// AsOf is the time that the values speak of. Two measurements of one metric
	// with the same AsOf are the same.
	AsOf time.Time
	// Values are by name of cluster. A cluster that is missing was not measured.
	// The map is not changed any more.
	Values map[string]float64
	// Unknown says why the metric could not be read. Values are then those from
	// before, or nothing.
	Unknown string
	// Assumed is for previews: the values are taken to last, and a cluster without
	// one to keep every bound.
	Assumed bool
}

// Metrics are measurements by what was asked. A metric of the spec in force that is
// missing is unknown.
type Metrics map[fleet.Metric]Measurement

// problem says why a measurement cannot decide anything, or nothing.
func (m Metrics) problem(q fleet.Metric, now time.Time) string {
	got, ok := m[q]
	switch age := now.Sub(got.AsOf); {
	case !ok:
		return "no source measures it"
	case got.Assumed:
		return ""
	case got.AsOf.IsZero() && got.Unknown != "":
		return got.Unknown
	case age > MetricMaxAge:
		text := "its newest values are from " + clock(got.AsOf) + ", older than " + span(MetricMaxAge)
		if got.Unknown != "" {
			text += ": " + got.Unknown
		}
		return text
	case age < -time.Minute:
		return "its newest values are from " + clock(got.AsOf) + ", which is in the future"
	default:
		return ""
	}
}

// unmeasured returns the first metric of a cohort's order that cannot be read, as
// its index: which clusters go first is then not known, and a rollout whose order
// would be another one does not begin. The way back to what the cohort ran before
// does not depend on a graph: it begins, in the order of the other keys.
func (c *cycle) unmeasured(v *view) Finding {
	if v.rollout != nil || v.target == nil || v.target.Baseline || len(v.rows) == 0 || c.ranBefore(v) {
		return Finding{}
	}
	for i, key := range v.spec.OrderBy {
		if !key.Metric.IsZero() && c.orderProblem(v, key.Metric) != "" {
			return Finding{OrderUnknown, int32(i)}
		}
	}
	return Finding{}
}

// ranBefore reports whether the target is what the cohort ran already.
func (c *cycle) ranBefore(v *view) bool {
	_, ran := c.in.State.Done[DoneKey{v.key, v.target.Version}]
	return ran || c.in.State.Base[v.key] == v.target.Version
}

// orderProblem says why a metric cannot order the clusters of a view.
func (c *cycle) orderProblem(v *view, q fleet.Metric) string {
	if text := c.in.Metrics.problem(q, c.in.Now); text != "" {
		return text
	}
	m := c.in.Metrics[q]
	measured := func(r Row) bool { _, ok := m.Values[c.in.Fleet.names[r]]; return ok }
	if !m.Assumed && !slices.ContainsFunc(v.rows, measured) {
		return "it has no value for any of the " + plural(len(v.rows), "cluster", "clusters") + "; do its names agree with those of the clusters?"
	}
	return ""
}

// measured are the values of the clusters of a view, for each key of its order
// that is a metric: by value, and those without one last.
func (c *cycle) measured(v *view) []map[Row]orderValue {
	out := make([]map[Row]orderValue, len(v.spec.OrderBy))
	for i, key := range v.spec.OrderBy {
		if key.Metric.IsZero() || c.orderProblem(v, key.Metric) != "" {
			continue
		}
		m := c.in.Metrics[key.Metric]
		out[i] = make(map[Row]orderValue, len(v.rows))
		for _, r := range v.rows {
			if value, ok := m.Values[c.in.Fleet.names[r]]; ok {
				out[i][r] = orderValue{present: true, numeric: true, number: value}
			}
		}
	}
	return out
}

// orderText says by which metrics a rollout was ordered, for the ledger.
func (c *cycle) orderText(v *view, members []string) string {
	text := ""
	for _, key := range v.spec.OrderBy {
		if key.Metric.IsZero() {
			continue
		}
		if text != "" {
			text += "; "
		}
		if why := c.orderProblem(v, key.Metric); why != "" {
			text += "not ordered by " + key.Metric.String() + ": " + why
			continue
		}
		m, without := c.in.Metrics[key.Metric], 0
		for _, name := range members {
			if _, ok := m.Values[name]; !ok {
				without++
			}
		}
		text += "ordered by " + key.Metric.String() + " as of " + clock(m.AsOf)
		if without > 0 {
			text += ", " + plural(without, "cluster", "clusters") + " without a value last"
		}
	}
	return text
}

// boundKey is what the answers to a cohort's threshold depend on.
type boundKey struct {
	asOf    time.Time
	problem string
}

// refreshBounds has the clusters of a view decided again when its threshold's
// metric has new values, or none to rely upon any more.
func (c *cycle) refreshBounds(v *view) {
	t := v.spec.Selector.Metric
	if t == nil {
		return
	}
	key := boundKey{c.in.Metrics[t.Query].AsOf, c.in.Metrics.problem(t.Query, c.in.Now)}
	if key != v.bound {
		v.bound, v.all, v.changed = key, true, true
	}
}

// gateBound asks whether a cluster keeps the threshold of its cohort. It is asked
// only of clusters that would start: one under way goes on.
func gateBound(c *cycle, s *subject) Finding {
	t := s.view.spec.Selector.Metric
	if t == nil {
		return Finding{}
	}
	if s.view.bound.problem != "" {
		return Finding{Reason: MetricUnknown}
	}
	m := c.in.Metrics[t.Query]
	value, ok := m.Values[c.in.Fleet.names[s.row]]
	switch {
	case !ok && m.Assumed:
		return Finding{}
	case !ok:
		return Finding{Reason: MetricUnknown}
	case !t.Keeps(value):
		return Finding{Reason: MetricOutOfBounds}
	default:
		return Finding{}
	}
}

// metricText says the findings that concern metrics.
func (c *cycle) metricText(r Row, v *view, f Finding) string {
	if f.Reason == OrderUnknown {
		q := v.spec.OrderBy[f.Arg].Metric
		return "the rollout begins when its order is known: metric " + q.String() + " cannot be relied upon: " + c.orderProblem(v, q)
	}
	t := v.spec.Selector.Metric
	if why := c.in.Metrics.problem(t.Query, c.in.Now); why != "" {
		return "metric " + t.Query.String() + " cannot be relied upon: " + why
	}
	m := c.in.Metrics[t.Query]
	if r < 0 {
		return "metric " + t.Query.String() + " is not " + t.Bounds()
	}
	value, ok := m.Values[c.in.Fleet.names[r]]
	if !ok {
		return "metric " + t.Query.String() + " has no value for it, so nobody knows whether it is " + t.Bounds()
	}
	return fmt.Sprintf("metric %s is %.4g as of %s; it starts while that is %s", t.Query, value, clock(m.AsOf), t.Bounds())
}
