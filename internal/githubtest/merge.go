package githubtest

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// Method is how a pull request is merged.
type Method string

// The methods.
const (
	MergeCommit Method = "merge"
	Squash      Method = "squash"
	Rebase      Method = "rebase"
)

func notMergeable(reason string) error {
	return &Error{Status: http.StatusMethodNotAllowed, Message: reason}
}

// merge merges a pull request. sha is the head that the caller has seen; empty
// for any.
func (s *Server) merge(r *repo, i *issue, a *actor, method Method, title, message, sha string) error {
	p := i.pull
	if err := r.need(a, Write); err != nil {
		return err
	}
	switch {
	case i.closed():
		return notMergeable("Pull Request is not mergeable")
	case p.draft:
		return notMergeable("Pull Request is still a draft")
	case sha != "" && sha != p.headSHA:
		return &Error{Status: http.StatusConflict, Message: "Head branch was modified. Review and try the merge again."}
	}
	if reason := r.blocked(i); reason != "" {
		if r.protections[p.base].Admins || r.permission(a) < Admin {
			return notMergeable(reason)
		}
	}
	base, err := r.branch(p.base)
	if err != nil {
		return err
	}
	var after string
	switch method {
	case Squash:
		after, err = s.squash(r, i, base, title, message)
	case Rebase:
		after, err = s.rebase(r, i, a, base)
	default:
		after, err = s.join(r, i, a, base, title, message)
	}
	if err == nil && p.queued != nil {
		after, err = r.amend(after, *p.queued)
	}
	if errors.Is(err, errConflict) {
		return notMergeable("Pull Request is not mergeable")
	}
	if err != nil {
		return err
	}
	if err := s.move(r, p.base, base, after, a.user, i); err != nil {
		return err
	}
	return s.setMerged(r, i, after, base, a.user)
}

// setMerged notes that a pull request is merged: after is the newest commit that
// this brought to the base, before where the base was.
func (s *Server) setMerged(r *repo, i *issue, after, before string, by *user) error {
	p := i.pull
	args := []string{after}
	if before != "" {
		args = append(args, "^"+before)
		p.baseSHA = before
	}
	commits, err := r.log(args...)
	if err != nil {
		return err
	}
	for _, c := range commits {
		p.brought = append(p.brought, c.sha)
	}
	p.merged, p.mergedAt, p.mergedBy, p.mergeSHA = true, s.now(), by, after
	return s.setState(r, i, "closed", by)
}

// join makes a merge commit.
func (s *Server) join(r *repo, i *issue, a *actor, base, title, message string) (string, error) {
	tree, err := r.mergeTree(base, i.pull.headSHA)
	if err != nil {
		return "", err
	}
	if title == "" {
		title = fmt.Sprintf("Merge pull request #%d from %s/%s", i.number, i.pull.from.owner.login, i.pull.head)
	}
	if message == "" {
		message = i.title
	}
	return r.commit(tree, title+"\n\n"+message, a.user.signature(s.now()), s.person(webFlow).signature(s.now()), base, i.pull.headSHA)
}

// squash makes one commit of all, by the author of the pull request.
func (s *Server) squash(r *repo, i *issue, base, title, message string) (string, error) {
	commits, err := r.commits(i)
	if err != nil {
		return "", err
	}
	tree, err := r.mergeTree(base, i.pull.headSHA)
	if err != nil {
		return "", err
	}
	if title == "" {
		title = i.title
		if len(commits) == 1 {
			title = commits[0].title()
		}
		title = fmt.Sprintf("%s (#%d)", title, i.number)
	}
	if message == "" {
		message = bodies(commits)
	}
	return r.commit(tree, strings.TrimSpace(title+"\n\n"+message), i.author.signature(s.now()), s.person(webFlow).signature(s.now()), base)
}

// bodies is what GitHub writes under the title of a squash commit.
func bodies(commits []commit) string {
	if len(commits) == 1 {
		_, body, _ := strings.Cut(commits[0].message, "\n")
		return strings.TrimSpace(body)
	}
	var b strings.Builder
	for _, c := range commits {
		fmt.Fprintf(&b, "* %s\n\n", c.message)
	}
	return strings.TrimSpace(b.String())
}

// rebase applies the commits one after the other; whoever merges commits them.
func (s *Server) rebase(r *repo, i *issue, a *actor, base string) (string, error) {
	commits, err := r.commits(i)
	if err != nil {
		return "", err
	}
	tip := base
	for _, c := range commits {
		if len(c.parents) != 1 {
			return "", errConflict // GitHub does not rebase merges
		}
		tree, err := r.pick(c.sha, c.parents[0], tip)
		if err != nil {
			return "", err
		}
		if tip, err = r.commit(tree, c.message, c.author, a.user.signature(s.now()), tip); err != nil {
			return "", err
		}
	}
	return tip, nil
}

// amend makes a commit anew with a change of more files.
func (r *repo) amend(sha string, more Change) (string, error) {
	c, err := r.one(sha)
	if err != nil {
		return "", err
	}
	entries, err := r.entries(more)
	if err != nil {
		return "", err
	}
	tree, err := r.edit(sha, entries)
	if err != nil {
		return "", err
	}
	return r.commit(tree, c.message, c.author, c.committer, c.parents...)
}

// update merges the base into the branch of a pull request.
func (s *Server) update(r *repo, i *issue, a *actor, sha string) error {
	p := i.pull
	if err := r.need(a, Write); err != nil {
		return err
	}
	if p.from != r { // its owner would have to allow it, which nobody does here
		return forbidden("Resource not accessible: the branch is in " + p.from.full())
	}
	if sha != "" && sha != p.headSHA {
		return refused("expected head sha didn't match current head ref.")
	}
	base, err := r.branch(p.base)
	if err != nil {
		return err
	}
	if has, err := r.ancestor(base, p.headSHA); err != nil || has {
		if err == nil {
			err = refused("There are no new commits on the base branch.")
		}
		return err
	}
	tree, err := r.mergeTree(p.headSHA, base)
	if errors.Is(err, errConflict) {
		return refused("merge conflict between base and head")
	}
	if err != nil {
		return err
	}
	message := fmt.Sprintf("Merge branch '%s' into %s", p.base, p.head)
	after, err := r.commit(tree, message, a.user.signature(s.now()), s.person(webFlow).signature(s.now()), p.headSHA, base)
	if err != nil {
		return err
	}
	return s.move(r, p.head, p.headSHA, after, a.user, nil)
}
