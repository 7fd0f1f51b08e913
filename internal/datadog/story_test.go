package datadog_test

import (
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/internal/datadog"
	"github.com/wavegate-dev/wavegate/internal/datadogtest"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// The story that most tests tell: Kafka clusters with a tag kafka_cluster, and
// monitors that are found by the tag service:kafka.
const (
	kafkaQuery = "tag:(service:kafka severity:critical)"
	clusterTag = "kafka_cluster"
)

var kafkaTags = []string{"service:kafka", "severity:critical"}

// noon is the time at which stories begin that need no moving clock.
var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func atNoon() time.Time { return noon }

var discard = slog.New(slog.DiscardHandler)

// world is a Datadog server and the monitors that read it.
type world struct {
	server   *datadogtest.Server
	monitors *datadog.Monitors
}

// newWorld makes a world with the given clock, without sockets and jitter.
func newWorld(t testing.TB, now func() time.Time, change ...func(*datadog.Config)) world {
	t.Helper()
	server := datadogtest.New(datadogtest.Config{Now: now})
	cfg := datadog.Config{
		APIKey:     func() (string, error) { return "api-key", nil },
		AppKey:     func() (string, error) { return "app-key", nil },
		HTTPClient: server.Client(), Now: now, Rand: func() float64 { return 0 },
		Logger: discard,
	}
	for _, f := range change {
		f(&cfg)
	}
	monitors, err := datadog.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return world{server, monitors}
}

// product has one Datadog monitor for each query, named after its place: m0, m1.
func product(name string, queries ...string) fleet.Product {
	p := fleet.Product{Meta: fleet.Meta{Name: name}}
	for i, q := range queries {
		p.Spec.Monitors = append(p.Spec.Monitors, fleet.Monitor{
			Name:    "m" + string(rune('0'+i)),
			Datadog: &fleet.DatadogMonitor{Query: q, ClusterTag: clusterTag},
		})
	}
	return p
}

func kafka() []fleet.Product { return []fleet.Product{product("kafka", kafkaQuery)} }

var m0 = plan.MonitorKey{Product: "kafka", Monitor: "m0"}

// onCluster is a group of a cluster.
func onCluster(cluster, status string) datadogtest.Group {
	return datadogtest.Group{Tags: []string{clusterTag + ":" + cluster}, Status: status}
}

// replicas is monitor 7, which the Kafka query finds.
func replicas(groups ...datadogtest.Group) datadogtest.Monitor {
	return datadogtest.Monitor{ID: 7, Name: "Under-replicated partitions", Tags: kafkaTags, Groups: groups}
}

// poll reads the monitors once and returns what they say.
func (w world) poll(t testing.TB, products []fleet.Product) plan.Signals {
	t.Helper()
	if err := w.monitors.Poll(t.Context(), products); err != nil {
		t.Fatal(err)
	}
	return w.signals(t, products)
}

func (w world) signals(t testing.TB, products []fleet.Product) plan.Signals {
	t.Helper()
	s, err := w.monitors.Signals(t.Context(), products)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// firing names the clusters with alerts.
func firing(s plan.Signals) []string {
	var clusters []string
	for _, a := range s.Alerts {
		clusters = append(clusters, a.Cluster)
	}
	return clusters
}

func wantFiring(t *testing.T, s plan.Signals, want ...string) {
	t.Helper()
	if got := firing(s); !slices.Equal(got, want) {
		t.Errorf("alerts on %q, want them on %q", got, want)
	}
}

// wantUnknown checks that the monitor is unknown for a reason that has all the
// parts, or known when there are none.
func wantUnknown(t *testing.T, s plan.Signals, key plan.MonitorKey, parts ...string) {
	t.Helper()
	state, ok := s.Sources[key]
	switch {
	case !ok:
		t.Errorf("%v has no source", key)
	case len(parts) == 0 && state.Unknown != "":
		t.Errorf("%v is unknown: %s", key, state.Unknown)
	case len(parts) > 0 && state.Unknown == "":
		t.Errorf("%v is known, want it unknown because of %q", key, parts)
	}
	for _, part := range parts {
		if !strings.Contains(state.Unknown, part) {
			t.Errorf("%v is unknown because %q, want it to say %q", key, state.Unknown, part)
		}
	}
}

// wantBlind checks to which clusters a monitor that is known is blind, as
// "CLUSTER: WHY".
func wantBlind(t *testing.T, s plan.Signals, key plan.MonitorKey, want ...string) {
	t.Helper()
	var got []string
	for _, b := range s.Blind {
		if b.Product == key.Product && b.Monitor == key.Monitor {
			got = append(got, b.Cluster+": "+b.Why)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%v is blind to %q, want %q", key, got, want)
	}
}

// searches are the pages that were asked for.
func (w world) searches() []datadogtest.Request {
	var out []datadogtest.Request
	for _, r := range w.server.Requests() {
		if r.Path == "/api/v1/monitor/groups/search" {
			out = append(out, r)
		}
	}
	return out
}
