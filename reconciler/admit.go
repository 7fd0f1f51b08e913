package reconciler

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/admission"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// fetch is a look at the branch that runs beside the cycles: a slow git server
// must not delay a halt. The result belongs to the cycle that finds it done.
type fetch struct {
	done   chan struct{}
	base   string // the commit in force when it began
	head   string
	spec   *fleet.Spec // of the commit in force, when it was not known
	first  *fleet.Spec // of the head, while nothing is in force
	waits  error       // why nothing comes into force yet
	result *admission.Result
	err    error
}

// admit brings newly approved commits into force. Whatever goes wrong with git,
// what was in force stays in force.
func (r *Reconciler) admit(ctx context.Context, c *Cycle) {
	if r.fetch == nil {
		if !r.poked.Swap(false) && r.policy != nil && c.At.Sub(r.fetched) < r.cfg.FetchInterval && !c.At.Before(r.fetched) {
			return
		}
		r.fetched = c.At
		r.fetch = r.startFetch(ctx)
	}
	select {
	case <-r.fetch.done:
	case <-time.After(r.cfg.FetchPatience):
		c.problem("fetch", errors.New("git has not answered yet; going on with what is in force"))
		return
	case <-r.hurry:
		r.Hurry() // for the cycle after this one
		return    // the fetch goes on beside the cycles
	case <-ctx.Done():
		return
	}
	f := r.fetch
	r.fetch = nil
	if f.spec != nil && r.state.InForce.Commit == f.base {
		r.adopt(c, f.spec, f.base)
	}
	if f.err != nil {
		c.problem("fetch", f.err)
		return
	}
	c.Head, c.Admission = f.head, f.result
	if r.proposed = f.first; f.waits != nil {
		c.problem("first start", f.waits)
	}
	if r.state.InForce.Commit != f.base {
		return
	}
	r.enforce(ctx, c, f)
}

// startFetch begins a look at the branch.
func (r *Reconciler) startFetch(ctx context.Context) *fetch {
	f := &fetch{done: make(chan struct{}), base: r.state.InForce.Commit}
	inForce := admission.InForce{Commit: f.base, Tree: r.state.InForce.Tree, Spec: r.spec}
	if r.policyOf != f.base {
		inForce.Spec = nil
	}
	go func() {
		defer close(f.done)
		f.err = r.look(ctx, f, inForce)
	}()
	return f
}

// look fetches the branch and judges the commits after the one in force. It runs
// beside the cycles and touches nothing of theirs.
func (r *Reconciler) look(ctx context.Context, f *fetch, inForce admission.InForce) error {
	if inForce.Commit != "" && inForce.Spec == nil {
		// After a restart, the cache may know the commit while the server is
		// out of reach.
		if spec, _, err := r.load(ctx, inForce.Commit); err == nil {
			f.spec, inForce.Spec = spec, spec
		}
	}
	head, err := r.cfg.Source.Fetch(ctx)
	if err != nil {
		return err
	}
	f.head = head
	if inForce.Commit != "" && inForce.Spec == nil {
		spec, problems, err := r.load(ctx, inForce.Commit)
		switch {
		case err != nil:
			return fmt.Errorf("load commit %s, which is in force: %w", short(inForce.Commit), err)
		case spec == nil:
			return fmt.Errorf("load commit %s, which is in force: %w", short(inForce.Commit), problems)
		}
		f.spec, inForce.Spec = spec, spec
	}
	if inForce.Commit == "" {
		return r.lookFirst(ctx, f)
	}
	if head == inForce.Commit {
		f.result = &admission.Result{InForce: head}
		return nil
	}
	in := admission.Input{InForce: inForce}
	commits, err := r.cfg.Source.Log(ctx, inForce.Commit, head)
	if errors.Is(err, ErrUnrelated) {
		in.Rewritten = true
		commits, err = r.cfg.Source.Log(ctx, "", head)
	}
	if err != nil {
		return fmt.Errorf("list commits: %w", err)
	}
	return r.judge(ctx, f, in, commits)
}

