package githubtest

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
)

// contents finds a path in a commit.
func (r *repo) contents(commit, path string) (entry, error) {
	out, err := r.git("ls-tree", "-z", commit, "--", strings.Trim(path, "/"))
	if err != nil {
		return entry{}, err
	}
	head, name, ok := strings.Cut(strings.TrimSuffix(out, "\x00"), "\t")
	parts := strings.Fields(head)
	if !ok || len(parts) != 3 {
		return entry{}, notFound()
	}
	return entry{mode: parts[0], path: name, sha: parts[2]}, nil
}

// renderContents renders a file or a folder of a listing. The file can be
// downloaded as it is in the commit, whatever becomes of the ref.
func (c *call) renderContents(r *repo, path, sha, kind, ref, commit string, size int) object {
	name := path[strings.LastIndex(path, "/")+1:]
	self := c.s.api("/repos/%s/contents/%s?ref=%s", r.full(), escapePath(path), url.QueryEscape(ref))
	html := c.s.URL + "/" + r.full() + "/blob/" + escapePath(ref) + "/" + escapePath(path)
	gitKind, download := "blob", any(c.s.URL+"/"+r.full()+"/raw/"+commit+"/"+escapePath(path))
	if kind == "dir" {
		gitKind, download = "tree", nil
	}
	git := c.s.api("/repos/%s/git/%ss/%s", r.full(), gitKind, sha)
	return object{
		"type": kind, "name": name, "path": path, "sha": sha, "size": size, "url": self, "html_url": html,
		"git_url": git, "download_url": download, "_links": object{"self": self, "git": git, "html": html},
	}
}

func getContents(c *call) (any, error) {
	r, err := c.repo(Read)
	if err != nil {
		return nil, err
	}
	ref := c.query.Get("ref")
	if ref == "" {
		if ref, err = r.main(); err != nil {
			return nil, err
		}
	}
	commit, err := r.resolve(ref)
	if err != nil {
		return nil, &Error{Status: http.StatusNotFound, Message: "No commit found for the ref " + ref}
	}
	path := strings.Trim(c.params["path"], "/")
	e := entry{mode: "040000", sha: commit} // the root
	if path != "" {
		if e, err = r.contents(commit, path); err != nil {
			return nil, err
		}
	}
	if e.mode != "040000" {
		return c.getFile(r, e, ref, commit)
	}
	entries, err := c.listTree(r, e.sha, false)
	if err != nil {
		return nil, err
	}
	list := []object{}
	for _, item := range entries {
		kind, size := "file", 0
		switch item["mode"] {
		case "040000":
			kind = "dir"
		case "120000":
			kind = "symlink"
		}
		if n, ok := item["size"].(int); ok {
			size = n
		}
		list = append(list, c.renderContents(r, strings.TrimPrefix(path+"/"+item["path"].(string), "/"), item["sha"].(string), kind, ref, commit, size))
	}
	return list, nil
}

// maxInline is the size of the largest file, in bytes, that comes with its content.
const maxInline = 1 << 20

// getFile renders what is not a folder.
func (c *call) getFile(r *repo, e entry, ref, commit string) (any, error) {
	if e.mode == "160000" { // a submodule: the commit is in another repository
		o := c.renderContents(r, e.path, e.sha, "submodule", ref, commit, 0)
		o["submodule_git_url"], o["download_url"] = c.s.URL+"/unknown.git", nil
		return o, nil
	}
	content, err := r.content(e.sha)
	if err != nil {
		return nil, err
	}
	if e.mode == "120000" {
		o := c.renderContents(r, e.path, e.sha, "symlink", ref, commit, len(content))
		o["target"] = string(content)
		return o, nil
	}
	o := c.renderContents(r, e.path, e.sha, "file", ref, commit, len(content))
	o["encoding"], o["content"] = "base64", wrap(content)
	if len(content) > maxInline {
		o["encoding"], o["content"] = "none", ""
	}
	return o, nil
}

type contentInput struct {
	Message   string          `json:"message"`
	Content   string          `json:"content"`
	SHA       string          `json:"sha"`
	Branch    string          `json:"branch"`
	Author    *signatureInput `json:"author"`
	Committer *signatureInput `json:"committer"`
}

// change commits one file to a branch; a nil content removes it.
func (c *call) change(content func(contentInput) ([]byte, error)) (any, error) {
	r, err := c.repo(Write)
	if err != nil {
		return nil, err
	}
	var in contentInput
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	branch := in.Branch
	if branch == "" {
		if branch, err = r.main(); err != nil {
			return nil, err
		}
	}
	before, err := r.branch(branch)
	if err != nil {
		return nil, err
	}
	path := strings.Trim(c.params["path"], "/")
	if path == "" {
		return nil, refused("path is missing: name a file")
	}
	old, err := r.contents(before, path)
	var missing *Error
	if err != nil && !errors.As(err, &missing) {
		return nil, err
	}
	exists := err == nil
	if exists && in.SHA == "" {
		return nil, refused("Invalid request.\n\n\"sha\" wasn't supplied.")
	}
	if exists && in.SHA != old.sha {
		return nil, &Error{Status: http.StatusConflict, Message: path + " does not match " + in.SHA}
	}
	data, err := content(in)
	if err != nil {
		return nil, err
	}
	if !exists && data == nil {
		return nil, notFound()
	}
	e := entry{mode: "100644", path: path}
	if exists {
		e.mode = old.mode
	}
	if data != nil {
		if e.sha, err = r.blob(data); err != nil {
			return nil, err
		}
	}
	tree, err := r.edit(before, []entry{e})
	if err != nil {
		return nil, err
	}
	author := in.Author.signature(c.actor.user.signature(c.s.now()))
	sha, err := r.commit(tree, in.Message, author, in.Committer.signature(c.s.person(webFlow).signature(c.s.now())), before)
	if err != nil {
		return nil, err
	}
	if err := r.mayMove(c.actor, branch, before, sha); err != nil {
		var e *Error
		if errors.As(err, &e) && e.Status == http.StatusUnprocessableEntity {
			return nil, &Error{Status: http.StatusConflict, Message: "Could not change file: " + e.Message}
		}
		return nil, err
	}
	if err := c.s.move(r, branch, before, sha, c.actor.user, nil); err != nil {
		return nil, err
	}
	k, err := r.one(sha)
	if err != nil {
		return nil, err
	}
	out := object{"commit": c.s.renderGitCommit(r, k), "content": nil}
	if data != nil {
		out["content"] = c.renderContents(r, path, e.sha, "file", branch, sha, len(data))
		if !exists {
			c.status = http.StatusCreated
		}
	}
	return out, nil
}

func putContents(c *call) (any, error) {
	return c.change(func(in contentInput) ([]byte, error) {
		data, err := unwrap(in.Content)
		if err != nil {
			return nil, refused("content is not valid Base64")
		}
		if data == nil {
			data = []byte{}
		}
		return data, nil
	})
}

func deleteContents(c *call) (any, error) {
	return c.change(func(contentInput) ([]byte, error) { return nil, nil })
}
