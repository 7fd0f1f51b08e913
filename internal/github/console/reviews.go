package console

import (
	"context"
	"fmt"
	"time"

	"github.com/wavegate-dev/wavegate/internal/github"
	"github.com/wavegate-dev/wavegate/reconciler/report"
)

// reviewed is what the reviews of a pull request were worth.
type reviewed struct {
	head    string
	policy  string
	updated time.Time // of the pull request: a review changes it
	at      time.Time
	reviews *report.Reviews
}

// reviewsPause is after which time reviews are looked at that have not changed:
// whoever gave one may have lost access, or left a team.
const reviewsPause = 5 * time.Minute

// grain is how long after a change of a pull request another one may bear the
// same time: GitHub gives times in seconds, by a clock of its own.
const grain = 10 * time.Second

// reviewsOf says what the reviews of an open pull request are worth, or nil when
// nobody can tell.
func (c *Console) reviewsOf(ctx context.Context, s *snapshot, p *github.Pull) (*report.Reviews, error) {
	if c.cfg.Approver == nil {
		return nil, nil
	}
	now, policy := c.cfg.Now(), fmt.Sprint(s.policy)
	last, ok := c.plans.reviews[p.Number]
	if ok && last.head == p.HeadSHA && last.policy == policy && last.updated.Equal(p.Updated) &&
		last.at.Sub(p.Updated) >= grain && now.Sub(last.at) < reviewsPause {
		return last.reviews, nil
	}
	t, err := c.cfg.Approver.Preview(ctx, p.Number, s.policy)
	if err != nil {
		if !own(err) || ctx.Err() != nil {
			return nil, err
		}
		c.cfg.Log.Warn("GitHub refuses to say who has approved a pull request", "pull", p.Number, "error", err)
		t = github.Tally{Unknown: "GitHub refuses to say who has approved"}
	}
	if t.Head != "" && t.Head != p.HeadSHA {
		t = github.Tally{Unknown: "it was pushed to just now"} // the next look is about the new head
	}
	r := &report.Reviews{Approved: t.Approved, Objections: t.Objections, Unknown: t.Unknown}
	for _, d := range t.Discounted {
		r.Discounted = append(r.Discounted, report.Discounted{Name: d.Login, Why: d.Why})
	}
	c.plans.reviews[p.Number] = reviewed{p.HeadSHA, policy, p.Updated, now, r}
	return r, nil
}

// wordFor is a word that changes when the reviews say something else.
func wordFor(r *report.Reviews) string {
	if r == nil {
		return ""
	}
	return digest(fmt.Sprintf("%q", *r))
}
