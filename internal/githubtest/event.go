package githubtest

import (
	"maps"
	"strings"
)

// sender is who an event is about; what nobody knows was done by the owner.
func (s *Server) sender(r *repo, by *user) object {
	if by == nil {
		by = r.owner
	}
	return s.userObject(by)
}

// event sends an event of a repository.
func (s *Server) event(r *repo, event, action string, by *user, payload object) error {
	if len(s.hooks) == 0 {
		return nil
	}
	repository, err := s.repoObject(r)
	if err != nil {
		return err
	}
	if event == "push" {
		asPushed(r, repository)
	}
	maps.Copy(payload, object{"repository": repository, "sender": s.sender(r, by)})
	if s.app != nil && s.app.installed(r) {
		payload["installation"] = object{"id": s.app.InstallationID, "node_id": node("Installation", s.app.InstallationID)}
	}
	return s.send(event, action, payload)
}

func (s *Server) sendPull(r *repo, i *issue, action string, by *user, more object) error {
	if len(s.hooks) == 0 {
		return nil
	}
	o, err := s.renderPull(r, i)
	if err != nil {
		return err
	}
	payload := object{"number": i.number, "pull_request": o}
	maps.Copy(payload, more)
	return s.event(r, "pull_request", action, by, payload)
}

func (s *Server) sendReview(r *repo, i *issue, v *review, action string, by *user) error {
	if len(s.hooks) == 0 {
		return nil
	}
	o, err := s.renderSimplePull(r, i)
	if err != nil {
		return err
	}
	rendered := s.renderReview(r, i, v)
	rendered["state"] = strings.ToLower(v.state)
	rendered["body"] = text(v.body)
	return s.event(r, "pull_request_review", action, by, object{"pull_request": o, "review": rendered})
}

func (s *Server) sendComment(r *repo, c *comment, action string, by *user, changes object) error {
	payload := object{"issue": s.renderIssue(r, c.issue), "comment": s.renderComment(r, c)}
	if changes != nil {
		payload["changes"] = changes
	}
	return s.event(r, "issue_comment", action, by, payload)
}

// asPushed gives a repository the older form that it has in push events.
func asPushed(r *repo, o object) {
	pushed := r.created
	if n := len(r.activities); n > 0 {
		pushed = r.activities[n-1].at
	}
	owner := maps.Clone(o["owner"].(object))
	owner["name"], owner["email"] = r.owner.login, r.owner.email
	maps.Copy(o, object{
		"owner": owner, "created_at": r.created.Unix(), "pushed_at": pushed.Unix(),
		"master_branch": o["default_branch"], "stargazers": 0,
	})
}

func (s *Server) sendPush(r *repo, a *activity, forced bool) error {
	if len(s.hooks) == 0 {
		return nil
	}
	var commits []commit
	var err error
	switch {
	case a.after == zero:
	case a.before == zero:
		commits, err = r.log("-1", a.after)
	default:
		commits, err = r.log("--reverse", "--topo-order", a.after, "^"+a.before)
	}
	if err != nil {
		return err
	}
	list := []object{}
	var head any
	for _, k := range commits[max(len(commits)-2048, 0):] {
		o, err := s.pushedCommit(r, k)
		if err != nil {
			return err
		}
		list = append(list, o)
		if k.sha == a.after {
			head = o
		}
	}
	if head == nil && a.after != zero { // moved back: no commit is new
		k, err := r.one(a.after)
		if err != nil {
			return err
		}
		if head, err = s.pushedCommit(r, k); err != nil {
			return err
		}
	}
	by := a.by
	if by == nil {
		by = r.owner
	}
	return s.event(r, "push", "", a.by, object{
		"ref": a.ref, "before": a.before, "after": a.after, "created": a.before == zero, "deleted": a.after == zero,
		"forced": forced, "base_ref": nil, "commits": list, "head_commit": head,
		"pusher":  object{"name": by.login, "email": by.email},
		"compare": s.URL + "/" + r.full() + "/compare/" + a.before + "..." + a.after,
	})
}

func (s *Server) pushedCommit(r *repo, k commit) (object, error) {
	from := emptyTree
	if len(k.parents) > 0 {
		from = k.parents[0]
	}
	diffs, err := r.diff(from, k.sha)
	if err != nil {
		return nil, err
	}
	added, removed, modified := []string{}, []string{}, []string{}
	for _, d := range diffs {
		switch d.status {
		case "added":
			added = append(added, d.path)
		case "removed":
			removed = append(removed, d.path)
		case "renamed":
			added, removed = append(added, d.path), append(removed, d.previous)
		default:
			modified = append(modified, d.path)
		}
	}
	person := func(sig signature) object {
		o := renderSignature(sig)
		if u := s.byEmail(sig.email); u != nil {
			o["username"] = u.login
		}
		return o
	}
	return object{
		"id": k.sha, "tree_id": k.tree, "distinct": true, "message": k.message, "timestamp": stamp(k.committer.when),
		"url":    s.URL + "/" + r.full() + "/commit/" + k.sha,
		"author": person(k.author), "committer": person(k.committer), "added": added, "removed": removed, "modified": modified,
	}, nil
}
