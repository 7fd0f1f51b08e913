package report

import (
	"strings"

	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// Drills are halts on purpose and what they have measured.
type Drills struct {
	Drills []AuditItem `json:"drills"`
}

// NewDrills lists the drills among events, in their order.
func NewDrills(events []plan.Event) *Drills {
	d := &Drills{Drills: []AuditItem{}}
	for _, i := range NewAudit(events, AuditFilter{}).Items {
		if i.Measured != nil {
			d.Drills = append(d.Drills, i)
		}
	}
	return d
}

// Text renders the drills for a terminal.
func (d *Drills) Text(p Paint) string {
	if len(d.Drills) == 0 {
		return "no drill was recorded\n"
	}
	var b strings.Builder
	t := table{}
	for i := range d.Drills {
		x := &d.Drills[i]
		role := Good
		if x.Measured.Unfinished != "" || x.Measured.Touched > 0 || x.Measured.Started > 0 {
			role = Warn
		}
		t.row(cell{x.At.UTC().Format("2006-01-02 15:04:05"), Dim}, cell{x.object(), Strong}, cell{x.By, Plain}, cell{x.Measured.String(), role})
	}
	t.write(&b, p)
	return b.String()
}
