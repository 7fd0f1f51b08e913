package github

import (
	"context"
	"strings"
	"time"

	gh "github.com/google/go-github/v62/github"
)

// webFlow is the account that commits what people do on GitHub's pages.
const webFlow = "web-flow"

// involved lists those whose approval of a pull request does not count, by login
// in lower case, with the reason.
func (a *Approver) involved(ctx context.Context, pr *gh.PullRequest, commits []commit) (map[string]string, error) {
	out := map[string]string{}
	add := func(u *gh.User, why string) {
		login := strings.ToLower(u.GetLogin())
		if _, known := out[login]; login != "" && login != webFlow && !known {
			out[login] = why
		}
	}
	add(pr.GetUser(), "opened it")
	pushers, err := a.pushers(ctx, pr, commits)
	if err != nil {
		return nil, err
	}
	for _, u := range pushers {
		add(u, "pushed to it")
	}
	for _, c := range commits {
		add(c.author, "wrote a commit of it")
		add(c.committer, "committed to it")
	}
	return out, nil
}

// pushers are those whose pushes made one of the commits the head of the pull
// request. Who made the last one its head must be known.
func (a *Approver) pushers(ctx context.Context, pr *gh.PullRequest, commits []commit) ([]*gh.User, error) {
	head, number := pr.GetHead(), pr.GetNumber()
	if head.GetRepo() == nil {
		return nil, open("nobody knows who pushed to pull request #%d: its repository was deleted; "+way, number)
	}
	of := map[string]bool{}
	for _, c := range commits {
		of[c.sha] = true
	}
	var out []*gh.User
	last, nobody := false, false
	err := a.client.movements(ctx, head.GetRepo().GetOwner().GetLogin(), head.GetRepo().GetName(), head.GetRef(), func(m movement) bool {
		if !of[m.After] || later(m, pr.GetMergedAt().Time) {
			return false
		}
		if m.After == head.GetSHA() {
			last = true
			nobody = nobody || m.Actor.GetLogin() == ""
		}
		out = append(out, m.Actor)
		return false
	})
	switch {
	case missing(err):
		return nil, open("nobody knows who pushed to pull request #%d: the activity of %s cannot be read; "+way+" from a branch that can", number, head.GetRepo().GetFullName())
	case err != nil:
		return nil, err
	case !last || nobody:
		return nil, open("GitHub does not say who pushed %s, the head of pull request #%d; if this stays so, "+way, short(head.GetSHA()), number)
	}
	return out, nil
}

// later says whether a movement came after the merge: a branch that is restored
// then is moved by somebody else. Of a push the record may be a little late.
func later(m movement, merged time.Time) bool {
	if m.Type == branchCreated {
		return m.At.After(merged)
	}
	return m.At.After(merged.Add(time.Minute))
}
