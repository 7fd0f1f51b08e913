package main

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/wavegate-dev/wavegate/internal/datadog"
	"github.com/wavegate-dev/wavegate/internal/prometheus"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// monitorFlags say who tells where alerts fire.
type monitorFlags struct {
	prometheus, alertmanager []string
	watchdog                 string
	tokenFile, caFile        string
	datadogSite              string
	datadogAPIKey            string
	datadogAppKey            string
}

func (m *monitorFlags) add(flags *pflag.FlagSet) {
	flags.StringArrayVar(&m.prometheus, "prometheus", nil, "`URL` of a Prometheus that evaluates the alert rules; may be repeated, one for each region")
	flags.StringArrayVar(&m.alertmanager, "alertmanager", nil, "`URL` of an Alertmanager, which knows what is silenced; may be repeated")
	flags.StringVar(&m.watchdog, "alertmanager-watchdog", "", "`alert` that always fires: while it does not, that Alertmanager counts as blind")
	flags.StringVar(&m.tokenFile, "prometheus-token-file", "", "`file` with the bearer token for Prometheus and Alertmanager; read at each request")
	flags.StringVar(&m.caFile, "prometheus-ca-file", "", "`file` with CA certificates for Prometheus and Alertmanager")
	flags.StringVar(&m.datadogSite, "datadog-site", "datadoghq.com", "Datadog site, as in datadoghq.eu")
	flags.StringVar(&m.datadogAPIKey, "datadog-api-key-file", "", "`file` with Datadog's API key; read at each poll")
	flags.StringVar(&m.datadogAppKey, "datadog-app-key-file", "", "`file` with Datadog's application key; read at each poll")
}

// given reports whether there is anybody to ask.
func (m *monitorFlags) given() bool {
	return len(m.prometheus)+len(m.alertmanager) > 0 || m.datadogAPIKey != "" || m.datadogAppKey != ""
}

// source is one vendor, and which monitors are its own.
type source struct {
	name     string
	owns     func(*fleet.Monitor) bool
	measures func(fleet.Metric) bool
	check    func(context.Context, []fleet.Product) []found
	monitors watcher
	run      func(context.Context) error
}

// monitors ask every source for its own monitors. Those that no source answers for
// stay unknown, and block.
type monitors []source

func (m *monitorFlags) open(alert func(), log *slog.Logger) (monitors, error) {
	var out monitors
	if len(m.prometheus)+len(m.alertmanager) > 0 {
		p, err := m.openPrometheus(alert, log)
		if err != nil {
			return nil, err
		}
		out = append(out, source{
			name: "Prometheus", owns: func(x *fleet.Monitor) bool { return x.Prometheus != nil },
			measures: func(q fleet.Metric) bool { return q.Prometheus != "" },
			check:    checkPrometheus(p), monitors: p, run: p.Run,
		})
	}
	if (m.datadogAPIKey == "") != (m.datadogAppKey == "") {
		return nil, usagef("Datadog needs both --datadog-api-key-file and --datadog-app-key-file")
	}
	if m.datadogAPIKey != "" {
		d, err := datadog.New(datadog.Config{
			Site: m.datadogSite, APIKey: datadog.KeyFile(m.datadogAPIKey), AppKey: datadog.KeyFile(m.datadogAppKey),
			Now: time.Now, Logger: log, Changed: alert,
		})
		if err != nil {
			return nil, err
		}
		out = append(out, datadogSource(d))
	}
	return out, nil
}

func datadogSource(d *datadog.Monitors) source {
	return source{
		name: "Datadog", owns: func(x *fleet.Monitor) bool { return x.Datadog != nil },
		measures: func(q fleet.Metric) bool { return q.Datadog != "" },
		check:    checkDatadog(d), monitors: d,
		run: func(ctx context.Context) error { d.Run(ctx); return nil },
	}
}

