package simfleet

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// victim is the environment variable that makes the test binary the process
// that is killed.
const victim = "SIMFLEET_VICTIM"

func TestMain(m *testing.M) {
	if dir := os.Getenv(victim); dir != "" {
		work(dir)
	}
	os.Exit(m.Run())
}

// work changes a fleet for ever and says so after each change.
func work(dir string) {
	f, err := Open(Config{Now: time.Now, Path: dir, SnapshotEvery: 50})
	if err == nil && f.Len() == 0 {
		err = f.Add(testMember("a", 3, false))
	}
	for i := 0; err == nil; i++ {
		f.mu.Lock()
		a := plan.Action{
			Kind: plan.Note, Cluster: "a", Product: "kafka", DataPlane: "p", Expect: f.clusters["a"].revision(),
			Mark: plan.Mark{Failed: fmt.Sprintf("%d-%d", os.Getpid(), i)},
		}
		f.mu.Unlock()
		if err = f.DataPlanes()[0].Act(bg, a); err == nil {
			_, err = fmt.Println(a.Mark.Failed)
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func TestAProcessThatIsKilledLosesNoAcknowledgedChange(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for round := range 5 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), victim+"="+dir)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.StdoutPipe()
		must(t, err)
		must(t, cmd.Start())
		lines := bufio.NewScanner(out)
		last := ""
		for n := 0; n < 40+37*round && lines.Scan(); n++ {
			last = lines.Text()
		}
		must(t, cmd.Process.Kill())
		for lines.Scan() {
			last = lines.Text() // it was acknowledged before the end
		}
		if err := cmd.Wait(); err == nil || last == "" || stderr.Len() > 0 {
			t.Fatalf("round %d: it ended by itself: %v, %s", round, err, stderr.String())
		}
		f, err := Open(Config{Now: time.Now, Path: dir, SnapshotEvery: 50})
		must(t, err)
		got := f.clusters["a"].mark.Failed
		must(t, f.Close())
		var pid, acked, found int
		if _, err := fmt.Sscanf(last, "%d-%d", &pid, &acked); err != nil {
			t.Fatal(err)
		}
		if _, err := fmt.Sscanf(got, fmt.Sprintf("%d-%%d", pid), &found); err != nil {
			t.Fatalf("round %d: the mark is %q, acknowledged was %q", round, got, last)
		}
		// One more may have been written and not yet acknowledged.
		if found < acked || found > acked+1 {
			t.Fatalf("round %d: change %d is found, %d was acknowledged", round, found, acked)
		}
	}
}

func TestReplicasThatWereRestartingAreFoundAsTheyWouldBe(t *testing.T) {
	c := newClock()
	dir := t.TempDir()
	f := openTest(t, c, dir)
	populate(t, f)
	must(t, f.Crash("b", 4))
	must(t, f.SetVersion("d", fleet.Version{Tag: "2"}))
	kill(t, f)
	c.add(time.Hour)
	f = openTest(t, c, dir)
	h := hands{t, f, c}
	if c := h.see("b"); c.Ready != 5 || !c.ReadySince.Before(h.clock.now().Add(-50*time.Minute)) {
		t.Fatalf("b has %d ready since %v; want 5, since shortly after its crash", c.Ready, c.ReadySince)
	}
	if got := h.versions("d"); got != "2 2 2 2" {
		t.Fatalf("d runs %q; want it to have rolled", got)
	}
	must(t, f.Close())
}

func TestACursorOfAnEarlierProcessBringsEverything(t *testing.T) {
	c := newClock()
	dir := t.TempDir()
	f := openTest(t, c, dir)
	populate(t, f)
	products := []fleet.Product{product("kafka")}
	obs, err := f.DataPlanes()[0].Observe(bg, products, "")
	must(t, err)
	kill(t, f)
	f = openTest(t, c, dir)
	obs, err = f.DataPlanes()[0].Observe(bg, products, obs.Cursor)
	must(t, err)
	if !obs.Full || len(obs.Clusters) != 4 {
		t.Fatalf("full %v, %d clusters; want all four", obs.Full, len(obs.Clusters))
	}
	must(t, f.Close())
	if _, err := f.DataPlanes()[0].Observe(bg, products, ""); err == nil {
		t.Error("a closed fleet can be observed")
	}
	must(t, f.Close())
}

func TestACrashBetweenTheSnapshotAndTheEmptyingOfTheLogRepeatsNothing(t *testing.T) {
	c := newClock()
	dir := t.TempDir()
	f := openTest(t, c, dir)
	populate(t, f)
	must(t, f.Crash("a", 0))
	log, err := os.ReadFile(filepath.Join(dir, logName))
	must(t, err)
	must(t, f.Close())
	must(t, os.WriteFile(filepath.Join(dir, logName), log, 0o644))
	f = openTest(t, c, dir)
	defer func() { must(t, f.Close()) }()
	touches, _, err := f.Touches()
	must(t, err)
	if len(touches) != 1 || f.clusters["a"].replicas[0].life != 2 {
		t.Fatalf("one crash of a-0 left %d touches and life %d", len(touches), f.clusters["a"].replicas[0].life)
	}
}

