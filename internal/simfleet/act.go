package simfleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// Act carries out one action. When it returns without an error the change is
// on disk, if the fleet has a path. Whatever it changes and the mark are one
// change.
func (p *Plane) Act(ctx context.Context, a plan.Action) error {
	if err := p.act(ctx, a); err != nil {
		return fmt.Errorf("%s cluster %s: %w", verb(a.Kind), a.Cluster, err)
	}
	return nil
}

func verb(k plan.ActionKind) string {
	switch k {
	case plan.Start:
		return "start"
	case plan.Step:
		return "step"
	case plan.Hold:
		return "hold"
	case plan.Continue:
		return "continue"
	case plan.Note:
		return "note on"
	default:
		return "act on"
	}
}

func (p *Plane) act(ctx context.Context, a plan.Action) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if a.DataPlane != p.name {
		return fmt.Errorf("the action is for data plane %q and was given to %q", a.DataPlane, p.name)
	}
	if a.Kind < plan.Start || a.Kind > plan.Note {
		return fmt.Errorf("the action has kind %d, which does not exist", a.Kind)
	}
	if a.Kind == plan.Start && a.Version.IsZero() {
		return errors.New("the action names no version")
	}
	f := p.fleet
	about := fmt.Sprintf("%s/%d/%d/%s", a.Cluster, a.Kind, a.Ordinal, a.Expect)
	lost := false
	err := f.do(func(o *op) error {
		now := instant(o.At)
		if err := p.reach(now, "act", about); err != nil {
			return err
		}
		if draw(f.set.Seed, "conflict", p.name, about, o.At) < p.faults.Conflicts {
			return fmt.Errorf("%w: another writer came first", reconciler.ErrConflict)
		}
		lost = draw(f.set.Seed, "lost", p.name, about, o.At) < p.faults.LostReplies
		mark, err := asAnnotation(a.Mark)
		if err != nil {
			return err
		}
		if err := f.expected(p, a); err != nil {
			return err
		}
		o.Act = &actOp{
			Kind: a.Kind, Cluster: a.Cluster, Version: a.Version, Ordinal: a.Ordinal, Mark: mark,
		}
		return nil
	})
	if err == nil && lost {
		return errors.New("the reply was lost by the modelled network; whether it was carried out is open")
	}
	return err
}

// asAnnotation returns a mark as it is when it has been written to an
// annotation and read back.
func asAnnotation(m plan.Mark) (plan.Mark, error) {
	data, err := json.Marshal(m)
	if err != nil {
		return plan.Mark{}, fmt.Errorf("encode mark: %w", err)
	}
	var out plan.Mark
	if err := json.Unmarshal(data, &out); err != nil {
		return plan.Mark{}, fmt.Errorf("read mark back: %w", err)
	}
	return out, nil
}

// expected checks that the cluster is as an action expects it, and that the
// action is one that its workload can take.
func (f *Fleet) expected(p *Plane, a plan.Action) error {
	c := f.clusters[a.Cluster]
	switch {
	case c == nil || c.plane != p:
		return fmt.Errorf("%w: there is no such cluster in data plane %s", reconciler.ErrConflict, p.name)
	case c.product != a.Product:
		return fmt.Errorf("%w: it runs %s, not %s", reconciler.ErrConflict, c.product, a.Product)
	case a.Expect != c.revision():
		return fmt.Errorf("%w: it is at revision %s, not %q", reconciler.ErrConflict, c.revision(), a.Expect)
	case a.Kind != plan.Step:
		return nil
	case !c.ratchet:
		return errors.New("it rolls by itself and takes no steps")
	case a.Ordinal != c.next():
		return fmt.Errorf("%w: replica %d is not the next one, %d is", reconciler.ErrConflict, a.Ordinal, c.next())
	}
	if ok, down := c.othersReady(a.Ordinal); !ok {
		return fmt.Errorf("%w: replica %d is down", reconciler.ErrConflict, down)
	}
	return nil
}

// actOp is an action that was accepted.
type actOp struct {
	Kind    plan.ActionKind `json:"kind"`
	Cluster string          `json:"cluster"`
	Version fleet.Version   `json:"version,omitzero"`
	Ordinal int             `json:"ordinal,omitempty"`
	Mark    plan.Mark       `json:"mark,omitzero"`
}

// applyAct carries out an action that was checked.
func (f *Fleet) applyAct(a *actOp, t int64) error {
	c := f.clusters[a.Cluster]
	if c == nil {
		return fmt.Errorf("there is no cluster %q", a.Cluster)
	}
	changed := false
	if c.mark == nil && !a.Mark.IsZero() || c.mark != nil && *c.mark != a.Mark {
		mark := a.Mark
		c.mark = &mark
		changed = true
	}
	switch a.Kind {
	case plan.Start:
		// The same target again must not move the ratchet back up.
		if target := f.versions.id(a.Version); target != c.target {
			c.target, c.partition, c.held = target, len(c.replicas), false
			changed = true
		}
	case plan.Step:
		c.partition = a.Ordinal
		changed = true
	case plan.Hold, plan.Continue:
		if held := a.Kind == plan.Hold; !c.ratchet && c.held != held {
			c.held = held
			changed = true
		}
	case plan.Note:
	}
	changed = f.drive(c, t) || changed
	f.after(c, changed)
	return nil
}
