package console

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/wavegate-dev/wavegate/internal/github"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/report"
)

// planning is what is known of open pull requests.
type planning struct {
	done    map[int]planned
	again   map[int]time.Time // when a plan that failed is tried again
	reviews map[int]reviewed
}

// planned is what a plan was made of: it is made again when one of them changes.
type planned struct {
	head, base string
	reviews    string // a word for what they are worth
	// silent tells that there was nothing to say.
	silent bool
}

func newPlanning() planning {
	return planning{done: map[int]planned{}, again: map[int]time.Time{}, reviews: map[int]reviewed{}}
}

// maxPlans is how many plans are made in one look: anybody can open pull requests,
// and promotions must not wait for all of them.
const maxPlans = 10

// planPause is after which time a plan is tried again that could not be made.
const planPause = 5 * time.Minute

// lookAtOpen proposes promotions, says on each open pull request what merging it
// would do, those that changed last first, and posts the drift report.
func (c *Console) lookAtOpen(ctx context.Context) (time.Duration, error) {
	s := c.newest()
	if s == nil || s.base == "" {
		return 0, nil // there is nothing yet that a plan could begin with
	}
	if !c.cfg.NoDrift && s.status.Commit != "" {
		if err := c.lookAtDrift(ctx, s); err != nil {
			if !own(err) || ctx.Err() != nil {
				return 0, err
			}
			c.cfg.Log.Warn("GitHub refuses the drift report", "error", err)
		}
	}
	if c.cfg.Preview == nil && !c.cfg.Promotions {
		return 0, nil
	}
	pulls, err := c.cfg.Client.Pulls(ctx, github.PullQuery{Base: c.cfg.Branch})
	if err != nil {
		return 0, err
	}
	closed, err := c.lookAtPromotions(ctx, s, pulls)
	if err != nil {
		return 0, err
	}
	if c.cfg.Preview == nil {
		return 0, nil
	}
	pulls = slices.DeleteFunc(pulls, func(p github.Pull) bool { return closed[p.Number] })
	c.plans.forget(pulls)
	left := maxPlans
	for i := range pulls {
		p := &pulls[i]
		last, known := c.plans.done[p.Number]
		same := known && last.head == p.HeadSHA && last.base == s.base
		if same && last.silent {
			continue
		}
		if until, ok := c.plans.again[p.Number]; ok && last.head == p.HeadSHA && c.cfg.Now().Before(until) {
			continue
		}
		if !same && left <= 0 {
			return time.Second, nil
		}
		reviews, err := c.reviewsOf(ctx, s, p)
		if err != nil {
			return 0, err
		}
		want := planned{head: p.HeadSHA, base: s.base, reviews: wordFor(reviews)}
		if same && last.reviews == want.reviews {
			continue
		}
		if left--; left < 0 {
			return time.Second, nil
		}
		made, silent, err := c.planOf(ctx, s, p, reviews)
		if err != nil {
			if !own(err) || ctx.Err() != nil {
				return 0, err
			}
			c.cfg.Log.Warn("GitHub refuses the plan of a pull request", "pull", p.Number, "error", err)
			made = false
		}
		delete(c.plans.again, p.Number)
		if want.silent = silent; made {
			c.plans.done[p.Number] = want
		} else {
			c.plans.done[p.Number] = planned{head: p.HeadSHA}
			c.plans.again[p.Number] = c.cfg.Now().Add(planPause)
		}
	}
	return 0, nil
}

// forget drops what is known of pull requests that are not open any more.
func (p *planning) forget(open []github.Pull) {
	for n := range p.done {
		if !slices.ContainsFunc(open, func(o github.Pull) bool { return o.Number == n }) {
			delete(p.done, n)
			delete(p.again, n)
			delete(p.reviews, n)
		}
	}
}

