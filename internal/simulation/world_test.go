package simulation_test

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/wavegate-dev/wavegate/internal/simfleet"
	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

const (
	interval = 30 * time.Second
	maxGap   = 2 * time.Minute
)

// pool are the versions that people release, in their order.
var pool = []string{"7.6.0", "7.6.1", "7.6.2", "7.7.0", "7.7.1", "7.8.0", "7.9.0", "7.10.0"}

// world is everything outside of the service, and the service in it.
type world struct {
	seed   uint64
	now    time.Time
	offset time.Duration // of the service's clock
	fleet  *simfleet.Fleet
	planes []reconciler.DataPlane
	repo   *repository
	loader *fleet.Loader
	first  *instance
	judge  *judge

	gitDown, githubDown, diskFull, monitorsDown time.Time
	unreachable, lagging                        map[string]time.Time
	faulty                                      map[string]float64 // share of the calls that fail
	missing                                     map[plan.MonitorKey]time.Time
	vanished                                    map[string]bool
	loadFails                                   int
	calm                                        bool // faults are over

	members map[string]simfleet.Member
	cycles  int
	last    *reconciler.Cycle
	trace   []string
	stats   map[string]int
}

// clock is the service's, which may be wrong.
func (w *world) clock() time.Time { return w.now.Add(w.offset) }

// chance draws from what a call is about, so that the order in which goroutines
// run does not matter.
func (w *world) chance(about ...string) float64 {
	if w.calm {
		return 1
	}
	h := fnv.New64a()
	fmt.Fprint(h, w.seed, w.cycles, strings.Join(about, "/"))
	return float64(mix(h.Sum64())>>11) / (1 << 53)
}

// mix spreads the bits of a hash (the finaliser of MurmurHash3).
func mix(x uint64) uint64 {
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}

func (w *world) say(format string, args ...any) {
	w.trace = append(w.trace, w.now.Format("01-02 15:04:05")+"  "+fmt.Sprintf(format, args...))
}

// newWorld makes a fleet and the repository that describes it as it is.
func newWorld(seed uint64, loader *fleet.Loader) *world {
	r := rand.New(rand.NewPCG(seed, 1))
	w := &world{
		seed: seed, now: time.Date(2026, 3, 28, 21, 0, 0, 0, time.UTC).Add(time.Duration(r.IntN(8)) * time.Hour),
		loader: loader, repo: &repository{commits: map[string]*commit{}},
		unreachable: map[string]time.Time{}, lagging: map[string]time.Time{}, faulty: map[string]float64{},
		missing: map[plan.MonitorKey]time.Time{}, vanished: map[string]bool{}, members: map[string]simfleet.Member{}, stats: map[string]int{},
	}
	span := simfleet.Span{Min: 20 * time.Second, Max: 50 * time.Second}
	f, err := simfleet.Open(simfleet.Config{
		Seed: seed, Now: func() time.Time { return w.now }, AlertAfter: 6 * time.Minute,
		Restart: map[string]simfleet.Span{"kafka": span, "ksqldb": span},
	})
	if err != nil {
		panic(err)
	}
	w.fleet = f
	base := baseWish(r)
	for i := range 6 + r.IntN(8) {
		m := w.draw(r, base, fmt.Sprintf("c%02d", i+1))
		w.members[m.Name] = m
		if err := f.Add(m); err != nil {
			panic(err)
		}
	}
	w.planes = f.DataPlanes()
	w.repo.push(base, true, "the fleet as it is")
	w.judge = newJudge(w)
	w.first = w.newInstance("service", &disk{})
	return w
}

func (w *world) draw(r *rand.Rand, base *wish, name string) simfleet.Member {
	product := "kafka"
	if r.IntN(4) == 0 {
		product = "ksqldb"
	}
	names := base.names()
	tier := base.cohorts[names[r.IntN(len(names))]].tier
	return simfleet.Member{
		Name: name, Product: product, DataPlane: fmt.Sprintf("p%d", 1+r.IntN(3)), Replicas: 1 + r.IntN(3),
		Version: fleet.Version{Tag: pool[0]},
		Labels: map[string]string{
			"tier": tier, "customer": fmt.Sprint("cust", r.IntN(4)), "geo": []string{"us", "eu"}[r.IntN(2)],
		},
	}
}

