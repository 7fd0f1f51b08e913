package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// Explanation is everything that was decided for one cluster.
type Explanation struct {
	At       time.Time `json:"at"`
	Line     `json:",inline"`
	Desired  string  `json:"desired,omitempty"`
	Release  string  `json:"release,omitempty"`
	Commit   string  `json:"commit,omitempty"`
	Wave     int     `json:"wave,omitempty"`
	Waves    int     `json:"waves,omitempty"`
	Drift    string  `json:"drift,omitempty"`
	Problem  string  `json:"problem,omitempty"`
	Gates    []Gate  `json:"gates,omitempty"`
	Alerts   []Alert `json:"alerts,omitempty"`
	MarkedBy string  `json:"markedBy,omitempty"`
}

// Gate is the answer of one gate.
type Gate struct {
	Name   string `json:"name"`
	Open   bool   `json:"open"`
	Reason string `json:"reason,omitempty"`
}

// Alert is a monitor that fires on the cluster.
type Alert struct {
	Monitor string    `json:"monitor"`
	Since   time.Time `json:"since,omitzero"`
	Link    string    `json:"link,omitempty"`
	// Evidence is what it is held to mean for the upgrade of the cluster.
	Evidence plan.Evidence `json:"evidence,omitzero"`
}

func alerts(x *plan.Explanation) []Alert {
	var out []Alert
	for i, a := range x.Alerts {
		out = append(out, Alert{Monitor: a.Monitor, Since: a.Since, Link: a.Link, Evidence: x.Evidence[i]})
	}
	return out
}

// NewExplanation asks the newest plan about a cluster.
func NewExplanation(in Input, cluster string) (*Explanation, error) {
	x, err := in.Plan.Explain(cluster)
	if err != nil {
		return nil, err
	}
	row, _ := in.Fleet.Find(cluster)
	out := &Explanation{
		At: in.Now, Line: NewLine(in, row), Drift: x.Decision.Drift.String(), Problem: x.Cluster.Problem,
		MarkedBy: x.Mark.Commit,
	}
	if r := x.Rollout; r != nil {
		out.Desired, out.Release, out.Commit, out.Waves = r.Version.String(), r.Release, r.Commit, len(r.Waves)
	}
	if int(x.Decision.Wave) < out.Waves {
		out.Wave = int(x.Decision.Wave) + 1
	}
	for _, g := range x.Gates {
		out.Gates = append(out.Gates, Gate{Name: g.Gate.String(), Open: g.Open, Reason: g.Reason})
	}
	out.Alerts = alerts(x)
	return out, nil
}

// Text renders the explanation for a terminal: the verdict and its reason
// first, then every gate.
func (e *Explanation) Text(p Paint) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s", p.as(Strong, e.Cluster), p.as(roleOf(e.Verdict), e.Verdict))
	if e.Reason != "" {
		fmt.Fprintf(&b, "  %s", clean(e.Reason))
	}
	b.WriteString("\n\n")
	t := table{indent: "  "}
	field := func(name, value string) {
		if value != "" {
			t.row(cell{name, Dim}, cell{clean(value), Plain})
		}
	}
	field("at", e.At.UTC().Format("Mon 2 Jan 2006 15:04:05 UTC"))
	field("product", e.Product)
	field("cohort", e.Cohort)
	field("data plane", e.Plane)
	field("runs", e.Version)
	if e.Target != "" {
		field("goes to", fmt.Sprintf("%s, %d of %d replicas updated", e.Target, e.Updated, e.Replicas))
	}
	field("should run", e.Desired)
	field("release", e.Release)
	field("commit", e.Commit)
	if e.Wave > 0 {
		field("wave", fmt.Sprintf("%d of %d", e.Wave, e.Waves))
	}
	field("drift", e.Drift)
	field("problem", e.Problem)
	for _, a := range e.Alerts {
		field("alert", a.Monitor+" since "+clock(a.Since, e.At))
		field("evidence", a.Evidence.Verdict())
		field("see", a.Link)
	}
	t.write(&b, p)
	e.gates(&b, p)
	return b.String()
}

func (e *Explanation) gates(b *strings.Builder, p Paint) {
	if len(e.Gates) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s\n", p.as(Strong, "Gates"))
	t := table{indent: "  "}
	unasked := map[string][]string{} // by why they are not asked
	var reasons []string
	for _, g := range e.Gates {
		if g.Open && g.Reason != "" {
			if unasked[g.Reason] == nil {
				reasons = append(reasons, g.Reason)
			}
			unasked[g.Reason] = append(unasked[g.Reason], g.Name)
			continue
		}
		mark := cell{"open", Good}
		if !g.Open {
			mark = cell{"closed", Bad}
		}
		t.row(mark, cell{g.Name, Plain}, cell{clean(g.Reason), Dim})
	}
	t.write(b, p)
	for _, r := range reasons {
		fmt.Fprintf(b, "  %s\n", p.as(Dim, strings.Join(unasked[r], ", ")+": "+r))
	}
}

// Moment is what the journal says of a cluster at a moment in the past.
type Moment struct {
	At      time.Time    `json:"at"`
	Cluster string       `json:"cluster"`
	Last    *plan.Event  `json:"last,omitempty"`
	Before  []plan.Event `json:"before,omitempty"`
}

// Text renders the moment for a terminal.
func (m *Moment) Text(p Paint) string {
	var b strings.Builder
	if m.Last == nil {
		fmt.Fprintf(&b, "%s  the journal has nothing about it before %s\n", p.as(Strong, m.Cluster), m.At.UTC().Format("2006-01-02 15:04:05 UTC"))
		return b.String()
	}
	fmt.Fprintf(&b, "%s  %s  %s\n", p.as(Strong, m.Cluster), p.as(roleOf(m.Last.Verdict), m.Last.Verdict), clean(m.Last.Reason))
	fmt.Fprintf(&b, "  %s\n", p.as(Dim, "as decided at "+m.Last.At.UTC().Format("2006-01-02 15:04:05 UTC")+", commit "+short(m.Last.Commit)))
	b.WriteString((&History{At: m.At, Events: m.Before}).Text(p))
	return b.String()
}
