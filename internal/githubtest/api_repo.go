package githubtest

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strings"
)

func getRepo(c *call) (any, error) {
	r, err := c.repo(Read)
	if err != nil {
		return nil, err
	}
	return c.s.renderRepo(r, c.actor)
}

func listActivity(c *call) (any, error) {
	r, err := c.repo(Read)
	if err != nil {
		return nil, err
	}
	var list []*activity
	for _, a := range r.activities {
		ref := c.query.Get("ref")
		if ref != "" && ref != a.ref && "refs/heads/"+ref != a.ref {
			continue
		}
		if kind := c.query.Get("activity_type"); kind != "" && kind != a.kind {
			continue
		}
		if login := c.query.Get("actor"); login != "" && (a.by == nil || !strings.EqualFold(login, a.by.login)) {
			continue
		}
		list = append(list, a)
	}
	if c.query.Get("direction") != "asc" {
		slices.Reverse(list)
	}
	return all(window(c, list, func(a *activity) int64 { return a.id }), func(a *activity) object {
		return object{
			"id": a.id, "node_id": node("PSH", a.id), "before": a.before, "after": a.after, "ref": a.ref,
			"timestamp": stamp(a.at), "activity_type": a.kind, "actor": c.s.renderUser(a.by),
		}
	}), nil
}

func listBranches(c *call) (any, error) {
	r, err := c.repo(Read)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, ref := range slices.Sorted(maps.Keys(r.refs)) {
		name := strings.TrimPrefix(ref, "refs/heads/")
		if guarded := c.query.Get("protected"); guarded != "" && (guarded == "true") != (r.protections[name] != nil) {
			continue
		}
		names = append(names, name)
	}
	return each(c, names, func(name string) object {
		sha := r.refs["refs/heads/"+name]
		return object{
			"name": name, "commit": object{"sha": sha, "url": c.s.commitURL(r, sha)}, "protected": r.protections[name] != nil,
			"protection": c.summary(r, name), "protection_url": c.protectionURL(r, name),
		}
	}), nil
}

func (c *call) protectionURL(r *repo, branch string) string {
	return c.s.api("/repos/%s/branches/%s/protection", r.full(), escapePath(branch))
}

// summary is what everybody may know of a protection.
func (c *call) summary(r *repo, branch string) object {
	o := object{"enabled": false, "required_status_checks": object{
		"enforcement_level": "off", "contexts": []string{}, "checks": []object{},
	}}
	if rule := r.protections[branch]; rule != nil {
		level := "everyone"
		if !rule.Admins {
			level = "non_admins"
		}
		o["enabled"] = true
		o["required_status_checks"] = object{
			"enforcement_level": level, "contexts": append([]string{}, rule.Checks...), "checks": rule.checkObjects(),
		}
	}
	return o
}

func (p *Protection) checkObjects() []object {
	return all(p.Checks, func(name string) object { return object{"context": name, "app_id": nil} })
}

func getBranch(c *call) (any, error) {
	r, err := c.repo(Read)
	if err != nil {
		return nil, err
	}
	name := c.params["branch"]
	sha, err := r.branch(name)
	if err != nil {
		return nil, err
	}
	tip, err := r.one(sha)
	if err != nil {
		return nil, err
	}
	self := c.s.api("/repos/%s/branches/%s", r.full(), escapePath(name))
	return object{
		"name": name, "commit": c.s.renderCommit(r, tip), "protected": r.protections[name] != nil,
		"protection": c.summary(r, name), "protection_url": c.protectionURL(r, name),
		"_links": object{"self": self, "html": c.s.URL + "/" + r.full() + "/tree/" + escapePath(name)},
	}, nil
}

// guard finds a branch and its protection for administrators.
func (c *call) guard() (*repo, string, *Protection, error) {
	r, err := c.repo(Read)
	if err != nil {
		return nil, "", nil, err
	}
	if c.actor == nil || c.actor.app == nil { // the app may read the administration
		if err := r.need(c.actor, Admin); err != nil {
			return nil, "", nil, err
		}
	}
	name := c.params["branch"]
	if _, err := r.branch(name); err != nil {
		return nil, "", nil, err
	}
	return r, name, r.protections[name], nil
}

func getProtection(c *call) (any, error) {
	r, name, rule, err := c.guard()
	if err != nil {
		return nil, err
	}
	if rule == nil {
		return nil, &Error{Status: http.StatusNotFound, Message: "Branch not protected"}
	}
	return c.renderProtection(r, name, rule), nil
}

