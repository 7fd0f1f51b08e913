package reconciler

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// act records what is about to be done and then does it: in parallel across
// data planes and, bounded, within each. While the ledger cannot be written only
// halts are carried out: nothing is done without a trace.
func (r *Reconciler) act(ctx context.Context, c *Cycle) {
	if r.brake(c) {
		r.decide(ctx, c)
	}
	if r.cfg.DryRun || len(r.plan.Events) > 0 {
		return
	}
	actions := r.plan.Actions
	if len(r.unsaved) > 0 {
		r.dispatch(ctx, c, onlyHalts(actions))
		return
	}
	events := make([]plan.Event, 0, len(actions)+len(r.plan.Credits))
	for i := range actions {
		if e, ok := actions[i].Event(c.At); ok {
			plan.Witness(&e, r.inventory, r.labels)
			events = append(events, e)
		}
	}
	events = append(events, r.plan.Credits...)
	if len(events) > 0 {
		if err := r.cfg.Ledger.Record(ctx, events); err != nil {
			c.problem("record actions", err)
			r.dispatch(ctx, c, onlyHalts(actions))
			return
		}
	}
	for _, e := range events {
		r.state.Apply(e)
	}
	c.Events = append(c.Events, events...)
	r.dispatch(ctx, c, actions)
}

func onlyHalts(actions []plan.Action) []plan.Action {
	var out []plan.Action
	for _, a := range actions {
		if halts(a.Kind) {
			out = append(out, a)
		}
	}
	return out
}

// halts tells the actions that touch no replica from those that may.
func halts(k plan.ActionKind) bool { return k == plan.Hold || k == plan.Note }

// urgency puts halts before everything else.
func urgency(k plan.ActionKind) int {
	if k == plan.Hold {
		return 0
	}
	return 1
}

// dispatch carries out actions. One that fails is decided anew in the next
// cycle, from what is observed then.
func (r *Reconciler) dispatch(ctx context.Context, c *Cycle, actions []plan.Action) {
	errs := make([]error, len(actions))
	actions = slices.Clone(actions)
	slices.SortStableFunc(actions, func(a, b plan.Action) int { return urgency(a.Kind) - urgency(b.Kind) })
	var wg sync.WaitGroup
	for _, d := range r.present {
		tokens := make(chan struct{}, r.cfg.Parallel)
		for i := range actions {
			if actions[i].DataPlane != d.Name() {
				continue
			}
			wg.Go(func() {
				tokens <- struct{}{}
				defer func() { <-tokens }()
				switch {
				case halts(actions[i].Kind):
				case r.pulled():
					errs[i] = ErrBraked
					return
				case r.alarmed():
					errs[i] = errAlarmed
					return
				}
				actx, cancel := context.WithTimeout(ctx, r.cfg.ObserveTimeout)
				defer cancel()
				_, errs[i] = await(actx, nil, func() (struct{}, error) { return struct{}{}, d.Act(actx, actions[i]) })
			})
		}
	}
	wg.Wait()
	for i, err := range errs {
		if err == nil {
			c.Acted = append(c.Acted, actions[i])
			continue
		}
		c.Unacted = append(c.Unacted, Unacted{actions[i], err})
		if !errors.Is(err, ErrConflict) && !errors.Is(err, ErrBraked) && !errors.Is(err, errAlarmed) {
			c.problem(actions[i].Kind.String()+" "+actions[i].Cluster, err)
		}
	}
}
