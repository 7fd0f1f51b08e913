package githubtest

import (
	"encoding/base64"
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
