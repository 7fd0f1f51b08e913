package datadog

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// longestWait is how long the polls may come apart when they fail.
const longestWait = 2 * time.Minute

// Poke asks Run for a poll at once, or as soon as MinGap, the rate limit and
// the wait after a failure allow, and for the one after it sooner. It never
// waits.
func (m *Monitors) Poke() {
	select {
	case m.wake <- struct{}{}:
	default: // one is asked for already
	}
}

// pace is what the time of the next poll depends on.
type pace struct {
	began  time.Time // when the last poll did; zero before the first
	failed int       // how many polls failed in a row
	poked  bool      // whether somebody asked for the last poll
}

// Run polls until the context ends. It begins when Signals has told it what to
// ask.
func (m *Monitors) Run(ctx context.Context) {
	var p pace
	for m.untilDue(ctx, &p) == nil && m.client.search.wait(ctx) == nil {
		p.began = m.cfg.Now()
		m.forgetPoke()
		err := m.poll(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			p.failed++
			m.cfg.Logger.Warn("cannot read Datadog monitors", "error", err, "times", p.failed)
		case p.failed > 0:
			p.failed = 0
			m.cfg.Logger.Info("Datadog monitors can be read again")
		}
	}
}

// forgetPoke is called when a poll begins, which is what the poke asked for.
func (m *Monitors) forgetPoke() {
	select {
	case <-m.wake:
	default:
	}
}

// untilDue waits for the time of the next poll.
func (m *Monitors) untilDue(ctx context.Context, p *pace) error {
	switch {
	case m.idle():
		select {
		case <-m.wake:
			return ctx.Err()
		case <-ctx.Done():
			return ctx.Err()
		}
	case p.began.IsZero():
		return ctx.Err()
	case p.failed > 0:
		// A poke changes nothing: who fails is left in peace.
		return pause(ctx, p.began.Add(m.afterFailure(p.failed)).Sub(m.cfg.Now()))
	}
	wait := m.cfg.Interval - time.Duration(m.cfg.Rand()*float64(m.cfg.Interval/10))
	if p.poked {
		// A search may lag behind the webhook that tells of a change, so that
		// the poll at once saw the state before it.
		wait /= 3
	}
	gap := m.cfg.Now().Add(m.cfg.MinGap) // a poll may have taken longer than an interval
	timer := time.NewTimer(latest(p.began.Add(wait), gap).Sub(m.cfg.Now()))
	defer timer.Stop()
	p.poked = false
	select {
	case <-timer.C:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	case <-m.wake:
		p.poked = true
		return pause(ctx, gap.Sub(m.cfg.Now()))
	}
}

// afterFailure is how long to wait after so many failures in a row.
func (m *Monitors) afterFailure(times int) time.Duration {
	wait := min(m.cfg.Interval<<min(times-1, 16), max(longestWait, m.cfg.Interval))
	return wait - time.Duration(m.cfg.Rand()*float64(wait/4))
}

func (m *Monitors) idle() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.wanted) == 0
}

// Poll reads the monitors of the products now and returns when it is done; for
// commands that run once and have no Run. Afterwards Signals answers.
func (m *Monitors) Poll(ctx context.Context, products []fleet.Product) error {
	m.mu.Lock()
	m.want(queriesOf(products))
	m.mu.Unlock()
	if err := m.poll(ctx); err != nil {
		return fmt.Errorf("read Datadog monitors: %w", err)
	}
	return nil
}

// poll makes each query that is due. An error means that Datadog could not be
// asked. A query that fails while others are answered is noted, is tried again
// after ever longer waits, and harms no other.
func (m *Monitors) poll(ctx context.Context) error {
	select {
	case m.busy <- struct{}{}:
		defer func() { <-m.busy }()
	case <-ctx.Done():
		return ctx.Err()
	}
	asOf := m.cfg.Now()
	answered, inARow := 0, 0
	failed := map[string]error{} // of which it is open whether others would be answered
	for _, query := range m.due(asOf) {
		m.noteMade(query, asOf)
		groups, err := m.read(ctx, query)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil:
			answered, inARow = answered+1, 0
			m.noteAnswer(query, asOf, groups)
		case blameOf(err) == thisQuery:
			m.noteRefusal(query, asOf, err)
		case blameOf(err) == thisServer:
			m.noteFailure(err)
			return err
		default:
			failed[query] = err
			inARow++
		}
		if inARow == 2 {
			break
		}
	}
	queries := slices.Sorted(maps.Keys(failed))
	if answered == 0 && len(queries) > 0 {
		err := failed[queries[0]]
		m.noteFailure(err)
		return err
	}
	for _, query := range queries {
		m.noteRefusal(query, asOf, failed[query])
	}
	m.noteFailure(nil)
	return nil
}

// read makes one query. When a group is gone that was there in the last answer,
// it looks again: it may only have slipped from one page to another.
func (m *Monitors) read(ctx context.Context, query string) ([]group, error) {
	groups, pages, err := m.client.groups(ctx, query)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	before := m.answers[query]
	m.mu.Unlock()
	if pages > 1 && gone(before, groups) {
		groups, _, err = m.client.groups(ctx, query)
	}
	return groups, err
}

// due returns the queries to make, those first that were made longest ago, so
// that all have their turn when polls break off.
func (m *Monitors) due(now time.Time) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	queries := slices.DeleteFunc(slices.Clone(m.wanted), func(q string) bool {
		r := m.refusals[q]
		return r != nil && now.Before(r.again)
	})
	slices.SortFunc(queries, func(a, b string) int {
		return cmp.Or(m.made[a].Compare(m.made[b]), cmp.Compare(a, b))
	})
	return queries
}

func (m *Monitors) noteMade(query string, asOf time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.made[query] = asOf
}

func (m *Monitors) noteAnswer(query string, asOf time.Time, groups []group) {
	m.mu.Lock()
	before := m.answers[query]
	now := newAnswer(asOf, groups, before)
	changed := m.refusals[query] != nil || !now.same(before)
	m.answers[query] = now
	m.heard = true
	delete(m.refusals, query)
	m.mu.Unlock()
	if changed {
		m.cfg.Changed()
	}
}

func (m *Monitors) noteRefusal(query string, asOf time.Time, err error) {
	m.mu.Lock()
	r := m.refusals[query]
	first := r == nil
	if first {
		r = &refusal{}
		m.refusals[query] = r
	}
	if r.err == nil || r.err.Error() != err.Error() {
		m.cfg.Logger.Warn("a Datadog query fails", "query", query, "error", err)
	}
	r.err, r.times = err, r.times+1
	r.again = asOf.Add(m.afterFailure(r.times))
	m.heard = true
	m.mu.Unlock()
	if first {
		m.cfg.Changed()
	}
}

func (m *Monitors) noteFailure(err error) {
	m.mu.Lock()
	changed := (m.lastErr == nil) != (err == nil)
	m.lastErr = err
	m.mu.Unlock()
	if changed {
		m.cfg.Changed()
	}
}
