package prometheus

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

func TestWhatServersSayAboutAMonitor(t *testing.T) {
	const alert = "KafkaLatencyHigh"
	silence := mustJSON([]map[string]any{
		{"id": "s1", "createdBy": "jane", "endsAt": noon.Add(time.Hour), "comment": "work"},
		{"id": "s2", "createdBy": "joe", "endsAt": noon.Add(2 * time.Hour)},
	})
	seconds := func(n int) time.Time { return noon.Add(time.Duration(n) * time.Second) }
	type want struct {
		asOf    time.Time // ten seconds before noon when zero
		unknown []string  // parts of the reason; none: it can be relied upon
		alerts  []string  // cluster, since
		blind   []string  // cluster, why
	}
	for _, c := range []struct {
		name       string
		prometheus []string // bodies; "down" never answers, "refuse" answers 500
		managers   []string
		silences   string
		watchdog   string
		want       want
	}{
		{
			name:       "a rule that does not fire is quiet as of its last evaluation",
			prometheus: []string{rules(healthy(alert))},
		},
		{
			name:       "an alert fires since its rule stopped holding it back",
			prometheus: []string{rules(healthy(alert, fires("lkc-1")).with(func(r *ruleJSON) { r.Duration = 120 }))},
			want:       want{alerts: []string{"lkc-1 11:57:00"}},
		},
		{
			name:       "an alert that fires has not begun after its last evaluation, however long its rule holds back now",
			prometheus: []string{rules(healthy(alert, fires("lkc-1")).with(func(r *ruleJSON) { r.Duration = 3600 }))},
			want:       want{alerts: []string{"lkc-1 11:59:50"}},
		},
		{
			name:       "a pending alert is no alert yet",
			prometheus: []string{rules(healthy(alert, fires("lkc-1").with(func(a *alertJSON) { a.State = "pending" })))},
		},
		{
			name:       "an alert in a state that nobody knows blinds its monitor",
			prometheus: []string{rules(healthy(alert, fires("lkc-1").with(func(a *alertJSON) { a.State = "recovering" })))},
			want:       want{unknown: []string{`the state "recovering"`}},
		},
		{
			name:       "a rule that fires without telling where blinds its monitor",
			prometheus: []string{rules(healthy(alert).with(func(r *ruleJSON) { r.State = "firing" }))},
			want:       want{unknown: []string{"fires in group kafka", "does not say where"}},
		},
		{
			name: "an alert without the cluster label names no cluster, and blinds its monitor",
			prometheus: []string{rules(healthy(alert, fires("lkc-1"), fires("").with(func(a *alertJSON) {
				a.Labels = map[string]string{"instance": "broker-3"}
			})))},
			want: want{unknown: []string{"fires without the label cluster", "add the label"}, alerts: []string{" 11:55:00", "lkc-1 11:55:00"}},
		},
		{
			name:       "a rule that does not exist blinds its monitor",
			prometheus: []string{rules(healthy("SomethingElse"))},
			want:       want{asOf: noon, unknown: []string{"Prometheus p0 has no alerting rule KafkaLatencyHigh", "deploy the rule"}},
		},
		{
			name:       "a rule whose name differs in case is not the rule, but is named",
			prometheus: []string{rules(healthy("kafkalatencyhigh"))},
			want:       want{asOf: noon, unknown: []string{"has no alerting rule", "did you mean kafkalatencyhigh?"}},
		},
		{
			name:       "a recording rule of the name is not an alert",
			prometheus: []string{rules(healthy(alert).with(func(r *ruleJSON) { r.Type = "recording" }))},
			want:       want{asOf: noon, unknown: []string{"has no alerting rule"}},
		},
		{
			name: "a rule that cannot be evaluated blinds its monitor, and what fires there still counts",
			prometheus: []string{rules(healthy(alert, fires("lkc-1")).with(func(r *ruleJSON) {
				r.Health, r.LastError = "err", "many-to-many\nmatching"
			}))},
			want: want{unknown: []string{"is not healthy in group kafka (err): many-to-many matching"}, alerts: []string{"lkc-1 11:55:00"}},
		},
		{
			name: "a rule that was never evaluated blinds its monitor",
			prometheus: []string{rules(healthy(alert).with(func(r *ruleJSON) {
				r.Health, r.LastEvaluation = "unknown", time.Time{}
			}))},
			want: want{asOf: time.Time{}.Add(1), unknown: []string{"has not been evaluated yet"}},
		},
		{
			name:       "a rule that calls itself healthy and was never evaluated blinds its monitor",
			prometheus: []string{rules(healthy(alert).with(func(r *ruleJSON) { r.LastEvaluation = time.Time{} }))},
			want:       want{asOf: time.Time{}.Add(1), unknown: []string{"has not been evaluated yet"}},
		},
		{
			name: "a rule that was evaluated too long ago blinds its monitor",
			prometheus: []string{rules(healthy(alert).with(func(r *ruleJSON) {
				r.LastEvaluation = noon.Add(-6 * time.Minute)
			}))},
			want: want{asOf: noon.Add(-6 * time.Minute), unknown: []string{"evaluated rule KafkaLatencyHigh last at 2026-11-24 11:54 UTC"}},
		},
		{
			name: "of two rules with the name of the alert both count, and the older evaluation",
			prometheus: []string{rules(
				healthy(alert, fires("lkc-1")),
				healthy(alert, fires("lkc-2")).with(func(r *ruleJSON) { r.LastEvaluation = seconds(-40) }),
			)},
			want: want{asOf: seconds(-40), alerts: []string{"lkc-1 11:55:00", "lkc-2 11:55:00"}},
		},
		{
			name: "of two rules with the name of the alert one that is broken blinds the monitor",
			prometheus: []string{rules(
				healthy(alert), healthy(alert).with(func(r *ruleJSON) { r.Health = "err" }),
			)},
			want: want{unknown: []string{"is not healthy"}},
		},
		{
			name: "a monitor that fires on a cluster for several reasons fires once, since the first",
			prometheus: []string{rules(healthy(alert,
				fires("lkc-1").with(func(a *alertJSON) { a.Labels["topic"], a.ActiveAt = "b", seconds(-60) }),
				fires("lkc-1").with(func(a *alertJSON) { a.Labels["topic"], a.ActiveAt = "a", seconds(-90) }),
			))},
			want: want{alerts: []string{"lkc-1 11:58:30"}},
		},
		{
			name: "two regions are quiet together, as of the older answer",
			prometheus: []string{
				rules(healthy(alert)),
				rules(healthy(alert).with(func(r *ruleJSON) { r.LastEvaluation = seconds(-30) })),
			},
			want: want{asOf: seconds(-30)},
		},
		{
			name:       "a rule must be in every region",
			prometheus: []string{rules(healthy(alert, fires("lkc-1"))), rules()},
			want:       want{unknown: []string{"Prometheus p1 has no alerting rule"}, alerts: []string{"lkc-1 11:55:00"}},
		},
		{
			name:       "a region that was never heard blinds the monitor, and the alerts of the others count",
			prometheus: []string{"down", rules(healthy(alert, fires("lkc-1")))},
			want:       want{unknown: []string{"Prometheus p0 has never answered: ask server: "}, alerts: []string{"lkc-1 11:55:00"}},
		},
		{
			name:       "a region that answers with an error blinds the monitor",
			prometheus: []string{rules(healthy(alert)), "refuse"},
			want:       want{unknown: []string{"Prometheus p1 has never answered: the server answers 500"}},
		},
		{
			name:       "an answer of which the server warns that part is missing is no answer",
			prometheus: []string{rules(healthy(alert)), strings.Replace(rules(healthy(alert)), "{", `{"warnings":["store eu-2 is down"],`, 1)},
			want:       want{unknown: []string{"not complete: store eu-2 is down"}},
		},
		{
			name:       "an answer that is one page of many is no answer",
			prometheus: []string{rules(healthy(alert)), strings.Replace(rules(healthy(alert)), `"groups"`, `"groupNextToken":"x","groups"`, 1)},
			want:       want{unknown: []string{"one page of many"}},
		},
		{
			name:       "an answer without groups is no answer",
			prometheus: []string{rules(healthy(alert)), `{"status":"success","data":{}}`},
			want:       want{unknown: []string{"has no groups"}},
		},
		{
			name:     "Alertmanager alone is believed that nothing fires",
			managers: []string{alerts()},
			want:     want{asOf: noon},
		},
		{
			name:     "Alertmanager alone tells what fires, and since when",
			managers: []string{alerts(managed(alert, "lkc-1"), managed("Other", "lkc-2"))},
			want:     want{asOf: noon, alerts: []string{"lkc-1 11:57:00"}},
		},
		{
			name: "an alert that Alertmanager has not processed yet fires",
			managers: []string{alerts(managed(alert, "lkc-1").with(func(m *managedJSON) {
				m.Status = map[string]any{"state": "unprocessed"}
			}))},
			want: want{asOf: noon, alerts: []string{"lkc-1 11:57:00"}},
		},
		{
			name:     "an alert at Alertmanager without the cluster label names no cluster, and blinds its monitor",
			managers: []string{alerts(managed(alert, ""))},
			want:     want{asOf: noon, unknown: []string{"fires without the label cluster"}, alerts: []string{" 11:57:00"}},
		},
		{
			name:     "a silenced alert blinds its monitor on that cluster and is not charged",
			managers: []string{alerts(managed(alert, "lkc-1").with(silencedBy("s1")))},
			silences: silence,
			want:     want{asOf: noon, blind: []string{"lkc-1 Alertmanager a0 says that KafkaLatencyHigh fires there and is silenced by jane until 2026-11-24 13:00 UTC"}},
		},
		{
			name:     "of two silences the one that ends last is named",
			managers: []string{alerts(managed(alert, "lkc-1").with(silencedBy("s2", "s1")))},
			silences: silence,
			want:     want{asOf: noon, blind: []string{"lkc-1 Alertmanager a0 says that KafkaLatencyHigh fires there and is silenced by joe until 2026-11-24 14:00 UTC"}},
		},
		{
			name:     "of two silences the one that ends last is named, in whatever order they are listed",
			managers: []string{alerts(managed(alert, "lkc-1").with(silencedBy("s1", "s2")))},
			silences: silence,
			want:     want{asOf: noon, blind: []string{"lkc-1 Alertmanager a0 says that KafkaLatencyHigh fires there and is silenced by joe until 2026-11-24 14:00 UTC"}},
		},
		{
			name:     "a silence that cannot be read still blinds",
			managers: []string{alerts(managed(alert, "lkc-1").with(silencedBy("s9")))},
			silences: `{"not": "a list"}`,
			want:     want{asOf: noon, blind: []string{"lkc-1 Alertmanager a0 says that KafkaLatencyHigh fires there and is silenced by silence s9"}},
		},
		{
			name: "many silenced clusters are named one by one",
			managers: []string{alerts(
				managed(alert, "lkc-3").with(silencedBy("s1")), managed(alert, "lkc-1").with(silencedBy("s1")),
				managed(alert, "lkc-2").with(silencedBy("s1")), managed(alert, "lkc-2").with(silencedBy("s1")).with(func(m *managedJSON) { m.Labels["topic"] = "a" }),
			)},
			silences: silence,
			want: want{asOf: noon, blind: []string{
				"lkc-1 Alertmanager a0 says that KafkaLatencyHigh fires there and is silenced by jane until 2026-11-24 13:00 UTC",
				"lkc-2 Alertmanager a0 says that KafkaLatencyHigh fires there and is silenced by jane until 2026-11-24 13:00 UTC",
				"lkc-3 Alertmanager a0 says that KafkaLatencyHigh fires there and is silenced by jane until 2026-11-24 13:00 UTC",
			}},
		},
		{
			name:     "a silenced alert that names no cluster blinds its monitor everywhere",
			managers: []string{alerts(managed(alert, "").with(silencedBy("s1")))},
			silences: silence,
			want:     want{asOf: noon, unknown: []string{"fires on a cluster that it does not name, and is silenced by jane"}},
		},
		{
			name: "two silences of two topics of a cluster are both named",
			managers: []string{alerts(
				managed(alert, "lkc-1").with(silencedBy("s2")),
				managed(alert, "lkc-1").with(silencedBy("s1")).with(func(m *managedJSON) { m.Labels["topic"] = "b" }),
			)},
			silences: silence,
			want: want{asOf: noon, blind: []string{
				"lkc-1 Alertmanager a0 says that KafkaLatencyHigh fires there and is silenced by jane until 2026-11-24 13:00 UTC and silenced by joe until 2026-11-24 14:00 UTC",
			}},
		},
		{
			name: "an inhibited alert blinds its monitor on that cluster",
			managers: []string{alerts(managed(alert, "lkc-1").with(func(m *managedJSON) {
				m.Status = map[string]any{"state": "suppressed", "inhibitedBy": []string{"f00"}}
			}))},
			want: want{asOf: noon, blind: []string{"lkc-1 Alertmanager a0 says that KafkaLatencyHigh fires there and is inhibited by another alert"}},
		},
		{
			name: "an alert that a time interval mutes blinds its monitor on that cluster",
			managers: []string{alerts(managed(alert, "lkc-1").with(func(m *managedJSON) {
				m.Status = map[string]any{"state": "suppressed", "mutedBy": []string{"weekends"}}
			}))},
			want: want{asOf: noon, blind: []string{"lkc-1 Alertmanager a0 says that KafkaLatencyHigh fires there and is muted by time interval weekends"}},
		},
		{
			name: "an alert that is suppressed for no reason given blinds its monitor on that cluster",
			managers: []string{alerts(managed(alert, "lkc-1").with(func(m *managedJSON) {
				m.Status = map[string]any{"state": "suppressed"}
			}))},
			want: want{asOf: noon, blind: []string{"lkc-1 Alertmanager a0 says that KafkaLatencyHigh fires there and is suppressed"}},
		},
		{
			name:       "what Prometheus says fires is not charged while Alertmanager has it silenced",
			prometheus: []string{rules(healthy(alert, fires("lkc-1"), fires("lkc-2")))},
			managers:   []string{alerts(managed(alert, "lkc-1").with(silencedBy("s1")))},
			silences:   silence,
			want:       want{blind: []string{"lkc-1 Alertmanager a0 says that KafkaLatencyHigh fires there and is silenced by jane until 2026-11-24 13:00 UTC"}, alerts: []string{"lkc-2 11:55:00"}},
		},
		{
			name:       "a silence on one topic of a cluster hides no other topic of it",
			prometheus: []string{rules(healthy(alert, fires("lkc-1")))},
			managers: []string{alerts(
				managed(alert, "lkc-1").with(silencedBy("s1")),
				managed(alert, "lkc-1").with(func(m *managedJSON) { m.Labels["topic"] = "b" }),
			)},
			silences: silence,
			want:     want{blind: []string{"lkc-1 Alertmanager a0 says that KafkaLatencyHigh fires there and is silenced by jane until 2026-11-24 13:00 UTC"}, alerts: []string{"lkc-1 11:55:00"}},
		},
		{
			name:       "an alert that only Alertmanager has counts as well",
			prometheus: []string{rules(healthy(alert))},
			managers:   []string{alerts(managed(alert, "lkc-7"))},
			want:       want{alerts: []string{"lkc-7 11:57:00"}},
		},
		{
			name:       "an Alertmanager that was never heard blinds the monitor: it may be silenced",
			prometheus: []string{rules(healthy(alert, fires("lkc-1")))},
			managers:   []string{"down"},
			want:       want{unknown: []string{"Alertmanager a0 has never answered"}, alerts: []string{"lkc-1 11:55:00"}},
		},
		{
			name:     "Alertmanager is as fresh as its watchdog",
			managers: []string{alerts(managed("Watchdog", ""))},
			watchdog: "Watchdog",
			want:     want{asOf: seconds(-20)},
		},
		{
			name:     "a watchdog that does not fire blinds the monitor, and what fires counts",
			managers: []string{alerts(managed(alert, "lkc-1"))},
			watchdog: "Watchdog",
			want:     want{asOf: noon, unknown: []string{"has no alert Watchdog"}, alerts: []string{"lkc-1 11:57:00"}},
		},
		{
			name: "a watchdog that was not renewed for long blinds the monitor",
			managers: []string{alerts(managed("Watchdog", "").with(func(m *managedJSON) {
				m.UpdatedAt = noon.Add(-time.Hour)
			}))},
			watchdog: "Watchdog",
			want:     want{asOf: noon.Add(-time.Hour), unknown: []string{"heard of alert Watchdog last at 2026-11-24 11:00 UTC"}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			serve := func(path, body string) string {
				f := newFakeServer(t)
				switch body {
				case "down":
					f.Close()
				case "refuse":
					f.on(path, refuses(500, "oops"))
				default:
					f.on(path, says(body))
				}
				f.on(silencesPath, says(c.silences))
				return f.URL
			}
			var cfg Config
			for i, body := range c.prometheus {
				cfg.Prometheus = append(cfg.Prometheus, Server{Endpoint: endpoint(fmt.Sprint("p", i), serve(rulesPath, body))})
			}
			for i, body := range c.managers {
				cfg.Alertmanagers = append(cfg.Alertmanagers, Alertmanager{Endpoint: endpoint(fmt.Sprint("a", i), serve(alertsPath, body)), Watchdog: c.watchdog})
			}
			m := newMonitors(t, cfg)
			ask(m)
			got, err := m.Signals(context.Background(), kafka())
			if err != nil {
				t.Fatal(err)
			}
			state, ok := got.Sources[latency]
			if !ok || len(got.Sources) != 1 {
				t.Fatalf("the monitors are %v", got.Sources)
			}
			switch wantAsOf := c.want.asOf; {
			case wantAsOf.Equal(time.Time{}.Add(1)):
				if !state.AsOf.IsZero() {
					t.Errorf("as of %v, and it was never evaluated", state.AsOf)
				}
			case wantAsOf.IsZero():
				wantAsOf = seconds(-10)
				fallthrough
			default:
				if !state.AsOf.Equal(wantAsOf) {
					t.Errorf("as of %v, want %v", state.AsOf, wantAsOf)
				}
			}
			if (state.Unknown != "") != (len(c.want.unknown) > 0) {
				t.Errorf("unknown: %q", state.Unknown)
			}
			for _, part := range c.want.unknown {
				if !strings.Contains(state.Unknown, part) {
					t.Errorf("unknown: %q\nwant in it: %q", state.Unknown, part)
				}
			}
			var said []string
			for _, a := range got.Alerts {
				if a.Product != "kafka" || a.Monitor != "latency" {
					t.Errorf("an alert of %s of %s", a.Monitor, a.Product)
				}
				said = append(said, a.Cluster+" "+a.Since.Format(time.TimeOnly))
			}
			if !slices.Equal(said, c.want.alerts) {
				t.Errorf("alerts %q, want %q", said, c.want.alerts)
			}
			var blind []string
			for _, b := range got.Blind {
				if b.Product != "kafka" || b.Monitor != "latency" {
					t.Errorf("%s of %s is blind", b.Monitor, b.Product)
				}
				blind = append(blind, b.Cluster+" "+b.Why)
			}
			if !slices.Equal(blind, c.want.blind) {
				t.Errorf("blind to %q, want %q", blind, c.want.blind)
			}
		})
	}
}

