package metrics_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	fleetrepoexample "github.com/wavegate-dev/wavegate/fleet-repo-example"
	"github.com/wavegate-dev/wavegate/internal/metrics"
	"github.com/wavegate-dev/wavegate/internal/simfleet"
	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/admission"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// service is a loop over a modelled fleet, its metrics, and a server that
// Prometheus could ask.
type service struct {
	t        *testing.T
	now      time.Time
	fleet    *simfleet.Fleet
	repo     *repo
	ledger   *ledger
	loop     *reconciler.Reconciler
	counted  *metrics.Metrics
	address  string
	commands []plan.Command
}

// repo is the example repository, in which canary comes to run a newer kafka.
type repo struct {
	moved   bool
	refused bool
}

func (r *repo) Fetch(context.Context) (string, error) {
	if r.moved {
		return "next", nil
	}
	return "base", nil
}

func (r *repo) Log(_ context.Context, base, head string) ([]admission.Commit, error) {
	c := admission.Commit{SHA: head, Tree: "tree-" + head}
	if base != "" {
		c.Parents = []string{base}
	}
	return []admission.Commit{c}, nil
}

func (r *repo) Changes(context.Context, string, string) ([]admission.Change, error) {
	return []admission.Change{{Path: "cohorts/10-canary.yaml", Before: "a", After: "b"}}, nil
}

func (r *repo) Tree(_ context.Context, commit string) (fs.FS, error) {
	if commit == "base" {
		return fleetrepoexample.FS, nil
	}
	return movedFS{fleetrepoexample.FS}, nil
}

func (r *repo) Approve(_ context.Context, c admission.Commit, _ fleet.Approvals) (admission.Evidence, error) {
	if r.refused && c.SHA == "next" {
		return admission.Evidence{Verdict: admission.Refused, Reason: "nobody has approved it"}, nil
	}
	return admission.Evidence{Verdict: admission.Approved, Reason: "approved"}, nil
}

type ledger struct {
	s      *service
	events int
	broken error
}

func (l *ledger) Load(context.Context) (*plan.State, error) { return plan.NewState(), nil }

func (l *ledger) Record(_ context.Context, events []plan.Event) error {
	if l.broken == nil {
		l.events += len(events)
	}
	return l.broken
}

func (l *ledger) Commands(context.Context) ([]plan.Command, error) { return l.s.commands, nil }

func (l *ledger) Done(context.Context, []int64) error {
	l.s.commands = nil
	return nil
}

func serve(t *testing.T, n int) *service {
	t.Helper()
	s := &service{t: t, now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), repo: &repo{}}
	s.ledger = &ledger{s: s}
	var err error
	s.fleet, err = simfleet.Open(simfleet.Config{Seed: 1, Now: func() time.Time { return s.now }})
	if err != nil {
		t.Fatal(err)
	}
	members, err := simfleet.Generate(simfleet.Profile{Seed: 1, Clusters: n})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.fleet.Add(members...); err != nil {
		t.Fatal(err)
	}
	s.counted = metrics.New(metrics.Config{Version: "v1", Interval: 15 * time.Second, Viewer: func() metrics.Viewer {
		if s.loop == nil {
			return nil
		}
		return s.loop
	}})
	server := httptest.NewServer(s.counted.Handler())
	t.Cleanup(server.Close)
	s.address = server.URL
	return s
}

