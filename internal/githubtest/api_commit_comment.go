package githubtest

import "time"

// commitComment is a comment on a commit itself.
type commitComment struct {
	id      int64
	author  *user
	body    string
	created time.Time
}

func (c *call) renderCommitComment(r *repo, sha string, k *commitComment) object {
	self := c.s.api("/repos/%s/comments/%d", r.full(), k.id)
	return object{
		"id": k.id, "node_id": node("CommitComment", k.id), "url": self, "commit_id": sha, "body": k.body,
		"html_url": c.s.URL + "/" + r.full() + "/commit/" + sha + "#commitcomment-" + itoa(k.id),
		"path":     nil, "position": nil, "line": nil, "user": c.s.renderUser(k.author),
		"created_at": stamp(k.created), "updated_at": stamp(k.created), "author_association": r.association(k.author),
		"reactions": rollup(self, nil),
	}
}

func listCommitComments(c *call) (any, error) {
	r, k, err := c.commitOf("commit_sha", Read)
	if err != nil {
		return nil, err
	}
	return each(c, r.commitComments[k.sha], func(x *commitComment) object { return c.renderCommitComment(r, k.sha, x) }), nil
}

func createCommitComment(c *call) (any, error) {
	r, k, err := c.commitOf("commit_sha", Read)
	if err != nil {
		return nil, err
	}
	if c.actor == nil {
		return nil, unauthenticated()
	}
	body, err := c.text()
	if err != nil {
		return nil, err
	}
	if body == "" {
		return nil, invalid("CommitComment", "body", "missing_field", "")
	}
	if err := short(body, "CommitComment"); err != nil {
		return nil, err
	}
	x := &commitComment{id: c.s.id(), author: c.actor.user, body: body, created: c.s.now()}
	if r.commitComments == nil {
		r.commitComments = map[string][]*commitComment{}
	}
	r.commitComments[k.sha] = append(r.commitComments[k.sha], x)
	return c.created(c.renderCommitComment(r, k.sha, x), nil)
}
