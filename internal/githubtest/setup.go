package githubtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// settings are those of every git process. They come by the environment, so that
// a repository that existed before is left as it is.
func settings(home string) []string {
	list := [][2]string{
		{"core.hooksPath", hooks(home)},
		{"http.receivepack", "true"},
		{"uploadpack.allowFilter", "true"},
		{"uploadpack.allowAnySHA1InWant", "true"},
		{"receive.denyDeleteCurrent", "ignore"},
		{"receive.autogc", "false"},
		{"gc.auto", "0"},
	}
	env := []string{fmt.Sprintf("GIT_CONFIG_COUNT=%d", len(list))}
	for i, setting := range list {
		env = append(env, fmt.Sprintf("GIT_CONFIG_KEY_%d=%s", i, setting[0]), fmt.Sprintf("GIT_CONFIG_VALUE_%d=%s", i, setting[1]))
	}
	return env
}

func hooks(home string) string { return filepath.Join(home, "hooks") }

// updateHook refuses pushes that a branch protection or GitHub itself refuses.
// The server names the branches in the environment, one a word.
const updateHook = `#!/bin/sh
case "$1" in refs/pull/*) echo "GH: refs/pull is read only" >&2; exit 1;; esac
case " $GITHUBTEST_CLOSED " in *" $1 "*)
	echo "error: GH006: Protected branch update failed for $1." >&2
	echo "error: Changes must be made through a pull request." >&2
	exit 1;;
esac
case " $GITHUBTEST_STRAIGHT " in *" $1 "*)
	case "$2" in *[!0]*) ;; *) exit 0;; esac
	case "$3" in *[!0]*) ;; *) echo "error: GH006: Cannot delete this protected branch" >&2; exit 1;; esac
	git merge-base --is-ancestor "$2" "$3" || { echo "error: GH006: Cannot force-push to this protected branch" >&2; exit 1; };;
esac
`

// findGit finds git-http-backend, and sees to it that git is new enough to merge
// without a work tree.
func findGit() (backend string, err error) {
	version, err := exec.Command("git", "version").Output()
	if err != nil {
		return "", fmt.Errorf("find git: %w (install git 2.38 or newer)", err)
	}
	if !newEnough(string(version)) {
		return "", fmt.Errorf("find git: %q is too old: install 2.38 or newer", strings.TrimSpace(string(version)))
	}
	path, err := exec.Command("git", "--exec-path").Output()
	if err != nil {
		return "", fmt.Errorf("find git's programs: %w", err)
	}
	return filepath.Join(strings.TrimSpace(string(path)), "git-http-backend"), nil
}

// newEnough reads what git says of its version, "git version 2.39.5" for
// instance. What it cannot read it takes for new.
func newEnough(said string) bool {
	var major, minor int
	if _, err := fmt.Sscanf(said, "git version %d.%d", &major, &minor); err != nil {
		return true
	}
	return major > 2 || (major == 2 && minor >= 38)
}

// prepare makes the folder that all git processes of the server share.
func (s *Server) prepare() error {
	if err := os.MkdirAll(hooks(s.home()), 0o755); err != nil {
		return fmt.Errorf("make folder for git: %w", err)
	}
	if err := os.WriteFile(filepath.Join(hooks(s.home()), "update"), []byte(updateHook), 0o755); err != nil {
		return fmt.Errorf("write hook for git: %w", err)
	}
	return nil
}

func (s *Server) home() string { return filepath.Join(s.dir, ".git-home") }

// initialise makes an empty repository.
func (g bare) initialise() error {
	if err := os.MkdirAll(g.dir, 0o755); err != nil {
		return fmt.Errorf("make folder of repository: %w", err)
	}
	_, err := g.git("init", "--quiet", "--bare", "--template=", "--initial-branch=main", g.dir)
	return err
}
