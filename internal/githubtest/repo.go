package githubtest

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Files are contents by path.
type Files map[string]string

// Change is what a commit does to files.
type Change struct {
	// Write are the files that are new or have a new content.
	Write Files
	// Remove are the paths of files that go.
	Remove []string
	// Message is the commit's message; empty means "Change files".
	Message string
}

// repo is a repository. Its branches are read from git before every answer.
type repo struct {
	bare
	id             int64
	owner          *user
	parent         *repo // that it is a fork of; nil for none
	name           string
	private        bool
	created        time.Time
	refs           map[string]string // branches as they were when they were last looked at
	issues         []*issue          // by number, from 1
	comments       map[int64]*comment
	commitComments map[string][]*commitComment // by the commit's id
	labels         []*label
	statuses       map[string][]*status
	checks         map[int64]*checkRun
	activities     []*activity
	autoMerge      bool                   // pull requests may be merged by themselves
	protections    map[string]*Protection // by branch
	access         map[string]Permission  // by login in lower case
	teams          map[*team]Permission
	merges         map[[2]string]merged // trial merges by base and head: facts that never change
}

func (r *repo) full() string { return r.owner.login + "/" + r.name }

// AddRepo makes a repository, acme/fleet for instance, whose first commit on the
// branch main has the files. A new owner is an organisation.
func (s *Server) AddRepo(fullName string, files Files) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.addRepo(fullName)
	if err != nil {
		return err
	}
	if err := r.initialise(); err != nil {
		return err
	}
	author := r.owner.signature(s.now())
	sha, err := r.write("", Change{Write: files, Message: "First commit"}, author, author)
	if err != nil {
		return err
	}
	if _, err := r.git("update-ref", "refs/heads/main", sha); err != nil {
		return err
	}
	return s.keep(r)
}

// AddRepoAt serves a bare repository that exists already, with all its branches.
func (s *Server) AddRepoAt(fullName, dir string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.addRepo(fullName)
	if err != nil {
		return err
	}
	if r.dir, err = filepath.Abs(dir); err != nil {
		return fmt.Errorf("find repository: %w", err)
	}
	if _, err := r.main(); err != nil {
		return err
	}
	return s.keep(r)
}

// AddPrivateRepo is AddRepo, but who has no access is told that the repository
// is not there.
func (s *Server) AddPrivateRepo(fullName string, files Files) error {
	if err := s.AddRepo(fullName, files); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.repos[strings.ToLower(fullName)].private = true
	return nil
}

func (s *Server) addRepo(fullName string) (*repo, error) {
	owner, name, ok := strings.Cut(fullName, "/")
	if !ok || !isName(owner) || !isName(name) {
		return nil, fmt.Errorf("add repository %q: its name must be owner/name, of letters, digits, '-', '_' and '.'", fullName)
	}
	if s.repos[strings.ToLower(fullName)] != nil {
		return nil, fmt.Errorf("add repository %s: it exists", fullName)
	}
	u := s.users[strings.ToLower(owner)]
	if u == nil {
		u = s.addUser(owner, organization)
	}
	r := &repo{
		bare: bare{facts: map[string]string{}, dir: filepath.Join(s.dir, owner, name+".git"), home: s.home()},
		id:   s.id(), owner: u, name: name, created: s.now(),
		refs: map[string]string{}, comments: map[int64]*comment{},
		statuses: map[string][]*status{}, checks: map[int64]*checkRun{},
		protections: map[string]*Protection{}, access: map[string]Permission{}, teams: map[*team]Permission{},
		merges: map[[2]string]merged{},
	}
	return r, nil
}

// keep takes up a repository that is whole.
func (s *Server) keep(r *repo) (err error) {
	if r.refs, err = r.branches(); err != nil {
		return err
	}
	s.repos[strings.ToLower(r.full())] = r
	return nil
}

func isName(s string) bool {
	return s != "" && strings.Trim(s, ".") != "" &&
		strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz0123456789-_.") == ""
}

// RepoDir returns the folder of the bare repository. What is pushed there
// directly is seen, but nobody knows who pushed it.
func (s *Server) RepoDir(fullName string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.repo(fullName)
	if err != nil {
		return "", err
	}
	return r.dir, nil
}

// repo finds a repository and looks at its branches.
func (s *Server) repo(fullName string) (*repo, error) {
	r := s.repos[strings.ToLower(fullName)]
	if r == nil {
		return nil, fmt.Errorf("find repository %s: %w", fullName, notFound())
	}
	return r, s.look(r, nil)
}

// entries writes the files of a change and returns them for an edit of a tree.
func (r *repo) entries(c Change) ([]entry, error) {
	var entries []entry
	for _, path := range slices.Sorted(maps.Keys(c.Write)) {
		sha, err := r.blob([]byte(c.Write[path]))
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry{mode: "100644", path: path, sha: sha})
	}
	for _, path := range c.Remove {
		entries = append(entries, entry{path: path})
	}
	return entries, nil
}

// write makes a commit that changes files of its parent, "" for none.
func (r *repo) write(parent string, c Change, author, committer signature) (string, error) {
	entries, err := r.entries(c)
	if err != nil {
		return "", err
	}
	tree, err := r.edit(parent, entries)
	if err != nil {
		return "", err
	}
	message, parents := c.Message, []string{}
	if message == "" {
		message = "Change files"
	}
	if parent != "" {
		parents = append(parents, parent)
	}
	return r.commit(tree, message, author, committer, parents...)
}
