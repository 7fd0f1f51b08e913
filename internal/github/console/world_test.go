package console

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/wavegate-dev/wavegate/gitsource"
	"github.com/wavegate-dev/wavegate/internal/github"
	"github.com/wavegate-dev/wavegate/internal/githubtest"
	"github.com/wavegate-dev/wavegate/internal/simfleet"
	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

const repo = "acme/fleet"

// badVersion never becomes ready.
var badVersion = simfleet.BadVersion{Product: "kafka", Version: fleet.Version{Tag: "7.6.1"}, Effect: simfleet.NeverReady, Share: 1}

var files = githubtest.Files{
	"fleet.yaml": `apiVersion: wavegate.dev/v1alpha1
kind: Fleet
metadata: {name: acme}
spec:
  order: [canary, prod]
  approvals: {required: 1}
  drift: {schedule: "0 7 * * *"}
`,
	"products/kafka.yaml": `apiVersion: wavegate.dev/v1alpha1
kind: Product
metadata: {name: kafka}
spec:
  image: registry.example.com/kafka
  workload: {kind: StatefulSet, selector: {matchLabels: {app: kafka}}}
  versions: {maxMinorSkip: 1, downgrade: allow}
  progressDeadline: 15m
  settle: 30s
  monitors:
    - {name: under-replicated, prometheus: {alert: UnderReplicated, clusterLabel: cluster}}
`,
	"cohorts/10-canary.yaml": canary("7.6.0"),
	"cohorts/20-prod.yaml":   prod("7.6.0"),
}

func canary(version string) string {
	return `apiVersion: wavegate.dev/v1alpha1
kind: Cohort
metadata: {name: canary}
spec:
  selector: {matchLabels: {tier: canary}}
  versions: {kafka: ` + version + `}
  waves: [{size: 1, soak: 10m}, {size: 100%, soak: 10m}]
`
}

func prod(version string) string {
	return `apiVersion: wavegate.dev/v1alpha1
kind: Cohort
metadata:
  name: prod # the customers
spec:
  selector: {matchLabels: {tier: prod}}
  versions:
    kafka: "` + version + `" # moved by a promotion
  waves: [{size: 100%}]
`
}

// clock goes on by a millisecond whenever it is read.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) read() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(time.Millisecond)
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// world is a GitHub with a fleet repository, a modelled fleet of four clusters, and
// a loop with a console. Ada and Grace may write, Mallory may not.
type world struct {
	*githubtest.Server
	t       *testing.T
	clock   *clock
	fleet   *simfleet.Fleet
	source  *gitsource.Source
	ledger  *memoryLedger
	loop    *reconciler.Reconciler
	console *Console
	log     bytes.Buffer
	reports []error // what Report has returned
}

func start(t *testing.T) *world {
	t.Helper()
	return startAt(t, time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), nil)
}

// startAt is start at another time, with a GitHub App if there is one.
func startAt(t *testing.T, at time.Time, app *githubtest.App) *world {
	t.Helper()
	var members []simfleet.Member
	for name, tier := range map[string]string{"c1": "canary", "c2": "canary", "p1": "prod", "p2": "prod"} {
		members = append(members, member(name, "kafka", tier))
	}
	return startWith(t, at, app, files, members)
}

func member(name, product, tier string) simfleet.Member {
	return simfleet.Member{
		Name: name, Product: product, DataPlane: "aws", Version: fleet.Version{Tag: "7.6.0"}, Replicas: 3,
		Labels: map[string]string{"tier": tier},
	}
}

