package fleet

import (
	"errors"
	"fmt"
	"time"
)

// What holds when a product says nothing.
const (
	defaultProgressDeadline = Duration(time.Hour)
	defaultSettle           = Duration(30 * time.Second)
	defaultMaxAge           = Duration(5 * time.Minute)
)

func (d *decoder) checkProduct(p *Product) {
	s := &p.Spec
	if s.Image != "" {
		if err := checkImage(s.Image); err != nil {
			d.report("spec.image", err)
		}
	}
	d.checkSelector("spec.workload.selector", s.Workload.Selector)
	d.noThreshold("spec.workload.selector", s.Workload.Selector)
	d.checkWorkload(&s.Workload)
	switch container := s.Workload.Container; {
	case container == "" && d.doc.has("spec.workload.container"):
		d.report("spec.workload.container", advise("leave it out when it is the product's name", "is empty"))
	case container == "":
		s.Workload.Container = p.Name
	default:
		if err := checkName(container); err != nil {
			d.report("spec.workload.container", err)
		}
	}
	if skip := s.Versions.MaxMinorSkip; skip != nil {
		d.atLeast("spec.versions.maxMinorSkip", *skip, 0)
	}
	if s.Versions.Downgrade == "" {
		s.Versions.Downgrade = DowngradeDeny
	}
	d.positive("spec.progressDeadline", s.ProgressDeadline)
	d.positive("spec.settle", s.Settle)
	if s.ProgressDeadline == 0 {
		s.ProgressDeadline = defaultProgressDeadline
	}
	if s.Settle == 0 {
		s.Settle = defaultSettle
	}
	if s.Settle >= s.ProgressDeadline {
		path := "spec.progressDeadline"
		if !d.doc.has(path) {
			path = "spec.settle"
		}
		d.report(path, fmt.Errorf("progressDeadline %s is not longer than settle %s, so every upgrade would fail", s.ProgressDeadline, s.Settle))
	}
	seen := map[string]string{}
	for i := range s.Monitors {
		path := fmt.Sprintf("spec.monitors[%d]", i)
		d.checkMonitor(path, &s.Monitors[i])
		if m := &s.Monitors[i]; m.For >= s.ProgressDeadline && d.doc.has(path+".for") {
			d.report(path+".for", advise("let it be a few minutes: only what is over sooner is forgiven", "%s is not shorter than progressDeadline %s", m.For, s.ProgressDeadline))
		}
		if s.Monitors[i].Name != "" {
			d.unique(seen, s.Monitors[i].Name, path+".name")
		}
	}
}

func (d *decoder) checkMonitor(path string, m *Monitor) {
	if m.Name != "" {
		if err := checkName(m.Name); err != nil {
			d.report(path+".name", err)
		}
	}
	switch {
	case m.Datadog == nil && m.Prometheus == nil:
		d.report(path, advise("add datadog or prometheus", "the monitor has no source"))
	case m.Datadog != nil && m.Prometheus != nil:
		d.report(path, advise("make it two monitors", "the monitor has two sources"))
	}
	if m.Datadog != nil {
		d.prose(path+".datadog.query", m.Datadog.Query)
		d.prose(path+".datadog.clusterTag", m.Datadog.ClusterTag)
	}
	if m.Prometheus != nil {
		d.prose(path+".prometheus.alert", m.Prometheus.Alert)
		if label := m.Prometheus.ClusterLabel; label != "" {
			if err := checkPrometheusLabel(label); err != nil {
				d.report(path+".prometheus.clusterLabel", err)
			}
		}
	}
	d.positive(path+".maxAge", m.MaxAge)
	d.positive(path+".for", m.For)
	if m.MaxAge == 0 {
		m.MaxAge = defaultMaxAge
	}
}

func checkPrometheusLabel(s string) error {
	if isDigit(rune(s[0])) {
		return errors.New("begins with a digit, which no label of Prometheus does")
	}
	err := eachRune(s, func(r rune, _ bool) bool { return isLetter(r) || isDigit(r) || r == '_' })
	if err != nil {
		return advise("labels of Prometheus have letters, digits and _", "%s: %w", quote(s), err)
	}
	return nil
}
