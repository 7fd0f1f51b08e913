package main

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/spf13/pflag"

	"github.com/wavegate-dev/wavegate/internal/metrics"
	"github.com/wavegate-dev/wavegate/internal/web"
	"github.com/wavegate-dev/wavegate/reconciler"
)

// metricsFlags say where Prometheus and Kubernetes may ask how the service is.
type metricsFlags struct{ listen string }

func (m *metricsFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&m.listen, "metrics-listen", "", "`address` for /metrics (Prometheus), /healthz and /readyz (probes), as in :9090; off without it")
}

// measure returns what counts, and begins before there is a loop.
func measure(running func() *reconciler.Reconciler, interval time.Duration) *metrics.Metrics {
	return metrics.New(metrics.Config{
		Version: version(), Interval: interval,
		Viewer: func() metrics.Viewer {
			if r := running(); r != nil {
				return r
			}
			return nil
		},
	})
}

// serve answers until the context ends.
func (m *metricsFlags) serve(ctx context.Context, counted *metrics.Metrics, health web.Health, log *slog.Logger) error {
	if m.listen == "" {
		return nil
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", counted.Handler())
	mux.HandleFunc("GET /healthz", health.Live)
	mux.HandleFunc("GET /readyz", health.Ready)
	return answer(ctx, "metrics", m.listen, mux, log)
}
