package kube_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/gitsource"
	"github.com/wavegate-dev/wavegate/gitsource/gittest"
	"github.com/wavegate-dev/wavegate/internal/approver"
	"github.com/wavegate-dev/wavegate/internal/kube"
	"github.com/wavegate-dev/wavegate/internal/sqlite"
	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// service is Wavegate as it runs in earnest: git over HTTP, a ledger on disk, and
// the real control plane.
type service struct {
	t      *testing.T
	worlds []*world
	repo   *gittest.Repo
	ledger string
	edit   func(*kube.Config)

	store  *sqlite.Store
	r      *reconciler.Reconciler
	planes []*kube.Plane
	stop   context.CancelFunc
	done   chan struct{}
}

// quiet is a fleet without monitors: what is tested here is the data plane.
type quiet struct{}

func (quiet) Signals(context.Context, []fleet.Product) (plan.Signals, error) {
	return plan.Signals{}, nil
}

// newService has a fleet repository that wants 7.6.0.
func newService(t *testing.T, worlds ...*world) *service {
	t.Helper()
	s := &service{t: t, worlds: worlds, repo: gittest.New(t), ledger: filepath.Join(t.TempDir(), "ledger.db")}
	s.repo.Commit("fleet", gittest.Files{
		"fleet.yaml": doc("Fleet", "acme", "order: [prod]"),
		"kafka.yaml": doc("Product", "kafka", fmt.Sprintf(`
  image: registry.example.com/%s/kafka
  workload: {kind: StatefulSet, container: kafka, selector: {matchLabels: {app: kafka}}}
  versions: {downgrade: allow}
  progressDeadline: 10m
  settle: 100ms`, worlds[0].ns)),
		"prod.yaml": s.cohort("7.6.0"),
	})
	return s
}

func doc(kind, name, spec string) string {
	spec = strings.TrimPrefix(spec, "\n")
	if !strings.HasPrefix(spec, "  ") {
		spec = "  " + spec
	}
	return "apiVersion: wavegate.dev/v1alpha1\nkind: " + kind + "\nmetadata: {name: " + name + "}\nspec:\n" + spec + "\n"
}

func (s *service) cohort(version string) string {
	return doc("Cohort", "prod", `
  selector: {matchLabels: {tier: prod}}
  versions: {kafka: `+version+`}
  maxFailures: 0`)
}

func (s *service) merge(version string) {
	s.t.Helper()
	s.repo.Commit("kafka "+version, gittest.Files{"prod.yaml": s.cohort(version)})
}

// start begins to run, with what an earlier run left behind.
func (s *service) start() {
	s.t.Helper()
	log := slog.New(slog.DiscardHandler)
	if testing.Verbose() {
		log = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	source, err := gitsource.New(gitsource.Config{URL: s.repo.Dir, AllowFile: true})
	if err != nil {
		s.t.Fatal(err)
	}
	if s.store, err = sqlite.Open(s.t.Context(), sqlite.Config{Path: s.ledger, Access: sqlite.Own}); err != nil {
		s.t.Fatal(err)
	}
	s.planes = nil
	var list []reconciler.DataPlane
	for i, w := range s.worlds {
		cfg := kube.Config{Name: fmt.Sprintf("plane-%d", i), REST: w.config, Namespace: w.ns, Now: time.Now, Log: log}
		if s.edit != nil {
			s.edit(&cfg)
		}
		p, err := kube.New(cfg)
		if err != nil {
			s.t.Fatal(err)
		}
		s.planes = append(s.planes, p)
		list = append(list, p)
	}
	s.r, err = reconciler.New(reconciler.Config{
		Source: source, Loader: fleet.NewLoader(fleet.LoaderConfig{}), Approver: approver.Any{},
		DataPlanes: reconciler.These(list...), Monitors: quiet{}, Ledger: s.store,
		Now: time.Now, Interval: 250 * time.Millisecond, MaxGap: time.Minute, ObserveTimeout: 20 * time.Second, Log: log,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.stop, s.done = cancel, make(chan struct{})
	go func() {
		defer close(s.done)
		if err := s.r.Run(ctx); err != nil {
			s.t.Errorf("run: %v", err)
		}
	}()
	s.t.Cleanup(s.kill)
}

// kill ends the service between any two of its calls.
func (s *service) kill() {
	if s.stop == nil {
		return
	}
	s.stop()
	<-s.done
	for _, p := range s.planes {
		p.Close()
	}
	if err := s.store.Close(); err != nil {
		s.t.Error(err)
	}
	s.stop = nil
}

// lose deletes the ledger of a service that does not run.
func (s *service) lose() {
	s.t.Helper()
	files, err := filepath.Glob(s.ledger + "*")
	if err != nil || len(files) == 0 {
		s.t.Fatalf("find ledger: %v, %d files", err, len(files))
	}
	for _, f := range files {
		if err := os.Remove(f); err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *service) command(c plan.Command) {
	s.t.Helper()
	c.At, c.By = time.Now(), "ada"
	if _, err := s.store.Submit(s.t.Context(), c); err != nil {
		s.t.Fatal(err)
	}
	s.r.Wake()
}

// until waits for a cycle that is as wanted.
func (s *service) until(what string, holds func(*reconciler.Cycle) bool) {
	s.t.Helper()
	deadline := time.Now().Add(3 * time.Minute)
	for time.Now().Before(deadline) {
		found := false
		s.r.View(func(c *reconciler.Cycle) { found = holds(c) })
		if found {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	s.r.View(func(c *reconciler.Cycle) {
		s.t.Logf("problems: %v", c.Problems)
		for _, u := range c.Unacted {
			s.t.Logf("unacted: %v", u.Err)
		}
		for _, name := range c.Fleet.Names() {
			r, _ := c.Fleet.Find(name)
			s.t.Logf("%s: %s %s", name, c.Plan.Decision(r).Verdict, c.Plan.Reason(r))
		}
	})
	s.t.Fatalf("waited in vain until: %s", what)
}

// observed waits until the service has looked at its fleet and found n clusters.
func (s *service) observed(n int) {
	s.t.Helper()
	s.until(fmt.Sprintf("%d clusters are observed at rest", n), func(c *reconciler.Cycle) bool {
		return c.Fleet.Len() == n && all(c, func(x plan.Cluster) bool { return x.Unknown == "" && !x.ReadySince.IsZero() })
	})
}

// finished waits until all clusters run a version.
func (s *service) finished(version string) {
	s.t.Helper()
	s.until("all clusters run "+version, func(c *reconciler.Cycle) bool {
		for _, r := range c.Plan.Rollouts {
			if r.Phase != plan.PhaseFinished || r.Version.Tag != version {
				return false
			}
		}
		return all(c, func(x plan.Cluster) bool { return !x.InFlight() && x.Version.Tag == version })
	})
}

func all(c *reconciler.Cycle, holds func(plan.Cluster) bool) bool {
	for _, name := range c.Fleet.Names() {
		r, ok := c.Fleet.Find(name)
		if !ok || !holds(c.Fleet.Cluster(r)) {
			return false
		}
	}
	return c.Fleet.Len() > 0
}
