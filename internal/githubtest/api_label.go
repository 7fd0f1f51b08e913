package githubtest

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

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
