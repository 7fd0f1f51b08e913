package prometheus

import (
	"math"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func FuzzDecodeRules(f *testing.F) {
	f.Add(rules(healthy("A"), healthy("A", fires("lkc-1"))))
	f.Add(rules(healthy("A", fires("lkc-1")).with(func(r *ruleJSON) { r.Health, r.LastError = "err", "\x00\n" })))
	f.Add(rules(healthy("A", fires("lkc-1")).with(func(r *ruleJSON) { r.Duration = 1e300 })))
	f.Add(strings.Replace(rules(healthy("A")), `"interval":15`, `"interval":-1e300`, 1))
	f.Add(`{"status":"success","warnings":["x"],"data":{"groups":[]}}`)
	f.Add(`{"status":"success","data":{"groups":[{"rules":[{"type":"alerting","alerts":[{"labels":null}]}]}]}}`)
	f.Add(`null`)
	f.Fuzz(func(t *testing.T, body string) {
		rules, err := decodeRules([]byte(body), "https://p.example.com")
		if err != nil {
			wantPlain(t, err.Error())
			return
		}
		book := &ruleBook{asked: noon, rules: rules}
		if !book.equal(book) {
			t.Error("an answer differs from itself")
		}
		for name := range rules {
			r := book.read(name)
			if r.fault == "" && r.asOf.IsZero() {
				t.Errorf("rule %q was never evaluated and has no fault", name)
			}
			if r.interval < 0 {
				t.Errorf("rule %q has interval %v", name, r.interval)
			}
			for _, a := range r.firing {
				wantLink(t, a.link)
			}
		}
		v := judge("kafka", &product("kafka", "latency", "A").Spec.Monitors[0], []state{{source: anySource, newest: book}}, noon)
		wantPlain(t, v.state().Unknown)
		if len(rules["A"]) == 0 && v.state().Unknown == "" {
			t.Error("a rule that is missing is read as healthy")
		}
	})
}

func FuzzDecodeAlerts(f *testing.F) {
	f.Add(alerts(managed("A", "lkc-1"), managed("A", "lkc-2").with(silencedBy("s1"))), mustJSON([]map[string]any{{"id": "s1", "createdBy": "jane", "endsAt": noon}}))
	f.Add(alerts(managed("A", "").with(func(m *managedJSON) { m.GeneratorURL = "javascript:alert(1)" })), `[]`)
	f.Add(`[{"labels":{"alertname":"A"},"status":{"state":"suppressed","silencedBy":["\u0000"]}}]`, `[{"id":"\u0000","createdBy":"\n","endsAt":"9999-12-31T23:59:59Z"}]`)
	f.Add(`null`, `null`)
	f.Add(`[null]`, `[null]`)
	f.Fuzz(func(t *testing.T, body, list string) {
		got, err := decodeAlerts([]byte(body))
		if err != nil {
			wantPlain(t, err.Error())
			return
		}
		silences, err := decodeSilences([]byte(list))
		if err != nil {
			wantPlain(t, err.Error())
		}
		book := newAlertBook(noon, got, silences, "Watchdog")
		if !book.equal(book) {
			t.Error("an answer differs from itself")
		}
		sum := 0
		for name := range book.alerts {
			r := book.read(name)
			sum += len(r.firing) + len(r.muted)
			for _, a := range r.firing {
				wantLink(t, a.link)
			}
			for _, m := range r.muted {
				if m.why == "" {
					t.Error("an alert is muted for no reason")
				}
			}
		}
		if sum != len(got) {
			t.Errorf("%d alerts became %d", len(got), sum)
		}
		v := judge("kafka", &product("kafka", "latency", "A").Spec.Monitors[0], []state{{source: anySource, newest: book}}, noon)
		wantPlain(t, v.state().Unknown)
		if len(book.alerts["Watchdog"]) == 0 && v.state().Unknown == "" {
			t.Error("without the watchdog Alertmanager is read as healthy")
		}
	})
}

func FuzzDecodeVector(f *testing.F) {
	f.Add(vector("lkc-1", "0.5", "lkc-2", "1e3"), "cluster")
	f.Add(vector("lkc-1", "NaN"), "cluster")
	f.Add(vector("lkc-1", "0x1p-2", "lkc-1", "1"), "cluster")
	f.Add(`{"status":"success","data":{"resultType":"vector","result":null}}`, "")
	f.Fuzz(func(t *testing.T, body, label string) {
		out := map[string]float64{}
		if err := decodeVector([]byte(body), label, out); err != nil {
			return
		}
		for cluster, v := range out {
			if cluster == "" || math.IsNaN(v) || math.IsInf(v, 0) {
				t.Errorf("cluster %q has the value %v", cluster, v)
			}
		}
	})
}

func FuzzRetryAfter(f *testing.F) {
	for _, s := range []string{"", "7", "-7", "1e9", "Tue, 24 Nov 2026 12:00:30 GMT", "9h"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, header string) {
		if d := retryAfter(header, noon); d < 0 || d > maxRetryAfter {
			t.Errorf("%v", d)
		}
	})
}

// anySource serves all products.
var anySource = &source{name: "Prometheus eu", serves: func(string) bool { return true }}

// wantPlain fails when a text is not one short line.
func wantPlain(t *testing.T, s string) {
	t.Helper()
	if len(s) > maxUnknown+10 || strings.ContainsAny(s, "\n\r\x00\x1b") || !utf8.ValidString(s) {
		t.Errorf("not a short line: %q", s)
	}
}

// wantLink fails when a link is one that people must not follow.
func wantLink(t *testing.T, link string) {
	t.Helper()
	if link == "" {
		return
	}
	u, err := url.Parse(link)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.User != nil {
		t.Errorf("a link to %q", link)
	}
}

func TestFiresSinceIsNeverAfterTheEvaluation(t *testing.T) {
	for _, hold := range []time.Duration{0, time.Minute, maxFor * time.Second} {
		if got := firesSince(noon.Add(-time.Minute), hold, noon); got.After(noon) {
			t.Errorf("held back for %v, it fires since %v", hold, got)
		}
	}
}
