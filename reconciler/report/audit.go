package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// AuditKinds are the kinds of event that an audit is made of.
var AuditKinds = []plan.EventKind{
	plan.CommitAdmitted, plan.CommitRefused, plan.TargetSet, plan.Paused, plan.Resumed, plan.ClusterRetried,
	plan.ClusterJoined, plan.ClusterSkipped, plan.CommandRefused, plan.DrillRecorded,
}

// Audit lists what people have decided, and what was decided in their place: who,
// what, when, by which way.
type Audit struct {
	Items []AuditItem `json:"items"`
}

// AuditItem is one decision.
type AuditItem struct {
	Seq uint64    `json:"seq"`
	At  time.Time `json:"at"`
	// What was done: approved, refused, paused, resumed, retried, skipped, drilled.
	What string `json:"what"`
	// By is who did it; several who approved are divided by commas. "wavegate" is
	// the service itself.
	By string `json:"by"`
	// Via is the way by which it came, Link where it can be read.
	Via     plan.Via `json:"via,omitempty"`
	Link    string   `json:"link,omitempty"`
	Release string   `json:"release,omitempty"`
	Cluster string   `json:"cluster,omitempty"`
	Commit  string   `json:"commit,omitempty"`
	// Releases are those that the commit has moved.
	Releases  []string `json:"releases,omitempty"`
	Approvers []string `json:"approvers,omitempty"`
	Pull      int      `json:"pull,omitempty"`
	Reason    string   `json:"reason,omitempty"`
	// Drill names the drill that it belongs to, Measured is what it has measured.
	Drill    string            `json:"drill,omitempty"`
	Measured *plan.DrillResult `json:"measured,omitempty"`
}

// AuditFilter selects decisions. What is empty selects all.
type AuditFilter struct {
	// By is a person, with or without "user:".
	By string
	// Release selects what was decided about a release, and the commits that have
	// moved it.
	Release string
}

// itself is what an audit calls the service.
const itself = "wavegate"

// NewAudit makes an audit of events of [AuditKinds], in their order.
func NewAudit(events []plan.Event, f AuditFilter) *Audit {
	moved := map[string][]string{} // releases by commit
	for i := range events {
		if e := &events[i]; e.Kind == plan.TargetSet && e.Release != "" && !slices.Contains(moved[e.Commit], e.Release) {
			moved[e.Commit] = append(moved[e.Commit], e.Release)
		}
	}
	a := &Audit{Items: []AuditItem{}}
	for i := range events {
		item, ok := auditItem(&events[i])
		if !ok {
			continue
		}
		if item.Commit != "" {
			item.Releases = moved[item.Commit]
		}
		if f.selects(&item) {
			a.Items = append(a.Items, item)
		}
	}
	return a
}

func auditItem(e *plan.Event) (AuditItem, bool) {
	item := AuditItem{
		Seq: e.Seq, At: e.At, By: e.By, Via: e.Via, Link: e.Link, Release: e.Release, Cluster: e.Cluster,
		Reason: e.Reason, Drill: e.Drill,
	}
	switch e.Kind {
	case plan.CommitAdmitted:
		item.What, item.Commit, item.Approvers, item.Pull = "approved", e.Commit, e.Approvers, e.Pull
	case plan.CommitRefused:
		item.What, item.Commit = "refused", e.Commit
	case plan.Paused:
		item.What = "paused"
		if e.Adopted {
			item.Cluster = "" // one of those that remembered it
		}
	case plan.Resumed:
		item.What = "resumed"
	case plan.ClusterRetried:
		item.What = "retried"
	case plan.ClusterJoined:
		if e.By == "" {
			return item, false
		}
		item.What = "retried"
	case plan.ClusterSkipped:
		item.What = "skipped"
	case plan.CommandRefused:
		item.What = "refused " + string(e.Asked)
	case plan.DrillRecorded:
		item.What, item.Measured = "drilled", e.Measured
	default:
		return item, false
	}
	if item.By == "" && e.Via == "" {
		item.By = itself
	}
	return item, true
}

func (f AuditFilter) selects(i *AuditItem) bool {
	if f.Release != "" && i.Release != f.Release && !slices.Contains(i.Releases, f.Release) {
		return false
	}
	if f.By == "" {
		return true
	}
	name := strings.TrimPrefix(f.By, "user:")
	return slices.ContainsFunc(append(strings.Split(i.By, ", "), i.Approvers...), func(by string) bool {
		return strings.EqualFold(strings.TrimPrefix(by, "user:"), name)
	})
}

// Text renders the audit for a terminal.
func (a *Audit) Text(p Paint) string {
	if len(a.Items) == 0 {
		return "nothing was decided\n"
	}
	var b strings.Builder
	t := table{}
	t.row(cell{"WHEN", Dim}, cell{"WHAT", Dim}, cell{"OF", Dim}, cell{"WHO", Dim}, cell{"BY WAY OF", Dim}, cell{"WHY", Dim})
	for i := range a.Items {
		x := &a.Items[i]
		t.row(cell{x.At.UTC().Format("2006-01-02 15:04:05"), Dim}, cell{x.What, auditRole(x.What)}, cell{x.object(), Strong},
			cell{orDash(x.By), Plain}, cell{orDash(x.way()), Plain}, cell{x.why(), Dim})
	}
	t.write(&b, p)
	return b.String()
}

func auditRole(what string) Role {
	switch what {
	case "approved", "resumed":
		return Good
	case "paused":
		return Bad
	case "drilled", "retried", "skipped":
		return Plain
	default:
		return Warn
	}
}

func (i *AuditItem) object() string {
	switch {
	case i.Cluster != "":
		return i.Cluster
	case i.Release != "":
		return i.Release
	case i.Commit != "":
		return "commit " + short(i.Commit)
	default:
		return "everything"
	}
}

func (i *AuditItem) way() string {
	if i.Pull > 0 {
		return fmt.Sprintf("%s #%d", i.Via, i.Pull)
	}
	return string(i.Via)
}

func (i *AuditItem) why() string {
	if m := i.Measured; m != nil {
		return m.String()
	}
	parts := []string{i.Reason}
	if len(i.Releases) > 0 {
		parts = append(parts, "moves "+strings.Join(i.Releases, ", "))
	}
	if i.Drill != "" {
		parts = append(parts, "drill "+i.Drill)
	}
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "; ")
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
