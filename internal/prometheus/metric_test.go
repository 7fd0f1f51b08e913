package prometheus

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
)

// vector is the answer to a query with these samples: label and value by turns.
func vector(samples ...string) string {
	var list []string
	for i := 0; i < len(samples); i += 2 {
		list = append(list, fmt.Sprintf(`{"metric":{"cluster":%q},"value":[1795520725.1,%q]}`, samples[i], samples[i+1]))
	}
	return `{"status":"success","data":{"resultType":"vector","result":[` + strings.Join(list, ",") + `]}}`
}

func TestAMetricHasOneFiniteValueForEachCluster(t *testing.T) {
	for _, c := range []struct {
		name   string
		bodies []string // one for each Prometheus
		want   map[string]float64
		err    string
	}{
		{
			name: "the values of all regions are put together", bodies: []string{vector("lkc-1", "0.5", "lkc-2", "1e3"), vector("lkc-3", "-7")},
			want: map[string]float64{"lkc-1": 0.5, "lkc-2": 1000, "lkc-3": -7},
		},
		{name: "a region in which nothing is measured adds nothing", bodies: []string{vector(), vector("lkc-3", "7")}, want: map[string]float64{"lkc-3": 7}},
		{name: "a query without any result", bodies: []string{vector(), vector()}, err: `the query "cpu" has no result`},
		{name: "a value that is no number", bodies: []string{vector("lkc-1", "NaN")}, err: `Prometheus p0: parse result: the value of lkc-1 is "NaN", which is not a finite number`},
		{name: "an infinite value", bodies: []string{vector("lkc-1", "-Inf")}, err: `"-Inf"`},
		{name: "a value beyond all numbers", bodies: []string{vector("lkc-1", "1e999")}, err: "not a finite number"},
		{name: "a value that is a word", bodies: []string{vector("lkc-1", "much")}, err: `"much"`},
		{name: "two values of one cluster", bodies: []string{vector("lkc-1", "1", "lkc-1", "2")}, err: "lkc-1 has two values; aggregate by (cluster)"},
		{name: "two regions that both know a cluster", bodies: []string{vector("lkc-1", "1"), vector("lkc-1", "1")}, err: "Prometheus p1: parse result: lkc-1 has two values"},
		{name: "a value of no cluster", bodies: []string{vector("", "1")}, err: "a value has no label cluster"},
		{name: "a number by itself", bodies: []string{`{"status":"success","data":{"resultType":"scalar","result":[1,"2"]}}`}, err: `it is a "scalar" and not a vector`},
		{name: "a value that is not written as text", bodies: []string{`{"status":"success","data":{"resultType":"vector","result":[{"metric":{"cluster":"a"},"value":[1,2]}]}}`}, err: "parse result: the value of a"},
		{name: "a sample without a value", bodies: []string{`{"status":"success","data":{"resultType":"vector","result":[{"metric":{"cluster":"a"}}]}}`}, err: "parse result: the value of a"},
		{name: "a result that the server calls incomplete", bodies: []string{strings.Replace(vector("a", "1"), "{", `{"warnings":["a store is down"],`, 1)}, err: "a store is down"},
		{name: "a region that does not answer", bodies: []string{vector("lkc-1", "1"), "down"}, err: "Prometheus p1: the server answers 400 Bad Request: parse error: unclosed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var cfg Config
			for i, body := range c.bodies {
				f := newFakeServer(t).on(queryPath, func(w http.ResponseWriter, r *http.Request) {
					switch {
					case r.FormValue("query") != "cpu":
						t.Errorf("asked for %q", r.FormValue("query"))
					case body == "down":
						refuses(400, `{"status":"error","errorType":"bad_data","error":"parse error: unclosed"}`)(w, r)
					default:
						says(body)(w, r)
					}
				})
				cfg.Prometheus = append(cfg.Prometheus, Server{Endpoint: endpoint(fmt.Sprint("p", i), f.URL)})
			}
			got, err := newMonitors(t, cfg).Metric(context.Background(), "cpu", "cluster")
			if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Fatalf("error %v, want %q", err, c.err)
			}
			if !maps.Equal(got, c.want) {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

func TestAMetricThatNobodyCanMeasure(t *testing.T) {
	am := newMonitors(t, Config{Alertmanagers: []Alertmanager{{Endpoint: endpoint("a", "http://a")}}})
	if _, err := am.Metric(context.Background(), "cpu", "cluster"); err == nil || !strings.Contains(err.Error(), "no Prometheus is configured") {
		t.Errorf("at an Alertmanager: %v", err)
	}
	f := newFakeServer(t)
	m := newMonitors(t, Config{Prometheus: []Server{{Endpoint: endpoint("eu", f.URL)}}})
	if _, err := m.Metric(context.Background(), strings.Repeat("x", 5000), "cluster"); err == nil || f.times(queryPath) != 0 {
		t.Errorf("a query of 5,000 bytes: %v", err)
	}
}
