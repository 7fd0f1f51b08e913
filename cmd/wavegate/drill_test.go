package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/internal/sqlite"
	"github.com/wavegate-dev/wavegate/internal/web"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// desk is a service that does what commands ask for and shows nothing.
type desk struct {
	t     *testing.T
	dir   stateDir
	store *sqlite.Store
	state *plan.State
	// between is called after each command that was done.
	between func(plan.Command)
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	dir := stateDir(t.TempDir())
	store, err := dir.open(t.Context(), sqlite.Own)
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{t: t, dir: dir, store: store, state: plan.NewState(), between: func(plan.Command) {}}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			d.obey(ctx)
			_ = pause(ctx, 5*time.Millisecond)
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-done
		_ = store.Close()
	})
	return d
}

func (d *desk) obey(ctx context.Context) {
	commands, err := d.store.Commands(ctx)
	if err != nil {
		return
	}
	for _, cmd := range commands {
		events, _ := plan.Obey(d.state, plan.NewInventory(), nil, []plan.Command{cmd})
		for _, e := range events {
			d.state.Apply(e)
		}
		if d.store.Record(ctx, events) != nil || d.store.Done(ctx, []int64{cmd.ID}) != nil {
			return
		}
		d.between(cmd)
	}
}

// drill begins one that waits for a standstill that nobody can see.
func (d *desk) drill(ctx context.Context, patience time.Duration) (*drill, error) {
	d.t.Helper()
	store, err := d.dir.open(d.t.Context(), sqlite.Inbox)
	if err != nil {
		d.t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	x := &drill{
		dir: d.dir, store: store, name: "d1", by: "user:ann", before: &web.Snapshot{At: time.Now(), State: plan.NewState()},
		patience: patience, now: time.Now,
	}
	return x, x.run(ctx)
}

func TestADrillThatIsInterruptedSaysHowToGoOnAndResumesNothing(t *testing.T) {
	d := newDesk(t)
	ctx, cancel := context.WithCancel(t.Context())
	d.between = func(cmd plan.Command) {
		if cmd.Kind == plan.CommandPause {
			cancel()
		}
	}
	_, err := d.drill(ctx, time.Minute)
	if err == nil || !strings.Contains(err.Error(), "interrupted; everything may still be paused by it") || !strings.Contains(err.Error(), "`wavegate resume`") {
		t.Errorf("%v", err)
	}
	if exitCode(err, &strings.Builder{}) != exitFailed {
		t.Errorf("exit code %d", exitCode(err, &strings.Builder{}))
	}
	events := readJournal(t, string(d.dir), sqlite.Filter{})
	if len(events) != 1 || events[0].Kind != plan.Paused || !strings.Contains(events[0].Reason, "wavegate resume") {
		t.Errorf("%+v", events)
	}
}

func TestADrillThatDoesNotComeToAStandstillSaysSoAndResumes(t *testing.T) {
	d := newDesk(t)
	x, err := d.drill(t.Context(), 300*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if m := x.record.Measured; m == nil || m.Unfinished == "" || m.Still != 0 || m.Recorded <= 0 {
		t.Errorf("%+v", m)
	}
	if d.state.Paused != nil || x.notResumed != "" {
		t.Errorf("still paused: %+v %s", d.state.Paused, x.notResumed)
	}
}

func TestADrillLiftsNoPauseButItsOwn(t *testing.T) {
	d := newDesk(t)
	d.between = func(cmd plan.Command) {
		if cmd.Kind == plan.CommandDrill { // somebody pauses right before it resumes
			events, _ := plan.Obey(d.state, plan.NewInventory(), nil, []plan.Command{{ID: 99, At: time.Now(), Kind: plan.CommandPause, By: "user:bob", Reason: "on call"}})
			for _, e := range events {
				d.state.Apply(e)
			}
		}
	}
	x, err := d.drill(t.Context(), 300*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if p := d.state.Paused; p == nil || p.By != "user:bob" || !strings.Contains(x.notResumed, "paused by somebody else since: on call") {
		t.Errorf("paused %+v, not resumed because %q", d.state.Paused, x.notResumed)
	}
}

func TestADrillDoesNotBeginWhereSomebodyHasPausedInTheMeantime(t *testing.T) {
	d := newDesk(t)
	d.state.Paused = &plan.Pause{Reason: "on call", By: "user:bob"}
	_, err := d.drill(t.Context(), time.Minute)
	if err == nil || !strings.Contains(err.Error(), "nothing was halted: refused: it is paused already: on call") {
		t.Errorf("%v", err)
	}
	if p := d.state.Paused; p == nil || p.By != "user:bob" {
		t.Errorf("%+v", p)
	}
}

func TestWhatStirs(t *testing.T) {
	roller := func(held bool, updated int) plan.Cluster {
		return plan.Cluster{Name: "d1", Replicas: 6, Updated: updated, Held: held, Next: -1, Mark: plan.Mark{Release: "r"}}
	}
	ratchet := plan.Cluster{Name: "k1", Replicas: 3, Next: 1, Ratchet: true, Mark: plan.Mark{Release: "r"}}
	snap := func(lost string, c ...plan.Cluster) *web.Snapshot {
		return &web.Snapshot{Planes: []web.Plane{{Name: "aws", Lost: lost, Clusters: c}}}
	}
	for _, tt := range []struct {
		name       string
		still, now *web.Snapshot
		want       string
	}{
		{"a ratchet never moves by itself", nil, snap("", ratchet), ""},
		{"what rolls by itself moves until it is held", nil, snap("", roller(false, 2)), "d1 rolls by itself and is not held yet"},
		{"it is held", nil, snap("", roller(true, 2)), ""},
		{"it is held and a replica is replaced all the same", snap("", roller(true, 2)), snap("", roller(true, 3)), "d1 still replaces replicas"},
		{"it is held and stays so", snap("", roller(true, 2)), snap("", roller(true, 2)), ""},
		{"a data plane is out of sight", nil, snap("no answer", ratchet), "data plane aws is out of sight: no answer"},
	} {
		if got := stirs(tt.still, tt.now, ""); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
