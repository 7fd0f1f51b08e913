package githubtest

import (
	"slices"
	"strings"
)

func getRepo(c *call) (any, error) {
	r, err := c.repo(Read)
	if err != nil {
		return nil, err
	}
	return c.s.renderRepo(r, c.actor)
}

func listActivity(c *call) (any, error) {
	r, err := c.repo(Read)
	if err != nil {
		return nil, err
	}
	var list []*activity
	for _, a := range r.activities {
		ref := c.query.Get("ref")
		if ref != "" && ref != a.ref && "refs/heads/"+ref != a.ref {
			continue
		}
		if kind := c.query.Get("activity_type"); kind != "" && kind != a.kind {
			continue
		}
		if login := c.query.Get("actor"); login != "" && (a.by == nil || !strings.EqualFold(login, a.by.login)) {
			continue
		}
		list = append(list, a)
	}
	if c.query.Get("direction") != "asc" {
		slices.Reverse(list)
	}
	return all(window(c, list, func(a *activity) int64 { return a.id }), func(a *activity) object {
		return object{
			"id": a.id, "node_id": node("PSH", a.id), "before": a.before, "after": a.after, "ref": a.ref,
			"timestamp": stamp(a.at), "activity_type": a.kind, "actor": c.s.renderUser(a.by),
		}
	}), nil
}
