package githubtest

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

func listComments(c *call) (any, error) {
	r, i, err := c.issue()
	if err != nil {
		return nil, err
	}
	return each(c, recent(i.comments, c.since()), func(k *comment) object { return c.s.renderComment(r, k) }), nil
}

// recent are the comments that have changed since a time.
func recent(list []*comment, since time.Time) []*comment {
	return slices.DeleteFunc(slices.Clone(list), func(k *comment) bool { return k.updated.Before(since) })
}

func listAllComments(c *call) (any, error) {
	r, err := c.repo(Read)
	if err != nil {
		return nil, err
	}
	list := slices.SortedFunc(maps.Values(r.comments), func(a, b *comment) int {
		d := cmp.Compare(a.id, b.id)
		if c.query.Get("sort") == "updated" {
			d = cmp.Or(a.updated.Compare(b.updated), d)
		}
		if c.query.Get("sort") != "" && c.query.Get("direction") != "asc" {
			d = -d
		}
		return d
	})
	return each(c, recent(list, c.since()), func(k *comment) object { return c.s.renderComment(r, k) }), nil
}

func (c *call) text() (string, error) {
	var in struct {
		Body string `json:"body"`
	}
	err := c.decode(&in)
	return in.Body, err
}

func createComment(c *call) (any, error) {
	r, i, err := c.issue()
	if err != nil {
		return nil, err
	}
	body, err := c.text()
	if err != nil {
		return nil, err
	}
	k, err := c.s.addComment(r, i, c.actor, body)
	if err != nil {
		return nil, err
	}
	return c.created(c.s.renderComment(r, k), nil)
}

// comment finds the comment of the path.
func (c *call) comment() (*repo, *comment, error) {
	r, err := c.repo(Read)
	if err != nil {
		return nil, nil, err
	}
	id, err := c.number("comment_id")
	if err != nil {
		return nil, nil, err
	}
	k := r.comments[id]
	if k == nil {
		return nil, nil, notFound()
	}
	return r, k, nil
}

func getComment(c *call) (any, error) {
	r, k, err := c.comment()
	if err != nil {
		return nil, err
	}
	return c.s.renderComment(r, k), nil
}

func updateComment(c *call) (any, error) {
	r, k, err := c.comment()
	if err != nil {
		return nil, err
	}
	body, err := c.text()
	if err != nil {
		return nil, err
	}
	if err := c.s.editComment(r, k, c.actor, body); err != nil {
		return nil, err
	}
	return c.s.renderComment(r, k), nil
}

func removeComment(c *call) (any, error) {
	r, k, err := c.comment()
	if err != nil {
		return nil, err
	}
	return nil, c.s.deleteComment(r, k, c.actor)
}
