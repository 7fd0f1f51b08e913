package githubtest

import (
	"slices"
)

func (c *call) listReactions(list []*reaction) (any, error) {
	if kind := c.query.Get("content"); kind != "" {
		list = slices.DeleteFunc(slices.Clone(list), func(re *reaction) bool { return re.content != kind })
	}
	return each(c, list, c.s.renderReaction), nil
}

func (c *call) addReaction(r *repo, list *[]*reaction) (any, error) {
	if c.actor == nil {
		return nil, unauthenticated()
	}
	if err := r.need(c.actor, Read); err != nil {
		return nil, err
	}
	var in struct {
		Content string `json:"content"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if !slices.Contains(kinds, in.Content) {
		return nil, invalid("Reaction", "content", "invalid", "")
	}
	re, fresh := c.s.react(list, c.actor.user, in.Content)
	if fresh {
		return c.created(c.s.renderReaction(re), nil)
	}
	return c.s.renderReaction(re), nil
}

func (c *call) deleteReaction(list *[]*reaction) (any, error) {
	id, err := c.number("reaction_id")
	if err != nil {
		return nil, err
	}
	for k, re := range *list {
		if re.id != id {
			continue
		}
		if c.actor == nil || c.actor.user != re.user {
			return nil, notFound()
		}
		*list = slices.Delete(*list, k, k+1)
		return nil, nil
	}
	return nil, notFound()
}

func listCommentReactions(c *call) (any, error) {
	_, k, err := c.comment()
	if err != nil {
		return nil, err
	}
	return c.listReactions(k.reactions)
}

func createCommentReaction(c *call) (any, error) {
	r, k, err := c.comment()
	if err != nil {
		return nil, err
	}
	return c.addReaction(r, &k.reactions)
}

func deleteCommentReaction(c *call) (any, error) {
	_, k, err := c.comment()
	if err != nil {
		return nil, err
	}
	return c.deleteReaction(&k.reactions)
}

func listIssueReactions(c *call) (any, error) {
	_, i, err := c.issue()
	if err != nil {
		return nil, err
	}
	return c.listReactions(i.reactions)
}

func createIssueReaction(c *call) (any, error) {
	r, i, err := c.issue()
	if err != nil {
		return nil, err
	}
	return c.addReaction(r, &i.reactions)
}

func deleteIssueReaction(c *call) (any, error) {
	_, i, err := c.issue()
	if err != nil {
		return nil, err
	}
	return c.deleteReaction(&i.reactions)
}
