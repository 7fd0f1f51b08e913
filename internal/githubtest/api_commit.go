package githubtest

import (
	"net/http"
	"slices"
	"strings"
)

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
