package report

import (
	"fmt"
	"strconv"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// Promotion is the pull request that moves the next cohort to a version that
// the cohorts before it have finished and soaked.
type Promotion struct {
	At time.Time `json:"at"`
	// ID tells it from others, also when it is updated to a newer version.
	ID       string `json:"id"`
	Product  string `json:"product"`
	Version  string `json:"version"`
	Previous string `json:"previous,omitempty"`
	Cohort   string `json:"cohort"`
	Release  string `json:"release"`
	// Clusters is how many it concerns.
	Clusters int        `json:"clusters"`
	Evidence []Evidence `json:"evidence"`
	// AutoMerge tells that GitHub merges it once it is approved.
	AutoMerge bool `json:"autoMerge,omitempty"`
}

// Evidence is how the version went in an earlier cohort.
type Evidence struct {
	Cohort string `json:"cohort"`
	Commit string `json:"commit"`
	// Link is the address of its pull request or commit, or empty.
	Link       string        `json:"link,omitempty"`
	Clusters   int           `json:"clusters"`
	OnTarget   int           `json:"onTarget"`
	Skipped    int           `json:"skipped,omitempty"`
	StartedAt  time.Time     `json:"startedAt,omitzero"`
	FinishedAt time.Time     `json:"finishedAt,omitzero"`
	Soaked     time.Duration `json:"soaked"`
	Failures   []Failure     `json:"failures,omitempty"`
}

// NewPromotion gathers the evidence of a release's finished cohorts, in the
// order of the train. Links are left to the caller, who knows where pull
// requests are. It returns false when the release is not known or no cohort has
// finished it.
func NewPromotion(s *Status, release, cohort, previous string, clusters int) (*Promotion, bool) {
	for i := range s.Releases {
		r := &s.Releases[i]
		if r.ID != release {
			continue
		}
		out := &Promotion{
			At: s.At, ID: r.Product + "/" + cohort, Product: r.Product, Version: r.Version, Previous: previous, Cohort: cohort,
			Release: release, Clusters: clusters,
		}
		for k := range r.Rollouts {
			if x := &r.Rollouts[k]; x.Phase == plan.PhaseFinished.String() && x.Cohort != cohort {
				out.Evidence = append(out.Evidence, newEvidence(r, x))
			}
		}
		return out, len(out.Evidence) > 0
	}
	return nil, false
}

func newEvidence(release *Release, r *Rollout) Evidence {
	e := Evidence{
		Cohort: r.Cohort, Commit: r.Commit, Clusters: r.Clusters, OnTarget: r.OnTarget,
		StartedAt: r.StartedAt, FinishedAt: r.FinishedAt,
	}
	for _, w := range r.Waves {
		e.Soaked += w.Soaked
		e.Skipped += w.Skipped
	}
	for _, f := range release.Failed {
		if f.Cohort == r.Cohort {
			e.Failures = append(e.Failures, f)
		}
	}
	return e
}

// Title is the title of the pull request.
func (m *Promotion) Title() string {
	return tame(fmt.Sprintf("Promote %s %s to %s", m.Product, m.Version, m.Cohort), 200)
}

// Markdown renders the pull request's title and body. The plan is not part of
// it: that is the pull request's first comment.
func (m *Promotion) Markdown() Post {
	p := newPost(KindPromotion, m.ID, "`wavegate history` shows all of it.")
	from := ""
	if m.Previous != "" {
		from = code(m.Previous) + " → "
	}
	p.say("Moves **%s** in **%s** to the version that the cohorts before it have finished and soaked: %s%s, %s.",
		prose(m.Product), prose(m.Cohort), from, code(m.Version), count(m.Clusters, "cluster", "clusters"))
	g := newGrid("the evidence", "Cohort", ">Clusters", "Started", "Finished and soaked", "Soaked for", ">Failures", "Commit")
	failed := newGrid("the failures", "Failed", "Cohort", "Why", "Since")
	for _, e := range m.Evidence {
		done := fmt.Sprintf("%d/%d", e.OnTarget, e.Clusters)
		if e.Skipped > 0 {
			done += fmt.Sprintf(", %d skipped", e.Skipped)
		}
		commit := linkedCode(short(e.Commit), e.Link)
		g.row(prose(e.Cohort), done, stamp(e.StartedAt, m.At), stamp(e.FinishedAt, m.At), span(e.Soaked), strconv.Itoa(len(e.Failures)), commit)
		for _, f := range e.Failures {
			failed.row(code(f.Cluster), prose(f.Cohort), prose(f.Reason), stamp(f.At, m.At))
		}
	}
	p.table("What was seen so far", g)
	p.table("", failed)
	after := "Merging it starts the rollout in " + prose(m.Cohort) + ", wave by wave. Closing it leaves the cohort as it is."
	if m.AutoMerge {
		after += " GitHub merges it once it is approved."
	}
	p.say("%s The plan is in the comment below.", after)
	p.foot("release " + code(m.Release))
	p.asOf(m.At)
	return p.done(m.Title())
}

// ClosedMarkdown says on a promotion pull request why it was closed. Instead is
// the address of the pull request that took its place, or empty.
func (m *Promotion) ClosedMarkdown(reason, instead string) Post {
	p := newPost(KindAnswer, m.ID, "")
	text := "Closed: " + prose(reason)
	if target, ok := httpAddress(instead); ok {
		text += ". [Go on here](" + target + ")."
	}
	p.say("%s", text)
	p.say("%s in %s stays as it is.", prose(m.Product), prose(m.Cohort))
	return p.done("")
}
