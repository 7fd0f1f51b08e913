package githubtest

// pulls renders a page of pull requests.
func (c *call) pulls(r *repo, list []*issue) (any, error) {
	out := []object{}
	for _, i := range page(c, list) {
		o, err := c.s.renderSimplePull(r, i)
		if err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, nil
}

func listPulls(c *call) (any, error) {
	r, err := c.repo(Read)
	if err != nil {
		return nil, err
	}
	state := c.query.Get("state")
	if state == "" {
		state = "open"
	}
	from, head := r.headOf(c.s, c.query.Get("head"))
	var list []*issue
	for _, i := range r.issues {
		if i.pull == nil || (state != "all" && state != i.state) {
			continue
		}
		if base := c.query.Get("base"); base != "" && base != i.pull.base {
			continue
		}
		if head != "" && (head != i.pull.head || from != i.pull.from) {
			continue
		}
		list = append(list, i)
	}
	sort, direction := c.query.Get("sort"), c.query.Get("direction")
	if direction == "" && sort != "" && sort != "created" {
		direction = "asc"
	}
	sortIssues(list, sort, direction)
	return c.pulls(r, list)
}

func createPull(c *call) (any, error) {
	r, err := c.repo(Read)
	if err != nil {
		return nil, err
	}
	var in struct {
		Title string `json:"title"`
		Body  string `json:"body"`
		Head  string `json:"head"`
		Base  string `json:"base"`
		Draft bool   `json:"draft"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	i, err := c.s.openPull(r, c.actor, in.Title, in.Body, in.Head, in.Base, in.Draft)
	if err != nil {
		return nil, err
	}
	return c.created(c.s.renderPull(r, i))
}

// pull finds the pull request of the path.
func (c *call) pull() (*repo, *issue, error) {
	r, err := c.repo(Read)
	if err != nil {
		return nil, nil, err
	}
	n, err := c.number("pull_number")
	if err != nil {
		return nil, nil, err
	}
	i, err := r.pullRequest(int(n))
	return r, i, err
}

func getPull(c *call) (any, error) {
	r, i, err := c.pull()
	if err != nil {
		return nil, err
	}
	if form := c.wants(); form == "diff" || form == "patch" {
		root, err := r.mergeBase(r.tip(i.pull, i.closed()), i.pull.headSHA)
		if err != nil {
			return nil, err
		}
		return c.form(r, root, i.pull.headSHA, "")
	}
	return c.s.renderPull(r, i)
}

func updatePull(c *call) (any, error) {
	r, i, err := c.pull()
	if err != nil {
		return nil, err
	}
	var in edits
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := c.s.editPull(r, i, c.actor, in); err != nil {
		return nil, err
	}
	return c.s.renderPull(r, i)
}

func listPullCommits(c *call) (any, error) {
	r, i, err := c.pull()
	if err != nil {
		return nil, err
	}
	commits, err := r.commits(i)
	if err != nil {
		return nil, err
	}
	return each(c, commits[:min(len(commits), 250)], func(k commit) object { return c.s.renderCommit(r, k) }), nil
}

func listPullFiles(c *call) (any, error) {
	r, i, err := c.pull()
	if err != nil {
		return nil, err
	}
	files, err := r.files(i)
	if err != nil {
		return nil, err
	}
	return each(c, files, func(d difference) object { return c.s.renderFile(r, i.pull.headSHA, d) }), nil
}

func isMerged(c *call) (any, error) {
	_, i, err := c.pull()
	if err != nil {
		return nil, err
	}
	if !i.pull.merged {
		return nil, notFound()
	}
	return nil, nil
}

func mergePull(c *call) (any, error) {
	r, i, err := c.pull()
	if err != nil {
		return nil, err
	}
	var in struct {
		Title   string `json:"commit_title"`
		Message string `json:"commit_message"`
		SHA     string `json:"sha"`
		Method  Method `json:"merge_method"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := c.s.merge(r, i, c.actor, in.Method, in.Title, in.Message, in.SHA); err != nil {
		return nil, err
	}
	return object{"sha": i.pull.mergeSHA, "merged": true, "message": "Pull Request successfully merged"}, nil
}

func updateBranch(c *call) (any, error) {
	r, i, err := c.pull()
	if err != nil {
		return nil, err
	}
	var in struct {
		SHA string `json:"expected_head_sha"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := c.s.update(r, i, c.actor, in.SHA); err != nil {
		return nil, err
	}
	c.status = 202
	return object{"message": "Updating pull request branch.", "url": c.s.htmlURL(r, i)}, nil
}
