package reconciler

import (
	"errors"
	"slices"

	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// ErrBraked tells that an action was not carried out because the brake was pulled
// in the meantime.
var ErrBraked = errors.New("everything is to stand still")

// pulled reports whether the brake is pulled.
func (r *Reconciler) pulled() bool {
	if r.cfg.Brake == nil {
		return false
	}
	_, yes := r.cfg.Brake.Pulled()
	return yes
}

// brake makes a pause of a brake that was pulled, and reports whether it is a new
// one. The pause holds from here on, whether the ledger can be written or not; it
// stays when the brake is let go, until somebody resumes.
func (r *Reconciler) brake(c *Cycle) bool {
	if r.cfg.Brake == nil {
		return false
	}
	pull, yes := r.cfg.Brake.Pulled()
	if p := r.state.Paused; !yes || (p != nil && p.Via == pull.Via && p.Reason == pull.Reason) {
		return false
	}
	r.take(c, []plan.Event{{At: c.At, Kind: plan.Paused, Reason: pull.Reason, By: pull.By, Via: pull.Via}})
	r.pulls = append(r.pulls, pull)
	return true
}

// latch tells the brake which of its pauses are durable.
func (r *Reconciler) latch() {
	for _, p := range r.pulls {
		r.cfg.Brake.Latched(p)
	}
	r.pulls = nil
}

// refuseResumes takes out the commands that would let go what the brake holds.
func (r *Reconciler) refuseResumes(commands []plan.Command) (rest []plan.Command, refused []plan.Event) {
	if r.cfg.Brake == nil {
		return commands, nil
	}
	pull, yes := r.cfg.Brake.Pulled()
	if !yes || pull.Lasts == "" {
		return commands, nil
	}
	rest = slices.DeleteFunc(slices.Clone(commands), func(cmd plan.Command) bool {
		if cmd.Kind != plan.CommandResume {
			return false
		}
		refused = append(refused, plan.Refusal(cmd, pull.Lasts))
		return true
	})
	return rest, refused
}
