package reconciler

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/wavegate-dev/wavegate/reconciler/admission"
)

// lookFirst judges what the branch holds while nothing is in force: at the very
// first start, and when the ledger was lost.
//
// With a first commit it begins there and judges all that came after, each by the
// policy in force before it, so that the verdicts after a loss are those from
// before. Only the newest that is admitted comes into force, and only when all are
// known: a chain of which a part cannot be read would bring an old commit into
// force for a while, and old versions with it.
//
// Without one there is nothing to begin with but the head, which has to meet the
// policy that it declares itself.
func (r *Reconciler) lookFirst(ctx context.Context, f *fetch) error {
	// What is there can be seen before anything is in force.
	var err error
	if f.first, _, err = r.load(ctx, f.head); err != nil {
		return fmt.Errorf("load commit %s: %w", short(f.head), err)
	}
	if r.cfg.FirstCommit == "" {
		commits, err := r.cfg.Source.Log(ctx, "", f.head)
		if err != nil {
			return fmt.Errorf("list commits: %w", err)
		}
		return r.judge(ctx, f, admission.Input{}, commits)
	}
	first, after, err := r.named(ctx, f.head)
	if err != nil {
		return fmt.Errorf("begin with commit %s, which --first-commit names: %w", short(r.cfg.FirstCommit), err)
	}
	in := admission.Input{InForce: admission.InForce{Commit: first.SHA, Tree: first.Tree, Spec: first.Spec}}
	if err := r.judge(ctx, f, in, after); err != nil {
		return err
	}
	f.beginWith(first)
	return nil
}

// beginWith makes of what was judged since the first commit what is to be enforced
// and told: commits that were admitted before the newest one are history.
func (f *fetch) beginWith(first admission.Candidate) {
	res := f.result
	if i := slices.IndexFunc(res.Judgements, func(j admission.Judgement) bool { return j.Status == admission.Pending }); i >= 0 {
		f.waits = fmt.Errorf("nothing is in force until all %d commits after %s are judged, and %s cannot be: %s; if this stays so, begin with a newer commit by --first-commit",
			len(res.Judgements), short(first.SHA), short(res.Judgements[i].Commit), res.Judgements[i].Reason)
		res.InForce, res.Admitted, res.Frozen = "", nil, nil
		res.Judgements = slices.DeleteFunc(res.Judgements, func(j admission.Judgement) bool { return j.Status == admission.Admitted })
		return
	}
	newest := first
	if n := len(res.Admitted); n > 0 {
		newest = res.Admitted[n-1]
		newest.Evidence.Reason += fmt.Sprintf("; begun with commit %s, which --first-commit names, and judged all after it", short(first.SHA))
	}
	res.Admitted = []admission.Candidate{newest}
	at := slices.IndexFunc(res.Judgements, func(j admission.Judgement) bool { return j.Commit == newest.SHA })
	res.Judgements = slices.Insert(res.Judgements[at+1:], 0, admission.Judgement{
		Commit: newest.SHA, Status: admission.Admitted, Reason: newest.Evidence.Reason,
	})
}

// named returns the commit that whoever runs the service has named, and those
// after it.
func (r *Reconciler) named(ctx context.Context, head string) (first admission.Candidate, after []admission.Commit, err error) {
	after, err = r.cfg.Source.Log(ctx, r.cfg.FirstCommit, head)
	switch {
	case errors.Is(err, ErrUnrelated):
		return first, nil, fmt.Errorf("name one that the branch has gone through: %w", err)
	case err != nil:
		return first, nil, err
	}
	commits, err := r.cfg.Source.Log(ctx, "", r.cfg.FirstCommit)
	if err != nil {
		return first, nil, err
	}
	first.Commit = commits[len(commits)-1]
	first.Evidence = admission.Evidence{Verdict: admission.Approved, Reason: "whoever runs Wavegate has named it by --first-commit"}
	if first.Spec, first.Problems, err = r.load(ctx, first.SHA); err != nil {
		return first, nil, err
	}
	if first.Spec == nil {
		return first, nil, fmt.Errorf("the fleet repository is not valid there: %w", first.Problems)
	}
	return first, after, nil
}