// startWith is startAt with another fleet.
func startWith(t *testing.T, at time.Time, app *githubtest.App, files githubtest.Files, members []simfleet.Member) *world {
	t.Helper()
	t.Parallel()
	w := &world{t: t, clock: &clock{now: at}, ledger: &memoryLedger{}}
	var err error
	w.Server, err = githubtest.Start(githubtest.Config{
		Dir: t.TempDir(), Now: w.clock.read, App: app,
		OnViolation: func(err error) { t.Errorf("GitHub's document is violated: %v", err) },
	})
	w.ok(err)
	t.Cleanup(func() { w.ok(w.Close()) })
	w.ok(w.AddRepo(repo, files))
	for _, login := range []string{"ada", "grace", "wavegate"} {
		w.ok(w.Grant(repo, login, githubtest.Write))
	}
	w.ok(w.Grant(repo, "olga", githubtest.Admin))
	w.AddUser("mallory")
	restart := map[string]simfleet.Span{}
	for _, m := range members {
		restart[m.Product] = simfleet.Span{Min: time.Minute, Max: time.Minute}
	}
	w.fleet, err = simfleet.Open(simfleet.Config{Seed: 1, Now: w.clock.read, Restart: restart})
	w.ok(err)
	t.Cleanup(func() { w.ok(w.fleet.Close()) })
	for _, m := range members {
		w.ok(w.fleet.Add(m))
	}
	token := w.Token("wavegate")
	w.source, err = gitsource.New(gitsource.Config{
		URL: w.URL + "/" + repo + ".git", Branch: "main", AllowHTTP: true,
		Token: func() (string, error) { return token, nil },
	})
	w.ok(err)
	w.restart()
	// What is in force at first came by an approved pull request.
	first := w.propose("readme", githubtest.Files{"README.md": "# The fleet\n"})
	_, err = w.As("grace").Approve(repo, first)
	w.ok(err)
	w.merge(first)
	w.run(time.Minute)
	return w
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) client() *github.Client {
	w.t.Helper()
	token := w.Token("wavegate")
	c, err := github.New(github.Config{
		BaseURL: w.URL, Owner: "acme", Repo: "fleet", Now: w.clock.read,
		Token:     func() (string, error) { return token, nil },
		Transport: &http.Transport{DisableKeepAlives: true},
		Patience:  time.Millisecond,
	})
	w.ok(err)
	return c
}

// restart begins a loop and a console that remember nothing but the ledger.
func (w *world) restart() {
	w.t.Helper()
	var err error
	w.console, err = New(w.config())
	w.ok(err)
	w.loop, err = reconciler.New(reconciler.Config{
		Source: w.source, Loader: fleet.NewLoader(fleet.LoaderConfig{}), Approver: w.approver(),
		DataPlanes: reconciler.These(w.fleet.DataPlanes()...), Monitors: w.fleet, Ledger: w.ledger,
		Reporters: []reconciler.Reporter{w},
		Now:       w.clock.read, Interval: time.Minute, MaxGap: time.Hour, FetchPatience: time.Minute, ObserveTimeout: time.Minute,
	})
	w.ok(err)
}

func (w *world) approver() *github.Approver {
	w.t.Helper()
	a, err := github.NewApprover(github.ApproverConfig{Client: w.client(), Branch: "main"})
	w.ok(err)
	return a
}

func (w *world) config() Config {
	return Config{
		Client: w.client(), Branch: "main", Fleet: "acme", Submit: w.ledger.submit,
		Now: w.clock.read, Log: slog.New(slog.NewTextHandler(&w.log, nil)),
	}
}

// Report hands a cycle on to the console.
func (w *world) Report(ctx context.Context, c *reconciler.Cycle) error {
	if err := w.console.Report(ctx, c); err != nil {
		w.reports = append(w.reports, err)
	}
	return nil
}

// cycle lets half a minute pass and runs the loop once, without the console.
func (w *world) cycle() {
	w.t.Helper()
	w.clock.advance(30 * time.Second)
	_, err := w.loop.RunOnce(w.t.Context())
	w.ok(err)
}

// pass lets the console look once.
func (w *world) pass() {
	w.t.Helper()
	_, err := w.console.lookAtMerged(w.t.Context())
	w.ok(err)
}

// run lets time pass in cycles of half a minute, each with a look of the console.
func (w *world) run(d time.Duration) {
	w.t.Helper()
	for range d / (30 * time.Second) {
		w.cycle()
		w.pass()
	}
}

// propose pushes files to a branch and opens a pull request.
func (w *world) propose(branch string, change githubtest.Files) (number int) {
	w.t.Helper()
	_, err := w.As("ada").Push(repo, branch, githubtest.Change{Write: change, Message: branch})
	w.ok(err)
	number, err = w.As("ada").OpenPull(repo, branch, "main", branch, "Because it is new.")
	w.ok(err)
	return number
}

