package githubtest

import (
	"slices"
	"strings"
	"time"
)

// entryRow is something that happened to an issue.
type entryRow struct {
	At       time.Time
	By, What string
	Tone     string // good, bad or ""
	Body     string // Markdown
	Edited   bool
	Changed  time.Time
	Anchor   string
	Reacts   string
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
	Checks, MergeChecks  []checkRow
	Commits              []commitRow
	Files                []fileRow
	Additions, Deletions int
	MergeTone            string
}

type commitRow struct{ SHA, Title, Author string }

func (s *Server) viewIssue(r *repo, i *issue) (issueView, error) {
	v := issueView{
		Repo: r.full(), Title: i.title, Author: i.author.login, State: i.standing(), Body: i.body, Number: i.number,
		Opened: i.created, IsPull: i.pull != nil, Labels: i.labelNames(),
	}
	for _, c := range i.comments {
		v.Entries = append(v.Entries, entryRow{
			At: c.created, By: c.author.login, What: "commented", Body: c.body, Edited: c.updated != c.created, Changed: c.updated,
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
		v.Entries = append(v.Entries, entryRow{At: p.mergedAt, By: name(p.mergedBy), What: "merged this as " + p.mergeSHA[:7], Tone: "past"})
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
	v.Checks = r.checkRows(p.headSHA)
	if p.merged {
		v.MergeChecks = r.checkRows(p.mergeSHA)
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
	v.Files, v.Additions, v.Deletions = fileRows(files)
	return nil
}
