package simfleet

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// clock is virtual time.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock {
	return &clock{t: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)}
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var bg = context.Background()

// product returns a product with monitors of those names.
func product(name string, monitors ...string) fleet.Product {
	p := fleet.Product{Meta: fleet.Meta{Name: name}}
	for _, m := range monitors {
		p.Spec.Monitors = append(p.Spec.Monitors, fleet.Monitor{Name: m})
	}
	return p
}
