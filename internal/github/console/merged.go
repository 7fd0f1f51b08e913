package console

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/wavegate-dev/wavegate/internal/github"
	"github.com/wavegate-dev/wavegate/reconciler/admission"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
	"github.com/wavegate-dev/wavegate/reconciler/report"
)

// The contexts of the statuses, as branch protection names them.
const (
	StatusRollout = "wavegate/rollout" // on a merged commit
	StatusPlan    = "wavegate/plan"    // on the head of an open pull request
)

// markerPull begins the marker of the comment on a pull request.
const markerPull = "pull:"

const (
	// quietHold is how long the comment of an ended rollout stays as it is while
	// other cohorts go on.
	quietHold = 15 * time.Minute
	// endedHold is the share of each of them, when there are many.
	endedHold = time.Minute
	// refusedPause is after which time something is said again that GitHub refused.
	refusedPause = 10 * time.Minute
)

// merged is what is known of merged commits.
type merged struct {
	refused map[subjectKey]time.Time // until when nothing is said of them
	told    map[string]bool          // commits that have a comment of their own
	// going and ended are how many subjects share what GitHub takes in edits: the
	// more there are, the longer each comment stays as it is.
	going, ended int
}

func newMerged() merged {
	return merged{refused: map[subjectKey]time.Time{}, told: map[string]bool{}}
}

// standing is how a subject stands, as the status and the coalescing need it.
type standing struct {
	state github.State
	text  string
	// urgent tells that somebody has to do something.
	urgent bool
	// ended tells that nothing more is expected to happen.
	ended bool
	// silent tells that there is nothing to say on a pull request that the console
	// has not spoken on before.
	silent bool
}

// lookAtMerged takes commands and says how everything that was merged stands. It
// returns when it has to look again.
func (c *Console) lookAtMerged(ctx context.Context) (time.Duration, error) {
	s := c.newest()
	if s == nil {
		return 0, nil
	}
	commands := c.takeCommands(ctx, s)
	if commands != nil && !own(commands) {
		return 0, commands
	}
	next, err := c.tellAll(ctx, s)
	return next, errors.Join(commands, err)
}

func (c *Console) tellAll(ctx context.Context, s *snapshot) (time.Duration, error) {
	subjects := slices.Clone(s.subjects)
	stands := map[subjectKey]standing{}
	c.merged.going, c.merged.ended = 0, 0
	for i := range subjects {
		st := stand(s, &subjects[i])
		stands[subjects[i].key()] = st
		switch {
		case st.silent:
		case st.ended:
			c.merged.ended++
		default:
			c.merged.going++
		}
	}
	slices.SortStableFunc(subjects, func(a, b subject) int {
		return cmp.Compare(rank(stands[a.key()]), rank(stands[b.key()]))
	})
	next := time.Duration(0)
	for i := range subjects {
		x := &subjects[i]
		if until, ok := c.merged.refused[x.key()]; ok && c.cfg.Now().Before(until) {
			continue
		}
		delete(c.merged.refused, x.key())
		wait, err := c.tell(ctx, s, x, stands[x.key()])
		if err != nil {
			if !own(err) || ctx.Err() != nil {
				return 0, err
			}
			c.merged.refused[x.key()] = c.cfg.Now().Add(refusedPause)
			c.cfg.Log.Warn("GitHub refuses what is said of a commit", "commit", x.commit, "error", err)
			continue
		}
		if wait > 0 && (next == 0 || wait < next) {
			next = wait
		}
	}
	return next, nil
}

// rank puts first what somebody waits for.
func rank(st standing) int {
	switch {
	case st.urgent:
		return 0
	case st.ended:
		return 2
	default:
		return 1
	}
}

// tell says how one subject stands: as a status of the commit, and on the pull
// request that brought it.
func (c *Console) tell(ctx context.Context, s *snapshot, x *subject, st standing) (time.Duration, error) {
	if st.urgent {
		ctx = github.Urgent(ctx)
	}
	var unset error
	if c.speaksFor(s, x) {
		unset = c.setStatus(ctx, x.commit, github.Status{Context: StatusRollout, State: st.state, Description: st.text})
		if unset != nil && !own(unset) {
			return 0, unset
		}
	}
	wait, err := c.comment(ctx, s, x, st)
	return wait, errors.Join(err, unset)
}

// comment says how a subject stands on the pull request that brought it.
func (c *Console) comment(ctx context.Context, s *snapshot, x *subject, st standing) (time.Duration, error) {
	on, err := c.pullOf(ctx, x.commit)
	if err != nil {
		return 0, err
	}
	if on == 0 {
		return 0, c.onCommit(ctx, s, x)
	}
	first, err := c.leads(ctx, s, x, on)
	if err != nil || !first {
		return 0, err
	}
	view := report.ReleaseView{
		ID: number(on), Commit: x.commit, Release: x.release, Cohort: x.cohort, Judgement: x.judgement,
		SupersededBy: x.supersededBy, Answers: c.desk.answers[on],
	}
	hold := c.cfg.Hold * time.Duration(max(1, c.merged.going))
	if st.ended {
		hold = max(quietHold, endedHold*time.Duration(c.merged.ended))
	}
	return c.say(ctx, utterance{
		on: on, marker: markerOf(s, x, on), post: s.status.ReleaseMarkdown(view), hold: hold, rollout: true,
		state: st.text + "\x00" + c.desk.heard(on), reply: st.silent && len(view.Answers) == 0,
	})
}

