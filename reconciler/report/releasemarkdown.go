package report

import (
	"fmt"

	"github.com/wavegate-dev/wavegate/reconciler/admission"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// ReleaseView is what the living comment on a merged pull request needs beside
// the status.
type ReleaseView struct {
	// ID tells the comment from others.
	ID string
	// Commit is what was merged; Release and Cohort are what it moves. Without a
	// release it moves no version.
	Commit, Release, Cohort string
	// Judgement is what admission says of the commit, as long as it is not in
	// force.
	Judgement *admission.Judgement
	// SupersededBy is the release that took its place in the cohort, or empty;
	// SupersededLink is the address of its pull request, or empty.
	SupersededBy, SupersededLink string
	// Answers are the newest commands that were given on the pull request.
	Answers []Answer
}

// releasePost renders one release; the parts of the comment are its methods.
type releasePost struct {
	*post
	s       *Status
	view    ReleaseView
	release *Release
	rollout *Rollout // of the cohort that the pull request moves
}

// ReleaseMarkdown renders the living comment on a merged pull request. What
// stands still says why before anything else, since when, and what to do.
func (s *Status) ReleaseMarkdown(view ReleaseView) Post {
	p := &releasePost{post: newPost(KindRelease, view.ID, "`wavegate status` shows all of it."), s: s, view: view}
	for i := range s.Releases {
		if r := &s.Releases[i]; r.ID == view.Release && view.Release != "" {
			p.release = r
			for k := range r.Rollouts {
				if r.Rollouts[k].Cohort == view.Cohort || view.Cohort == "" && p.rollout == nil {
					p.rollout = &r.Rollouts[k]
				}
			}
		}
	}
	switch {
	case view.Judgement != nil && view.Judgement.Status != admission.Admitted:
		p.notAdmitted()
	case view.SupersededBy != "":
		p.superseded()
	case p.release == nil:
		p.say("### In force")
		p.say("Commit %s is in force. It moves no version that is under way.", code(short(view.Commit)))
		p.alarms()
	default:
		p.underWay()
	}
	p.answers()
	p.asOf(s.At)
	if s.Commit != "" {
		p.foot("in force " + code(short(s.Commit)))
	}
	if p.release != nil {
		p.foot("`/wavegate` `pause`, `resume`, `abort`, `retry`, `skip`, `explain`, `status`, `help`")
	} else {
		p.foot("comment `/wavegate help` for the commands")
	}
	return p.done("")
}

// notAdmitted says that the merged commit has no effect, why, and what to do.
func (p *releasePost) notAdmitted() {
	j := p.view.Judgement
	commit, inForce := code(short(p.view.Commit)), "nothing is in force yet"
	if p.s.Commit != "" {
		inForce = "commit " + code(short(p.s.Commit)) + " stays in force"
	}
	if j.Status == admission.Pending {
		p.say("### Waiting: the merged commit cannot be judged yet")
		p.say("> [!NOTE]\n> %s\n>\n> Until then %s. Wavegate looks again by itself.", prose(j.Reason), inForce)
		return
	}
	p.say("### Not admitted: the merged commit has no effect")
	p.say("> [!CAUTION]\n> **Why:** %s\n>\n> Commit %s moves nothing; %s.", prose(j.Reason), commit, inForce)
	if j.Rewritten && p.s.Commit != "" {
		p.s.bringBack(p.post)
		return
	}
	p.say("**What to do:** one of\n\n- Revert it with a pull request. The commits behind it can then take effect.\n" +
		"- Mend what the reason names with an approved pull request, or have the approvals given. Wavegate looks again by itself.")
}

func (p *releasePost) superseded() {
	p.say("### %s: superseded", p.title())
	p.say("%s took its place%s. Nothing more is started for this one; clusters that were half way went on to the newer version.",
		linkedCode(p.view.SupersededBy, p.view.SupersededLink), p.inCohort())
	p.alarms()
	if p.release != nil {
		p.progress()
	}
}

func (p *releasePost) inCohort() string {
	if p.view.Cohort == "" {
		return ""
	}
	return " in " + code(p.view.Cohort)
}

func (p *releasePost) title() string {
	name := prose(p.view.Release)
	if p.release != nil {
		name = prose(p.release.Product) + " " + prose(p.release.Version)
	}
	if p.view.Cohort != "" {
		name += " in " + prose(p.view.Cohort)
	}
	return name
}

func (p *releasePost) underWay() {
	state, done := "under way", ""
	if p.release.Done {
		state = "completed"
	}
	if r := p.rollout; r != nil {
		state = r.Phase
		if r.Phase != plan.PhaseFinished.String() {
			done = fmt.Sprintf(", %d of %s done", r.OnTarget, count(r.Clusters, "cluster", "clusters"))
		}
	}
	if p.release.Paused != nil || p.s.Paused != nil {
		state = plan.PhasePaused.String()
	}
	p.say("### %s: %s%s", p.title(), prose(state), done)
	p.alarms()
	p.finished()
	p.waits()
	p.failures()
	p.progress()
	p.waves()
	p.inFlight()
	p.waiting()
}

// finished says when the cohort was done and how it went.
func (p *releasePost) finished() {
	r := p.rollout
	if r == nil || r.FinishedAt.IsZero() {
		return
	}
	took := ""
	if !r.StartedAt.IsZero() {
		took = ", " + span(r.FinishedAt.Sub(r.StartedAt)) + " after its start"
	}
	failed := 0
	for _, f := range p.release.Failed {
		if f.Cohort == r.Cohort {
			failed++
		}
	}
	p.say("Finished and soaked %s%s, with %s.", stamp(r.FinishedAt, p.s.At), took, count(failed, "failure", "failures"))
}
