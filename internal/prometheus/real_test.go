package prometheus

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// watch runs monitors until the test ends.
func (r *rig) watch(cfg Config) *Monitors {
	r.t.Helper()
	if cfg.Interval == 0 {
		cfg.Interval = 200 * time.Millisecond
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	m := newMonitors(r.t, cfg)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- m.Run(ctx) }()
	r.t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			r.t.Errorf("Run returns %v", err)
		}
	})
	return m
}

// server is the rig's Prometheus.
func (r *rig) server() []Server {
	password := SecretFile(r.write("password", rigPassword+"\n"))
	return []Server{{Endpoint: Endpoint{Name: "eu", URL: r.prometheusURL, Authorize: BasicAuth(rigUser, password)}}}
}

// manager is the rig's Alertmanager.
func (r *rig) manager() []Alertmanager {
	return []Alertmanager{{Endpoint: endpoint("main", r.alertURL)}}
}

// sees awaits that a monitor is known, and fires on these clusters alone.
func (r *rig) sees(who string, m *Monitors, clusters ...string) {
	r.t.Helper()
	var got plan.Signals
	r.await(fmt.Sprintf("%s sees the monitor fire on %q", who, clusters), func() bool {
		got = r.signals(m)
		return len(got.Blind) == 0 && got.Sources[latency].Unknown == "" && !got.Sources[latency].AsOf.IsZero() && slices.Equal(clustersOf(got), clusters)
	})
}

// isBlind awaits that a monitor is unknown for a reason, and fires on these
// clusters alone.
func (r *rig) isBlind(who string, m *Monitors, reason string, clusters ...string) {
	r.t.Helper()
	r.await(fmt.Sprintf("%s is blind because %q, and fires on %q", who, reason, clusters), func() bool {
		got := r.signals(m)
		return strings.Contains(got.Sources[latency].Unknown, reason) && slices.Equal(clustersOf(got), clusters)
	})
}

// isBlindTo awaits that a monitor that is known is blind to a cluster for a reason,
// and fires on these clusters alone.
func (r *rig) isBlindTo(who string, m *Monitors, cluster, reason string, clusters ...string) {
	r.t.Helper()
	r.await(fmt.Sprintf("%s is blind to %s because %q, and fires on %q", who, cluster, reason, clusters), func() bool {
		got := r.signals(m)
		return got.Sources[latency].Unknown == "" && slices.Equal(clustersOf(got), clusters) &&
			slices.ContainsFunc(got.Blind, func(b plan.BlindSpot) bool { return b.Cluster == cluster && strings.Contains(b.Why, reason) })
	})
}

// signals returns none as long as there was no answer.
func (r *rig) signals(m *Monitors) plan.Signals {
	got, err := m.Signals(r.t.Context(), kafka())
	if err != nil {
		return plan.Signals{}
	}
	return got
}

func clustersOf(s plan.Signals) []string {
	var out []string
	for _, a := range s.Alerts {
		out = append(out, a.Cluster)
	}
	return out
}