// start makes the loop.
func (s *service) start() {
	s.t.Helper()
	var err error
	s.loop, err = reconciler.New(reconciler.Config{
		Source: s.repo, Loader: fleet.NewLoader(fleet.LoaderConfig{}), Approver: s.repo, DataPlanes: reconciler.These(s.fleet.DataPlanes()...),
		Monitors: s.fleet, Ledger: s.counted.Ledger(s.ledger), Reporters: []reconciler.Reporter{s.counted}, Now: func() time.Time { return s.now },
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// run lets cycles pass, half a minute apart.
func (s *service) run(cycles int) {
	s.t.Helper()
	for range cycles {
		s.now = s.now.Add(30 * time.Second)
		if _, err := s.loop.RunOnce(s.t.Context()); err != nil {
			s.t.Fatal(err)
		}
	}
}

// scrape asks as Prometheus does.
func (s *service) scrape() (string, map[string]*dto.MetricFamily) {
	s.t.Helper()
	res, err := http.Get(s.address)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		s.t.Fatalf("status %d, %v: %s", res.StatusCode, err, text)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(string(text)))
	if err != nil {
		s.t.Fatal(err)
	}
	return string(text), families
}

// sum adds up the series of a metric that have these labels, given as name=value.
func (s *service) sum(name string, labels ...string) float64 {
	s.t.Helper()
	_, families := s.scrape()
	family := families[name]
	if family == nil {
		s.t.Fatalf("there is no metric %s; there are %v", name, slices.Sorted(maps.Keys(families)))
	}
	total := 0.0
	for _, m := range family.Metric {
		has := map[string]bool{}
		for _, l := range m.Label {
			has[l.GetName()+"="+l.GetValue()] = true
		}
		if slices.ContainsFunc(labels, func(l string) bool { return !has[l] }) {
			continue
		}
		total += m.Gauge.GetValue() + m.Counter.GetValue() + float64(m.Histogram.GetSampleCount())
	}
	return total
}

func (s *service) want(value float64, name string, labels ...string) {
	s.t.Helper()
	if got := s.sum(name, labels...); got != value {
		s.t.Errorf("%s%v is %v, want %v", name, labels, got, value)
	}
}

func (s *service) wantSome(name string, labels ...string) {
	s.t.Helper()
	if got := s.sum(name, labels...); got <= 0 {
		s.t.Errorf("%s%v is %v, want more than 0", name, labels, got)
	}
}

func TestARelease(t *testing.T) {
	s := serve(t, 240)
	s.want(0, "wavegate_last_cycle_timestamp_seconds")
	s.start()
	s.want(0, "wavegate_last_cycle_timestamp_seconds")
	s.want(0, "wavegate_cycles_total")
	s.run(3)

	s.want(3, "wavegate_cycles_total")
	s.want(3, "wavegate_cycle_duration_seconds")
	s.want(float64(s.now.Unix()), "wavegate_last_cycle_timestamp_seconds")
	s.want(15, "wavegate_cycle_interval_seconds")
	s.want(1, "wavegate_build_info", "version=v1")
	s.want(240, "wavegate_clusters")
	s.want(240, "wavegate_clusters", "verdict=current", "gate=")
	s.want(0, "wavegate_clusters_in_flight")
	s.want(0, "wavegate_clusters_unknown")
	s.want(6, "wavegate_data_plane_up")
	s.want(0, "wavegate_actions_total")
	s.want(0, "wavegate_admission_frozen")
	s.want(0, "wavegate_paused")

	s.repo.moved = true
	s.run(8)
	s.wantSome("wavegate_clusters", "product=kafka", "cohort=canary", "verdict=waiting", "gate=wave open")
	s.wantSome("wavegate_clusters_in_flight", "product=kafka", "cohort=canary")
	s.wantSome("wavegate_actions_total", "kind=start", "result=done")
	s.wantSome("wavegate_actions_total", "kind=step", "result=done")
	s.want(s.sum("wavegate_actions_total", "kind=step", "result=done"), "wavegate_replica_steps_total", "product=kafka")
	s.want(1, "wavegate_rollout_phase", "product=kafka", "cohort=canary", "phase=rolling")
	s.want(0, "wavegate_rollout_failures", "product=kafka", "cohort=canary")
	s.want(240, "wavegate_clusters")
}

func TestWhatAnAlertRuleLooksFor(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func(*testing.T, *service)
		want map[string]float64 // metric, then labels
	}{
		{"a data plane is out of reach", func(t *testing.T, s *service) {
			if err := s.fleet.Unreachable("aws-us-east-1", time.Hour, "the network is down"); err != nil {
				t.Fatal(err)
			}
		}, map[string]float64{"wavegate_data_plane_up": 5, "wavegate_data_plane_up data_plane=aws-us-east-1": 0, "wavegate_last_cycle_problems": 1}},
		{"a monitor is blind", func(t *testing.T, s *service) {
			if err := s.fleet.BlindMonitor("kafka", "under-replicated", "muted"); err != nil {
				t.Fatal(err)
			}
		}, map[string]float64{"wavegate_monitor_up product=kafka monitor=under-replicated": 0}},
		{"a monitor fires", func(t *testing.T, s *service) {
			_, cluster := s.aKafka()
			if err := s.fleet.Alert(cluster, "under-replicated", time.Hour); err != nil {
				t.Fatal(err)
			}
		}, map[string]float64{"wavegate_alerts_firing product=kafka monitor=under-replicated": 1, "wavegate_monitor_up product=kafka monitor=under-replicated": 1}},
		{
			"a commit is refused", func(_ *testing.T, s *service) { s.repo.moved, s.repo.refused = true, true },
			map[string]float64{"wavegate_admission_frozen": 1},
		},
		{"the ledger cannot be written", func(_ *testing.T, s *service) {
			s.ledger.broken = errors.New("disk full")
			s.repo.moved = true
		}, map[string]float64{"wavegate_ledger_errors_total operation=record": 2, "wavegate_ledger_errors_total operation=commands": 0}},
		{"everything is paused", func(_ *testing.T, s *service) {
			s.commands = []plan.Command{{ID: 1, At: s.now, Kind: plan.CommandPause, By: "user:ada"}}
		}, map[string]float64{"wavegate_paused": 1}},
		{"somebody changes a version", func(t *testing.T, s *service) {
			_, cluster := s.aKafka()
			if err := s.fleet.SetVersion(cluster, fleet.Version{Tag: "7.9.9"}); err != nil {
				t.Fatal(err)
			}
		}, map[string]float64{"wavegate_clusters_drifted kind=changed by hand": 1}},
		{"a cluster cannot be told", func(t *testing.T, s *service) {
			_, cluster := s.aKafka()
			if err := s.fleet.Obscure(cluster, "its StatefulSet is gone"); err != nil {
				t.Fatal(err)
			}
		}, map[string]float64{"wavegate_clusters_unknown product=kafka": 1, "wavegate_clusters_unknown": 1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := serve(t, 60)
			s.start()
			s.run(3)
			tt.do(t, s)
			s.run(1)
			for key, value := range tt.want {
				name, labels, _ := strings.Cut(key, " ")
				s.want(value, name, splitLabels(labels)...)
			}
		})
	}
}

// splitLabels splits "a=b c d=e" into a=b c and d=e: values may have spaces.
func splitLabels(text string) (out []string) {
	for _, word := range strings.Fields(text) {
		if strings.Contains(word, "=") || len(out) == 0 {
			out = append(out, word)
		} else {
			out[len(out)-1] += " " + word
		}
	}
	return out
}

// aKafka returns a kafka cluster.
func (s *service) aKafka() (plane, cluster string) {
	s.loop.View(func(c *reconciler.Cycle) {
		for _, name := range c.Fleet.Names() {
			row, _ := c.Fleet.Find(name)
			if k := c.Fleet.Cluster(row); k.Product == "kafka" {
				plane, cluster = k.DataPlane, name
			}
		}
	})
	return plane, cluster
}

// TestThePrometheusLinterIsContent: names and units follow Prometheus's conventions.
func TestThePrometheusLinterIsContent(t *testing.T) {
	s := serve(t, 60)
	s.start()
	s.run(3)
	text, _ := s.scrape()
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "wavegate_") {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
}

// TestTheNumberOfSeriesDoesNotGrowWithTheFleet: a hundred times the clusters are a
// few series more, of cohorts that were empty, and none of their own.
func TestTheNumberOfSeriesDoesNotGrowWithTheFleet(t *testing.T) {
	series := func(n int) (count int) {
		s := serve(t, n)
		s.start()
		s.run(3)
		_, families := s.scrape()
		for name, f := range families {
			if strings.HasPrefix(name, "wavegate_") {
				count += len(f.Metric)
			}
		}
		return count
	}
	if few, many := series(240), series(24_000); many > few {
		t.Errorf("%d series for 240 clusters, %d for 24,000", few, many)
	}
}

func ExampleMetrics_Handler() {
	m := metrics.New(metrics.Config{Version: "v1", Interval: 15 * time.Second, Viewer: func() metrics.Viewer { return nil }})
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for line := range strings.Lines(w.Body.String()) {
		if strings.HasPrefix(line, "wavegate_cycle_interval") {
			fmt.Print(line)
		}
	}
	// Output: wavegate_cycle_interval_seconds 15
}

// TestTheAlertsAskForMetricsThatThereAre: the rules of the chart.
func TestTheAlertsAskForMetricsThatThereAre(t *testing.T) {
	rules, err := os.ReadFile("../../charts/wavegate/files/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, 60)
	s.start()
	s.run(3)
	_, families := s.scrape()
	names := regexp.MustCompile(`wavegate_[a-z_]+`).FindAllString(string(rules), -1)
	if len(names) < 8 {
		t.Fatalf("only %d metrics in the rules", len(names))
	}
	for _, name := range names {
		if families[name] == nil {
			t.Errorf("there is no %s", name)
		}
	}
}
