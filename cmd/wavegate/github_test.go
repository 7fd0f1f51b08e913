package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/internal/githubtest"
	"github.com/wavegate-dev/wavegate/reconciler/report"
)

const githubFleet = `apiVersion: wavegate.dev/v1alpha1
kind: Fleet
metadata: {name: acme}
spec:
  order: [canary, internal]
  approvals: {required: 1}
---
apiVersion: wavegate.dev/v1alpha1
kind: Product
metadata: {name: kafka}
spec: {image: registry.example.com/kafka, workload: {kind: StatefulSet}, settle: 1s}
---
apiVersion: wavegate.dev/v1alpha1
kind: Cohort
metadata: {name: canary}
spec:
  selector: {matchLabels: {tier: canary}}
  versions: {kafka: 7.6.0}
---
apiVersion: wavegate.dev/v1alpha1
kind: Cohort
metadata: {name: internal}
spec:
  selector: {matchLabels: {tier: internal}}
  versions: {kafka: 7.6.0}
`

// hub is a GitHub-compatible server over a real git repository, with a fleet in
// it, and the real binary.
type hub struct {
	*githubtest.Server
	t          testing.TB
	bin, state string
	args       []string
}

const hubRepo = "acme/fleet"

func newHub(t testing.TB, app bool) *hub {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed: install it with the package manager of this machine")
	}
	dir := t.TempDir()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	var past atomic.Int64 // the repository is older than what is done to it
	past.Store(int64(time.Hour))
	srv, err := githubtest.Start(githubtest.Config{
		Dir: filepath.Join(dir, "github"), Now: func() time.Time { return time.Now().Add(-time.Duration(past.Load())) }, OnViolation: func(err error) { t.Error(err) },
		App: &githubtest.App{ID: 7, InstallationID: 70, Slug: "wavegate", Account: "acme", Key: &key.PublicKey},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = srv.Close() })
	h := &hub{Server: srv, t: t, bin: filepath.Join(dir, "wavegate"), state: filepath.Join(dir, "state")}
	h.must(srv.AddRepo(hubRepo, githubtest.Files{"fleet.yaml": githubFleet}))
	past.Store(0)
	for _, login := range []string{"ada", "grace", "wavegate"} {
		srv.AddUser(login)
		h.must(srv.Grant(hubRepo, login, githubtest.Write))
	}
	token, secret := filepath.Join(dir, "token"), filepath.Join(dir, "secret")
	h.must(os.WriteFile(token, []byte(srv.Token("wavegate")+"\n"), 0o600))
	h.must(os.WriteFile(secret, []byte("hush\n"), 0o600))
	run(t, ".", "go", "build", "-o", h.bin, ".")
	h.args = []string{
		"run", "--state", h.state, "--repo", srv.URL + "/" + hubRepo + ".git", "--approve", "github",
		"--embedded-fleet", "--clusters", "12", "--restart", "20ms", "--interval", "200ms", "--webhook-secret-file", secret,
	}
	if !app {
		h.args = append(h.args, "--token-file", token)
		return h
	}
	keyFile := filepath.Join(dir, "app.pem")
	block := &pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}
	h.must(os.WriteFile(keyFile, pem.EncodeToMemory(block), 0o600))
	h.args = append(h.args, "--github-app-id", "7", "--github-app-installation", "70", "--github-app-key-file", keyFile)
	return h
}

func (h *hub) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// cycle runs the service for one cycle.
func (h *hub) cycle() report.Status {
	h.t.Helper()
	run(h.t, ".", h.bin, append(h.args, "--once")...)
	out, err := exec.Command(h.bin, "status", "-o", "json", "--state", h.state).Output()
	h.must(err)
	var s report.Status
	h.must(json.Unmarshal(out, &s))
	return s
}

// adopt brings the fleet into force by the first pull request.
func (h *hub) adopt() {
	h.t.Helper()
	_, err := h.As("ada").Push(hubRepo, "adopt", githubtest.Change{Write: githubtest.Files{"README.md": "A fleet."}, Message: "a fleet"})
	h.must(err)
	n, err := h.As("ada").OpenPull(hubRepo, "adopt", "main", "A fleet", "")
	h.must(err)
	_, err = h.As("grace").Approve(hubRepo, n)
	h.must(err)
	merged, err := h.As("ada").Merge(hubRepo, n, githubtest.Squash)
	h.must(err)
	if s := h.cycle(); s.Commit != merged {
		h.t.Fatalf("in force is %q; want %s", s.Commit, merged)
	}
}

