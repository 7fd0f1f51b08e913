package metrics

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// Viewer lets one look at the last finished cycle.
type Viewer interface {
	View(look func(*reconciler.Cycle)) bool
	LastPulse() (reconciler.Pulse, bool)
}

// Config says what is measured.
type Config struct {
	// Viewer returns the loop, or nil while there is none yet.
	Viewer func() Viewer
	// Version of Wavegate.
	Version string
	// Interval is the time between two cycles, for alert rules to compare with.
	Interval time.Duration
}

// Metrics measures a service. It is safe for concurrent use.
type Metrics struct {
	registry *prometheus.Registry

	cycles, problems prometheus.Counter
	duration         prometheus.Histogram
	actions          *prometheus.CounterVec
	restarts         *prometheus.CounterVec
	ledger           *prometheus.CounterVec
	record           prometheus.Histogram
}

var _ reconciler.Reporter = (*Metrics)(nil)

// New returns metrics with a registry of their own.
func New(cfg Config) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		cycles: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "wavegate_cycles_total", Help: "Cycles of the reconciler that have finished.",
		}),
		problems: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "wavegate_cycle_problems_total", Help: "Problems that cycles ran into, each once for each cycle that had it.",
		}),
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "wavegate_cycle_duration_seconds", Help: "How long cycles took, without their reports.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}),
		actions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "wavegate_actions_total", Help: "Actions on clusters by kind, and by result: done, conflict (the cluster had changed; it is decided anew) or error.",
		}, []string{"kind", "result"}),
		restarts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "wavegate_replica_steps_total", Help: "Steps that released a replica, or the replicas of a zone, for replacement. Workloads that roll by themselves take none.",
		}, []string{"product"}),
		ledger: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "wavegate_ledger_errors_total", Help: "Calls to the ledger that failed. While it cannot be written, nothing is touched but halts.",
		}, []string{"operation"}),
		record: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "wavegate_ledger_record_events", Help: "How many events were made durable together.",
			Buckets: []float64{1, 10, 100, 1000, 10000},
		}),
	}
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "wavegate_build_info", Help: "Which Wavegate this is; always 1.", ConstLabels: prometheus.Labels{"version": cfg.Version},
	})
	info.Set(1)
	interval := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "wavegate_cycle_interval_seconds", Help: "The time between two cycles that was asked for.",
	})
	interval.Set(cfg.Interval.Seconds())
	// The kinds and results that there are begin at 0, so that a rate sees the first.
	for _, kind := range []plan.ActionKind{plan.Start, plan.Step, plan.Hold, plan.Continue, plan.Note} {
		for _, result := range []string{resultDone, resultConflict, resultError} {
			m.actions.WithLabelValues(kind.String(), result)
		}
	}
	for _, operation := range []string{opLoad, opRecord, opCommands, opDone} {
		m.ledger.WithLabelValues(operation)
	}
	m.registry.MustRegister(
		m.cycles, m.problems, m.duration, m.actions, m.restarts, m.ledger, m.record, info, interval,
		&gauges{viewer: cfg.Viewer},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

// Handler answers Prometheus.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 30 * time.Second})
}

// The results of an action.
const (
	resultDone     = "done"
	resultConflict = "conflict"
	resultError    = "error"
)

// Report implements reconciler.Reporter: it counts what a cycle did.
func (m *Metrics) Report(_ context.Context, c *reconciler.Cycle) error {
	m.cycles.Inc()
	m.duration.Observe(c.Took.Seconds())
	m.problems.Add(float64(len(c.Problems)))
	for i := range c.Acted {
		a := &c.Acted[i]
		m.actions.WithLabelValues(a.Kind.String(), resultDone).Inc()
		if a.Kind == plan.Step {
			m.restarts.WithLabelValues(a.Product).Inc()
		}
	}
	for i := range c.Unacted {
		result := resultError
		if errors.Is(c.Unacted[i].Err, reconciler.ErrConflict) {
			result = resultConflict
		}
		m.actions.WithLabelValues(c.Unacted[i].Action.Kind.String(), result).Inc()
	}
	return nil
}
