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

// periods are the lengths in days of what the activity can be limited to.
var periods = map[string]int{"day": 1, "week": 7, "month": 30, "quarter": 90, "year": 365}

func listActivity(c *call) (any, error) {
	r, err := c.repo(Read)
	if err != nil {
		return nil, err
	}
	var list []*activity
	for _, a := range r.activities {
		if days := periods[c.query.Get("time_period")]; days > 0 && a.at.Before(c.s.now().AddDate(0, 0, -days)) {
			continue
		}
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
