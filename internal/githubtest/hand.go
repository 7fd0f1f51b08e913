package githubtest

import (
	"fmt"
	"strings"
)

// Hand acts as a user, in the process and without HTTP, by the same rules.
type Hand struct {
	s *Server
	a *actor
}

// As returns the hand of a user.
func (s *Server) As(login string) *Hand {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &Hand{s: s, a: &actor{user: s.person(login)}}
}

// do does something in a repository.
func (h *Hand) do(fullName, verb string, f func(*repo) error) error {
	h.s.mu.Lock()
	defer h.s.mu.Unlock()
	r, err := h.s.repo(fullName)
	if err == nil {
		err = f(r)
	}
	if err == nil {
		err = h.s.settle(r)
	}
	if err != nil {
		return fmt.Errorf("%s as %s: %w", verb, h.a.user.login, err)
	}
	return nil
}

// onPull does something to a pull request.
func (h *Hand) onPull(fullName string, number int, verb string, f func(*repo, *issue) error) error {
	return h.do(fullName, verb, func(r *repo) error {
		i, err := r.pullRequest(number)
		if err != nil {
			return err
		}
		return f(r, i)
	})
}

// Push adds a commit to a branch and returns its id. A new branch begins where
// the default branch is.
func (h *Hand) Push(fullName, branch string, c Change) (sha string, err error) {
	err = h.do(fullName, "push to "+branch, func(r *repo) error {
		before := r.refs["refs/heads/"+branch]
		parent := before
		if parent == "" {
			main, err := r.main()
			if err != nil {
				return err
			}
			if parent, err = r.branch(main); err != nil {
				return err
			}
		}
		sha, err = h.push(r, branch, before, parent, c)
		return err
	})
	return sha, err
}

// ForcePush puts a commit on top of another one, a branch or an id, and moves the
// branch there, whatever was on it.
func (h *Hand) ForcePush(fullName, branch, onto string, c Change) (sha string, err error) {
	err = h.do(fullName, "force-push to "+branch, func(r *repo) error {
		parent, err := r.resolve(onto)
		if err != nil {
			return err
		}
		sha, err = h.push(r, branch, r.refs["refs/heads/"+branch], parent, c)
		return err
	})
	return sha, err
}

func (h *Hand) push(r *repo, branch, before, parent string, c Change) (string, error) {
	sig := h.a.user.signature(h.s.now())
	sha, err := r.write(parent, c, sig, sig)
	if err != nil {
		return "", err
	}
	if err := r.mayMove(h.a, branch, before, sha); err != nil {
		return "", err
	}
	return sha, h.s.move(r, branch, before, sha, h.a.user, nil)
}

// MoveBranch moves a branch to a commit, a branch or an id, as a force-push does.
func (h *Hand) MoveBranch(fullName, branch, to string) error {
	return h.do(fullName, "move "+branch, func(r *repo) error {
		sha, err := r.resolve(to)
		if err != nil {
			return err
		}
		before := r.refs["refs/heads/"+branch]
		if before == sha {
			return nil
		}
		if err := r.mayMove(h.a, branch, before, sha); err != nil {
			return err
		}
		return h.s.move(r, branch, before, sha, h.a.user, nil)
	})
}

// DeleteBranch deletes a branch, which closes its pull requests.
func (h *Hand) DeleteBranch(fullName, branch string) error {
	return h.do(fullName, "delete "+branch, func(r *repo) error {
		before, err := r.branch(branch)
		if err != nil {
			return err
		}
		if err := r.mayMove(h.a, branch, before, ""); err != nil {
			return err
		}
		return h.s.move(r, branch, before, "", h.a.user, nil)
	})
}

// OpenPull opens a pull request from a branch, or from owner:branch in a fork,
// into another and returns its number.
func (h *Hand) OpenPull(fullName, head, base, title, body string) (number int, err error) {
	err = h.do(fullName, "open pull request", func(r *repo) error {
		i, err := h.s.openPull(r, h.a, title, body, head, base, false)
		if err == nil {
			number = i.number
		}
		return err
	})
	return number, err
}

// Approve approves the head of a pull request and returns the review's id.
func (h *Hand) Approve(fullName string, number int) (id int64, err error) {
	return h.Review(fullName, number, "APPROVE", "")
}

