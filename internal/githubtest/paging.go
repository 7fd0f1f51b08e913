package githubtest

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// page cuts out of a list what a request asks for, and links to its neighbours.
func page[T any](c *call, list []T) []T {
	size, number := 30, 1
	if n, err := strconv.Atoi(c.query.Get("per_page")); err == nil && n > 0 {
		size = min(n, 100)
	}
	if n, err := strconv.Atoi(c.query.Get("page")); err == nil && n > 0 {
		number = n
	}
	last := max((len(list)+size-1)/size, 1)
	link := func(n int, rel string) string {
		q := url.Values{}
		for k, v := range c.query {
			q[k] = v
		}
		q.Set("page", strconv.Itoa(n))
		return fmt.Sprintf(`<%s%s?%s>; rel="%s"`, c.s.URL, c.url.EscapedPath(), q.Encode(), rel)
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
