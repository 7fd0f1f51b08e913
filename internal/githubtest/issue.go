package githubtest

import (
	"slices"
	"strconv"
	"time"
)

// issue is an issue, or what a pull request has in common with one.
type issue struct {
	id               int64
	number           int
	title, body      string
	author           *user
	state            string // open or closed
	reason           string // why it was closed; "" for none
	created, updated time.Time
	closedAt         time.Time
	closedBy         *user
	labels           []*label
	comments         []*comment
	reactions        []*reaction
	pull             *pull // nil for an issue
	viaApp           *app
}

func (i *issue) closed() bool { return i.state == "closed" }

type label struct {
	id                       int64
	name, color, description string
}

type comment struct {
	id               int64
	issue            *issue
	author           *user
	body             string
	created, updated time.Time
	reactions        []*reaction
	viaApp           *app
}

type reaction struct {
	id      int64
	user    *user
	content string
	at      time.Time
}

func pullRef(number int) string { return "refs/pull/" + strconv.Itoa(number) + "/head" }

func (s *Server) newIssue(r *repo, a *actor, title, body string) *issue {
	now := s.now()
	i := &issue{
		id: s.id(), number: len(r.issues) + 1, title: title, body: body, author: a.user, viaApp: a.app,
		state: "open", created: now, updated: now,
	}
	r.issues = append(r.issues, i)
	return i
}

// issue finds an issue or a pull request by its number.
func (r *repo) issue(number int) (*issue, error) {
	if number < 1 || number > len(r.issues) {
		return nil, notFound()
	}
	return r.issues[number-1], nil
}

// pullRequest finds a pull request by its number.
func (r *repo) pullRequest(number int) (*issue, error) {
	i, err := r.issue(number)
	if err != nil || i.pull == nil {
		return nil, notFound()
	}
	return i, nil
}

func (s *Server) openIssue(r *repo, a *actor, title, body string, labels []string) (*issue, error) {
	if err := r.need(a, Read); err != nil {
		return nil, err
	}
	if a == nil {
		return nil, unauthenticated()
	}
	if title == "" {
		return nil, invalid("Issue", "title", "missing_field", "")
	}
	i := s.newIssue(r, a, title, body)
	if r.permission(a) >= Triage {
		s.putLabels(r, i, labels)
	}
	return i, nil
}

// mayEdit refuses who has not written a thing and has no write access.
func (r *repo) mayEdit(a *actor, author *user) error {
	if a != nil && a.user == author {
		return nil
	}
	return r.need(a, Write)
}

// setState opens or closes an issue or a pull request.
func (s *Server) setState(r *repo, i *issue, state string, by *user) error {
	if state == "" || state == i.state {
		return nil
	}
	action := "closed"
	if state == "open" {
		action = "reopened"
		if i.pull != nil {
			if err := s.resume(r, i, by); err != nil {
				return err
			}
		}
		i.closedAt, i.closedBy, i.reason = time.Time{}, nil, "reopened"
	} else {
		i.closedAt, i.closedBy, i.reason = s.now(), by, "completed"
	}
	i.state, i.updated = state, s.now()
	if i.pull == nil {
		return nil
	}
	i.reason = ""
	return s.sendPull(r, i, action, by, nil)
}

// resume lets a pull request that is opened again catch up with its branch.
func (s *Server) resume(r *repo, i *issue, by *user) error {
	p := i.pull
	if p.merged {
		return invalid("PullRequest", "state", "invalid", "state cannot be changed. The pull request is merged.")
	}
	for _, name := range []struct {
		in     *repo
		branch string
	}{{p.from, p.head}, {r, p.base}} {
		if name.in.refs["refs/heads/"+name.branch] == "" {
			return invalid("PullRequest", "state", "invalid", "state cannot be changed. The "+name.branch+" branch has been deleted.")
		}
	}
	before := p.headSHA
	p.headSHA, p.baseSHA = p.from.refs["refs/heads/"+p.head], r.refs["refs/heads/"+p.base]
	if p.headSHA == before {
		return nil
	}
	if err := r.note(i); err != nil {
		return err
	}
	same, err := r.sameChange(p.baseSHA, before, p.headSHA)
	if err != nil || same {
		return err
	}
	return s.dismissStale(r, i, by)
}

func (s *Server) addComment(r *repo, i *issue, a *actor, body string) (*comment, error) {
	if err := r.need(a, Read); err != nil {
		return nil, err
	}
	if a == nil {
		return nil, unauthenticated()
	}
	if body == "" {
		return nil, invalid("IssueComment", "body", "missing_field", "")
	}
	if err := short(body, "IssueComment"); err != nil {
		return nil, err
	}
	now := s.now()
	c := &comment{id: s.id(), issue: i, author: a.user, body: body, created: now, updated: now, viaApp: a.app}
	i.comments = append(i.comments, c)
	i.updated = now
	r.comments[c.id] = c
	return c, s.sendComment(r, c, "created", a.user, nil)
}

// short refuses a text that GitHub finds too long.
func short(body, resource string) error {
	if len([]rune(body)) > 65536 {
		return invalid(resource, "body", "too_long", "body is too long (maximum is 65536 characters)")
	}
	return nil
}

func (s *Server) editComment(r *repo, c *comment, a *actor, body string) error {
	if err := r.mayEdit(a, c.author); err != nil {
		return err
	}
	if body == "" {
		return invalid("IssueComment", "body", "missing_field", "")
	}
	if err := short(body, "IssueComment"); err != nil {
		return err
	}
	before := c.body
	c.body, c.updated = body, s.now()
	return s.sendComment(r, c, "edited", a.user, object{"body": object{"from": before}})
}

func (s *Server) deleteComment(r *repo, c *comment, a *actor) error {
	if err := r.mayEdit(a, c.author); err != nil {
		return err
	}
	delete(r.comments, c.id)
	c.issue.comments = slices.DeleteFunc(c.issue.comments, func(other *comment) bool { return other == c })
	return s.sendComment(r, c, "deleted", a.user, nil)
}

// findLabel finds or makes a label.
func (s *Server) findLabel(r *repo, name string) *label {
	for _, l := range r.labels {
		if l.name == name {
			return l
		}
	}
	l := &label{id: s.id(), name: name, color: "ededed"}
	r.labels = append(r.labels, l)
	return l
}

// putLabels adds labels to an issue.
func (s *Server) putLabels(r *repo, i *issue, names []string) {
	for _, name := range names {
		if l := s.findLabel(r, name); !slices.Contains(i.labels, l) {
			i.labels = append(i.labels, l)
		}
	}
	i.updated = s.now()
}

// react adds a reaction and says whether it is new.
func (s *Server) react(list *[]*reaction, by *user, content string) (*reaction, bool) {
	for _, old := range *list {
		if old.user == by && old.content == content {
			return old, false
		}
	}
	re := &reaction{id: s.id(), user: by, content: content, at: s.now()}
	*list = append(*list, re)
	return re, true
}
