package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"time"

	"github.com/wavegate-dev/wavegate/gitsource"
	"github.com/wavegate-dev/wavegate/internal/github"
	"github.com/wavegate-dev/wavegate/internal/github/console"
	"github.com/wavegate-dev/wavegate/internal/sqlite"
	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
	"github.com/wavegate-dev/wavegate/reconciler/report"
)

// previewHorizon is how far a plan on a pull request looks ahead.
const previewHorizon = 60 * 24 * time.Hour

// console makes the pull requests of the watched repository the place where
// rollouts are seen and steered. running returns the reconciler once there is one.
func (f *runFlags) console(client *github.Client, approve reconciler.Approver, source *gitsource.Source, store *sqlite.Store, running func() *reconciler.Reconciler, log *slog.Logger) (*console.Console, error) {
	approver, _ := approve.(*github.Approver) // it is, when there is a client
	p := previewer{client: client, source: source, running: running}
	return console.New(console.Config{
		Client: client, Approver: approver, Branch: f.branch, Path: f.path, Now: time.Now, Log: log, Preview: p.preview,
		Promotions: f.promotions, AutoMerge: f.autoMerge, Tree: source.Tree,
		Look: func() {
			if r := running(); r != nil {
				r.Look()
			}
		},
		Submit: func(ctx context.Context, c plan.Command) (int64, error) {
			id, err := store.Submit(ctx, c)
			if r := running(); err == nil && r != nil {
				r.Look()
			}
			return id, err
		},
	})
}

// previewer says what a commit would do to the fleet as it is now.
type previewer struct {
	client  *github.Client
	source  *gitsource.Source
	running func() *reconciler.Reconciler
}

func (p previewer) preview(ctx context.Context, head, base string) (*report.Preview, fleet.Problems, error) {
	tree, before, err := p.merged(ctx, head, base)
	if err != nil {
		return nil, nil, err
	}
	to, problems := fleet.Load(tree)
	if len(problems) > 0 {
		return nil, problems, nil
	}
	w, err := p.world()
	if err != nil {
		return nil, nil, err
	}
	out, err := w.preview(to, previewHorizon)
	if err != nil {
		return nil, nil, fmt.Errorf("simulate commit %s: %w", head, err)
	}
	out.From, out.To = base, head
	from, _ := fleet.Load(before)
	out.Unchanged, err = sameSpec(from, to)
	return out, nil, err
}

// sameSpec says whether two fleet repositories say the same, wherever in their
// files they do.
func sameSpec(a, b *fleet.Spec) (bool, error) {
	if a == nil || b == nil {
		return false, nil // it is not valid
	}
	x, err := json.Marshal(a)
	if err != nil {
		return false, fmt.Errorf("compare fleet repositories: %w", err)
	}
	y, err := json.Marshal(b)
	if err != nil {
		return false, fmt.Errorf("compare fleet repositories: %w", err)
	}
	return bytes.Equal(x, y), nil
}

// merged are the files that merging head would give, and those of base: what head
// leaves alone stays as it is there.
func (p previewer) merged(ctx context.Context, head, base string) (merged, before fs.FS, err error) {
	ancestor, err := p.client.MergeBase(ctx, base, head)
	if err != nil {
		return nil, nil, err
	}
	var trees [3]fs.FS
	for i, commit := range []string{ancestor, base, head} {
		if trees[i], err = p.source.Tree(ctx, commit); err != nil {
			return nil, nil, fmt.Errorf("read commit %s: %w", commit, err)
		}
	}
	return console.MergedFiles(trees[0], trees[1], trees[2]), trees[1], nil
}

// world copies what the last cycle has seen: a simulation uses it up.
func (p previewer) world() (*world, error) {
	var w *world
	if r := p.running(); r != nil {
		r.View(func(c *reconciler.Cycle) {
			w = &world{
				now: c.At, state: c.State.Clone(), fleet: c.Fleet.Clone(), signals: c.Signals, planes: c.DataPlanes, spec: c.Spec,
			}
		})
	}
	if w == nil {
		return nil, errors.New("no cycle has ended yet")
	}
	return w, nil
}