// markerCommit begins the marker of the comment on a commit.
const markerCommit = "commit:"

// onCommit says on a commit that no pull request brought why it has no effect. It
// is said once: what happens later is told elsewhere.
func (c *Console) onCommit(ctx context.Context, s *snapshot, x *subject) error {
	if x.judgement == nil || x.judgement.Status != admission.Rejected || c.merged.told[x.commit] {
		return nil
	}
	post := s.status.CommitMarkdown(*x.judgement)
	marker := markerCommit + x.commit
	if _, err := c.cfg.Client.SayOnCommit(ctx, x.commit, markerLine(marker)+"\n"+body(marker, post, "")); err != nil {
		return err
	}
	if len(c.merged.told) >= maxSaid {
		clear(c.merged.told)
	}
	c.merged.told[x.commit] = true
	return nil
}

// speaksFor says whether the status of the commit tells of this subject: of
// several products that a commit moves, the one that needs somebody, or is least
// far.
func (c *Console) speaksFor(s *snapshot, x *subject) bool {
	best := x.key()
	bestRank := rank(stand(s, x))
	for i := range s.subjects {
		o := &s.subjects[i]
		if o.commit != x.commit || o.product == x.product {
			continue
		}
		if r := rank(stand(s, o)); r < bestRank || r == bestRank && o.product < best.product {
			best, bestRank = o.key(), r
		}
	}
	return best == x.key()
}

// leads says whether a subject is the one that its pull request tells of: a rebase
// brings several commits, of which those that move nothing keep quiet beside one
// that does, and of those that move nothing the last one speaks.
func (c *Console) leads(ctx context.Context, s *snapshot, x *subject, on int) (bool, error) {
	if x.product != "" {
		return true, nil
	}
	after := false
	for i := range s.subjects {
		o := &s.subjects[i]
		if o.key() == x.key() {
			after = true
			continue
		}
		if o.product == "" && !after {
			continue
		}
		n, err := c.pullOf(ctx, o.commit)
		if err != nil {
			return false, err
		}
		if n == on {
			return false, nil
		}
	}
	return true, nil
}

// markerOf names the comment of a subject: that of the pull request, or one more
// for each further product that the pull request moves.
func markerOf(s *snapshot, x *subject, on int) string {
	marker := markerPull + number(on)
	for i := range s.subjects {
		if o := &s.subjects[i]; o.commit == x.commit && o.product != "" && o.product < x.product {
			return marker + ":" + digest(x.product)
		}
	}
	return marker
}

// stand says how a subject stands. The text changes rarely: GitHub takes a
// thousand statuses for a commit, and no more.
func stand(s *snapshot, x *subject) standing {
	if j := x.judgement; j != nil && x.release == "" {
		switch j.Status {
		case admission.Admitted:
			return standing{state: github.Success, text: "In force; moves no version", ended: true, silent: true}
		case admission.Rejected:
			return standing{state: github.Failure, text: "Not admitted: " + line(j.Reason), urgent: true}
		default:
			return standing{state: github.Pending, text: "Waits: " + line(j.Reason)}
		}
	}
	release, rollouts := find(s.status, x)
	if x.supersededBy != "" && release != nil && release.Paused != nil {
		// It halts the product all the same.
		return standing{state: github.Failure, text: "Superseded by " + line(x.supersededBy) + ", and still paused", urgent: true}
	}
	if x.supersededBy != "" {
		return standing{state: github.Success, text: "Superseded by " + line(x.supersededBy), ended: true}
	}
	if release == nil {
		return standing{state: github.Success, text: "In force", ended: true, silent: true}
	}
	pause := release.Paused
	if pause == nil {
		pause = s.status.Paused
	}
	done := 0
	for _, r := range rollouts {
		if r.Phase == plan.PhaseFinished.String() {
			done++
		}
	}
	switch {
	case len(rollouts) > 0 && done == len(rollouts):
		return standing{state: github.Success, text: "Finished and soaked in " + where(x, rollouts), ended: true}
	case pause != nil:
		return standing{state: github.Failure, text: "Paused: " + line(pause.Reason), urgent: true}
	case len(rollouts) == 0:
		return standing{state: github.Pending, text: "Under way"}
	}
	return standing{state: github.Pending, text: underWay(x, rollouts, done)}
}

func underWay(x *subject, rollouts []*report.Rollout, done int) string {
	if x.cohort == "" {
		return fmt.Sprintf("Under way: finished in %d of %d cohorts", done, len(rollouts))
	}
	r := rollouts[0]
	text := line(r.Phase) + " in " + line(r.Cohort)
	for i, w := range r.Waves {
		if !w.Done && w.Open {
			text += fmt.Sprintf(", wave %d of %d", i+1, len(r.Waves))
			break
		}
	}
	return text
}

func where(x *subject, rollouts []*report.Rollout) string {
	if x.cohort != "" {
		return line(x.cohort)
	}
	return strconv.Itoa(len(rollouts)) + " cohorts"
}

// find returns the release of a subject and its rollouts that the subject's commit
// has set off.
func find(s *report.Status, x *subject) (*report.Release, []*report.Rollout) {
	for i := range s.Releases {
		r := &s.Releases[i]
		if r.ID != x.release {
			continue
		}
		var out []*report.Rollout
		for k := range r.Rollouts {
			if r.Rollouts[k].Commit == x.commit {
				out = append(out, &r.Rollouts[k])
			}
		}
		return r, out
	}
	return nil, nil
}

func number(n int) string { return strconv.Itoa(n) }
