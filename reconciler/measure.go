package reconciler

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

const (
	// measureInterval is how often a metric is asked for.
	measureInterval = 5 * time.Minute
	// measureRetry is how soon it is asked for again when it could not be read.
	measureRetry = time.Minute
)

// measures are what the metrics of the spec in force said last. They are asked for
// beside the cycles, one call for each metric at a time: a source that is slow
// delays no halt.
type measures struct {
	mu   sync.Mutex
	last map[fleet.Metric]*measured
}

type measured struct {
	plan.Measurement
	asked time.Time
	busy  bool
}

// due returns the metrics to be asked for now, and forgets those that no spec in
// force names any more.
func (m *measures) due(named []fleet.Metric, now time.Time) (ask []fleet.Metric) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for q := range m.last {
		if !slices.Contains(named, q) && !m.last[q].busy {
			delete(m.last, q)
		}
	}
	for _, q := range named {
		x := m.last[q]
		if x == nil {
			x = &measured{Measurement: plan.Measurement{Unknown: "it has not been measured yet"}}
			m.last[q] = x
		}
		wait := measureInterval
		if x.Unknown != "" {
			wait = measureRetry
		}
		// A clock that went back is no reason to wait for it to catch up.
		if since := now.Sub(x.asked); !x.busy && (x.asked.IsZero() || since >= wait || since < 0) {
			x.asked, x.busy = now, true
			ask = append(ask, q)
		}
	}
	return ask
}

// note takes an answer. One that failed leaves the values of before, with their age.
func (m *measures) note(q fleet.Metric, got plan.Measurement, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	x := m.last[q]
	x.busy = false
	if err != nil {
		x.Unknown = err.Error()
		return
	}
	x.Measurement = got
}

// all returns what is known of the metrics.
func (m *measures) all(named []fleet.Metric) plan.Metrics {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := make(plan.Metrics, len(named))
	for _, q := range named {
		if x := m.last[q]; x != nil {
			out[q] = x.Measurement
		}
	}
	return out
}

// measure begins the calls that are due, and takes what is known. The first cycle
// waits a little for the answers: it has nothing to go by.
func (r *Reconciler) measure(ctx context.Context, c *Cycle) {
	if r.cfg.Metrics == nil || r.spec == nil {
		return
	}
	named := r.spec.Metrics()
	var calls sync.WaitGroup
	for _, q := range r.measures.due(named, c.At) {
		calls.Go(func() {
			// Longer than a cycle may take: nobody waits for it.
			mctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), measureRetry)
			defer cancel()
			defer context.AfterFunc(ctx, cancel)()
			got, err := r.cfg.Metrics.Measure(mctx, q)
			r.measures.note(q, got, err)
			r.Look()
		})
	}
	if r.cycles == 1 {
		answered := make(chan struct{})
		go func() { calls.Wait(); close(answered) }()
		timer := time.NewTimer(r.cfg.FetchPatience)
		defer timer.Stop()
		select {
		case <-answered:
		case <-timer.C:
		case <-ctx.Done():
		}
	}
	c.Metrics = r.measures.all(named)
}
