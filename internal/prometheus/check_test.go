package prometheus

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

func TestCheckTellsWhatWouldNotWork(t *testing.T) {
	const alert = "KafkaLatencyHigh"
	for _, c := range []struct {
		name   string
		rules  string
		alerts string
		want   []string
	}{
		{name: "a healthy rule is no problem", rules: rules(healthy(alert)), alerts: alerts()},
		{name: "a rule that fires is no problem", rules: rules(healthy(alert, fires("lkc-1"))), alerts: alerts(managed(alert, "lkc-1"))},
		{
			name: "a rule that does not exist", rules: rules(), alerts: alerts(),
			want: []string{"monitor latency of product kafka: Prometheus eu has no alerting rule KafkaLatencyHigh; deploy the rule there, or correct the name of the alert"},
		},
		{
			name: "a rule that cannot be evaluated", alerts: alerts(),
			rules: rules(healthy(alert).with(func(r *ruleJSON) { r.Health, r.LastError = "err", "no such function" })),
			want:  []string{"monitor latency of product kafka: Prometheus eu says that rule KafkaLatencyHigh is not healthy in group kafka (err): no such function"},
		},
		{
			name: "a rule that was never evaluated", alerts: alerts(),
			rules: rules(healthy(alert).with(func(r *ruleJSON) { r.Health = "unknown" })),
			want:  []string{"monitor latency of product kafka: Prometheus eu says that rule KafkaLatencyHigh has not been evaluated yet in group kafka"},
		},
		{
			name: "a rule that is evaluated less often than its monitor needs", alerts: alerts(),
			rules: strings.Replace(rules(healthy(alert)), `"interval":15`, `"interval":600`, 1),
			want:  []string{"monitor latency of product kafka: Prometheus eu evaluates rule KafkaLatencyHigh every 10m0s, and the monitor is unknown after 5m0s; set maxAge to more than twice the interval, or evaluate more often"},
		},
		{
			name: "an alert that is silenced", rules: rules(healthy(alert)), alerts: alerts(managed(alert, "lkc-1").with(silencedBy("s1"))),
			want: []string{"monitor latency of product kafka: Alertmanager main says that KafkaLatencyHigh fires on lkc-1 and is silenced by silence s1"},
		},
		{
			name: "a server that does not answer is one problem, however many monitors it has", rules: "", alerts: alerts(),
			want: []string{"Prometheus eu does not answer: parse answer: unexpected end of JSON input"},
		},
	} {
		f := newFakeServer(t).on(rulesPath, says(c.rules)).on(alertsPath, says(c.alerts))
		m := newMonitors(t, Config{
			Prometheus:    []Server{{Endpoint: endpoint("eu", f.URL)}},
			Alertmanagers: []Alertmanager{{Endpoint: endpoint("main", f.URL)}},
		})
		var got []string
		for _, p := range m.Check(context.Background(), kafka()) {
			got = append(got, p.String())
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s:\n got %q\nwant %q", c.name, got, c.want)
		}
		if _, err := m.Signals(context.Background(), kafka()); err == nil {
			t.Errorf("%s: Check is taken for a poll", c.name)
		}
	}
}

func TestCheckTellsThatNobodyServesAProduct(t *testing.T) {
	f := newFakeServer(t).on(rulesPath, says(rules()))
	m := newMonitors(t, Config{Prometheus: []Server{{Endpoint: Endpoint{Name: "eu", URL: f.URL, Products: []string{"ksqldb"}}}}})
	got := m.Check(context.Background(), kafka())
	if len(got) != 1 || got[0].String() != "monitor latency of product kafka: no Prometheus and no Alertmanager is configured for product kafka; add the product to one in the server's configuration" {
		t.Errorf("%v", got)
	}
}

func TestMonitorsOfOthersAreNotChecked(t *testing.T) {
	f := newFakeServer(t).on(rulesPath, says(rules()))
	m := newMonitors(t, Config{Prometheus: []Server{{Endpoint: endpoint("eu", f.URL)}}})
	products := []fleet.Product{{Meta: fleet.Meta{Name: "kafka"}, Spec: fleet.ProductSpec{Monitors: []fleet.Monitor{
		{Name: "dd", Datadog: &fleet.DatadogMonitor{Query: "x", ClusterTag: "y"}, MaxAge: fleet.Duration(time.Minute)},
	}}}}
	if got := m.Check(context.Background(), products); len(got) != 0 {
		t.Errorf("%v", got)
	}
}
