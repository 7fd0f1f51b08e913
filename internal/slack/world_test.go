package slack

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/wavegate-dev/wavegate/internal/simfleet"
	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/admission"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// world is a loop over a modelled fleet that reports to a channel, all on the
// clock of the bubble.
type world struct {
	t     *testing.T
	repo  *repo
	fleet *simfleet.Fleet
	led   *ledger
	slack *fakeSlack
	loop  *reconciler.Reconciler
	said  *Reporter
	errs  []error // what Report returned
	stop  func()
}

// tell plays a story in a bubble.
func tell(t *testing.T, story func(*world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		archive, err := txtar.ParseFile("testdata/budget.txtar")
		if err != nil {
			t.Fatal(err)
		}
		w := &world{t: t, repo: &repo{archive: archive, trees: map[string]fstest.MapFS{}}, led: &ledger{}, slack: &fakeSlack{t: t}}
		w.repo.commit("base")
		minute := simfleet.Span{Min: time.Minute, Max: time.Minute}
		w.fleet, err = simfleet.Open(simfleet.Config{Seed: 1, Now: time.Now, Restart: map[string]simfleet.Span{"kafka": minute}})
		if err != nil {
			t.Fatal(err)
		}
		defer w.fleet.Close()
		for line := range strings.Lines(w.repo.file("clusters")) {
			w.add(strings.Fields(line))
		}
		w.start()
		story(w)
		w.stop()
	})
}

func (w *world) add(f []string) {
	n, err := strconv.Atoi(f[4])
	if err != nil {
		w.t.Fatal(err)
	}
	m := simfleet.Member{Name: f[0], Product: f[1], DataPlane: f[2], Version: fleet.Version{Tag: f[3]}, Replicas: n, Labels: map[string]string{}}
	for _, l := range f[5:] {
		k, v, _ := strings.Cut(l, "=")
		m.Labels[k] = v
	}
	if err := w.fleet.Add(m); err != nil {
		w.t.Fatal(err)
	}
}

