package datadog_test

import (
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/internal/datadog"
	"github.com/wavegate-dev/wavegate/internal/datadogtest"
)

func TestWhoeverListensIsToldWhenAnAnswerIsAnother(t *testing.T) {
	var told atomic.Int32
	run(t, kafka(), func(t *testing.T, w running) {
		steps := []struct {
			name   string
			change func()
			want   bool
		}{
			{"the first answer", func() {}, true},
			{"nothing changes", func() {}, false},
			{"one fires", func() { w.server.SetMonitors(replicas(onCluster("lkc-1", "Alert"))) }, true},
			{"it goes on firing", func() {}, false},
			{"another has joined", func() { w.server.SetMonitors(replicas(onCluster("lkc-1", "Alert"), onCluster("lkc-2", "OK"))) }, true},
			{"one recovers", func() { w.server.SetMonitors(replicas(onCluster("lkc-1", "OK"), onCluster("lkc-2", "OK"))) }, true},
			{"one warns", func() { w.server.SetMonitors(replicas(onCluster("lkc-1", "Warn"), onCluster("lkc-2", "OK"))) }, true},
			{"Datadog cannot be read", func() { w.server.Fail(datadogtest.Fault{Status: http.StatusBadGateway}) }, true},
		}
		at := 5 * time.Second
		for _, s := range steps {
			before := told.Load()
			s.change()
			w.at(at)
			at += 20 * time.Second
			if got := told.Load() > before; got != s.want {
				t.Errorf("%s: told %v, want %v", s.name, got, s.want)
			}
		}
	}, func(c *datadog.Config) { c.Changed = func() { told.Add(1) } })
}
