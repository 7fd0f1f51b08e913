package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/wavegate-dev/wavegate/internal/datadog"
	"github.com/wavegate-dev/wavegate/internal/prometheus"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// livePatience is how long the sources may take before it is said whom we wait for.
const livePatience = 2 * time.Second

// found is what a source says of a monitor; without a monitor, of itself.
type found struct{ product, monitor, message, hint string }

// live asks the sources about all monitors and metrics of a spec, and returns what
// would block a rollout.
func (c *cli) live(ctx context.Context, flags *monitorFlags, spec *fleet.Spec) (fleet.Problems, error) {
	sources, err := flags.open(func() {}, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	names := make([]string, len(sources))
	for i, s := range sources {
		names[i] = s.name
	}
	waiting := time.AfterFunc(livePatience, func() {
		_, _ = fmt.Fprintf(c.stderr, "asking %s about %d monitors and %d metrics ...\n", strings.Join(names, " and "), monitorCount(spec), len(spec.Metrics()))
	})
	defer waiting.Stop()
	out := slices.Concat(sources.checkMonitors(ctx, spec), sources.checkMetrics(ctx, spec))
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	slices.SortStableFunc(out, func(a, b fleet.Problem) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return out, nil
}

func monitorCount(spec *fleet.Spec) (n int) {
	for i := range spec.Products {
		n += len(spec.Products[i].Spec.Monitors)
	}
	return n
}

// checkMonitors asks all sources at once, each for its own monitors.
func (m monitors) checkMonitors(ctx context.Context, spec *fleet.Spec) fleet.Problems {
	answers := make([][]found, len(m))
	var wg sync.WaitGroup
	for i, s := range m {
		wg.Go(func() { answers[i] = s.check(ctx, spec.Products) })
	}
	wg.Wait()
	var out fleet.Problems
	for _, f := range slices.Concat(answers...) {
		out = append(out, fleet.Problem{Position: monitorPosition(spec, f), Message: f.message, Hint: f.hint})
	}
	for i := range spec.Products {
		p := &spec.Products[i]
		for j := range p.Spec.Monitors {
			mon := &p.Spec.Monitors[j]
			if !slices.ContainsFunc(m, func(s source) bool { return s.owns(mon) }) {
				out = append(out, fleet.Problem{
					Position: p.At(fmt.Sprintf("spec.monitors[%d]", j)),
					Message:  monitorName(p.Name, mon.Name) + "no source answers for it",
					Hint:     "name its source with --prometheus, or with --datadog-api-key-file and --datadog-app-key-file",
				})
			}
		}
	}
	return out
}

func monitorName(product, monitor string) string {
	return "monitor " + monitor + " of product " + product + ": "
}

func monitorPosition(spec *fleet.Spec, f found) fleet.Position {
	p, ok := spec.Product(f.product)
	if !ok {
		return fleet.Position{}
	}
	i := slices.IndexFunc(p.Spec.Monitors, func(m fleet.Monitor) bool { return m.Name == f.monitor })
	return p.At(fmt.Sprintf("spec.monitors[%d]", i))
}

// checkMetrics measures each metric once, and reports those that give nothing at
// every place that names them.
func (m monitors) checkMetrics(ctx context.Context, spec *fleet.Spec) fleet.Problems {
	var out fleet.Problems
	for _, q := range spec.Metrics() {
		_, err := m.Measure(ctx, q)
		if err == nil {
			continue
		}
		report := func(c *fleet.Cohort, path, what string) {
			out = append(out, fleet.Problem{
				Position: c.At(path), Message: fmt.Sprintf("metric that %s cohort %s gives nothing: %v", what, c.Name, err),
			})
		}
		for i := range spec.Cohorts {
			c := &spec.Cohorts[i]
			for k, key := range c.Spec.OrderBy {
				if key.Metric == q {
					report(c, fmt.Sprintf("spec.orderBy[%d].metric", k), "orders")
				}
			}
			if t := c.Spec.Selector.Metric; t != nil && t.Query == q {
				report(c, "spec.selector.metric", "bounds")
			}
		}
	}
	return out
}

func checkPrometheus(m *prometheus.Monitors) func(context.Context, []fleet.Product) []found {
	return func(ctx context.Context, products []fleet.Product) (out []found) {
		for _, p := range m.Check(ctx, products) {
			f := found{p.Product, p.Monitor, strings.TrimSpace(p.Source + " " + p.Message), p.Hint}
			if p.Monitor != "" {
				f.message = monitorName(p.Product, p.Monitor) + f.message
			}
			out = append(out, f)
		}
		return out
	}
}

func checkDatadog(m *datadog.Monitors) func(context.Context, []fleet.Product) []found {
	return func(ctx context.Context, products []fleet.Product) (out []found) {
		for _, p := range m.Check(ctx, products) {
			out = append(out, found{p.Product, p.Monitor, monitorName(p.Product, p.Monitor) + p.Message, ""})
		}
		return out
	}
}
