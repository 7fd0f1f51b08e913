package githubtest

import (
	"encoding/base64"
	"fmt"
	"maps"
	"net/url"
	"strconv"
	"strings"
)

// size is how many items of a list a request asks for at a time.
func (c *call) size() int {
	if n, err := strconv.Atoi(c.query.Get("per_page")); err == nil && n > 0 {
		return min(n, 100)
	}
	return 30
}

// link is the address of another part of the same list.
func (c *call) link(rel string, set map[string]string, drop ...string) string {
	q := url.Values{}
	maps.Copy(q, c.query)
	for _, name := range drop {
		q.Del(name)
	}
	for name, value := range set {
		q.Set(name, value)
	}
	return fmt.Sprintf(`<%s%s?%s>; rel="%s"`, c.s.URL, c.url.EscapedPath(), q.Encode(), rel)
}

// window is page for the lists that GitHub cuts by cursors instead of numbers:
// after and before name the item next to which the answer lies.
func window[T any](c *call, list []T, id func(T) int64) []T {
	from, to := 0, len(list)
	for i, item := range list {
		switch cursor(id(item)) {
		case c.query.Get("after"):
			from = i + 1
		case c.query.Get("before"):
			to = i
		}
	}
	if c.query.Get("before") != "" {
		from = max(from, to-c.size())
	}
	to = min(to, from+c.size())
	var links []string
	if to < len(list) && to > from {
		links = append(links, c.link("next", map[string]string{"after": cursor(id(list[to-1]))}, "before"))
	}
	if from > 0 && to > from {
		links = append(links, c.link("prev", map[string]string{"before": cursor(id(list[from]))}, "after"))
	}
	if len(links) > 0 {
		c.header.Set("Link", strings.Join(links, ", "))
	}
	return list[from:max(from, to)]
}

// cursor is a name for an item that says nothing to people.
func cursor(id int64) string {
	return base64.RawURLEncoding.EncodeToString([]byte("cursor:" + itoa(id)))
}

// page cuts out of a list what a request asks for, and links to its neighbours.
func page[T any](c *call, list []T) []T {
	size, number := c.size(), 1
	if n, err := strconv.Atoi(c.query.Get("page")); err == nil && n > 0 {
		number = n
	}
	last := max((len(list)+size-1)/size, 1)
	link := func(n int, rel string) string {
		return c.link(rel, map[string]string{"page": strconv.Itoa(n)})
	}
	var links []string
	if number > 1 {
		links = append(links, link(min(number-1, last), "prev"))
	}
	if number < last {
		links = append(links, link(number+1, "next"), link(last, "last"))
	}
	if number > 1 {
		links = append(links, link(1, "first"))
	}
	if len(links) > 0 {
		c.header.Set("Link", strings.Join(links, ", "))
	}
	if number > last {
		return nil
	}
	return list[(number-1)*size : min(number*size, len(list))]
}

// each renders the page of a list that a request asks for.
func each[T any](c *call, list []T, render func(T) object) []object {
	return all(page(c, list), render)
}

// all renders a list.
func all[T any](list []T, render func(T) object) []object {
	out := make([]object, 0, len(list))
	for _, item := range list {
		out = append(out, render(item))
	}
	return out
}
