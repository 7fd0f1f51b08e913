package console

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/wavegate-dev/wavegate/internal/github"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// abortBranch begins the names of the branches that go back. They are the
// console's own.
const abortBranch = "wavegate/abort/"

// abort pauses what a pull request moves, and opens the one that sets the versions
// back to what they were. Whether that is merged is for people: going back is a
// rollout as well.
func (c *Console) abort(ctx context.Context, s *snapshot, a *answer, on []*subject, again bool) {
	if c.cfg.Tree == nil {
		a.Refused = "revert the pull request with GitHub's button and have that approved; until then, /wavegate pause holds everything where it is"
		return
	}
	moving := underWayOn(on)
	if len(moving) == 0 {
		a.Refused = nothingMoves
		return
	}
	for _, x := range moving {
		// A pause that is there keeps its reason.
		if r, _ := find(s.status, x); r == nil || r.Paused == nil {
			c.hand(ctx, a, again, plan.Command{Kind: plan.CommandPause, Release: x.release, Reason: "aborted by user:" + a.By})
		}
	}
	a.orders = nil // the pull request is the answer
	if a.Refused != "" {
		return
	}
	pull, back, err := c.goBack(ctx, s, moving)
	if err != nil {
		c.cfg.Log.Warn("pull request that goes back cannot be opened", "pull", a.comment.On, "error", err)
		a.Refused = "it is paused, but the pull request that goes back cannot be opened; revert this one with GitHub's button"
		return
	}
	a.Done = fmt.Sprintf("paused; approve and merge pull request %d to go back to %s, then say /wavegate resume", pull, back)
}

// goBack opens the pull request that sets the versions of the subjects back.
func (c *Console) goBack(ctx context.Context, s *snapshot, moving []*subject) (pull int, back string, err error) {
	tree, err := c.cfg.Tree(ctx, s.status.Commit)
	if err != nil {
		return 0, "", fmt.Errorf("read fleet repository: %w", err)
	}
	changed := map[string][]byte{}
	var parts []string
	cohort := moving[0].cohort
	for _, x := range moving {
		_, rollouts := find(s.status, x)
		if x.cohort == "" || x.cohort != cohort || len(rollouts) != 1 {
			return 0, "", errors.New("it moves several cohorts")
		}
		to, err := fleet.ParseVersion(rollouts[0].Previous)
		if err != nil {
			return 0, "", fmt.Errorf("find version before %s: %w", x.release, err)
		}
		e, err := moveVersion(tree, x.cohort, x.product, to)
		if err != nil {
			return 0, "", err
		}
		changed[path.Join(c.cfg.Path, e.file)] = e.after
		tree = fs.FS(&overlay{tree, e.file, e.after})
		parts = append(parts, x.product+" "+to.String())
	}
	slices.Sort(parts)
	back = strings.Join(parts, ", ")
	title := "Go back to " + back + " in " + cohort
	branch := abortBranch + cohort
	if _, err := c.cfg.Client.Propose(ctx, github.Proposal{Branch: branch, Base: s.status.Commit, Message: title, Files: changed}); err != nil {
		return 0, "", err
	}
	p, err := c.cfg.Client.OpenPull(ctx, github.NewPull{
		Title: title, Head: branch, Base: c.cfg.Branch, Labels: []string{"wavegate", "abort"},
		Body: "Sets back what was aborted. It needs the approvals that every change needs; its plan is in the comment below. " +
			"What was aborted stays paused until somebody comments `/wavegate resume`.",
	})
	return p.Number, back, err
}
