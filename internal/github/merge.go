package github

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// merge names four trees: what two sides have in common, the two sides, and what
// came of merging them. "" is no tree at all.
type merge struct{ base, ours, theirs, result string }

// proven says whether the ids alone prove or disprove the result:
//
//	theirs = base    the pull request left it alone    result must be ours
//	ours = base      the base left it alone            result must be theirs
//	ours = theirs    both did the same                 result must be that
//	else             both changed it                   nothing is proven
func (m merge) proven() (right, decided bool) {
	switch {
	case m.theirs == m.base:
		return m.result == m.ours, true
	case m.ours == m.base, m.ours == m.theirs:
		return m.result == m.theirs, true
	default:
		return false, false
	}
}

type treeEntry struct {
	id  string // mode and sha
	sha string
	dir bool
}

// proof compares trees and reads each but once.
type proof struct {
	client *Client
	trees  map[string]map[string]treeEntry
}

// maxDifferences is how many paths are looked for.
const maxDifferences = 10

// differ lists the paths whose result is not proven. Only folders that both sides
// have changed are opened.
func (p *proof) differ(ctx context.Context, path string, m merge) ([]string, error) {
	if right, decided := m.proven(); decided && right {
		return nil, nil
	}
	var dirs [4]map[string]treeEntry
	names := map[string]bool{}
	for i, sha := range [4]string{m.base, m.ours, m.theirs, m.result} {
		var err error
		if dirs[i], err = p.tree(ctx, sha); err != nil {
			return nil, err
		}
		for name := range dirs[i] {
			names[name] = true
		}
	}
	var wrong []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		base, ours, theirs, result := dirs[0][name], dirs[1][name], dirs[2][name], dirs[3][name]
		right, decided := merge{base.id, ours.id, theirs.id, result.id}.proven()
		if decided && right {
			continue
		}
		within := path + name
		if isFolder(base, ours, theirs, result) {
			more, err := p.differ(ctx, within+"/", merge{base.sha, ours.sha, theirs.sha, result.sha})
			if err != nil {
				return nil, err
			}
			wrong = append(wrong, more...)
		} else {
			wrong = append(wrong, strconv.Quote(within))
		}
		if len(wrong) >= maxDifferences {
			break
		}
	}
	return wrong, nil
}

// isFolder says whether a name is a folder wherever it is there.
func isFolder(entries ...treeEntry) bool {
	for _, e := range entries {
		if e.id != "" && !e.dir {
			return false
		}
	}
	return true
}

// tree reads one folder.
func (p *proof) tree(ctx context.Context, sha string) (map[string]treeEntry, error) {
	if sha == "" {
		return nil, nil
	}
	if known, ok := p.trees[sha]; ok {
		return known, nil
	}
	t, _, err := p.client.api.Git.GetTree(ctx, p.client.owner, p.client.repo, sha, false)
	if err != nil {
		return nil, failed(err, "read tree %s", short(sha))
	}
	if t.GetTruncated() || t.GetSHA() != sha {
		return nil, fmt.Errorf("read tree %s: GitHub's answer is not whole", short(sha))
	}
	entries := make(map[string]treeEntry, len(t.Entries))
	for _, e := range t.Entries {
		entries[e.GetPath()] = treeEntry{id: e.GetMode() + " " + e.GetSHA(), sha: e.GetSHA(), dir: e.GetType() == "tree"}
	}
	p.trees[sha] = entries
	return entries, nil
}
