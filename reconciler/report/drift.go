package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// Drift is the drift and version-skew report: what differs from the desired
// state without a rollout that explains it, and which versions run where.
type Drift struct {
	At     time.Time      `json:"at"`
	Fleet  string         `json:"fleet,omitempty"`
	Commit string         `json:"commit,omitempty"`
	Items  []DriftItem    `json:"items"`
	Skew   []SkewLine     `json:"skew"`
	Pins   []string       `json:"expiredPins,omitempty"`
	Totals map[string]int `json:"totals"`
	// Unseen are the clusters that cannot be observed, sorted: whether they
	// differ is not known.
	Unseen []string `json:"unseen,omitempty"`
}

// DriftItem is one cluster that differs.
type DriftItem struct {
	Cluster string `json:"cluster"`
	Product string `json:"product,omitempty"`
	Cohort  string `json:"cohort,omitempty"`
	Plane   string `json:"dataPlane,omitempty"`
	Kind    string `json:"kind"`
	Version string `json:"version,omitempty"`
	Desired string `json:"desired,omitempty"`
	Reason  string `json:"reason,omitempty"`
	// Since is when it was first found; zero when that is not known.
	Since time.Time `json:"since,omitzero"`
}

// SkewLine says how many clusters of a product in a cohort run a version.
type SkewLine struct {
	Product string `json:"product"`
	Cohort  string `json:"cohort"`
	Desired string `json:"desired,omitempty"`
	Version string `json:"version"`
	Count   int    `json:"count"`
}

// NewDrift builds the report. Since tells when the drift of a cluster was first
// found; it may be nil.
func NewDrift(in Input, since func(cluster string) time.Time) *Drift {
	d := &Drift{
		At: in.Now, Fleet: in.FleetName, Commit: in.State.InForce.Commit, Pins: in.Plan.ExpiredPins,
		Totals: map[string]int{}, Items: []DriftItem{}, Skew: []SkewLine{},
	}
	skew := map[SkewLine]int{}
	for _, name := range in.Fleet.Names() {
		row, _ := in.Fleet.Find(name)
		c, decision, cohort := in.Fleet.Cluster(row), in.Plan.Decision(row), in.Plan.Cohort(row)
		desired := ""
		if t := in.State.Targets[plan.TargetKey{Product: c.Product, Cohort: cohort}]; t != nil {
			desired = t.Version.String()
		}
		skew[SkewLine{Product: c.Product, Cohort: cohort, Desired: desired, Version: c.Version.String()}]++
		if decision.Verdict == plan.Unknown {
			d.Unseen = append(d.Unseen, name)
		}
		if decision.Drift == plan.NoDrift {
			continue
		}
		item := DriftItem{
			Cluster: name, Product: c.Product, Cohort: cohort, Plane: c.DataPlane, Kind: decision.Drift.String(),
			Version: c.Version.String(), Desired: desired,
		}
		if decision.Reason != plan.DiffersFromTarget {
			item.Reason = in.Plan.Reason(row)
		}
		if since != nil {
			item.Since = since(name)
		}
		d.Items = append(d.Items, item)
	}
	for _, name := range in.Plan.Missing {
		d.Items = append(d.Items, DriftItem{
			Cluster: name, Kind: plan.Missing.String(), Reason: "a pin names it, and no data plane has it",
		})
	}
	for _, i := range d.Items {
		d.Totals[i.Kind]++
	}
	slices.Sort(d.Unseen)
	slices.SortFunc(d.Items, func(a, b DriftItem) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Cohort, b.Cohort), cmp.Compare(a.Cluster, b.Cluster))
	})
	for line, n := range skew {
		line.Count = n
		d.Skew = append(d.Skew, line)
	}
	slices.SortFunc(d.Skew, func(a, b SkewLine) int {
		return cmp.Or(cmp.Compare(a.Product, b.Product), cmp.Compare(a.Cohort, b.Cohort), cmp.Compare(a.Version, b.Version))
	})
	return d
}

// Text renders the report for a terminal.
func (d *Drift) Text(p Paint) string {
	var b strings.Builder
	if len(d.Items) == 0 {
		fmt.Fprintf(&b, "%s  every cluster runs what it should, or a rollout is on its way to it\n", p.as(Good, "No drift"))
	} else {
		fmt.Fprintf(&b, "%s  %s\n", p.as(Strong, "Drift"), count(len(d.Items), "cluster differs", "clusters differ"))
		t := table{indent: "  "}
		for _, i := range d.Items {
			lasts := ""
			if !i.Since.IsZero() {
				lasts = "for " + span(d.At.Sub(i.Since))
			}
			t.row(cell{i.Kind, Warn}, cell{i.Cluster, Strong}, cell{i.Product, Plain}, cell{i.Cohort, Plain},
				cell{versions(i), Plain}, cell{lasts, Dim}, cell{clean(i.Reason), Dim})
		}
		t.write(&b, p)
	}
	for _, pin := range d.Pins {
		fmt.Fprintf(&b, "\n%s pin %s has expired: remove it from the fleet repository\n", p.as(Warn, "note"), clean(pin))
	}
	d.skewText(&b, p)
	return b.String()
}

func versions(i DriftItem) string {
	if i.Version == "" || i.Version == i.Desired || i.Desired == "" {
		return i.Version
	}
	return i.Version + " ≠ " + i.Desired
}

func (d *Drift) skewText(b *strings.Builder, p Paint) {
	if len(d.Skew) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s\n", p.as(Strong, "Versions"))
	t := table{indent: "  ", right: map[int]bool{2: true}}
	product, cohort := "", ""
	for _, s := range d.Skew {
		shown := []cell{{s.Product, Strong}, {s.Cohort, Plain}}
		if s.Product == product {
			shown[0].text = ""
			if s.Cohort == cohort {
				shown[1].text = ""
			}
		}
		product, cohort = s.Product, s.Cohort
		role := Good
		if s.Version != s.Desired {
			role = Warn
		}
		note := ""
		if s.Version != s.Desired && s.Desired != "" {
			note = "should be " + s.Desired
		}
		t.row(shown[0], shown[1], cell{strconv.Itoa(s.Count), Plain}, cell{s.Version, role}, cell{note, Dim})
	}
	t.write(b, p)
}
