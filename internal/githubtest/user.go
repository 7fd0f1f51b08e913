package githubtest

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// The kinds of accounts.
const (
	person       = "User"
	organization = "Organization"
	bot          = "Bot"
)

// webFlow signs the commits that GitHub makes itself.
const webFlow = "web-flow"

type user struct {
	id          int64
	login       string
	name, email string
	kind        string
	created     time.Time
	gone        bool // deleted; what it did stays and is nobody's
}

func (u *user) signature(now time.Time) signature {
	return signature{name: u.name, email: u.email, when: now}
}

// team is a team of an organisation.
type team struct {
	id      int64
	org     *user
	slug    string
	created time.Time
	members map[*user]bool // true: active, false: invited
}

// actor is who asks: a user, or an installation of the app in the guise of its bot.
type actor struct {
	user *user
	app  *app // nil for a person
	// only are the repositories that a token of the app is limited to; nil for all.
	only []string
	// expires is when the token ends; zero for never.
	expires time.Time
	// jwt says that the app itself asks, not its installation.
	jwt bool
}

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

// AddUser makes a user. Its mail address, by which commits are known to be its
// own, is login@example.com. All that names a user makes it when it is new, so
// this is only for those that nothing else names.
func (s *Server) AddUser(login string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.person(login)
}

// person finds or makes a user.
func (s *Server) person(login string) *user {
	if u := s.users[strings.ToLower(login)]; u != nil {
		return u
	}
	return s.addUser(login, person)
}

func (s *Server) addUser(login, kind string) *user {
	u := &user{id: s.id(), login: login, name: login, kind: kind, created: s.now()}
	u.email = strings.ReplaceAll(login, "[bot]", "-bot") + "@example.com"
	if login == webFlow {
		u.name, u.email = "GitHub", "noreply@github.com"
	}
	s.users[strings.ToLower(login)] = u
	return u
}

// byEmail finds the user whose commits carry an address, or nil.
func (s *Server) byEmail(email string) *user {
	if email == "noreply@github.com" {
		return s.person(webFlow)
	}
	for _, u := range s.users {
		if u.email == email && u.kind != organization {
			return u
		}
	}
	return nil
}

// DeleteUser deletes a user: its tokens and permissions end, and what it did is
// from nobody (null), or from GitHub's user ghost where there must be somebody.
func (s *Server) DeleteUser(login string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.users[strings.ToLower(login)]
	if u == nil {
		return
	}
	u.gone = true
	delete(s.users, strings.ToLower(login))
	for token, a := range s.tokens {
		if a.user == u {
			delete(s.tokens, token)
		}
	}
	for _, t := range s.teams {
		delete(t.members, u)
	}
	for _, r := range s.repos {
		delete(r.access, strings.ToLower(login))
	}
}

// Token makes a token for a user: for the API, and as the password of git.
func (s *Server) Token(login string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	token := "ghp_" + rand.Text()
	s.tokens[token] = &actor{user: s.person(login)}
	return token
}

// Revoke ends a token.
func (s *Server) Revoke(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.tokens, token)
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

// AddTeam makes a team, acme/sre for instance, of these members, or adds them to it.
func (s *Server) AddTeam(name string, members ...string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.team(name)
	if err != nil {
		return err
	}
	for _, login := range members {
		t.members[s.person(login)] = true
	}
	return nil
}

// Invite asks a user into a team; the membership stays pending.
func (s *Server) Invite(teamName, login string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.team(teamName)
	if err != nil {
		return err
	}
	t.members[s.person(login)] = false
	return nil
}

// LeaveTeam takes a user out of a team.
func (s *Server) LeaveTeam(teamName, login string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.team(teamName)
	if err != nil {
		return err
	}
	delete(t.members, s.person(login))
	return nil
}

// team finds or makes a team.
func (s *Server) team(name string) (*team, error) {
	name = strings.ToLower(name)
	org, slug, ok := strings.Cut(name, "/")
	if !ok || !isName(org) || !isName(slug) {
		return nil, fmt.Errorf("find team %q: its name must be organisation/team", name)
	}
	if t := s.teams[name]; t != nil {
		return t, nil
	}
	owner := s.users[org]
	if owner == nil {
		owner = s.addUser(org, organization)
	}
	t := &team{id: s.id(), org: owner, slug: slug, created: s.now(), members: map[*user]bool{}}
	s.teams[name] = t
	return t, nil
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
		return &Error{Status: http.StatusUnauthorized, Message: "Requires authentication"}
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
