package githubtest

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
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

func listComments(c *call) (any, error) {
	r, i, err := c.issue()
	if err != nil {
		return nil, err
	}
	return each(c, recent(i.comments, c.since()), func(k *comment) object { return c.s.renderComment(r, k) }), nil
}

// recent are the comments that have changed since a time.
func recent(list []*comment, since time.Time) []*comment {
	return slices.DeleteFunc(slices.Clone(list), func(k *comment) bool { return k.updated.Before(since) })
}

func listAllComments(c *call) (any, error) {
	r, err := c.repo(Read)
	if err != nil {
		return nil, err
	}
	list := slices.SortedFunc(maps.Values(r.comments), func(a, b *comment) int {
		d := cmp.Compare(a.id, b.id)
		if c.query.Get("sort") == "updated" {
			d = cmp.Or(a.updated.Compare(b.updated), d)
		}
		if c.query.Get("sort") != "" && c.query.Get("direction") != "asc" {
			d = -d
		}
		return d
	})
	return each(c, recent(list, c.since()), func(k *comment) object { return c.s.renderComment(r, k) }), nil
}

func (c *call) text() (string, error) {
	var in struct {
		Body string `json:"body"`
	}
	err := c.decode(&in)
	return in.Body, err
}

func createComment(c *call) (any, error) {
	r, i, err := c.issue()
	if err != nil {
		return nil, err
	}
	body, err := c.text()
	if err != nil {
		return nil, err
	}
	k, err := c.s.addComment(r, i, c.actor, body)
	if err != nil {
		return nil, err
	}
	return c.created(c.s.renderComment(r, k), nil)
}

// comment finds the comment of the path.
func (c *call) comment() (*repo, *comment, error) {
	r, err := c.repo(Read)
	if err != nil {
		return nil, nil, err
	}
	id, err := c.number("comment_id")
	if err != nil {
		return nil, nil, err
	}
	k := r.comments[id]
	if k == nil {
		return nil, nil, notFound()
	}
	return r, k, nil
}

func getComment(c *call) (any, error) {
	r, k, err := c.comment()
	if err != nil {
		return nil, err
	}
	return c.s.renderComment(r, k), nil
}

func updateComment(c *call) (any, error) {
	r, k, err := c.comment()
	if err != nil {
		return nil, err
	}
	body, err := c.text()
	if err != nil {
		return nil, err
	}
	if err := c.s.editComment(r, k, c.actor, body); err != nil {
		return nil, err
	}
	return c.s.renderComment(r, k), nil
}

func removeComment(c *call) (any, error) {
	r, k, err := c.comment()
	if err != nil {
		return nil, err
	}
	return nil, c.s.deleteComment(r, k, c.actor)
}

func listIssueLabels(c *call) (any, error) {
	r, i, err := c.issue()
	if err != nil {
		return nil, err
	}
	return each(c, i.labels, func(l *label) object { return c.s.renderLabel(r, l) }), nil
}

// relabel reads labels from a request, {"labels": [...]} or the list alone, and
// puts them on an issue.
func (c *call) relabel(keep bool) (any, error) {
	r, i, err := c.issue()
	if err != nil {
		return nil, err
	}
	if err := r.need(c.actor, Triage); err != nil {
		return nil, err
	}
	var in struct {
		Labels labelNames `json:"labels"`
	}
	if json.Unmarshal(c.body, &in.Labels) != nil {
		if err := c.decode(&in); err != nil {
			return nil, err
		}
	}
	if !keep {
		i.labels = nil
	}
	c.s.putLabels(r, i, in.Labels)
	return c.s.renderLabels(r, i.labels), nil
}

func addLabels(c *call) (any, error) { return c.relabel(true) }

func setLabels(c *call) (any, error) { return c.relabel(false) }

