package githubtest

import (
	"strings"
)

func (s *Server) commitURL(r *repo, sha string) string {
	return s.api("/repos/%s/commits/%s", r.full(), sha)
}

// unsigned is what GitHub says of a commit without a signature.
func unsigned() object {
	return object{"verified": false, "reason": "unsigned", "signature": nil, "payload": nil, "verified_at": nil}
}

func renderSignature(sig signature) object {
	return object{"name": sig.name, "email": sig.email, "date": stamp(sig.when)}
}

func (s *Server) renderParents(r *repo, c commit) []object {
	return all(c.parents, func(sha string) object {
		return object{"sha": sha, "url": s.commitURL(r, sha), "html_url": s.URL + "/" + r.full() + "/commit/" + sha}
	})
}

// renderCommit renders a commit as the commits API does.
func (s *Server) renderCommit(r *repo, c commit) object {
	self := s.commitURL(r, c.sha)
	return object{
		"sha": c.sha, "node_id": node("Commit", c.sha), "url": self, "comments_url": self + "/comments",
		"html_url": s.URL + "/" + r.full() + "/commit/" + c.sha, "parents": s.renderParents(r, c),
		"author": s.renderUser(s.byEmail(c.author.email)), "committer": s.renderUser(s.byEmail(c.committer.email)),
		"commit": object{
			"author": renderSignature(c.author), "committer": renderSignature(c.committer), "message": c.message,
			"tree":          object{"sha": c.tree, "url": s.api("/repos/%s/git/trees/%s", r.full(), c.tree)},
			"url":           s.api("/repos/%s/git/commits/%s", r.full(), c.sha),
			"comment_count": 0, "verification": unsigned(),
		},
	}
}

// renderGitCommit renders a commit as the git database API does.
func (s *Server) renderGitCommit(r *repo, c commit) object {
	return object{
		"sha": c.sha, "node_id": node("Commit", c.sha), "url": s.api("/repos/%s/git/commits/%s", r.full(), c.sha),
		"html_url": s.URL + "/" + r.full() + "/commit/" + c.sha, "author": renderSignature(c.author),
		"committer": renderSignature(c.committer), "message": c.message, "parents": s.renderParents(r, c),
		"tree":         object{"sha": c.tree, "url": s.api("/repos/%s/git/trees/%s", r.full(), c.tree)},
		"verification": unsigned(),
	}
}

func (s *Server) renderFile(r *repo, commit string, d difference) object {
	place := s.URL + "/" + r.full()
	name := escapePath(d.path)
	o := object{
		"sha": d.sha, "filename": d.path, "status": d.status, "additions": d.additions, "deletions": d.deletions,
		"changes": d.additions + d.deletions, "blob_url": place + "/blob/" + commit + "/" + name,
		"raw_url":      place + "/raw/" + commit + "/" + name,
		"contents_url": s.api("/repos/%s/contents/%s?ref=%s", r.full(), name, commit),
	}
	if d.patch != "" {
		o["patch"] = strings.TrimSuffix(d.patch, "\n")
	}
	if d.previous != "" {
		o["previous_filename"] = d.previous
	}
	return o
}

// renderChanged is renderCommit with the files that the commit changes.
func (s *Server) renderChanged(r *repo, c commit, call *call) (object, error) {
	from := emptyTree
	if len(c.parents) > 0 {
		from = c.parents[0]
	}
	diffs, err := r.diff(from, c.sha)
	if err != nil {
		return nil, err
	}
	additions, deletions := 0, 0
	for _, d := range diffs {
		additions, deletions = additions+d.additions, deletions+d.deletions
	}
	o := s.renderCommit(r, c)
	o["stats"] = object{"additions": additions, "deletions": deletions, "total": additions + deletions}
	o["files"] = each(call, diffs, func(d difference) object { return s.renderFile(r, c.sha, d) })
	return o, nil
}
