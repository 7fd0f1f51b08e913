package scale_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"sync"
	"testing/fstest"

	"github.com/wavegate-dev/wavegate/reconciler/admission"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// branch is the watched branch: commits that come one by one, all approved.
type branch struct {
	mu    sync.Mutex
	chain []admission.Commit
	trees []fstest.MapFS
}

// contentHash lets the loader read again only what has changed.
type contentHash string

func (h contentHash) ContentHash() string { return string(h) }

// commit adds a commit that changes these files.
func (b *branch) commit(files map[string]string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	tree := fstest.MapFS{}
	c := admission.Commit{SHA: fmt.Sprintf("%040x", len(b.chain)+1)}
	if n := len(b.chain); n > 0 {
		maps.Copy(tree, b.trees[n-1])
		c.Parents = []string{b.chain[n-1].SHA}
	}
	for name, text := range files {
		sum := sha256.Sum256([]byte(text))
		tree[name] = &fstest.MapFile{Data: []byte(text), Mode: 0o444, Sys: contentHash(hex.EncodeToString(sum[:]))}
	}
	c.Tree = "tree-" + c.SHA
	b.chain, b.trees = append(b.chain, c), append(b.trees, tree)
}

func (b *branch) len() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.chain)
}

func (b *branch) find(commit string) (int, error) {
	i := slices.IndexFunc(b.chain, func(c admission.Commit) bool { return c.SHA == commit })
	if i < 0 {
		return 0, fmt.Errorf("find commit %s: there is none", commit)
	}
	return i, nil
}

func (b *branch) Fetch(context.Context) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.chain[len(b.chain)-1].SHA, nil
}

func (b *branch) Log(_ context.Context, base, head string) ([]admission.Commit, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	to, err := b.find(head)
	if err != nil || base == "" {
		return b.chain[to : to+1], err
	}
	from, err := b.find(base)
	if err != nil {
		return nil, err
	}
	return slices.Clone(b.chain[from+1 : to+1]), nil
}

func (b *branch) Changes(_ context.Context, from, to string) ([]admission.Change, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i, err := b.find(from)
	if err != nil {
		return nil, err
	}
	k, err := b.find(to)
	if err != nil {
		return nil, err
	}
	var out []admission.Change
	for _, name := range slices.Sorted(maps.Keys(b.trees[k])) {
		change := admission.Change{Path: name, After: string(b.trees[k][name].Data)}
		if old := b.trees[i][name]; old != nil {
			change.Before = string(old.Data)
		}
		if change.Before != change.After {
			out = append(out, change)
		}
	}
	return out, nil
}

func (b *branch) Tree(_ context.Context, commit string) (fs.FS, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i, err := b.find(commit)
	if err != nil {
		return nil, err
	}
	return b.trees[i], nil
}

func (b *branch) Approve(context.Context, admission.Commit, fleet.Approvals) (admission.Evidence, error) {
	return admission.Evidence{Verdict: admission.Approved, Reason: "approved by user:bob"}, nil
}
