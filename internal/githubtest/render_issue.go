package githubtest

import (
	"maps"
)

func (s *Server) renderLabel(r *repo, l *label) object {
	return object{
		"id": l.id, "node_id": node("Label", l.id), "name": l.name, "color": l.color, "default": false,
		"description": l.description, "url": s.api("/repos/%s/labels/%s", r.full(), l.name),
	}
}

func (s *Server) renderLabels(r *repo, labels []*label) []object {
	return all(labels, func(l *label) object { return s.renderLabel(r, l) })
}

// kinds are the reactions that GitHub knows.
var kinds = []string{"+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes"}

func rollup(self string, list []*reaction) object {
	o := object{"url": self + "/reactions", "total_count": len(list)}
	for _, kind := range kinds {
		n := 0
		for _, re := range list {
			if re.content == kind {
				n++
			}
		}
		o[kind] = n
	}
	return o
}

func (s *Server) renderReaction(re *reaction) object {
	return object{
		"id": re.id, "node_id": node("Reaction", re.id), "user": s.renderUser(re.user),
		"content": re.content, "created_at": stamp(re.at),
	}
}

func (s *Server) issueURL(r *repo, i *issue) string {
	return s.api("/repos/%s/issues/%d", r.full(), i.number)
}

func (s *Server) renderIssue(r *repo, i *issue) object {
	self, html := s.issueURL(r, i), s.htmlURL(r, i)
	o := object{
		"id": i.id, "node_id": node("Issue", i.id), "number": i.number, "title": i.title, "body": text(i.body),
		"user": s.renderUser(i.author), "state": i.state, "state_reason": text(i.reason), "locked": false,
		"active_lock_reason": nil, "labels": s.renderLabels(r, i.labels), "assignee": nil, "assignees": []object{},
		"milestone": nil, "comments": len(i.comments), "created_at": stamp(i.created), "updated_at": stamp(i.updated),
		"closed_at": maybe(i.closedAt), "closed_by": s.renderUser(i.closedBy), "author_association": r.association(i.author),
		"url": self, "html_url": html, "repository_url": s.api("/repos/%s", r.full()),
		"labels_url": self + "/labels{/name}", "comments_url": self + "/comments", "events_url": self + "/events",
		"timeline_url": self + "/timeline", "performed_via_github_app": s.renderApp(i.viaApp),
		"reactions": rollup(self, i.reactions),
	}
	if p := i.pull; p != nil {
		o["draft"] = p.draft
		o["pull_request"] = object{
			"url": s.pullURL(r, i), "html_url": html, "diff_url": html + ".diff", "patch_url": html + ".patch",
			"merged_at": maybe(p.mergedAt),
		}
	}
	return o
}

func (s *Server) commentURL(r *repo, c *comment) string {
	return s.api("/repos/%s/issues/comments/%d", r.full(), c.id)
}

func (s *Server) renderComment(r *repo, c *comment) object {
	self := s.commentURL(r, c)
	return object{
		"id": c.id, "node_id": node("IssueComment", c.id), "url": self, "issue_url": s.issueURL(r, c.issue),
		"html_url": s.htmlURL(r, c.issue) + "#issuecomment-" + itoa(c.id), "body": c.body,
		"user": s.renderUser(c.author), "created_at": stamp(c.created), "updated_at": stamp(c.updated),
		"author_association": r.association(c.author), "performed_via_github_app": s.renderApp(c.viaApp),
		"reactions": rollup(self, c.reactions),
	}
}

func (s *Server) pullURL(r *repo, i *issue) string {
	return s.api("/repos/%s/pulls/%d", r.full(), i.number)
}

// htmlURL is the page of an issue or a pull request.
func (s *Server) htmlURL(r *repo, i *issue) string {
	kind := "/issues/"
	if i.pull != nil {
		kind = "/pull/"
	}
	return s.URL + "/" + r.full() + kind + itoa(int64(i.number))
}

