package metrics

import (
	"context"

	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// The operations of a ledger.
const (
	opLoad     = "load"
	opRecord   = "record"
	opCommands = "commands"
	opDone     = "done"
)

// Ledger returns the ledger l, whose errors are counted from then on.
func (m *Metrics) Ledger(l reconciler.Ledger) reconciler.Ledger { return &ledger{l, m} }

type ledger struct {
	next reconciler.Ledger
	m    *Metrics
}

func (l *ledger) counted(operation string, err error) error {
	if err != nil {
		l.m.ledger.WithLabelValues(operation).Inc()
	}
	return err
}

func (l *ledger) Load(ctx context.Context) (*plan.State, error) {
	s, err := l.next.Load(ctx)
	return s, l.counted(opLoad, err)
}

func (l *ledger) Record(ctx context.Context, events []plan.Event) error {
	err := l.next.Record(ctx, events)
	if err == nil {
		l.m.record.Observe(float64(len(events)))
	}
	return l.counted(opRecord, err)
}

func (l *ledger) Commands(ctx context.Context) ([]plan.Command, error) {
	c, err := l.next.Commands(ctx)
	return c, l.counted(opCommands, err)
}

func (l *ledger) Done(ctx context.Context, ids []int64) error {
	return l.counted(opDone, l.next.Done(ctx, ids))
}
