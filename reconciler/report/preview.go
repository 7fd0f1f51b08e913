package report

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
	"github.com/wavegate-dev/wavegate/reconciler/simulate"
)

// Preview is what a change would do.
type Preview struct {
	From  string    `json:"from,omitempty"`
	To    string    `json:"to,omitempty"`
	At    time.Time `json:"at"`
	Moves []Move    `json:"moves"`
	// Approvals is the policy that the change has to meet, when it is known: that
	// of the spec in force, and an emergency may ask for more.
	Approvals *fleet.Approvals `json:"approvals,omitempty"`
	// Unchanged tells that the fleet repository would say the same as before.
	Unchanged bool `json:"unchanged,omitempty"`
	// First is what it would find when nothing is in force yet; nil otherwise.
	First *FirstStart `json:"firstStart,omitempty"`
	// Refused says why the change could not take effect.
	Refused string            `json:"refused,omitempty"`
	Run     *simulate.Preview `json:"preview,omitempty"`
	// Touches counts the labels of the clusters that would be upgraded: how
	// many customers, regions, data planes.
	Touches []Touch `json:"touches,omitempty"`
}

// Move is a target that the change sets.
type Move struct {
	Product   string `json:"product"`
	Cohort    string `json:"cohort"`
	From      string `json:"from,omitempty"`
	To        string `json:"to,omitempty"`
	Emergency string `json:"emergency,omitempty"`
}

// Touch is how many values of a label a change concerns.
type Touch struct {
	Label  string `json:"label"`
	Values int    `json:"values"`
	// Names are the values when they are few.
	Names []string `json:"names,omitempty"`
}

// fewNames is up to how many values of a label are named.
const fewNames = 5

// NewTouches counts the values that labels have on the clusters of a preview. A
// label that none of them has is left out.
func NewTouches(inv *plan.Inventory, run *simulate.Preview, labels []string) []Touch {
	var out []Touch
	for _, l := range labels {
		values := map[string]bool{}
		for _, r := range run.Rollouts {
			for _, w := range r.Waves {
				for _, name := range w.Clusters {
					if row, ok := inv.Find(name); ok {
						if v, ok := inv.Label(row, l); ok {
							values[v] = true
						}
					}
				}
			}
		}
		t := Touch{Label: l, Values: len(values)}
		if len(values) <= fewNames {
			t.Names = slices.Sorted(maps.Keys(values))
		}
		if len(values) > 0 {
			out = append(out, t)
		}
	}
	return out
}

// NewMoves returns the targets that events set or remove.
func NewMoves(events []plan.Event) []Move {
	var out []Move
	for _, e := range events {
		switch e.Kind {
		case plan.TargetSet:
			out = append(out, Move{e.Product, e.Cohort, e.From.String(), e.To.String(), e.Emergency})
		case plan.TargetRemoved:
			out = append(out, Move{Product: e.Product, Cohort: e.Cohort, From: e.From.String()})
		default:
		}
	}
	return out
}

// Text renders the preview for a terminal.
func (v *Preview) Text(p Paint) string {
	var b strings.Builder
	if v.Refused != "" {
		fmt.Fprintf(&b, "%s %s\n\n", p.as(Bad, "REFUSED"), clean(v.Refused))
	}
	if v.First != nil {
		v.First.text(&b, p)
		return b.String()
	}
	v.moves(&b, p)
	if v.Run == nil {
		return b.String()
	}
	for i := range v.Run.Rollouts {
		v.rollout(&b, p, &v.Run.Rollouts[i])
	}
	v.touches(&b, p)
	v.delays(&b, p)
	v.blocked(&b, p)
	v.end(&b, p)
	return b.String()
}

func (v *Preview) moves(b *strings.Builder, p Paint) {
	if len(v.Moves) == 0 {
		b.WriteString("No version moves.\n")
		return
	}
	t := table{}
	for _, m := range v.Moves {
		to := m.To
		if to == "" {
			to = "no version"
		}
		from := m.From
		if from == "" {
			from = "(new)"
		}
		note := ""
		if m.Emergency != "" {
			note = "emergency " + m.Emergency
		}
		t.row(cell{m.Product, Strong}, cell{m.Cohort, Plain}, cell{from + " → " + to, Busy}, cell{note, Bad})
	}
	t.write(b, p)
}

