package reconciler

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// observe asks all data planes and the monitors at once. One that does not
// answer in time makes only its own clusters unknown.
func (r *Reconciler) observe(ctx context.Context, c *Cycle) {
	var products []fleet.Product
	switch {
	case r.spec != nil:
		products = r.spec.Products
	case r.proposed != nil:
		// Nothing is in force, so nothing is touched; but what there is can be seen.
		products = r.proposed.Products
	}
	ctx, cancel := context.WithTimeout(ctx, r.cfg.ObserveTimeout)
	defer cancel()
	observations := make([]plan.Observation, len(r.present))
	errs := make([]error, len(r.present))
	var wg sync.WaitGroup
	for i, d := range r.present {
		state := r.planes[d.Name()]
		cursor := state.cursor
		wg.Go(func() {
			observations[i], errs[i] = await(ctx, state.call, func() (plan.Observation, error) {
				return d.Observe(ctx, products, cursor)
			})
		})
	}
	r.hear()
	wg.Go(func() {
		signals, err := await(ctx, r.monitors, func() (plan.Signals, error) {
			return r.cfg.Monitors.Signals(ctx, products)
		})
		if err != nil {
			signals = blindSignals(products, err)
		}
		c.signals = signals
	})
	wg.Wait()
	for i, d := range r.present {
		s := sighting{Observation: observations[i]}
		if errs[i] != nil {
			s = sighting{plan.Observation{DataPlane: d.Name()}, cmp.Or(errs[i].Error(), "no reason was given")}
			c.Problems = append(c.Problems, s.lost)
		} else {
			r.planes[d.Name()].cursor = s.Cursor
		}
		c.news.observed = append(c.news.observed, s)
	}
	c.news.tell(r.inventory)
}

// planeState is what the loop keeps of a data plane between cycles.
type planeState struct {
	plane  DataPlane
	cursor string
	call   chan struct{} // one call at a time
}

// gather asks which data planes there are, and forgets those that are gone. One
// that is another under the same name is observed from the start.
func (r *Reconciler) gather(c *Cycle) {
	r.present = nil
	known := map[string]bool{}
	for _, d := range r.cfg.DataPlanes() {
		name := d.Name()
		if known[name] {
			c.Problems = append(c.Problems, "two data planes are called "+name+"; the second one is left out")
			continue
		}
		known[name] = true
		r.present = append(r.present, d)
		if s := r.planes[name]; s == nil || s.plane != d {
			r.planes[name] = &planeState{plane: d, call: make(chan struct{}, 1)}
		}
	}
	for name := range r.planes {
		if !known[name] {
			delete(r.planes, name)
			c.news.forgotten = append(c.news.forgotten, name)
		}
	}
	if len(r.present) == 0 {
		c.Problems = append(c.Problems, "there is no data plane")
	}
}

// These returns data planes that stay the same.
func These(planes ...DataPlane) func() []DataPlane {
	return func() []DataPlane { return planes }
}

// await bounds a call that may not heed its context. The slot is the call's own:
// while an earlier one has not come back, no other is begun, so that a peer that
// hangs for days costs one goroutine and not one for each cycle. A nil slot
// bounds nothing.
func await[T any](ctx context.Context, slot chan struct{}, call func() (T, error)) (T, error) {
	var none T
	if slot != nil {
		select {
		case slot <- struct{}{}:
		default:
			return none, errors.New("no answer in time")
		}
	}
	type answer struct {
		value T
		err   error
	}
	done := make(chan answer, 1)
	go func() {
		v, err := call()
		if slot != nil {
			<-slot
		}
		done <- answer{v, err}
	}()
	select {
	case a := <-done:
		return a.value, a.err
	case <-ctx.Done():
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return none, errors.New("no answer in time")
		}
		return none, fmt.Errorf("wait for answer: %w", ctx.Err())
	}
}

// blindSignals are those of monitors that cannot be read at all.
func blindSignals(products []fleet.Product, err error) plan.Signals {
	out := plan.Signals{Sources: map[plan.MonitorKey]plan.MonitorState{}}
	for i := range products {
		for j := range products[i].Spec.Monitors {
			key := plan.MonitorKey{Product: products[i].Name, Monitor: products[i].Spec.Monitors[j].Name}
			out.Sources[key] = plan.MonitorState{Unknown: err.Error()}
		}
	}
	return out
}
