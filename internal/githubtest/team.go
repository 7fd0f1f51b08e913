package githubtest

import (
	"fmt"
	"strings"
	"time"
)

// team is a team of an organisation.
type team struct {
	id      int64
	org     *user
	slug    string
	created time.Time
	members map[*user]bool // true: active, false: invited
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
