package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// gauges reads the last finished cycle when Prometheus scrapes.
type gauges struct{ viewer func() Viewer }

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("wavegate_"+name, help, labels, nil)
}

var (
	lastCycle = describe("last_cycle_timestamp_seconds", "When the last finished cycle began; 0 before the first.")

	clusters = describe("clusters", "Clusters by what was decided for them. The gate is the first that is closed; it is empty when none is. The cohort is empty for clusters in none.",
		"product", "cohort", "verdict", "gate")
	inFlight = describe("clusters_in_flight", "Clusters between two versions.", "product", "cohort")
	unknown  = describe("clusters_unknown", "Clusters that cannot be observed.", "product", "cohort")
	drifted  = describe("clusters_drifted", "Clusters that differ from what is desired, and no rollout explains it.", "product", "cohort", "kind")

	rolloutPhase = describe("rollout_phase", "1 for the phase that the newest rollout of a product in a cohort is in.", "product", "cohort", "phase")
	failures     = describe("rollout_failures", "Failures that the release of the newest rollout has been charged with.", "product", "cohort")
	budget       = describe("rollout_failure_budget", "How many failures that release may have in this cohort before it pauses.", "product", "cohort")

	allPaused      = describe("paused", "1 while everything is paused.")
	releasesPaused = describe("releases_paused", "Releases that are paused.", "product")
	frozen         = describe("admission_frozen", "1 while a commit that was refused stands in the way of admissions.")

	planeUp     = describe("data_plane_up", "1 when the data plane answered in the last cycle.", "data_plane")
	monitorUp   = describe("monitor_up", "1 when the monitor can be relied upon; 0 blocks its product.", "product", "monitor")
	alerts      = describe("alerts_firing", "Clusters on which a monitor fires.", "product", "monitor")
	lastProblem = describe("last_cycle_problems", "Problems of the last finished cycle.")
)

// Describe implements prometheus.Collector.
func (g *gauges) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		lastCycle, clusters, inFlight, unknown, drifted, rolloutPhase, failures, budget, allPaused, releasesPaused, frozen,
		planeUp, monitorUp, alerts, lastProblem,
	} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (g *gauges) Collect(ch chan<- prometheus.Metric) {
	set := func(d *prometheus.Desc, value float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	var pulse reconciler.Pulse
	v := g.viewer()
	if v != nil {
		pulse, _ = v.LastPulse()
	}
	if pulse.At.IsZero() {
		set(lastCycle, 0)
		return
	}
	set(lastCycle, float64(pulse.At.UnixNano())/1e9)
	// What is collected is sent when the look is over: Prometheus may be slow.
	type sample struct {
		desc   *prometheus.Desc
		value  float64
		labels []string
	}
	var samples []sample
	v.View(func(c *reconciler.Cycle) {
		add := func(d *prometheus.Desc, value float64, labels ...string) {
			samples = append(samples, sample{d, value, labels})
		}
		countClusters(c, add)
		countRollouts(c, add)
		countSources(c, add)
	})
	for _, s := range samples {
		set(s.desc, s.value, s.labels...)
	}
}

type adder func(d *prometheus.Desc, value float64, labels ...string)

func countClusters(c *reconciler.Cycle, add adder) {
	type place struct{ product, cohort string }
	type sort struct {
		place
		verdict, gate string
	}
	type drift struct {
		place
		kind string
	}
	all, moving, unseen, differ := map[sort]int{}, map[place]int{}, map[place]int{}, map[drift]int{}
	for _, n := range c.Plan.Census() {
		at := place{n.Product, n.Cohort}
		gate := ""
		if n.Blocked {
			gate = n.Gate.String()
		}
		all[sort{at, n.Verdict.String(), gate}] += n.Clusters
		moving[at] += n.InFlight
		unseen[at] += 0
		if n.Verdict == plan.Unknown {
			unseen[at] += n.Clusters
		}
		if n.Drift != plan.NoDrift {
			differ[drift{at, n.Drift.String()}] += n.Clusters
		}
	}
	for k, n := range all {
		add(clusters, float64(n), k.product, k.cohort, k.verdict, k.gate)
	}
	for k, n := range moving {
		add(inFlight, float64(n), k.product, k.cohort)
	}
	for k, n := range unseen {
		add(unknown, float64(n), k.product, k.cohort)
	}
	for k, n := range differ {
		add(drifted, float64(n), k.product, k.cohort, k.kind)
	}
}

func countRollouts(c *reconciler.Cycle, add adder) {
	paused := map[string]int{}
	for i := range c.Plan.Rollouts {
		r := &c.Plan.Rollouts[i]
		paused[r.Product] += 0
		add(rolloutPhase, 1, r.Product, r.Cohort, r.Phase.String())
		if r.Release != "" {
			add(failures, float64(r.Failures), r.Product, r.Cohort)
			add(budget, float64(r.Budget), r.Product, r.Cohort)
		}
	}
	for _, r := range c.State.Releases {
		if r.Paused != nil {
			paused[r.Product]++
		}
	}
	for product, n := range paused {
		add(releasesPaused, float64(n), product)
	}
	add(allPaused, truth(c.State.Paused != nil))
	add(frozen, truth(c.State.Frozen != nil))
}

func countSources(c *reconciler.Cycle, add adder) {
	for _, name := range c.DataPlanes {
		asOf, lost := c.Fleet.Plane(name)
		add(planeUp, truth(lost == "" && !asOf.IsZero()), name)
	}
	for _, m := range c.Plan.MonitorHealth() {
		add(monitorUp, truth(m.Problem == ""), m.Product, m.Monitor)
		add(alerts, float64(m.Firing), m.Product, m.Monitor)
	}
	add(lastProblem, float64(len(c.Problems)))
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
