package githubtest

import (
	"slices"
	"time"
)

// The states of a review.
const (
	approved         = "APPROVED"
	changesRequested = "CHANGES_REQUESTED"
	commented        = "COMMENTED"
	dismissed        = "DISMISSED"
	pending          = "PENDING"
)

type review struct {
	id       int64
	user     *user
	body     string
	state    string
	commitID string // the head that was reviewed
	at       time.Time
}

// addReview reviews a pull request. The event is APPROVE, REQUEST_CHANGES,
// COMMENT, or "" for a review that only its author sees.
func (s *Server) addReview(r *repo, i *issue, a *actor, event, body, commitID string) (*review, error) {
	if err := r.need(a, Read); err != nil {
		return nil, err
	}
	if a == nil {
		return nil, unauthenticated()
	}
	own := a.user == i.author
	state := pending
	switch event {
	case "APPROVE":
		state = approved
		if own {
			return nil, refused("Unprocessable Entity", "Can not approve your own pull request")
		}
	case "REQUEST_CHANGES":
		state = changesRequested
		if own {
			return nil, refused("Unprocessable Entity", "Can not request changes on your own pull request")
		}
	case "COMMENT":
		state = commented
	}
	if body == "" && (state == changesRequested || state == commented) {
		return nil, refused("Unprocessable Entity", "Body can't be blank")
	}
	if commitID == "" {
		commitID = i.pull.headSHA
	} else if commitID != i.pull.headSHA {
		commits, err := r.commits(i)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(commits, func(c commit) bool { return c.sha == commitID }) {
			return nil, refused("Unprocessable Entity", "commit_id is not part of the pull request")
		}
	}
	v := &review{id: s.id(), user: a.user, body: body, state: state, commitID: commitID, at: s.now()}
	i.pull.reviews = append(i.pull.reviews, v)
	i.updated = s.now()
	if state == pending {
		return v, nil
	}
	i.pull.requested = slices.DeleteFunc(i.pull.requested, func(u *user) bool { return u == a.user })
	return v, s.sendReview(r, i, v, "submitted", a.user)
}

// dismiss takes the effect from an approval or a request for changes.
func (s *Server) dismiss(r *repo, i *issue, v *review, a *actor, message string) error {
	if err := r.need(a, Write); err != nil {
		return err
	}
	if message == "" {
		return refused("Unprocessable Entity", "message can't be blank")
	}
	if v.state != approved && v.state != changesRequested {
		return refused("Unprocessable Entity", "Can not dismiss a "+map[string]string{
			commented: "commented", pending: "pending", dismissed: "dismissed",
		}[v.state]+" pull request review")
	}
	v.state, i.updated = dismissed, s.now()
	return s.sendReview(r, i, v, "dismissed", a.user)
}

func (p *pull) review(id int64) (*review, error) {
	for _, v := range p.reviews {
		if v.id == id {
			return v, nil
		}
	}
	return nil, notFound()
}

// opinions are the reviews that count: of everybody who may write, the last that
// approves, requests changes or was dismissed.
func (r *repo) opinions(p *pull) map[*user]*review {
	last := map[*user]*review{}
	for _, v := range p.reviews {
		if v.state == pending || v.state == commented || r.permission(&actor{user: v.user}) < Write {
			continue
		}
		last[v.user] = v
	}
	return last
}
