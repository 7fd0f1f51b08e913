package githubtest

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// commit is what git says of a commit.
type commit struct {
	sha, tree         string
	parents           []string
	author, committer signature
	message           string
}

func (c commit) title() string {
	title, _, _ := strings.Cut(c.message, "\n")
	return title
}

const logFormat = "--format=%H%x00%T%x00%P%x00%an%x00%ae%x00%at%x00%cn%x00%ce%x00%ct%x00%B%x00"

// log lists commits as git log does with these arguments.
func (g bare) log(args ...string) ([]commit, error) {
	out, err := g.fact(append([]string{"log", "-z", logFormat}, args...)...)
	if err != nil {
		return nil, err
	}
	var commits []commit
	// Ten fields end with NUL, and -z separates commits by one more.
	fields := strings.Split(out, "\x00")
	for ; len(fields) >= 10; fields = fields[min(11, len(fields)):] {
		c := commit{
			sha: fields[0], tree: fields[1], parents: strings.Fields(fields[2]), message: strings.TrimRight(fields[9], "\n"),
			author:    signature{name: fields[3], email: fields[4]},
			committer: signature{name: fields[6], email: fields[7]},
		}
		if c.author.when, err = unix(fields[5]); err != nil {
			return nil, err
		}
		if c.committer.when, err = unix(fields[8]); err != nil {
			return nil, err
		}
		commits = append(commits, c)
	}
	return commits, nil
}

func unix(s string) (time.Time, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("read time of commit: %w", err)
	}
	return time.Unix(n, 0).UTC(), nil
}

// one returns one commit.
func (g bare) one(sha string) (commit, error) {
	commits, err := g.log("-1", sha)
	if err != nil {
		return commit{}, err
	}
	if len(commits) != 1 {
		return commit{}, notFound()
	}
	return commits[0], nil
}

// difference is a file that differs between two trees.
type difference struct {
	path, previous       string
	sha                  string // of the newer content
	status               string // added, removed, modified, renamed, changed
	additions, deletions int
	patch                string // "" for a binary file and one that is too large
}

// emptyTree is the id that every git knows the empty tree by.
const emptyTree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"

// diff lists the files that differ, sorted by path.
func (g bare) diff(from, to string) ([]difference, error) {
	args := []string{"diff", "-M", "--no-color", "--no-ext-diff", "--abbrev=40"}
	raw, err := g.fact(append(args, "--raw", "-z", from, to)...)
	if err != nil {
		return nil, err
	}
	numbers, err := g.fact(append(args, "--numstat", "-z", from, to)...)
	if err != nil {
		return nil, err
	}
	patches, err := g.fact(append(args, "--patch", from, to)...)
	if err != nil {
		return nil, err
	}
	var diffs []difference
	for fields := strings.Split(raw, "\x00"); len(fields) >= 2; {
		head := strings.Fields(fields[0])
		if len(head) != 5 {
			return nil, fmt.Errorf("read changes from git: %q has not five parts", fields[0])
		}
		d := difference{sha: head[3], path: fields[1]}
		fields = fields[2:]
		switch head[4][0] {
		case 'A':
			d.status = "added"
		case 'D':
			d.status, d.sha = "removed", head[2]
		case 'R':
			d.status, d.previous, d.path, fields = "renamed", d.path, fields[0], fields[1:]
		case 'T': // a file has become a link, or the other way
			d.status = "changed"
		default:
			d.status = "modified"
		}
		diffs = append(diffs, d)
	}
	if err := count(diffs, numbers); err != nil {
		return nil, err
	}
	attach(diffs, patches)
	return diffs, nil
}

// maxPatch is the size of the largest patch, in bytes, that comes with a file.
const maxPatch = 100_000

// attach gives each file its part of git's patch. The parts come in the order of
// the files, each with a line of its own before it; a file whose kind has changed
// has two, one that takes it away and one that brings it back.
func attach(diffs []difference, patches string) {
	var owners []int // the file of each part
	for i, d := range diffs {
		owners = append(owners, i)
		if d.status == "changed" {
			owners = append(owners, i)
		}
	}
	part, inside := -1, false
	for line := range strings.Lines(patches) {
		if strings.HasPrefix(line, "diff --git ") {
			part, inside = part+1, false
			continue
		}
		inside = inside || strings.HasPrefix(line, "@@ ")
		if inside && part < len(owners) {
			diffs[owners[part]].patch += line
		}
	}
	for i := range diffs {
		if len(diffs[i].patch) > maxPatch {
			diffs[i].patch = ""
		}
	}
}

// count notes how many lines came and went, from git diff --numstat -z.
func count(diffs []difference, numbers string) error {
	fields := strings.Split(numbers, "\x00")
	for i := range diffs {
		if len(fields) == 0 {
			return fmt.Errorf("count changes of %s: git said nothing of it", diffs[i].path)
		}
		parts := strings.SplitN(fields[0], "\t", 3)
		if len(parts) != 3 {
			return fmt.Errorf("count changes of %s: %q has not three parts", diffs[i].path, fields[0])
		}
		fields = fields[1:]
		if parts[2] == "" && len(fields) >= 2 { // renamed: both names follow
			fields = fields[2:]
		}
		diffs[i].additions, _ = strconv.Atoi(parts[0]) // "-" for a binary file counts nothing
		diffs[i].deletions, _ = strconv.Atoi(parts[1])
	}
	return nil
}
