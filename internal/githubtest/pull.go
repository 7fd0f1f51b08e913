package githubtest

import (
	"errors"
	"fmt"
	"time"
)

// pull is what a pull request has besides an issue.
type pull struct {
	from             *repo  // the repository of the head: the same one, or a fork
	base, head       string // branches
	baseSHA, headSHA string // of the newest head; they stay as they are once it is closed
	draft            bool
	reviews          []*review
	requested        []*user
	queued           *Change   // what a merge queue brings along; nil for none
	asked            [2]string // base and head for which the mergeability was asked
	auto             *autoMerge
	merged           bool
	mergedAt         time.Time
	mergedBy         *user
	mergeSHA         string   // the newest commit that the merge brought to the base
	brought          []string // all commits that the merge brought to the base
}

// merged is what came of a trial merge.
type merged struct {
	clean  bool
	commit string
}

func (s *Server) openPull(r *repo, a *actor, title, body, head, base string, draft bool) (*issue, error) {
	if err := r.need(a, Read); err != nil {
		return nil, err
	}
	if a == nil {
		return nil, unauthenticated()
	}
	from, head := r.headOf(s, head)
	if title == "" {
		return nil, invalid("PullRequest", "title", "missing_field", "")
	}
	if from == nil || from.refs["refs/heads/"+head] == "" {
		return nil, invalid("PullRequest", "head", "invalid", "")
	}
	headSHA := from.refs["refs/heads/"+head]
	if err := r.bring(from, headSHA); err != nil {
		return nil, err
	}
	baseSHA, ok := r.refs["refs/heads/"+base]
	if !ok {
		return nil, invalid("PullRequest", "base", "invalid", "")
	}
	for _, i := range r.issues {
		if p := i.pull; p != nil && !i.closed() && p.from == from && p.head == head && p.base == base {
			return nil, &Error{Status: 422, Message: "Validation Failed", Errors: []any{object{
				"resource": "PullRequest", "code": "custom",
				"message": fmt.Sprintf("A pull request already exists for %s:%s.", from.owner.login, head),
			}}}
		}
	}
	root, err := r.mergeBase(baseSHA, headSHA)
	if err != nil {
		return nil, err
	}
	if root == headSHA || root == "" {
		message := fmt.Sprintf("No commits between %s and %s", base, head)
		if root == "" {
			message = fmt.Sprintf("The %s branch has no history in common with %s", head, base)
		}
		return nil, &Error{Status: 422, Message: "Validation Failed", Errors: []any{object{
			"resource": "PullRequest", "code": "custom", "message": message,
		}}}
	}
	i := s.newIssue(r, a, title, body)
	i.pull = &pull{from: from, base: base, head: head, baseSHA: baseSHA, headSHA: headSHA, draft: draft}
	if err := r.note(i); err != nil {
		return nil, err
	}
	return i, s.sendPull(r, i, "opened", a.user, nil)
}

// tip is the base that a pull request is compared with: its branch as it is
// while the pull request is open, and as it was afterwards.
func (r *repo) tip(p *pull, closed bool) string {
	if now := r.refs["refs/heads/"+p.base]; now != "" && !closed {
		return now
	}
	return p.baseSHA
}

// commits lists the commits of a pull request, oldest first.
func (r *repo) commits(i *issue) ([]commit, error) {
	return r.log("--reverse", "--topo-order", i.pull.headSHA, "^"+r.tip(i.pull, i.closed()))
}

// files lists the files that a pull request changes.
func (r *repo) files(i *issue) ([]difference, error) {
	root, err := r.mergeBase(r.tip(i.pull, i.closed()), i.pull.headSHA)
	if err != nil {
		return nil, err
	}
	if root == "" {
		root = emptyTree
	}
	return r.diff(root, i.pull.headSHA)
}

// tried says whether somebody has asked for a pull request's mergeability since
// it changed, and notes that somebody has now.
func (r *repo) tried(i *issue) bool {
	now := [2]string{r.tip(i.pull, i.closed()), i.pull.headSHA}
	before := i.pull.asked
	i.pull.asked = now
	return before == now
}

// try merges an open pull request into its base without moving anything.
func (s *Server) try(r *repo, i *issue) (merged, error) {
	base, head := r.tip(i.pull, i.closed()), i.pull.headSHA
	key := [2]string{base, head}
	if m, known := r.merges[key]; known {
		return m, nil
	}
	var m merged
	tree, err := r.mergeTree(base, head)
	if err != nil && !errors.Is(err, errConflict) {
		return m, err
	}
	if err == nil {
		github := s.person(webFlow).signature(s.now())
		m.clean = true
		if m.commit, err = r.commit(tree, "Merge "+head+" into "+base, github, github, base, head); err != nil {
			return m, err
		}
	}
	r.merges[key] = m
	return m, nil
}

// edits are what may be changed of a pull request; nil leaves a thing as it is.
type edits struct {
	Title *string `json:"title"`
	Body  *string `json:"body"`
	State *string `json:"state"`
	Base  *string `json:"base"`
}

func (s *Server) editPull(r *repo, i *issue, a *actor, e edits) error {
	if err := r.mayEdit(a, i.author); err != nil {
		return err
	}
	changes := object{}
	if e.Base != nil && *e.Base != i.pull.base {
		sha, ok := r.refs["refs/heads/"+*e.Base]
		if !ok {
			return invalid("PullRequest", "base", "invalid", "")
		}
		changes["base"] = object{"ref": object{"from": i.pull.base}, "sha": object{"from": i.pull.baseSHA}}
		i.pull.base, i.pull.baseSHA = *e.Base, sha
	}
	if e.Title != nil && *e.Title != i.title {
		if *e.Title == "" {
			return invalid("PullRequest", "title", "missing_field", "")
		}
		changes["title"] = object{"from": i.title}
		i.title = *e.Title
	}
	if e.Body != nil && *e.Body != i.body {
		if err := short(*e.Body, "PullRequest"); err != nil {
			return err
		}
		changes["body"] = object{"from": i.body}
		i.body = *e.Body
	}
	if changes["base"] != nil {
		if err := s.dismissStale(r, i, a.user); err != nil {
			return err
		}
	}
	if len(changes) > 0 {
		i.updated = s.now()
		if err := s.sendPull(r, i, "edited", a.user, object{"changes": changes}); err != nil {
			return err
		}
	}
	if e.State != nil {
		return s.setState(r, i, *e.State, a.user)
	}
	return nil
}
