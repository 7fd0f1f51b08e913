package github

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	gh "github.com/google/go-github/v62/github"

	"github.com/wavegate-dev/wavegate/reconciler/admission"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// The states of a review that say something.
const (
	approved         = "APPROVED"
	changesRequested = "CHANGES_REQUESTED"
	dismissed        = "DISMISSED"
)

// opinion is the latest review of a person that says something.
type opinion struct {
	login  string
	bot    bool
	state  string
	commit string // the head that was reviewed
}

// opinions takes the latest of each person from reviews in the order of time. A
// comment takes nothing back.
func opinions(reviews []*gh.PullRequestReview) []opinion {
	latest := map[string]opinion{}
	for _, r := range reviews {
		login := r.GetUser().GetLogin()
		switch r.GetState() {
		case approved, changesRequested, dismissed:
			if login != "" { // a deleted account
				latest[strings.ToLower(login)] = opinion{
					login: login, bot: r.GetUser().GetType() == "Bot", state: r.GetState(), commit: r.GetCommitID(),
				}
			}
		}
	}
	out := make([]opinion, 0, len(latest))
	for _, o := range latest {
		out = append(out, o)
	}
	slices.SortFunc(out, func(a, b opinion) int { return strings.Compare(strings.ToLower(a.login), strings.ToLower(b.login)) })
	return out
}

// Tally is what the reviews of a pull request are worth.
type Tally struct {
	// Head is the commit that approvals have to be of.
	Head string
	// Approved are those whose approval counts.
	Approved []string
	// Objections are those who ask for changes, and whose approval would count.
	Objections []string
	// Discounted are those whose review does not count.
	Discounted []Discounted
	// Unknown says why not all of it can be told now; empty when it can.
	Unknown string
}

// Discounted is somebody whose review does not count.
type Discounted struct {
	Login string
	// Why goes on from the name: "approved an older head, 1234567".
	Why string
}

// tally weighs the reviews of a pull request. The errors are those of people about
// whom GitHub gives no answer: of anybody, and of who asks for changes.
func (a *Approver) tally(ctx context.Context, o *origin, policy fleet.Approvals) (t Tally, unknown, unknownObjection, err error) {
	c := a.client
	reviews, err := every(func(opts gh.ListOptions) ([]*gh.PullRequestReview, *gh.Response, error) {
		return c.api.PullRequests.ListReviews(ctx, c.owner, c.repo, o.pull, &opts)
	})
	if err != nil {
		return t, nil, nil, failed(err, "list reviews of pull request %d", o.pull)
	}
	t.Head = o.head
	for _, v := range opinions(reviews) {
		why := o.discounted(v)
		if why == "" {
			// An objection counts only if the approval would.
			var err error
			if why, err = c.stranger(ctx, v.login, policy.By); err != nil {
				unknown = errors.Join(unknown, err)
				if v.state == changesRequested {
					unknownObjection = errors.Join(unknownObjection, err)
				}
				continue
			}
		}
		switch {
		case why != "":
			t.Discounted = append(t.Discounted, Discounted{v.login, why})
		case v.state == changesRequested:
			t.Objections = append(t.Objections, v.login)
		default:
			t.Approved = append(t.Approved, v.login)
		}
	}
	return t, unknown, unknownObjection, nil
}

// judge says what follows from the reviews of a pull request.
func (a *Approver) judge(ctx context.Context, o *origin, policy fleet.Approvals) (admission.Evidence, error) {
	t, unknown, unknownObjection, err := a.tally(ctx, o, policy)
	if err != nil {
		return admission.Evidence{}, err
	}
	by, subject := t.Approved, fmt.Sprintf("pull request #%d", o.pull)
	switch {
	case len(t.Objections) > 0:
		return admission.Evidence{
			Verdict: admission.Refused,
			Reason:  fmt.Sprintf("of %s, changes are requested by %s", subject, strings.Join(t.Objections, ", ")),
		}, nil
	case unknownObjection != nil:
		return admission.Evidence{}, unknownObjection
	case unknown != nil && len(by) < policy.Required:
		return admission.Evidence{}, unknown
	case len(by) >= policy.Required:
		reason := subject + " needs no approval"
		if len(by) > 0 {
			reason = subject + ", approved by " + strings.Join(by, ", ")
		}
		return admission.Evidence{Verdict: admission.Approved, Reason: reason, By: by, Via: "pull-request", Pull: o.pull, Link: o.link}, nil
	default:
		reason := fmt.Sprintf("%s has %d of %d approvals of its head %s", subject, len(by), policy.Required, short(o.head))
		if len(t.Discounted) > 0 {
			not := make([]string, len(t.Discounted))
			for i, d := range t.Discounted {
				not[i] = d.Login + " " + d.Why
			}
			reason += " (" + strings.Join(not, "; ") + ")"
		}
		who := "people with write access"
		if len(policy.By) > 0 {
			who = strings.Join(policy.By, ", ")
		}
		reason += "; who may give one: " + who + ", if they had no part in it"
		return admission.Evidence{Verdict: admission.Refused, Reason: reason}, nil
	}
}

// discounted says why a review does not count, whoever may approve; "" when it
// does. Of a request for changes it does not matter which head it was about.
func (o *origin) discounted(v opinion) string {
	switch {
	case v.bot:
		return "is a bot"
	case v.state == dismissed:
		return "approved, but that was dismissed"
	case o.involved[strings.ToLower(v.login)] != "":
		return o.involved[strings.ToLower(v.login)]
	case v.state == approved && v.commit != o.head:
		return "approved an older head, " + short(v.commit)
	default:
		return ""
	}
}
