package githubtest

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// issue finds the issue or pull request of the path.
func (c *call) issue() (*repo, *issue, error) {
	r, err := c.repo(Read)
	if err != nil {
		return nil, nil, err
	}
	n, err := c.number("issue_number")
	if err != nil {
		return nil, nil, err
	}
	i, err := r.issue(int(n))
	return r, i, err
}

func listIssues(c *call) (any, error) {
	r, err := c.repo(Read)
	if err != nil {
		return nil, err
	}
	state := cmp.Or(c.query.Get("state"), "open")
	since := c.since()
	var list []*issue
	for _, i := range r.issues {
		if (state != "all" && state != i.state) || i.updated.Before(since) {
			continue
		}
		if who := c.query.Get("creator"); who != "" && !strings.EqualFold(who, i.author.login) {
			continue
		}
		if !i.labelled(c.query.Get("labels")) {
			continue
		}
		list = append(list, i)
	}
	sortIssues(list, c.query.Get("sort"), c.query.Get("direction"))
	return each(c, list, func(i *issue) object { return c.s.renderIssue(r, i) }), nil
}

// labelled says whether an issue has all labels of a list with commas.
func (i *issue) labelled(names string) bool {
	if names == "" {
		return true
	}
	for name := range strings.SplitSeq(names, ",") {
		if !slices.ContainsFunc(i.labels, func(l *label) bool { return l.name == name }) {
			return false
		}
	}
	return true
}

// since is the time before which changes are left out of a list.
func (c *call) since() time.Time {
	t, err := time.Parse(time.RFC3339, c.query.Get("since"))
	if err != nil {
		return time.Time{}
	}
	return t
}

// labelNames are labels as requests write them: names, or objects with names.
type labelNames []string

func (n *labelNames) UnmarshalJSON(data []byte) error {
	var items []json.RawMessage
	if err := json.Unmarshal(data, &items); err != nil {
		return err
	}
	for _, item := range items {
		var o struct {
			Name string `json:"name"`
		}
		if json.Unmarshal(item, &o.Name) != nil {
			if err := json.Unmarshal(item, &o); err != nil {
				return err
			}
		}
		*n = append(*n, o.Name)
	}
	return nil
}

func createIssue(c *call) (any, error) {
	r, err := c.repo(Read)
	if err != nil {
		return nil, err
	}
	var in struct {
		Title  string     `json:"title"`
		Body   string     `json:"body"`
		Labels labelNames `json:"labels"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	i, err := c.s.openIssue(r, c.actor, in.Title, in.Body, in.Labels)
	if err != nil {
		return nil, err
	}
	return c.created(c.s.renderIssue(r, i), nil)
}

func getIssue(c *call) (any, error) {
	r, i, err := c.issue()
	if err != nil {
		return nil, err
	}
	return c.s.renderIssue(r, i), nil
}

func updateIssue(c *call) (any, error) {
	r, i, err := c.issue()
	if err != nil {
		return nil, err
	}
	if err := r.mayEdit(c.actor, i.author); err != nil {
		return nil, err
	}
	var in struct {
		edits
		Reason string      `json:"state_reason"`
		Labels *labelNames `json:"labels"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if in.Labels != nil {
		i.labels = nil
		c.s.putLabels(r, i, *in.Labels)
	}
	if i.pull != nil {
		in.Base = nil
		if err := c.s.editPull(r, i, c.actor, in.edits); err != nil {
			return nil, err
		}
		return c.s.renderIssue(r, i), nil
	}
	if in.Title != nil {
		i.title = *in.Title
	}
	if in.Body != nil {
		if err := short(*in.Body, "Issue"); err != nil {
			return nil, err
		}
		i.body = *in.Body
	}
	i.updated = c.s.now()
	if in.State != nil {
		if err := c.s.setState(r, i, *in.State, c.actor.user); err != nil {
			return nil, err
		}
		if in.Reason != "" {
			i.reason = in.Reason
		}
	}
	return c.s.renderIssue(r, i), nil
}

// sortIssues sorts issues by their creation, their last change or the number of
// their comments; the newest first unless asked otherwise.
func sortIssues(list []*issue, by, direction string) {
	slices.SortStableFunc(list, func(a, b *issue) int {
		d := 0
		switch by {
		case "updated":
			d = a.updated.Compare(b.updated)
		case "comments", "popularity":
			d = cmp.Compare(len(a.comments), len(b.comments))
		}
		if d == 0 {
			d = cmp.Compare(a.number, b.number)
		}
		if direction != "asc" {
			d = -d
		}
		return d
	})
}
