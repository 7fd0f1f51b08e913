package reconciler_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/wavegate-dev/wavegate/internal/simfleet"
	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/admission"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
	"github.com/wavegate-dev/wavegate/reconciler/report"
)

var update = flag.Bool("update", false, "write what the stories say now into their files")

// TestStories plays the stories of testdata: a fleet repository, clusters, and a
// script that lets commits, faults and time happen. What the loop does is
// compared with the file's last part.
func TestStories(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s := newStory(t, archive)
			got := s.play(string(s.file("script")))
			if *update {
				s.setFile("want", got)
				if err := os.WriteFile(file, txtar.Format(s.archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if want := string(s.file("want")); got != want {
				t.Errorf("the story went differently; -update writes it down\n--- got\n%s--- want\n%s", got, want)
			}
		})
	}
}

// story is a loop over a modelled fleet, a scripted repository and a ledger that
// survives crashes of the loop.
type story struct {
	t       *testing.T
	archive *txtar.Archive
	now     time.Time
	fleet   *simfleet.Fleet
	repo    *scriptedRepo
	ledger  *memoryLedger
	lost    []*memoryLedger
	brake   handBrake
	loop    *reconciler.Reconciler
	cycle   *reconciler.Cycle
	first   string // the commit to begin with
	out     bytes.Buffer
}

func storyOf(t *testing.T, file string) *story {
	t.Helper()
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return newStory(t, archive)
}

func newStory(t *testing.T, archive *txtar.Archive) *story {
	t.Helper()
	s := &story{t: t, archive: archive, now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), ledger: newMemoryLedger()}
	minute := simfleet.Span{Min: time.Minute, Max: time.Minute}
	var err error
	s.fleet, err = simfleet.Open(simfleet.Config{
		Seed: 1, Now: func() time.Time { return s.now },
		Restart: map[string]simfleet.Span{"kafka": minute, "connect": minute},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.fleet.Close() })
	for _, line := range strings.Split(strings.TrimSpace(string(s.file("clusters"))), "\n") {
		if err := s.fleet.Add(member(t, line)); err != nil {
			t.Fatal(err)
		}
	}
	s.repo = newScriptedRepo(t, archive)
	s.start()
	return s
}

// member reads a cluster: name product plane version replicas label=value...
func member(t *testing.T, line string) simfleet.Member {
	t.Helper()
	f := strings.Fields(line)
	if len(f) < 5 {
		t.Fatalf("cluster %q: want name product plane version replicas labels", line)
	}
	n, err := strconv.Atoi(f[4])
	if err != nil {
		t.Fatal(err)
	}
	m := simfleet.Member{
		Name: f[0], Product: f[1], DataPlane: f[2], Version: fleet.Version{Tag: f[3]}, Replicas: n,
		Labels: map[string]string{}, Deployment: f[1] == "connect",
	}
	for _, l := range f[5:] {
		k, v, _ := strings.Cut(l, "=")
		m.Labels[k] = v
	}
	return m
}

func (s *story) file(name string) []byte {
	for _, f := range s.archive.Files {
		if f.Name == name {
			return f.Data
		}
	}
	return nil
}

func (s *story) setFile(name, data string) {
	for i := range s.archive.Files {
		if s.archive.Files[i].Name == name {
			s.archive.Files[i].Data = []byte(data)
			return
		}
	}
	s.archive.Files = append(s.archive.Files, txtar.File{Name: name, Data: []byte(data)})
}

