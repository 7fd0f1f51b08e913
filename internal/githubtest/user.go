package githubtest

import (
	"crypto/rand"
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