// planOf makes the plan of a pull request and says it. It returns false when the
// plan could not be made; silent tells that there was nothing to say.
func (c *Console) planOf(ctx context.Context, s *snapshot, p *github.Pull, reviews *report.Reviews) (made, silent bool, err error) {
	previewing, cancel := context.WithTimeout(ctx, c.cfg.PreviewTimeout)
	defer cancel()
	v, problems, err := c.cfg.Preview(previewing, p.HeadSHA, s.base)
	if ctx.Err() != nil {
		return false, false, ctx.Err()
	}
	if err == nil && v == nil && len(problems) == 0 {
		err = errors.New("there is none")
	}
	if err != nil {
		c.cfg.Log.Warn("plan of a pull request cannot be made", "pull", p.Number, "commit", p.HeadSHA, "error", err)
		return false, false, c.setStatus(ctx, p.HeadSHA, github.Status{
			Context: StatusPlan, State: github.Error, Description: "The plan cannot be made now; it is tried again",
		})
	}
	if v == nil {
		v = &report.Preview{From: s.base, To: p.HeadSHA, At: c.cfg.Now().UTC()}
	}
	pr := report.PullRequest{
		ID: number(p.Number), Commit: p.HeadSHA, Files: c.filesOf(p), Problems: problems, Approvals: s.policy, Reviews: reviews,
	}
	if v.Approvals != nil {
		pr.Approvals = *v.Approvals
	}
	status := verdictOf(v, problems)
	refused := c.setStatus(ctx, p.HeadSHA, status)
	if refused != nil && !own(refused) {
		return false, false, refused
	}
	if len(problems) > 0 {
		if err := c.annotate(ctx, p.HeadSHA, status, problems); err != nil {
			return false, false, err
		}
	}
	silent = len(problems) == 0 && v.Refused == "" && v.Unchanged
	_, err = c.say(ctx, utterance{
		on: p.Number, marker: markerPull + number(p.Number), post: v.Markdown(pr), state: p.HeadSHA, reply: silent,
	})
	return err == nil, silent, errors.Join(err, refused)
}

// annotate points at the lines that are wrong, which only apps can do.
func (c *Console) annotate(ctx context.Context, sha string, s github.Status, problems fleet.Problems) error {
	check := github.Check{Name: "wavegate/files", State: github.Failure, Title: s.Description, Summary: "Merged like this, it would move nothing."}
	for i := range problems {
		x := &problems[i]
		text := x.Message
		if x.Hint != "" {
			text += "; " + x.Hint
		}
		if x.File != "" {
			check.Notes = append(check.Notes, github.Note{Path: path.Join(c.cfg.Path, x.File), Line: x.Line, Problem: true, Message: text})
		}
	}
	if err := c.cfg.Client.SetCheck(ctx, sha, check); err != nil && !errors.Is(err, github.ErrNoChecks) {
		return err
	}
	return nil
}

// verdictOf is the status of a plan. A pull request that moves nothing has one
// too, so that it can be required.
func verdictOf(v *report.Preview, problems fleet.Problems) github.Status {
	out := github.Status{Context: StatusPlan, State: github.Success}
	switch {
	case len(problems) > 0:
		out.State = github.Failure
		out.Description = line(problems[0].Error())
		if n := len(problems) - 1; n > 0 {
			out.Description = line(fmt.Sprintf("%d problems: %s", n+1, problems[0].Error()))
		}
	case v.Refused != "":
		out.State = github.Failure
		out.Description = "Would be refused: " + line(v.Refused)
	case v.First != nil:
		out.Description = fmt.Sprintf("First start: nothing moves; clusters seen: %d", v.First.Clusters)
	case len(v.Moves) == 0:
		out.Description = "No version moves"
	default:
		out.Description = line(movesOf(v))
	}
	return out
}

// movesOf says what moves, and how many clusters that concerns.
func movesOf(v *report.Preview) string {
	moves := slices.Clone(v.Moves)
	slices.SortStableFunc(moves, func(a, b report.Move) int { return cmp.Compare(a.Product, b.Product) })
	m := moves[0]
	text := fmt.Sprintf("%s %s in %s", m.Product, m.To, m.Cohort)
	if m.To == "" {
		text = fmt.Sprintf("%s in %s has no version any more", m.Product, m.Cohort)
	}
	if n := len(moves) - 1; n > 0 {
		text += fmt.Sprintf(" and %d more", n)
	}
	if v.Run == nil {
		return text
	}
	clusters := 0
	for _, r := range v.Run.Rollouts {
		for _, w := range r.Waves {
			clusters += len(w.Clusters)
		}
	}
	word := "clusters"
	if clusters == 1 {
		word = "cluster"
	}
	text += fmt.Sprintf(": %d %s", clusters, word)
	if !v.Run.Done {
		text += ", would not finish"
	}
	return text
}

// filesOf is the address below which the files of a pull request's head are shown.
func (c *Console) filesOf(p *github.Pull) string {
	at := strings.LastIndex(p.URL, "/pull/")
	if at < 0 || p.HeadRepo == "" {
		return ""
	}
	base := p.URL[:at] // https://github.com/acme/fleet
	for range 2 {
		cut := strings.LastIndexByte(base, '/')
		if cut < 0 {
			return ""
		}
		base = base[:cut]
	}
	return base + "/" + path.Join(p.HeadRepo, "blob", p.HeadSHA, c.cfg.Path) + "/"
}
