package githubtest

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// branches returns the commits of all branches, by their refs. Every answer
// begins with this, so the files are read as git keeps them; git itself is asked
// when one of them is out of the ordinary.
func (g bare) branches() (map[string]string, error) {
	// The loose ones first: git packs a ref before it deletes its file.
	refs, plain, err := g.looseBranches()
	if err != nil {
		return nil, err
	}
	if plain {
		plain, err = g.packedBranches(refs)
		if err != nil {
			return nil, err
		}
	}
	if plain {
		return refs, nil
	}
	return g.listBranches()
}

func (g bare) listBranches() (map[string]string, error) {
	out, err := g.git("for-each-ref", "--format=%(objectname) %(refname)", "refs/heads")
	if err != nil {
		return nil, err
	}
	refs := map[string]string{}
	for line := range strings.Lines(out) {
		sha, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		refs[name] = sha
	}
	return refs, nil
}

// looseBranches reads the refs that have files of their own; plain says whether
// all of them are what they usually are.
func (g bare) looseBranches() (refs map[string]string, plain bool, err error) {
	if _, err := os.Stat(filepath.Join(g.dir, "reftable")); err == nil {
		return nil, false, nil
	}
	refs, plain = map[string]string{}, true
	root := filepath.Join(g.dir, "refs", "heads")
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // deleted meanwhile
		}
		if err != nil || d.IsDir() || strings.HasSuffix(path, ".lock") {
			return err
		}
		data, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		name, err := filepath.Rel(g.dir, path)
		if err != nil {
			return err
		}
		sha := strings.TrimSpace(string(data))
		plain = plain && isID(sha)
		refs[filepath.ToSlash(name)] = sha
		return nil
	})
	return refs, plain, err
}

// packedBranches adds the refs that git has packed and that have no file.
func (g bare) packedBranches(refs map[string]string) (plain bool, err error) {
	data, err := os.ReadFile(filepath.Join(g.dir, "packed-refs"))
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	for line := range bytes.Lines(data) {
		sha, name, ok := strings.Cut(strings.TrimSpace(string(line)), " ")
		if !ok || !isID(sha) || !strings.HasPrefix(name, "refs/heads/") {
			continue
		}
		if _, loose := refs[name]; !loose {
			refs[name] = sha
		}
	}
	return true, nil
}
