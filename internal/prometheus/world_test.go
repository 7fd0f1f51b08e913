package prometheus

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// noon is when the tables take place.
var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// kafka is a product with one monitor, which may be five minutes behind.
func kafka() []fleet.Product { return []fleet.Product{product("kafka", "latency", "KafkaLatencyHigh")} }

func product(name, monitor, alert string) fleet.Product {
	return fleet.Product{
		Meta: fleet.Meta{Name: name},
		Spec: fleet.ProductSpec{Monitors: []fleet.Monitor{{
			Name:       monitor,
			Prometheus: &fleet.PrometheusMonitor{Alert: alert, ClusterLabel: "cluster"},
			MaxAge:     fleet.Duration(5 * time.Minute),
		}}},
	}
}

var latency = plan.MonitorKey{Product: "kafka", Monitor: "latency"}

// fakeServer answers as it is told to, by path.
type fakeServer struct {
	*httptest.Server
	mu      sync.Mutex
	answers map[string]http.HandlerFunc
	asked   map[string]int
}

func newFakeServer(t *testing.T) *fakeServer {
	t.Helper()
	f := &fakeServer{answers: map[string]http.HandlerFunc{}, asked: map[string]int{}}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		f.asked[r.URL.Path]++
		answer := f.answers[r.URL.Path]
		f.mu.Unlock()
		if answer == nil {
			http.NotFound(w, r)
			return
		}
		answer(w, r)
	}))
	t.Cleanup(f.Close)
	return f
}

func (f *fakeServer) on(path string, answer http.HandlerFunc) *fakeServer {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answers[path] = answer
	return f
}

func (f *fakeServer) times(path string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked[path]
}

// says answers with a body.
func says(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(body))
	}
}

// refuses answers with a status and a body.
func refuses(code int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		_, _ = w.Write([]byte(body))
	}
}

const (
	rulesPath    = "/api/v1/rules"
	queryPath    = "/api/v1/query"
	alertsPath   = "/api/v2/alerts"
	silencesPath = "/api/v2/silences"
)

// ruleJSON is an alerting rule as Prometheus shows it.
type ruleJSON struct {
	Name           string      `json:"name"`
	Query          string      `json:"query"`
	State          string      `json:"state"`
	Health         string      `json:"health"`
	LastError      string      `json:"lastError,omitempty"`
	LastEvaluation time.Time   `json:"lastEvaluation"`
	Duration       float64     `json:"duration"`
	Alerts         []alertJSON `json:"alerts"`
	Type           string      `json:"type"`
}

type alertJSON struct {
	Labels   map[string]string `json:"labels"`
	State    string            `json:"state"`
	ActiveAt time.Time         `json:"activeAt"`
}

// healthy is a rule that was evaluated ten seconds before noon, with the alerts
// that it has.
func healthy(name string, alerts ...alertJSON) ruleJSON {
	r := ruleJSON{
		Name: name, Query: "latency > 1", State: "inactive", Health: "ok", Type: "alerting",
		LastEvaluation: noon.Add(-10 * time.Second), Alerts: alerts,
	}
	for _, a := range alerts {
		r.State = a.State
	}
	return r
}

// fires is an alert on a cluster, five minutes old at noon.
func fires(cluster string) alertJSON {
	return alertJSON{Labels: map[string]string{"cluster": cluster}, State: "firing", ActiveAt: noon.Add(-5 * time.Minute)}
}

func (r ruleJSON) with(change func(*ruleJSON)) ruleJSON { change(&r); return r }

func (a alertJSON) with(change func(*alertJSON)) alertJSON { change(&a); return a }

// rules is the answer of a Prometheus with these rules.
func rules(rules ...ruleJSON) string {
	return mustJSON(map[string]any{"status": "success", "data": map[string]any{
		"groups": []any{map[string]any{"name": "kafka", "file": "kafka.yml", "interval": 15, "rules": rules}},
	}})
}

// managed is an alert as Alertmanager shows it.
type managedJSON struct {
	Labels       map[string]string   `json:"labels"`
	StartsAt     time.Time           `json:"startsAt"`
	UpdatedAt    time.Time           `json:"updatedAt"`
	EndsAt       time.Time           `json:"endsAt"`
	GeneratorURL string              `json:"generatorURL"`
	Status       map[string]any      `json:"status"`
	Receivers    []map[string]string `json:"receivers"`
}

// managed is an alert on a cluster that people are told of.
func managed(alert, cluster string) managedJSON {
	return managedJSON{
		Labels:   map[string]string{"alertname": alert, "cluster": cluster},
		StartsAt: noon.Add(-3 * time.Minute), UpdatedAt: noon.Add(-20 * time.Second), EndsAt: noon.Add(4 * time.Minute),
		GeneratorURL: "https://prometheus.example.com/graph?g0.expr=latency",
		Status:       map[string]any{"state": "active", "silencedBy": []string{}, "inhibitedBy": []string{}},
	}
}

func (m managedJSON) with(change func(*managedJSON)) managedJSON { change(&m); return m }

func silencedBy(ids ...string) func(*managedJSON) {
	return func(m *managedJSON) {
		m.Status = map[string]any{"state": "suppressed", "silencedBy": ids, "inhibitedBy": []string{}}
	}
}

func alerts(list ...managedJSON) string {
	if list == nil {
		return "[]"
	}
	return mustJSON(list)
}

func mustJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// ask polls every source once.
func ask(m *Monitors) {
	for _, s := range m.sources {
		_, _ = s.poll(context.Background())
	}
}

func newMonitors(t *testing.T, cfg Config) *Monitors {
	t.Helper()
	if cfg.Now == nil {
		cfg.Now = func() time.Time { return noon }
	}
	m, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func endpoint(name, url string) Endpoint { return Endpoint{Name: name, URL: url} }
