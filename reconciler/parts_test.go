package reconciler_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"

	fleetrepoexample "github.com/wavegate-dev/wavegate/fleet-repo-example"
	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/admission"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// scriptedRepo is a repository whose commits are parts of a story's file: the
// files below ID/ replace those of the commit before.
type scriptedRepo struct {
	archive  *txtar.Archive
	chain    []admission.Commit
	trees    map[string]fstest.MapFS
	verdicts map[string]admission.Verdict
}

func newScriptedRepo(t *testing.T, archive *txtar.Archive) *scriptedRepo {
	t.Helper()
	r := &scriptedRepo{archive: archive, trees: map[string]fstest.MapFS{}, verdicts: map[string]admission.Verdict{}}
	if err := r.commit("base", ""); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *scriptedRepo) commit(id, verdict string) error {
	tree := fstest.MapFS{}
	var parents []string
	if n := len(r.chain); n > 0 {
		maps.Copy(tree, r.trees[r.chain[n-1].SHA])
		parents = []string{r.chain[n-1].SHA}
	}
	found := false
	for _, f := range r.archive.Files {
		if name, ok := strings.CutPrefix(f.Name, id+"/"); ok {
			found = true
			if len(f.Data) == 0 {
				delete(tree, name)
				continue
			}
			tree[name] = &fstest.MapFile{Data: f.Data, Mode: 0o444}
		}
	}
	if !found {
		return fmt.Errorf("the story has no files of commit %s", id)
	}
	r.trees[id] = tree
	r.chain = append(r.chain, admission.Commit{SHA: id, Parents: parents, Tree: treeHash(tree)})
	r.verdicts[id] = map[string]admission.Verdict{"": admission.Approved, "refused": admission.Refused, "unknown": admission.Unknown}[verdict]
	return nil
}

func treeHash(tree fstest.MapFS) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(tree)) {
		fmt.Fprintf(&b, "%s=%s\x00", name, tree[name].Data)
	}
	return b.String()
}

func (r *scriptedRepo) rewrite(id string) error {
	r.chain = nil
	return r.commit(id, "")
}

func (r *scriptedRepo) Fetch(context.Context) (string, error) {
	return r.chain[len(r.chain)-1].SHA, nil
}

func (r *scriptedRepo) Log(_ context.Context, base, head string) ([]admission.Commit, error) {
	if base == "" {
		i := slices.IndexFunc(r.chain, func(c admission.Commit) bool { return c.SHA == head })
		return r.chain[i : i+1], nil
	}
	i := slices.IndexFunc(r.chain, func(c admission.Commit) bool { return c.SHA == base })
	if i < 0 {
		return nil, fmt.Errorf("find %s: %w", base, reconciler.ErrUnrelated)
	}
	return r.chain[i+1:], nil
}

func (r *scriptedRepo) Changes(_ context.Context, from, to string) ([]admission.Change, error) {
	a, b := r.trees[from], r.trees[to]
	names := map[string]bool{}
	for n := range a {
		names[n] = true
	}
	for n := range b {
		names[n] = true
	}
	var out []admission.Change
	for _, n := range slices.Sorted(maps.Keys(names)) {
		c := admission.Change{Path: n}
		if f := a[n]; f != nil {
			c.Before = string(f.Data)
		}
		if f := b[n]; f != nil {
			c.After = string(f.Data)
		}
		if c.Before != c.After {
			out = append(out, c)
		}
	}
	return out, nil
}

func (r *scriptedRepo) Tree(_ context.Context, commit string) (fs.FS, error) {
	tree, ok := r.trees[commit]
	if !ok {
		return nil, fmt.Errorf("no commit %s", commit)
	}
	return tree, nil
}

func (r *scriptedRepo) Approve(_ context.Context, c admission.Commit, _ fleet.Approvals) (admission.Evidence, error) {
	e := admission.Evidence{Verdict: r.verdicts[c.SHA]}
	if e.Verdict == admission.Approved {
		e.Reason = "approved by user:bob"
	}
	return e, nil
}

// memoryLedger keeps events in memory and can be made to fail.
type memoryLedger struct {
	events   []plan.Event
	commands []plan.Command
	next     int64
	broken   error
	recorded func([]plan.Event) // called after events were recorded
}

func newMemoryLedger() *memoryLedger { return &memoryLedger{} }

// Load folds the events, as they are after a trip through JSON.
func (l *memoryLedger) Load(context.Context) (*plan.State, error) {
	s := plan.NewState()
	for _, e := range l.events {
		data, err := json.Marshal(e)
		if err != nil {
			return nil, err
		}
		var back plan.Event
		if err := json.Unmarshal(data, &back); err != nil {
			return nil, err
		}
		s.Apply(back)
	}
	return s, nil
}

func (l *memoryLedger) Record(_ context.Context, events []plan.Event) error {
	if l.broken != nil {
		return l.broken
	}
	l.events = append(l.events, events...)
	if l.recorded != nil {
		l.recorded(events)
	}
	return nil
}

func (l *memoryLedger) submit(c plan.Command) {
	l.next++
	c.ID = l.next
	l.commands = append(l.commands, c)
}

func (l *memoryLedger) Commands(context.Context) ([]plan.Command, error) { return l.commands, nil }

func (l *memoryLedger) Done(_ context.Context, ids []int64) error {
	l.commands = slices.DeleteFunc(l.commands, func(c plan.Command) bool { return slices.Contains(ids, c.ID) })
	return nil
}

// exampleRepo has the example fleet repository as its only commit.
type exampleRepo struct{ *scriptedRepo }

func (*exampleRepo) Fetch(context.Context) (string, error) { return "base", nil }

func (*exampleRepo) Log(context.Context, string, string) ([]admission.Commit, error) {
	return []admission.Commit{{SHA: "base", Tree: "tree"}}, nil
}

func (*exampleRepo) Tree(context.Context, string) (fs.FS, error) { return fleetrepoexample.FS, nil }

// handBrake is pulled by a story.
type handBrake struct{ pull *reconciler.Pull }

func (b *handBrake) Pulled() (reconciler.Pull, bool) {
	if b.pull == nil {
		return reconciler.Pull{}, false
	}
	return *b.pull, true
}

func (b *handBrake) Latched(p reconciler.Pull) {
	if b.pull != nil && *b.pull == p && p.Lasts == "" {
		b.pull = nil
	}
}
