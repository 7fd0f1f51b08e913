package kube

import (
	"context"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// Act carries out one action. What it changes and the mark are one write, which
// carries the resource version that the action was decided on.
func (p *Plane) Act(ctx context.Context, a plan.Action) error {
	key, err := p.act(ctx, a)
	if key != (workloadKey{}) {
		p.events.again(key)
		p.refusals.set(key, err)
	}
	if err != nil {
		return fmt.Errorf("%s cluster %s in data plane %s: %w", a.Kind, a.Cluster, p.cfg.Name, err)
	}
	return nil
}

func (p *Plane) act(ctx context.Context, a plan.Action) (workloadKey, error) {
	switch {
	case a.DataPlane != p.cfg.Name:
		return workloadKey{}, fmt.Errorf("the action is for data plane %q", a.DataPlane)
	case a.Kind < plan.Start || a.Kind > plan.Note:
		return workloadKey{}, fmt.Errorf("the action has kind %d, which does not exist", a.Kind)
	case a.Kind == plan.Start && a.Version.IsZero():
		return workloadKey{}, errors.New("the action names no version")
	case ctx.Err() != nil:
		return workloadKey{}, ctx.Err()
	}
	r, w, err := p.find(a.Cluster)
	switch {
	case err != nil:
		return workloadKey{}, fmt.Errorf("%w: %w", reconciler.ErrConflict, err)
	case r.cluster.Product != a.Product:
		return workloadKey{}, fmt.Errorf("%w: it runs %s, not %s", reconciler.ErrConflict, r.cluster.Product, a.Product)
	case a.Expect != r.cluster.Revision:
		return workloadKey{}, fmt.Errorf("%w: it is at %s, not at %q", reconciler.ErrConflict, r.cluster.Revision, a.Expect)
	}
	t := &task{plane: p, action: a, record: r, watch: w, workload: r.workload, client: p.writes}
	if a.Kind == plan.Hold || a.Mark.Paused != "" || a.Mark.AllPaused != "" {
		t.client = p.halts
	}
	return r.key, explain(t.do(ctx))
}

// task is one action on one workload.
type task struct {
	plane    *Plane
	action   plan.Action
	record   *record
	watch    *watch
	workload *workload
	client   clients
}

func (t *task) do(ctx context.Context) error {
	rolls := t.workload.kind != fleet.StatefulSet
	switch t.action.Kind {
	case plan.Start:
		return t.start(ctx)
	case plan.Step:
		if rolls {
			return errors.New("it rolls by itself and takes no steps")
		}
		return t.step(ctx)
	case plan.Hold, plan.Continue:
		if rolls {
			paused := t.action.Kind == plan.Hold
			return t.write(ctx, fields{paused: &paused}, t.keptNext())
		}
		return t.write(ctx, fields{}, t.keptNext())
	default:
		return t.write(ctx, fields{}, t.keptNext())
	}
}

// explain turns what the API server answers into what a planner and a person can
// use.
func explain(err error) error {
	switch {
	case err == nil:
		return nil
	case apierrors.IsConflict(err), apierrors.IsNotFound(err):
		return fmt.Errorf("%w: %w", reconciler.ErrConflict, err)
	case apierrors.IsForbidden(err):
		return fmt.Errorf("%w; see the rights that Wavegate needs in internal/kube/rbac.yaml", err)
	default:
		return err
	}
}
