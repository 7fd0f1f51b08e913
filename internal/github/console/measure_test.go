package console

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/internal/githubtest"
	"github.com/wavegate-dev/wavegate/internal/simfleet"
)

// calls are the requests of the console and its approver, by what counts.
type calls struct {
	all, counted, writes int
	by                   map[string]int
}

// taken returns the requests since the last time.
func (w *world) taken() calls {
	c := calls{by: map[string]int{}}
	for _, r := range w.Requests() {
		if r.User != "wavegate" || !strings.HasPrefix(r.Path, "/") || r.Operation == "" {
			continue
		}
		c.all++
		if r.Status != 304 { // GitHub does not count those
			c.counted++
			c.by[r.Method+" "+r.Operation]++
		}
		if r.Method != "GET" {
			c.writes++
		}
	}
	w.Forget()
	return c
}

func (c calls) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d requests, %d of them count, %d write", c.all, c.counted, c.writes)
	for _, k := range slices.Sorted(maps.Keys(c.by)) {
		fmt.Fprintf(&b, "\n\t%4d %s", c.by[k], k)
	}
	return b.String()
}

// beat is one interval of the loop and of both goroutines of the console, polling
// alone.
func (w *world) beat() {
	w.t.Helper()
	w.clock.advance(15 * time.Second)
	_, err := w.loop.RunOnce(w.t.Context())
	w.ok(err)
	w.pass()
	w.look()
}

// pace records how many writes a minute and an hour there were at most.
type pace struct {
	perBeat []int
}

func (p *pace) most(beats int) int {
	most, sum := 0, 0
	for i, n := range p.perBeat {
		sum += n
		if i >= beats {
			sum -= p.perBeat[i-beats]
		}
		most = max(most, sum)
	}
	return most
}

func TestWhatOnePullRequestCosts(t *testing.T) {
	w := start(t)
	w.counting()
	w.promoting()
	w.beat()
	w.taken()
	n := w.propose("canary", githubtest.Files{"cohorts/10-canary.yaml": canary("7.6.1")})
	for range 40 { // ten minutes until somebody approves
		w.beat()
	}
	open := w.taken()
	_, err := w.As("grace").Approve(repo, n)
	w.ok(err)
	w.beat()
	approval := w.taken()
	sha := w.merge(n)
	beats := 0
	for ; !strings.Contains(w.status(sha, StatusRollout), "Finished"); beats++ {
		if beats > 400 {
			t.Fatalf("it does not finish: %s", w.status(sha, StatusRollout))
		}
		w.beat()
	}
	rollout := w.taken()
	t.Logf("open for 10 minutes: %v", open)
	t.Logf("its approval: %v", approval)
	t.Logf("from its merge to its end, %v later: %v", time.Duration(beats)*15*time.Second, rollout)
	if total := open.writes + approval.writes + rollout.writes; total > 60 {
		t.Errorf("%d writes for one pull request", total)
	}
}

// counting lets the console count approvals.
func (w *world) counting() {
	w.t.Helper()
	w.console.cfg.Approver = w.approver()
}

// many is a fleet of products that are released one beside another.
func many(products, clusters int) (githubtest.Files, []simfleet.Member) {
	out := githubtest.Files{"fleet.yaml": "apiVersion: wavegate.dev/v1alpha1\nkind: Fleet\nmetadata: {name: acme}\nspec:\n  order: [canary, prod]\n  approvals: {required: 1}\n"}
	var members []simfleet.Member
	for i := range products {
		name := fmt.Sprintf("kafka%02d", i)
		out["products/"+name+".yaml"] = strings.ReplaceAll(strings.ReplaceAll(files["products/kafka.yaml"], "name: kafka", "name: "+name), "app: kafka", "app: "+name)
		for k := range clusters {
			members = append(members, member(fmt.Sprintf("%s-%04d", name, k), name, "canary"))
		}
	}
	out["cohorts/10-canary.yaml"] = manyCanary(products, 0)
	out["cohorts/20-prod.yaml"] = "apiVersion: wavegate.dev/v1alpha1\nkind: Cohort\nmetadata: {name: prod}\nspec:\n  selector: {matchLabels: {tier: prod}}\n  versions: {kafka00: 7.6.0}\n"
	return out, members
}

// manyCanary moves the first products to the new version.
func manyCanary(products, moved int) string {
	text := "apiVersion: wavegate.dev/v1alpha1\nkind: Cohort\nmetadata: {name: canary}\nspec:\n  selector: {matchLabels: {tier: canary}}\n" +
		"  waves: [{size: 1, soak: 10m}, {size: 20%, soak: 10m}, {size: 100%, maxConcurrency: 25}]\n  versions:\n"
	for i := range products {
		version := "7.6.0"
		if i < moved {
			version = "7.6.1"
		}
		text += fmt.Sprintf("    kafka%02d: %s\n", i, version)
	}
	return text
}

// rollOut merges a release of each product and lets them go on side by side until
// they have finished.
func (w *world) rollOut(products int) (p pace, total calls) {
	w.t.Helper()
	w.counting()
	var last string
	for i := range products {
		n := w.propose("release-"+number(i), githubtest.Files{"cohorts/10-canary.yaml": manyCanary(products, i+1)})
		_, err := w.As("grace").Approve(repo, n)
		w.ok(err)
		last = w.merge(n)
	}
	w.taken()
	total.by = map[string]int{}
	for beats := 0; ; beats++ {
		w.beat()
		c := w.taken()
		p.perBeat = append(p.perBeat, c.writes)
		total.all, total.counted, total.writes = total.all+c.all, total.counted+c.counted, total.writes+c.writes
		for k, n := range c.by {
			total.by[k] += n
		}
		if strings.Contains(w.status(last, StatusRollout), "Finished") {
			return p, total
		}
		if beats > 4000 {
			w.t.Fatalf("it does not finish: %s", w.status(last, StatusRollout))
		}
	}
}

func TestTwentyReleasesAtOnceKeepFarBelowGitHubsLimits(t *testing.T) {
	const releases = 20
	files, members := many(releases, 12)
	w := startWith(t, time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), nil, files, members)
	p, total := w.rollOut(releases)
	minute, hour := p.most(4), p.most(240)
	t.Logf("%d releases in %v: at most %d writes within a minute, %d within an hour; %v",
		releases, time.Duration(len(p.perBeat))*15*time.Second, minute, hour, total)
	if minute > 50 || hour > 300 {
		t.Errorf("%d writes within a minute and %d within an hour; GitHub takes 80 and 500", minute, hour)
	}
	if strings.Contains(w.log.String(), "GitHub's limits") {
		t.Errorf("it ran into its own limits:\n%s", w.log.String())
	}
}

func TestWhatARolloutOfManyClustersCosts(t *testing.T) {
	clusters := 100
	if os.Getenv("WAVEGATE_MEASURE") != "" {
		clusters = 1000
	}
	files, members := many(1, clusters)
	w := startWith(t, time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), nil, files, members)
	p, total := w.rollOut(1)
	t.Logf("%d clusters in %v: at most %d writes within an hour; %v", clusters, time.Duration(len(p.perBeat))*15*time.Second, p.most(240), total)
	if hour := p.most(240); hour > 150 {
		t.Errorf("%d writes within an hour for one rollout", hour)
	}
}
