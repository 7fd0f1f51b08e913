package console

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/wavegate-dev/wavegate/internal/github"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
	"github.com/wavegate-dev/wavegate/reconciler/report"
)

// The reactions to a command: seen, done, not done. A command with one of the
// last two is answered, also after a restart.
const (
	reactionSeen    = github.Eyes
	reactionDone    = github.ThumbsUp
	reactionRefused = github.Confused
)

// desk is where commands are taken.
type desk struct {
	since time.Time // of the newest comment that was read
	read  map[int64]bool
	// claimed are the comments under which this process has begun to put the
	// reaction that it has seen them, and which it has not obeyed yet.
	claimed map[int64]bool
	// answers are those of a pull request, the newest first; open are those that
	// are not complete.
	answers map[int][]report.Answer
	open    []*answer
	count   map[int]int
}

// answer is a command whose outcome is not known yet, or not yet said.
type answer struct {
	comment github.Comment
	key     time.Time // finds it among the answers
	report.Answer
	orders  []*order
	cluster string // to be explained
	living  bool   // it is told in the comment about the rollout
}

// order is a command that was handed to the loop.
type order struct {
	plan.Command
	id int64
}

func newDesk() desk {
	return desk{read: map[int64]bool{}, claimed: map[int64]bool{}, answers: map[int][]report.Answer{}, count: map[int]int{}}
}

// maxKept is how many answers of a pull request are kept.
const maxKept = 5

// heard is a word that changes with what was answered on a pull request.
func (d *desk) heard(on int) string { return number(d.count[on]) }

// keep puts an answer among those of its pull request, in place of what it was.
func (d *desk) keep(a *answer) {
	d.count[a.comment.On]++
	list := d.answers[a.comment.On]
	for i := range list {
		if list[i].At.Equal(a.key) && list[i].Command == a.Command && list[i].By == a.By {
			list[i] = a.Answer
			return
		}
	}
	list = slices.Insert(list, 0, a.Answer)
	d.answers[a.comment.On] = list[:min(len(list), maxKept)]
}

// patience is after which time a command that was handed over is no longer waited
// for.
const patience = 10 * time.Minute

// overlap is how much earlier than the newest comment another one may be that is
// listed later: GitHub's lists lag a little.
const overlap = time.Minute

// takeCommands reads what people have asked for since the last look, hands it to
// the loop and answers.
func (c *Console) takeCommands(ctx context.Context, s *snapshot) error {
	if c.cfg.Submit == nil {
		return nil
	}
	d := &c.desk
	if d.since.IsZero() {
		d.since = c.cfg.Now().Add(-c.cfg.Lookback).UTC().Truncate(time.Second)
	}
	comments, err := c.cfg.Client.Comments(ctx, d.since)
	if err != nil {
		return err
	}
	for i := range comments {
		k := &comments[i]
		if d.read[k.ID] {
			continue
		}
		if err := c.read(ctx, s, k); err != nil {
			if !own(err) {
				return err
			}
			c.cfg.Log.Warn("a command cannot be answered", "comment", k.ID, "error", err)
		}
		d.read[k.ID] = true
	}
	if n := len(comments); n > 0 && comments[n-1].Updated.Add(-overlap).After(d.since) {
		d.since = comments[n-1].Updated.Add(-overlap)
		d.forget(comments)
	}
	return c.settle(ctx)
}

// forget drops what is known of comments that are not listed any more, because
// they were changed before the newest one.
func (d *desk) forget(comments []github.Comment) {
	read := map[int64]bool{}
	for i := range comments {
		if k := &comments[i]; !k.Updated.Before(d.since) && d.read[k.ID] {
			read[k.ID] = true
		}
	}
	d.read = read
}

// read takes one comment. What is no command, of whom may give none, or answered,
// is left alone.
func (c *Console) read(ctx context.Context, s *snapshot, k *github.Comment) error {
	cmd, ok := github.ParseCommand(k.Body)
	if !ok || k.Bot || k.Edited() || k.On == 0 || c.cfg.Now().Sub(k.Created) > c.cfg.Lookback {
		return nil
	}
	if self, err := c.cfg.Client.Self(ctx); err != nil || strings.EqualFold(self, k.Author) {
		return err
	}
	reacted, err := c.cfg.Client.Reacted(ctx, k.ID)
	if err != nil {
		return err
	}
	if slices.Contains(reacted, reactionDone) || slices.Contains(reacted, reactionRefused) {
		return nil
	}
	may, _, err := c.cfg.Client.MayCommand(ctx, *k, s.policy.By)
	if err != nil || !may {
		return err
	}
	a := &answer{comment: *k, key: k.Created, Answer: report.Answer{
		At: k.Created, By: k.Author, Command: strings.TrimSpace("/wavegate " + cmd.Name + " " + cmd.Rest),
	}}
	on, err := c.subjectsOn(ctx, s, k.On)
	if err != nil {
		return err
	}
	a.living = len(on) > 0
	again := slices.Contains(reacted, reactionSeen) && !c.desk.claimed[k.ID]
	c.desk.claimed[k.ID] = true
	if err := c.cfg.Client.React(ctx, k.ID, reactionSeen); err != nil {
		return err
	}
	delete(c.desk.claimed, k.ID)
	c.obey(ctx, s, a, cmd, on, again)
	if a.living {
		c.desk.keep(a)
	}
	c.desk.open = append(c.desk.open, a)
	return nil
}

// subjectsOn returns what a pull request has brought to the branch.
func (c *Console) subjectsOn(ctx context.Context, s *snapshot, on int) ([]*subject, error) {
	var out []*subject
	for i := range s.subjects {
		n, err := c.pullOf(ctx, s.subjects[i].commit)
		if err != nil && !own(err) {
			return nil, err
		}
		if err == nil && n == on {
			out = append(out, &s.subjects[i])
		}
	}
	return out, nil
}
