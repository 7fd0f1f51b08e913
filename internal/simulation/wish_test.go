package simulation_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// wish is what a commit of the fleet repository asks for, as the people who write
// it mean it. The service reads it as YAML; the judge reads this.
type wish struct {
	order    [][]string
	cohorts  map[string]cohortWish
	products map[string]productWish
	limits   []limitWish
	windows  map[string]windowWish
	pins     map[string]pinWish
	urgent   *urgentWish
	required int
	broken   bool   // not valid
	readme   string // nobody reads it
}

type cohortWish struct {
	tier        string
	versions    map[string]string
	waves       []waveWish
	maxFailures int
	late        string
}

// waveWish is a wave: a count, or a percentage when percent is set.
type waveWish struct {
	size, percent  int
	soak           time.Duration
	maxConcurrency int
}

type productWish struct {
	downgrade bool
	skip      int // minor versions that may be skipped
	settle    time.Duration
	deadline  time.Duration
	monitors  []string
}

type limitWish struct {
	label string
	max   int
}

// windowWish is a window. With hour set it comes every day at that hour, for so
// long; else it is once.
type windowWish struct {
	maintenance bool
	from, until time.Time // once
	daily       bool
	hour        int
	length      time.Duration
	zone        string
	geo         string // the clusters that it is for; all when empty
	pause       bool   // what is in flight pauses
}

type pinWish struct {
	clusters []string
	expires  time.Time
}

type urgentWish struct {
	product, version string
	skipSoak         bool
	skipBlackout     bool
	expires          time.Time
}

// clone copies everything that an edit changes.
func (w *wish) clone() *wish {
	c := *w
	c.order = slices.Clone(w.order)
	c.cohorts, c.products = maps.Clone(w.cohorts), maps.Clone(w.products)
	for name, co := range c.cohorts {
		co.versions, co.waves = maps.Clone(co.versions), slices.Clone(co.waves)
		c.cohorts[name] = co
	}
	c.limits = slices.Clone(w.limits)
	c.windows, c.pins = maps.Clone(w.windows), maps.Clone(w.pins)
	return &c
}

// stage returns the number of the stage of a cohort in the order.
func (w *wish) stage(cohort string) int {
	return slices.IndexFunc(w.order, func(s []string) bool { return slices.Contains(s, cohort) })
}

// names returns the cohorts in the order of the train.
func (w *wish) names() []string { return slices.Concat(w.order...) }

// cohortOf returns the cohort of a cluster, or nothing.
func (w *wish) cohortOf(labels map[string]string) string {
	for _, name := range w.names() {
		if w.cohorts[name].tier == labels["tier"] {
			return name
		}
	}
	return ""
}