// start begins a new loop over what survived.
func (s *story) start() {
	s.t.Helper()
	loop, err := reconciler.New(reconciler.Config{
		Source: s.repo, Loader: fleet.NewLoader(fleet.LoaderConfig{}), Approver: s.repo,
		DataPlanes: reconciler.These(s.fleet.DataPlanes()...), Monitors: s.fleet, Ledger: s.ledger, Brake: &s.brake,
		Now: func() time.Time { return s.now }, Interval: time.Minute, MaxGap: time.Hour, FirstCommit: s.first,
		FetchPatience: time.Minute, ObserveTimeout: time.Minute,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.loop = loop
}

func (s *story) play(script string) string {
	s.t.Helper()
	for n, line := range strings.Split(strings.TrimSpace(script), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		fmt.Fprintf(&s.out, "> %s\n", line)
		if err := s.do(strings.Fields(line)); err != nil {
			s.t.Fatalf("script line %d: %s: %v", n+1, line, err)
		}
	}
	return s.out.String()
}

func (s *story) do(f []string) error {
	arg := func(i int) string {
		if i < len(f) {
			return f[i]
		}
		return ""
	}
	switch f[0] {
	case "commit": // commit ID [refused|unknown] file: then files/ID/...
		return s.repo.commit(arg(1), arg(2))
	case "approve":
		s.repo.verdicts[arg(1)] = admission.Approved
		return nil
	case "refuse":
		s.repo.verdicts[arg(1)] = admission.Refused
		return nil
	case "first-commit": // whoever runs the service names ID as the commit to begin with
		s.first = arg(1)
		s.start()
		return nil
	case "doubt": // nobody can say any more whether it is approved
		s.repo.verdicts[arg(1)] = admission.Unknown
		return nil
	case "rewrite": // the branch is forced to a new history that begins with ID
		return s.repo.rewrite(arg(1))
	case "run":
		d, err := time.ParseDuration(arg(1))
		if err != nil {
			return err
		}
		return s.run(d)
	case "alert":
		d, err := time.ParseDuration(arg(3))
		if err != nil {
			return err
		}
		return s.fleet.Alert(arg(1), arg(2), d)
	case "blind":
		return s.fleet.BlindMonitor("kafka", arg(1), "deleted")
	case "blind-to":
		return s.fleet.BlindTo(arg(1), arg(2), "no data")
	case "see":
		return s.fleet.SeeMonitor("kafka", arg(1))
	case "spoil":
		return s.fleet.Spoil(simfleet.BadVersion{Product: "kafka", Version: fleet.Version{Tag: arg(1)}, Effect: simfleet.NeverReady, Share: 1})
	case "unreachable":
		d, err := time.ParseDuration(arg(2))
		if err != nil {
			return err
		}
		return s.fleet.Unreachable(arg(1), d, "connection refused")
	case "by-hand":
		return s.fleet.SetVersion(arg(1), fleet.Version{Tag: arg(2)})
	case "remove":
		return s.fleet.Remove(arg(1))
	case "add":
		return s.fleet.Add(member(s.t, strings.Join(f[1:], " ")))
	case "pause", "resume", "retry", "skip":
		s.command(plan.CommandKind(f[0]), arg(1))
		return nil
	case "crash":
		s.start()
		return nil
	case "lose-ledger":
		s.lost = append(s.lost, s.ledger)
		s.ledger = newMemoryLedger()
		s.start()
		return nil
	case "break-disk":
		s.ledger.broken = errors.New("no space left on device")
		return nil
	case "pull": // the brake: pull once|lasting REASON
		s.brake.pull = &reconciler.Pull{Reason: strings.Join(f[2:], " "), Via: plan.ViaSignal}
		if arg(1) == "lasting" {
			s.brake.pull.Via, s.brake.pull.Lasts = plan.ViaFile, "the file is there"
		}
		return nil
	case "let-go":
		s.brake.pull = nil
		return nil
	case "mend-disk":
		s.ledger.broken = nil
		return nil
	case "show":
		s.show()
		return nil
	case "explain":
		return s.explain(arg(1))
	case "touched":
		return s.touched()
	default:
		return fmt.Errorf("unknown word %q", f[0])
	}
}

func (s *story) command(kind plan.CommandKind, object string) {
	c := plan.Command{At: s.now, Kind: kind, By: "user:ada"}
	if kind == plan.CommandRetry || kind == plan.CommandSkip {
		c.Cluster = object
	} else {
		c.Release = object
	}
	s.ledger.submit(c)
}

// run lets time pass in cycles of half a minute and writes down what happens.
func (s *story) run(d time.Duration) error {
	for end := s.now.Add(d); s.now.Before(end); {
		s.now = s.now.Add(30 * time.Second)
		c, err := s.loop.RunOnce(context.Background())
		if err != nil {
			return err
		}
		s.cycle = c
		s.tell(c)
		s.compare(c)
	}
	return nil
}

// compare checks that whoever looks from outside sees what the cycle saw.
func (s *story) compare(c *reconciler.Cycle) {
	s.t.Helper()
	s.loop.View(func(seen *reconciler.Cycle) {
		if seen.Number != c.Number || !slices.Equal(seen.Fleet.Names(), c.Fleet.Names()) {
			s.t.Errorf("cycle %d: cycle %d with the clusters %v is seen", c.Number, seen.Number, seen.Fleet.Names())
			return
		}
		for _, name := range c.Fleet.Names() {
			row, _ := c.Fleet.Find(name)
			other, _ := seen.Fleet.Find(name)
			if a, b := seen.Fleet.Cluster(other), c.Fleet.Cluster(row); !reflect.DeepEqual(a, b) {
				s.t.Errorf("cycle %d: cluster %s is seen as\n%+v, it is\n%+v", c.Number, name, a, b)
			}
			a, b := seen.Plan.Decision(other), c.Plan.Decision(row)
			a.Arg, b.Arg = 0, 0 // which alert or window: a number of the plan's own
			if a != b {
				s.t.Errorf("cycle %d: what is decided for %s is seen as %+v, it is %+v", c.Number, name, a, b)
			}
		}
		if !reflect.DeepEqual(seen.Plan.Rollouts, c.Plan.Rollouts) || seen.Plan.Totals != c.Plan.Totals {
			s.t.Errorf("cycle %d: the rollouts are seen as\n%+v, they are\n%+v", c.Number, seen.Plan.Rollouts, c.Plan.Rollouts)
		}
	})
}

// tell writes the events of a cycle that a person would want to hear of.
func (s *story) tell(c *reconciler.Cycle) {
	for i := range c.Events {
		e := &c.Events[i]
		switch e.Kind {
		case plan.CommandRefused, plan.SoakCredited, plan.DurationLearnt, plan.BaselineConfirmed, plan.DataPlaneSeen, plan.Decided, plan.TargetSet:
			continue
		default:
		}
		who := e.Cluster
		if who == "" {
			who = e.Cohort
		}
		text := strings.TrimSpace(who + " " + report.What(e))
		if e.Reason != "" {
			text += ": " + e.Reason
		}
		fmt.Fprintf(&s.out, "  %s %s\n", e.At.Format("15:04:05"), text)
	}
	for _, p := range c.Problems {
		fmt.Fprintf(&s.out, "  %s problem: %s\n", c.At.Format("15:04:05"), p)
	}
	for _, id := range slices.Sorted(mapKeys(c.Refused)) {
		fmt.Fprintf(&s.out, "  %s refused: %s\n", c.At.Format("15:04:05"), c.Refused[id])
	}
}

func mapKeys(m map[int64]string) func(func(int64) bool) {
	return func(yield func(int64) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func (s *story) input() report.Input {
	return report.Input{Now: s.cycle.At, Plan: s.cycle.Plan, State: s.cycle.State, Fleet: s.cycle.Fleet, FleetName: "acme"}
}

// show writes how the clusters stand.
func (s *story) show() {
	for _, r := range s.cycle.Plan.Rollouts {
		if r.Release != "" {
			fmt.Fprintf(&s.out, "  %s %s %s: %s", r.Cohort, r.Product, r.Version, r.Phase)
			if r.Reason != "" {
				fmt.Fprintf(&s.out, " (%s)", r.Reason)
			}
			s.out.WriteByte('\n')
		}
	}
	for _, name := range s.cycle.Fleet.Names() {
		row, _ := s.cycle.Fleet.Find(name)
		l := report.NewLine(s.input(), row)
		fmt.Fprintf(&s.out, "  %s %s %s", l.Cluster, l.Version, l.Verdict)
		if l.Target != "" {
			fmt.Fprintf(&s.out, ", %d/%d on %s", l.Updated, l.Replicas, l.Target)
		}
		if l.Reason != "" {
			fmt.Fprintf(&s.out, " (%s)", l.Reason)
		}
		s.out.WriteByte('\n')
	}
}

func (s *story) explain(cluster string) error {
	x, err := report.NewExplanation(s.input(), cluster)
	if err != nil {
		return err
	}
	for _, line := range strings.Split(strings.TrimRight(x.Text(nil), "\n"), "\n") {
		fmt.Fprintf(&s.out, "  %s\n", line)
	}
	return nil
}

// touched writes which replicas were replaced by the loop, by cluster.
func (s *story) touched() error {
	touches, _, err := s.fleet.Touches()
	if err != nil {
		return err
	}
	by := map[string][]string{}
	for _, x := range touches {
		if x.Cause == simfleet.ByUpgrade {
			by[x.Cluster] = append(by[x.Cluster], fmt.Sprintf("%d→%s", x.Ordinal, x.To))
		}
	}
	for _, name := range s.cycle.Fleet.Names() {
		if len(by[name]) > 0 {
			fmt.Fprintf(&s.out, "  %s %s\n", name, strings.Join(by[name], " "))
		}
	}
	return nil
}