// renderSimplePull renders a pull request as lists show it.
func (s *Server) renderSimplePull(r *repo, i *issue) (object, error) {
	p := i.pull
	repository, err := s.repoObject(r)
	if err != nil {
		return nil, err
	}
	source, err := s.repoObject(p.from)
	if err != nil {
		return nil, err
	}
	self, html := s.pullURL(r, i), s.htmlURL(r, i)
	end := func(in *repo, branch, sha string, rendered object) object {
		return object{
			"label": in.owner.login + ":" + branch, "ref": branch, "sha": sha, "user": s.renderUser(in.owner), "repo": rendered,
		}
	}
	link := func(address string) object { return object{"href": address} }
	statuses := s.api("/repos/%s/statuses/%s", r.full(), p.headSHA)
	o := object{
		"id": i.id, "node_id": node("PullRequest", i.id), "number": i.number, "title": i.title, "body": text(i.body),
		"user": s.userObject(i.author), "state": i.state, "locked": false, "active_lock_reason": nil, "draft": p.draft,
		"created_at": stamp(i.created), "updated_at": stamp(i.updated), "closed_at": maybe(i.closedAt),
		"merged_at": maybe(p.mergedAt), "assignee": nil, "assignees": []object{}, "auto_merge": s.renderAutoMerge(p), "milestone": nil,
		"requested_reviewers": all(p.requested, func(u *user) object { return s.userObject(u) }),
		"requested_teams":     []object{}, "labels": s.renderLabels(r, i.labels),
		"author_association": r.association(i.author), "url": self, "html_url": html, "diff_url": html + ".diff",
		"patch_url": html + ".patch", "issue_url": s.issueURL(r, i), "commits_url": self + "/commits",
		"review_comments_url": self + "/comments", "review_comment_url": s.api("/repos/%s/pulls/comments{/number}", r.full()),
		"comments_url": s.issueURL(r, i) + "/comments", "statuses_url": statuses,
		"head": end(p.from, p.head, p.headSHA, source), "base": end(r, p.base, p.baseSHA, repository),
		"_links": object{
			"self": link(self), "html": link(html), "issue": link(s.issueURL(r, i)),
			"comments": link(s.issueURL(r, i) + "/comments"), "review_comments": link(self + "/comments"),
			"review_comment": link(s.api("/repos/%s/pulls/comments{/number}", r.full())),
			"commits":        link(self + "/commits"), "statuses": link(statuses),
		},
	}
	// For an open pull request this is the trial merge, which is no proof of
	// anything; GitHub says it all the same.
	sha := p.mergeSHA
	if !i.closed() {
		m, err := s.try(r, i)
		if err != nil {
			return nil, err
		}
		sha = m.commit
	}
	o["merge_commit_sha"] = text(sha)
	return o, nil
}

// renderPull renders a pull request with all that is known about it.
func (s *Server) renderPull(r *repo, i *issue) (object, error) {
	p := i.pull
	o, err := s.renderSimplePull(r, i)
	if err != nil {
		return nil, err
	}
	commits, err := r.commits(i)
	if err != nil {
		return nil, err
	}
	files, err := r.files(i)
	if err != nil {
		return nil, err
	}
	additions, deletions := 0, 0
	for _, f := range files {
		additions, deletions = additions+f.additions, deletions+f.deletions
	}
	maps.Copy(o, object{
		"merged": p.merged, "merged_by": s.renderUser(p.mergedBy), "comments": len(i.comments), "review_comments": 0,
		"maintainer_can_modify": false, "commits": len(commits), "additions": additions, "deletions": deletions,
		"changed_files": len(files), "mergeable": nil, "rebaseable": nil, "mergeable_state": "unknown",
	})
	if !i.closed() {
		if s.lazy && !r.tried(i) {
			o["merge_commit_sha"] = nil
			return o, nil
		}
		m, err := s.try(r, i)
		if err != nil {
			return nil, err
		}
		o["mergeable"], o["rebaseable"] = m.clean, m.clean
		switch {
		case !m.clean:
			o["mergeable_state"] = "dirty"
		case p.draft:
			o["mergeable_state"] = "draft"
		case r.blocked(i) != "":
			o["mergeable_state"] = "blocked"
		default:
			o["mergeable_state"] = "clean"
		}
	}
	return o, nil
}

func (s *Server) renderReview(r *repo, i *issue, v *review) object {
	html := s.htmlURL(r, i) + "#pullrequestreview-" + itoa(v.id)
	o := object{
		"id": v.id, "node_id": node("PullRequestReview", v.id), "user": s.renderUser(v.user), "body": v.body,
		"state": v.state, "html_url": html, "pull_request_url": s.pullURL(r, i), "commit_id": v.commitID,
		"author_association": r.association(v.user),
		"_links":             object{"html": object{"href": html}, "pull_request": object{"href": s.pullURL(r, i)}},
	}
	if v.state != pending {
		o["submitted_at"] = stamp(v.at)
	}
	return o
}