// files renders the wish as a fleet repository.
func (w *wish) files() map[string]string {
	out := map[string]string{"README.md": w.readme}
	const api = "apiVersion: wavegate.dev/v1alpha1\n"
	var b strings.Builder
	stages := make([]string, len(w.order))
	for i, s := range w.order {
		stages[i] = strings.Join(s, ", ")
		if len(s) > 1 {
			stages[i] = "[" + stages[i] + "]"
		}
	}
	fmt.Fprintf(&b, "%skind: Fleet\nmetadata: {name: acme}\nspec:\n  order: [%s]\n  approvals: {required: %d, by: [\"user:ann\"]}\n  limits:\n", api, strings.Join(stages, ", "), w.required)
	for _, l := range w.limits {
		if l.label == "" {
			fmt.Fprintf(&b, "    - {maxConcurrency: %d}\n", l.max)
		} else {
			fmt.Fprintf(&b, "    - {label: %s, maxConcurrency: %d}\n", l.label, l.max)
		}
	}
	if w.broken {
		b.WriteString("  ordr: []\n")
	}
	out["fleet.yaml"] = b.String()
	for name, p := range w.products {
		b.Reset()
		fmt.Fprintf(&b, "%skind: Product\nmetadata: {name: %s}\nspec:\n  image: registry.example.com/%s\n  workload: {kind: StatefulSet, selector: {matchLabels: {app: %s}}}\n", api, name, name, name)
		downgrade := "deny"
		if p.downgrade {
			downgrade = "allow"
		}
		fmt.Fprintf(&b, "  versions: {maxMinorSkip: %d, downgrade: %s}\n  settle: %s\n  progressDeadline: %s\n  monitors:\n", p.skip, downgrade, p.settle, p.deadline)
		for _, m := range p.monitors {
			fmt.Fprintf(&b, "    - {name: %s, prometheus: {alert: %s, clusterLabel: cluster}}\n", m, m)
		}
		out["products/"+name+".yaml"] = b.String()
	}
	for name, c := range w.cohorts {
		b.Reset()
		fmt.Fprintf(&b, "%skind: Cohort\nmetadata: {name: %s}\nspec:\n  selector: {matchLabels: {tier: %s}}\n  versions:\n", api, name, c.tier)
		for _, p := range slices.Sorted(maps.Keys(c.versions)) {
			fmt.Fprintf(&b, "    %s: %s\n", p, c.versions[p])
		}
		b.WriteString("  waves:\n")
		for _, v := range c.waves {
			size := fmt.Sprint(v.size)
			if v.percent > 0 {
				size = fmt.Sprintf("%d%%", v.percent)
			}
			fmt.Fprintf(&b, "    - {size: %s", size)
			if v.soak > 0 {
				fmt.Fprintf(&b, ", soak: %s", v.soak)
			}
			if v.maxConcurrency > 0 {
				fmt.Fprintf(&b, ", maxConcurrency: %d", v.maxConcurrency)
			}
			b.WriteString("}\n")
		}
		fmt.Fprintf(&b, "  maxFailures: %d\n  lateJoiners: %s\n", c.maxFailures, c.late)
		out["cohorts/"+name+".yaml"] = b.String()
	}
	for name, v := range w.windows {
		out["windows/"+name+".yaml"] = api + v.yaml(name)
	}
	for name, p := range w.pins {
		out["pins/"+name+".yaml"] = fmt.Sprintf("%skind: Pin\nmetadata: {name: %s}\nspec: {clusters: [%s], owner: \"user:ann\", reason: audit, expires: %q}\n",
			api, name, strings.Join(p.clusters, ", "), p.expires.Format("2006-01-02T15:04"))
	}
	if u := w.urgent; u != nil {
		var skip []string
		if u.skipSoak {
			skip = append(skip, "soak")
		}
		if u.skipBlackout {
			skip = append(skip, "blackout")
		}
		out["emergency.yaml"] = fmt.Sprintf("%skind: Emergency\nmetadata: {name: urgent}\nspec: {product: %s, version: %s, reason: CVE, approvals: 1, skip: [%s], expires: %q}\n",
			api, u.product, u.version, strings.Join(skip, ", "), u.expires.Format("2006-01-02T15:04"))
	}
	return out
}

func (v windowWish) yaml(name string) string {
	kind, rule := "blackout", "finish"
	if v.maintenance {
		kind = "maintenance"
	}
	if v.pause {
		rule = "pause"
	}
	when := fmt.Sprintf("schedule: \"0 %d * * *\", duration: %s", v.hour, v.length)
	if !v.daily {
		when = fmt.Sprintf("from: %q, until: %q", v.from.In(v.location()).Format("2006-01-02T15:04"), v.until.In(v.location()).Format("2006-01-02T15:04"))
	}
	selector := ""
	if v.geo != "" {
		selector = fmt.Sprintf(", selector: {matchLabels: {geo: %s}}", v.geo)
	}
	return fmt.Sprintf("kind: Window\nmetadata: {name: %s}\nspec: {type: %s, %s, timeZone: %s, inFlight: %s%s}\n", name, kind, when, v.zone, rule, selector)
}

func (v windowWish) location() *time.Location {
	l, err := time.LoadLocation(v.zone)
	if err != nil {
		panic(err)
	}
	return l
}

// within reports whether a moment lies in the window, by looking at each minute
// before it.
func (v windowWish) within(t time.Time) bool {
	if !v.daily {
		return !t.Before(v.from) && t.Before(v.until)
	}
	loc := v.location()
	for m := t.Truncate(time.Minute); t.Sub(m) < v.length; m = m.Add(-time.Minute) {
		if at := m.In(loc); at.Hour() == v.hour && at.Minute() == 0 {
			return true
		}
	}
	return false
}