func TestAnswersGrowOld(t *testing.T) {
	server := newFakeServer(t).on(rulesPath, says(rules(healthy("KafkaLatencyHigh", fires("lkc-1")))))
	now := noon
	m := newMonitors(t, Config{
		Prometheus: []Server{{Endpoint: endpoint("eu", server.URL)}},
		Now:        func() time.Time { return now },
	})
	ask(m)
	server.on(rulesPath, refuses(503, ""))
	for _, c := range []struct {
		name    string
		after   time.Duration
		unknown string
	}{
		{"within the monitor's maxAge the last answer still counts", 4 * time.Minute, ""},
		{"after it the monitor is unknown, and the reason is the server's failure", 6 * time.Minute, "Prometheus eu has not answered since 2026-11-24 12:00 UTC: the server answers 503"},
		{"however old, what fired still counts", 48 * time.Hour, "has not answered since"},
	} {
		now = noon.Add(c.after)
		ask(m)
		got, err := m.Signals(context.Background(), kafka())
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		state := got.Sources[latency]
		if (state.Unknown == "") != (c.unknown == "") || !strings.Contains(state.Unknown, c.unknown) {
			t.Errorf("%s: unknown is %q", c.name, state.Unknown)
		}
		if !state.AsOf.Equal(noon.Add(-10 * time.Second)) {
			t.Errorf("%s: as of %v", c.name, state.AsOf)
		}
		if len(got.Alerts) != 1 || got.Alerts[0].Cluster != "lkc-1" {
			t.Errorf("%s: alerts %v", c.name, got.Alerts)
		}
	}
	now = noon.Add(48 * time.Hour)
	server.on(rulesPath, says(rules(healthy("KafkaLatencyHigh").with(func(r *ruleJSON) { r.LastEvaluation = now }))))
	ask(m)
	got, err := m.Signals(context.Background(), kafka())
	if err != nil || got.Sources[latency].Unknown != "" || len(got.Alerts) != 0 {
		t.Errorf("after it has recovered: %+v, %v", got, err)
	}
}

