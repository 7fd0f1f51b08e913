package githubtest

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

type issueRow struct {
	Number        int
	Title, Author string
	State, Note   string
	Address       string
	Opened        time.Time
}

type repoView struct {
	Name, Clone  string
	Open, Closed []issueRow
	Branches     []branchRow
	Activity     []activityRow
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

func (s *Server) viewRepo(r *repo) (repoView, error) {
	v := repoView{Name: r.full(), Clone: s.URL + "/" + r.full() + ".git"}
	for _, i := range slices.Backward(r.issues) {
		row := issueRow{
			Number: i.number, Title: i.title, Author: i.author.login, State: i.standing(), Address: r.address(i), Opened: i.created,
		}
		if p := i.pull; p != nil {
			row.Note = p.label(r) + " → " + p.base
		}
		if i.closed() {
			v.Closed = append(v.Closed, row)
		} else {
			v.Open = append(v.Open, row)
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
		row := activityRow{
			At: a.at, Kind: strings.ReplaceAll(a.kind, "_", " "), Branch: strings.TrimPrefix(a.ref, "refs/heads/"),
			Before: a.before, After: a.after, By: "somebody",
		}
		if a.by != nil {
			row.By = a.by.login
		}
		v.Activity = append(v.Activity, row)
	}
	return v, nil
}

// entryRow is something that happened to an issue.
type entryRow struct {
	At       time.Time
	By, What string
	Tone     string // good, bad or ""
	Body     string // Markdown
	Edited   bool
	Anchor   string
	Reacts   string
}

type checkRow struct {
	Name, State, Text, Link string
	Tone                    string
	Notes                   []annotation
}

type issueView struct {
	Repo, Title, Author, State, Body string
	Number                           int
	Opened                           time.Time
	Labels                           []string
	Entries                          []entryRow

	IsPull               bool
	Head, Base, HeadSHA  string
	MergeSHA, Merging    string
	Checks               []checkRow
	Commits              []commitRow
	Files                []fileRow
	Additions, Deletions int
	MergeTone            string
}

type commitRow struct{ SHA, Title, Author string }

type fileRow struct {
	Path, Previous, Status, Patch string
	Additions, Deletions          int
}

func tone(state string) string {
	switch state {
	case "success", approved, "merged":
		return "good"
	case "failure", "error", changesRequested, "timed_out", "cancelled", "action_required":
		return "bad"
	default:
		return ""
	}
}

func (s *Server) viewIssue(r *repo, i *issue) (issueView, error) {
	v := issueView{
		Repo: r.full(), Title: i.title, Author: i.author.login, State: i.standing(), Body: i.body, Number: i.number,
		Opened: i.created, IsPull: i.pull != nil,
	}
	for _, l := range i.labels {
		v.Labels = append(v.Labels, l.name)
	}
	for _, c := range i.comments {
		v.Entries = append(v.Entries, entryRow{
			At: c.created, By: c.author.login, What: "commented", Body: c.body, Edited: c.updated != c.created,
			Anchor: "issuecomment-" + itoa(c.id), Reacts: faces(c.reactions),
		})
	}
	if i.pull != nil {
		if err := s.viewPull(r, i, &v); err != nil {
			return v, err
		}
	} else if i.closed() {
		v.Entries = append(v.Entries, entryRow{At: i.closedAt, By: name(i.closedBy), What: "closed this"})
	}
	slices.SortStableFunc(v.Entries, func(a, b entryRow) int { return a.At.Compare(b.At) })
	return v, nil
}

func name(u *user) string {
	if u == nil {
		return "somebody"
	}
	return u.login
}

// faces writes reactions as people know them.
func faces(list []*reaction) string {
	var b strings.Builder
	for _, re := range list {
		b.WriteString(map[string]string{
			"+1": "👍", "-1": "👎", "laugh": "😄", "hooray": "🎉", "confused": "😕", "heart": "❤️", "rocket": "🚀", "eyes": "👀",
		}[re.content])
	}
	return b.String()
}

// viewPull adds what only a pull request has.
func (s *Server) viewPull(r *repo, i *issue, v *issueView) error {
	p := i.pull
	v.Head, v.Base, v.HeadSHA, v.MergeSHA = p.label(r), p.base, p.headSHA, p.mergeSHA
	for _, w := range p.reviews {
		if w.state == pending {
			continue
		}
		what := map[string]string{
			approved: "approved", changesRequested: "requested changes to", commented: "reviewed",
			dismissed: "had reviewed (dismissed)",
		}[w.state] + " " + w.commitID[:7]
		v.Entries = append(v.Entries, entryRow{
			At: w.at, By: w.user.login, What: what, Tone: tone(w.state), Body: w.body, Anchor: "pullrequestreview-" + itoa(w.id),
		})
	}
	for _, a := range p.from.activities {
		if a.ref == "refs/heads/"+p.head && a.at.After(i.created) && (i.closedAt.IsZero() || !a.at.After(i.closedAt)) && a.after != zero {
			what := "pushed " + a.after[:7]
			if a.kind == "force_push" {
				what = "force-pushed " + a.after[:7] + " over " + a.before[:7]
			}
			v.Entries = append(v.Entries, entryRow{At: a.at, By: name(a.by), What: what})
		}
	}
	switch {
	case p.merged:
		v.Entries = append(v.Entries, entryRow{At: p.mergedAt, By: name(p.mergedBy), What: "merged this as " + p.mergeSHA[:7], Tone: "good"})
	case i.closed():
		v.Entries = append(v.Entries, entryRow{At: i.closedAt, By: name(i.closedBy), What: "closed this"})
	default:
		m, err := s.try(r, i)
		if err != nil {
			return err
		}
		v.Merging, v.MergeTone = "It can be merged.", "good"
		if reason := r.blocked(i); reason != "" {
			v.Merging, v.MergeTone = reason, ""
		}
		if !m.clean {
			v.Merging, v.MergeTone = "It conflicts with "+p.base+".", "bad"
		}
	}
	for _, st := range r.latest(p.headSHA) {
		v.Checks = append(v.Checks, checkRow{Name: st.context, State: st.state, Text: st.description, Link: st.target, Tone: tone(st.state)})
	}
	for _, k := range r.checksOf(p.headSHA) {
		state := cmp.Or(k.conclusion, k.status)
		v.Checks = append(v.Checks, checkRow{Name: k.name, State: state, Text: k.title, Link: k.details, Tone: tone(state), Notes: k.annotations})
	}
	commits, err := r.commits(i)
	if err != nil {
		return err
	}
	for _, c := range commits {
		v.Commits = append(v.Commits, commitRow{SHA: c.sha, Title: c.title(), Author: c.author.name})
	}
	files, err := r.files(i)
	if err != nil {
		return err
	}
	for _, d := range files {
		v.Files = append(v.Files, fileRow{
			Path: d.path, Previous: d.previous, Status: d.status, Patch: d.patch, Additions: d.additions, Deletions: d.deletions,
		})
		v.Additions, v.Deletions = v.Additions+d.additions, v.Deletions+d.deletions
	}
	return nil
}
