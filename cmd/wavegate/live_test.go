package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/internal/datadog"
	"github.com/wavegate-dev/wavegate/internal/datadogtest"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

const liveRepo = `apiVersion: wavegate.dev/v1alpha1
kind: Fleet
metadata: {name: acme}
spec: {order: [all]}
---
apiVersion: wavegate.dev/v1alpha1
kind: Product
metadata: {name: kafka}
spec:
  image: registry.example.com/kafka
  workload: {kind: StatefulSet, selector: {matchLabels: {app: kafka}}}
  monitors:
    - {name: MONITORS, prometheus: {alert: KafkaLatencyHigh, clusterLabel: cluster}}
    - {name: renamed, prometheus: {alert: KafkaGone, clusterLabel: cluster}}
    - {name: replicas, datadog: {query: "tag:(service:kafka)", clusterTag: kafka_cluster}}
    - {name: deleted, datadog: {query: "tag:(service:gone)", clusterTag: kafka_cluster}}
    - {name: hushed, datadog: {query: "tag:(service:hushed)", clusterTag: kafka_cluster}}
---
apiVersion: wavegate.dev/v1alpha1
kind: Cohort
metadata: {name: all}
spec:
  selector:
    matchLabels: {tier: prod}
    metric: {query: {prometheus: "avg by (cluster) (cpu)", clusterLabel: cluster}, below: 50}
  versions: {kafka: 7.6.0}
  orderBy:
    - metric: "avg:kafka.cpu{*} by {kafka_cluster}"
    - metric: {prometheus: "nothing", clusterLabel: cluster}
`

func liveFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	repo := strings.Replace(liveRepo, "MONITORS", "latency", 1)
	if err := os.WriteFile(filepath.Join(dir, "fleet.yaml"), []byte(repo), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// alertRules is a Prometheus with one healthy rule and one metric.
func alertRules(t *testing.T) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/api/v1/rules":
			_, _ = fmt.Fprintf(w, `{"status":"success","data":{"groups":[{"name":"kafka","file":"k.yml","interval":15,"rules":[
				{"name":"KafkaLatencyHigh","query":"latency > 1","state":"inactive","health":"ok","type":"alerting","lastEvaluation":%q,"alerts":[]}]}]}}`,
				time.Now().Format(time.RFC3339Nano))
		case r.URL.Path == "/api/v1/query" && r.URL.Query().Get("query") != "nothing":
			_, _ = fmt.Fprint(w, `{"status":"success","data":{"resultType":"vector","result":[{"metric":{"cluster":"lkc-1"},"value":[1,"7"]}]}}`)
		default:
			_, _ = fmt.Fprint(w, `{"status":"success","data":{"resultType":"vector","result":[]}}`)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func TestValidateLiveFindsWhatWouldBlock(t *testing.T) {
	s := alertRules(t)
	var out, errs bytes.Buffer
	code := execute(t.Context(), []string{"validate", liveFolder(t), "--live", "--prometheus", s.URL, "-o", "json"}, &out, &errs)
	if code != exitFound {
		t.Fatalf("exit code %d: %s", code, errs.String())
	}
	var v validation
	if err := json.Unmarshal(out.Bytes(), &v); err != nil {
		t.Fatal(err)
	}
	want := []struct {
		line int
		text string
	}{
		{14, "monitor renamed of product kafka: Prometheus"},
		{15, "monitor replicas of product kafka: no source answers for it"},
		{16, "monitor deleted of product kafka: no source"},
		{17, "monitor hushed of product kafka: no source"},
		{28, "metric that orders cohort all gives nothing: no Datadog is configured"},
		{29, "metric that orders cohort all gives nothing: evaluate metric"},
	}
	if !v.Valid || len(v.Live) != len(want) {
		t.Fatalf("valid %t, %+v", v.Valid, v.Live)
	}
	for i, w := range want {
		if got := v.Live[i]; got.File != "fleet.yaml" || got.Line != w.line || !strings.HasPrefix(got.Message, w.text) {
			t.Errorf("%s, want line %d: %s", got, w.line, w.text)
		}
	}
}

func TestValidateLiveSaysWhomItWouldAsk(t *testing.T) {
	for _, args := range [][]string{{"--live"}, {"--prometheus", "http://127.0.0.1:1"}} {
		var out, errs bytes.Buffer
		if code := execute(t.Context(), append([]string{"validate", liveFolder(t)}, args...), &out, &errs); code != exitUsage {
			t.Errorf("%v: exit code %d: %s", args, code, errs.String())
		}
	}
	// A source that does not answer is found as well.
	var out, errs bytes.Buffer
	code := execute(t.Context(), []string{"validate", liveFolder(t), "--live", "--prometheus", "http://127.0.0.1:1"}, &out, &errs)
	if code != exitFound || !strings.Contains(out.String(), "does not answer") || !strings.Contains(out.String(), "the files are valid") {
		t.Errorf("exit code %d: %s%s", code, out.String(), errs.String())
	}
}

// openDatadog returns sources that are a Datadog of the tests' own.
func openDatadog(t *testing.T, server *datadogtest.Server, alert func(), change ...func(*datadog.Config)) (monitors, *datadog.Monitors) {
	t.Helper()
	key := func(s string) func() (string, error) { return func() (string, error) { return s, nil } }
	cfg := datadog.Config{
		HTTPClient: server.Client(), APIKey: key("api-key"), AppKey: key("app-key"), Now: time.Now,
		Logger: slog.New(slog.DiscardHandler), Changed: alert,
	}
	for _, c := range change {
		c(&cfg)
	}
	d, err := datadog.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return monitors{datadogSource(d)}, d
}

func TestValidateLiveAsksDatadog(t *testing.T) {
	spec, problems := fleet.Load(os.DirFS(liveFolder(t)))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	server := datadogtest.New(datadogtest.Config{Now: time.Now})
	on := func(service string, g ...datadogtest.Group) datadogtest.Monitor {
		return datadogtest.Monitor{ID: int64(len(service)), Name: service, Tags: []string{"service:" + service}, Groups: g}
	}
	server.SetMonitors(
		on("kafka", datadogtest.Group{Tags: []string{"kafka_cluster:lkc-1"}}),
		on("hushed", datadogtest.Group{Tags: []string{"kafka_cluster:lkc-1"}, Muted: true}, datadogtest.Group{Tags: []string{"kafka_cluster:lkc-2"}, Status: "No Data"}),
	)
	server.SetMetric("avg:kafka.cpu{*} by {kafka_cluster}", datadogtest.Series{
		Tags: []string{"kafka_cluster:lkc-1"}, Points: []datadogtest.Point{{At: time.Now(), Value: 1}},
	})
	sources, _ := openDatadog(t, server, func() {})
	found := slices.Concat(sources.checkMonitors(t.Context(), spec), sources.checkMetrics(t.Context(), spec))
	text := fmt.Sprint(found)
	for _, want := range []string{
		"fleet.yaml:16:7: monitor deleted of product kafka: no monitor matches the query",
		"fleet.yaml:17:7: monitor hushed of product kafka: kafka_cluster:lkc-1 of monitor 6 is muted, kafka_cluster:lkc-2 of monitor 6 has no data",
		"fleet.yaml:13:7: monitor latency of product kafka: no source answers for it",
		"metric that bounds cohort all gives nothing: no Prometheus is configured",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, found.Error())
		}
	}
	if strings.Contains(text, "monitor replicas") || strings.Contains(text, "28:") {
		t.Errorf("what is well was found:\n%s", found.Error())
	}
}
