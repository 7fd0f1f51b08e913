package fleet

import (
	"fmt"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/schedule"
)

// Compile returns the window as calendar arithmetic. Windows of a loaded spec
// always compile.
func (s WindowSpec) Compile() (*schedule.Window, error) {
	kind := schedule.Blackout
	if s.Type == Maintenance {
		kind = schedule.Maintenance
	}
	return schedule.New(schedule.Rule{
		Kind: kind, Cron: s.Schedule, Duration: time.Duration(s.Duration),
		From: s.From, Until: s.Until, TimeZone: s.TimeZone,
	})
}

func (d *decoder) checkWindow(s *WindowSpec) {
	if len(d.failed) == 0 {
		if _, err := s.Compile(); err != nil {
			d.report(d.blamed(s), err)
		}
	}
	d.checkSelector("spec.selector", s.Selector)
	d.noThreshold("spec.selector", s.Selector)
	if d.doc.has("spec.products") && len(s.Products) == 0 {
		d.report("spec.products", advise("leave it out when the window concerns all products", "is empty"))
	}
	seen := map[string]string{}
	for i, name := range s.Products {
		d.unique(seen, name, fmt.Sprintf("spec.products[%d]", i))
	}
	d.prose("spec.reason", s.Reason)
	if s.InFlight == "" {
		s.InFlight = InFlightFinish
	}
}

// blamed finds the field that keeps a window from compiling: the first whose
// replacement by something harmless makes it compile.
func (d *decoder) blamed(s *WindowSpec) string {
	tries := []struct {
		field  string
		change func(*WindowSpec)
	}{
		{"timeZone", func(w *WindowSpec) { w.TimeZone = "" }},
		{"schedule", func(w *WindowSpec) { w.Schedule = "0 0 1 1 *" }},
		{"duration", func(w *WindowSpec) { w.Duration = Duration(time.Hour) }},
		{"from", func(w *WindowSpec) { w.From = "1970-01-01" }},
		{"until", func(w *WindowSpec) { w.Until = "9998-01-01" }},
	}
	for _, try := range tries {
		path := "spec." + try.field
		if !d.doc.has(path) {
			continue
		}
		w := *s
		try.change(&w)
		if _, err := w.Compile(); err == nil {
			return path
		}
	}
	return "spec"
}

func (d *decoder) checkPin(s *PinSpec) {
	seen := map[string]string{}
	for i, name := range s.Clusters {
		path := fmt.Sprintf("spec.clusters[%d]", i)
		if err := checkCluster(name); err != nil {
			d.report(path, err)
		}
		d.unique(seen, name, path)
	}
	if s.Owner != "" {
		if err := checkPrincipal(s.Owner); err != nil {
			d.report("spec.owner", err)
		}
	}
	d.prose("spec.reason", s.Reason)
}

func (d *decoder) checkEmergency(s *EmergencySpec) {
	d.prose("spec.reason", s.Reason)
	if d.doc.has("spec.approvals") {
		d.atLeast("spec.approvals", s.Approvals, 1)
	}
	seen := map[string]string{}
	for i, skip := range s.Skip {
		d.unique(seen, string(skip), fmt.Sprintf("spec.skip[%d]", i))
	}
}