func (c *call) renderProtection(r *repo, name string, rule *Protection) object {
	self := c.protectionURL(r, name)
	on := func(enabled bool) object { return object{"enabled": enabled} }
	o := object{
		"url": self, "enforce_admins": object{"url": self + "/enforce_admins", "enabled": rule.Admins},
		"required_linear_history": on(false), "allow_force_pushes": on(false), "allow_deletions": on(false),
		"block_creations": on(false), "required_conversation_resolution": on(false), "lock_branch": on(false),
		"allow_fork_syncing":  on(false),
		"required_signatures": object{"url": self + "/required_signatures", "enabled": false},
	}
	if rule.Approvals > 0 {
		o["required_pull_request_reviews"] = object{
			"url":                   self + "/required_pull_request_reviews",
			"dismiss_stale_reviews": rule.DismissStale, "require_code_owner_reviews": false,
			"require_last_push_approval": rule.LastPushApproval, "required_approving_review_count": rule.Approvals,
		}
	}
	if len(rule.Checks) > 0 {
		o["required_status_checks"] = object{
			"url": self + "/required_status_checks", "strict": false, "contexts": rule.Checks,
			"contexts_url": self + "/required_status_checks/contexts", "checks": rule.checkObjects(),
		}
	}
	return o
}

func putProtection(c *call) (any, error) {
	r, err := c.repo(Admin)
	if err != nil {
		return nil, err
	}
	name := c.params["branch"]
	if _, err := r.branch(name); err != nil {
		return nil, err
	}
	var in struct {
		Admins  *bool `json:"enforce_admins"`
		Reviews *struct {
			Count    *int `json:"required_approving_review_count"`
			Dismiss  bool `json:"dismiss_stale_reviews"`
			LastPush bool `json:"require_last_push_approval"`
		} `json:"required_pull_request_reviews"`
		Checks *struct {
			Contexts []string `json:"contexts"`
			Checks   []struct {
				Context string `json:"context"`
			} `json:"checks"`
		} `json:"required_status_checks"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	rule := &Protection{Admins: in.Admins != nil && *in.Admins}
	if v := in.Reviews; v != nil {
		rule.Approvals, rule.DismissStale, rule.LastPushApproval = 1, v.Dismiss, v.LastPush
		if v.Count != nil {
			rule.Approvals = *v.Count
		}
	}
	if in.Checks != nil {
		rule.Checks = in.Checks.Contexts
		for _, check := range in.Checks.Checks {
			rule.Checks = append(rule.Checks, check.Context)
		}
		slices.Sort(rule.Checks)
		rule.Checks = slices.Compact(rule.Checks)
	}
	r.protections[name] = rule
	return c.renderProtection(r, name, rule), nil
}

func deleteProtection(c *call) (any, error) {
	r, err := c.repo(Admin)
	if err != nil {
		return nil, err
	}
	if r.protections[c.params["branch"]] == nil {
		return nil, &Error{Status: http.StatusNotFound, Message: "Branch not protected"}
	}
	delete(r.protections, c.params["branch"])
	return nil, nil
}

func listCommits(c *call) (any, error) {
	r, err := c.repo(Read)
	if err != nil {
		return nil, err
	}
	name := c.query.Get("sha")
	if name == "" {
		if name, err = r.main(); err != nil {
			return nil, err
		}
	}
	sha, err := r.resolve(name)
	if err != nil {
		return nil, err
	}
	args := []string{sha}
	for _, limit := range []string{"since", "until"} {
		if v := c.query.Get(limit); v != "" {
			args = append(args, "--"+limit+"="+v)
		}
	}
	if path := c.query.Get("path"); path != "" {
		args = append(args, "--", path)
	}
	commits, err := r.log(args...)
	if err != nil {
		return nil, err
	}
	if who := c.query.Get("author"); who != "" {
		commits = slices.DeleteFunc(commits, func(k commit) bool {
			u := c.s.byEmail(k.author.email)
			return k.author.email != who && (u == nil || !strings.EqualFold(u.login, who))
		})
	}
	return each(c, commits, func(k commit) object { return c.s.renderCommit(r, k) }), nil
}

// commitOf finds the repository and the commit of the path.
func (c *call) commitOf(param string, p Permission) (*repo, commit, error) {
	r, err := c.repo(p)
	if err != nil {
		return nil, commit{}, err
	}
	sha, err := r.resolve(c.params[param])
	if err != nil {
		return nil, commit{}, refused("No commit found for SHA: " + c.params[param])
	}
	k, err := r.one(sha)
	return r, k, err
}

func getCommit(c *call) (any, error) {
	r, k, err := c.commitOf("ref", Read)
	if err != nil {
		return nil, err
	}
	from := emptyTree
	if len(k.parents) > 0 {
		from = k.parents[0]
	}
	if v, err := c.form(r, from, k.sha, k.sha); v != nil || err != nil {
		return v, err
	}
	return c.s.renderChanged(r, k, c)
}

// form answers a request for a diff, a patch or an id instead of JSON; nil when
// it asks for JSON.
func (c *call) form(r *repo, from, to, id string) (any, error) {
	kind := "application/vnd.github." + c.wants()
	switch c.wants() {
	case "sha":
		c.header.Set("Etag", `"`+id+`"`)
		return raw{kind: kind, body: id}, nil
	case "diff":
		out, err := r.fact("diff", "-M", "--no-color", "--no-ext-diff", from, to)
		return raw{kind: kind, body: out}, err
	case "patch":
		out, err := r.fact("format-patch", "--stdout", "--no-signature", to, "^"+from)
		return raw{kind: kind, body: out}, err
	default:
		return nil, nil
	}
}

// listPullsOfCommit lists, for a commit of the default branch, the pull requests
// that brought it there, and for another the open and merged ones that have it.
func listPullsOfCommit(c *call) (any, error) {
	r, k, err := c.commitOf("commit_sha", Read)
	if err != nil {
		return nil, err
	}
	main, err := r.main()
	if err != nil {
		return nil, err
	}
	in := false
	if tip, ok := r.refs["refs/heads/"+main]; ok {
		if in, err = r.ancestor(k.sha, tip); err != nil {
			return nil, err
		}
	}
	var found []*issue
	for _, i := range r.issues {
		p := i.pull
		if p == nil {
			continue
		}
		if p.merged && slices.Contains(p.brought, k.sha) {
			found = append(found, i)
			continue
		}
		if in || (i.closed() && !p.merged) {
			continue
		}
		commits, err := r.commits(i)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(commits, func(other commit) bool { return other.sha == k.sha }) {
			found = append(found, i)
		}
	}
	return c.pulls(r, found)
}

func compare(c *call) (any, error) {
	r, err := c.repo(Read)
	if err != nil {
		return nil, err
	}
	from, to, ok := strings.Cut(c.params["basehead"], "...")
	if !ok {
		return nil, notFound()
	}
	base, err := r.resolve(from)
	if err != nil {
		return nil, err
	}
	head, err := r.resolve(to)
	if err != nil {
		return nil, err
	}
	root, err := r.mergeBase(base, head)
	if err != nil {
		return nil, err
	}
	if root == "" {
		return nil, &Error{Status: http.StatusNotFound, Message: "No common ancestor between " + from + " and " + to + "."}
	}
	if v, err := c.form(r, root, head, head); v != nil || err != nil {
		return v, err
	}
	ahead, err := r.log("--reverse", "--topo-order", head, "^"+base)
	if err != nil {
		return nil, err
	}
	behind, err := r.log(base, "^"+head)
	if err != nil {
		return nil, err
	}
	diffs, err := r.diff(root, head)
	if err != nil {
		return nil, err
	}
	baseCommit, err := r.one(base)
	if err != nil {
		return nil, err
	}
	rootCommit, err := r.one(root)
	if err != nil {
		return nil, err
	}
	status := "identical"
	switch {
	case len(ahead) > 0 && len(behind) > 0:
		status = "diverged"
	case len(ahead) > 0:
		status = "ahead"
	case len(behind) > 0:
		status = "behind"
	}
	files := diffs[:min(len(diffs), 300)]
	if p := c.query.Get("page"); p != "" && p != "1" {
		files = nil // they are all on the first page
	}
	html := c.s.URL + "/" + r.full() + "/compare/" + escapePath(c.params["basehead"])
	return object{
		"url": c.s.api("/repos/%s/compare/%s", r.full(), escapePath(c.params["basehead"])), "html_url": html,
		"permalink_url": html, "diff_url": html + ".diff", "patch_url": html + ".patch",
		"base_commit": c.s.renderCommit(r, baseCommit), "merge_base_commit": c.s.renderCommit(r, rootCommit),
		"status": status, "ahead_by": len(ahead), "behind_by": len(behind), "total_commits": len(ahead),
		"commits": each(c, ahead, func(k commit) object { return c.s.renderCommit(r, k) }),
		"files":   all(files, func(d difference) object { return c.s.renderFile(r, head, d) }),
	}, nil
}

// sortIssues sorts issues by their creation, their last change or the number of
// their comments; the newest first unless asked otherwise.
func sortIssues(list []*issue, by, direction string) {
	slices.SortStableFunc(list, func(a, b *issue) int {
		d := 0
		switch by {
		case "updated":
			d = a.updated.Compare(b.updated)
		case "comments", "popularity":
			d = cmp.Compare(len(a.comments), len(b.comments))
		}
		if d == 0 {
			d = cmp.Compare(a.number, b.number)
		}
		if direction != "asc" {
			d = -d
		}
		return d
	})
}
