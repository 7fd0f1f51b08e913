package githubtest

import (
	"encoding/base64"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

func createBlob(c *call) (any, error) {
	r, err := c.repo(Write)
	if err != nil {
		return nil, err
	}
	var in struct {
		Content  string `json:"content"`
		Encoding string `json:"encoding"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	content := []byte(in.Content)
	if in.Encoding == "base64" {
		if content, err = unwrap(in.Content); err != nil {
			return nil, refused("content is not valid Base64")
		}
	}
	sha, err := r.blob(content)
	if err != nil {
		return nil, err
	}
	return c.created(object{"sha": sha, "url": c.s.api("/repos/%s/git/blobs/%s", r.full(), sha)}, nil)
}

// unwrap decodes Base64 that may be broken into lines.
func unwrap(s string) ([]byte, error) {
	return base64.StdEncoding.DecodeString(strings.NewReplacer("\n", "", "\r", "").Replace(s))
}

// wrap encodes Base64 in lines of 60 characters, as GitHub does.
func wrap(data []byte) string {
	encoded := base64.StdEncoding.EncodeToString(data)
	var b strings.Builder
	for len(encoded) > 60 {
		b.WriteString(encoded[:60] + "\n")
		encoded = encoded[60:]
	}
	return b.String() + encoded + "\n"
}

func getBlob(c *call) (any, error) {
	r, err := c.repo(Read)
	if err != nil {
		return nil, err
	}
	sha := c.params["file_sha"]
	if !r.has(sha, "blob") {
		return nil, notFound()
	}
	content, err := r.content(sha)
	if err != nil {
		return nil, err
	}
	return object{
		"sha": sha, "node_id": node("Blob", sha), "size": len(content), "encoding": "base64", "content": wrap(content),
		"url": c.s.api("/repos/%s/git/blobs/%s", r.full(), sha),
	}, nil
}

// listTree lists a tree as git ls-tree does.
func (c *call) listTree(r *repo, tree string, recursive bool) ([]object, error) {
	args := []string{"ls-tree", "-z", "-l"}
	if recursive {
		args = append(args, "-r", "-t")
	}
	out, err := r.git(append(args, tree)...)
	if err != nil {
		return nil, err
	}
	list := []object{}
	for line := range strings.SplitSeq(strings.TrimSuffix(out, "\x00"), "\x00") {
		head, path, ok := strings.Cut(line, "\t")
		parts := strings.Fields(head)
		if !ok || len(parts) != 4 {
			continue
		}
		kind := parts[1]
		o := object{
			"mode": parts[0], "type": kind, "sha": parts[2], "path": path,
			"url": c.s.api("/repos/%s/git/%ss/%s", r.full(), kind, parts[2]),
		}
		if size, err := strconv.Atoi(parts[3]); err == nil {
			o["size"] = size
		}
		list = append(list, o)
	}
	return list, nil
}

func (c *call) renderTree(r *repo, tree string, recursive bool) (any, error) {
	entries, err := c.listTree(r, tree, recursive)
	if err != nil {
		return nil, err
	}
	return object{
		"sha": tree, "url": c.s.api("/repos/%s/git/trees/%s", r.full(), tree), "tree": entries, "truncated": false,
	}, nil
}

func getTree(c *call) (any, error) {
	r, err := c.repo(Read)
	if err != nil {
		return nil, err
	}
	tree := c.params["tree_sha"]
	if !r.has(tree, "tree") {
		sha, err := r.resolve(tree)
		if err != nil {
			return nil, err
		}
		if tree, err = r.git("rev-parse", sha+"^{tree}"); err != nil {
			return nil, err
		}
	}
	return c.renderTree(r, tree, c.query.Has("recursive"))
}

func createTree(c *call) (any, error) {
	r, err := c.repo(Write)
	if err != nil {
		return nil, err
	}
	var in struct {
		Base string `json:"base_tree"`
		Tree []struct {
			Path    string  `json:"path"`
			Mode    string  `json:"mode"`
			SHA     *string `json:"sha"`
			Content *string `json:"content"`
		} `json:"tree"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if in.Base != "" && !r.has(in.Base, "tree") && !r.has(in.Base, "commit") {
		return nil, refused("base_tree is not a valid tree sha")
	}
	var entries []entry
	for _, t := range in.Tree {
		e := entry{mode: t.Mode, path: t.Path}
		switch {
		case t.SHA != nil && t.Content != nil:
			return nil, refused("Must supply either tree.sha or tree.content.")
		case t.Content != nil:
			if e.sha, err = r.blob([]byte(*t.Content)); err != nil {
				return nil, err
			}
		case t.SHA != nil:
			if !r.has(*t.SHA, "blob") && t.Mode != "160000" {
				return nil, refused("tree.sha " + *t.SHA + " is not a valid blob")
			}
			e.sha = *t.SHA
		}
		if e.path == "" || strings.HasPrefix(e.path, "/") || slices.Contains(strings.Split(e.path, "/"), "..") {
			return nil, refused("tree.path contains a malformed path component")
		}
		entries = append(entries, e)
	}
	tree, err := r.edit(in.Base, entries)
	if err != nil {
		return nil, refused("tree is not valid: " + err.Error())
	}
	return c.created(c.renderTree(r, tree, false))
}

type signatureInput struct {
	Name  string     `json:"name"`
	Email string     `json:"email"`
	Date  *time.Time `json:"date"`
}

// signature is what a request says of a commit's author, with a default.
func (in *signatureInput) signature(otherwise signature) signature {
	if in == nil {
		return otherwise
	}
	sig := signature{name: in.Name, email: in.Email, when: otherwise.when}
	if in.Date != nil {
		sig.when = *in.Date
	}
	return sig
}

func createCommit(c *call) (any, error) {
	r, err := c.repo(Write)
	if err != nil {
		return nil, err
	}
	var in struct {
		Message   string          `json:"message"`
		Tree      string          `json:"tree"`
		Parents   []string        `json:"parents"`
		Author    *signatureInput `json:"author"`
		Committer *signatureInput `json:"committer"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if !r.has(in.Tree, "tree") {
		return nil, refused("Tree SHA does not exist")
	}
	for _, p := range in.Parents {
		if !r.has(p, "commit") {
			return nil, refused("Parent SHA does not exist or is not a commit object")
		}
	}
	author := in.Author.signature(c.actor.user.signature(c.s.now()))
	sha, err := r.commit(in.Tree, in.Message, author, in.Committer.signature(author), in.Parents...)
	if err != nil {
		return nil, err
	}
	k, err := r.one(sha)
	if err != nil {
		return nil, err
	}
	return c.created(c.s.renderGitCommit(r, k), nil)
}

func getGitCommit(c *call) (any, error) {
	r, err := c.repo(Read)
	if err != nil {
		return nil, err
	}
	if !r.has(c.params["commit_sha"], "commit") {
		return nil, notFound()
	}
	k, err := r.one(c.params["commit_sha"])
	if err != nil {
		return nil, err
	}
	return c.s.renderGitCommit(r, k), nil
}

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
	self := c.s.api("/repos/%s/contents/%s?ref=%s", r.full(), escapePath(path), ref)
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
		content, err := r.content(e.sha)
		if err != nil {
			return nil, err
		}
		o := c.renderContents(r, path, e.sha, "file", ref, commit, len(content))
		o["encoding"], o["content"] = "base64", wrap(content)
		return o, nil
	}
	entries, err := c.listTree(r, e.sha, false)
	if err != nil {
		return nil, err
	}
	list := []object{}
	for _, item := range entries {
		kind, size := "file", 0
		if item["type"] == "tree" {
			kind = "dir"
		}
		if n, ok := item["size"].(int); ok {
			size = n
		}
		list = append(list, c.renderContents(r, strings.TrimPrefix(path+"/"+item["path"].(string), "/"), item["sha"].(string), kind, ref, commit, size))
	}
	return list, nil
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
