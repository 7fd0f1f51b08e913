package console

import (
	"context"
	"fmt"

	"github.com/wavegate-dev/wavegate/internal/github"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
	"github.com/wavegate-dev/wavegate/reconciler/report"
)

// settle finishes the answers whose outcome is known by now.
func (c *Console) settle(ctx context.Context) error {
	var left []*answer
	for i, a := range c.desk.open {
		if !c.complete(a) && c.cfg.Now().Sub(a.At) < patience {
			left = append(left, a)
			continue
		}
		if err := c.finish(ctx, a); err != nil {
			if !own(err) {
				c.desk.open = append(left, c.desk.open[i:]...)
				return err
			}
			c.cfg.Log.Warn("a command cannot be answered", "comment", a.comment.ID, "error", err)
		}
	}
	c.desk.open = left
	return nil
}

// done says what a command has done.
var done = map[plan.CommandKind]string{
	plan.CommandPause: "paused", plan.CommandResume: "resumed",
	plan.CommandRetry: "is tried again", plan.CommandSkip: "left out",
}

// complete fills in what became of a command. It returns false while that is not
// known.
func (c *Console) complete(a *answer) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if a.cluster != "" {
		x, ok := c.hearing.explained[a.cluster]
		a.Explanation, a.Refused = x.explanation, x.why
		return ok
	}
	if a.Refused != "" || a.Done != "" {
		return true
	}
	for _, x := range a.orders {
		obeyed, why := c.hearing.outcome(x)
		if why != "" {
			a.Refused = why
			return true
		}
		if !obeyed {
			return false
		}
	}
	a.Done = done[a.orders[0].Kind]
	return true
}

// finish says what became of a command: with a reaction, in the comment about the
// rollout or, where there is none, in one that is kept for answers.
func (c *Console) finish(ctx context.Context, a *answer) error {
	reaction := reactionDone
	switch {
	case a.Refused != "":
		reaction = reactionRefused
	case a.Done == "" && a.Explanation == nil:
		reaction = "" // nobody knows; it stays seen
	}
	if a.living {
		c.desk.keep(a)
	}
	if err := c.reply(ctx, a); err != nil {
		return err
	}
	if reaction == "" {
		return nil
	}
	return c.cfg.Client.React(ctx, a.comment.ID, reaction)
}

// reply answers in a comment of its own what the comment about the rollout does
// not show.
func (c *Console) reply(ctx context.Context, a *answer) error {
	on := number(a.comment.On)
	cmd, _ := github.ParseCommand(a.comment.Body)
	u := utterance{on: a.comment.On, marker: "answer:" + on, state: fmt.Sprint(a.comment.ID)}
	s := c.newest()
	switch {
	case cmd.Name == "help" || cmd.Name == "":
		u.marker, u.post = "help:"+on, report.HelpMarkdown(on, s.policy.By)
	case a.living:
		return nil
	case cmd.Name == "status":
		u.marker, u.post = "status:"+on, s.status.Markdown(on)
	default:
		u.post = a.Markdown(on)
	}
	_, err := c.say(ctx, u)
	return err
}
