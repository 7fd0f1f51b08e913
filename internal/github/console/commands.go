package console

import (
	"context"
	"fmt"
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

// obey does what a command says, or fills in why not. again tells that a process
// before this one has seen the command and not said what became of it.
func (c *Console) obey(ctx context.Context, s *snapshot, a *answer, cmd github.Command, on []*subject, again bool) {
	switch cmd.Name {
	case "help", "":
		a.Done = "see the list of commands"
	case "status":
		a.Done = "as of " + s.at.UTC().Format("15:04 UTC") + ", above"
	case "explain":
		a.cluster, a.Refused = oneWord(cmd.Rest, "/wavegate explain CLUSTER")
		if a.cluster != "" {
			c.mu.Lock()
			c.hearing.asked[a.cluster] = true
			delete(c.hearing.explained, a.cluster)
			c.mu.Unlock()
		}
	case "pause", "resume":
		c.steer(ctx, s, a, plan.CommandKind(cmd.Name), cmd.Rest, on, again)
	case "retry", "skip":
		cluster, reason, _ := strings.Cut(cmd.Rest, " ")
		reason = strings.TrimSpace(reason)
		usage := "/wavegate retry CLUSTER"
		if cmd.Name == "skip" {
			usage = "/wavegate skip CLUSTER REASON"
		}
		if cluster == "" || cmd.Name == "skip" && reason == "" || cmd.Name == "retry" && reason != "" {
			a.Refused = "say " + usage
			return
		}
		c.hand(ctx, a, again, plan.Command{Kind: plan.CommandKind(cmd.Name), Cluster: cluster, Reason: clip(reason)})
	case "abort":
		c.abort(ctx, s, a, on, again)
	default:
		a.Refused = "there is no such command; /wavegate help lists them"
	}
}

func oneWord(rest, usage string) (word, refused string) {
	if f := strings.Fields(rest); len(f) == 1 {
		return f[0], ""
	}
	return "", "say " + usage
}

const nothingMoves = "this pull request moves no version that is under way"

// underWayOn returns what moves a version, of what a pull request has brought.
func underWayOn(on []*subject) []*subject {
	return slices.DeleteFunc(slices.Clone(on), func(x *subject) bool { return x.release == "" || x.supersededBy != "" })
}

// steer pauses or resumes what the pull request moves.
func (c *Console) steer(ctx context.Context, s *snapshot, a *answer, kind plan.CommandKind, reason string, on []*subject, again bool) {
	var releases []string
	for _, x := range underWayOn(on) {
		releases = append(releases, x.release)
	}
	if paused := pausedBy(s, on); kind == plan.CommandResume && len(paused) > 0 {
		releases = paused
	}
	slices.Sort(releases)
	releases = slices.Compact(releases)
	if len(releases) == 0 {
		a.Refused = nothingMoves
		return
	}
	for _, r := range releases {
		c.hand(ctx, a, again, plan.Command{Kind: kind, Release: r, Reason: clip(reason)})
	}
}

// pausedBy returns the releases whose pause halts what a pull request moves: its
// own, and those of the same products whose place was taken while they were
// paused.
func pausedBy(s *snapshot, on []*subject) []string {
	var out []string
	for i := range s.status.Releases {
		r := &s.status.Releases[i]
		if r.Paused == nil {
			continue
		}
		if slices.ContainsFunc(on, func(x *subject) bool {
			return x.release == r.ID || x.product == r.Product && len(r.Rollouts) == 0
		}) {
			out = append(out, r.ID)
		}
	}
	return out
}

// hand gives a command to the loop. Each takes effect once at most, since a resume
// that came twice could lift a pause that is newer; a pause rather comes twice
// than not at all.
func (c *Console) hand(ctx context.Context, a *answer, again bool, cmd plan.Command) {
	if again && cmd.Kind != plan.CommandPause {
		a.Refused = "Wavegate was restarted while it took this up; look whether it took effect, and give it again if not"
		return
	}
	cmd.At, cmd.By = c.cfg.Now().UTC(), "user:"+a.By
	id, err := c.cfg.Submit(ctx, cmd)
	if err != nil {
		a.Refused = "it could not be handed to the loop, and may not have taken effect; give it again"
		c.cfg.Log.Error("hand over command failed", "command", string(cmd.Kind), "by", cmd.By, "error", err)
		return
	}
	a.orders = append(a.orders, &order{cmd, id})
}

// maxReason is how long the reason of a command may be, in bytes.
const maxReason = 500

func clip(s string) string {
	if len(s) > maxReason {
		s = strings.ToValidUTF8(s[:maxReason], "") + "…"
	}
	return s
}

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
