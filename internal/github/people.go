package github

import (
	"context"
	"errors"
	"net/url"
	"strings"
)

// Permission is what somebody may do in the repository.
type Permission uint8

// The permissions, each with all before it. The zero value is none.
const (
	None Permission = iota
	Read
	Write
	Admin
)

// Permission asks what somebody may do in the repository now.
func (c *Client) Permission(ctx context.Context, login string) (Permission, error) {
	level, _, err := c.api.Repositories.GetPermissionLevel(ctx, c.owner, c.repo, url.PathEscape(login))
	if err != nil {
		err = failed(err, "read permission of %s", login)
		if missing(err) {
			return None, nil
		}
		return None, err
	}
	switch level.GetPermission() {
	case "admin":
		return Admin, nil
	case "write":
		return Write, nil
	case "read":
		return Read, nil
	default:
		return None, nil
	}
}

// Member asks whether somebody is a member of a team now. It fails when the team
// cannot be seen: GitHub says of a team that is hidden what it says of strangers.
func (c *Client) Member(ctx context.Context, org, team, login string) (bool, error) {
	m, _, err := c.api.Teams.GetTeamMembershipBySlug(ctx, org, team, url.PathEscape(login))
	if err == nil {
		return m.GetState() == "active", nil
	}
	err = failed(err, "read membership of %s in team %s/%s", login, org, team)
	if !missing(err) {
		return false, err
	}
	if _, _, err := c.api.Teams.GetTeamBySlug(ctx, org, team); err != nil {
		err = failed(err, "read team %s/%s", org, team)
		if missing(err) {
			err = errors.Join(err, errors.New("if there is such a team, let the token read it: scope read:org, or for an app the permission Members"))
		}
		return false, err
	}
	return false, nil
}

// Named says whether one of the principals, user:login or team:org/slug, names
// somebody now.
func (c *Client) Named(ctx context.Context, login string, principals []string) (bool, error) {
	var unknown error
	for _, p := range principals {
		kind, rest, _ := strings.Cut(p, ":")
		switch kind {
		case "user":
			if strings.EqualFold(rest, login) {
				return true, nil
			}
		case "team":
			org, team, _ := strings.Cut(rest, "/")
			is, err := c.Member(ctx, org, team, login)
			if is {
				return true, nil
			}
			unknown = errors.Join(unknown, err)
		}
	}
	return false, unknown
}

// stranger says why somebody has no say: whom by does not name, or, when it names
// nobody, whoever has no write access; "" when they have.
func (c *Client) stranger(ctx context.Context, login string, by []string) (string, error) {
	permission, err := c.Permission(ctx, login)
	switch {
	case err != nil:
		return "", err
	case permission == None:
		return "has no access to the repository any more", nil
	case len(by) == 0 && permission < Write:
		return "has no write access", nil
	case len(by) == 0:
		return "", nil
	}
	named, err := c.Named(ctx, login, by)
	switch {
	case err != nil:
		return "", err
	case !named:
		return "is not among those who may approve", nil
	}
	return "", nil
}
