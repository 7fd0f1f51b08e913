package githubtest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// zero is the object id that git writes for a ref that is not there.
const zero = "0000000000000000000000000000000000000000"

// bare is a bare git repository.
type bare struct {
	dir   string            // of the repository
	facts map[string]string // what git has said about objects, which never changes
	home  string            // a folder of the server's own, so that no settings of the machine are read
}

// signature is who made a commit, and when.
type signature struct {
	name, email string
	when        time.Time
}

func (g bare) env() []string {
	return append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + g.home, "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1",
		"GIT_TERMINAL_PROMPT=0", "GIT_LITERAL_PATHSPECS=1", "LC_ALL=C", "TZ=UTC", "GIT_DIR=" + g.dir,
	}, settings(g.home)...)
}

// errGit is an exit status that is not zero.
type errGit struct {
	args []string
	code int
	out  string
	said string
}

func (e *errGit) Error() string {
	return fmt.Sprintf("git %s: exit status %d: %s", strings.Join(e.args, " "), e.code, strings.TrimSpace(e.said))
}

// run runs git and returns its output as it is.
func (g bare) run(in []byte, env []string, args ...string) (string, error) {
	if slices.ContainsFunc(args, func(arg string) bool { return strings.Contains(arg, "\x00") }) {
		return "", refused("There is a NUL where none may be.")
	}
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Env = g.dir, append(g.env(), env...)
	cmd.Stdin = bytes.NewReader(in)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return "", &errGit{args: args, code: exit.ExitCode(), out: out.String(), said: said.String()}
	}
	if err != nil {
		return "", fmt.Errorf("run git: %w", err)
	}
	return out.String(), nil
}

// git runs git and returns its output without the line end.
func (g bare) git(args ...string) (string, error) {
	out, err := g.run(nil, nil, args...)
	return strings.TrimRight(out, "\n"), err
}

// yes runs a git command that answers by its exit status: 0 or 1.
func (g bare) yes(args ...string) (bool, error) {
	_, err := g.git(args...)
	var e *errGit
	if errors.As(err, &e) && e.code == 1 {
		return false, nil
	}
	return err == nil, err
}

// resolve returns the commit that a branch, a tag, a ref or an id names.
func (g bare) resolve(name string) (string, error) {
	if strings.HasPrefix(name, "-") || strings.ContainsAny(name, " ^~:?*[\\@{\n") {
		return "", notFound()
	}
	for _, candidate := range []string{"refs/heads/" + name, "refs/tags/" + name, "refs/" + name, name} {
		if sha, err := g.git("rev-parse", "--quiet", "--verify", "--end-of-options", candidate+"^{commit}"); err == nil {
			return sha, nil
		}
	}
	return "", notFound()
}

// has says whether an object of a kind exists.
func (g bare) has(sha, kind string) bool {
	if !isID(sha) {
		return false
	}
	got, err := g.git("cat-file", "-t", sha)
	return err == nil && got == kind
}

func isID(s string) bool {
	return len(s) == 40 && strings.Trim(s, "0123456789abcdef") == ""
}

// ancestor says whether old is new or one of its ancestors.
func (g bare) ancestor(old, new string) (bool, error) {
	return g.yes("merge-base", "--is-ancestor", old, new)
}

// mergeBase returns the best common ancestor, or "" when there is none.
func (g bare) mergeBase(a, b string) (string, error) {
	out, err := g.fact("merge-base", a, b)
	var e *errGit
	if errors.As(err, &e) && e.code == 1 {
		return "", nil
	}
	return strings.TrimSpace(out), err
}

// errConflict says that two commits cannot be merged without a person.
var errConflict = errors.New("conflict")

// mergeTree returns the tree of a merge, or errConflict.
func (g bare) mergeTree(a, b string) (string, error) {
	out, err := g.git("merge-tree", "--write-tree", a, b)
	var e *errGit
	if errors.As(err, &e) && e.code == 1 {
		return "", errConflict
	}
	tree, _, _ := strings.Cut(out, "\n")
	return tree, err
}

// commit writes a commit object.
func (g bare) commit(tree, message string, author, committer signature, parents ...string) (string, error) {
	args := []string{"commit-tree", tree, "-F", "-"}
	for _, p := range parents {
		args = append(args, "-p", p)
	}
	out, err := g.run([]byte(message), append(author.env("AUTHOR"), committer.env("COMMITTER")...), args...)
	return strings.TrimSpace(out), err
}

func (s signature) env(role string) []string {
	return []string{
		"GIT_" + role + "_NAME=" + s.name, "GIT_" + role + "_EMAIL=" + s.email,
		fmt.Sprintf("GIT_%s_DATE=@%d +0000", role, s.when.Unix()),
	}
}

// pick returns the tree that comes of applying the change of one commit on top
// of another: a merge whose base is the first one's parent.
func (g bare) pick(change, parent, onto string) (string, error) {
	// merge-tree finds its base in the history, so it is given one in which the
	// base is right. The three commits are never reachable from a ref.
	nobody := signature{name: "githubtest", email: "githubtest@localhost", when: time.Unix(0, 0)}
	trees := [3]string{}
	for i, commit := range []string{parent, onto, change} {
		tree, err := g.git("rev-parse", commit+"^{tree}")
		if err != nil {
			return "", err
		}
		trees[i] = tree
	}
	base, err := g.commit(trees[0], "base", nobody, nobody)
	if err != nil {
		return "", err
	}
	ours, err := g.commit(trees[1], "ours", nobody, nobody, base)
	if err != nil {
		return "", err
	}
	theirs, err := g.commit(trees[2], "theirs", nobody, nobody, base)
	if err != nil {
		return "", err
	}
	return g.mergeTree(ours, theirs)
}

// entry is a change of one path of a tree; an empty sha removes it.
type entry struct{ mode, path, sha string }

// edit returns the tree that comes of changing paths of another, which may be
// empty for none.
func (g bare) edit(base string, entries []entry) (string, error) {
	dir, err := os.MkdirTemp(g.home, "index")
	if err != nil {
		return "", fmt.Errorf("make folder for an index: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	env := []string{"GIT_INDEX_FILE=" + filepath.Join(dir, "index")}
	if base != "" {
		if _, err := g.run(nil, env, "read-tree", base); err != nil {
			return "", err
		}
	}
	var info bytes.Buffer
	for _, e := range entries {
		if e.sha == "" {
			fmt.Fprintf(&info, "0 %s\t%s\x00", zero, e.path)
			continue
		}
		fmt.Fprintf(&info, "%s %s\t%s\x00", e.mode, e.sha, e.path)
	}
	if _, err := g.run(info.Bytes(), env, "update-index", "-z", "--index-info"); err != nil {
		return "", err
	}
	out, err := g.run(nil, env, "write-tree")
	return strings.TrimSpace(out), err
}

// blob writes a file's content.
func (g bare) blob(content []byte) (string, error) {
	out, err := g.run(content, nil, "hash-object", "-w", "--stdin")
	return strings.TrimSpace(out), err
}

// content returns a blob.
func (g bare) content(sha string) ([]byte, error) {
	out, err := g.run(nil, nil, "cat-file", "blob", sha)
	return []byte(out), err
}