// merge merges a pull request.
func (w *world) merge(number int) (sha string) {
	w.t.Helper()
	sha, err := w.As("ada").Merge(repo, number, githubtest.MergeCommit)
	w.ok(err)
	return sha
}

// release merges an approved pull request that moves the canary.
func (w *world) release(version string) (number int, sha string) {
	w.t.Helper()
	number = w.propose("canary-"+version, githubtest.Files{"cohorts/10-canary.yaml": canary(version)})
	_, err := w.As("grace").Approve(repo, number)
	w.ok(err)
	return number, w.merge(number)
}

// tree are the files of a commit.
func (w *world) tree(commit string) *fstest.MapFS {
	w.t.Helper()
	out := fstest.MapFS{}
	for _, name := range strings.Fields(w.git("ls-tree", "-r", "--name-only", commit)) {
		out[name] = &fstest.MapFile{Data: []byte(w.git("show", commit+":"+name)), Mode: 0o444}
	}
	return &out
}

func (w *world) git(args ...string) string {
	w.t.Helper()
	dir, err := w.RepoDir(repo)
	w.ok(err)
	out, err := exec.CommandContext(context.Background(), "git", append([]string{"-C", dir}, args...)...).Output()
	w.ok(err)
	return string(out)
}

// status is what is said of a commit in a context: its state and description.
func (w *world) status(sha, context string) string {
	w.t.Helper()
	list, err := w.Statuses(repo, sha)
	w.ok(err)
	for _, s := range list {
		if s.Context == context {
			return s.State + ": " + s.Description
		}
	}
	return ""
}

// own are the bodies of the comments of the console.
func (w *world) own(number int) []string {
	w.t.Helper()
	list, err := w.Comments(repo, number)
	w.ok(err)
	var out []string
	for _, k := range list {
		if k.Author == "wavegate" {
			out = append(out, k.Body)
		}
	}
	return out
}

// comment is the only comment of the console, which says something and not
// something else.
func (w *world) comment(number int, says ...string) {
	w.t.Helper()
	list := w.own(number)
	if len(list) != 1 {
		w.t.Fatalf("want one comment of the console, got %d: %q", len(list), list)
	}
	w.says(list[0], says...)
}

func (w *world) says(text string, says ...string) {
	w.t.Helper()
	for _, s := range says {
		not, found := strings.CutPrefix(s, "!")
		if found == strings.Contains(text, strings.TrimPrefix(not, "!")) {
			w.t.Errorf("want %q in\n%s", s, text)
		}
	}
}

// say lets somebody comment.
func (w *world) say(login string, number int, body string) int64 {
	w.t.Helper()
	id, err := w.As(login).Comment(repo, number, body)
	w.ok(err)
	return id
}

// reactions are those of the console to a comment, sorted.
func (w *world) reactions(comment int64) string {
	w.t.Helper()
	list, err := w.client().Reacted(w.t.Context(), comment)
	w.ok(err)
	var out []string
	for _, r := range list {
		out = append(out, string(r))
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

// writes counts what changed something at GitHub since the last call.
func (w *world) writes() int {
	n := 0
	for _, r := range w.Requests() {
		if r.Method != "GET" && r.User == "wavegate" {
			n++
		}
	}
	w.Forget()
	return n
}

// memoryLedger keeps events in memory.
type memoryLedger struct {
	mu       sync.Mutex
	events   []plan.Event
	commands []plan.Command
	taken    []plan.Command // all that were ever submitted
}

func (l *memoryLedger) Load(context.Context) (*plan.State, error) {
	s := plan.NewState()
	for _, e := range l.events {
		s.Apply(e)
	}
	return s, nil
}

func (l *memoryLedger) Record(_ context.Context, events []plan.Event) error {
	l.events = append(l.events, events...)
	return nil
}

func (l *memoryLedger) submit(_ context.Context, c plan.Command) (int64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c.ID = int64(len(l.taken) + 1)
	l.taken = append(l.taken, c)
	l.commands = append(l.commands, c)
	return c.ID, nil
}

func (l *memoryLedger) Commands(context.Context) ([]plan.Command, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.commands), nil
}

func (l *memoryLedger) Done(_ context.Context, ids []int64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.commands = slices.DeleteFunc(l.commands, func(c plan.Command) bool { return slices.Contains(ids, c.ID) })
	return nil
}
