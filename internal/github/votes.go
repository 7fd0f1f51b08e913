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

// judge weighs the reviews of a pull request.
func (a *Approver) judge(ctx context.Context, o *origin, policy fleet.Approvals) (admission.Evidence, error) {
	c := a.client
	reviews, err := every(func(opts gh.ListOptions) ([]*gh.PullRequestReview, *gh.Response, error) {
		return c.api.PullRequests.ListReviews(ctx, c.owner, c.repo, o.pull, &opts)
	})
	if err != nil {
		return admission.Evidence{}, failed(err, "list reviews of pull request %d", o.pull)
	}
	var by, not, objections []string
	var unknown, unknownObjection error
	for _, v := range opinions(reviews) {
		why := o.discounted(v)
		if why == "" {
			// An objection counts only if the approval would.
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
			not = append(not, v.login+" "+why)
		case v.state == changesRequested:
			objections = append(objections, v.login)
		default:
			by = append(by, v.login)
		}
	}
	subject := fmt.Sprintf("pull request #%d", o.pull)
	switch {
	case len(objections) > 0:
		return admission.Evidence{
			Verdict: admission.Refused,
			Reason:  fmt.Sprintf("%s was merged while %s had requested changes", subject, strings.Join(objections, ", ")),
		}, nil
	case unknownObjection != nil:
		return admission.Evidence{}, unknownObjection
	case unknown != nil && len(by) < policy.Required:
		return admission.Evidence{}, unknown
	case len(by) >= policy.Required:
		reason := subject + " was merged; no approval is required"
		if len(by) > 0 {
			reason = subject + ", approved by " + strings.Join(by, ", ")
		}
		return admission.Evidence{Verdict: admission.Approved, Reason: reason, By: by}, nil
	default:
		reason := fmt.Sprintf("%s has %d of %d approvals that count", subject, len(by), policy.Required)
		if len(not) > 0 {
			reason += " (" + strings.Join(not, "; ") + ")"
		}
		if len(policy.By) > 0 {
			reason += fmt.Sprintf(". Have its head %s approved by %s", short(o.head), strings.Join(policy.By, ", "))
		} else {
			reason += fmt.Sprintf(". Have its head %s approved by somebody else who may write", short(o.head))
		}
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