func removeLabel(c *call) (any, error) {
	r, i, err := c.issue()
	if err != nil {
		return nil, err
	}
	if err := r.need(c.actor, Triage); err != nil {
		return nil, err
	}
	before := len(i.labels)
	i.labels = slices.DeleteFunc(i.labels, func(l *label) bool { return l.name == c.params["name"] })
	if len(i.labels) == before {
		return nil, &Error{Status: http.StatusNotFound, Message: "Label does not exist"}
	}
	i.updated = c.s.now()
	return c.s.renderLabels(r, i.labels), nil
}

func listLabels(c *call) (any, error) {
	r, err := c.repo(Read)
	if err != nil {
		return nil, err
	}
	return each(c, r.labels, func(l *label) object { return c.s.renderLabel(r, l) }), nil
}

func createLabel(c *call) (any, error) {
	r, err := c.repo(Write)
	if err != nil {
		return nil, err
	}
	var in struct {
		Name        string `json:"name"`
		Color       string `json:"color"`
		Description string `json:"description"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	for _, l := range r.labels {
		if strings.EqualFold(l.name, in.Name) {
			return nil, invalid("Label", "name", "already_exists", "")
		}
	}
	l := c.s.findLabel(r, in.Name)
	l.color, l.description = cmp.Or(in.Color, l.color), in.Description
	return c.created(c.s.renderLabel(r, l), nil)
}

func getLabel(c *call) (any, error) {
	r, err := c.repo(Read)
	if err != nil {
		return nil, err
	}
	for _, l := range r.labels {
		if l.name == c.params["name"] {
			return c.s.renderLabel(r, l), nil
		}
	}
	return nil, notFound()
}

func (c *call) listReactions(list []*reaction) (any, error) {
	if kind := c.query.Get("content"); kind != "" {
		list = slices.DeleteFunc(slices.Clone(list), func(re *reaction) bool { return re.content != kind })
	}
	return each(c, list, c.s.renderReaction), nil
}

func (c *call) addReaction(r *repo, list *[]*reaction) (any, error) {
	if c.actor == nil {
		return nil, &Error{Status: http.StatusUnauthorized, Message: "Requires authentication"}
	}
	if err := r.need(c.actor, Read); err != nil {
		return nil, err
	}
	var in struct {
		Content string `json:"content"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if !slices.Contains(kinds, in.Content) {
		return nil, invalid("Reaction", "content", "invalid", "")
	}
	re, fresh := c.s.react(list, c.actor.user, in.Content)
	if fresh {
		return c.created(c.s.renderReaction(re), nil)
	}
	return c.s.renderReaction(re), nil
}

func (c *call) deleteReaction(list *[]*reaction) (any, error) {
	id, err := c.number("reaction_id")
	if err != nil {
		return nil, err
	}
	for k, re := range *list {
		if re.id != id {
			continue
		}
		if c.actor == nil || c.actor.user != re.user {
			return nil, notFound()
		}
		*list = slices.Delete(*list, k, k+1)
		return nil, nil
	}
	return nil, notFound()
}

func listCommentReactions(c *call) (any, error) {
	_, k, err := c.comment()
	if err != nil {
		return nil, err
	}
	return c.listReactions(k.reactions)
}

func createCommentReaction(c *call) (any, error) {
	r, k, err := c.comment()
	if err != nil {
		return nil, err
	}
	return c.addReaction(r, &k.reactions)
}

func deleteCommentReaction(c *call) (any, error) {
	_, k, err := c.comment()
	if err != nil {
		return nil, err
	}
	return c.deleteReaction(&k.reactions)
}

func listIssueReactions(c *call) (any, error) {
	_, i, err := c.issue()
	if err != nil {
		return nil, err
	}
	return c.listReactions(i.reactions)
}

func createIssueReaction(c *call) (any, error) {
	r, i, err := c.issue()
	if err != nil {
		return nil, err
	}
	return c.addReaction(r, &i.reactions)
}

func deleteIssueReaction(c *call) (any, error) {
	_, i, err := c.issue()
	if err != nil {
		return nil, err
	}
	return c.deleteReaction(&i.reactions)
}
