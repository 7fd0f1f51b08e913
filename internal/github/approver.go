package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/admission"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// ApproverConfig says which branch is watched.
type ApproverConfig struct {
	Client *Client
	// Branch is the watched branch, main for instance.
	Branch string
	// Settle is how old a commit has to be before GitHub's not knowing a pull
	// request of it counts: GitHub finds that out shortly after a merge. Zero means
	// 30 seconds.
	Settle time.Duration
}

// Approver proves by GitHub's pull requests that commits may take effect. It is
// safe for concurrent use.
//
// A commit is approved when a merged pull request brought it to the watched
// branch, what was merged is the head that was reviewed, and enough people have
// approved that head. People do not count who opened the pull request, pushed to
// it, or wrote or committed one of its commits; nor do bots, nor whoever has no
// access any more. The latest review of each person counts, be it given before
// the merge or after.
//
// # What is proven
//
// That GitHub merged it: the repository's activity has to name the movement of the
// branch a merge of a pull request or of the merge queue. A push of the same
// commits, which GitHub also shows as merged, is refused.
//
// That the merge brought what was reviewed, from the ids of git's trees: file by
// file, the result has to be that of the base where the pull request left it
// alone, and that of the reviewed head where the base left it alone. For this the
// commit's own tree and parents are taken from git, not from GitHub. A file that
// both have changed, differently, is in a state that nobody has reviewed, even if
// git merges it without a conflict: it is refused, and the way out is to bring the
// branch up to date and have that approved. The commits of a rebase are proven one
// by one, each against the one of the pull request that it was made of.
//
// What is not proven: who a person is besides what GitHub says, and whether a
// commit's author wrote it. Commits whose author GitHub does not know are
// accounted to those who pushed them, as far as each push ended in one.
//
// # What is remembered
//
// Nothing that is needed: all is derived from git and GitHub again after any loss,
// with the same outcome. How a commit came about never changes, so it is kept in
// memory. Reviews, permissions and memberships are asked for each time, by
// conditional requests.
type Approver struct {
	client *Client
	branch string
	settle time.Duration
	known  *origins
}

var _ reconciler.Approver = (*Approver)(nil)

// NewApprover makes an approver.
func NewApprover(cfg ApproverConfig) (*Approver, error) {
	if cfg.Client == nil || cfg.Branch == "" {
		return nil, errors.New("configure approvals: a client and the name of the watched branch are needed")
	}
	if cfg.Settle <= 0 {
		cfg.Settle = 30 * time.Second
	}
	return &Approver{client: cfg.Client, branch: cfg.Branch, settle: cfg.Settle, known: newOrigins()}, nil
}

// Approve judges one commit by the policy in force before it. It fails when
// GitHub's answer cannot be had, which is never an approval.
func (a *Approver) Approve(ctx context.Context, c admission.Commit, policy fleet.Approvals) (admission.Evidence, error) {
	o, err := a.origin(ctx, &c)
	var open *openError
	switch {
	case errors.As(err, &open):
		return admission.Evidence{Verdict: admission.Unknown, Reason: open.reason}, nil
	case err != nil:
		return admission.Evidence{}, fmt.Errorf("check approval of commit %s: %w", short(c.SHA), err)
	case o.refused != "":
		return admission.Evidence{Verdict: admission.Refused, Reason: o.refused}, nil
	}
	evidence, err := a.judge(ctx, o, policy)
	if err != nil {
		return admission.Evidence{}, fmt.Errorf("check approval of commit %s: %w", short(c.SHA), err)
	}
	return evidence, nil
}

// Preview says what the reviews of a pull request are worth as it is now. It is
// for people to read before a merge; only Approve proves anything.
func (a *Approver) Preview(ctx context.Context, number int, policy fleet.Approvals) (Tally, error) {
	t, err := a.preview(ctx, number, policy)
	var open *openError
	switch {
	case errors.As(err, &open):
		t.Unknown = open.reason
	case err != nil:
		return Tally{}, fmt.Errorf("check approvals of pull request %d: %w", number, err)
	}
	return t, nil
}

func (a *Approver) preview(ctx context.Context, number int, policy fleet.Approvals) (Tally, error) {
	c := a.client
	pr, _, err := c.api.PullRequests.Get(ctx, c.owner, c.repo, number)
	if err != nil {
		return Tally{}, failed(err, "read pull request %d", number)
	}
	commits, err := c.pullCommits(ctx, number)
	if err != nil {
		return Tally{}, err
	}
	o := &origin{pull: number, head: pr.GetHead().GetSHA(), link: pr.GetHTMLURL()}
	if o.involved, err = a.involved(ctx, pr, commits); err != nil {
		return Tally{Head: o.head}, err
	}
	t, unknown, _, err := a.tally(ctx, o, policy)
	if code := status(unknown); err == nil && (code == http.StatusNotFound || code == http.StatusForbidden) {
		// It stays so until somebody changes what the token may read.
		t.Unknown, unknown = "GitHub does not let Wavegate read whether all who reviewed it may approve; "+
			"if the policy names a team, let the token read it: scope read:org, or for an app the permission Members", nil
	}
	return t, errors.Join(err, unknown)
}

// openError says that a question has no answer yet although GitHub has answered.
type openError struct{ reason string }

func (e *openError) Error() string { return e.reason }

func open(format string, args ...any) error { return &openError{fmt.Sprintf(format, args...)} }

func short(sha string) string { return sha[:min(7, len(sha))] }
