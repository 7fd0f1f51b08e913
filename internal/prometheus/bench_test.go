package prometheus

import (
	"context"
	"fmt"
	"testing"
)

// BenchmarkALargePrometheus has 2,000 rules, one of which fires on 10,000
// clusters.
func BenchmarkALargePrometheus(b *testing.B) {
	var list []ruleJSON
	for i := range 2000 {
		list = append(list, healthy(fmt.Sprint("Alert", i)))
	}
	var firing []alertJSON
	for i := range 10_000 {
		firing = append(firing, fires(fmt.Sprint("lkc-", i)).with(func(a *alertJSON) { a.Labels["region"] = "eu" }))
	}
	body := []byte(rules(append(list, healthy("KafkaLatencyHigh", firing...))...))
	b.Run("read an answer", func(b *testing.B) {
		b.SetBytes(int64(len(body)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := decodeRules(body, "https://p.example.com"); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("signals", func(b *testing.B) {
		book, err := decodeRules(body, "https://p.example.com")
		if err != nil {
			b.Fatal(err)
		}
		m := &Monitors{cfg: Config{Now: noon.Local}, sources: []*source{{name: "p", serves: anySource.serves, newest: &ruleBook{asked: noon, rules: book}}}}
		b.ReportAllocs()
		for b.Loop() {
			got, err := m.Signals(context.Background(), kafka())
			if err != nil || len(got.Alerts) != 10_000 {
				b.Fatal(len(got.Alerts), err)
			}
		}
	})
}