func (v *Preview) rollout(b *strings.Builder, p Paint, r *simulate.Rollout) {
	n := 0
	for _, w := range r.Waves {
		n += len(w.Clusters)
	}
	fmt.Fprintf(b, "\n%s  %s", p.as(Strong, r.Product+" in "+r.Cohort), count(n, "cluster", "clusters"))
	if !r.Ends.IsZero() {
		fmt.Fprintf(b, "  %s", p.as(Dim, "takes "+span(r.Ends.Sub(v.At))))
	}
	b.WriteByte('\n')
	t := table{indent: "  ", right: map[int]bool{1: true}}
	for i, w := range r.Waves {
		soak := ""
		if w.Soak > 0 && w.SoakEnds.IsZero() {
			soak = "soaks " + span(w.Soak)
		} else if w.Soak > 0 {
			soak = "soaks " + span(w.Soak) + " until " + clock(w.SoakEnds, v.At)
		}
		t.row(cell{"wave " + strconv.Itoa(i+1), Plain}, cell{strconv.Itoa(len(w.Clusters)), Strong},
			cell{v.period(w), Plain}, cell{soak, Dim}, cell{firstOf(w.Clusters), Dim})
	}
	t.write(b, p)
	if r.Reason != "" && r.Ends.IsZero() {
		fmt.Fprintf(b, "  %s %s\n", p.as(Warn, r.Phase.String()), clean(r.Reason))
	}
}

// period says from when to when clusters of a wave are upgraded.
func (v *Preview) period(w simulate.Wave) string {
	switch {
	case len(w.Clusters) == 0:
		return "nobody is left for it"
	case w.Starts.IsZero():
		return "does not start"
	case w.Finishes.IsZero():
		return clock(w.Starts, v.At) + ", does not finish"
	default:
		return clock(w.Starts, v.At) + " to " + clock(w.Finishes, v.At)
	}
}

// firstOf names the first clusters of a wave.
func firstOf(names []string) string {
	const show = 3
	switch {
	case len(names) == 0:
		return ""
	case len(names) <= show:
		return strings.Join(names, ", ")
	default:
		return strings.Join(names[:show], ", ") + ", …"
	}
}

func (v *Preview) touches(b *strings.Builder, p Paint) {
	if len(v.Touches) == 0 {
		return
	}
	parts := make([]string, 0, len(v.Touches))
	for _, t := range v.Touches {
		parts = append(parts, fmt.Sprintf("%d × %s", t.Values, clean(t.Label)))
	}
	fmt.Fprintf(b, "\n%s %s\n", p.as(Dim, "touches"), strings.Join(parts, ", "))
}

func (v *Preview) delays(b *strings.Builder, p Paint) {
	if len(v.Run.Delays) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s\n", p.as(Strong, "What bites"))
	t := table{indent: "  ", right: map[int]bool{1: true}}
	for _, d := range v.Run.Delays {
		t.row(cell{clock(d.Since, v.At), Dim}, cell{count(d.Clusters, "cluster", "clusters"), Plain}, cell{clean(d.Reason), Plain})
	}
	t.write(b, p)
}

func (v *Preview) blocked(b *strings.Builder, p Paint) {
	for i, why := range v.Run.Blind {
		if i == 0 {
			fmt.Fprintf(b, "\n%s\n", p.as(Warn, "Nothing starts until this is repaired"))
		}
		fmt.Fprintf(b, "  %s\n", clean(why))
	}
	if v.Run.BlockedCount == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s  %s\n", p.as(Warn, "Would still wait in the end"), count(v.Run.BlockedCount, "cluster", "clusters"))
	t := table{indent: "  ", right: map[int]bool{0: true}}
	for _, x := range v.Run.Blocked {
		t.row(cell{strconv.Itoa(x.Clusters), Plain}, cell{x.Verdict, Warn}, cell{clean(x.Reason), Dim}, cell{x.Example, Dim})
	}
	t.write(b, p)
}

func (v *Preview) end(b *strings.Builder, p Paint) {
	if len(v.Run.Rollouts) == 0 {
		return
	}
	if v.Run.Done {
		fmt.Fprintf(b, "\n%s at %s, %s from now, if nothing fails\n", p.as(Good, "Finishes"), clock(v.Run.End, v.At), span(v.Run.End.Sub(v.At)))
		return
	}
	fmt.Fprintf(b, "\n%s  see the reasons above\n", p.as(Warn, "Does not finish"))
}
