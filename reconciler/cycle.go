package reconciler

import (
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/admission"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// Cycle is what one pass of the loop saw, decided and did. Reporters read it;
// what it points to is valid until the next cycle begins. Others see the last one
// by [Reconciler.View].
type Cycle struct {
	Number int
	At     time.Time
	Took   time.Duration
	DryRun bool

	// Head is the newest commit of the branch; Admission what was judged of the
	// commits after the one in force.
	Head      string
	Admission *admission.Result
	// Spec is the one in force, or nil.
	Spec       *fleet.Spec
	Plan       *plan.Plan
	State      *plan.State
	Fleet      *plan.Inventory
	Signals    plan.Signals
	Metrics    plan.Metrics
	DataPlanes []string
	// Events are the facts of this cycle.
	Events []plan.Event
	// Acted are the actions that were carried out, Unacted those that were not.
	Acted   []plan.Action
	Unacted []Unacted
	// Refused are the commands that made no sense, and why.
	Refused map[int64]string
	// Problems are what went wrong, for people.
	Problems []string

	watched     time.Duration
	clockJumped bool
	signals     plan.Signals
	changed     map[string]plan.Change
	news        news
	decided     int // events up to here are what the decision rests on
}

// Unacted is an action that was not carried out, and why.
type Unacted struct {
	Action plan.Action
	Err    error
}

func (c *Cycle) problem(doing string, err error) {
	c.Problems = append(c.Problems, doing+": "+err.Error())
}

// changes merges the changes of several plans into those of the cycle.
func (c *Cycle) changes(changes []plan.Change) {
	if c.changed == nil {
		c.changed = map[string]plan.Change{}
	}
	for _, ch := range changes {
		if first, ok := c.changed[ch.Cluster]; ok {
			ch.Old = first.Old
		}
		c.changed[ch.Cluster] = ch
	}
}