func baseWish(r *rand.Rand) *wish {
	w := &wish{cohorts: map[string]cohortWish{}, products: map[string]productWish{}, windows: map[string]windowWish{}, pins: map[string]pinWish{}, required: 1}
	w.order = [][][]string{
		{{"canary"}, {"prod"}}, {{"canary"}, {"inner"}, {"prod"}}, {{"canary"}, {"prod", "side"}}, {{"canary"}, {"inner"}, {"prod", "side"}},
	}[r.IntN(4)]
	for _, name := range w.names() {
		w.cohorts[name] = cohortWish{
			tier: name, versions: map[string]string{"kafka": pool[0], "ksqldb": pool[0]}, waves: drawWaves(r),
			maxFailures: r.IntN(3), late: []string{"append", "hold", "ignore"}[r.IntN(3)],
		}
	}
	if len(w.order) == 3 && r.IntN(3) == 0 {
		delete(w.cohorts["inner"].versions, "ksqldb")
	}
	for _, p := range []string{"kafka", "ksqldb"} {
		w.products[p] = productWish{
			downgrade: r.IntN(3) == 0, skip: 1, settle: time.Duration(1+r.IntN(40)) * time.Second, deadline: 15 * time.Minute,
			monitors: []string{"under", "latency"},
		}
	}
	w.limits = drawLimits(r)
	return w
}

func drawLimits(r *rand.Rand) []limitWish {
	out := []limitWish{{"", 1 + r.IntN(4)}, {"customer", 1 + r.IntN(2)}}
	if r.IntN(2) == 0 {
		out = append(out, limitWish{"geo", 1 + r.IntN(3)})
	}
	if r.IntN(2) == 0 {
		out = append(out, limitWish{"wavegate.dev/data-plane", 1 + r.IntN(2)})
	}
	return out
}

func drawWaves(r *rand.Rand) []waveWish {
	soak := func() time.Duration { return time.Duration(2+r.IntN(6)) * time.Minute }
	all := waveWish{percent: 100, soak: soak(), maxConcurrency: r.IntN(3)}
	switch r.IntN(4) {
	case 0:
		return []waveWish{all}
	case 1:
		return []waveWish{{size: 1, soak: soak()}, all}
	case 2:
		return []waveWish{{percent: 30, soak: soak(), maxConcurrency: 1}, {percent: 50, soak: soak()}, all}
	default:
		return []waveWish{{size: 2, soak: soak(), maxConcurrency: 1}, {percent: 100, soak: soak()}}
	}
}

// truth returns all clusters as they are, past everything that may fail.
func (w *world) truth() map[string]*plan.Cluster {
	out := map[string]*plan.Cluster{}
	for _, p := range w.planes {
		o, err := p.Observe(nowhere, everything, "")
		if err != nil {
			panic(err)
		}
		for i := range o.Clusters {
			out[o.Clusters[i].Name] = &o.Clusters[i]
		}
	}
	return out
}

// names returns the clusters that exist, sorted.
func (w *world) names() []string {
	var out []string
	for name := range w.members {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// step lets time pass and the service run once.
func (w *world) step(d time.Duration) {
	w.now = w.now.Add(d)
	w.cycles++
	w.judge.before()
	w.run(&w.first)
}

// run lets an instance do one cycle, and begins it anew when it has died.
func (w *world) run(at **instance) {
	in := *at
	c, err := in.cycle()
	slices.Sort(in.lines)
	for _, l := range in.lines {
		w.say("%s", l)
	}
	if err == nil {
		if in == w.first {
			w.last = c
		}
		w.judge.after(in, c)
		w.count(c)
	} else {
		w.judge.after(in, nil)
	}
	if in.dead {
		w.say("%s crashed and starts again", in.name)
		w.stats["crash"]++
		*at = w.newInstance(in.name, in.disk)
		w.judge.restarted(*at)
	}
}

// count notes which reasons occur, so that one sees that no gate is dead.
func (w *world) count(c *reconciler.Cycle) {
	for _, e := range c.Events {
		w.stats["event "+string(e.Kind)]++
		if e.Kind == plan.Decided && e.Gate != "" {
			w.stats["gate "+e.Gate]++
		}
		if e.Kind != plan.SoakCredited && e.Kind != plan.Decided && e.Kind != plan.DurationLearnt && e.Kind != plan.ClusterStepped && e.Kind != plan.ClusterStarted {
			subject := strings.TrimSpace(strings.Join([]string{e.Cluster, e.Cohort, e.Release, short(e.Commit)}, " "))
			w.say("  %s %s %s", e.Kind, subject, e.Reason)
		}
	}
}

func short(commit string) string { return commit[:min(7, len(commit))] }
