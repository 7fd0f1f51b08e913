package reconciler_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// countingPlane remembers what it is asked to do, besides writing marks.
type countingPlane struct {
	reconciler.DataPlane
	acted []plan.Action
}

func (p *countingPlane) Act(ctx context.Context, a plan.Action) error {
	if a.Kind != plan.Note {
		p.acted = append(p.acted, a)
	}
	return p.DataPlane.Act(ctx, a)
}

// lateBrake is pulled between the decision and the act.
type lateBrake struct {
	handBrake
	asked, after int
}

func (b *lateBrake) Pulled() (reconciler.Pull, bool) {
	if b.asked++; b.asked > b.after {
		return reconciler.Pull{Reason: "stop", Via: plan.ViaFile, Lasts: "remove the file"}, true
	}
	return reconciler.Pull{}, false
}

// TestTheBrakeIsAskedRightBeforeEachAction pulls it at every moment of a cycle
// that starts a cluster: nothing is touched from then on.
func TestTheBrakeIsAskedRightBeforeEachAction(t *testing.T) {
	for after := range 4 {
		s := storyOf(t, "testdata/disk-full.txtar")
		if err := s.run(time.Minute); err != nil {
			t.Fatal(err)
		}
		if err := s.repo.commit("c1", ""); err != nil {
			t.Fatal(err)
		}
		b := &lateBrake{after: after}
		plane := &countingPlane{DataPlane: s.fleet.DataPlanes()[0]}
		loop, err := reconciler.New(reconciler.Config{
			Source: s.repo, Loader: fleet.NewLoader(fleet.LoaderConfig{}), Approver: s.repo, DataPlanes: reconciler.These(plane, s.fleet.DataPlanes()[1]),
			Monitors: s.fleet, Ledger: s.ledger, Brake: b, Now: func() time.Time { return s.now }, Interval: time.Minute,
		})
		if err != nil {
			t.Fatal(err)
		}
		s.now = s.now.Add(30 * time.Second)
		c, err := loop.RunOnce(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(plane.acted) != 0 {
			t.Errorf("pulled after %d looks: %v", after, plane.acted)
		}
		if after < 3 && c.State.Paused == nil {
			t.Errorf("pulled after %d looks: not paused", after)
		}
		if after == 3 && (len(c.Unacted) != 1 || !errors.Is(c.Unacted[0].Err, reconciler.ErrBraked)) {
			t.Errorf("pulled after the last decision: %+v", c.Unacted)
		}
		if b.asked <= after {
			t.Errorf("the brake was asked %d times only", b.asked)
		}
	}
}