// Review reviews a pull request and returns the review's id. The event is APPROVE,
// REQUEST_CHANGES or COMMENT.
func (h *Hand) Review(fullName string, number int, event, body string) (id int64, err error) {
	err = h.onPull(fullName, number, "review pull request", func(r *repo, i *issue) error {
		v, err := h.s.addReview(r, i, h.a, event, body, "")
		if err == nil {
			id = v.id
		}
		return err
	})
	return id, err
}

// Dismiss dismisses a review.
func (h *Hand) Dismiss(fullName string, number int, review int64, message string) error {
	return h.onPull(fullName, number, "dismiss review", func(r *repo, i *issue) error {
		v, err := i.pull.review(review)
		if err != nil {
			return err
		}
		return h.s.dismiss(r, i, v, h.a, message)
	})
}

// Merge merges a pull request and returns the newest commit of its base.
func (h *Hand) Merge(fullName string, number int, m Method) (sha string, err error) {
	err = h.onPull(fullName, number, "merge pull request", func(r *repo, i *issue) error {
		err := h.s.merge(r, i, h.a, m, "", "", "")
		sha = i.pull.mergeSHA
		return err
	})
	return sha, err
}

// MergeWith merges a pull request like Merge, but what comes into the base has
// more in it than was reviewed, as a merge queue may do that merges several at a
// time.
func (h *Hand) MergeWith(fullName string, number int, m Method, more Change) (sha string, err error) {
	err = h.onPull(fullName, number, "merge pull request", func(r *repo, i *issue) error {
		i.pull.queued = &more
		defer func() { i.pull.queued = nil }()
		err := h.s.merge(r, i, h.a, m, "", "", "")
		sha = i.pull.mergeSHA
		return err
	})
	return sha, err
}

// Close closes an issue or a pull request.
func (h *Hand) Close(fullName string, number int) error { return h.set(fullName, number, "closed") }

// Reopen opens an issue or a pull request again.
func (h *Hand) Reopen(fullName string, number int) error { return h.set(fullName, number, "open") }

func (h *Hand) set(fullName string, number int, state string) error {
	return h.do(fullName, "set state to "+state, func(r *repo) error {
		i, err := r.issue(number)
		if err != nil {
			return err
		}
		if err := r.mayEdit(h.a, i.author); err != nil {
			return err
		}
		return h.s.setState(r, i, state, h.a.user)
	})
}

// OpenIssue opens an issue and returns its number.
func (h *Hand) OpenIssue(fullName, title, body string, labels ...string) (number int, err error) {
	err = h.do(fullName, "open issue", func(r *repo) error {
		i, err := h.s.openIssue(r, h.a, title, body, labels)
		if err == nil {
			number = i.number
		}
		return err
	})
	return number, err
}

// Comment comments on an issue or a pull request and returns the comment's id.
func (h *Hand) Comment(fullName string, number int, body string) (id int64, err error) {
	err = h.do(fullName, "comment", func(r *repo) error {
		i, err := r.issue(number)
		if err != nil {
			return err
		}
		c, err := h.s.addComment(r, i, h.a, body)
		if err == nil {
			id = c.id
		}
		return err
	})
	return id, err
}

// EditComment changes a comment.
func (h *Hand) EditComment(fullName string, id int64, body string) error {
	return h.onComment(fullName, id, "edit comment", func(r *repo, c *comment) error {
		return h.s.editComment(r, c, h.a, body)
	})
}

// DeleteComment deletes a comment.
func (h *Hand) DeleteComment(fullName string, id int64) error {
	return h.onComment(fullName, id, "delete comment", func(r *repo, c *comment) error {
		return h.s.deleteComment(r, c, h.a)
	})
}

func (h *Hand) onComment(fullName string, id int64, verb string, f func(*repo, *comment) error) error {
	return h.do(fullName, verb, func(r *repo) error {
		c := r.comments[id]
		if c == nil {
			return notFound()
		}
		return f(r, c)
	})
}

// SetStatus sets the status of a commit in a context.
func (h *Hand) SetStatus(fullName, sha, context, state, description string) error {
	return h.do(fullName, "set status", func(r *repo) error {
		sha, err := r.resolve(sha)
		if err != nil {
			return err
		}
		_, err = h.s.addStatus(r, h.a, sha, strings.ToLower(state), context, description, "")
		return err
	})
}