// start begins a new loop and a new reporter over what survived.
func (w *world) start() {
	w.t.Helper()
	if w.stop != nil {
		w.stop()
	}
	var err error
	w.said, err = New(Config{
		Token: func() (string, error) { return testToken, nil }, Channel: testChannel, HTTPClient: &http.Client{Transport: w.slack},
		Link: func(commit string) string { return "https://git.example/pull/" + commit }, Now: time.Now,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.loop, err = reconciler.New(reconciler.Config{
		Source: w.repo, Loader: fleet.NewLoader(fleet.LoaderConfig{}), Approver: w.repo,
		DataPlanes: reconciler.These(w.fleet.DataPlanes()...), Monitors: w.fleet, Ledger: w.led,
		Reporters: []reconciler.Reporter{keep{w}},
		Now:       time.Now, Interval: time.Minute, MaxGap: time.Hour, FetchPatience: time.Minute, ObserveTimeout: time.Minute,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan struct{})
	go func() { defer close(done); w.said.Run(ctx) }()
	w.stop = func() { cancel(); <-done }
}

// keep notes what Report returns, and that it took no time at all.
type keep struct{ *world }

func (k keep) Report(ctx context.Context, c *reconciler.Cycle) error {
	before := time.Now()
	err := k.said.Report(ctx, c)
	if took := time.Since(before); took != 0 {
		k.t.Errorf("Report waited for %s", took)
	}
	if err != nil {
		k.errs = append(k.errs, err)
	}
	return err
}

// run lets time pass in cycles of half a minute.
func (w *world) run(d time.Duration) {
	w.t.Helper()
	for end := time.Now().Add(d); time.Now().Before(end); {
		time.Sleep(30 * time.Second)
		if _, err := w.loop.RunOnce(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
	}
	synctest.Wait()
}

func (w *world) ask(kind plan.CommandKind, release, cluster string) {
	w.led.next++
	w.led.commands = append(w.led.commands, plan.Command{
		ID: w.led.next, At: time.Now(), Kind: kind, Release: release, Cluster: cluster, By: "user:ada", Reason: "a look at the disks",
	})
}

// fail makes the budget of production run out.
func (w *world) fail() {
	w.t.Helper()
	for _, c := range []string{"p1", "p2", "p3"} {
		if err := w.fleet.Alert(c, "under-replicated", 3*time.Minute); err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *world) want(transcript string) {
	w.t.Helper()
	got := stamp.ReplaceAllString(w.slack.transcript(), "[then]")
	if want := strings.TrimLeft(transcript, "\n"); got != want {
		w.t.Errorf("the channel reads\n%s\nwant\n%s", got, want)
	}
}

// repo is a branch whose commits are parts of a file, all of them approved.
type repo struct {
	archive *txtar.Archive
	chain   []admission.Commit
	trees   map[string]fstest.MapFS
}

func (r *repo) file(name string) string {
	for _, f := range r.archive.Files {
		if f.Name == name {
			return string(f.Data)
		}
	}
	return ""
}

func (r *repo) commit(id string) {
	tree, parents, hash := fstest.MapFS{}, []string(nil), ""
	if n := len(r.chain); n > 0 {
		maps.Copy(tree, r.trees[r.chain[n-1].SHA])
		parents = []string{r.chain[n-1].SHA}
	}
	for _, f := range r.archive.Files {
		if name, ok := strings.CutPrefix(f.Name, id+"/"); ok {
			tree[name] = &fstest.MapFile{Data: f.Data, Mode: 0o444}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(tree)) {
		hash += name + "=" + string(tree[name].Data) + "\x00"
	}
	r.trees[id] = tree
	r.chain = append(r.chain, admission.Commit{SHA: id, Parents: parents, Tree: hash})
}

func (r *repo) Fetch(context.Context) (string, error) { return r.chain[len(r.chain)-1].SHA, nil }

func (r *repo) Log(_ context.Context, base, _ string) ([]admission.Commit, error) {
	if base == "" {
		return r.chain[len(r.chain)-1:], nil
	}
	i := slices.IndexFunc(r.chain, func(c admission.Commit) bool { return c.SHA == base })
	if i < 0 {
		return nil, fmt.Errorf("find %s: %w", base, reconciler.ErrUnrelated)
	}
	return r.chain[i+1:], nil
}

func (r *repo) Changes(_ context.Context, from, to string) ([]admission.Change, error) {
	var out []admission.Change
	for _, n := range slices.Sorted(maps.Keys(r.trees[to])) {
		c := admission.Change{Path: n, After: string(r.trees[to][n].Data)}
		if f := r.trees[from][n]; f != nil {
			c.Before = string(f.Data)
		}
		if c.Before != c.After {
			out = append(out, c)
		}
	}
	return out, nil
}

func (r *repo) Tree(_ context.Context, commit string) (fs.FS, error) { return r.trees[commit], nil }

func (r *repo) Approve(context.Context, admission.Commit, fleet.Approvals) (admission.Evidence, error) {
	return admission.Evidence{Verdict: admission.Approved, Reason: "approved by user:bob"}, nil
}

// ledger keeps events in memory.
type ledger struct {
	events   []plan.Event
	commands []plan.Command
	next     int64
}

func (l *ledger) Load(context.Context) (*plan.State, error) {
	s := plan.NewState()
	for _, e := range l.events {
		s.Apply(e)
	}
	return s, nil
}

func (l *ledger) Record(_ context.Context, events []plan.Event) error {
	l.events = append(l.events, events...)
	return nil
}

func (l *ledger) Commands(context.Context) ([]plan.Command, error) { return l.commands, nil }

func (l *ledger) Done(_ context.Context, ids []int64) error {
	l.commands = slices.DeleteFunc(l.commands, func(c plan.Command) bool { return slices.Contains(ids, c.ID) })
	return nil
}
