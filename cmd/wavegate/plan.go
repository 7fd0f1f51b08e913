package main

import (
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/wavegate-dev/wavegate/gitsource"
	"github.com/wavegate-dev/wavegate/reconciler/admission"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
	"github.com/wavegate-dev/wavegate/reconciler/report"
	"github.com/wavegate-dev/wavegate/reconciler/simulate"
)

// planFlags are the flags of `wavegate plan`.
type planFlags struct {
	state, dir, from, to string
	horizon              time.Duration
}

func (c *cli) plan() *cobra.Command {
	var f planFlags
	cmd := &cobra.Command{
		Use: "plan", Short: "What a change would do to the observed fleet", GroupID: "repo",
		Long: `Says what a change of the fleet repository would do to the fleet as it is now:
which clusters in which waves, in which order, which windows and limits bite,
when each wave would start and end through soaks and blackouts, and what would
block. It simulates the rollout in virtual time, with the same decisions that
would carry it out. Nothing is changed. While nothing is in force, it says what the
first commit would find: nothing moves by that one.

Without --to it takes the files of the folder as they are, committed or not;
without --from it starts from the commit in force. Exits with 3 when the change
would be refused.`,
		Example: `  wavegate plan                      what my uncommitted change would do
  wavegate plan --to my-branch       what merging that branch would do
  wavegate plan --from HEAD~1 --to HEAD`,
		Args: exactly(0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			w, err := openWorld(cmd.Context(), stateDir(f.state))
			if err != nil {
				return err
			}
			preview, err := f.preview(w)
			if err != nil {
				return err
			}
			if err := c.print(preview); err != nil {
				return err
			}
			if preview.Refused != "" {
				return errFound
			}
			return nil
		},
	}
	stateFlag(cmd, &f.state)
	c.outputFlag(cmd)
	cmd.Flags().StringVar(&f.dir, "dir", ".", "the fleet repository")
	cmd.Flags().StringVar(&f.from, "from", "", "revision to start from; the commit in force without it")
	cmd.Flags().StringVar(&f.to, "to", "", "revision to go to; the files as they are without it")
	cmd.Flags().DurationVar(&f.horizon, "horizon", 60*24*time.Hour, "how far to look ahead")
	return cmd
}

func (f *planFlags) preview(w *world) (*report.Preview, error) {
	from := f.from
	if from == "" {
		from = w.state.InForce.Commit // or nothing, at the first start
	} else {
		spec, err := f.load(from)
		if err != nil {
			return nil, err
		}
		w.spec = spec
		w.setTargets(spec, from)
	}
	to, err := f.load(f.to)
	if err != nil {
		return nil, err
	}
	out, err := w.preview(to, f.horizon)
	if err != nil {
		return nil, err
	}
	out.From, out.To = from, f.to
	return out, nil
}

// preview simulates what a spec would do to the world, which is used up by it.
func (w *world) preview(to *fleet.Spec, horizon time.Duration) (*report.Preview, error) {
	var err error
	policy := admission.PolicyFor(w.spec, to)
	if w.spec == nil {
		return w.firstStart(to, policy)
	}
	out := &report.Preview{At: w.now, Refused: refusal(w.spec, to), Approvals: &policy}
	events := plan.Targets(w.state, to, "preview", false, w.now)
	out.Moves = report.NewMoves(events)
	for _, e := range events {
		w.state.Apply(e)
	}
	if w.policy, err = plan.Compile(to); err != nil {
		return nil, err
	}
	out.Run = simulate.Run(simulate.Config{Input: w.input(), Horizon: horizon, Targets: movedTargets(events)})
	labels := []string{fleet.LabelDataPlane}
	for _, l := range to.Fleet.Spec.Limits {
		if l.Label != "" && !slices.Contains(labels, l.Label) {
			labels = append(labels, l.Label)
		}
	}
	out.Touches = report.NewTouches(w.fleet, out.Run, labels)
	return out, nil
}

// firstStart is what a spec would find as the first one in force.
func (w *world) firstStart(to *fleet.Spec, policy fleet.Approvals) (*report.Preview, error) {
	var err error
	if w.policy, err = plan.Compile(to); err != nil {
		return nil, err
	}
	w.setTargets(to, "preview")
	return &report.Preview{At: w.now, Approvals: &policy, First: report.NewFirstStart(w.reportInput(w.decide()))}, nil
}

// setTargets makes a spec the one in force, so that the change is seen against
// it.
func (w *world) setTargets(spec *fleet.Spec, commit string) {
	w.state.Apply(plan.Event{At: w.now, Kind: plan.CommitAdmitted, Commit: commit})
	for _, e := range plan.Targets(w.state, spec, commit, true, w.now) {
		w.state.Apply(e)
	}
}

// load reads the fleet repository at a revision, or as the files are.
func (f *planFlags) load(rev string) (*fleet.Spec, error) {
	tree, err := f.tree(rev)
	if err != nil {
		return nil, err
	}
	spec, problems := fleet.Load(tree)
	if len(problems) > 0 {
		return nil, fmt.Errorf("the fleet repository is not valid; `wavegate validate` lists all of it:\n%w", problems)
	}
	return spec, nil
}

func (f *planFlags) tree(rev string) (fs.FS, error) {
	if rev == "" {
		return os.DirFS(f.dir), nil
	}
	local, err := gitsource.OpenLocal(f.dir)
	if err != nil {
		return nil, err
	}
	commit, err := local.Resolve(rev)
	if err != nil {
		return nil, err
	}
	return local.Tree(commit, ".")
}

// refusal says why a change could not take effect even if it were approved.
func refusal(from, to *fleet.Spec) string {
	result := admission.Judge(admission.Input{
		InForce: admission.InForce{Commit: "from", Tree: "from", Spec: from},
		Commits: []admission.Candidate{{
			Commit: admission.Commit{SHA: "to", Tree: "to"}, Spec: to,
			Evidence: admission.Evidence{Verdict: admission.Approved},
		}},
	})
	if result.Frozen != nil {
		return result.Frozen.Reason
	}
	return ""
}

func movedTargets(events []plan.Event) []plan.TargetKey {
	out := []plan.TargetKey{}
	for _, e := range events {
		if e.Kind == plan.TargetSet {
			out = append(out, plan.TargetKey{Product: e.Product, Cohort: e.Cohort})
		}
	}
	return out
}
