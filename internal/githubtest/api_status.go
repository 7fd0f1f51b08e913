package githubtest

func (c *call) renderStatus(r *repo, sha string, st *status) object {
	return object{
		"id": st.id, "node_id": node("StatusContext", st.id), "state": st.state, "context": st.context,
		"description": text(st.description), "target_url": text(st.target), "created_at": stamp(st.at),
		"updated_at": stamp(st.at), "url": c.s.api("/repos/%s/statuses/%s", r.full(), sha),
		"avatar_url": c.s.URL + "/avatars/" + st.by.login,
	}
}

func (c *call) renderFullStatus(r *repo, sha string, st *status) object {
	o := c.renderStatus(r, sha, st)
	o["creator"] = c.s.renderUser(st.by)
	return o
}

func getStatus(c *call) (any, error) {
	r, k, err := c.commitOf("ref", Read)
	if err != nil {
		return nil, err
	}
	repository, err := c.s.renderRepo(r, c.actor)
	if err != nil {
		return nil, err
	}
	list := r.latest(k.sha)
	return object{
		"state": combined(list), "sha": k.sha, "total_count": len(list), "repository": repository,
		"statuses":   each(c, list, func(st *status) object { return c.renderStatus(r, k.sha, st) }),
		"commit_url": c.s.commitURL(r, k.sha), "url": c.s.commitURL(r, k.sha) + "/status",
	}, nil
}

func listStatuses(c *call) (any, error) {
	r, k, err := c.commitOf("ref", Read)
	if err != nil {
		return nil, err
	}
	var list []*status
	for n := len(r.statuses[k.sha]) - 1; n >= 0; n-- {
		list = append(list, r.statuses[k.sha][n])
	}
	return each(c, list, func(st *status) object { return c.renderFullStatus(r, k.sha, st) }), nil
}

func createStatus(c *call) (any, error) {
	r, err := c.repo(Read)
	if err != nil {
		return nil, err
	}
	sha := c.params["sha"]
	if !r.has(sha, "commit") {
		return nil, refused("No commit found for SHA: " + sha)
	}
	var in struct {
		State       string `json:"state"`
		Context     string `json:"context"`
		Description string `json:"description"`
		Target      string `json:"target_url"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	st, err := c.s.addStatus(r, c.actor, sha, in.State, in.Context, in.Description, in.Target)
	if err != nil {
		return nil, err
	}
	return c.created(c.renderFullStatus(r, sha, st), nil)
}
