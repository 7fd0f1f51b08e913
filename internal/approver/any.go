package approver

import (
	"context"

	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/admission"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// Any approves every commit: whoever may push to the branch decides. For trying
// out, and where the branch itself is protected well enough.
type Any struct{}

var _ reconciler.Approver = Any{}

// Approve approves.
func (Any) Approve(_ context.Context, c admission.Commit, _ fleet.Approvals) (admission.Evidence, error) {
	return admission.Evidence{
		Verdict: admission.Approved, Reason: "every commit of the branch is approved", By: []string{c.Committer.Email}, Via: "push",
	}, nil
}