func TestAPollThatHangsMakesAnswersOld(t *testing.T) {
	server := newFakeServer(t).on(rulesPath, says(rules(healthy("KafkaLatencyHigh"))))
	now := noon
	m := newMonitors(t, Config{
		Prometheus: []Server{{Endpoint: endpoint("eu", server.URL)}},
		Now:        func() time.Time { return now },
	})
	ask(m)
	now = noon.Add(time.Hour) // and nobody has polled
	got, err := m.Signals(context.Background(), kafka())
	if err != nil || !strings.Contains(got.Sources[latency].Unknown, "was last asked at 2026-11-24 12:00 UTC") {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestWithoutAnyAnswerThereAreNoSignals(t *testing.T) {
	server := newFakeServer(t)
	m := newMonitors(t, Config{Prometheus: []Server{{Endpoint: endpoint("eu", server.URL)}}})
	if _, err := m.Signals(context.Background(), kafka()); err == nil || err.Error() != "read monitors: Prometheus eu has not answered yet" {
		t.Errorf("before the first poll: %v", err)
	}
	ask(m)
	_, err := m.Signals(context.Background(), kafka())
	if err == nil || !strings.Contains(err.Error(), "has never answered: the server answers 404 Not Found; check the address") {
		t.Errorf("after it: %v", err)
	}
	datadog := []fleet.Product{{Meta: fleet.Meta{Name: "kafka"}, Spec: fleet.ProductSpec{Monitors: []fleet.Monitor{{Name: "x", Datadog: &fleet.DatadogMonitor{}}}}}}
	if got, err := m.Signals(context.Background(), datadog); err != nil || len(got.Sources) != 0 {
		t.Errorf("a fleet without monitors of Prometheus: %v, %v", got, err)
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := m.Signals(ended, kafka()); err == nil {
		t.Error("a context that has ended is no error")
	}
}

func TestServersServeTheProductsTheyAreConfiguredFor(t *testing.T) {
	eu := newFakeServer(t).on(rulesPath, says(rules(healthy("KafkaLatencyHigh"))))
	us := newFakeServer(t).on(rulesPath, says(rules(healthy("KsqlLagHigh", fires("ksql-1")))))
	on := func(name, url string, products ...string) Server {
		return Server{Endpoint: Endpoint{Name: name, URL: url, Products: products}}
	}
	m := newMonitors(t, Config{Prometheus: []Server{on("eu", eu.URL, "kafka"), on("us", us.URL, "ksqldb", "kafka-connect")}})
	ask(m)
	products := append(kafka(), product("ksqldb", "lag", "KsqlLagHigh"), product("registry", "errors", "RegistryErrors"))
	got, err := m.Signals(context.Background(), products)
	if err != nil {
		t.Fatal(err)
	}
	for key, unknown := range map[plan.MonitorKey]string{
		latency:                                  "",
		{Product: "ksqldb", Monitor: "lag"}:      "",
		{Product: "registry", Monitor: "errors"}: "no Prometheus and no Alertmanager is configured for product registry (add the product to one",
	} {
		if state, ok := got.Sources[key]; !ok || (state.Unknown == "") != (unknown == "") || !strings.HasPrefix(state.Unknown, unknown) {
			t.Errorf("%v is unknown because %q", key, state.Unknown)
		}
	}
	if len(got.Alerts) != 1 || got.Alerts[0].Product != "ksqldb" || got.Alerts[0].Cluster != "ksql-1" {
		t.Errorf("alerts %+v", got.Alerts)
	}
}

func TestLinksLeadToPagesThatPeopleMayFollow(t *testing.T) {
	for _, c := range []struct{ name, external, generator, want string }{
		{
			name: "Prometheus shows the expression under its external address", external: "https://prom.example.com/eu/",
			want: "https://prom.example.com/eu/graph?g0.expr=latency+%3E+1&g0.tab=1",
		},
		{name: "Alertmanager passes on where the alert comes from", generator: "https://p.example.com/graph?a=b", want: "https://p.example.com/graph?a=b"},
		{name: "a link that runs a script is left out", generator: "javascript:alert(1)"},
		{name: "a link with credentials is left out", generator: "https://user:pass@p.example.com/"},
		{name: "a link without a host is left out", generator: "/graph"},
		{name: "a link that is not one is left out", generator: "http://[::1"},
		{name: "a link that is very long is left out", generator: "https://p.example.com/" + strings.Repeat("a", 3000)},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFakeServer(t).on(rulesPath, says(rules(healthy("KafkaLatencyHigh", fires("lkc-1")))))
			f.on(alertsPath, says(alerts(managed("KafkaLatencyHigh", "lkc-1").with(func(m *managedJSON) { m.GeneratorURL = c.generator }))))
			cfg := Config{Alertmanagers: []Alertmanager{{Endpoint: endpoint("a", f.URL)}}}
			if c.external != "" {
				cfg = Config{Prometheus: []Server{{Endpoint: endpoint("p", f.URL), ExternalURL: c.external}}}
			}
			m := newMonitors(t, cfg)
			ask(m)
			got, err := m.Signals(context.Background(), kafka())
			if err != nil || len(got.Alerts) != 1 {
				t.Fatalf("%+v, %v", got, err)
			}
			if got.Alerts[0].Link != c.want {
				t.Errorf("link %q, want %q", got.Alerts[0].Link, c.want)
			}
		})
	}
}

func TestTheSameAnswersGiveTheSameSignals(t *testing.T) {
	var forth []alertJSON
	for i := range 40 {
		forth = append(forth, fires(fmt.Sprint("lkc-", i%13)).with(func(a *alertJSON) { a.Labels["topic"] = fmt.Sprint(i) }))
	}
	back := slices.Clone(forth)
	slices.Reverse(back)
	var texts []string
	for _, list := range [][]alertJSON{forth, back} {
		f := newFakeServer(t).on(rulesPath, says(rules(healthy("KafkaLatencyHigh", list...))))
		m := newMonitors(t, Config{Prometheus: []Server{{Endpoint: endpoint("p", f.URL), ExternalURL: "https://p.example.com"}}})
		ask(m)
		got, err := m.Signals(context.Background(), kafka())
		if err != nil || len(got.Alerts) != 13 {
			t.Fatalf("%d alerts, %v", len(got.Alerts), err)
		}
		text, err := json.Marshal(got.Alerts)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(text))
	}
	if texts[0] != texts[1] {
		t.Errorf("the order of an answer changes the signals:\n%s\n%s", texts[0], texts[1])
	}
}

