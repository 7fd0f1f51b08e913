package datadog

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// longestWait is how long the polls may come apart when they fail.
const longestWait = 2 * time.Minute

// Poke asks Run for a poll at once, or as soon as MinGap, the rate limit and
// the wait after a failure allow. It never waits.
func (m *Monitors) Poke() {
	select {
	case m.wake <- struct{}{}:
	default: // one is asked for already
	}
}

// Run polls until the context ends.
func (m *Monitors) Run(ctx context.Context) {
	var began time.Time
	failed := 0
	for ctx.Err() == nil {
		if err := m.untilDue(ctx, began, failed); err != nil {
			return
		}
		began = m.cfg.Now()
		asked, err := m.poll(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			failed++
			m.cfg.Logger.Warn("cannot read Datadog monitors", "error", err, "times", failed)
		case failed > 0:
			failed = 0
			m.cfg.Logger.Info("Datadog monitors can be read again")
		}
		if !asked {
			began = time.Time{} // nothing was spent that MinGap would have to spare
		}
	}
}

// untilDue waits for the time of the next poll.
func (m *Monitors) untilDue(ctx context.Context, began time.Time, failed int) error {
	if began.IsZero() {
		// No query was made yet: the first call of Signals says what to ask.
		select {
		case <-m.wake:
			return ctx.Err()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if failed > 0 {
		wait := min(m.cfg.Interval<<min(failed-1, 16), max(longestWait, m.cfg.Interval))
		wait -= time.Duration(m.cfg.Rand() * float64(wait/4))
		return m.pauseUntil(ctx, began.Add(wait), nil)
	}
	wait := m.cfg.Interval - time.Duration(m.cfg.Rand()*float64(m.cfg.Interval/10))
	return m.pauseUntil(ctx, began.Add(wait), func() time.Time { return began.Add(m.cfg.MinGap) })
}

// pauseUntil waits for a time, or for an earlier one if it is woken and may be.
func (m *Monitors) pauseUntil(ctx context.Context, due time.Time, earlier func() time.Time) error {
	wake := m.wake
	if earlier == nil {
		wake = nil
	}
	timer := time.NewTimer(due.Sub(m.cfg.Now()))
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	case <-wake:
		return pause(ctx, earlier().Sub(m.cfg.Now()))
	}
}

// Poll reads the monitors of the products now and returns when it is done; for
// commands that run once and have no Run. Afterwards Signals answers.
func (m *Monitors) Poll(ctx context.Context, products []fleet.Product) error {
	m.mu.Lock()
	m.want(queriesOf(products))
	m.mu.Unlock()
	if _, err := m.poll(ctx); err != nil {
		return fmt.Errorf("read Datadog monitors: %w", err)
	}
	return nil
}

// poll makes each query that is due, and reports whether there was one. An
// error means that Datadog could not be asked; a query that fails by itself is
// noted and harms no other.
func (m *Monitors) poll(ctx context.Context) (asked bool, err error) {
	select {
	case m.busy <- struct{}{}:
		defer func() { <-m.busy }()
	case <-ctx.Done():
		return false, ctx.Err()
	}
	asOf := m.cfg.Now()
	for _, query := range m.due(asOf) {
		groups, err := m.client.groups(ctx, query)
		if ctx.Err() != nil {
			return asked, ctx.Err()
		}
		asked = true
		m.note(query, asOf, groups, err)
		if err != nil && !onlyThisQuery(err) {
			return asked, err
		}
	}
	m.mu.Lock()
	m.lastErr = nil
	m.mu.Unlock()
	return asked, nil
}

// due returns the queries to make, those first whose answers are oldest, so
// that all have their turn when polls break off.
func (m *Monitors) due(now time.Time) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	queries := slices.DeleteFunc(slices.Clone(m.wanted), func(q string) bool {
		r := m.refusals[q]
		return r != nil && now.Before(r.again)
	})
	asOf := func(q string) time.Time {
		if a := m.answers[q]; a != nil {
			return a.asOf
		}
		return time.Time{}
	}
	slices.SortStableFunc(queries, func(a, b string) int {
		return cmp.Or(asOf(a).Compare(asOf(b)), cmp.Compare(a, b))
	})
	return queries
}

// note keeps what came of a query.
func (m *Monitors) note(query string, asOf time.Time, groups []group, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case err == nil:
		m.answers[query] = newAnswer(asOf, groups, m.answers[query])
		m.answered = true
		delete(m.refusals, query)
	case onlyThisQuery(err):
		r := m.refusals[query]
		if r == nil {
			r = &refusal{}
			m.refusals[query] = r
		}
		if r.err == nil || r.err.Error() != err.Error() {
			m.cfg.Logger.Warn("a Datadog query fails", "query", query, "error", err)
		}
		wait := min(m.cfg.Interval<<min(r.times, 16), max(longestWait, m.cfg.Interval))
		r.err, r.times, r.again = err, r.times+1, asOf.Add(wait)
	default:
		m.lastErr = err
	}
}
