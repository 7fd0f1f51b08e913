package githubtest

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

type homeRow struct {
	Name string
	Open int // pull requests
}

func (s *Server) viewHome() []homeRow {
	var rows []homeRow
	for _, r := range s.sortedRepos() {
		if r.private {
			continue
		}
		row := homeRow{Name: r.full()}
		for _, i := range r.issues {
			if i.pull != nil && !i.closed() {
				row.Open++
			}
		}
		rows = append(rows, row)
	}
	return rows
}

type issueRow struct {
	Number        int
	Title, Author string
	State, Note   string
	Address       string
	Opened        time.Time
	Labels        []string
	Checks        []checkRow
}

// repoView lists what is open before what is closed, the newest first.
type repoView struct {
	Name, Clone   string
	Pulls, Issues []issueRow
	Branches      []branchRow
	Activity      []activityRow
}

type branchRow struct {
	Name, SHA string
	Guarded   bool
}

type activityRow struct {
	At                              time.Time
	Kind, Branch, Before, After, By string
}

// address is the path of an issue's page.
func (r *repo) address(i *issue) string {
	kind := "issues"
	if i.pull != nil {
		kind = "pull"
	}
	return "/" + r.full() + "/" + kind + "/" + strconv.Itoa(i.number)
}

// standing is the state of an issue in a word.
func (i *issue) standing() string {
	switch p := i.pull; {
	case p != nil && p.merged:
		return "merged"
	case i.closed():
		return "closed"
	case p != nil && p.draft:
		return "draft"
	default:
		return "open"
	}
}

func (r *repo) row(i *issue) issueRow {
	row := issueRow{
		Number: i.number, Title: i.title, Author: i.author.login, State: i.standing(), Address: r.address(i),
		Opened: i.created, Labels: i.labelNames(),
	}
	p := i.pull
	if p == nil {
		return row
	}
	switch n := p.approvals(); {
	case p.merged:
		row.Note = "merged by " + name(p.mergedBy)
	case n == 1:
		row.Note = "1 approval"
	case n > 1:
		row.Note = fmt.Sprintf("%d approvals", n)
	}
	row.Checks = r.checkRows(p.headSHA)
	if p.merged {
		if merged := r.checkRows(p.mergeSHA); len(merged) > 0 {
			row.Checks = merged
		}
	}
	return row
}

// approvals are how many people approve as it is now.
func (p *pull) approvals() int {
	last := map[*user]string{}
	for _, w := range p.reviews {
		if w.state != commented && w.state != pending {
			last[w.user] = w.state
		}
	}
	n := 0
	for _, state := range last {
		if state == approved {
			n++
		}
	}
	return n
}

func (s *Server) viewRepo(r *repo) repoView {
	v := repoView{Name: r.full(), Clone: s.URL + "/" + r.full() + ".git"}
	for _, closed := range []bool{false, true} {
		for _, i := range slices.Backward(r.issues) {
			switch {
			case i.closed() != closed:
			case i.pull != nil:
				v.Pulls = append(v.Pulls, r.row(i))
			default:
				v.Issues = append(v.Issues, r.row(i))
			}
		}
	}
	for ref, sha := range r.refs {
		name := strings.TrimPrefix(ref, "refs/heads/")
		v.Branches = append(v.Branches, branchRow{Name: name, SHA: sha, Guarded: r.protections[name] != nil})
	}
	slices.SortFunc(v.Branches, func(a, b branchRow) int { return cmp.Compare(a.Name, b.Name) })
	for _, a := range slices.Backward(r.activities) {
		if len(v.Activity) == 30 {
			break
		}
		v.Activity = append(v.Activity, activityRow{
			At: a.at, Kind: strings.ReplaceAll(a.kind, "_", " "), Branch: strings.TrimPrefix(a.ref, "refs/heads/"),
			Before: a.before, After: a.after, By: name(a.by),
		})
	}
	return v
}

func name(u *user) string {
	if u == nil {
		return "somebody"
	}
	return u.login
}

// checkRow is a status of a commit or a check run.
type checkRow struct {
	Name, State, Text, Link string
	Tone, Mark              string
	Notes                   []annotation
}

// checkRows are the statuses and check runs of a commit that count.
func (r *repo) checkRows(sha string) []checkRow {
	var rows []checkRow
	for _, st := range r.latest(sha) {
		rows = append(rows, checkRow{Name: st.context, State: st.state, Text: st.description, Link: st.target})
	}
	for _, k := range r.checksOf(sha) {
		rows = append(rows, checkRow{Name: k.name, State: cmp.Or(k.conclusion, k.status), Text: k.title, Link: k.details, Notes: k.annotations})
	}
	for i := range rows {
		row := &rows[i]
		row.Tone, row.Mark = tone(row.State), "●"
		switch row.Tone {
		case "good":
			row.Mark = "✓"
		case "bad":
			row.Mark = "✕"
		}
	}
	return rows
}

func tone(state string) string {
	switch state {
	case "success", approved, "merged":
		return "good"
	case "failure", "error", changesRequested, "timed_out", "cancelled", "action_required":
		return "bad"
	case "pending", "queued", "in_progress":
		return "wait"
	default:
		return "soft"
	}
}