func TestAPollTellsWhetherAnythingChanged(t *testing.T) {
	server := newFakeServer(t)
	m := newMonitors(t, Config{
		Prometheus:    []Server{{Endpoint: endpoint("p", server.URL)}},
		Alertmanagers: []Alertmanager{{Endpoint: endpoint("a", server.URL)}},
	})
	quiet := rules(healthy("KafkaLatencyHigh"))
	one, two := fires("lkc-1"), fires("lkc-2")
	for _, c := range []struct {
		name        string
		path        string
		answer      http.HandlerFunc
		wantChanged bool
	}{
		{"the first answer", rulesPath, says(quiet), true},
		{"a later evaluation of the same", rulesPath, says(strings.ReplaceAll(quiet, "11:59:50", "11:59:55")), false},
		{"an alert begins to fire", rulesPath, says(rules(healthy("KafkaLatencyHigh", one, two))), true},
		{"the same alerts in another order", rulesPath, says(rules(healthy("KafkaLatencyHigh", two, one))), false},
		{"one of them ends", rulesPath, says(rules(healthy("KafkaLatencyHigh", two))), true},
		{"the rule breaks", rulesPath, says(rules(healthy("KafkaLatencyHigh", two).with(func(r *ruleJSON) { r.Health = "err" }))), true},
		{"the server fails", rulesPath, refuses(500, ""), true},
		{"the server still fails", rulesPath, refuses(502, ""), false},
		{"the server is back", rulesPath, says(quiet), true},
		{"Alertmanager's first answer", alertsPath, says(alerts()), true},
		{"an alert arrives there", alertsPath, says(alerts(managed("A", "x"), managed("A", "y"))), true},
		{"the same alerts there in another order", alertsPath, says(alerts(managed("A", "y"), managed("A", "x"))), false},
		{"one is silenced", alertsPath, says(alerts(managed("A", "y"), managed("A", "x").with(silencedBy("s1")))), true},
	} {
		server.on(c.path, c.answer)
		s := m.sources[0]
		if c.path == alertsPath {
			s = m.sources[1]
		}
		if changed, _ := s.poll(context.Background()); changed != c.wantChanged {
			t.Errorf("%s: changed is %v", c.name, changed)
		}
	}
}