// silence silences an alert on a cluster and returns how to end that.
func (r *rig) silence(alert, cluster string) (end func()) {
	r.t.Helper()
	body := mustJSON(map[string]any{
		"matchers": []map[string]any{
			{"name": "alertname", "value": alert, "isRegex": false, "isEqual": true},
			{"name": "cluster", "value": cluster, "isRegex": false, "isEqual": true},
		},
		"startsAt": time.Now().Add(-time.Minute), "endsAt": time.Now().Add(time.Hour), "createdBy": "jane", "comment": "a test",
	})
	send := func(method, path, body string) string {
		req, err := http.NewRequestWithContext(r.t.Context(), method, r.alertURL+path, strings.NewReader(body))
		if err != nil {
			r.t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		return r.do(req)
	}
	answer := send(http.MethodPost, "/api/v2/silences", body)
	_, id, _ := strings.Cut(strings.TrimSuffix(strings.TrimSpace(answer), `"}`), `:"`)
	if id == "" {
		r.t.Fatalf("Alertmanager refuses a silence: %q", answer)
	}
	return func() { send(http.MethodDelete, "/api/v2/silence/"+id, "") }
}

func TestTheLifeOfAnAlertInRealPrograms(t *testing.T) {
	r := newRig(t)
	r.await("Prometheus knows of Alertmanager", func() bool {
		return strings.Contains(r.read(r.prometheusURL+"/api/v1/alertmanagers"), strings.TrimPrefix(r.alertURL, "http://"))
	})
	r.metrics.set(`kafka_latency{cluster="lkc-1"}`, 0.25)
	r.metrics.set(`kafka_latency{cluster="lkc-2"}`, 0.5)
	var late atomic.Int64 // by how much the clock of this machine is ahead
	both := r.watch(Config{
		Prometheus: r.server(), Alertmanagers: r.manager(),
		Now: func() time.Time { return time.Now().Add(time.Duration(late.Load())) },
	})
	rules := r.watch(Config{Prometheus: r.server()})
	managed := r.watch(Config{Alertmanagers: r.manager()})
	dog := r.manager()
	dog[0].Watchdog = "Watchdog"
	guarded := r.watch(Config{Alertmanagers: dog})
	// It would look again in an hour: whatever it sees sooner, a webhook told it.
	told := r.watch(Config{Prometheus: r.server(), Interval: time.Hour})
	r.webhook.to(told.Webhook(WebhookConfig{Secret: func() (string, error) { return rigToken, nil }}))

	t.Log("At first all is quiet.")
	for who, m := range map[string]*Monitors{"Prometheus": rules, "Alertmanager": managed, "the guarded one": guarded, "both": both} {
		r.sees(who, m)
	}
	was := r.signals(rules).Sources[latency].AsOf
	r.await("the rule is evaluated again and again", func() bool { return r.signals(rules).Sources[latency].AsOf.After(was) })

	t.Log("A cluster becomes slow: everybody sees it.")
	r.metrics.set(`kafka_latency{cluster="lkc-1"}`, 5)
	for who, m := range map[string]*Monitors{"Prometheus": rules, "Alertmanager": managed, "both": both, "the one that is told": told} {
		r.sees(who, m, "lkc-1")
	}
	a, b := r.signals(rules).Alerts[0], r.signals(managed).Alerts[0]
	// Alertmanager writes milliseconds, and the moment of the evaluation.
	if a.Since.Truncate(time.Millisecond).After(b.Since) {
		t.Errorf("it fires since %v at Prometheus, and already since %v at Alertmanager", a.Since, b.Since)
	}
	if want := r.prometheusURL + "/graph?g0.expr=kafka_latency+%3E+1&g0.tab=1"; a.Link != want {
		t.Errorf("the link is %q, want %q", a.Link, want)
	}
	if !strings.HasSuffix(b.Link, "/graph?g0.expr=kafka_latency+%3E+1&g0.tab=1") {
		t.Errorf("Alertmanager passes on the link %q", b.Link)
	}

	t.Log("It is silenced: nobody who knows of silences reads that as healthy.")
	end := r.silence("KafkaLatencyHigh", "lkc-1")
	const silenced = "Alertmanager main says that KafkaLatencyHigh fires there and is silenced by jane until "
	r.isBlindTo("Alertmanager", managed, "lkc-1", silenced)
	r.isBlindTo("both", both, "lkc-1", silenced)
	r.sees("Prometheus", rules, "lkc-1")

	t.Log("Another cluster becomes slow, and nobody has silenced it.")
	r.metrics.set(`kafka_latency{cluster="lkc-2"}`, 5)
	r.isBlindTo("both", both, "lkc-1", silenced, "lkc-2")
	r.sees("the one that is told", told, "lkc-1", "lkc-2")

	t.Log("The silence ends, and what it hid still fires.")
	end()
	r.sees("both", both, "lkc-1", "lkc-2")

	t.Log("Another alert inhibits it.")
	r.metrics.set("region_down", 1)
	r.isBlindTo("both", both, "lkc-1", "is inhibited by another alert")
	r.isBlindTo("both", both, "lkc-2", "is inhibited by another alert")
	r.metrics.set("region_down", 0)
	r.sees("both", both, "lkc-1", "lkc-2")

	t.Log("The clusters recover.")
	r.metrics.set(`kafka_latency{cluster="lkc-1"}`, 0.25)
	r.metrics.set(`kafka_latency{cluster="lkc-2"}`, 0.5)
	for who, m := range map[string]*Monitors{"Prometheus": rules, "Alertmanager": managed, "both": both, "the one that is told": told} {
		r.sees(who, m)
	}

	t.Log("Something is slow, and does not say what it is.")
	r.metrics.set("kafka_latency", 5)
	r.isBlind("both", both, "says that KafkaLatencyHigh fires without the label cluster", "")
	r.metrics.set("kafka_latency", 0)
	r.sees("both", both)

	t.Log("Prometheus is cut off while an alert fires: it still counts, and grows old.")
	r.metrics.set(`kafka_latency{cluster="lkc-1"}`, 5)
	r.sees("both", both, "lkc-1")
	r.prometheus.kill()
	r.await("the poll notices", func() bool { return both.sources[0].state().failed != nil })
	asOf := r.signals(both).Sources[latency].AsOf
	late.Store(int64(6 * time.Minute)) // the monitor may be five minutes old
	r.isBlind("both", both, "Prometheus eu has not answered since ", "lkc-1")
	state := r.signals(both).Sources[latency]
	if !state.AsOf.Equal(asOf) || !strings.Contains(state.Unknown, "ask server: ") {
		t.Errorf("as of %v, want %v; unknown because %q", state.AsOf, asOf, state.Unknown)
	}

	t.Log("Alertmanager hears of its Prometheus no more; only who has a watchdog notices.")
	r.isBlind("the guarded one", guarded, "has no alert Watchdog")
	r.sees("Alertmanager", managed)

	t.Log("Prometheus is back.")
	late.Store(0)
	r.prometheus.start()
	r.sees("both", both, "lkc-1")
	r.sees("the guarded one", guarded, "lkc-1")
}

func TestRealRulesAreChecked(t *testing.T) {
	r := newRig(t)
	r.metrics.set(`kafka_latency{cluster="lkc-1"}`, 0.25)
	r.metrics.set(`kafka_latency{cluster="lkc-2"}`, 0.5)
	m := newMonitors(t, Config{Prometheus: r.server(), Alertmanagers: r.manager(), Now: time.Now})
	var products []fleet.Product
	for _, alert := range []string{"KafkaLatencyHigh", "KafkaUntouched", "KafkaBroken", "KafkaLazy", "KafkaForgotten", "kafkalatencyhigh"} {
		products = append(products, product(alert, "m", alert))
	}
	var problems []Problem
	r.await("the broken rule has been evaluated", func() bool {
		problems = m.Check(t.Context(), products)
		return slices.ContainsFunc(problems, func(p Problem) bool { return strings.Contains(p.Message, "KafkaBroken is not healthy") })
	})
	for product, want := range map[string][]string{
		"KafkaBroken":      {"rule KafkaBroken is not healthy in group kafka (err): found duplicate series"},
		"KafkaForgotten":   {"has no alerting rule KafkaForgotten; deploy the rule there"},
		"kafkalatencyhigh": {"has no alerting rule kafkalatencyhigh; did you mean KafkaLatencyHigh?"},
		"KafkaLatencyHigh": nil,
		"KafkaUntouched":   nil,
	} {
		var got []string
		for _, p := range problems {
			if p.Product == product {
				got = append(got, p.String())
			}
		}
		if len(got) != len(want) || len(want) > 0 && !strings.Contains(got[0], want[0]) {
			t.Errorf("%s: %q", product, got)
		}
	}
	// The lazy rule is evaluated once in an hour: it has not been yet, or it is
	// not often enough.
	if !slices.ContainsFunc(problems, func(p Problem) bool { return p.Product == "KafkaLazy" && strings.Contains(p.Message, "every 1h0m0s") }) {
		t.Errorf("nobody minds a rule that is evaluated once in an hour: %v", problems)
	}

	wrong := r.server()
	wrong[0].Authorize = BasicAuth(rigUser, func() (string, error) { return "wr0ng-passw0rd", nil })
	got := newMonitors(t, Config{Prometheus: wrong, Now: time.Now}).Check(t.Context(), products)
	if len(got) != 1 || got[0].String() != "Prometheus eu does not answer: the server answers 401 Unauthorized; check the credentials" {
		t.Errorf("with a wrong password: %v", got)
	}
}

func TestRealMetrics(t *testing.T) {
	r := newRig(t)
	r.metrics.set(`kafka_latency{cluster="lkc-1"}`, 0.25)
	r.metrics.set(`kafka_latency{cluster="lkc-2",topic="a"}`, 0.5)
	r.metrics.set(`kafka_latency{cluster="lkc-2",topic="b"}`, 0.75)
	m := newMonitors(t, Config{Prometheus: r.server(), Now: time.Now})
	var got map[string]float64
	r.await("the gauges are scraped", func() bool {
		var err error
		got, err = m.Metric(t.Context(), "max by (cluster) (kafka_latency)", "cluster")
		return err == nil
	})
	if len(got) != 2 || got["lkc-1"] != 0.25 || got["lkc-2"] != 0.75 {
		t.Errorf("%v", got)
	}
	for query, want := range map[string]string{
		"kafka_latency":                          "lkc-2 has two values; aggregate by (cluster)",
		"sum(kafka_latency)":                     "a value has no label cluster",
		"max by (cluster) (kafka_latency) / 0":   "not a finite number",
		"max by (cluster) (kafka_latency) * NaN": "not a finite number",
		"3":                                      `it is a "scalar"`,
		"kafka_latency[1m]":                      `it is a "matrix"`,
		"no_such_metric":                         "has no result",
		"((":                                     "400 Bad Request: invalid parameter",
	} {
		if got, err := m.Metric(t.Context(), query, "cluster"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s is %v, error %v; want %q", query, got, err, want)
		}
	}
}
