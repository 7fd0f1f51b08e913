package githubtest

import (
	"fmt"
	"strings"
)

// Fork makes a copy of a repository that belongs to a user, under the same name.
func (s *Server) Fork(fullName, login string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	parent, err := s.repo(fullName)
	if err != nil {
		return err
	}
	if parent.parent != nil {
		return fmt.Errorf("fork %s: it is a fork itself", fullName)
	}
	owner := s.person(login)
	if err := parent.need(&actor{user: owner}, Read); err != nil {
		return fmt.Errorf("fork %s as %s: %w", fullName, login, err)
	}
	r, err := s.addRepo(owner.login + "/" + parent.name)
	if err != nil {
		return err
	}
	if err := r.initialise(); err != nil {
		return err
	}
	if _, err := r.git("fetch", "--quiet", "--no-write-fetch-head", parent.dir, "+refs/heads/*:refs/heads/*"); err != nil {
		return err
	}
	main, err := parent.main()
	if err != nil {
		return err
	}
	if _, err := r.git("symbolic-ref", "HEAD", "refs/heads/"+main); err != nil {
		return err
	}
	r.parent, r.private = parent, parent.private
	return s.keep(r)
}

// network is a repository and all that share its history: forks and siblings.
// Without forks it is the repository alone.
func (s *Server) network(r *repo) []*repo {
	root := r
	if r.parent != nil {
		root = r.parent
	}
	list := []*repo{root}
	for _, other := range s.sortedRepos() {
		if other.parent == root {
			list = append(list, other)
		}
	}
	return list
}

// headOf finds the repository and the branch of a head, "branch" or
// "owner:branch". The repository is nil when the owner has none.
func (r *repo) headOf(s *Server, head string) (*repo, string) {
	owner, branch, ok := strings.Cut(head, ":")
	if !ok {
		return r, head
	}
	for _, other := range s.network(r) {
		if strings.EqualFold(other.owner.login, owner) {
			return other, branch
		}
	}
	return nil, branch
}

// label is the branch of a pull request, with its owner when it is in a fork.
func (p *pull) label(r *repo) string {
	if p.from == r {
		return p.head
	}
	return p.from.owner.login + ":" + p.head
}

// bring fetches a commit from a fork.
func (r *repo) bring(from *repo, sha string) error {
	if from == r || r.has(sha, "commit") {
		return nil
	}
	_, err := r.git("fetch", "--quiet", "--no-write-fetch-head", from.dir, sha)
	return err
}
