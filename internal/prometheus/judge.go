package prometheus

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// view is what all sources together say about one monitor.
type view struct {
	asOf     time.Time // the oldest of all that were read
	findings []finding
	alerts   []plan.Alert
	blind    []plan.BlindSpot
}

// finding is one reason not to rely on a monitor.
type finding struct {
	source     string // such as "Prometheus eu"; empty when it is about none
	text, hint string
}

// maxUnknown is the longest reason for a monitor to be unknown, in bytes.
const maxUnknown = 1000

// state is what the planner is told of the monitor.
func (v *view) state() plan.MonitorState {
	texts := make([]string, len(v.findings))
	for i, f := range v.findings {
		texts[i] = strings.TrimSpace(f.source + " " + f.text)
		if f.hint != "" {
			texts[i] += " (" + f.hint + ")"
		}
	}
	return plan.MonitorState{AsOf: v.asOf, Unknown: clip(join(texts), maxUnknown)}
}

// judge puts together what the sources that serve a product say about one of
// its monitors.
//
//	any source says       the monitor is      and on that cluster
//	fires                 as it is            an alert
//	fires, not where      unknown             an alert of no cluster
//	fires, muted          as it is            blind, see below
//	fires, muted, nowhere unknown             nothing
//	no rule, unhealthy    unknown             what fires elsewhere counts
//	nothing for too long  unknown             what fired last counts
//	never anything        unknown             what fires elsewhere counts
//
// An alert that Alertmanager keeps to itself, and none of the same name on the
// same cluster that it does not, is not charged to a cluster: somebody has
// asked that nothing be made of it. It is not quiet either, so the monitor is
// blind to that cluster for as long. Prometheus knows nothing of silences: what it
// says about such a cluster is left out as well.
func judge(product string, mon *fleet.Monitor, states []state, now time.Time) view {
	alert, label := mon.Prometheus.Alert, mon.Prometheus.ClusterLabel
	var v view
	var loud, rules []firing // as Alertmanager tells, and as Prometheus tells
	hushed := map[string]bool{}
	asked, read := false, false
	for i := range states {
		s := &states[i]
		if !s.source.serves(product) {
			continue
		}
		asked = true
		if s.newest == nil {
			v.findings = append(v.findings, finding{text: s.silent()})
			continue
		}
		r := s.newest.read(alert)
		if !read || r.asOf.Before(v.asOf) {
			v.asOf = r.asOf
		}
		read = true
		v.findings = append(v.findings, s.faults(&r, mon, now)...)
		spots, nowhere := s.hushed(&r, mon)
		v.findings = append(v.findings, nowhere...)
		for cluster, why := range spots {
			v.blind = append(v.blind, plan.BlindSpot{
				Product: product, Monitor: mon.Name, Cluster: cluster, Why: clip(s.source.name+" says that "+alert+" fires there and is "+why, maxUnknown),
			})
		}
		if r.managed {
			loud = append(loud, r.firing...)
		} else {
			rules = append(rules, r.firing...)
		}
		for _, m := range r.muted {
			hushed[m.labels[label]] = true
		}
	}
	if !asked {
		v.findings = append(v.findings, unserved(product))
	}
	for _, f := range loud {
		delete(hushed, f.labels[label])
	}
	rules = slices.DeleteFunc(rules, func(f firing) bool { return hushed[f.labels[label]] })
	for _, f := range append(loud, rules...) {
		v.alerts = append(v.alerts, plan.Alert{
			Product: product, Monitor: mon.Name, Cluster: f.labels[label], Since: f.since, Link: f.link,
		})
	}
	return v
}

// unserved says that there is nobody to ask about a product.
func unserved(product string) finding {
	return finding{
		text: "no Prometheus and no Alertmanager is configured for product " + product,
		hint: "add the product to one in the server's configuration",
	}
}

// faults returns what keeps the reading of one source from being relied upon.
func (s *state) faults(r *reading, mon *fleet.Monitor, now time.Time) []finding {
	alert, label := mon.Prometheus.Alert, mon.Prometheus.ClusterLabel
	var found []finding
	note := func(hint, format string, args ...any) {
		found = append(found, finding{s.source.name, fmt.Sprintf(format, args...), hint})
	}
	maxAge := time.Duration(mon.MaxAge)
	switch asked := s.newest.at(); {
	case now.Sub(asked) > maxAge && s.failed != nil:
		note("", "has not answered since %s: %s", clock(asked), s.failed)
	case now.Sub(asked) > maxAge:
		note("", "was last asked at %s", clock(asked))
	case r.fault != "":
		note(r.hint, "%s", r.fault)
	case now.Sub(r.asOf) > maxAge:
		note("", "%s at %s", r.last, clock(r.asOf))
	}
	if slices.ContainsFunc(r.firing, func(f firing) bool { return f.labels[label] == "" }) {
		note("add the label to the rule", "says that %s fires without the label %s, so that nobody can tell where", alert, label)
	}
	return found
}

// hushed returns why an alert that fires is told to nobody, by cluster, and what
// is to be said of those that name no cluster.
func (s *state) hushed(r *reading, mon *fleet.Monitor) (spots map[string]string, nowhere []finding) {
	reasons := map[string][]string{}
	for _, m := range r.muted {
		cluster := m.labels[mon.Prometheus.ClusterLabel]
		reasons[cluster] = append(reasons[cluster], m.why)
	}
	spots = map[string]string{}
	for cluster, whys := range reasons {
		slices.Sort(whys)
		spots[cluster] = strings.Join(slices.Compact(whys), " and ")
	}
	if why, ok := spots[""]; ok {
		delete(spots, "")
		nowhere = append(nowhere, finding{s.source.name, fmt.Sprintf(
			"says that %s fires on a cluster that it does not name, and is %s", mon.Prometheus.Alert, why), ""})
	}
	return spots, nowhere
}

// hushedEverywhere is hushed for people: the clusters of each reason together.
func (s *state) hushedEverywhere(r *reading, mon *fleet.Monitor) []finding {
	spots, found := s.hushed(r, mon)
	on := map[string][]string{}
	for cluster, why := range spots {
		on[why] = append(on[why], cluster)
	}
	for _, why := range slices.Sorted(maps.Keys(on)) {
		found = append(found, finding{s.source.name, fmt.Sprintf("says that %s fires on %s and is %s", mon.Prometheus.Alert, someOf(on[why]), why), ""})
	}
	return found
}

// someOf names the first of some clusters, and counts the others.
func someOf(clusters []string) string {
	slices.Sort(clusters)
	clusters = slices.Compact(clusters)
	first := clip(clusters[0], 100)
	if n := len(clusters) - 1; n > 0 {
		return fmt.Sprintf("%s and %d more", first, n)
	}
	return first
}
