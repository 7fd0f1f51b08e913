package githubtest

import (
	"maps"
	"slices"
	"strings"
)

func (c *call) renderRef(r *repo, ref, sha string) object {
	return object{
		"ref": ref, "node_id": node("Ref", ref), "url": c.s.api("/repos/%s/git/%s", r.full(), ref),
		"object": object{"type": "commit", "sha": sha, "url": c.s.api("/repos/%s/git/commits/%s", r.full(), sha)},
	}
}

func getRef(c *call) (any, error) {
	r, err := c.repo(Read)
	if err != nil {
		return nil, err
	}
	ref := "refs/" + c.params["ref"]
	sha, ok := r.refs[ref]
	if !ok {
		return nil, notFound()
	}
	return c.renderRef(r, ref, sha), nil
}

func matchRefs(c *call) (any, error) {
	r, err := c.repo(Read)
	if err != nil {
		return nil, err
	}
	list := []object{}
	for _, ref := range slices.Sorted(maps.Keys(r.refs)) {
		if strings.HasPrefix(ref, "refs/"+c.params["ref"]) {
			list = append(list, c.renderRef(r, ref, r.refs[ref]))
		}
	}
	return list, nil
}

// branchOf returns the branch that a ref names; only branches can be moved.
func branchOf(ref string) (string, error) {
	branch, ok := strings.CutPrefix(ref, "refs/heads/")
	if !ok || branch == "" {
		return "", refused("Reference name must start with 'refs/heads/'")
	}
	return branch, nil
}

func createRef(c *call) (any, error) {
	r, err := c.repo(Write)
	if err != nil {
		return nil, err
	}
	var in struct {
		Ref string `json:"ref"`
		SHA string `json:"sha"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	branch, err := branchOf(in.Ref)
	if err != nil {
		return nil, err
	}
	if r.refs[in.Ref] != "" {
		return nil, refused("Reference already exists")
	}
	if !r.has(in.SHA, "commit") {
		return nil, refused("Object does not exist")
	}
	if err := c.s.move(r, branch, "", in.SHA, c.actor.user, nil); err != nil {
		return nil, refused("Reference update failed")
	}
	return c.created(c.renderRef(r, in.Ref, in.SHA), nil)
}

// ref finds the branch of the path that is about to move.
func (c *call) ref() (r *repo, branch, sha string, err error) {
	if r, err = c.repo(Write); err != nil {
		return nil, "", "", err
	}
	if branch, err = branchOf("refs/" + c.params["ref"]); err != nil {
		return nil, "", "", err
	}
	sha, ok := r.refs["refs/heads/"+branch]
	if !ok {
		return nil, "", "", refused("Reference does not exist")
	}
	return r, branch, sha, nil
}

func updateRef(c *call) (any, error) {
	r, branch, before, err := c.ref()
	if err != nil {
		return nil, err
	}
	var in struct {
		SHA   string `json:"sha"`
		Force bool   `json:"force"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if !r.has(in.SHA, "commit") {
		return nil, refused("Object does not exist")
	}
	straight, err := r.ancestor(before, in.SHA)
	if err != nil {
		return nil, err
	}
	if !straight && !in.Force {
		return nil, refused("Update is not a fast forward")
	}
	if err := r.mayMove(c.actor, branch, before, in.SHA); err != nil {
		return nil, err
	}
	if before != in.SHA {
		if err := c.s.move(r, branch, before, in.SHA, c.actor.user, nil); err != nil {
			return nil, err
		}
	}
	return c.renderRef(r, "refs/heads/"+branch, in.SHA), nil
}

func deleteRef(c *call) (any, error) {
	r, branch, before, err := c.ref()
	if err != nil {
		return nil, err
	}
	if err := r.mayMove(c.actor, branch, before, ""); err != nil {
		return nil, err
	}
	return nil, c.s.move(r, branch, before, "", c.actor.user, nil)
}
