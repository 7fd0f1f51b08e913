//go:build measure

package main

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// TestMeasureHalts tells how long it takes from Datadog's webhook, and from the
// answer of the poll that it causes, until the halt is recorded, which is when the
// last replica has been touched, and until every cluster in flight says why it
// stands still.
func TestMeasureHalts(t *testing.T) {
	for _, size := range []struct{ clusters, replicas, halts int }{{25, 400, 20}, {1000, 100, 20}, {10_000, 30, 6}} {
		t.Run(fmt.Sprint(size.clusters), func(t *testing.T) {
			r := newHaltRig(t, size.clusters, size.replicas, 15*time.Second)
			time.Sleep(1500 * time.Millisecond)
			var recorded, fromAnswer, effect []time.Duration
			after, before := 0, 0
			for i := range size.halts {
				h := r.halt(cluster(i))
				recorded = append(recorded, h.recorded)
				fromAnswer = append(fromAnswer, h.recorded-h.answer)
				effect = append(effect, h.effect)
				after += h.touchedAfter
				before += h.touchedBefore
				if i+1 < size.halts {
					r.goOn(cluster(i))
				}
			}
			t.Logf("%d clusters in flight, %d halts", size.clusters, size.halts)
			t.Logf("webhook to the halt recorded:        %s", quantiles(recorded))
			t.Logf("poll's answer to the halt recorded:  %s", quantiles(fromAnswer))
			t.Logf("webhook to the last cluster says so: %s", quantiles(effect))
			t.Logf("replicas touched from the webhook to the halt %d, after it %d", before, after)
			if after != 0 {
				t.Errorf("%d replicas touched after halts were recorded", after)
			}
		})
	}
}

func quantiles(d []time.Duration) string {
	slices.Sort(d)
	return fmt.Sprintf("p50 %s, p99 %s", d[len(d)/2].Round(100*time.Microsecond), d[(len(d)-1)*99/100].Round(100*time.Microsecond))
}
