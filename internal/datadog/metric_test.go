package datadog_test

import (
	"maps"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/internal/datadogtest"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

const cpu = "avg:kafka.cpu{*} by {kafka_cluster}"

// line is the series of a cluster with one value each 20 seconds, the last one
// 20 seconds before noon.
func line(cluster string, values ...float64) datadogtest.Series {
	s := datadogtest.Series{Tags: []string{clusterTag + ":" + cluster}}
	for i, v := range values {
		s.Points = append(s.Points, datadogtest.Point{At: noon.Add(-20 * time.Second * time.Duration(len(values)-i)), Value: v})
	}
	return s
}

// ago moves all points of a series back.
func ago(s datadogtest.Series, d time.Duration) datadogtest.Series {
	for i := range s.Points {
		s.Points[i].At = s.Points[i].At.Add(-d)
	}
	return s
}

func TestAClusterIsMeasuredByItsNewestPoint(t *testing.T) {
	null := math.NaN()
	tests := []struct {
		story  string
		series []datadogtest.Series
		want   map[string]float64
		says   string // part of the error
	}{
		{"two clusters", []datadogtest.Series{line("lkc-1", 10, 20), line("lkc-2", 5)}, map[string]float64{"lkc-1": 20, "lkc-2": 5}, ""},
		{"zero is a value", []datadogtest.Series{line("lkc-1", 3, 0)}, map[string]float64{"lkc-1": 0}, ""},
		{"a value of a colon name", []datadogtest.Series{line("eu:lkc-1", 3)}, map[string]float64{"eu:lkc-1": 3}, ""},
		{"the newest point is null", []datadogtest.Series{line("lkc-1", 10, null), line("lkc-2", 5)}, map[string]float64{"lkc-2": 5}, ""},
		{"an older point is null", []datadogtest.Series{line("lkc-1", null, 10)}, map[string]float64{"lkc-1": 10}, ""},
		{"the series broke off", []datadogtest.Series{ago(line("lkc-1", 10), 6*time.Minute), line("lkc-2", 5)}, map[string]float64{"lkc-2": 5}, ""},
		{"the newest point is a few minutes old", []datadogtest.Series{ago(line("lkc-1", 10), 4*time.Minute)}, map[string]float64{"lkc-1": 10}, ""},
		{"no points at all", []datadogtest.Series{line("lkc-1"), line("lkc-2", 5)}, map[string]float64{"lkc-2": 5}, ""},
		{"what has no cluster", []datadogtest.Series{line("N/A", 1), line("lkc-2", 5)}, map[string]float64{"lkc-2": 5}, ""},
		{"two series for a cluster", []datadogtest.Series{line("lkc-1", 1), line("lkc-1", 2)}, nil, "two series for cluster lkc-1"},
		{"nothing is known", []datadogtest.Series{line("lkc-1", null)}, nil, "no cluster has a value"},
		{"there is no such metric", nil, nil, "no cluster has a value"},
	}
	for _, test := range tests {
		t.Run(test.story, func(t *testing.T) {
			w := newWorld(t, atNoon)
			w.server.SetMetric(cpu, test.series...)
			got, err := w.monitors.Metric(t.Context(), cpu, "")
			switch {
			case test.says == "" && err != nil:
				t.Fatal(err)
			case test.says != "" && (err == nil || !strings.Contains(err.Error(), test.says)):
				t.Fatalf("got %v, want an error that says %q", err, test.says)
			}
			if !maps.Equal(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestTheTagThatNamesTheClusterIsInTheQuery(t *testing.T) {
	tests := []struct {
		query, tag string
		asked      bool
		says       string
	}{
		{"avg:kafka.cpu{*} by {kafka_cluster}", "", true, ""},
		{"avg:kafka.cpu{*} by {kafka_cluster}", "kafka_cluster", true, ""},
		{"avg:kafka.cpu{env:prod}by{kafka_cluster}.rollup(max, 60)", "", true, ""},
		{"avg:kafka.cpu{*} by {kafka_cluster, region}", "kafka_cluster", true, ""},
		{"avg:a{*} by {kafka_cluster} / avg:b{*} by {kafka_cluster}", "", true, ""},
		{"avg:kafka.cpu{*} by {kafka_cluster,region}", "", false, "grouped by several tags, kafka_cluster and region"},
		{"avg:kafka.cpu{*} by {host}", "kafka_cluster", false, "not grouped by kafka_cluster"},
		{"avg:a{*} by {kafka_cluster} / avg:b{*} by {host}", "", false, "grouped by different tags"},
		{"avg:kafka.cpu{*}", "", false, "not grouped by cluster"},
		{"avg:kafka.cpu{*}", "kafka_cluster", false, "not grouped by cluster"},
		{"avg:kafka.cpu{*} by {}", "", false, "not grouped by cluster"},
		{"avg:kafka.cpu{standby {kafka_cluster}", "", false, "not grouped by cluster"},
		{"avg:kafka.cpu{*} by {kafka_cluster", "", false, "not grouped by cluster"},
		{"", "", false, "not grouped by cluster"},
	}
	for _, test := range tests {
		t.Run(test.query+" "+test.tag, func(t *testing.T) {
			w := newWorld(t, atNoon)
			w.server.SetMetric(test.query, line("lkc-1", 4))
			got, err := w.monitors.Metric(t.Context(), test.query, test.tag)
			if test.asked && (err != nil || got["lkc-1"] != 4) {
				t.Errorf("got %v, %v", got, err)
			}
			if !test.asked && (err == nil || !strings.Contains(err.Error(), test.says)) {
				t.Errorf("got %v, want an error that says %q", err, test.says)
			}
			if asked := len(w.server.Requests()) > 0; asked != test.asked {
				t.Errorf("asked: %v, want %v", asked, test.asked)
			}
		})
	}
}

func TestMetricAnswersThatAreNoAnswers(t *testing.T) {
	tests := []struct {
		story string
		fault datadogtest.Fault
		says  string
	}{
		{"Datadog is down", datadogtest.Fault{Status: 503}, "Datadog answers 503"},
		{"the query fails", datadogtest.Fault{Garbage: `{"status":"error","error":"Error parsing query"}`}, `the answer of Datadog is "error": Error parsing query`},
		{"an empty object", datadogtest.Fault{Garbage: `{}`}, `the answer of Datadog is ""`},
		{"a point that is none", datadogtest.Fault{Garbage: `{"status":"ok","series":[{"tag_set":["kafka_cluster:lkc-1"],"pointlist":[[1]]}]}`}, "no cluster has a value"},
		{"points of another kind", datadogtest.Fault{Garbage: `{"status":"ok","series":[{"tag_set":["kafka_cluster:lkc-1"],"pointlist":"none"}]}`}, "no cluster has a value"},
	}
	for _, test := range tests {
		t.Run(test.story, func(t *testing.T) {
			w := newWorld(t, atNoon)
			w.server.Fail(test.fault)
			got, err := w.monitors.Metric(t.Context(), cpu, "")
			if got != nil || err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, %v, want an error that says %q", got, err, test.says)
			}
		})
	}
}

func TestAMeasurementSaysAsOfWhen(t *testing.T) {
	w := newWorld(t, atNoon)
	w.server.SetMetric(cpu, line("lkc-1", 10, 20))
	got, err := w.monitors.Measure(t.Context(), fleet.Metric{Datadog: cpu, ClusterTag: clusterTag})
	if err != nil || !got.AsOf.Equal(noon) || got.Values["lkc-1"] != 20 {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := w.monitors.Measure(t.Context(), fleet.Metric{Prometheus: "up", ClusterLabel: "c"}); err == nil {
		t.Error("a metric of Prometheus was measured")
	}
}
