package scale_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/internal/simfleet"
	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// judge looks at the brokers alone, past everything that may fail, and says what
// must not be.
type judge struct {
	t       *testing.T
	s       scenario
	fleet   *simfleet.Fleet
	planes  []reconciler.DataPlane
	cursors []string

	members  map[string]*watched
	inFlight map[string]int // overall, which is "", and by region, data plane and customer
	limits   map[string]int // of those that have changed since the last look
	most     int            // in flight at once
	restarts int
	seen     uint64 // of the touch log
	products []fleet.Product

	mu       sync.Mutex
	starts   int
	verdicts []string
}

// watched is what the judge knows of a cluster.
type watched struct {
	member
	inFlight bool
	version  fleet.Version
	// touched has a bit for each release that has restarted a broker.
	touched []uint64
}

func newJudge(t *testing.T, s scenario, f *simfleet.Fleet, members []member) *judge {
	j := &judge{
		t: t, s: s, fleet: f, planes: f.DataPlanes(), members: map[string]*watched{}, inFlight: map[string]int{}, limits: map[string]int{},
		products: []fleet.Product{{Meta: fleet.Meta{Name: "kafka"}}},
	}
	j.cursors = make([]string, len(j.planes))
	for _, m := range members {
		j.members[m.name] = &watched{member: m, touched: make([]uint64, m.brokers)}
	}
	return j
}

// wrong notes what must not be; the first few are enough.
func (j *judge) wrong(format string, args ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.verdicts) < 10 {
		j.verdicts = append(j.verdicts, fmt.Sprintf(format, args...))
	}
}

// asked is told of every action, before it is carried out or fails.
func (j *judge) asked(a plan.Action) {
	if a.Kind != plan.Start {
		return
	}
	j.mu.Lock()
	j.starts++
	j.mu.Unlock()
	if m := j.members[a.Cluster]; m == nil || j.s.blackout(m.region, time.Now().UTC()) {
		j.wrong("%s: cluster %s is started inside a blackout", time.Now().UTC().Format(time.TimeOnly), a.Cluster)
	}
}

// look checks what holds at every moment.
func (j *judge) look(ctx context.Context) {
	for i, p := range j.planes {
		obs, err := p.Observe(ctx, j.products, j.cursors[i])
		if err != nil {
			j.t.Fatal(err)
		}
		j.cursors[i] = obs.Cursor
		for k := range obs.Clusters {
			j.see(&obs.Clusters[k])
		}
	}
	j.within()
	j.most = max(j.most, j.inFlight[""])
	j.restarted()
}

func (j *judge) see(c *plan.Cluster) {
	m := j.members[c.Name]
	if c.Ready < c.Replicas-1 {
		j.wrong("cluster %s has %d of %d brokers ready", c.Name, c.Ready, c.Replicas)
	}
	m.version = c.Version
	if m.inFlight == c.InFlight() {
		return
	}
	m.inFlight = c.InFlight()
	step := -1
	if m.inFlight {
		step = 1
	}
	for key, limit := range map[string]int{"": j.s.inFlight, m.region: j.s.perRegion, m.plane: j.s.perPlane, m.customer: j.s.perCustomer} {
		j.inFlight[key] += step
		j.limits[key] = limit
	}
}

// within checks the limits whose numbers have changed.
func (j *judge) within() {
	for key, limit := range j.limits {
		if n := j.inFlight[key]; n > limit {
			j.wrong("%d clusters are in flight with %q, %d are allowed", n, key, limit)
		}
	}
	clear(j.limits)
}

// restarted checks that no release restarts a broker twice.
func (j *judge) restarted() {
	touches, dropped, err := j.fleet.Touches()
	if err != nil {
		j.t.Fatal(err)
	}
	if dropped > j.seen {
		j.t.Fatalf("%d restarts went by unseen: keep more of the log", dropped-j.seen)
	}
	for _, touch := range touches[j.seen-dropped:] {
		j.restarts++
		var release int
		if _, err := fmt.Sscanf(touch.To.Tag, "7.6.%d", &release); err != nil {
			j.t.Fatal(err)
		}
		m := j.members[touch.Cluster]
		if bit := uint64(1) << release; m.touched[touch.Ordinal]&bit != 0 {
			j.wrong("broker %d of %s is restarted twice for %s", touch.Ordinal, touch.Cluster, touch.To)
		} else {
			m.touched[touch.Ordinal] |= bit
		}
	}
	j.seen = dropped + uint64(len(touches))
}

// sentence checks what holds at the end: all releases have gone through.
func (j *judge) sentence() {
	j.t.Helper()
	for _, v := range j.verdicts {
		j.t.Error(v)
	}
	want := uint64(1)<<(j.s.releases+1) - 2
	unfinished := 0
	for _, m := range j.members {
		done := m.version.Tag == version(j.s.releases) && !m.inFlight
		for _, touched := range m.touched {
			done = done && touched == want
		}
		if !done {
			unfinished++
		}
	}
	if unfinished > 0 {
		j.t.Errorf("%d clusters have not gone through all %d releases", unfinished, j.s.releases)
	}
}
