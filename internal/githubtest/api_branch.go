package githubtest

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

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