// pull opens a pull request that moves the canaries to a version.
func (h *hub) pull(version string) int {
	h.t.Helper()
	branch := "kafka-" + version
	_, err := h.As("ada").Push(hubRepo, branch, githubtest.Change{
		Write:   githubtest.Files{"fleet.yaml": strings.Replace(githubFleet, "kafka: 7.6.0", "kafka: "+version, 1)},
		Message: "kafka " + version,
	})
	h.must(err)
	n, err := h.As("ada").OpenPull(hubRepo, branch, "main", "kafka "+version, "")
	h.must(err)
	return n
}

// until waits for a comment of Wavegate on a pull request with a text in it.
func (h *hub) until(number int, text string) {
	h.t.Helper()
	var comments []string
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		list, err := h.Comments(hubRepo, number)
		h.must(err)
		comments = nil
		for _, c := range list {
			if c.Author == "wavegate" && strings.HasPrefix(c.Body, "<!-- wavegate:pull:") {
				comments = append(comments, c.Body)
			}
		}
		if len(comments) > 1 {
			h.t.Fatalf("there are %d comments:\n%s", len(comments), strings.Join(comments, "\n---\n"))
		}
		if len(comments) == 1 && strings.Contains(comments[0], text) {
			return
		}
	}
	h.t.Fatalf("waited in vain for %q on pull request %d; it says:\n%s", text, number, strings.Join(comments, "\n---\n"))
}

// serve runs the service, with GitHub's webhooks, until the test ends or stop is
// called.
func (h *hub) serve(more ...string) (stop func()) {
	h.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	h.must(err)
	address := l.Addr().String()
	h.must(l.Close())
	h.must(h.AddWebhook(githubtest.Webhook{URL: "http://" + address + "/github", Secret: "hush"}))
	cmd := exec.Command(h.bin, slices.Concat(h.args, []string{"--webhook-listen", address}, more)...)
	var log strings.Builder
	cmd.Stderr = &log
	h.must(cmd.Start())
	stop = sync.OnceFunc(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	h.t.Cleanup(func() {
		stop()
		if h.t.Failed() {
			h.t.Logf("the service said:\n%s", log.String())
		}
	})
	return stop
}

// TestAFirstStartOnARepositoryWithAHistory points the service at a repository whose
// head was pushed: nothing comes into force, and it says what to do. With a first
// commit it begins there, and does so again when all its state is lost.
func TestAFirstStartOnARepositoryWithAHistory(t *testing.T) {
	h := newHub(t, false)
	head, err := h.Branch(hubRepo, "main")
	h.must(err)
	s := h.cycle()
	if s.Commit != "" || s.Frozen == nil || !strings.Contains(s.Frozen.Reason, "--first-commit "+head) {
		t.Fatalf("at first, in force is %q, frozen %+v", s.Commit, s.Frozen)
	}
	files := t.TempDir()
	h.must(os.WriteFile(filepath.Join(files, "fleet.yaml"), []byte(githubFleet), 0o600))
	out, err := exec.Command(h.bin, "plan", "--state", h.state, "--dir", files).Output()
	if err != nil || !strings.Contains(string(out), "nothing moves by the first commit") {
		t.Errorf("the plan says %v\n%s", err, out)
	}
	stop := h.serve()
	n := h.pull("7.6.1")
	h.until(n, "Of 6 clusters that are seen now")
	stop()
	h.args = append(h.args, "--first-commit", head)
	stop = h.serve()
	h.until(n, "kafka 7.6.0 → 7.6.1 in canary")
	stop()
	if s = h.cycle(); s.Commit != head || s.Frozen != nil {
		t.Fatalf("in force is %q, frozen %+v; want %s", s.Commit, s.Frozen, head)
	}
	_, err = h.As("grace").Approve(hubRepo, n)
	h.must(err)
	merged, err := h.As("ada").Merge(hubRepo, n, githubtest.MergeCommit)
	h.must(err)
	// One that nobody has approved asks for no approvals from now on.
	_, err = h.As("ada").Push(hubRepo, "lax", githubtest.Change{Write: githubtest.Files{
		"fleet.yaml": strings.NewReplacer("required: 1", "required: 0", "kafka: 7.6.0}\n`", "").Replace(githubFleet),
	}, Message: "lax"})
	h.must(err)
	lax, err := h.As("ada").OpenPull(hubRepo, "lax", "main", "lax", "")
	h.must(err)
	_, err = h.As("ada").Merge(hubRepo, lax, githubtest.Rebase)
	h.must(err)
	before := h.cycle()
	h.must(os.RemoveAll(h.state))
	after := h.cycle()
	if before.Commit != merged || after.Commit != merged || before.Frozen == nil || after.Frozen == nil || before.Frozen.Reason != after.Frozen.Reason {
		t.Errorf("want %s in force; before the loss %q %+v, after it %q %+v", merged, before.Commit, before.Frozen, after.Commit, after.Frozen)
	}
}

// TestThePullRequestIsTheConsole has one pull request opened, approved, merged,
// paused and resumed at GitHub, and looks at nothing but its comment.
func TestThePullRequestIsTheConsole(t *testing.T) {
	h := newHub(t, false)
	h.adopt()
	h.serve()
	n := h.pull("7.6.1")
	h.until(n, "0 of 1 given")
	_, err := h.As("grace").Approve(hubRepo, n)
	h.must(err)
	h.until(n, "1 of 1 given, by `grace`")
	merged, err := h.As("ada").Merge(hubRepo, n, githubtest.Squash)
	h.must(err)
	h.until(n, "rolling")
	_, err = h.As("ada").Comment(hubRepo, n, "/wavegate pause the graphs look odd")
	h.must(err)
	h.until(n, "the graphs look odd")
	_, err = h.As("ada").Comment(hubRepo, n, "/wavegate resume")
	h.must(err)
	h.until(n, "finished")
	found := false
	statuses, err := h.Statuses(hubRepo, merged)
	h.must(err)
	for _, s := range statuses {
		found = found || s.Context == "wavegate/rollout"
	}
	if !found {
		t.Errorf("commit %s has the statuses %+v", merged, statuses)
	}
	// The drift report is posted when somebody asks.
	drift := exec.Command(h.bin, "drift", "--post", "--exit-code", "--state", h.state)
	var said strings.Builder
	drift.Stderr = &said
	var exit *exec.ExitError
	if err := drift.Run(); !errors.As(err, &exit) || exit.ExitCode() != 3 || !strings.Contains(said.String(), "posted: "+h.URL+"/acme/fleet/issues/") {
		t.Errorf("wavegate drift --post: %v\n%s", err, said.String())
	}
	// The next cohort is proposed.
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		pulls, err := h.Pulls(hubRepo)
		h.must(err)
		if last := pulls[len(pulls)-1]; last.Author == "wavegate" && strings.Contains(last.Title, "internal") {
			h.until(last.Number, "internal")
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("no promotion is proposed; there are %+v", pulls)
		}
	}
}

