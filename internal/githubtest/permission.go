package githubtest

import (
	"slices"
	"strings"
)

// Permission is what somebody may do in a repository.
type Permission uint8

// The permissions, each with all before it.
const (
	None Permission = iota
	Read
	Triage
	Write
	Maintain
	Admin
)

func (p Permission) role() string {
	return [...]string{"none", "read", "triage", "write", "maintain", "admin"}[p]
}

// legacy is the older name, which knows four permissions.
func (p Permission) legacy() string {
	switch p {
	case Triage:
		return Read.role()
	case Maintain:
		return Write.role()
	default:
		return p.role()
	}
}

// permission is what somebody may do, nil being a visitor without a token.
func (r *repo) permission(a *actor) Permission {
	p := None
	if !r.private {
		p = Read
	}
	if a == nil {
		return p
	}
	if a.app != nil {
		if a.app.installed(r) && (a.only == nil || slices.Contains(a.only, r.name)) {
			return max(p, Write)
		}
		return p
	}
	return max(p, r.granted(a.user))
}

// granted is what was given to a user, be it directly, by a team or as the owner.
func (r *repo) granted(u *user) Permission {
	if u == r.owner {
		return Admin
	}
	if u.gone {
		return None
	}
	p := r.access[strings.ToLower(u.login)]
	for t, given := range r.teams {
		if t.members[u] {
			p = max(p, given)
		}
	}
	return p
}

// need refuses who has less than a permission, as GitHub does: who may not read
// is not told that there is something.
func (r *repo) need(a *actor, p Permission) error {
	switch has := r.permission(a); {
	case has >= p:
		return nil
	case has == None:
		return notFound()
	case a == nil:
		return unauthenticated()
	case a.app != nil:
		return forbidden("Resource not accessible by integration")
	case p >= Admin:
		return forbidden("Must have admin rights to Repository.")
	default:
		return forbidden("Must have write access to Repository.")
	}
}

// association is how somebody is related to a repository.
func (r *repo) association(u *user) string {
	switch {
	case u == r.owner:
		return "OWNER"
	case r.orgMember(u):
		return "MEMBER"
	case r.granted(u) > None:
		return "COLLABORATOR"
	default:
		return "NONE"
	}
}

func (r *repo) orgMember(u *user) bool {
	for t := range r.teams {
		if t.org == r.owner && t.members[u] {
			return true
		}
	}
	return false
}

// Grant gives a user a permission in a repository, or takes it away (None).
func (s *Server) Grant(fullName, login string, p Permission) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.repo(fullName)
	if err != nil {
		return err
	}
	r.access[strings.ToLower(s.person(login).login)] = p
	return nil
}

// GrantTeam gives a team, acme/sre for instance, a permission in a repository.
func (s *Server) GrantTeam(fullName, teamName string, p Permission) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.repo(fullName)
	if err != nil {
		return err
	}
	t, err := s.team(teamName)
	if err != nil {
		return err
	}
	r.teams[t] = p
	return nil
}
