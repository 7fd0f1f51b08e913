package fleet

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/schedule"
)

// What the checks of a document cannot know from it alone is left to the
// collection: names that must exist, and what may be there only once.

// checkDocument checks what the types cannot say, and fills in the defaults.
func (d *decoder) checkDocument() {
	switch v := d.doc.value.(type) {
	case *Fleet:
		d.checkFleet(&v.Spec)
	case *Product:
		d.checkProduct(v)
	case *Cohort:
		d.checkCohort(&v.Spec)
	case *Window:
		d.checkWindow(&v.Spec)
	case *Pin:
		d.checkPin(&v.Spec)
	case *Emergency:
		d.checkEmergency(&v.Spec)
	}
}

func (d *decoder) checkFleet(s *FleetSpec) {
	seen := map[string]string{}
	for i, stage := range s.Order {
		for j, name := range stage {
			path := fmt.Sprintf("spec.order[%d][%d]", i, j)
			if !d.doc.has(path) {
				path = fmt.Sprintf("spec.order[%d]", i)
			}
			d.unique(seen, name, path)
		}
	}
	d.checkApprovals(s.Approvals)
	d.checkLimits(s.Limits)
	switch {
	case s.Drift.Schedule != "":
		// A schedule of moments is one of windows that last a minute.
		_, err := schedule.New(schedule.Rule{
			Kind: schedule.Maintenance, Cron: s.Drift.Schedule, Duration: time.Minute, TimeZone: s.Drift.TimeZone,
		})
		if err != nil {
			d.report("spec.drift", err)
		}
	case d.doc.has("spec.drift"):
		d.report("spec.drift", advise(`write schedule: "0 7 * * 1-5"`, "there is no schedule"))
	}
}

func (d *decoder) checkApprovals(a Approvals) {
	users, seen := 0, map[string]string{}
	for i, who := range a.By {
		path := fmt.Sprintf("spec.approvals.by[%d]", i)
		if err := checkPrincipal(who); err != nil {
			d.report(path, err)
		}
		d.unique(seen, who, path)
		if strings.HasPrefix(who, "user:") {
			users++
		}
	}
	switch {
	case a.Required < 0:
		d.report("spec.approvals.required", errors.New("is negative"))
	case a.Required == 0 && len(a.By) > 0:
		d.report("spec.approvals", advise("write required: 1, or leave by out", "by is given, but no approval is required"))
	case len(a.By) > 0 && users == len(a.By) && a.Required > users:
		d.report("spec.approvals.required", fmt.Errorf("%d approvals are required, but only %d people may give one", a.Required, users))
	}
	if d.doc.has("spec.approvals.by") && len(a.By) == 0 {
		d.report("spec.approvals.by", advise("leave it out when anyone with write access may approve", "is empty"))
	}
}

func (d *decoder) checkLimits(limits []Limit) {
	seen := map[string]string{}
	for i, l := range limits {
		path := fmt.Sprintf("spec.limits[%d]", i)
		d.atLeast(path+".maxConcurrency", l.MaxConcurrency, 1)
		switch {
		case l.Label != "":
			if err := checkLabelKey(l.Label); err != nil {
				d.report(path+".label", err)
			}
		case d.doc.has(path + ".label"):
			d.report(path+".label", advise("leave it out for the overall limit", "is empty"))
		}
		if first, twice := seen[l.Label]; twice {
			what := "the overall limit"
			if l.Label != "" {
				what = "a limit for each " + l.Label
			}
			d.report(path, advise("keep one", "%s is given twice; first as %s", what, first))
		}
		seen[l.Label] = path
	}
}

// unique refuses the second of two equal entries of a list.
func (d *decoder) unique(seen map[string]string, value, path string) {
	if first, twice := seen[value]; twice {
		d.report(path, advise("keep one", "%s is given twice; first as %s", quote(value), first))
		return
	}
	seen[value] = path
}

func (d *decoder) atLeast(path string, value, least int) {
	if value < least {
		d.report(path, fmt.Errorf("is %d, but must be at least %d", value, least))
	}
}

// positive refuses a length of time that was written and is zero, which would
// be taken for one that was left out.
func (d *decoder) positive(path string, value Duration) {
	if value <= 0 && d.doc.has(path) {
		d.report(path, advise("leave it out for the default", "must be longer than 0"))
	}
}

// text refuses prose of nothing but space.
func (d *decoder) prose(path, value string) {
	if value != "" && strings.TrimSpace(value) == "" {
		d.report(path, errors.New("is blank"))
	}
}

func (d *decoder) checkCohort(s *CohortSpec) {
	d.checkSelector("spec.selector", s.Selector)
	if s.Selector.Metric != nil {
		d.checkThreshold("spec.selector.metric", s.Selector.Metric)
	}
	for i, w := range s.Waves {
		path := fmt.Sprintf("spec.waves[%d]", i)
		if s.Waves[i].Size.IsZero() {
			d.report(path+".size", errors.New("is 0, so the wave would never do anything"))
		}
		if d.doc.has(path + ".maxConcurrency") {
			d.atLeast(path+".maxConcurrency", w.MaxConcurrency, 1)
		}
	}
	d.checkWaveSizes(s.Waves)
	for i, key := range s.OrderBy {
		path := fmt.Sprintf("spec.orderBy[%d]", i)
		switch {
		case (key.Label == "") == key.Metric.IsZero():
			d.report(path, advise("write {label: criticality} or {metric: \"...\"}", "needs either a label or a metric"))
		case key.Label != "":
			if err := checkLabelKey(key.Label); err != nil {
				d.report(path+".label", err)
			}
		default:
			d.checkMetric(path+".metric", key.Metric)
		}
	}
	if len(s.Waves) == 0 {
		if d.doc.has("spec.waves") {
			d.report("spec.waves", advise("leave it out for one wave of 100%", "is empty"))
		}
		s.Waves = []Wave{{Size: Size{Percent: 100, IsPercent: true}}}
	}
	if s.LateJoiners == "" {
		s.LateJoiners = LateAppend
	}
}

func (d *decoder) checkWaveSizes(waves []Wave) {
	whole := Size{Percent: 100, IsPercent: true}
	percent := 0
	for i, w := range waves {
		path := fmt.Sprintf("spec.waves[%d].size", i)
		last := i == len(waves)-1
		switch {
		case last && w.Size != whole:
			d.report(path, advise(`end with {size: "100%"}: it takes whatever is left`, "is %s, so some clusters may be in no wave at all", w.Size))
		case !last && w.Size == whole:
			d.report(path, advise("make it smaller or remove the waves after it", "is 100%%, so nothing is left for the waves after it"))
			return
		case !last && w.Size.IsPercent:
			if percent = min(percent+w.Size.Percent, math.MaxInt32); percent >= 100 {
				d.report(path, advise("sizes add up: each wave takes that many more clusters", "the waves so far take %d%%, so nothing is left for the waves after it", percent))
				return
			}
		}
	}
}
