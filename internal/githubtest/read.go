package githubtest

import (
	"time"
)

// PullRequest is what tests look at of a pull request.
type PullRequest struct {
	Number       int
	Title, Body  string
	Author       string
	Head, Base   string // branches
	HeadSHA      string
	State        string // open, closed, merged
	MergedBy     string
	MergeSHA     string // the newest commit that the merge brought to the base
	Labels       []string
	URL          string // its page
	OpenedAt     time.Time
	CommentCount int
}

// Issue is what tests look at of an issue.
type Issue struct {
	Number      int
	Title, Body string
	Author      string
	State       string // open, closed
	Labels      []string
	URL         string // its page
	OpenedAt    time.Time
}

// Comment is what tests look at of a comment.
type Comment struct {
	ID            int64
	Author, Body  string
	Created       time.Time
	Edited        bool
	ReactionNames []string
}

// Review is what tests look at of a review.
type Review struct {
	ID       int64
	User     string
	State    string // APPROVED, CHANGES_REQUESTED, COMMENTED, DISMISSED, PENDING
	Body     string
	CommitID string // the head that was reviewed
}

// CommitStatus is what tests look at of a status or a check run.
type CommitStatus struct {
	Context, State, Description, Target, Author string
	// Annotations of a check run: path:line: message.
	Annotations []string
}

// Pull returns a pull request.
func (s *Server) Pull(fullName string, number int) (PullRequest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.repo(fullName)
	if err != nil {
		return PullRequest{}, err
	}
	i, err := r.pullRequest(number)
	if err != nil {
		return PullRequest{}, err
	}
	return s.snapshot(r, i), nil
}

// Pulls returns all pull requests, oldest first.
func (s *Server) Pulls(fullName string) ([]PullRequest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.repo(fullName)
	if err != nil {
		return nil, err
	}
	var list []PullRequest
	for _, i := range r.issues {
		if i.pull != nil {
			list = append(list, s.snapshot(r, i))
		}
	}
	return list, nil
}

func (s *Server) snapshot(r *repo, i *issue) PullRequest {
	p := i.pull
	state := i.state
	if p.merged {
		state = "merged"
	}
	out := PullRequest{
		Number: i.number, Title: i.title, Body: i.body, Author: i.author.login, Head: p.label(r), Base: p.base,
		HeadSHA: p.headSHA, State: state, MergeSHA: p.mergeSHA, URL: s.htmlURL(r, i), OpenedAt: i.created,
		CommentCount: len(i.comments),
	}
	if p.mergedBy != nil {
		out.MergedBy = p.mergedBy.login
	}
	out.Labels = i.labelNames()
	return out
}

func (i *issue) labelNames() []string {
	var names []string
	for _, l := range i.labels {
		names = append(names, l.name)
	}
	return names
}

// Issues returns all issues that are no pull requests, oldest first.
func (s *Server) Issues(fullName string) ([]Issue, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.repo(fullName)
	if err != nil {
		return nil, err
	}
	var list []Issue
	for _, i := range r.issues {
		if i.pull == nil {
			list = append(list, Issue{
				Number: i.number, Title: i.title, Body: i.body, Author: i.author.login, State: i.state,
				Labels: i.labelNames(), URL: s.htmlURL(r, i), OpenedAt: i.created,
			})
		}
	}
	return list, nil
}

// Comments returns the comments of an issue or a pull request, oldest first.
func (s *Server) Comments(fullName string, number int) ([]Comment, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.repo(fullName)
	if err != nil {
		return nil, err
	}
	i, err := r.issue(number)
	if err != nil {
		return nil, err
	}
	var list []Comment
	for _, c := range i.comments {
		out := Comment{ID: c.id, Author: c.author.login, Body: c.body, Created: c.created, Edited: c.updated != c.created}
		for _, re := range c.reactions {
			out.ReactionNames = append(out.ReactionNames, re.content)
		}
		list = append(list, out)
	}
	return list, nil
}

// Annotation is a remark of a check run about a line.
type Annotation struct {
	Path           string
	Line           int
	Level, Message string
}

// Annotations returns the remarks of the newest check run of a name on a commit.
func (s *Server) Annotations(fullName, commit, name string) ([]Annotation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, sha, err := s.at(fullName, commit)
	if err != nil {
		return nil, err
	}
	for _, k := range r.checksOf(sha) {
		if k.name != name {
			continue
		}
		var list []Annotation
		for _, a := range k.annotations {
			list = append(list, Annotation{a.Path, a.StartLine, a.Level, a.Message})
		}
		return list, nil
	}
	return nil, nil
}

// at finds a commit of a repository. The caller holds the lock.
func (s *Server) at(fullName, commit string) (*repo, string, error) {
	r, err := s.repo(fullName)
	if err != nil {
		return nil, "", err
	}
	sha, err := r.resolve(commit)
	return r, sha, err
}

// CommitComments returns the comments on a commit itself, oldest first.
func (s *Server) CommitComments(fullName, commit string) ([]Comment, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, sha, err := s.at(fullName, commit)
	if err != nil {
		return nil, err
	}
	var list []Comment
	for _, c := range r.commitComments[sha] {
		list = append(list, Comment{ID: c.id, Author: c.author.login, Body: c.body, Created: c.created})
	}
	return list, nil
}

// Reviews returns the reviews of a pull request, oldest first.
func (s *Server) Reviews(fullName string, number int) ([]Review, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.repo(fullName)
	if err != nil {
		return nil, err
	}
	i, err := r.pullRequest(number)
	if err != nil {
		return nil, err
	}
	var list []Review
	for _, v := range i.pull.reviews {
		list = append(list, Review{ID: v.id, User: v.user.login, State: v.state, Body: v.body, CommitID: v.commitID})
	}
	return list, nil
}

// Statuses returns what counts of the statuses and check runs of a commit, a
// branch or an id: the newest of each context, the newest first.
func (s *Server) Statuses(fullName, commit string) ([]CommitStatus, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, sha, err := s.at(fullName, commit)
	if err != nil {
		return nil, err
	}
	var list []CommitStatus
	for _, st := range r.latest(sha) {
		list = append(list, CommitStatus{
			Context: st.context, State: st.state, Description: st.description, Target: st.target, Author: st.by.login,
		})
	}
	for _, k := range r.checksOf(sha) {
		out := CommitStatus{
			Context: k.name, State: k.status, Description: k.title, Target: k.details, Author: k.app.user.login,
		}
		if k.conclusion != "" {
			out.State = k.conclusion
		}
		for _, a := range k.annotations {
			out.Annotations = append(out.Annotations, a.Path+":"+itoa(int64(a.StartLine))+": "+a.Message)
		}
		list = append(list, out)
	}
	return list, nil
}

// Branch returns the commit of a branch; "" when there is no such branch.
func (s *Server) Branch(fullName, branch string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.repo(fullName)
	if err != nil {
		return "", err
	}
	return r.refs["refs/heads/"+branch], nil
}

// Log returns the commits of a branch, the newest first.
func (s *Server) Log(fullName, branch string) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.repo(fullName)
	if err != nil {
		return nil, err
	}
	sha, err := r.branch(branch)
	if err != nil {
		return nil, err
	}
	commits, err := r.log(sha)
	if err != nil {
		return nil, err
	}
	var list []string
	for _, c := range commits {
		list = append(list, c.sha)
	}
	return list, nil
}
