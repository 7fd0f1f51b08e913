//go:build measure

package datadog_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wavegate-dev/wavegate/internal/datadogtest"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// TestCallsAMinuteAtTwoThousandClusters counts what Datadog is asked for about 2,000
// clusters, 500 of each of four products, with ten monitors for each product: when
// each monitor has a query of its own, and when a product's monitors share one.
func TestCallsAMinuteAtTwoThousandClusters(t *testing.T) {
	const products, monitors, clusters = 4, 10, 500
	for _, test := range []struct {
		name    string
		query   func(product, monitor int) string
		queries int
		most    int // calls a minute
	}{
		{"a query for each monitor", func(p, m int) string { return fmt.Sprintf("tag:(service:s%d check:c%d)", p, m) }, products * monitors, 500},
		{"a query for each product", func(p, _ int) string { return fmt.Sprintf("tag:(service:s%d)", p) }, products, 150},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, time.Now, perPage(1000))
				var fleetOf []fleet.Product
				var all []datadogtest.Monitor
				for p := range products {
					product := fleet.Product{Meta: fleet.Meta{Name: fmt.Sprintf("p%d", p)}}
					for m := range monitors {
						monitor := datadogtest.Monitor{
							ID: int64(p*monitors + m + 1), Name: fmt.Sprintf("m%d", m),
							Tags: []string{fmt.Sprintf("service:s%d", p), fmt.Sprintf("check:c%d", m)},
						}
						for c := range clusters {
							monitor.Groups = append(monitor.Groups, datadogtest.Group{Tags: []string{fmt.Sprintf("%s:p%d-%d", clusterTag, p, c)}})
						}
						all = append(all, monitor)
						product.Spec.Monitors = append(product.Spec.Monitors, fleet.Monitor{
							Name: monitor.Name, MaxAge: fleet.Duration(5 * time.Minute),
							Datadog: &fleet.DatadogMonitor{Query: test.query(p, m), ClusterTag: clusterTag},
						})
					}
					fleetOf = append(fleetOf, product)
				}
				w.server.SetMonitors(all...)
				ctx, stop := context.WithCancel(t.Context())
				done := make(chan struct{})
				go func() { w.monitors.Run(ctx); close(done) }()
				_, _ = w.monitors.Signals(ctx, fleetOf)
				time.Sleep(time.Minute)
				before := len(w.searches())
				time.Sleep(2 * time.Minute)
				calls := (len(w.searches()) - before) / 2
				signals, err := w.monitors.Signals(ctx, fleetOf)
				if err != nil || len(signals.Sources) != products*monitors {
					t.Errorf("%d monitors, %v", len(signals.Sources), err)
				}
				for key, s := range signals.Sources {
					if s.Unknown != "" || time.Since(s.AsOf) > time.Minute {
						t.Errorf("%v is %q as of %s ago", key, s.Unknown, time.Since(s.AsOf))
					}
				}
				t.Logf("%d calls a minute for %d queries, pages of 1000", calls, test.queries)
				if calls > test.most || calls < test.queries {
					t.Errorf("%d calls a minute, at most %d", calls, test.most)
				}
				stop()
				<-done
			})
		})
	}
}