// judge looks at commit after commit, each by the policy in force before it.
func (r *Reconciler) judge(ctx context.Context, f *fetch, in admission.Input, commits []admission.Commit) error {
	chain := admission.NewChain(in.InForce)
	for _, commit := range commits {
		candidate, err := r.candidate(ctx, commit, chain.InForce().Spec)
		if err != nil {
			return err
		}
		if in.Rewritten {
			in.Commits = append(in.Commits, candidate)
			continue
		}
		chain.Add(candidate)
	}
	result := chain.Result()
	if in.Rewritten {
		result = admission.Judge(in)
	}
	f.result = &result
	return nil
}

func (r *Reconciler) candidate(ctx context.Context, commit admission.Commit, force *fleet.Spec) (admission.Candidate, error) {
	out := admission.Candidate{Commit: commit}
	parent := ""
	if len(commit.Parents) > 0 {
		parent = commit.Parents[0]
	}
	var err error
	if force != nil {
		if out.Changes, err = r.cfg.Source.Changes(ctx, parent, commit.SHA); err != nil {
			return out, fmt.Errorf("compare commit %s with its parent: %w", short(commit.SHA), err)
		}
	}
	if out.Spec, out.Problems, err = r.load(ctx, commit.SHA); err != nil {
		return out, fmt.Errorf("load commit %s: %w", short(commit.SHA), err)
	}
	policy := admission.PolicyFor(force, out.Spec)
	if out.Evidence, err = r.cfg.Approver.Approve(ctx, commit, policy); err != nil {
		out.Evidence = admission.Evidence{Verdict: admission.Unknown, Reason: "its approval cannot be read: " + err.Error()}
	}
	return out, nil
}

// load reads the fleet repository at a commit.
func (r *Reconciler) load(ctx context.Context, commit string) (*fleet.Spec, fleet.Problems, error) {
	tree, err := r.cfg.Source.Tree(ctx, commit)
	if err != nil {
		return nil, nil, err
	}
	spec, problems := r.cfg.Loader.Load(tree)
	if len(problems) > 0 {
		return nil, problems, nil
	}
	return spec, nil, nil
}

// enforce turns what was judged into events.
func (r *Reconciler) enforce(ctx context.Context, c *Cycle, f *fetch) {
	for _, commit := range f.result.Admitted {
		baseline := r.state.InForce.Commit == ""
		r.take(c, []plan.Event{{
			At: c.At, Kind: plan.CommitAdmitted, Commit: commit.SHA, Tree: commit.Tree, Baseline: baseline,
			Reason: commit.Evidence.Reason, By: joinNames(commit.Evidence.By), Approvers: commit.Evidence.By,
			Via: plan.Via(commit.Evidence.Via), Pull: commit.Evidence.Pull, Link: commit.Evidence.Link,
			Rules: plan.NewRules(commit.Spec),
		}})
		r.take(c, plan.Targets(r.state, commit.Spec, commit.SHA, baseline, c.At))
		r.adopt(c, commit.Spec, commit.SHA)
	}
	frozen := f.result.Frozen
	// A commit that cannot be judged now says nothing about why it was refused.
	pending := slices.ContainsFunc(f.result.Judgements, func(j admission.Judgement) bool { return j.Status == admission.Pending })
	switch {
	case frozen == nil && r.state.Frozen != nil && !pending:
		r.take(c, []plan.Event{{At: c.At, Kind: plan.AdmissionThawed, Commit: r.state.Frozen.Commit}})
	case frozen != nil && (r.state.Frozen == nil || r.state.Frozen.Commit != frozen.Commit || r.state.Frozen.Reason != frozen.Reason):
		r.take(c, []plan.Event{{At: c.At, Kind: plan.CommitRefused, Commit: frozen.Commit, Reason: frozen.Reason}})
	}
	r.save(ctx, c)
}

// adopt compiles the spec that is in force from now on.
func (r *Reconciler) adopt(c *Cycle, spec *fleet.Spec, commit string) {
	policy, err := plan.Compile(spec)
	if err != nil {
		c.problem("compile commit "+short(commit), err)
		return
	}
	r.spec, r.policy, r.policyOf = spec, policy, commit
	r.labels = plan.NewRules(spec).Labels()
}

func joinNames(names []string) string {
	out := ""
	for i, n := range names {
		if i > 0 {
			out += ", "
		}
		out += n
	}
	return out
}

func short(commit string) string { return commit[:min(7, len(commit))] }
