package reconciler

import (
	"context"
	"errors"
	"io/fs"

	"github.com/wavegate-dev/wavegate/reconciler/admission"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// Source is the watched branch of the fleet repository.
type Source interface {
	// Fetch brings the branch up to date and returns its newest commit.
	Fetch(ctx context.Context) (head string, err error)
	// Log returns the commits after base up to head along the first parents,
	// oldest first. It returns an error that wraps ErrUnrelated when base is
	// not among them: the branch was rewritten. With an empty base it returns
	// head alone.
	Log(ctx context.Context, base, head string) ([]admission.Commit, error)
	// Changes returns which files differ between two commits, sorted by path.
	Changes(ctx context.Context, from, to string) ([]admission.Change, error)
	// Tree returns the files of a commit. Sys() of a file's FileInfo has a
	// method ContentHash() string.
	Tree(ctx context.Context, commit string) (fs.FS, error)
}

// Loader reads a fleet repository; fleet.Loader is the one.
type Loader interface {
	// Load returns the checked spec, or everything that is wrong with it.
	Load(fsys fs.FS) (*fleet.Spec, fleet.Problems)
}

// ErrUnrelated tells that a commit is not an ancestor of the branch's head.
var ErrUnrelated = errors.New("not an ancestor")

// Approver proves that a commit may take effect.
type Approver interface {
	// Approve judges one commit by the policy in force before it. It returns
	// an error only when it cannot tell, which blocks as unknown.
	Approve(ctx context.Context, c admission.Commit, policy fleet.Approvals) (admission.Evidence, error)
}

// DataPlane is a place in which clusters run.
type DataPlane interface {
	// Name is the value of the label wavegate.dev/data-plane.
	Name() string
	// Observe returns the clusters of the products: all of them when cursor is
	// empty, else at least those that changed since the call that returned
	// cursor. An error makes all clusters of the data plane unknown.
	Observe(ctx context.Context, products []fleet.Product, cursor string) (plan.Observation, error)
	// Act carries out one action, or returns an error that wraps ErrConflict
	// when the cluster is not as the action expects. Any other error leaves
	// open whether it was carried out.
	Act(ctx context.Context, a plan.Action) error
}

// ErrConflict tells that a cluster has changed since the action was decided.
var ErrConflict = errors.New("cluster has changed since it was observed")

// Monitors tell where alerts fire.
type Monitors interface {
	// Signals returns what the monitors of the products say. An error makes
	// all of them unknown.
	Signals(ctx context.Context, products []fleet.Product) (plan.Signals, error)
}

// Metrics measure clusters. They are asked for the metrics that the spec in force
// names and for no other, each once in a few minutes.
type Metrics interface {
	// Measure returns the value of each cluster that has one, and as of when. An
	// error makes the metric unknown as soon as the values of before are too old.
	Measure(ctx context.Context, q fleet.Metric) (plan.Measurement, error)
}

// Ledger is what must outlive a restart.
type Ledger interface {
	// Load returns the state as of the last recorded event.
	Load(ctx context.Context) (*plan.State, error)
	// Record appends events. It returns when they are durable.
	Record(ctx context.Context, events []plan.Event) error
	// Commands returns what operators have asked for and is not done, oldest first.
	Commands(ctx context.Context) ([]plan.Command, error)
	// Done removes commands that took effect or were refused; it is called
	// after their events are durable.
	Done(ctx context.Context, ids []int64) error
}

// Brake is a pause that needs nothing but the machine that the loop runs on: no
// ledger, no git, no forge, no socket.
type Brake interface {
	// Pulled tells whether somebody asks for everything to stand still, and why. It
	// is asked before each cycle and right before each action.
	Pulled() (Pull, bool)
	// Latched tells that the pause for a pull is in the ledger: one that does not
	// last may be forgotten.
	Latched(Pull)
}

// Pull is why everything has to stand still. Two that are equal are one.
type Pull struct {
	Reason string
	By     string
	Via    plan.Via
	// Lasts tells that it goes on until somebody takes it back, and how: until then
	// nothing is resumed. Empty for what was pulled once.
	Lasts string
}

// Reporter tells people what a cycle decided. Its errors never delay a cycle.
type Reporter interface {
	Report(ctx context.Context, c *Cycle) error
}