func (m *monitorFlags) openPrometheus(alert func(), log *slog.Logger) (*prometheus.Monitors, error) {
	client, err := prometheus.NewClient(m.caFile)
	if err != nil {
		return nil, err
	}
	cfg := prometheus.Config{Now: time.Now, Log: log, Client: client, Changed: alert}
	endpoint := func(url string) prometheus.Endpoint {
		name := strings.TrimPrefix(strings.TrimPrefix(url, "https://"), "http://")
		e := prometheus.Endpoint{Name: name, URL: url}
		if m.tokenFile != "" {
			e.Authorize = prometheus.Bearer(prometheus.SecretFile(m.tokenFile))
		}
		return e
	}
	for _, url := range m.prometheus {
		cfg.Prometheus = append(cfg.Prometheus, prometheus.Server{Endpoint: endpoint(url)})
	}
	for _, url := range m.alertmanager {
		cfg.Alertmanagers = append(cfg.Alertmanagers, prometheus.Alertmanager{Endpoint: endpoint(url), Watchdog: m.watchdog})
	}
	return prometheus.New(cfg)
}

// run polls until the context ends.
func (m monitors) run(ctx context.Context, log *slog.Logger) {
	for _, s := range m {
		go func() {
			if err := s.run(ctx); err != nil && !errors.Is(err, context.Canceled) {
				log.Error("monitors are not read any more", "source", s.name, "error", err)
			}
		}()
	}
}

// Signals puts together what the sources say. One that fails makes its own
// monitors unknown and no others.
func (m monitors) Signals(ctx context.Context, products []fleet.Product) (plan.Signals, error) {
	out := plan.Signals{Sources: map[plan.MonitorKey]plan.MonitorState{}}
	for _, s := range m {
		got, err := s.monitors.Signals(ctx, products)
		if err != nil {
			for i := range products {
				for j := range products[i].Spec.Monitors {
					if x := &products[i].Spec.Monitors[j]; s.owns(x) {
						out.Sources[plan.MonitorKey{Product: products[i].Name, Monitor: x.Name}] = plan.MonitorState{Unknown: err.Error()}
					}
				}
			}
			continue
		}
		maps.Copy(out.Sources, got.Sources)
		out.Alerts = append(out.Alerts, got.Alerts...)
		out.Blind = append(out.Blind, got.Blind...)
	}
	return out, nil
}

// Measure asks the source that the metric names.
func (m monitors) Measure(ctx context.Context, q fleet.Metric) (plan.Measurement, error) {
	for _, s := range m {
		if s.measures(q) {
			return s.monitors.Measure(ctx, q)
		}
	}
	if q.Prometheus != "" {
		return plan.Measurement{}, errors.New("no Prometheus is configured (--prometheus)")
	}
	return plan.Measurement{}, errors.New("no Datadog is configured (--datadog-api-key-file, --datadog-app-key-file)")
}

// webhookFlags say where others may ask for a look at once.
type webhookFlags struct {
	listen     string
	secretFile string
}

func (w *webhookFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&w.listen, "webhook-listen", "", "`address` for webhooks of GitHub (/github), Datadog (/datadog) and Alertmanager (/alertmanager), as in :8080; they only make it look at once")
	flags.StringVar(&w.secretFile, "webhook-secret-file", "", "`file` with the secret: GitHub signs with it, Datadog sends it in the header "+datadog.DefaultWebhookHeader+", Alertmanager as bearer token")
}

func (w *webhookFlags) secret() (string, error) {
	return readSecret("webhook secret", w.secretFile)
}

// ofMonitors are the webhooks of the sources that there are, by path.
func (w *webhookFlags) ofMonitors(m monitors, log *slog.Logger) (map[string]http.Handler, error) {
	hooks := map[string]http.Handler{}
	for _, s := range m {
		switch x := s.monitors.(type) {
		case *prometheus.Monitors:
			hooks["/alertmanager"] = x.Webhook(prometheus.WebhookConfig{Secret: w.secret})
		case *datadog.Monitors:
			h, err := datadog.NewWebhook(datadog.WebhookConfig{Secret: w.secret, Poke: x.Poke, Logger: log})
			if err != nil {
				return nil, err
			}
			hooks["/datadog"] = h
		}
	}
	return hooks, nil
}

// serve answers webhooks until the context ends.
func (w *webhookFlags) serve(ctx context.Context, hooks map[string]http.Handler, log *slog.Logger) error {
	if w.listen == "" {
		return nil
	}
	mux := http.NewServeMux()
	for path, h := range hooks {
		mux.Handle(path, h)
	}
	return answer(ctx, "webhooks", w.listen, mux, log)
}
