package githubtest

import (
	"slices"
	"strings"
)

func listRequested(c *call) (any, error) {
	_, i, err := c.pull()
	if err != nil {
		return nil, err
	}
	return object{"users": all(i.pull.requested, c.s.userObject), "teams": []object{}}, nil
}

// reviewers are the users that a request names.
func (c *call) reviewers(r *repo, i *issue) ([]*user, error) {
	if err := r.mayEdit(c.actor, i.author); err != nil {
		return nil, err
	}
	var in struct {
		Reviewers []string `json:"reviewers"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	var list []*user
	for _, login := range in.Reviewers {
		u := c.s.users[strings.ToLower(login)]
		if u == nil || r.granted(u) == None {
			return nil, refused("Reviews may only be requested from collaborators. One or more of the users or teams you specified is not a collaborator of the " + r.full() + " repository.")
		}
		if u == i.author {
			return nil, refused("Review cannot be requested from pull request author.")
		}
		list = append(list, u)
	}
	return list, nil
}

func requestReviewers(c *call) (any, error) {
	r, i, err := c.pull()
	if err != nil {
		return nil, err
	}
	list, err := c.reviewers(r, i)
	if err != nil {
		return nil, err
	}
	for _, u := range list {
		if !slices.Contains(i.pull.requested, u) {
			i.pull.requested = append(i.pull.requested, u)
		}
	}
	i.updated = c.s.now()
	return c.created(c.s.renderSimplePull(r, i))
}

func unrequestReviewers(c *call) (any, error) {
	r, i, err := c.pull()
	if err != nil {
		return nil, err
	}
	list, err := c.reviewers(r, i)
	if err != nil {
		return nil, err
	}
	i.pull.requested = slices.DeleteFunc(i.pull.requested, func(u *user) bool { return slices.Contains(list, u) })
	i.updated = c.s.now()
	return c.s.renderSimplePull(r, i)
}

func listReviews(c *call) (any, error) {
	r, i, err := c.pull()
	if err != nil {
		return nil, err
	}
	var list []*review
	for _, v := range i.pull.reviews {
		if v.state != pending || (c.actor != nil && c.actor.user == v.user) {
			list = append(list, v)
		}
	}
	return each(c, list, func(v *review) object { return c.s.renderReview(r, i, v) }), nil
}

func createReview(c *call) (any, error) {
	r, i, err := c.pull()
	if err != nil {
		return nil, err
	}
	var in struct {
		Body     string `json:"body"`
		Event    string `json:"event"`
		CommitID string `json:"commit_id"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	v, err := c.s.addReview(r, i, c.actor, in.Event, in.Body, in.CommitID)
	if err != nil {
		return nil, err
	}
	return c.s.renderReview(r, i, v), nil
}

// review finds the review of the path.
func (c *call) review() (*repo, *issue, *review, error) {
	r, i, err := c.pull()
	if err != nil {
		return nil, nil, nil, err
	}
	id, err := c.number("review_id")
	if err != nil {
		return nil, nil, nil, err
	}
	v, err := i.pull.review(id)
	return r, i, v, err
}

func getReview(c *call) (any, error) {
	r, i, v, err := c.review()
	if err != nil {
		return nil, err
	}
	return c.s.renderReview(r, i, v), nil
}

func dismissReview(c *call) (any, error) {
	r, i, v, err := c.review()
	if err != nil {
		return nil, err
	}
	var in struct {
		Message string `json:"message"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := c.s.dismiss(r, i, v, c.actor, in.Message); err != nil {
		return nil, err
	}
	return c.s.renderReview(r, i, v), nil
}
