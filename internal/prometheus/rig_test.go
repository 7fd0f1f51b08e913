package prometheus

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"
)

// rig is a real Prometheus and a real Alertmanager. Prometheus reads the gauges
// that the test sets, once in a second, and asks for a password.
type rig struct {
	t             *testing.T
	dir           string
	metrics       *gauges
	webhook       *relay
	prometheus    *program
	alertmanager  *program
	prometheusURL string
	alertURL      string
}

const (
	rigUser, rigPassword, rigToken = "wavegate", "correct-horse", "token-of-the-webhook"

	howToGetThem = "SKIPPED: the suite against the real Prometheus and Alertmanager did not run, because %s is not in PATH. " +
		"Get both with: apt-get install prometheus prometheus-alertmanager, or from https://prometheus.io/download/"
)

// newRig starts both programs and waits until they answer.
func newRig(t *testing.T) *rig {
	t.Helper()
	prometheus, alertmanager := lookFor(t, "prometheus"), lookFor(t, "prometheus-alertmanager", "alertmanager")
	r := &rig{t: t, dir: t.TempDir(), metrics: &gauges{}, webhook: &relay{}}
	exporter, hook := httptest.NewServer(r.metrics), httptest.NewServer(r.webhook)
	t.Cleanup(exporter.Close)
	t.Cleanup(hook.Close)
	hash, err := bcrypt.GenerateFromPassword([]byte(rigPassword), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	at, am := freeAddress(t), freeAddress(t)
	r.prometheusURL, r.alertURL = "http://"+at, "http://"+am
	r.write("web.yml", fmt.Sprintf("basic_auth_users: {%s: %q}\n", rigUser, hash))
	r.write("alertmanager.yml", fmt.Sprintf(`
route: {receiver: wavegate, group_by: ['...'], group_wait: 0s, group_interval: 1s}
receivers:
- name: wavegate
  webhook_configs: [{url: %q, http_config: {authorization: {credentials: %q}}}]
inhibit_rules:
- {source_matchers: ['alertname="RegionDown"'], target_matchers: ['alertname="KafkaLatencyHigh"']}
`, hook.URL, rigToken))
	r.write("rules.yml", `
groups:
- name: kafka
  interval: 1s
  rules:
  - {alert: KafkaLatencyHigh, expr: kafka_latency > 1, for: 1s}
  - {alert: KafkaUntouched, expr: kafka_latency > 1000}
  - {alert: KafkaBroken, expr: kafka_latency * on() kafka_latency}
  - {alert: RegionDown, expr: region_down > 0}
  - {alert: Watchdog, expr: vector(1)}
- name: lazy
  interval: 1h
  rules:
  - {alert: KafkaLazy, expr: kafka_latency > 1000}
`)
	r.write("prometheus.yml", fmt.Sprintf(`
global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s, external_labels: {region: eu}}
rule_files: [rules.yml]
alerting: {alertmanagers: [{static_configs: [{targets: [%q]}]}]}
scrape_configs: [{job_name: kafka, static_configs: [{targets: [%q]}]}]
`, am, strings.TrimPrefix(exporter.URL, "http://")))
	r.alertmanager = r.program(alertmanager, "--config.file=alertmanager.yml", "--storage.path=silences",
		"--web.listen-address="+am, "--cluster.listen-address=")
	r.prometheus = r.program(prometheus, "--config.file=prometheus.yml", "--storage.tsdb.path=metrics",
		"--web.listen-address="+at, "--web.config.file=web.yml", "--rules.alert.resend-delay=1s")
	r.alertmanager.start()
	r.prometheus.start()
	r.await("Alertmanager is ready", func() bool { return r.read(r.alertURL+"/-/ready") != "" })
	r.await("Prometheus is ready", func() bool { return r.read(r.prometheusURL+"/-/ready") != "" })
	return r
}

func lookFor(t *testing.T, names ...string) string {
	t.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skipf(howToGetThem, names[0])
	return ""
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func (r *rig) write(name, content string) string {
	r.t.Helper()
	path := filepath.Join(r.dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		r.t.Fatal(err)
	}
	return path
}

// read returns what an address answers, or "".
func (r *rig) read(address string) string {
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, address, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	req.SetBasicAuth(rigUser, rigPassword)
	return r.do(req)
}

func (r *rig) do(req *http.Request) string {
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return ""
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		return ""
	}
	return string(body)
}

// patience is how long a machine that does much else may take for what takes a
// second or two: to await is no measurement.
const patience = 90 * time.Second

// await waits until something holds. What it is told to await is a whole
// sentence.
func (r *rig) await(sentence string, holds func() bool) {
	r.t.Helper()
	deadline := time.After(patience)
	for !holds() {
		select {
		case <-deadline:
			r.t.Fatalf("it never came to this: %s\n%s\n%s", sentence, r.prometheus.tail(), r.alertmanager.tail())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// program is one of the real programs.
type program struct {
	t    *testing.T
	name string
	args []string
	dir  string
	cmd  *exec.Cmd
	log  *lockedBuffer
}

func (r *rig) program(name string, args ...string) *program {
	p := &program{t: r.t, name: name, args: args, dir: r.dir, log: &lockedBuffer{}}
	r.t.Cleanup(p.kill)
	return p
}

func (p *program) start() {
	p.t.Helper()
	p.cmd = exec.Command(p.name, p.args...)
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = p.dir, p.log, p.log
	if err := p.cmd.Start(); err != nil {
		p.t.Fatalf("start %s: %v", p.name, err)
	}
}

// kill ends the program as a power cut would.
func (p *program) kill() {
	if p.cmd == nil {
		return
	}
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.t.Errorf("kill %s: %v", p.name, err)
	}
	_ = p.cmd.Wait() // it says that it was killed
	p.cmd = nil
}

func (p *program) tail() string {
	text := p.log.String()
	return p.name + " said last: ..." + text[max(0, len(text)-2000):]
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// gauges are what the clusters measure.
type gauges struct {
	mu     sync.Mutex
	values map[string]float64
}

func (g *gauges) set(series string, value float64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.values == nil {
		g.values = map[string]float64{}
	}
	g.values[series] = value
}

func (g *gauges) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	w.Header().Set("Content-Type", "text/plain; version=0.0.4")
	for _, series := range slices.Sorted(maps.Keys(g.values)) {
		_, _ = fmt.Fprintf(w, "%s %g\n", series, g.values[series])
	}
}

// relay passes webhooks on to a handler that comes later.
type relay struct {
	mu   sync.Mutex
	next http.Handler
}

func (r *relay) to(next http.Handler) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.next = next
}

func (r *relay) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	next := r.next
	r.mu.Unlock()
	if next == nil {
		http.Error(w, "nobody listens yet", http.StatusServiceUnavailable)
		return
	}
	next.ServeHTTP(w, req)
}