// TestOnlyApprovedPullRequestsOfGitHubTakeEffect runs the real binary against a
// GitHub-compatible server over a real git repository.
func TestOnlyApprovedPullRequestsOfGitHubTakeEffect(t *testing.T) {
	t.Run("read with a token", func(t *testing.T) { onlyApproved(newHub(t, false)) })
	t.Run("read as a GitHub App", func(t *testing.T) { onlyApproved(newHub(t, true)) })
}

func onlyApproved(h *hub) {
	t := h.t
	first := h.cycle()
	approved := h.pull("7.6.1")
	_, err := h.As("grace").Approve(hubRepo, approved)
	h.must(err)
	merged, err := h.As("ada").Merge(hubRepo, approved, githubtest.Squash)
	h.must(err)
	s := h.cycle()
	if s.Commit != merged || s.Frozen != nil {
		t.Fatalf("after an approved merge of %s, in force is %q (at first %q), frozen %+v", merged, s.Commit, first.Commit, s.Frozen)
	}
	unapproved := h.pull("7.6.2")
	if _, err := h.As("ada").Merge(hubRepo, unapproved, githubtest.Squash); err != nil {
		t.Fatal(err)
	}
	s = h.cycle()
	if s.Commit != merged || s.Frozen == nil || !strings.Contains(s.Frozen.Reason, "approv") {
		t.Fatalf("after an unapproved merge, in force is %q, frozen %+v", s.Commit, s.Frozen)
	}
	_, err = h.As("grace").Approve(hubRepo, unapproved)
	h.must(err)
	if s = h.cycle(); s.Commit == merged || s.Frozen != nil {
		t.Fatalf("after it was approved, in force is %q, frozen %+v", s.Commit, s.Frozen)
	}
	h.Break(githubtest.Fault{Effect: githubtest.Status(502)})
	if again := h.cycle(); again.Commit != s.Commit {
		t.Errorf("while GitHub is down, in force is %q; want %q", again.Commit, s.Commit)
	}
}
