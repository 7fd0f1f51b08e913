package githubtest

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

func getSelf(c *call) (any, error) {
	switch {
	case c.actor == nil:
		return nil, unauthenticated()
	case c.actor.app != nil:
		return nil, forbidden("Resource not accessible by integration")
	}
	return c.s.renderProfile(c.actor.user), nil
}

func (c *call) user(name string) (*user, error) {
	u := c.s.users[strings.ToLower(c.params[name])]
	if u == nil {
		return nil, notFound()
	}
	return u, nil
}

func getUser(c *call) (any, error) {
	u, err := c.user("username")
	if err != nil {
		return nil, err
	}
	return c.s.renderProfile(u), nil
}

// team finds the team of the path. Only somebody who is known may ask.
func (c *call) team() (*team, error) {
	t := c.s.teams[strings.ToLower(c.params["org"]+"/"+c.params["team_slug"])]
	if t == nil || c.actor == nil {
		return nil, notFound()
	}
	return t, nil
}

func getTeam(c *call) (any, error) {
	t, err := c.team()
	if err != nil {
		return nil, err
	}
	o, org := c.s.renderTeam(t), c.s.userObject(t.org)
	self := c.s.api("/orgs/%s", t.org.login)
	maps.Copy(org, object{
		"url": self, "hooks_url": self + "/hooks", "issues_url": self + "/issues", "members_url": self + "/members{/member}",
		"public_members_url": self + "/public_members{/member}", "description": nil, "has_organization_projects": false,
		"has_repository_projects": false, "public_repos": 0, "public_gists": 0, "followers": 0, "following": 0,
		"created_at": stamp(t.org.created), "updated_at": stamp(t.org.created), "archived_at": nil,
	})
	maps.Copy(o, object{
		"members_count": len(c.members(t)), "repos_count": 0, "organization": org,
		"created_at": stamp(t.created), "updated_at": stamp(t.created),
	})
	return o, nil
}

// members are those who have accepted, sorted by login.
func (c *call) members(t *team) []*user {
	var list []*user
	for u, active := range t.members {
		if active {
			list = append(list, u)
		}
	}
	slices.SortFunc(list, func(a, b *user) int { return strings.Compare(a.login, b.login) })
	return list
}

func listTeam(c *call) (any, error) {
	t, err := c.team()
	if err != nil {
		return nil, err
	}
	return each(c, c.members(t), c.s.userObject), nil
}

func getMembership(c *call) (any, error) {
	t, err := c.team()
	if err != nil {
		return nil, err
	}
	u, err := c.user("username")
	if err != nil {
		return nil, err
	}
	active, member := t.members[u]
	if !member {
		return nil, notFound()
	}
	state := "pending"
	if active {
		state = "active"
	}
	return object{
		"role": "member", "state": state,
		"url": c.s.api("/orgs/%s/teams/%s/memberships/%s", t.org.login, t.slug, u.login),
	}, nil
}

func isCollaborator(c *call) (any, error) {
	r, err := c.repo(Write)
	if err != nil {
		return nil, err
	}
	u, err := c.user("username")
	if err != nil || r.granted(u) == None {
		return nil, notFound()
	}
	return nil, nil
}

func getPermission(c *call) (any, error) {
	r, err := c.repo(Read)
	if err != nil {
		return nil, err
	}
	if err := r.need(c.actor, Write); err != nil {
		if c.actor != nil {
			err = forbidden("Must have push access to view collaborator permission.")
		}
		return nil, err
	}
	u := c.s.users[strings.ToLower(c.params["username"])]
	if u == nil {
		return nil, &Error{Status: http.StatusNotFound, Message: c.params["username"] + " is not a user"}
	}
	p := r.permission(&actor{user: u})
	o := c.s.userObject(u)
	o["role_name"] = p.role()
	o["permissions"] = object{
		"admin": p >= Admin, "maintain": p >= Maintain, "push": p >= Write, "triage": p >= Triage, "pull": p >= Read,
	}
	return object{"permission": p.legacy(), "role_name": p.role(), "user": o}, nil
}
