package githubtest

import (
	"io/fs"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

type fileRow struct {
	Path, Previous, Status, Patch string
	Additions, Deletions          int
}

func fileRows(list []difference) (rows []fileRow, additions, deletions int) {
	for _, d := range list {
		rows = append(rows, fileRow{
			Path: d.path, Previous: d.previous, Status: d.status, Patch: d.patch, Additions: d.additions, Deletions: d.deletions,
		})
		additions, deletions = additions+d.additions, deletions+d.deletions
	}
	return rows, additions, deletions
}

type commitView struct {
	Repo, SHA, Title, Author string
	At                       time.Time
	Pulls                    []issueRow
	Checks                   []checkRow
	Files                    []fileRow
	Additions, Deletions     int
}

// viewCommit shows a commit, what is said of it and the pull requests that it is
// the head or the merge of.
func (r *repo) viewCommit(sha string) (commitView, error) {
	if !isID(sha) || !r.has(sha, "commit") {
		return commitView{}, notFound()
	}
	c, err := r.one(sha)
	if err != nil {
		return commitView{}, err
	}
	v := commitView{Repo: r.full(), SHA: sha, Title: c.title(), Author: c.author.name, At: c.author.when, Checks: r.checkRows(sha)}
	for _, i := range r.issues {
		if p := i.pull; p != nil && (p.headSHA == sha || p.mergeSHA == sha || slices.Contains(p.brought, sha)) {
			v.Pulls = append(v.Pulls, r.row(i))
		}
	}
	before := emptyTree
	if len(c.parents) > 0 {
		before = c.parents[0]
	}
	files, err := r.diff(before, sha)
	if err != nil {
		return commitView{}, err
	}
	v.Files, v.Additions, v.Deletions = fileRows(files)
	return v, nil
}

type blobView struct{ Repo, SHA, Path, Text string }

// maxShown is the size of the largest file that has a page, in bytes.
const maxShown = 1 << 20

// viewBlob shows a file of a commit with its lines counted.
func (r *repo) viewBlob(sha, file string) (blobView, error) {
	if !isID(sha) || !fs.ValidPath(file) || !r.has(sha, "commit") {
		return blobView{}, notFound()
	}
	e, err := r.contents(sha, file)
	if err != nil {
		return blobView{}, err
	}
	if !strings.HasPrefix(e.mode, "100") { // a folder, a link or a submodule
		return blobView{}, notFound()
	}
	data, err := r.content(e.sha)
	if err != nil {
		return blobView{}, err
	}
	if len(data) > maxShown || !utf8.Valid(data) {
		return blobView{}, notFound()
	}
	return blobView{Repo: r.full(), SHA: sha, Path: file, Text: string(data)}, nil
}
