package scale_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"

	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/admission"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// misfortune makes a share of all calls fail.
type misfortune struct {
	mu            sync.Mutex
	rand          *rand.Rand
	share         float64
	calls, failed int
}

var errMisfortune = errors.New("connection reset by the modelled network")

// strike says whether this call fails.
func (m *misfortune) strike() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls++
	if m.rand.Float64() < m.share {
		m.failed++
		return true
	}
	return false
}

// attempt is a call that fails now and then, half of the time after it was
// carried out.
func attempt[T any](m *misfortune, call func() (T, error)) (T, error) {
	var none T
	if !m.strike() {
		return call()
	}
	m.mu.Lock()
	after := m.rand.IntN(2) == 0
	m.mu.Unlock()
	if after {
		if _, err := call(); err != nil {
			return none, err
		}
	}
	return none, errMisfortune
}

type flakySource struct {
	*branch
	m *misfortune
}

func (s flakySource) Fetch(ctx context.Context) (string, error) {
	return attempt(s.m, func() (string, error) { return s.branch.Fetch(ctx) })
}

func (s flakySource) Approve(ctx context.Context, c admission.Commit, policy fleet.Approvals) (admission.Evidence, error) {
	return attempt(s.m, func() (admission.Evidence, error) { return s.branch.Approve(ctx, c, policy) })
}

type flakyMonitors struct {
	reconciler.Monitors
	m *misfortune
}

func (s flakyMonitors) Signals(ctx context.Context, products []fleet.Product) (plan.Signals, error) {
	return attempt(s.m, func() (plan.Signals, error) { return s.Monitors.Signals(ctx, products) })
}

type flakyLedger struct {
	reconciler.Ledger
	m *misfortune
}

// Record fails before anything is stored: the store finds out by itself whether a
// commit that failed has reached the disk.
func (l flakyLedger) Record(ctx context.Context, events []plan.Event) error {
	if l.m.strike() {
		return errMisfortune
	}
	return l.Ledger.Record(ctx, events)
}

type flakyPlane struct {
	reconciler.DataPlane
	m *misfortune
	// acts is told of what is asked for.
	acts func(plan.Action)
}

func (p *flakyPlane) Observe(ctx context.Context, products []fleet.Product, cursor string) (plan.Observation, error) {
	return attempt(p.m, func() (plan.Observation, error) { return p.DataPlane.Observe(ctx, products, cursor) })
}

func (p *flakyPlane) Act(ctx context.Context, a plan.Action) error {
	p.acts(a)
	_, err := attempt(p.m, func() (struct{}, error) { return struct{}{}, p.DataPlane.Act(ctx, a) })
	return err
}