func TestFilesThatAreNotAsTheyShouldBe(t *testing.T) {
	write := func(name, text string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			must(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
		}
	}
	edit := func(name string, change func(string) string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			data, err := os.ReadFile(filepath.Join(dir, name))
			must(t, err)
			must(t, os.WriteFile(filepath.Join(dir, name), []byte(change(string(data))), 0o644))
		}
	}
	for _, c := range []struct {
		what   string
		damage func(*testing.T, string)
		want   string // part of the error; empty: it opens
	}{
		{"an unfinished last line was never acknowledged", edit(logName, func(s string) string { return s + `0123abcd {"seq":` }), ""},
		{"a half of the last line likewise", edit(logName, func(s string) string { return s[:len(s)-9] }), ""},
		{"a letter that has changed is damage", edit(logName, func(s string) string { return strings.Replace(s, `"crash"`, `"crush"`, 1) }), "fleet.log:2: the checksum does not fit"},
		{"a line that is missing is damage", edit(logName, func(s string) string { _, s, _ = strings.Cut(s, "\n"); return s }), "operation 2 follows 0"},
		{"a line without a checksum is damage", edit(logName, func(s string) string { return "hello\n" + s }), "fleet.log:1: the line has no checksum"},
		{"a snapshot that is cut short", edit(snapshotName, func(s string) string { return s[:len(s)/2] }), "damaged"},
		{"a snapshot of another format", edit(snapshotName, func(s string) string { return strings.Replace(s, `"format":1`, `"format":99`, 1) }), "format 99"},
		{"an empty snapshot", write(snapshotName, ""), "damaged"},
		{"another seed", edit(snapshotName, func(s string) string { return strings.Replace(s, `"seed":3`, `"seed":4`, 1) }), "another seed"},
	} {
		t.Run(c.what, func(t *testing.T) {
			clock := newClock()
			dir := t.TempDir()
			f, err := Open(Config{Seed: 3, Now: clock.now, Path: dir})
			must(t, err)
			populate(t, f)
			must(t, f.Crash("a", 0))
			must(t, f.Crash("b", 0))
			kill(t, f)
			c.damage(t, dir)
			f, err = Open(Config{Seed: 3, Now: clock.now, Path: dir})
			if c.want == "" {
				must(t, err)
				must(t, f.Crash("c", 0))
				kill(t, f)
				f, err = Open(Config{Seed: 3, Now: clock.now, Path: dir})
				must(t, err)
				if f.clusters["a"].replicas[0].life != 2 || f.clusters["c"].replicas[0].life != 2 {
					t.Error("an acknowledged crash is lost")
				}
				must(t, f.Close())
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("the error is %v; want it to say %q", err, c.want)
			}
		})
	}
}

func TestTwoProcessesCannotHaveOneFleet(t *testing.T) {
	c := newClock()
	dir := t.TempDir()
	f := openTest(t, c, dir)
	if _, err := Open(Config{Seed: 3, Now: c.now, Path: dir}); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Fatalf("opened twice: %v", err)
	}
	must(t, f.Close())
	must(t, openTest(t, c, dir).Close())
}

func TestADiskThatFailsTakesTheFleetOutOfService(t *testing.T) {
	c := newClock()
	f := openTest(t, c, t.TempDir())
	populate(t, f)
	must(t, f.store.log.Close()) // every write fails from here on
	if err := f.Crash("a", 0); err == nil || !strings.Contains(err.Error(), "write log") {
		t.Fatalf("a change that is not on disk is acknowledged: %v", err)
	}
	if _, err := f.DataPlanes()[0].Observe(bg, nil, ""); err == nil {
		t.Fatal("a fleet whose memory is ahead of its disk can be observed")
	}
	if _, err := f.Signals(bg, nil); err == nil {
		t.Fatal("its monitors answer")
	}
	must(t, unlockFile(f.store.lock))
}

func TestConfigurationsThatMakeNoSenseAreRefused(t *testing.T) {
	for what, cfg := range map[string]Config{
		"no clock":             {},
		"a negative alert":     {Now: time.Now, AlertAfter: -1},
		"a negative log":       {Now: time.Now, MaxTouches: -1},
		"a restart in no time": {Now: time.Now, Restart: map[string]Span{"kafka": {}}},
		"a span backwards":     {Now: time.Now, Restart: map[string]Span{"kafka": {Min: 2, Max: 1}}},
		"a path that is taken": {Now: time.Now, Path: os.Args[0]},
	} {
		if _, err := Open(cfg); err == nil {
			t.Errorf("%s is accepted", what)
		}
	}
}

func FuzzASnapshotIsReadOrRefused(f *testing.F) {
	c := newClock()
	seed := openTest(f, c, "")
	populate(f, seed)
	data, err := seed.dump(1)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(`{"format":1,"planes":[{"clusters":[{"replicas":[[9,0,0,0,0]],"surge":[-1,0,0,0]}]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		set, err := Config{Seed: 3, Now: c.now}.settings()
		if err != nil {
			t.Fatal(err)
		}
		g := openTest(t, newClock(), "")
		g.set = set
		if _, err := g.restore(data); err != nil {
			return
		}
		// What is accepted can be used.
		g.clock = 0
		lookAround(g)
	})
}

func FuzzALogLineIsReadOrRefused(f *testing.F) {
	f.Add([]byte("00000000 {}\n"))
	f.Add([]byte("hello\n"))
	f.Fuzz(func(t *testing.T, line []byte) {
		var o op
		if decodeLine(line, &o) != nil {
			return
		}
		g := openTest(t, newClock(), "")
		populate(t, g)
		if g.apply(&o) == nil {
			lookAround(g)
		}
	})
}
